/* otlp_protobuf_internal.h -- shared by otlp_protobuf_decode.c (request, resource, scope) and
 * otlp_protobuf_span.c. */
#ifndef WEFT_MODEL_OTLP_PROTOBUF_INTERNAL_H
#define WEFT_MODEL_OTLP_PROTOBUF_INTERNAL_H
#include "model/otlp_internal.h"
#include "wire/protobuf.h"

#define TAG(number, wire) ((number) << 3 | (unsigned)(wire))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct weft_otlp_decoder {
    struct weft_batch *batch;
    struct weft_arena *arena;
    struct weft_otlp_result *result;
    struct weft_err *err;
    const char *readable_end; /* of the body */
    struct weft_otlp_growth growth;
    struct weft_resource *resource; /* of the ResourceSpans at hand */
    struct weft_scope *scope;
    /* Where we are, for messages; counted from 1, 0: not inside one. */
    uint32_t resource_number, scope_number, span_number;
    size_t long_key_bytes; /* of an attribute that was left out because of its key; 0: none */
    /* Events and links of the span at hand, until their number is known. */
    struct weft_event *events;
    struct weft_link *links;
    uint32_t event_count, event_capacity, link_count, link_capacity;
};

/* Refuse the batch: fills the error with the place, `field` (starts with a dot unless empty) and
 * why; returns false. */
__attribute__((noinline, cold)) bool weft_otlp_refuse(struct weft_otlp_decoder *d, int status,
                                                      const char *field, const char *why);
bool weft_otlp_refuse_broken(struct weft_otlp_decoder *d, const char *field);
__attribute__((noinline, cold)) bool weft_otlp_refuse_growth(struct weft_otlp_decoder *d);
/* `s`, or a mended copy, counted, when it is no UTF-8. */
__attribute__((noinline)) struct weft_str weft_otlp_text_check(struct weft_otlp_decoder *d,
                                                               struct weft_str s);
/* Decode the KeyValue at p..end into the run; false: the batch is refused. */
bool weft_otlp_attribute_append(struct weft_otlp_decoder *d, struct weft_attributes *attributes,
                                const uint8_t *p, const uint8_t *end, const char *field,
                                struct weft_otlp_run *run);
/* Decode the Span at p..end into the batch, or reject it; false: the batch is refused. */
bool weft_otlp_span_add(struct weft_otlp_decoder *d, const uint8_t *p, const uint8_t *end,
                        const uint8_t *scope_end);

#endif
