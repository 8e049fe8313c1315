/* calls.c -- calls as the semantic conventions describe them (calls.h). */
#include "app/demo/calls.h"
#include "app/demo/incidents.h"
#include <inttypes.h>

/* ---- HTTP: C5.1 ---- */

static struct weft_demo_span *http_begin(struct weft_demo_sim *sim,
                                         const struct weft_demo_service *service,
                                         const struct weft_demo_context *parent,
                                         const struct weft_demo_http_call *call,
                                         enum weft_span_kind kind)
{
    char name[160];
    snprintf(name, sizeof name, "%s %s", call->method, call->route);
    struct weft_demo_span *span = weft_demo_span_begin(sim, service, parent, name, kind);
    weft_demo_text(sim, span, "http.request.method", "%s", call->method);
    weft_demo_text(sim, span, "server.address", "%s", call->host);
    weft_demo_int(span, "server.port", call->port);
    weft_demo_text(sim, span, "network.protocol.version", "1.1");
    return span;
}

struct weft_demo_span *weft_demo_http_client_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const struct weft_demo_http_call *call)
{
    struct weft_demo_span *span = http_begin(sim, service, parent, call, WEFT_KIND_CLIENT);
    weft_demo_text(sim, span, "url.full", "http://%s:%d%s", call->host, call->port, call->path);
    weft_demo_text(sim, span, "url.template", "%s", call->route);
    if (call->resend_count > 0)
        weft_demo_int(span, "http.request.resend_count", call->resend_count);
    return span;
}

struct weft_demo_span *weft_demo_http_server_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const struct weft_demo_http_call *call)
{
    static const char *const agents[] = {
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    };
    struct weft_demo_span *span = http_begin(sim, service, parent, call, WEFT_KIND_SERVER);
    weft_demo_text(sim, span, "url.path", "%s", call->path);
    weft_demo_text(sim, span, "url.scheme", "%s", parent == NULL ? "https" : "http");
    weft_demo_text(sim, span, "http.route", "%s", call->route);
    if (parent == NULL) {
        weft_demo_text(sim, span, "client.address", "203.0.113.%u", weft_demo_pick(sim, 250) + 1);
        weft_demo_text(sim, span, "user_agent.original", "%s", agents[weft_demo_pick(sim, 3)]);
    }
    return span;
}

void weft_demo_http_end(struct weft_demo_sim *sim, struct weft_demo_span *span, int status,
                        const char *error_type)
{
    char code[16];
    bool is_client = span->span.kind == WEFT_KIND_CLIENT;
    if (status > 0) weft_demo_int(span, "http.response.status_code", status);
    snprintf(code, sizeof code, "%d", status);
    if (status == 0)
        weft_demo_error(sim, span, error_type, NULL);
    else if (status >= 500 || (is_client && status >= 400))
        weft_demo_error(sim, span, error_type != NULL ? error_type : code, NULL);
    weft_demo_span_end(sim, span);
}

/* ---- RPC: C5.3 ---- */

static struct weft_demo_span *grpc_begin(struct weft_demo_sim *sim,
                                         const struct weft_demo_service *service,
                                         const struct weft_demo_context *parent, const char *method,
                                         enum weft_span_kind kind)
{
    struct weft_demo_span *span = weft_demo_span_begin(sim, service, parent, method, kind);
    weft_demo_text(sim, span, "rpc.system.name", "grpc");
    weft_demo_text(sim, span, "rpc.method", "%s", method);
    return span;
}

struct weft_demo_span *weft_demo_grpc_client_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const char *method, const char *host)
{
    struct weft_demo_span *span = grpc_begin(sim, service, parent, method, WEFT_KIND_CLIENT);
    weft_demo_text(sim, span, "server.address", "%s", host);
    weft_demo_int(span, "server.port", 8080);
    return span;
}

struct weft_demo_span *weft_demo_grpc_server_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const char *method)
{
    struct weft_demo_span *span = grpc_begin(sim, service, parent, method, WEFT_KIND_SERVER);
    weft_demo_text(sim, span, "server.address", "%s", service->name);
    weft_demo_text(sim, span, "network.peer.address", "10.2.%u.%u", weft_demo_pick(sim, 4),
                   weft_demo_pick(sim, 250) + 1);
    return span;
}

void weft_demo_grpc_end(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *code,
                        const char *message)
{
    weft_demo_text(sim, span, "rpc.status_code", "%s", code);
    if (strcmp(code, "OK") != 0) weft_demo_error(sim, span, code, message);
    weft_demo_span_end(sim, span);
}

/* ---- databases: C5.2 ---- */

static struct weft_demo_span *database_begin(struct weft_demo_sim *sim,
                                             const struct weft_demo_service *service,
                                             const struct weft_demo_context *parent,
                                             const struct weft_demo_query *query)
{
    char summary[128];
    bool has_target = query->collection != NULL && query->collection[0] != '\0';
    snprintf(summary, sizeof summary, "%s%s%s", query->operation, has_target ? " " : "",
             has_target ? query->collection : "");
    struct weft_demo_span *span =
        weft_demo_span_begin(sim, service, parent, summary, WEFT_KIND_CLIENT);
    weft_demo_text(sim, span, "db.system.name", "%s", query->system);
    weft_demo_text(sim, span, "db.namespace", "%s", query->namespace);
    weft_demo_text(sim, span, "db.operation.name", "%s", query->operation);
    if (has_target) weft_demo_text(sim, span, "db.collection.name", "%s", query->collection);
    weft_demo_text(sim, span, "db.query.text", "%s", query->text);
    weft_demo_text(sim, span, "server.address", "%s", query->host);
    weft_demo_int(span, "server.port", query->port);
    return span;
}

void weft_demo_query(struct weft_demo_sim *sim, const struct weft_demo_service *service,
                     const struct weft_demo_context *parent, const struct weft_demo_query *query,
                     double ms, int rows)
{
    struct weft_demo_span *span = database_begin(sim, service, parent, query);
    weft_demo_text(sim, span, "db.query.summary", "%s %s", query->operation, query->collection);
    weft_demo_work(sim, ms);
    weft_demo_int(span, "db.response.returned_rows", rows);
    weft_demo_span_end(sim, span);
}

bool weft_demo_redis(struct weft_demo_sim *sim, const struct weft_demo_service *service,
                     const struct weft_demo_context *parent, const char *command, const char *key,
                     double ms)
{
    char text[96];
    snprintf(text, sizeof text, "%s %s", command, key);
    const struct weft_demo_query query = { .system = "redis",
                                           .namespace = "0",
                                           .host = "redis-cart",
                                           .port = 6379,
                                           .operation = command,
                                           .collection = NULL,
                                           .text = text };
    struct weft_demo_span *span = database_begin(sim, service, parent, &query);
    bool is_refused = weft_demo_incident_is_on(DEMO_CACHE_OUTAGE, weft_demo_story_ns(sim));
    weft_demo_work(sim, is_refused ? 1.2 : ms);
    if (is_refused) {
        weft_demo_exception(sim, span, "RedisConnectionException",
                            "It was not possible to connect to the redis server redis-cart:6379");
        weft_demo_error(sim, span, "RedisConnectionException",
                        "connect ECONNREFUSED 10.2.1.40:6379");
    }
    weft_demo_span_end(sim, span);
    return !is_refused;
}

/* ---- messaging: C5.4 ---- */

struct weft_demo_context weft_demo_kafka_send(struct weft_demo_sim *sim,
                                              const struct weft_demo_service *service,
                                              const struct weft_demo_context *parent,
                                              const char *topic, const char *key)
{
    char name[96];
    snprintf(name, sizeof name, "send %s", topic);
    struct weft_demo_span *span =
        weft_demo_span_begin(sim, service, parent, name, WEFT_KIND_PRODUCER);
    weft_demo_text(sim, span, "messaging.system", "kafka");
    weft_demo_text(sim, span, "messaging.destination.name", "%s", topic);
    weft_demo_text(sim, span, "messaging.operation.name", "send");
    weft_demo_text(sim, span, "messaging.operation.type", "send");
    weft_demo_text(sim, span, "messaging.destination.partition.id", "%u", weft_demo_pick(sim, 6));
    weft_demo_text(sim, span, "messaging.kafka.message.key", "%s", key);
    weft_demo_int(span, "messaging.kafka.offset", (int64_t)sim->kafka_offset++);
    weft_demo_int(span, "messaging.message.body.size", 700 + weft_demo_pick(sim, 900));
    weft_demo_text(sim, span, "server.address", "kafka");
    weft_demo_int(span, "server.port", 9092);
    weft_demo_work(sim, 1.8);
    weft_demo_span_end(sim, span);
    return span->context;
}

struct weft_demo_span *weft_demo_kafka_process_begin(struct weft_demo_sim *sim,
                                                     const struct weft_demo_service *service,
                                                     const char *topic, const char *group,
                                                     const struct weft_demo_context *messages,
                                                     unsigned count)
{
    char name[96];
    snprintf(name, sizeof name, "process %s", topic);
    struct weft_demo_span *span =
        weft_demo_span_begin(sim, service, NULL, name, WEFT_KIND_CONSUMER);
    weft_demo_text(sim, span, "messaging.system", "kafka");
    weft_demo_text(sim, span, "messaging.destination.name", "%s", topic);
    weft_demo_text(sim, span, "messaging.operation.name", "process");
    weft_demo_text(sim, span, "messaging.operation.type", "process");
    weft_demo_text(sim, span, "messaging.consumer.group.name", "%s", group);
    weft_demo_int(span, "messaging.batch.message_count", count);
    for (unsigned i = 0; i < count; i++) weft_demo_link(span, &messages[i]);
    return span;
}
