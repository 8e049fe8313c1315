/* jaeger_decode.h -- Jaeger's JSON to a batch: what its UI downloads and its API answers.
 *
 * Shape      {"data": [trace, ...]}, one trace {"spans", "processes"}, one span with its "process" (as Jaeger keeps them in
 *            Elasticsearch), or a list of traces or spans
 * Units      microseconds; a fraction is kept
 * Errors     WEFT_INVALID with the place: "spans[3].startTime: ..."; WEFT_TOO_LARGE and WEFT_FULL as otlp.h has them. A span
 *            without ids is rejected and counted, a tag whose value is not of its type kept as text and counted as mended
 * Threads    pure
 * Ownership  decoded strings point into `body`, or into the batch's arena
 * Spec       query.md Q10.4 backwards; spec.md C4.8.3, C4.8.4
 */
#ifndef WEFT_MODEL_JAEGER_DECODE_H
#define WEFT_MODEL_JAEGER_DECODE_H
#include "model/otlp.h"

int weft_jaeger_decode_json(struct weft_batch *out, struct weft_str body,
                            struct weft_otlp_result *result, struct weft_err *err);

#endif
