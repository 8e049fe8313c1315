/* read_limits.h -- how much one question may read of a store, and how much it has read, over all of its scans.
 *
 * Reading ends behind the piece (a row group, a trace) that reaches a limit, and the answer is partial.
 *
 * Units      bytes as they are stored; spans whose columns or whole records were looked at
 * Threads    one query thread
 */
#ifndef WEFT_MODEL_READ_LIMITS_H
#define WEFT_MODEL_READ_LIMITS_H
#include <stddef.h>
#include <stdint.h>

struct weft_read_limits {
    uint64_t bytes_max, spans_max; /* 0: any number */
    uint64_t bytes, spans;         /* so far */
};
#define WEFT_BYTES_LIMIT "limit of bytes read"
#define WEFT_SPANS_LIMIT "limit of spans read"

/* NULL: nobody counts. */
static inline void weft_read_limits_add(struct weft_read_limits *limits, uint64_t bytes,
                                        uint64_t spans)
{
    if (limits == NULL) return;
    limits->bytes += bytes;
    limits->spans += spans;
}

/* Why no more may be read, as a partial_reason; NULL: it may. */
static inline const char *weft_read_limits_reached(const struct weft_read_limits *limits)
{
    if (limits == NULL) return NULL;
    if (limits->bytes_max != 0 && limits->bytes >= limits->bytes_max) return WEFT_BYTES_LIMIT;
    if (limits->spans_max != 0 && limits->spans >= limits->spans_max) return WEFT_SPANS_LIMIT;
    return NULL;
}

#endif
