/* codec_presence.c -- bitmaps and lists of rows. */
#include "store/codec_presence.h"

enum { HEADER = 8, RANK_ROWS = 512, LIST_IF_BELOW_ONE_IN = 16 };

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}
static size_t rank_bytes(uint32_t total)
{
    return padded(((size_t)total + RANK_ROWS - 1) / RANK_ROWS * 2);
}
static size_t bitmap_bytes(uint32_t total)
{
    return ((size_t)total + 63) / 64 * 8;
}

static void bitmap_encode(struct weft_buf *out, const uint16_t *rows, uint32_t count,
                          uint32_t total)
{
    size_t ranks = out->len, bits = ranks + rank_bytes(total);
    uint32_t at = 0;

    weft_buf_append_zero(out, rank_bytes(total) + bitmap_bytes(total));
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *byte = (uint8_t *)out->data + bits + rows[i] / 8;
        *byte = (uint8_t)(*byte | 1u << (rows[i] % 8));
    }
    for (uint32_t page = 0; page * RANK_ROWS < total; page++) {
        while (at < count && rows[at] < page * RANK_ROWS) at++;
        weft_store_u16(out->data + ranks + (size_t)page * 2, (uint16_t)at);
    }
}

unsigned weft_presence_encode(struct weft_buf *out, const uint16_t *rows, uint32_t count,
                              uint32_t total)
{
    uint32_t header[2] = { count, 0 };

    if (count == total) return WEFT_PRESENCE_ALL;
    weft_buf_append(out, header, HEADER);
    if (count >= total / LIST_IF_BELOW_ONE_IN + 1) {
        bitmap_encode(out, rows, count, total);
        return WEFT_PRESENCE_BITMAP;
    }
    weft_buf_append(out, rows, (size_t)count * 2);
    weft_buf_pad8(out);
    return WEFT_PRESENCE_LIST;
}

static bool list_open(struct weft_presence *p, const uint8_t *bytes, size_t len, size_t *used)
{
    *used = HEADER + padded((size_t)p->count * 2);
    if (len < *used) return false;
    p->rows = bytes + HEADER;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t row = weft_load_u16(p->rows + (size_t)i * 2);
        if (row >= p->total || (i > 0 && row <= weft_load_u16(p->rows + (size_t)i * 2 - 2)))
            return false;
    }
    return true;
}

static bool bitmap_open(struct weft_presence *p, const uint8_t *bytes, size_t len, size_t *used)
{
    uint32_t count = 0;

    *used = HEADER + rank_bytes(p->total) + bitmap_bytes(p->total);
    if (len < *used) return false;
    p->ranks = bytes + HEADER;
    p->bits = p->ranks + rank_bytes(p->total);
    for (size_t i = 0; i < bitmap_bytes(p->total); i += 8) {
        if (i * 8 % RANK_ROWS == 0 &&
            weft_load_u16(p->ranks + i * 8 / RANK_ROWS * 2) != (uint16_t)count)
            return false;
        count += (uint32_t)__builtin_popcountll(weft_load_u64(p->bits + i));
    }
    return count == p->count &&
           (p->total % 64 == 0 ||
            weft_load_u64(p->bits + bitmap_bytes(p->total) - 8) >> (p->total % 64) == 0);
}

bool weft_presence_open(struct weft_presence *out, unsigned mode, const uint8_t *bytes, size_t len,
                        uint32_t total, size_t *used)
{
    *out = (struct weft_presence){ .mode = (uint8_t)mode, .total = total, .count = total };
    *used = 0;
    if (mode == WEFT_PRESENCE_ALL) return true;
    if (len < HEADER || total == 0 || total > WEFT_ROWS_MAX) return false;
    out->count = weft_load_u32(bytes);
    if (out->count > total) return false;
    if (mode == WEFT_PRESENCE_LIST) return list_open(out, bytes, len, used);
    return mode == WEFT_PRESENCE_BITMAP && bitmap_open(out, bytes, len, used);
}

static bool list_find(const struct weft_presence *p, uint32_t row, uint32_t *position)
{
    uint32_t low = 0, high = p->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u16(p->rows + (size_t)middle * 2) < row)
            low = middle + 1;
        else
            high = middle;
    }
    *position = low;
    return low < p->count && weft_load_u16(p->rows + (size_t)low * 2) == row;
}

bool weft_presence_find(const struct weft_presence *p, uint32_t row, uint32_t *position)
{
    if (p->mode == WEFT_PRESENCE_LIST) return list_find(p, row, position);
    *position = row;
    if (p->mode == WEFT_PRESENCE_ALL) return true;
    uint32_t page = row / RANK_ROWS, rank = weft_load_u16(p->ranks + (size_t)page * 2);
    uint64_t word = weft_load_u64(p->bits + (size_t)row / 64 * 8);
    for (uint32_t w = page * (RANK_ROWS / 64); w < row / 64; w++)
        rank += (uint32_t)__builtin_popcountll(weft_load_u64(p->bits + (size_t)w * 8));
    *position = rank + (uint32_t)__builtin_popcountll(word & ((UINT64_C(1) << (row % 64)) - 1));
    return word >> (row % 64) & 1;
}

void weft_presence_rows(const struct weft_presence *p, uint16_t *out)
{
    uint32_t n = 0;

    if (p->mode == WEFT_PRESENCE_LIST) {
        memcpy(out, p->rows, (size_t)p->count * 2);
    } else if (p->mode == WEFT_PRESENCE_ALL) {
        for (uint32_t i = 0; i < p->total; i++) out[i] = (uint16_t)i;
    } else {
        for (uint32_t w = 0; w * 64 < p->total; w++)
            for (uint64_t bits = weft_load_u64(p->bits + (size_t)w * 8); bits != 0;
                 bits &= bits - 1)
                out[n++] = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(bits));
    }
}
