/* slow_traceql.h -- the slow judge of TraceQL: the sentences of the language's description written as C, without any thought of speed and
 * without the code that it judges. It shares with the engine only the parser's tree and the matching of regular expressions.
 *
 * Shape      one whole trace as an array of spans; sets of spans are arrays of bool
 * Threads    one
 * Ownership  everything in the arena of the trace
 * Spec       query.md Q1.4, Q3 - Q6; where it is silent, the sentence that was chosen stands at the function
 */
#ifndef WEFT_TESTS_SLOW_TRACEQL_H
#define WEFT_TESTS_SLOW_TRACEQL_H
#include "model/span.h"
#include "query/traceql.h"

#define SLOW_NOBODY UINT32_MAX
#define SLOW_ATTRIBUTES_MAX 64u

struct slow_trace {
    const struct weft_span *spans; /* by start time, then span id */
    uint32_t count;
    struct weft_arena *arena;
    uint32_t
        *parent; /* by id, the first that has it; SLOW_NOBODY: a root, an orphan or on a circle */
    bool *is_on_circle;
    uint32_t root; /* the earliest without parent id, or SLOW_NOBODY */
    uint64_t start_ns, end_ns;
    int64_t *nested_left, *nested_right, *nested_parent;
    bool has_trouble; /* a regular expression reached its limits: answers are not to be compared */
};
void slow_trace_init(struct slow_trace *trace, const struct weft_batch *batch,
                     struct weft_arena *arena);

/* ---- values (slow_values.c) ---- */

struct weft_traceql_value slow_value_from(const struct weft_attribute *attribute,
                                          struct weft_arena *arena);
struct weft_traceql_value slow_text(struct weft_str text);
struct weft_traceql_value slow_arithmetic(enum weft_expr_op op, struct weft_traceql_value a,
                                          struct weft_traceql_value b);
bool slow_is_number(const struct weft_traceql_value *value);
long double slow_number(const struct weft_traceql_value *value);
/* Type and value (Q5.2.1). */
bool slow_same(const struct weft_traceql_value *a, const struct weft_traceql_value *b);
/* =, !=, <, <=, >, >= at run time (Q3.3, Q3.6.1). */
bool slow_compare(enum weft_expr_op op, const struct weft_traceql_value *a,
                  const struct weft_traceql_value *b);

/* ---- expressions (slow_fields.c) ---- */

/* An attribute of a span, and of one of its events and links (SLOW_NOBODY: as nil). */
struct weft_traceql_value slow_attribute(struct slow_trace *trace, uint32_t span, uint32_t event,
                                         uint32_t link,
                                         const struct weft_traceql_attribute *attribute);
/* Q3.3.6: for some event and some link. */
bool slow_holds(struct slow_trace *trace, const struct weft_expr *expr, uint32_t span);
/* For by() and aggregates: the first value that some event and link give. */
struct weft_traceql_value slow_value(struct slow_trace *trace, const struct weft_expr *expr,
                                     uint32_t span);

/* ---- spansets and pipelines (slow_traceql.c) ---- */

struct slow_set {
    bool *has; /* by span */
    uint32_t attribute_count;
    struct {
        struct weft_str key;
        struct weft_traceql_value value;
    } attributes[SLOW_ATTRIBUTES_MAX];
};
struct slow_sets {
    struct slow_set *items;
    uint32_t count;
    bool is_refused; /* a structural operator on several spansets (Q4.3.6) */
};
void slow_pipeline(struct slow_trace *trace, const struct weft_traceql_pipeline *pipeline,
                   struct slow_sets *out);
uint32_t slow_set_size(const struct slow_trace *trace, const struct slow_set *set);
/* Does the relation of `op` (not AND, not OR) hold: is `left` what makes `right` a match? */
bool slow_related(const struct slow_trace *trace, enum weft_spanset_op op, uint32_t left,
                  uint32_t right);

#endif
