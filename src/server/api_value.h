/* api_value.h -- long values: shown as a preview inside a trace, fetched whole by their address
 * (docs/api/trace.md). */
#ifndef WEFT_SERVER_API_VALUE_H
#define WEFT_SERVER_API_VALUE_H
#include "model/span.h"
#include "server/router.h"
#include "wire/json.h"

#define WEFT_API_PREVIEW_MIN 16384u /* bytes from which a value is shown as a preview */
#define WEFT_API_PREVIEW_BYTES 256u

/* Where an attribute stands, for its address; event -1: among the span's own. */
struct weft_api_place {
    const struct weft_trace_id *trace_id;
    const struct weft_span *span;
    int64_t event;
};
/* [{"key", "value"}, ...]; long values as previews with their address, whole without a `place`. */
void weft_api_write_attributes(struct weft_json_writer *w, struct weft_attributes attributes,
                               const struct weft_api_place *place);
/* GET /api/v1/traces/{}/spans/{}/value?key=K[&event=N][&nth=N] */
int weft_api_value(struct weft_call *call, struct weft_err *err);

#endif
