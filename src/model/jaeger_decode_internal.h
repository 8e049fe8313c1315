/* jaeger_decode_internal.h -- shared by jaeger_decode.c (spans, traces, processes) and jaeger_tags.c (tags and what becomes of them). */
#ifndef WEFT_MODEL_JAEGER_DECODE_INTERNAL_H
#define WEFT_MODEL_JAEGER_DECODE_INTERNAL_H
#include "base/map.h"
#include "model/otlp_json_internal.h"

/* The list of tags that `token` opens, as attributes. */
bool weft_jaeger_tags_read(struct weft_otlp_json *d, enum weft_json_token token,
                           struct weft_otlp_run *out);

/* Tags that are fields of a span or its scope move there. */
void weft_jaeger_tags_settle(struct weft_span *span, struct weft_scope *scope,
                             struct weft_otlp_run *tags);
/* And of a process, behind its service name. */
void weft_jaeger_tags_settle_process(struct weft_otlp_run *tags, struct weft_arena *arena);

#endif
