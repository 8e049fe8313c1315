/* jaeger_decode_internal.h -- shared by jaeger_decode.c (answers, traces, processes), jaeger_decode_span.c (a span) and jaeger_tags.c (tags
 * and what becomes of them).
 */
#ifndef WEFT_MODEL_JAEGER_DECODE_INTERNAL_H
#define WEFT_MODEL_JAEGER_DECODE_INTERNAL_H
#include "base/map.h"
#include "model/otlp_json_internal.h"

struct weft_jaeger_process; /* a resource: jaeger_decode.c */

/* What a span of the trace being read waits with. */
struct weft_jaeger_waiting {
    struct weft_str process_id;
    struct weft_jaeger_process *process; /* its own, or NULL */
    struct weft_str scope_name, scope_version;
};
struct weft_jaeger_decoder {
    struct weft_otlp_json json;
    uint32_t first; /* span of the trace being read */
    struct weft_jaeger_waiting *waiting;
    uint32_t waiting_capacity;
    struct weft_map processes; /* of the trace: id to struct weft_jaeger_process */
    struct weft_map scopes;    /* resource, name, version to its numbered scope */
    uint32_t process_count;
    struct weft_buf key;
};

/* The span that `token` opens is added to the batch, and waits for its trace; one without ids is
 * rejected and counted. False when the batch is refused. */
bool weft_jaeger_span_read(struct weft_jaeger_decoder *x, enum weft_json_token token);
/* The process that `token` opens; it lives in the batch's arena. */
bool weft_jaeger_process_read(struct weft_jaeger_decoder *x, enum weft_json_token token,
                              struct weft_jaeger_process **out);

/* The list of tags that `token` opens, as attributes. */
bool weft_jaeger_tags_read(struct weft_otlp_json *d, enum weft_json_token token,
                           struct weft_otlp_run *out);

/* Tags that are fields of a span or its scope move there. */
void weft_jaeger_tags_settle(struct weft_span *span, struct weft_scope *scope,
                             struct weft_otlp_run *tags);
/* And of a process, behind its service name. */
void weft_jaeger_tags_settle_process(struct weft_otlp_run *tags, struct weft_arena *arena);

#endif
