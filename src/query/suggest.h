/* suggest.h -- what may stand at a place of a TraceQL query that is being written: keys, values, operators, stages; the likely first.
 *
 * Units      places are characters from 0
 * Errors     those of the source; a query that nothing can be said about gives no suggestions
 * Threads    one query thread
 * Ownership  the answer lives in the arena
 */
#ifndef WEFT_QUERY_SUGGEST_H
#define WEFT_QUERY_SUGGEST_H
#include "model/source.h"
#include "query/traceql.h"

enum weft_suggestion_kind {
    WEFT_SUGGESTION_ATTRIBUTE,
    WEFT_SUGGESTION_INTRINSIC,
    WEFT_SUGGESTION_VALUE,
    WEFT_SUGGESTION_OPERATOR,
    WEFT_SUGGESTION_STAGE,
};
struct weft_suggestion {
    enum weft_suggestion_kind kind;
    struct weft_str text; /* what to write instead of start to end */
    uint64_t span_count;  /* how many have it, for ranking; 0: not known */
    uint32_t rank;        /* less is better, before span_count */
};
struct weft_suggest_question {
    struct weft_str text;
    uint32_t position; /* of the cursor; behind the end is the end */
    uint64_t from_ns, to_ns;
    uint32_t limit;
    uint64_t deadline_monotonic_ns;
    const _Atomic bool *cancelled;
};
struct weft_suggestions {
    struct weft_suggestion *items; /* each text once */
    uint32_t count;
    uint32_t start, end; /* what they replace */
    const char *partial_reason;
};
int weft_suggest(const struct weft_source *source, const struct weft_suggest_question *question,
                 struct weft_suggestions *out, struct weft_arena *arena, struct weft_err *err);

/* ---- where the cursor stands (suggest_place.c) ---- */

enum weft_suggest_wants {
    WEFT_SUGGEST_NOTHING,
    WEFT_SUGGEST_KEYS,       /* an operand of a filter, or what a function takes */
    WEFT_SUGGEST_COMPARE,    /* an operator behind `subject` */
    WEFT_SUGGEST_VALUES,     /* of `subject` */
    WEFT_SUGGEST_CONNECT,    /* && || } */
    WEFT_SUGGEST_SPANSET,    /* { */
    WEFT_SUGGEST_CONTINUE,   /* | or an operator between spansets */
    WEFT_SUGGEST_STAGE,      /* behind | */
    WEFT_SUGGEST_AFTER_CALL, /* behind a stage: by (, |, > 2 */
};
struct weft_suggest_place {
    enum weft_suggest_wants wants;
    struct weft_traceql_attribute subject;
    struct weft_str
        typed; /* what stands before the cursor of the word to be replaced, without its quote */
    size_t start, end; /* bytes to be replaced */
    /* Conditions that the spans in question meet, as they were written: those before an && in the same filter; of the one filter
     * before a stage. Empty: none, or more than can be said so. */
    struct weft_str filter;
};
void weft_suggest_place_find(struct weft_suggest_place *out, struct weft_str text, size_t cursor,
                             struct weft_arena *arena);

#endif
