/* waterfall_internal.h -- shared by waterfall.c (lines) and waterfall_details.c (what stands under
 * a span). */
#ifndef WEFT_APP_WATERFALL_INTERNAL_H
#define WEFT_APP_WATERFALL_INTERNAL_H
#include "app/waterfall.h"
#include "query/trace_tree.h"

enum { WEFT_CELL_OWN, WEFT_CELL_CHILD, WEFT_CELL_SLIVER, WEFT_CELL_GAP };

struct weft_waterfall {
    struct weft_buf *out;
    const struct weft_batch *batch;
    const struct weft_waterfall_options *options;
    struct weft_trace_tree tree;
    uint32_t *service_of; /* span -> number of its service */
    uint32_t service_count;
    uint32_t folded_count;
    unsigned width, tree_width, bar_width, levels_max;
    uint8_t *cells; /* one bar, WEFT_CELL_* */
    double *busy;   /* of a folded run: nanoseconds in each column */
};

/* `code` when colours are on, else nothing. */
const char *weft_waterfall_colour(const struct weft_waterfall *x, const char *code);
/* The tree's lines before a span's name, or (is_detail) before a line below it; returns the columns
 * used. */
unsigned weft_waterfall_indent(struct weft_waterfall *x, uint32_t node, bool is_detail);
/* Status message of an error; events, links and attributes as asked. */
void weft_waterfall_details(struct weft_waterfall *x, uint32_t node);

#endif
