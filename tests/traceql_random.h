/* traceql_random.h -- random traces and random queries about them, from a seed: small alphabets, so that they meet.
 *
 * Shape      spans in the order they arrive, those of all traces mixed; a query as text
 * Threads    one
 * Ownership  spans and what they hold in the arena given
 */
#ifndef WEFT_TESTS_TRACEQL_RANDOM_H
#define WEFT_TESTS_TRACEQL_RANDOM_H
#include "base/buf.h"
#include "base/random.h"
#include "model/span.h"

/* Everything starts in the minute after this whole hour. */
#define RANDOM_BASE_NS UINT64_C(1699999200000000000)

/* Several parents or none, missing ones, circles, span ids that occur twice (then with different starts), times that are equal or on whole
 * seconds, no duration, values of every type under one key, arrays, no service name. */
struct weft_span *random_traces(struct weft_random *random, uint32_t trace_count,
                                uint32_t *span_count, struct weft_arena *arena);
/* A pipeline, or an expression of pipelines. Nearly always one that parses. */
void random_search(struct weft_buf *out, struct weft_random *random);
/* A metrics query. */
void random_metrics(struct weft_buf *out, struct weft_random *random);

/* Shared by the two: values that both the spans and the questions have. */
extern const char *const random_words[];
extern const uint32_t random_word_count;
extern const int64_t random_ints[];
extern const uint32_t random_int_count;
extern const uint64_t random_durations_ns[];
extern const uint32_t random_duration_count;
bool random_one_in(struct weft_random *random, uint32_t n);

#endif
