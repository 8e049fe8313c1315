/* block_filter_internal.h -- what the files that evaluate a predicate over blocks share: a run being judged.
 *
 * block_filter_value.c judges single values, block_filter_run.c whole runs, block_filter.c a group's rows.
 */
#ifndef WEFT_STORE_BLOCK_FILTER_INTERNAL_H
#define WEFT_STORE_BLOCK_FILTER_INTERNAL_H
#include "store/block_filter.h"

struct weft_filter_run {
    const struct weft_filter *f;
    struct weft_rows *rows;
    struct weft_run *run;
    struct weft_block_reader *reader;
    struct weft_err *err;
    uint64_t *by_position; /* result: bits of the values that hold */
};

static inline void weft_filter_bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline bool weft_filter_bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}
static inline size_t weft_filter_words(uint32_t rows)
{
    return ((size_t)rows + 63) / 64;
}
static inline bool weft_filter_range(const struct weft_filter *f, uint32_t number)
{
    return (number - f->low < f->high - f->low) != f->is_outside;
}

static inline bool weft_filter_wide_range(const struct weft_filter *f, int64_t v)
{
    return (v >= f->wide_low && v <= f->wide_high) != f->is_outside;
}

static inline bool weft_filter_is_wide(const struct weft_run *run)
{
    return (run->code & 7) == WEFT_VALUE_INT || (run->code & 7) == WEFT_VALUE_DOUBLE;
}

/* Does a value of the run hold: a number's bits, a string's number, a value that was read, the one at a position? */
bool weft_filter_wide(const struct weft_filter_run *e, uint64_t bits);
int weft_filter_number(struct weft_filter_run *e, uint32_t number, bool *holds);
int weft_filter_read_value(struct weft_filter_run *e, const struct weft_run_value *v, bool *holds);
int weft_filter_value(struct weft_filter_run *e, uint32_t position, bool *holds);

/* Can a value of the run's type hold at all? */
bool weft_filter_can_hold(const struct weft_filter *f, const struct weft_run *run);
/* All runs of one key (every type of value) in group g: their rows that hold, added to `out`. */
int weft_filter_key(const struct weft_filter *f, struct weft_rows *rows, uint32_t g, uint32_t key,
                    struct weft_block_reader *reader, uint64_t *out, struct weft_err *err);

#endif
