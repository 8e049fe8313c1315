/* calls.c -- calls as the semantic conventions describe them (calls.h). */
#include "app/demo/calls.h"
#include <inttypes.h>
#include "app/demo/incidents.h"

/* ---- HTTP: C5.1 ---- */

static struct demo_span *http_begin(struct demo_sim *sim, const struct demo_service *service,
                                    const struct demo_context *parent, const struct demo_http_call *call,
                                    enum weft_span_kind kind)
{
    char name[160];
    snprintf(name, sizeof name, "%s %s", call->method, call->route);
    struct demo_span *span = demo_span_begin(sim, service, parent, name, kind);
    demo_text(sim, span, "http.request.method", "%s", call->method);
    demo_text(sim, span, "server.address", "%s", call->host);
    demo_int(span, "server.port", call->port);
    demo_text(sim, span, "network.protocol.version", "1.1");
    return span;
}

struct demo_span *demo_http_client_begin(struct demo_sim *sim, const struct demo_service *service,
                                         const struct demo_context *parent, const struct demo_http_call *call)
{
    struct demo_span *span = http_begin(sim, service, parent, call, WEFT_KIND_CLIENT);
    demo_text(sim, span, "url.full", "http://%s:%d%s", call->host, call->port, call->path);
    demo_text(sim, span, "url.template", "%s", call->route);
    if (call->resend_count > 0) demo_int(span, "http.request.resend_count", call->resend_count);
    return span;
}

struct demo_span *demo_http_server_begin(struct demo_sim *sim, const struct demo_service *service,
                                         const struct demo_context *parent, const struct demo_http_call *call)
{
    static const char *const agents[] = {
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    };
    struct demo_span *span = http_begin(sim, service, parent, call, WEFT_KIND_SERVER);
    demo_text(sim, span, "url.path", "%s", call->path);
    demo_text(sim, span, "url.scheme", "%s", parent == NULL ? "https" : "http");
    demo_text(sim, span, "http.route", "%s", call->route);
    if (parent == NULL) {
        demo_text(sim, span, "client.address", "203.0.113.%u", demo_pick(sim, 250) + 1);
        demo_text(sim, span, "user_agent.original", "%s", agents[demo_pick(sim, 3)]);
    }
    return span;
}

void demo_http_end(struct demo_sim *sim, struct demo_span *span, int status, const char *error_type)
{
    char code[16];
    bool is_client = span->span.kind == WEFT_KIND_CLIENT;
    if (status > 0) demo_int(span, "http.response.status_code", status);
    snprintf(code, sizeof code, "%d", status);
    if (status == 0) demo_error(sim, span, error_type, NULL);
    else if (status >= 500 || (is_client && status >= 400)) demo_error(sim, span, error_type != NULL ? error_type : code, NULL);
    demo_span_end(sim, span);
}

/* ---- RPC: C5.3 ---- */

static struct demo_span *grpc_begin(struct demo_sim *sim, const struct demo_service *service,
                                    const struct demo_context *parent, const char *method, enum weft_span_kind kind)
{
    struct demo_span *span = demo_span_begin(sim, service, parent, method, kind);
    demo_text(sim, span, "rpc.system.name", "grpc");
    demo_text(sim, span, "rpc.method", "%s", method);
    return span;
}

struct demo_span *demo_grpc_client_begin(struct demo_sim *sim, const struct demo_service *service,
                                         const struct demo_context *parent, const char *method, const char *host)
{
    struct demo_span *span = grpc_begin(sim, service, parent, method, WEFT_KIND_CLIENT);
    demo_text(sim, span, "server.address", "%s", host);
    demo_int(span, "server.port", 8080);
    return span;
}

struct demo_span *demo_grpc_server_begin(struct demo_sim *sim, const struct demo_service *service,
                                         const struct demo_context *parent, const char *method)
{
    struct demo_span *span = grpc_begin(sim, service, parent, method, WEFT_KIND_SERVER);
    demo_text(sim, span, "server.address", "%s", service->name);
    demo_text(sim, span, "network.peer.address", "10.2.%u.%u", demo_pick(sim, 4), demo_pick(sim, 250) + 1);
    return span;
}

void demo_grpc_end(struct demo_sim *sim, struct demo_span *span, const char *code, const char *message)
{
    demo_text(sim, span, "rpc.status_code", "%s", code);
    if (strcmp(code, "OK") != 0) demo_error(sim, span, code, message);
    demo_span_end(sim, span);
}

/* ---- databases: C5.2 ---- */

static struct demo_span *database_begin(struct demo_sim *sim, const struct demo_service *service,
                                        const struct demo_context *parent, const struct demo_query *query)
{
    char summary[128];
    bool has_target = query->collection != NULL && query->collection[0] != '\0';
    snprintf(summary, sizeof summary, "%s%s%s", query->operation, has_target ? " " : "", has_target ? query->collection : "");
    struct demo_span *span = demo_span_begin(sim, service, parent, summary, WEFT_KIND_CLIENT);
    demo_text(sim, span, "db.system.name", "%s", query->system);
    demo_text(sim, span, "db.namespace", "%s", query->namespace);
    demo_text(sim, span, "db.operation.name", "%s", query->operation);
    if (has_target) demo_text(sim, span, "db.collection.name", "%s", query->collection);
    demo_text(sim, span, "db.query.text", "%s", query->text);
    demo_text(sim, span, "server.address", "%s", query->host);
    demo_int(span, "server.port", query->port);
    return span;
}

void demo_query(struct demo_sim *sim, const struct demo_service *service, const struct demo_context *parent,
                const struct demo_query *query, double ms, int rows)
{
    struct demo_span *span = database_begin(sim, service, parent, query);
    demo_text(sim, span, "db.query.summary", "%s %s", query->operation, query->collection);
    demo_work(sim, ms);
    demo_int(span, "db.response.returned_rows", rows);
    demo_span_end(sim, span);
}

bool demo_redis(struct demo_sim *sim, const struct demo_service *service, const struct demo_context *parent,
                const char *command, const char *key, double ms)
{
    char text[96];
    snprintf(text, sizeof text, "%s %s", command, key);
    const struct demo_query query = { .system = "redis", .namespace = "0", .host = "redis-cart", .port = 6379,
                                      .operation = command, .collection = NULL, .text = text };
    struct demo_span *span = database_begin(sim, service, parent, &query);
    bool is_refused = demo_incident_is_on(DEMO_CACHE_OUTAGE, demo_story_ns(sim));
    demo_work(sim, is_refused ? 1.2 : ms);
    if (is_refused) {
        demo_exception(sim, span, "RedisConnectionException", "It was not possible to connect to the redis server redis-cart:6379");
        demo_error(sim, span, "RedisConnectionException", "connect ECONNREFUSED 10.2.1.40:6379");
    }
    demo_span_end(sim, span);
    return !is_refused;
}

/* ---- messaging: C5.4 ---- */

struct demo_context demo_kafka_send(struct demo_sim *sim, const struct demo_service *service,
                                    const struct demo_context *parent, const char *topic, const char *key)
{
    char name[96];
    snprintf(name, sizeof name, "send %s", topic);
    struct demo_span *span = demo_span_begin(sim, service, parent, name, WEFT_KIND_PRODUCER);
    demo_text(sim, span, "messaging.system", "kafka");
    demo_text(sim, span, "messaging.destination.name", "%s", topic);
    demo_text(sim, span, "messaging.operation.name", "send");
    demo_text(sim, span, "messaging.operation.type", "send");
    demo_text(sim, span, "messaging.destination.partition.id", "%u", demo_pick(sim, 6));
    demo_text(sim, span, "messaging.kafka.message.key", "%s", key);
    demo_int(span, "messaging.kafka.offset", (int64_t)sim->kafka_offset++);
    demo_int(span, "messaging.message.body.size", 700 + demo_pick(sim, 900));
    demo_text(sim, span, "server.address", "kafka");
    demo_int(span, "server.port", 9092);
    demo_work(sim, 1.8);
    demo_span_end(sim, span);
    return span->context;
}

struct demo_span *demo_kafka_process_begin(struct demo_sim *sim, const struct demo_service *service, const char *topic,
                                           const char *group, const struct demo_context *messages, unsigned count)
{
    char name[96];
    snprintf(name, sizeof name, "process %s", topic);
    struct demo_span *span = demo_span_begin(sim, service, NULL, name, WEFT_KIND_CONSUMER);
    demo_text(sim, span, "messaging.system", "kafka");
    demo_text(sim, span, "messaging.destination.name", "%s", topic);
    demo_text(sim, span, "messaging.operation.name", "process");
    demo_text(sim, span, "messaging.operation.type", "process");
    demo_text(sim, span, "messaging.consumer.group.name", "%s", group);
    demo_int(span, "messaging.batch.message_count", count);
    for (unsigned i = 0; i < count; i++) demo_link(span, &messages[i]);
    return span;
}
