/* traceql_words.h -- the words of the language: intrinsics, literals, stages; and what somebody may have meant.
 *
 * Threads    pure, constant tables
 * Spec       query.md Q1.1.4, Q1.2.5, Q1.4
 */
#ifndef WEFT_QUERY_TRACEQL_WORDS_H
#define WEFT_QUERY_TRACEQL_WORDS_H
#include "query/traceql_lexer.h"

/* `status`; `scope` not empty: `span` and `status` of span:status. WEFT_INTRINSIC_COUNT: there is none. */
enum weft_traceql_intrinsic weft_traceql_intrinsic_find(struct weft_str scope,
                                                        struct weft_str word);
/* true, nil, error, server, minInt ... */
bool weft_traceql_literal_find(struct weft_str word, struct weft_traceql_value *out);
/* Names of a status and a kind (by their OTLP numbers); "" for others. */
const char *weft_traceql_status_name(int64_t status);
/* As it is written in a query. */
void weft_traceql_print_literal(struct weft_buf *out, const struct weft_traceql_value *value);
const char *weft_traceql_kind_name(int64_t kind);
/* "an int", "a status": for sentences. */
const char *weft_traceql_type_name(enum weft_traceql_type type);

/* Stages and functions behind a pipe. */
enum weft_stage_word {
    WEFT_STAGE_WORD_AGGREGATE, /* + enum weft_aggregate */
    WEFT_STAGE_WORD_BY,
    WEFT_STAGE_WORD_COALESCE,
    WEFT_STAGE_WORD_SELECT,
    WEFT_STAGE_WORD_METRIC, /* + enum weft_metric_function */
    WEFT_STAGE_WORD_SECOND, /* + enum weft_second_kind */
    WEFT_STAGE_WORD_FINISH, /* + enum weft_finish_word: at the end of a search */
    WEFT_STAGE_WORD_NONE,
};
enum weft_finish_word { WEFT_FINISH_DISTINCT, WEFT_FINISH_ORDER, WEFT_FINISH_SPANS };
struct weft_stage_word_info {
    const char *word;
    enum weft_stage_word kind;
    int which;
};
/* Never NULL: what is no stage has the kind NONE. */
const struct weft_stage_word_info *weft_stage_word_find(struct weft_str word);
const char *weft_aggregate_name(enum weft_aggregate aggregate);
const char *weft_metric_function_name(enum weft_metric_function function);

/* What to write instead of the unknown word at `token`, as a clause that ends the sentence; "" when nothing is likely. `is_value`: it stands
 * behind a comparison. `is_stage`: where a stage is expected. */
const char *weft_traceql_advice(const struct weft_token *token, bool is_value, bool is_stage,
                                struct weft_arena *arena);
/* The same for a word where an operator is expected: and, or, in. */
const char *weft_traceql_operator_advice(const struct weft_token *token);

#endif
