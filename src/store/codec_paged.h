/* codec_paged.h -- a column of 64-bit numbers: base + divisor x (base of the page of 128 + packed
 * rest).
 *
 * Shape      docs/format/block.md, "Paged column"; starts at a multiple of 8, ends padded to 8
 * Errors     opening answers false when the bytes cannot be such a column of `count` numbers
 * Ownership  an open column points into the bytes it was opened over
 */
#ifndef WEFT_STORE_CODEC_PAGED_H
#define WEFT_STORE_CODEC_PAGED_H
#include "store/codec_bits.h"

#define WEFT_PAGED_ROWS 128u

struct weft_follow_starts;

struct weft_paged {
    const uint8_t *widths, *bases, *data; /* NULL when constant */
    uint64_t base, divisor;
    uint32_t count;
    uint8_t base_bits;
    /* Following (codec_follow.h): then `widths` are counts by page, `bases` the table, `data` the
     * spelt codes. */
    bool follows, spells_starts;
    uint32_t spelt;
    const uint8_t *has, *marks;
    struct weft_follow_starts *starts; /* given by the reader before the first value is read */
};

/* With `find_divisor` a common divisor of all differences is taken out (clocks that tick in µs or
 * ms). */
void weft_paged_encode(struct weft_buf *out, const uint64_t *v, uint32_t count, bool find_divisor);
bool weft_paged_open(struct weft_paged *out, const uint8_t *bytes, size_t len, uint32_t count,
                     size_t *used);
uint64_t weft_paged_get(const struct weft_paged *column, uint32_t index);
/* Numbers from .. from + n - 1. */
void weft_paged_read(const struct weft_paged *column, uint32_t from, uint32_t n, uint64_t *out);
/* The same for numbers below 65,536; false when one is not. */
bool weft_paged_read_u16(const struct weft_paged *column, uint32_t from, uint32_t n, uint16_t *out);
/* No number of the page of 128 is greater (UINT64_MAX when that would overflow). */
uint64_t weft_paged_page_limit(const struct weft_paged *column, uint32_t page);
static inline bool weft_paged_is_constant(const struct weft_paged *column)
{
    return column->widths == NULL;
}

/* A column asked for in rising order: the page of 128 that the last number came from, unpacked. A zeroed one with its
 * column is ready. */
struct weft_paged_view {
    const struct weft_paged *column;
    uint32_t page; /* + 1; 0: none */
    uint64_t values[WEFT_PAGED_ROWS];
};
static inline uint64_t weft_paged_view_get(struct weft_paged_view *v, uint32_t index)
{
    uint32_t page = index / WEFT_PAGED_ROWS, first = page * WEFT_PAGED_ROWS;

    if (weft_paged_is_constant(v->column)) return v->column->base;
    if (v->page != page + 1) {
        uint32_t left = v->column->count - first;
        weft_paged_read(v->column, first, left < WEFT_PAGED_ROWS ? left : WEFT_PAGED_ROWS,
                        v->values);
        v->page = page + 1;
    }
    return v->values[index - first];
}

#endif
