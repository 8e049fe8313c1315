/* consumer.h -- where batches go: the store, an exporter, the next processor. Handed down from
 * above.
 *
 * Threads    consume() is called on an I/O thread and does not block; done() comes back on the same
 *            thread, maybe before consume() returns
 * Ownership  the batch and its strings are borrowed until consume() returns; `done` is called
 *            exactly once
 */
#ifndef WEFT_MODEL_CONSUMER_H
#define WEFT_MODEL_CONSUMER_H
#include "base/err.h"
#include "model/span.h"

/* What became of a batch. WEFT_OK: durable and visible. WEFT_FULL: later may work, after
 * retry_after_ns; so may WEFT_IO, when the store itself cannot take anything now. */
struct weft_outcome {
    int status; /* enum weft_status */
    struct weft_str
        message; /* a sentence when not OK, or a warning when rejected_spans > 0; borrowed for the call */
    uint64_t
        rejected_spans; /* of an accepted batch: those that could not be kept (partial success) */
    uint64_t retry_after_ns;
};
typedef void weft_consumed(void *arg, const struct weft_outcome *outcome);

struct weft_consumer {
    void (*consume)(void *self, unsigned io_thread, const struct weft_batch *batch,
                    weft_consumed *done, void *arg);
    void *self;
};

#endif
