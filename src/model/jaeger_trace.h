/* jaeger_trace.h -- a trace as Jaeger's programs expect to see it: everything has a name, spans end after they start, span ids are
 * unique, clocks are compared.
 *
 * Shape      copies of the spans; what they point to stays the source's wherever nothing had to change
 * Threads    pure
 * Ownership  in the arena, which has to live as long as the trace
 * Spec       query.md Q10.2.4, Q10.4.8, Q11.1.7; spec.md C4.8.5
 */
#ifndef WEFT_MODEL_JAEGER_TRACE_H
#define WEFT_MODEL_JAEGER_TRACE_H
#include "model/span.h"

/* What stands in for names that are missing. */
#define WEFT_JAEGER_NO_SERVICE "missing-service-name"
#define WEFT_JAEGER_NO_NAME "empty-span-name"

struct weft_jaeger_warning {
    struct weft_str text;
    const struct weft_jaeger_warning *next; /* of the same span, in the order they were found */
};
struct weft_jaeger_trace {
    struct weft_batch batch;
    const struct weft_jaeger_warning **warnings; /* one list a span; NULL: none */
};
struct weft_jaeger_form {
    bool
        is_raw; /* names and ends are filled in, as Jaeger does when it takes spans in, and nothing else */
    /* Clocks that differ by no more are set right; beyond it, and so always with 0, a warning says by how much they differ. */
    int64_t skew_ns_max;
};
void weft_jaeger_trace_make(struct weft_jaeger_trace *out, const struct weft_batch *trace,
                            const struct weft_jaeger_form *form, struct weft_arena *arena);
/* The warnings as an attribute of their span, for forms that have no other place for them. */
void weft_jaeger_trace_attach_warnings(struct weft_jaeger_trace *trace, struct weft_arena *arena);

struct weft_str weft_jaeger_service(const struct weft_resource *resource);
struct weft_str weft_jaeger_name(struct weft_str span_name);
/* What a span has beside its attributes, as tags: kind, status, scope, trace state (Q10.4.6). Returns how many. */
#define WEFT_JAEGER_ADDED_TAGS_MAX 7
uint32_t weft_jaeger_added_tags(const struct weft_span *span,
                                struct weft_attribute out[static WEFT_JAEGER_ADDED_TAGS_MAX]);
/* A link that says it is the parent (opentracing.ref_type=child_of): CHILD_OF, not FOLLOWS_FROM. */
bool weft_jaeger_link_is_parent(const struct weft_link *link);
/* "server", "client", ...; "" for unspecified. */
const char *weft_jaeger_kind(unsigned kind);

#endif
