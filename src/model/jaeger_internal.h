/* jaeger_internal.h -- what jaeger_trace.c and jaeger_skew.c share. */
#ifndef WEFT_MODEL_JAEGER_INTERNAL_H
#define WEFT_MODEL_JAEGER_INTERNAL_H
#include "base/map.h"
#include "model/jaeger_trace.h"

void weft_jaeger_warn(struct weft_jaeger_trace *trace, uint32_t span, struct weft_str text,
                      struct weft_arena *arena);
void weft_jaeger_correct_skew(struct weft_jaeger_trace *trace, int64_t skew_ns_max,
                              struct weft_arena *arena);
static inline struct weft_str weft_span_id_str(const struct weft_span_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

#endif
