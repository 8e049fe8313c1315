/* merge_run.c -- one column of a group to the bytes of a run: the encoding is chosen by looking at
 * the values. */
#include "base/alloc.h"
#include "store/codec_decimal.h"
#include "store/codec_dictionary.h"
#include "store/codec_plain.h"
#include "store/codec_presence.h"
#include "store/merge_internal.h"

struct run {
    uint32_t base, range;
    uint8_t encoding, bits;
};

/* Work memory, kept over runs. */
struct merge_run_memory {
    struct weft_local_analyser local;
    uint64_t *wide;
    int64_t *integers;
    uint32_t *numbers;
    struct weft_str *strings;
    uint16_t *rows;
};

struct merge_run_memory *weft_merge_run_memory_create(void)
{
    struct merge_run_memory *w = weft_alloc_zero(sizeof *w);
    w->wide = weft_alloc_array(WEFT_ROWS_MAX, sizeof *w->wide);
    w->integers = weft_alloc_array(WEFT_ROWS_MAX, sizeof *w->integers);
    w->numbers = weft_alloc_array(WEFT_ROWS_MAX, sizeof *w->numbers);
    w->strings = weft_alloc_array(WEFT_ROWS_MAX, sizeof *w->strings);
    w->rows = weft_alloc_array(WEFT_ROWS_MAX, sizeof *w->rows);
    return w;
}

void weft_merge_run_memory_destroy(struct merge_run_memory *w)
{
    if (w == NULL) return;
    weft_local_analyser_release(&w->local);
    weft_free(w->wide);
    weft_free(w->integers);
    weft_free(w->numbers);
    weft_free(w->strings);
    weft_free(w->rows);
    weft_free(w);
}

static void put_dictionary(struct weft_buf *out, const struct weft_local_dictionary *d,
                           bool is_wide)
{
    uint32_t header[2] = { d->count, 0 };

    weft_buf_append(out, header, 8);
    for (uint32_t i = 0; i < d->count; i++) weft_buf_append(out, &d->values[i], is_wide ? 8 : 4);
    weft_buf_pad8(out);
}

static void put_codes(struct weft_buf *out, const struct weft_local_dictionary *d, uint32_t count)
{
    weft_bits_pack_u32(out, d->codes, count, 0, d->bits);
    weft_buf_pad8(out);
}

/* ---- 32-bit numbers ---- */

static struct run packed_numbers(struct weft_buf *out, const uint32_t *v, uint32_t n)
{
    uint32_t low = UINT32_MAX, high = 0;

    for (uint32_t i = 0; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    if (n == 0) low = high = 0;
    struct run run = { low, high - low, WEFT_RUN_PACKED, (uint8_t)weft_bits_width(high - low) };
    if (out != NULL) {
        weft_bits_pack_u32(out, v, n, low, run.bits);
        weft_buf_pad8(out);
    }
    return run;
}

static struct run encode_numbers(struct weft_buf *out, struct merge_run_memory *w,
                                 const uint32_t *v, uint32_t n)
{
    struct weft_local_dictionary d;
    struct run run = packed_numbers(NULL, v, n);

    if (run.range == 0) {
        run.encoding = WEFT_RUN_CONSTANT;
        return run;
    }
    if (run.bits > 2 && n >= 64) {
        for (uint32_t i = 0; i < n; i++) w->wide[i] = v[i];
        if (weft_local_analyse(&w->local, w->wide, n, run.bits, 4, &d)) {
            put_dictionary(out, &d, false);
            put_codes(out, &d, n);
            run.encoding = WEFT_RUN_DICTIONARY;
            run.bits = (uint8_t)d.bits;
            return run;
        }
    }
    return packed_numbers(out, v, n);
}

/* ---- strings spelt out ---- */

/* Some numbered, some spelt out: rows of the latter first, then the numbers, then the strings. */
static struct run encode_mixed(struct merge *m, struct weft_buf *out, struct merge_run_memory *w,
                               const struct merge_column *c)
{
    uint32_t numbers = 0, strings = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        if (c->numbers[i] & MERGE_REF) {
            w->rows[strings] = (uint16_t)i;
            w->strings[strings++] = m->refs[c->numbers[i] & ~MERGE_REF];
        } else {
            w->numbers[numbers++] = c->numbers[i];
        }
    }
    unsigned mode = weft_presence_encode(out, w->rows, strings, c->count);
    struct run run = packed_numbers(out, w->numbers, numbers);
    weft_plain_encode(out, w->strings, strings, m->level, m->zstd);
    run.encoding = (uint8_t)(WEFT_RUN_MIXED | mode << 6);
    return run;
}

static struct run encode_strings(struct merge *m, struct weft_buf *out,
                                 const struct merge_column *c)
{
    struct merge_run_memory *w = m->run_memory;

    if (c->spelt == 0) return encode_numbers(out, w, c->numbers, c->count);
    if (c->spelt < c->count) return encode_mixed(m, out, w, c);
    if (c->uuids != NULL) {
        weft_buf_append(out, c->uuids, (size_t)c->count * 16);
        return (struct run){ 0, 0, WEFT_RUN_UUID, 0 };
    }
    for (uint32_t i = 0; i < c->count; i++) w->strings[i] = m->refs[c->numbers[i] & ~MERGE_REF];
    weft_plain_encode(out, w->strings, c->count, m->level, m->zstd);
    return (struct run){ 0, 0, WEFT_RUN_PLAIN, 0 };
}

/* ---- 64-bit numbers ---- */

/* Base and max as signed integers; doubles' bit patterns go through the same order, which is as
 * good as any for them. */
static struct run encode_wide_numbers(struct weft_buf *out, struct merge_run_memory *w,
                                      const uint64_t *v, uint32_t n)
{
    struct weft_local_dictionary d;
    int64_t low = INT64_MAX, high = INT64_MIN;
    struct run run = { 0, 0, WEFT_RUN_CONSTANT, 0 };

    for (uint32_t i = 0; i < n; i++) {
        low = (int64_t)v[i] < low ? (int64_t)v[i] : low;
        high = (int64_t)v[i] > high ? (int64_t)v[i] : high;
    }
    weft_buf_append(out, &low, 8);
    weft_buf_append(out, &high, 8);
    if (low == high) return run;
    unsigned bits = weft_bits_width((uint64_t)high - (uint64_t)low);
    if (bits > 2 && n >= 64 && weft_local_analyse(&w->local, v, n, bits, 8, &d)) {
        put_dictionary(out, &d, true);
        put_codes(out, &d, n);
        run.encoding = WEFT_RUN_DICTIONARY;
        run.bits = (uint8_t)d.bits;
        return run;
    }
    run.encoding = WEFT_RUN_PACKED;
    run.bits = (uint8_t)bits;
    weft_bits_pack(out, v, n, (uint64_t)low, 1, bits);
    weft_buf_pad8(out);
    return run;
}

static struct run encode_doubles(struct weft_buf *out, struct merge_run_memory *w,
                                 const uint64_t *v, uint32_t n)
{
    uint32_t exponent[2] = { 0, 0 };
    int64_t low = INT64_MAX, high = INT64_MIN;
    struct run run = { 0, 0, WEFT_RUN_DECIMAL, 0 };

    if (n < 2 || !weft_decimal_encode(v, n < 16 ? n : 16, w->integers, exponent) ||
        !weft_decimal_encode(v, n, w->integers, exponent))
        return encode_wide_numbers(out, w, v, n);
    for (uint32_t i = 0; i < n; i++) {
        low = w->integers[i] < low ? w->integers[i] : low;
        high = w->integers[i] > high ? w->integers[i] : high;
    }
    run.bits = (uint8_t)weft_bits_width((uint64_t)high - (uint64_t)low);
    if (low == high || run.bits > 40) return encode_wide_numbers(out, w, v, n);
    weft_buf_append(out, &low, 8);
    weft_buf_append(out, &high, 8);
    weft_buf_append(out, exponent, 8);
    weft_bits_pack(out, (const uint64_t *)(const void *)w->integers, n, (uint64_t)low, 1, run.bits);
    weft_buf_pad8(out);
    return run;
}

/* ---- what follows from another run ---- */

static uint32_t function_number(const struct merge *m, const struct merge_column *c)
{
    return c->map == WEFT_FUNCTION_NONE ? c->map : m->functions.drafts[c->map].number;
}

static struct run encode_function(struct merge *m, struct weft_buf *out,
                                  const struct merge_column *c, uint32_t source_run)
{
    uint32_t payload[2] = { source_run, function_number(m, c) };
    struct run run = packed_numbers(NULL, c->numbers, c->count);

    weft_buf_append(out, payload, sizeof payload);
    run.encoding = WEFT_RUN_FUNCTION;
    run.bits = 0;
    return run;
}

void weft_merge_run_encode(struct merge *m, struct weft_buf *data, const struct merge_column *c,
                           uint32_t source_run, uint8_t entry[static 16])
{
    uint32_t type = c->code & 7, total = m->groups[c->group].rows;
    struct run run = { 0, 0, WEFT_RUN_CONSTANT, 0 };
    unsigned presence = WEFT_PRESENCE_ALL;
    size_t offset = data->len;

    if (c->rows != NULL) presence = weft_presence_encode(data, c->rows, c->count, total);
    if (type == WEFT_VALUE_INT)
        run = encode_wide_numbers(data, m->run_memory, c->wide, c->count);
    else if (type == WEFT_VALUE_DOUBLE)
        run = encode_doubles(data, m->run_memory, c->wide, c->count);
    else if (function_number(m, c) != WEFT_FUNCTION_NONE)
        run = encode_function(m, data, c, source_run);
    else if (type != WEFT_VALUE_EMPTY)
        run = encode_strings(m, data, c);
    weft_store_u32(entry, (uint32_t)offset);
    weft_store_u32(entry + 4, run.base);
    weft_store_u32(entry + 8, run.range);
    weft_store_u16(entry + 12, (uint16_t)c->group);
    entry[14] = (uint8_t)(run.encoding | presence << 4);
    entry[15] = run.bits;
}
