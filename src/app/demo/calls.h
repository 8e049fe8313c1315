/* calls.h -- calls as today's semantic conventions describe them: HTTP, RPC, database, messaging.
 *
 * Each *_begin opens a span with the attributes known at the start; the matching *_end adds the
 * outcome and closes it.
 * Spec       OpenTelemetry semantic conventions; checklist C5.1 - C5.4
 */
#ifndef WEFT_APP_DEMO_CALLS_H
#define WEFT_APP_DEMO_CALLS_H
#include "app/demo/sim.h"

struct weft_demo_http_call {
    const char *method, *route, *path, *host;
    int port;
    int resend_count; /* of a retry: 1, 2, ... */
};
struct weft_demo_span *weft_demo_http_client_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const struct weft_demo_http_call *call);
struct weft_demo_span *weft_demo_http_server_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const struct weft_demo_http_call *call);
/* status 0: no answer came; error_type then says why. */
void weft_demo_http_end(struct weft_demo_sim *sim, struct weft_demo_span *span, int status,
                        const char *error_type);

struct weft_demo_span *weft_demo_grpc_client_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const char *method, const char *host);
struct weft_demo_span *weft_demo_grpc_server_begin(struct weft_demo_sim *sim,
                                                   const struct weft_demo_service *service,
                                                   const struct weft_demo_context *parent,
                                                   const char *method);
void weft_demo_grpc_end(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *code,
                        const char *message);

struct weft_demo_query {
    const char *system, *namespace, *host, *operation, *collection, *text;
    int port;
};
/* One query of about `ms` that returns `rows`. */
void weft_demo_query(struct weft_demo_sim *sim, const struct weft_demo_service *service,
                     const struct weft_demo_context *parent, const struct weft_demo_query *query,
                     double ms, int rows);
/* One Redis command; false when the connection is refused (a cache outage). */
bool weft_demo_redis(struct weft_demo_sim *sim, const struct weft_demo_service *service,
                     const struct weft_demo_context *parent, const char *command, const char *key,
                     double ms);

/* Send one message; returns the context that consumers link to. */
struct weft_demo_context weft_demo_kafka_send(struct weft_demo_sim *sim,
                                              const struct weft_demo_service *service,
                                              const struct weft_demo_context *parent,
                                              const char *topic, const char *key);
/* A consumer's span over `count` messages, linked to each. */
struct weft_demo_span *weft_demo_kafka_process_begin(struct weft_demo_sim *sim,
                                                     const struct weft_demo_service *service,
                                                     const char *topic, const char *group,
                                                     const struct weft_demo_context *messages,
                                                     unsigned count);

#endif
