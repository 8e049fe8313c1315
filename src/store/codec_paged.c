/* codec_paged.c -- the paged column: analyse (divisor, page widths), encode, decode. */
#include "store/codec_paged.h"
#include "base/alloc.h"
#include "store/codec_follow.h"

enum { HEADER = 16, MODE_CONSTANT = 0, MODE_PAGED = 1 };

static uint32_t page_count(uint32_t count)
{
    return (count + WEFT_PAGED_ROWS - 1) / WEFT_PAGED_ROWS;
}

/* Greatest common divisor of all v - base; ends at once when it has come down to 1, as it does for
 * clocks of 1 ns. */
static uint64_t common_divisor(const uint64_t *v, uint32_t count, uint64_t base)
{
    uint64_t divisor = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t a = v[i] - base;
        if (a == 0 || (divisor != 0 && a % divisor == 0)) continue;
        while (a != 0) {
            uint64_t rest = divisor % a;
            divisor = a;
            a = rest;
        }
        if (divisor == 1) return 1;
    }
    return divisor == 0 ? 1 : divisor;
}

static void header(struct weft_buf *out, unsigned mode, unsigned base_bits, uint32_t count,
                   uint64_t base)
{
    uint8_t *h = (uint8_t *)weft_buf_reserve(out, HEADER);
    h[0] = (uint8_t)mode;
    h[1] = (uint8_t)base_bits;
    weft_store_u16(h + 2, 0);
    weft_store_u32(h + 4, count);
    weft_store_u64(h + 8, base);
    out->len += HEADER;
}

static void range_of(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
    uint64_t low = v[0], high = v[0];
    for (uint32_t i = 1; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    *min = low;
    *max = high;
}

void weft_paged_encode(struct weft_buf *out, const uint64_t *v, uint32_t count, bool find_divisor)
{
    uint32_t pages = page_count(count);
    uint64_t stack[1024],
        *bounds = pages * 2 <= 1024 ? stack : weft_alloc_array(pages * 2, sizeof *bounds);
    uint64_t *bases = bounds, *tops = bounds + pages, base = UINT64_MAX, top = 0, base_max = 0;

    for (uint32_t p = 0; p < pages; p++) {
        uint32_t from = p * WEFT_PAGED_ROWS,
                 n = count - from < WEFT_PAGED_ROWS ? count - from : WEFT_PAGED_ROWS;
        range_of(v + from, n, &bases[p], &tops[p]);
        base = bases[p] < base ? bases[p] : base;
        top = tops[p] > top ? tops[p] : top;
    }
    if (count == 0 || base == top) {
        header(out, MODE_CONSTANT, 0, count, count == 0 ? 0 : base);
        goto done;
    }
    uint64_t divisor = find_divisor ? common_divisor(v, count, base) : 1;
    uint8_t widths[1024], *width = pages <= sizeof widths ? widths : weft_alloc(pages);
    for (uint32_t p = 0; p < pages; p++) {
        width[p] = (uint8_t)weft_bits_width((tops[p] - bases[p]) / divisor);
        uint64_t relative = (bases[p] - base) / divisor;
        base_max = relative > base_max ? relative : base_max;
    }
    unsigned base_bits = weft_bits_width(base_max);
    header(out, MODE_PAGED, base_bits, count, base);
    weft_buf_append(out, &divisor, 8);
    weft_buf_append(out, width, pages);
    weft_buf_pad8(out);
    weft_bits_pack(out, bases, pages, base, divisor, base_bits);
    weft_buf_pad8(out);
    for (uint32_t p = 0; p < pages; p++) {
        uint32_t from = p * WEFT_PAGED_ROWS,
                 n = count - from < WEFT_PAGED_ROWS ? count - from : WEFT_PAGED_ROWS;
        weft_bits_pack(out, v + from, n, bases[p], divisor, width[p]);
    }
    weft_buf_pad8(out);
    if (width != widths) weft_free(width);
done:
    if (bounds != stack) weft_free(bounds);
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

bool weft_paged_open(struct weft_paged *out, const uint8_t *bytes, size_t len, uint32_t count,
                     size_t *used)
{
    uint32_t pages = page_count(count);

    if (len < HEADER || bytes[0] > MODE_PAGED || weft_load_u32(bytes + 4) != count) return false;
    *out = (struct weft_paged){ .base = weft_load_u64(bytes + 8), .divisor = 1, .count = count };
    *used = HEADER;
    if (bytes[0] == MODE_CONSTANT) return true;
    out->base_bits = bytes[1];
    size_t bases_bytes = padded(weft_bits_bytes(pages, out->base_bits)),
           at = HEADER + 8 + padded(pages) + bases_bytes;
    if (out->base_bits > 64 || len < at) return false;
    out->divisor = weft_load_u64(bytes + HEADER);
    out->widths = bytes + HEADER + 8;
    out->bases = out->widths + padded(pages);
    out->data = bytes + at;
    for (uint32_t p = 0; p < pages; p++) {
        uint32_t n = p + 1 < pages ? WEFT_PAGED_ROWS : count - p * WEFT_PAGED_ROWS;
        if (out->widths[p] > 64) return false;
        at += weft_bits_bytes(n, out->widths[p]);
    }
    *used = padded(at);
    return *used <= len;
}

static const uint8_t *page_at(const struct weft_paged *c, uint32_t page)
{
    uint32_t sum = 0; /* at most 512 pages of 64 bits in a row group */
    for (uint32_t p = 0; p < page; p++) sum += c->widths[p];
    return c->data + (size_t)sum * (WEFT_PAGED_ROWS / 8);
}

uint64_t weft_paged_get(const struct weft_paged *c, uint32_t index)
{
    if (c->widths == NULL) return c->base;
    if (c->follows) {
        uint64_t value;
        weft_follow_read(c, index, 1, &value);
        return value;
    }
    uint32_t page = index / WEFT_PAGED_ROWS;
    uint64_t rest = weft_bits_get(page_at(c, page), index % WEFT_PAGED_ROWS, c->widths[page]);
    return c->base + c->divisor * (weft_bits_get(c->bases, page, c->base_bits) + rest);
}

/* Numbers at .. at + n - 1 of a page. */
static void page_read(const struct weft_paged *c, uint32_t page, const uint8_t *data, uint32_t at,
                      uint32_t n, uint64_t *out)
{
    uint64_t base = c->base + c->divisor * weft_bits_get(c->bases, page, c->base_bits);
    uint32_t narrow[WEFT_PAGED_ROWS], divisor = (uint32_t)c->divisor;

    if (c->divisor == 1) {
        weft_bits_unpack(out, data, at, n, c->widths[page], base);
    } else if (c->widths[page] > 32 || c->divisor > UINT32_MAX) {
        weft_bits_unpack(out, data, at, n, c->widths[page], 0);
        for (uint32_t i = 0; i < n; i++) out[i] = base + c->divisor * out[i];
    } else { /* two halves multiply faster than wholes */
        weft_bits_unpack_u32(narrow, data, at, n, c->widths[page], 0);
        for (uint32_t i = 0; i < n; i++) out[i] = base + (uint64_t)narrow[i] * divisor;
    }
}

void weft_paged_read(const struct weft_paged *c, uint32_t from, uint32_t n, uint64_t *out)
{
    if (c->widths == NULL) {
        for (uint32_t i = 0; i < n; i++) out[i] = c->base;
        return;
    }
    if (c->follows) {
        weft_follow_read(c, from, n, out);
        return;
    }
    uint32_t page = from / WEFT_PAGED_ROWS;
    const uint8_t *data = n > 0 ? page_at(c, page) : NULL;
    while (n > 0) {
        uint32_t at = from % WEFT_PAGED_ROWS,
                 take = WEFT_PAGED_ROWS - at < n ? WEFT_PAGED_ROWS - at : n;
        page_read(c, page, data, at, take, out);
        data += (size_t)c->widths[page++] * (WEFT_PAGED_ROWS / 8);
        out += take, from += take, n -= take;
    }
}

bool weft_paged_read_u16(const struct weft_paged *c, uint32_t from, uint32_t n, uint16_t *out)
{
    uint64_t page[WEFT_FOLLOW_ROWS]; /* two of the other pages */

    while (n > 0) {
        uint32_t take = WEFT_FOLLOW_ROWS - from % WEFT_FOLLOW_ROWS < n
                            ? WEFT_FOLLOW_ROWS - from % WEFT_FOLLOW_ROWS
                            : n;
        uint64_t all = 0;
        weft_paged_read(c, from, take, page);
        for (uint32_t i = 0; i < take; i++) {
            all |= page[i];
            out[i] = (uint16_t)page[i];
        }
        if (all > UINT16_MAX) return false;
        out += take, from += take, n -= take;
    }
    return true;
}

uint64_t weft_paged_page_limit(const struct weft_paged *c, uint32_t page)
{
    uint64_t limit;

    if (c->widths == NULL) return c->base;
    if (c->follows) return UINT64_MAX;
    if (__builtin_add_overflow(weft_bits_get(c->bases, page, c->base_bits),
                               weft_bits_mask(c->widths[page]), &limit) ||
        __builtin_mul_overflow(limit, c->divisor, &limit) ||
        __builtin_add_overflow(limit, c->base, &limit))
        return UINT64_MAX;
    return limit;
}
