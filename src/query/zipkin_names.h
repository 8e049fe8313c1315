/* zipkin_names.h -- names for Zipkin's menus: lower case, sorted, each once.
 *
 * Errors     those of the source; what was cut short is no error: partial_reason says it
 * Ownership  in the arena
 * Spec       query.md Q12.2
 */
#ifndef WEFT_QUERY_ZIPKIN_NAMES_H
#define WEFT_QUERY_ZIPKIN_NAMES_H
#include "model/source.h"

struct weft_zipkin_names {
    struct weft_str *items;
    uint32_t count;
    const char *partial_reason; /* NULL: all */
};
/* What it takes to ask. */
struct weft_zipkin_ask {
    const struct weft_source *source;
    struct weft_arena *arena;
    uint64_t deadline_monotonic_ns; /* 0: none */
    const _Atomic bool *cancelled;  /* NULL: never */
};
int weft_zipkin_services(const struct weft_zipkin_ask *ask, struct weft_zipkin_names *out,
                         struct weft_err *err);
/* Of a service, in lower case. */
int weft_zipkin_span_names(const struct weft_zipkin_ask *ask, struct weft_str service,
                           struct weft_zipkin_names *out, struct weft_err *err);
int weft_zipkin_remote_services(const struct weft_zipkin_ask *ask, struct weft_str service,
                                struct weft_zipkin_names *out, struct weft_err *err);
/* Values of a tag, as they are written. Of tags made of other fields (zipkin_span.h) only the attributes of that name. */
int weft_zipkin_tag_values(const struct weft_zipkin_ask *ask, struct weft_str key,
                           struct weft_zipkin_names *out, struct weft_err *err);

#endif
