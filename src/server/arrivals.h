/* arrivals.h -- looks at spans on their way into the store, for the interface: services get their slots, and the last trace that came
 * is remembered.
 *
 * Shape      a consumer before another consumer
 * Threads    consume() as model/consumer.h has it; the rest from any thread
 * Ownership  outlives the receivers and the store's last answer; `slots` outlive it
 */
#ifndef WEFT_SERVER_ARRIVALS_H
#define WEFT_SERVER_ARRIVALS_H
#include "model/consumer.h"
#include "model/source.h"
#include "server/query_pool.h"
#include "server/service_slots.h"

struct weft_arrivals_options {
    struct weft_consumer next;
    unsigned io_thread_count;
    struct weft_service_slots *slots;
    struct weft_query_pool *pool; /* writes the slots down */
    struct weft_source source;    /* services that were there before the slots were */
};
struct weft_arrivals;

void weft_arrivals_create(struct weft_arrivals **out, const struct weft_arrivals_options *options);
/* Once, before spans come: when no slot was ever given, services that the store has get theirs, in the order of their names. */
void weft_arrivals_start(struct weft_arrivals *arrivals);
/* Before the pool goes: it is not asked any more. NULL is fine. */
void weft_arrivals_stop(struct weft_arrivals *arrivals);
/* Saves what the pool did not. NULL is fine. */
void weft_arrivals_destroy(struct weft_arrivals *arrivals);
struct weft_consumer weft_arrivals_consumer(struct weft_arrivals *arrivals);
/* The trace that was acknowledged last, and when. False: none since the start. */
bool weft_arrivals_last(const struct weft_arrivals *arrivals, struct weft_trace_id *trace_id,
                        uint64_t *unix_ns);

#endif
