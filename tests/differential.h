/* differential.h -- one question put to the engine, over a store in some state, and to the slow judge; and what to do when they differ.
 *
 * Shape      a question is a query with its ranges and limits; a world is spans in the order they arrive, in batches, in a store
 * Errors     a difference fails the running cmocka test, after shrinking the spans and the query, with all that is needed to see it
 * Threads    one
 */
#ifndef WEFT_TESTS_DIFFERENTIAL_H
#define WEFT_TESTS_DIFFERENTIAL_H
#include "slow_answers.h"
#include "store_states.h"

struct question {
    struct weft_str text;
    bool is_metrics;
    struct weft_traceql_limits limits; /* of a search */
    struct weft_metrics_range range;   /* of metrics */
};
struct world {
    struct weft_arena arena;
    struct weft_span *spans;
    uint32_t span_count;
    const char *state; /* of the store; "naive": no store, the traces as they are */
    /* made of them */
    bool is_open;
    struct conformance_data data;
    struct store_state store;
    struct weft_source source;
    struct slow_world slow;
};
/* Random spans, some hundred or (is_large) more than a row group has; then world_open(). */
void world_make(struct world *world, uint64_t seed, const char *state, bool is_large);
void world_open(struct world *world);
void world_close(struct world *world);
void world_release(struct world *world); /* closes too */

struct counts {
    uint64_t asked, refused, empty, unparsed, cut;
};
/* Do engine and judge agree? *out: both answers when they do not. */
bool question_agrees(const struct world *world, const struct question *question,
                     struct weft_buf *out, struct counts *counts);
/* Shrinks, prints, fails. `world` is closed. */
void question_fail(struct world *world, const struct question *question, uint64_t seed);

#endif
