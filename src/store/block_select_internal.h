/* block_select_internal.h -- what the two files that evaluate selections over a row group share. */
#ifndef WEFT_STORE_BLOCK_SELECT_INTERNAL_H
#define WEFT_STORE_BLOCK_SELECT_INTERNAL_H
#include "store/block_filter.h"
#include "store/block_select.h"

static inline void weft_bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline bool weft_bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}
/* Bits from .. end - 1. */
void weft_bits_fill(uint64_t *bits, uint32_t from, uint32_t end);
static inline bool weft_bits_any(const uint64_t *bits, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if (bits[w] != 0) return true;
    return false;
}
static inline uint32_t weft_bits_count(const uint64_t *bits, size_t words)
{
    uint32_t n = 0;
    for (size_t w = 0; w < words; w++) n += (uint32_t)__builtin_popcountll(bits[w]);
    return n;
}
/* The first set bit from `from` on, or `end`. */
static inline uint32_t weft_bits_next(const uint64_t *bits, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint64_t word = bits[from / 64] >> (from % 64);
        if (word != 0) {
            from += (uint32_t)__builtin_ctzll(word);
            return from < end ? from : end;
        }
        from = (from / 64 + 1) * 64;
    }
    return end;
}

/* One row group at work; everything in rows->arena. */
struct weft_selecting {
    struct weft_select *select;
    struct weft_rows *rows;
    size_t words;          /* of a bitmap of rows */
    const uint64_t *loose; /* or NULL */
    /* Where operators are unions: loose, and what block_structure.c adds. NULL: not made yet. */
    const uint64_t *doubtful_of_both, *doubtful_of_tree;
    uint16_t *depths;       /* by row; NULL: not read yet */
    uint64_t *has_depths;   /* a bit per page of WEFT_FOLLOW_ROWS */
    const uint32_t *traces; /* first row of each trace, and one more; NULL: not read yet */
    struct weft_err *err;
};
/* right = what the operator makes of left and right. Both are bitmaps of rows. */
int weft_select_both(struct weft_selecting *s, const uint64_t *left, uint64_t *right);
/* right where left has as many rows of the trace. */
int weft_select_at_least(struct weft_selecting *s, const uint64_t *left, uint32_t count,
                         uint64_t *right);
int weft_select_structure(struct weft_selecting *s, enum weft_selection_op op, const uint64_t *left,
                          uint64_t *right);
int weft_selecting_doubt(struct weft_selecting *s, bool of_tree);
/* Makes depths readable in pages of rows that have a bit in `of` (NULL: all); elsewhere they may be 0. */
int weft_selecting_depths(struct weft_selecting *s, const uint64_t *of);

#endif
