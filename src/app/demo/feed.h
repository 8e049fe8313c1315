/* feed.h -- the shop's spans in the order of time: each comes out when it has ended, grouped as
 * exporters send.
 *
 * Units      Unix nanoseconds; requests a second
 * Threads    one owner
 * Ownership  a batch and its spans are valid until the next advance
 */
#ifndef WEFT_APP_DEMO_FEED_H
#define WEFT_APP_DEMO_FEED_H
#include "app/demo/sim.h"

struct weft_demo_feed;
struct weft_demo_feed_options {
    uint64_t seed;
    uint64_t begin_ns;        /* first request */
    double traces_per_second; /* mean; the hour of the day varies it */
    double speed;             /* of the story, see sim.h */
};
void weft_demo_feed_create(struct weft_demo_feed **out,
                           const struct weft_demo_feed_options *options);
void weft_demo_feed_destroy(struct weft_demo_feed *feed); /* NULL is fine */
/* Let the shop run until `now_ns`: requests arrive, spans end. What ended is then taken with
 * weft_demo_feed_next(). */
void weft_demo_feed_advance(struct weft_demo_feed *feed, uint64_t now_ns);
/* The ended spans of the next service, or false. */
bool weft_demo_feed_next(struct weft_demo_feed *feed, struct weft_batch *batch);

#endif
