/* traceql_tags.h -- names and values of attributes over a source, for pickers and completion.
 *
 * Errors     those of the source; what a limit cuts is no error: partial_reason says it
 * Threads    one query thread
 * Ownership  answers live in the arena
 * Spec       query.md Q8.5, Q8.6
 */
#ifndef WEFT_QUERY_TRACEQL_TAGS_H
#define WEFT_QUERY_TRACEQL_TAGS_H
#include "model/source.h"
#include "query/traceql.h"

/* Which spans to look at, and how much of an answer is wanted. */
struct weft_tag_question {
    /* Spans that start in it; to_ns 0: no end. Without a filter whole files are left out, and no more. */
    uint64_t from_ns, to_ns;
    const struct weft_expr *filter; /* only spans for which it holds; NULL: all */
    uint32_t limit;                 /* names of each scope, or values; 0: only bytes_max ends it */
    uint64_t bytes_max;             /* of the answer in memory; 0: no bound */
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads; /* NULL: not counted */
};

/* Names, sorted; of ANY and INTRINSIC there are none. */
struct weft_tag_names {
    struct {
        struct weft_str *items;
        uint32_t count;
    } scopes[WEFT_TRACEQL_SCOPE_COUNT];
    const char *partial_reason;
    uint64_t inspected_bytes;
};
int weft_traceql_tag_names(const struct weft_source *source,
                           const struct weft_tag_question *question, struct weft_tag_names *out,
                           struct weft_arena *arena, struct weft_err *err);

/* A value as text: statuses and kinds by name, the elements of arrays one by one. */
struct weft_tag_value {
    const char *type; /* "string", "int", "float", "bool", "keyword" */
    struct weft_str text;
};
struct weft_tag_values {
    struct weft_tag_value *items; /* sorted by type, then text; each once */
    uint32_t count;
    const char *partial_reason;
    uint64_t inspected_bytes;
};
/* Of one attribute or of several together. WEFT_TRACEQL_SCOPE_ANY stands for the span's and the resource's. Durations and ids have no
 * values: nobody picks one from a list. */
int weft_traceql_tag_values(const struct weft_source *source,
                            const struct weft_traceql_attribute *attributes,
                            uint32_t attribute_count, const struct weft_tag_question *question,
                            struct weft_tag_values *out, struct weft_arena *arena,
                            struct weft_err *err);

/* The names of the intrinsic scope, sorted, whatever the data (Q8.5.2). */
extern const struct weft_str weft_traceql_intrinsic_tags[];
extern const uint32_t weft_traceql_intrinsic_tag_count;

#endif
