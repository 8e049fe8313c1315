/* batch_random.h -- batches drawn from a seed, for round trips and the conformance suites: same
 * seed and knobs, same batch.
 *
 * What comes out is what a decoder could have made: valid ids, UTF-8, masked flags, canonical
 * nested values.
 * Ownership  everything lives in the arena
 */
#ifndef WEFT_MODEL_BATCH_RANDOM_H
#define WEFT_MODEL_BATCH_RANDOM_H
#include "base/random.h"
#include "model/span.h"

/* Zeroed knobs give plain server-like spans. */
struct weft_batch_random_knobs {
    uint32_t span_count;  /* 0: 1 to 40 */
    uint32_t trace_count; /* traces that the spans are spread over; 0: one for every eight spans */
    uint32_t attributes_max; /* a span; 0: 16 */
    bool
        has_odd_values; /* empty and repeated keys, empty values, NaN, infinities, extreme ints, bytes, long strings */
    bool has_nested_values; /* arrays and kvlists, up to four deep */
    bool has_unicode;       /* strings beyond ASCII, NUL and control characters */
    bool has_odd_times;     /* zero, huge, end before start */
    bool has_events_and_links;
    bool
        has_all_fields; /* dropped counts, trace state, flags, schema urls, entity refs, status messages, scope attributes */
    uint64_t start_unix_nano; /* times start here; 0: 2026-11-21 */
};
#define WEFT_BATCH_RANDOM_EVERYTHING                                 \
    ((struct weft_batch_random_knobs){ .has_odd_values = true,       \
                                       .has_nested_values = true,    \
                                       .has_unicode = true,          \
                                       .has_odd_times = true,        \
                                       .has_events_and_links = true, \
                                       .has_all_fields = true })

/* Appends to `out` (its arena must be set). */
void weft_batch_random(struct weft_batch *out, struct weft_random *random,
                       const struct weft_batch_random_knobs *knobs);

#endif
