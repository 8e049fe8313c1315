/* source_conformance.h -- one suite for every weft_source: random traces and searches, answers
 * compared with the judge's.
 *
 * Shape      data from a seed; a failure prints the seed and the search, so that it can be had
 *            again (WEFT_SEED=n)
 * Errors     a difference fails the running cmocka test
 * Threads    one
 * Ownership  the data owns its batches; the source under test gets them from the caller
 */
#ifndef WEFT_TESTS_SOURCE_CONFORMANCE_H
#define WEFT_TESTS_SOURCE_CONFORMANCE_H
#include "base/buf.h"
#include "base/random.h"
#include "naive_store.h"

struct conformance_data {
    uint64_t seed;
    struct weft_arena arena;
    struct weft_batch *batches;
    uint32_t batch_count;
    struct weft_trace_id *traces; /* those that occur */
    uint32_t trace_count;
    struct naive_store naive; /* of everything in the batches */
};

/* WEFT_SEED from the environment, or `otherwise`. */
uint64_t conformance_seed(uint64_t otherwise);
void conformance_data_init(struct conformance_data *data, uint64_t seed, uint32_t batch_count,
                           uint32_t spans_a_batch);
/* Batches of model/batch_random.h with all their oddities, instead of those made to collide. */
void conformance_data_init_odd(struct conformance_data *data, uint64_t seed, uint32_t batch_count);
void conformance_data_release(struct conformance_data *data);

/* `state` names what is tested, for the message. */
void conformance_check_traces(const struct conformance_data *data, const struct weft_source *source,
                              const char *state);
/* One answer of trace() or traces(): the spans of the judge's, sorted. */
void conformance_check_trace(const struct conformance_data *data, const char *state,
                             const struct weft_batch *expected, const struct weft_batch *found);
/* Up to three that some span of the data suggests; how many. */
uint32_t conformance_predicates(const struct conformance_data *data, uint64_t seed,
                                struct weft_predicate **out, struct weft_arena *arena);
void conformance_describe(struct weft_buf *out, const struct weft_predicate *predicate);
/* A tree of up to `height` joins over such predicates; NULL: all. */
const struct weft_selection *conformance_selection(const struct conformance_data *data,
                                                   struct weft_random *random, uint32_t height,
                                                   struct weft_arena *arena);
void conformance_describe_selection(struct weft_buf *out, const struct weft_selection *node);
/* spans(), with random times, selections and columns (source_conformance_spans.c). */
void conformance_check_spans(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, uint32_t scans);
/* traces(), with random times and selections (source_conformance_scan.c). */
void conformance_check_scans(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, uint32_t scans);
void conformance_check_searches(const struct conformance_data *data,
                                const struct weft_source *source, const char *state,
                                uint32_t searches);
void conformance_check_operations(const struct conformance_data *data,
                                  const struct weft_source *source, const char *state);
/* attribute_keys() and attribute_values() (source_conformance_attributes.c). */
void conformance_check_attributes(const struct conformance_data *data,
                                  const struct weft_source *source, const char *state);
void conformance_check_all(const struct conformance_data *data, const struct weft_source *source,
                           const char *state);

#endif
