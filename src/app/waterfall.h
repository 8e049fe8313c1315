/* waterfall.h -- a trace drawn for the terminal: tree on the left, bars on the right.
 *
 * Shape      one line a span in pre-order; a bar is solid where the span itself works and light
 *            where children do
 * Threads    pure
 * Ownership  writes into the caller's buffer
 */
#ifndef WEFT_APP_WATERFALL_H
#define WEFT_APP_WATERFALL_H
#include "base/buf.h"
#include "model/span.h"

struct weft_waterfall_options {
    unsigned width; /* columns of the terminal; at least 60 are used */
    bool has_colour;
    bool shows_events;
    bool shows_attributes; /* of spans, and of events when those are shown */
    bool shows_all;        /* no folding of alike siblings */
    bool shows_full;       /* values whole, over as many lines as they need */
};
/* The whole picture: head, scale, spans, what was folded. The arena is for work space. */
void weft_waterfall_write(struct weft_buf *out, const struct weft_batch *trace,
                          const struct weft_waterfall_options *options, struct weft_arena *arena);

#endif
