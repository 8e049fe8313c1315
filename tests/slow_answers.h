/* slow_answers.h -- searches and metrics by the slow judge, over all traces of a naive store; and answers as text, the judge's and those of
 * the engine, so that they can be compared and read.
 *
 * Threads    one
 * Ownership  texts are appended to the caller's buffer
 */
#ifndef WEFT_TESTS_SLOW_ANSWERS_H
#define WEFT_TESTS_SLOW_ANSWERS_H
#include "base/buf.h"
#include "naive_store.h"
#include "query/traceql_metrics.h"
#include "slow_traceql.h"

enum slow_verdict {
    SLOW_ANSWER, /* the text is the answer */
    SLOW_REFUSED, /* an error is right (Q4.3.6), but the engine may not have looked at the trace that is refused */
    SLOW_NO_ANSWER /* not to be compared: a limit of regular expressions, an order that is left open */
};

/* Every trace of the store, whole. */
struct slow_world {
    struct weft_batch *traces;
    uint32_t trace_count;
    struct weft_arena arena;
};
void slow_world_init(struct slow_world *world, struct naive_store *store);
void slow_world_release(struct slow_world *world);

/* query NULL: every trace, without spansets. */
enum slow_verdict slow_search(struct weft_buf *out, const struct slow_world *world,
                              const struct weft_traceql_query *query,
                              const struct weft_traceql_limits *limits);
void slow_print_result(struct weft_buf *out, const struct weft_traceql_result *result);
/* Are the attributes shown with the spans those that Q5.3.2 allows and asks for? False: *out says what is wrong. */
bool slow_shown_is_right(struct weft_buf *out, const struct slow_world *world,
                         const struct weft_traceql_query *query,
                         const struct weft_traceql_result *result);
enum slow_verdict slow_metrics(struct weft_buf *out, const struct slow_world *world,
                               const struct weft_traceql_query *query,
                               const struct weft_metrics_range *range);
void slow_print_metrics(struct weft_buf *out, const struct weft_metrics_result *result);
void slow_print_value(struct weft_buf *out, const struct weft_traceql_value *value);

#endif
