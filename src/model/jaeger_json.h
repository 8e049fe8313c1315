/* jaeger_json.h -- traces as the JSON of Jaeger's classic API: {"traceID", "spans", "processes", "warnings"}.
 *
 * Shape      written piece by piece: a long trace is never in memory as text
 * Units      microseconds, cut
 * Ownership  the trace, the buffer and the arena live until the last piece
 * Spec       query.md Q10.4
 */
#ifndef WEFT_MODEL_JAEGER_JSON_H
#define WEFT_MODEL_JAEGER_JSON_H
#include "model/jaeger_trace.h"
#include "wire/json.h"

struct weft_jaeger_json {
    const struct weft_jaeger_trace *trace;
    struct weft_json_writer *w;
    uint32_t next_span;
    uint32_t *process_of;                   /* by span: its process, from 0 */
    const struct weft_resource **processes; /* distinct by what is shown of them */
    uint32_t process_count;
};
void weft_jaeger_json_start(struct weft_jaeger_json *json, const struct weft_jaeger_trace *trace,
                            struct weft_json_writer *w, struct weft_arena *arena);
/* Writes until the writer's buffer holds `bytes` or the trace is whole; false: it is. */
bool weft_jaeger_json_more(struct weft_jaeger_json *json, size_t bytes);

/* The text that a tag of a search is compared with (Q10.3.3). `scratch` holds it where it had to be made. */
struct weft_str weft_jaeger_value_text(const struct weft_attribute *a, struct weft_buf *scratch);

#endif
