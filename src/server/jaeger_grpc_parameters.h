/* jaeger_grpc_parameters.h -- the requests of Jaeger's gRPC services, api_v2 and api_v3, decoded.
 *
 * Errors     WEFT_INVALID, with the field
 * Ownership  texts are views of the message
 * Spec       jaeger-idl proto/api_v2/query.proto, proto/api_v3/query_service.proto; query.md Q11.2
 */
#ifndef WEFT_SERVER_JAEGER_GRPC_PARAMETERS_H
#define WEFT_SERVER_JAEGER_GRPC_PARAMETERS_H
#include "server/jaeger_parameters.h"

enum weft_jaeger_version { WEFT_JAEGER_V2, WEFT_JAEGER_V3 }; /* ids are bytes in v2, hex in v3 */

struct weft_jaeger_grpc_trace {
    struct weft_trace_id trace_id;
    bool is_raw;
};
int weft_jaeger_grpc_get_trace(struct weft_jaeger_grpc_trace *out, struct weft_str message,
                               enum weft_jaeger_version version, struct weft_err *err);
int weft_jaeger_grpc_find_traces(struct weft_jaeger_request *out, struct weft_call *call,
                                 struct weft_str message, enum weft_jaeger_version version,
                                 struct weft_err *err);
/* GetOperationsRequest: the same in both. */
int weft_jaeger_grpc_operations(struct weft_str *service, struct weft_str *kind,
                                struct weft_str message, struct weft_err *err);
/* GetDependenciesRequest: the same in both; both times are required. */
int weft_jaeger_grpc_dependencies(uint64_t *from_ns, uint64_t *to_ns, struct weft_str message,
                                  struct weft_err *err);

#endif
