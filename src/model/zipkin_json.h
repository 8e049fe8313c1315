/* zipkin_json.h -- Zipkin's JSON v2: lists of spans to a batch, and a span as it.
 *
 * Units      microseconds
 * Errors     WEFT_INVALID with the place: "spans[3].id: ..."; WEFT_TOO_LARGE and WEFT_FULL as otlp.h has them. A list with one bad
 *            span is refused whole, as Zipkin refuses it: its answer has no place for "all but one"
 * Threads    pure
 * Ownership  decoded strings point into `body`, or into the batch's arena
 * Spec       query.md Q12.4.3, Q12.5.2, Q12.6; spec.md C4.2.1, C4.2.3, C4.5
 */
#ifndef WEFT_MODEL_ZIPKIN_JSON_H
#define WEFT_MODEL_ZIPKIN_JSON_H
#include "model/otlp.h"
#include "model/zipkin_span.h"
#include "wire/json.h"

/* Append the spans of a list (nothing but white space: an empty one) to `out`. Where a span has no timestamp it starts with its first
 * annotation, without any `now_ns`. */
int weft_zipkin_decode_json(struct weft_batch *out, struct weft_str body, uint64_t now_ns,
                            struct weft_otlp_result *result, struct weft_err *err);

/* As one object. What it takes of the arena meanwhile is given back. */
void weft_zipkin_encode_json(struct weft_json_writer *w, const struct weft_span *span,
                             struct weft_arena *arena);

#endif
