/* jaeger_protobuf.h -- spans as messages of Jaeger's api_v2 (model.proto).
 *
 * Spec  jaeger-idl proto/api_v2/model.proto, query.proto; query.md Q11.2.2
 */
#ifndef WEFT_MODEL_JAEGER_PROTOBUF_H
#define WEFT_MODEL_JAEGER_PROTOBUF_H
#include "base/buf.h"
#include "model/jaeger_trace.h"

/* One Span, as field `number`. */
void weft_jaeger_put_span(struct weft_buf *out, uint32_t number,
                          const struct weft_jaeger_trace *trace, uint32_t span);

#endif
