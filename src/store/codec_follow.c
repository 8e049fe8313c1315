/* codec_follow.c -- the following column: analyse (which code comes after which), encode, decode.
 *
 *     header   mode, bits, flags, count, base (16 B), divisor, spelt codes, pages with marks
 *     next     u16 by code, then the one at the start of a trace
 *     before   u16 by page: codes spelt in earlier pages
 *     has      a bit by page: it has marks
 *     marks    32 B for each of those: a bit by row that is spelt
 *     codes    the spelt ones
 */
#include "store/codec_follow.h"
#include "base/alloc.h"

enum { HEADER = 16, FIXED = HEADER + 16, SPELT_STARTS = 1, MARK_BYTES = WEFT_FOLLOW_ROWS / 8 };

static uint32_t page_count(uint32_t count)
{
    return (count + WEFT_FOLLOW_ROWS - 1) / WEFT_FOLLOW_ROWS;
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static inline bool is_set(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* ---- analyse ---- */

struct follow {
    const uint64_t *starts;
    uint16_t *codes; /* all; then the spelt ones */
    uint8_t *marks;  /* MARK_BYTES a page */
    uint16_t next[(1u << WEFT_FOLLOW_BITS_MAX) + 1];
    uint32_t count, spelt;
    unsigned bits;
    bool spells_starts;
};

/* What comes most often after each code, by majority vote: where no code has the majority any
 * of them will do. */
static void next_find(struct follow *f)
{
    uint32_t votes[(1u << WEFT_FOLLOW_BITS_MAX) + 1], none = 1u << f->bits, before = none;
    uint32_t starts = 0, misses = 0;

    memset(votes, 0, (none + 1) * sizeof *votes);
    memset(f->next, 0, (none + 1) * sizeof *f->next);
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t context = is_set(f->starts, i) ? none : before;
        if (votes[context] == 0) f->next[context] = f->codes[i];
        votes[context] += f->next[context] == f->codes[i] ? 1 : UINT32_MAX;
        before = f->codes[i];
    }
    for (uint32_t i = 0; i < f->count; i++) {
        if (!is_set(f->starts, i)) continue;
        starts++;
        misses += f->codes[i] != f->next[none];
    }
    f->spells_starts = misses * 2 > starts;
}

/* Marks what is spelt, moves those codes to the front; `before` by page. */
static uint32_t spelt_find(struct follow *f, uint16_t *pages, uint8_t *has)
{
    uint32_t none = 1u << f->bits, last = none, marked = 0;

    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t page = i / WEFT_FOLLOW_ROWS, at = i % WEFT_FOLLOW_ROWS, code = f->codes[i];
        bool is_start = is_set(f->starts, i), is_spelt = at == 0 || (is_start && f->spells_starts);
        if (at == 0) {
            pages[page] = (uint16_t)f->spelt;
            memset(f->marks + (size_t)marked * MARK_BYTES, 0, MARK_BYTES);
        }
        if (!is_spelt && f->next[is_start ? none : last] != code) {
            is_spelt = true;
            has[page / 8] |= (uint8_t)(1u << page % 8);
            f->marks[(size_t)marked * MARK_BYTES + at / 8] |= (uint8_t)(1u << at % 8);
        }
        if (is_spelt) f->codes[f->spelt++] = (uint16_t)code;
        last = code;
        bool is_end = at == WEFT_FOLLOW_ROWS - 1 || i + 1 == f->count;
        if (is_end && has[page / 8] >> page % 8 & 1) marked++;
    }
    return marked;
}

static bool codes_of(struct follow *f, const uint64_t *v, uint32_t count, uint64_t base,
                     uint64_t divisor, uint64_t top)
{
    f->bits = weft_bits_width((top - base) / divisor);
    f->count = count;
    if (f->bits == 0 || f->bits > WEFT_FOLLOW_BITS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) f->codes[i] = (uint16_t)((v[i] - base) / divisor);
    return true;
}

/* ---- encode ---- */

static void put(struct weft_buf *out, const struct follow *f, uint64_t base, uint64_t divisor,
                const uint16_t *pages, const uint8_t *has, uint32_t marked, uint64_t *wide)
{
    uint32_t page_n = page_count(f->count);
    uint8_t *h = (uint8_t *)weft_buf_reserve(out, FIXED);

    h[0] = WEFT_FOLLOW_MODE;
    h[1] = (uint8_t)f->bits;
    weft_store_u16(h + 2, f->spells_starts ? SPELT_STARTS : 0);
    weft_store_u32(h + 4, f->count);
    weft_store_u64(h + 8, base);
    weft_store_u64(h + 16, divisor);
    weft_store_u32(h + 24, f->spelt);
    weft_store_u32(h + 28, marked);
    out->len += FIXED;
    for (uint32_t i = 0; i <= 1u << f->bits; i++) weft_buf_append(out, &f->next[i], 2);
    weft_buf_pad8(out);
    weft_buf_append(out, pages, (size_t)page_n * 2);
    weft_buf_pad8(out);
    weft_buf_append(out, has, (page_n + 7) / 8);
    weft_buf_pad8(out);
    weft_buf_append(out, f->marks, (size_t)marked * MARK_BYTES);
    for (uint32_t i = 0; i < f->spelt; i++) wide[i] = f->codes[i];
    weft_bits_pack(out, wide, f->spelt, 0, 1, f->bits);
    weft_buf_pad8(out);
}

void weft_follow_encode(struct weft_buf *out, const uint64_t *v, uint32_t count, bool find_divisor,
                        const uint64_t *starts)
{
    size_t from = out->len, used;
    struct weft_paged paged;
    uint64_t top = 0;

    weft_paged_encode(out, v, count, find_divisor);
    size_t len = out->len - from;
    weft_buf_reserve(out, WEFT_BITS_SLACK);
    if (!weft_paged_open(&paged, (const uint8_t *)out->data + from, len, count, &used) ||
        weft_paged_is_constant(&paged))
        return;
    for (uint32_t i = 0; i < count; i++) top = v[i] > top ? v[i] : top;
    uint32_t page_n = page_count(count);
    struct follow *f = weft_alloc(sizeof *f);
    uint8_t *memory =
        weft_alloc_zero((size_t)count * 10 + (size_t)page_n * (MARK_BYTES + 3) + MARK_BYTES + 8);
    uint64_t *wide = (uint64_t *)(void *)memory;
    uint16_t *codes = (uint16_t *)(void *)(memory + (size_t)count * 8), *pages = codes + count;
    uint8_t *has = (uint8_t *)(pages + page_n);
    *f = (struct follow){ .starts = starts, .codes = codes, .marks = has + (page_n + 7) / 8 };
    if (codes_of(f, v, count, paged.base, paged.divisor, top)) {
        next_find(f);
        uint32_t marked = spelt_find(f, pages, has);
        size_t mine = FIXED + padded(((1u << f->bits) + 1) * 2) + padded((size_t)page_n * 2) +
                      padded((page_n + 7) / 8) + (size_t)marked * MARK_BYTES +
                      padded(weft_bits_bytes(f->spelt, f->bits));
        /* Reading one value costs a page: only for more than 3 % and a fiftieth of a byte a row. */
        if (mine + len / 32 + count / 50 < len) {
            out->len = from;
            put(out, f, paged.base, paged.divisor, pages, has, marked, wide);
        }
    }
    weft_free(memory);
    weft_free(f);
}

/* ---- decode ---- */

bool weft_follow_open(struct weft_paged *out, const uint8_t *bytes, size_t len, uint32_t count,
                      size_t *used)
{
    uint32_t pages = page_count(count);

    if (len < HEADER || bytes[0] != WEFT_FOLLOW_MODE)
        return weft_paged_open(out, bytes, len, count, used);
    if (len < FIXED || bytes[1] == 0 || bytes[1] > WEFT_FOLLOW_BITS_MAX ||
        weft_load_u32(bytes + 4) != count)
        return false;
    *out = (struct weft_paged){ .base = weft_load_u64(bytes + 8),
                                .divisor = weft_load_u64(bytes + HEADER),
                                .count = count,
                                .base_bits = bytes[1],
                                .follows = true,
                                .spells_starts = weft_load_u16(bytes + 2) & SPELT_STARTS,
                                .spelt = weft_load_u32(bytes + 24) };
    uint64_t marked = weft_load_u32(bytes + 28), bases = FIXED,
             before = bases + padded(((1u << out->base_bits) + 1) * 2),
             has = before + padded((size_t)pages * 2), marks = has + padded((pages + 7) / 8),
             codes = marks + marked * MARK_BYTES,
             end = codes + padded(weft_bits_bytes(out->spelt, out->base_bits));
    if (out->spelt > count || marked > pages || end > len) return false;
    out->bases = bytes + bases;
    out->widths = bytes + before;
    out->has = bytes + has;
    out->marks = bytes + marks;
    out->data = bytes + codes;
    uint64_t seen = 0;
    for (uint32_t p = 0; p < pages; p++) {
        uint32_t first = weft_load_u16(out->widths + (size_t)p * 2),
                 next = p + 1 < pages ? weft_load_u16(out->widths + (size_t)p * 2 + 2) : out->spelt;
        if (next < first || next - first > WEFT_FOLLOW_ROWS || (p == 0 && first != 0)) return false;
        seen += out->has[p / 8] >> p % 8 & 1;
    }
    *used = end;
    return seen == marked;
}

static const uint8_t *marks_of(const struct weft_paged *c, uint32_t page)
{
    uint32_t before = 0;

    if (!(c->has[page / 8] >> page % 8 & 1)) return NULL;
    for (uint32_t i = 0; i < page / 8; i++) before += (uint32_t)__builtin_popcount(c->has[i]);
    before += (uint32_t)__builtin_popcount(c->has[page / 8] & ((1u << page % 8) - 1));
    return c->marks + (size_t)before * MARK_BYTES;
}

static const uint64_t *starts_of(struct weft_follow_starts *starts, uint32_t page)
{
    uint32_t piece = page / (WEFT_FOLLOW_PIECE_ROWS / WEFT_FOLLOW_ROWS);

    if (!(starts->has >> piece & 1)) {
        starts->find(starts, piece);
        starts->has |= 1u << piece;
    }
    return starts->bits + page * (WEFT_FOLLOW_ROWS / 64);
}

/* Codes of the first `n` rows of a page. */
static void page_read(const struct weft_paged *c, uint32_t page, uint32_t n, uint16_t *out)
{
    const uint64_t *bits = starts_of(c->starts, page);
    const uint8_t *marks = marks_of(c, page);
    uint32_t first = weft_load_u16(c->widths + (size_t)page * 2), none = 1u << c->base_bits,
             mask = none - 1, code = 0,
             start_code = weft_load_u16(c->bases + (size_t)none * 2) & mask;
    uint32_t left =
        ((page + 1) < page_count(c->count) ? weft_load_u16(c->widths + (size_t)page * 2 + 2)
                                           : c->spelt) -
        first;

    for (uint32_t i = 0; i < n; i += 64) {
        uint64_t starts = bits[i / 64], spelt = (marks != NULL ? weft_load_u64(marks + i / 8) : 0) |
                                                (c->spells_starts ? starts : 0) | (i == 0);
        uint32_t end = n - i < 64 ? n - i : 64;
        for (uint32_t k = 0; k < end;) {
            if (spelt >> k & 1) { /* a damaged column may want more than it has */
                code = left > 0 ? (uint32_t)weft_bits_get(c->data, first++, c->base_bits) : 0;
                left -= left > 0;
            } else {
                code = weft_load_u16(c->bases + (size_t)(starts >> k & 1 ? none : code) * 2) & mask;
            }
            out[i + k++] = (uint16_t)code;
            if ((weft_load_u16(c->bases + (size_t)code * 2) & mask) != code || k == end) continue;
            /* What comes next is the same, up to what is spelt out or a trace that begins otherwise. */
            uint64_t others = (spelt | (start_code != code ? starts : 0)) >> k;
            uint32_t same = others != 0 ? (uint32_t)__builtin_ctzll(others) : 64;
            if (same > end - k) same = end - k;
            for (; same > 0; same--) out[i + k++] = (uint16_t)code;
        }
    }
}

void weft_follow_read(const struct weft_paged *c, uint32_t from, uint32_t n, uint64_t *out)
{
    uint16_t codes[WEFT_FOLLOW_ROWS];

    while (n > 0) {
        uint32_t at = from % WEFT_FOLLOW_ROWS,
                 take = WEFT_FOLLOW_ROWS - at < n ? WEFT_FOLLOW_ROWS - at : n;
        page_read(c, from / WEFT_FOLLOW_ROWS, at + take, codes);
        for (uint32_t i = 0; i < take; i++) out[i] = c->base + c->divisor * codes[at + i];
        out += take, from += take, n -= take;
    }
}
