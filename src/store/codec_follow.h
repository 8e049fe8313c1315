/* codec_follow.h -- a row column whose values mostly follow from the row before: what comes next
 * after a value is in a table, what comes otherwise is spelt out.
 *
 * Shape      docs/format/block.md, "Following column": mode 2 of the paged column, read by the
 *            functions of codec_paged.h
 * Starts     the table has an entry of its own for the first row of a trace, so columns that count
 *            up in every trace take next to nothing. Whoever reads must give the same bits; they
 *            are asked for piece by piece, so that one value costs no walk over all traces
 */
#ifndef WEFT_STORE_CODEC_FOLLOW_H
#define WEFT_STORE_CODEC_FOLLOW_H
#include "store/codec_paged.h"

#define WEFT_FOLLOW_MODE 2u
#define WEFT_FOLLOW_ROWS 256u /* of a page; each can be read alone */
#define WEFT_FOLLOW_BITS_MAX 12u
#define WEFT_FOLLOW_PIECE_ROWS 2048u

/* Where traces start, for up to 32 pieces of rows. */
struct weft_follow_starts {
    uint64_t *bits; /* a bit per row */
    uint32_t has;   /* a bit per piece: it is in `bits` */
    /* Puts one piece there, all words of it; NULL when `has` has all. */
    void (*find)(struct weft_follow_starts *starts, uint32_t piece);
};

/* As weft_paged_encode(), or this way where that takes clearly less. `starts`: a bit per row, set
 * for the first of a trace. */
void weft_follow_encode(struct weft_buf *out, const uint64_t *v, uint32_t count, bool find_divisor,
                        const uint64_t *starts);
/* As weft_paged_open(), but for columns of this kind too: before one is read it wants its `starts`. */
bool weft_follow_open(struct weft_paged *out, const uint8_t *bytes, size_t len, uint32_t count,
                      size_t *used);
/* For codec_paged.c. */
void weft_follow_read(const struct weft_paged *column, uint32_t from, uint32_t n, uint64_t *out);

#endif
