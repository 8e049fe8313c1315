/* codec_plain.c -- pages of plain byte strings. */
#include "store/codec_plain.h"
#include "base/alloc.h"
#include "store/codec_varint.h"
#include "store/codec_zstd.h"

enum { HEADER = 8, ENTRY = 16 };

/* Values of one page: as many as fit, at least one. */
static uint32_t page_end(const struct weft_str *values, uint32_t from, uint32_t count)
{
    size_t bytes = 0;
    uint32_t at = from;

    while (at < count && (at == from || bytes + values[at].len + 2 <= WEFT_PLAIN_PAGE_BYTES))
        bytes += values[at++].len + 2;
    return at;
}

static void page_raw(struct weft_buf *raw, const struct weft_str *values, uint32_t from,
                     uint32_t end)
{
    weft_buf_reset(raw);
    for (uint32_t i = from; i < end; i++) weft_varint_put(raw, values[i].len);
    for (uint32_t i = from; i < end; i++) weft_buf_append_str(raw, values[i]);
}

void weft_plain_encode(struct weft_buf *out, const struct weft_str *values, uint32_t count,
                       int level, ZSTD_CCtx *zstd)
{
    struct weft_buf raw = { 0 };
    uint32_t pages = 0;
    size_t start = out->len;

    for (uint32_t at = 0; at < count; at = page_end(values, at, count)) pages++;
    weft_buf_append_zero(out, HEADER + (size_t)pages * ENTRY);
    weft_store_u32(out->data + start, pages);
    uint32_t at = 0;
    for (uint32_t p = 0; p < pages; p++) {
        uint32_t end = page_end(values, at, count);
        page_raw(&raw, values, at, end);
        size_t bound = ZSTD_compressBound(raw.len);
        char *to = weft_buf_reserve(out, bound);
        size_t stored = ZSTD_compressCCtx(zstd, to, bound, raw.data, raw.len, level);
        if (ZSTD_isError(stored) || stored >= raw.len) {
            memcpy(to, raw.data, raw.len);
            stored = raw.len;
        }
        char *entry = out->data + start + HEADER + (size_t)p * ENTRY;
        weft_store_u32(entry, at);
        weft_store_u32(entry + 4, (uint32_t)(out->len - start));
        weft_store_u32(entry + 8, (uint32_t)stored);
        weft_store_u32(entry + 12, (uint32_t)raw.len);
        out->len += stored;
        at = end;
    }
    weft_buf_pad8(out);
    weft_buf_release(&raw);
}

int weft_plain_open(struct weft_plain *out, const uint8_t *bytes, size_t len, uint32_t count,
                    size_t *used, struct weft_err *err)
{
    uint32_t pages = len >= HEADER ? weft_load_u32(bytes) : 0, before = 0;

    if (len < HEADER || pages > count || (len - HEADER) / ENTRY < pages ||
        (pages == 0 && count > 0))
        return weft_fail(err, WEFT_CORRUPT, "plain strings: %u pages for %u values in %zu bytes",
                         pages, count, len);
    size_t end = HEADER + (size_t)pages * ENTRY;
    for (uint32_t p = 0; p < pages; p++) {
        const uint8_t *e = bytes + HEADER + (size_t)p * ENTRY;
        uint32_t first = weft_load_u32(e), offset = weft_load_u32(e + 4),
                 stored = weft_load_u32(e + 8);
        if ((p == 0 ? first != 0 : first <= before) || first >= count || offset != end ||
            stored > len - end || weft_load_u32(e + 12) > WEFT_PLAIN_VALUE_BYTES_MAX ||
            stored > weft_load_u32(e + 12))
            return weft_fail(err, WEFT_CORRUPT,
                             "plain strings: page %u is out of order or out of bounds", p);
        before = first;
        end += stored;
    }
    *used = (end + 7) & ~(size_t)7;
    if (*used > len) return weft_fail(err, WEFT_CORRUPT, "plain strings: the end is cut off");
    *out = (struct weft_plain){ bytes, end, count, pages };
    return WEFT_OK;
}

void weft_plain_reader_release(struct weft_plain_reader *reader)
{
    weft_zstd_give(reader->zstd);
    weft_buf_release(&reader->raw);
    for (uint32_t i = 0; i < WEFT_PLAIN_PAGES_HELD; i++) {
        weft_buf_release(&reader->pages[i].raw);
        weft_free(reader->pages[i].values);
    }
    *reader = (struct weft_plain_reader){ 0 };
}

static const uint8_t *entry_at(const struct weft_plain *column, uint32_t page)
{
    return column->bytes + HEADER + (size_t)page * ENTRY;
}

static uint32_t page_of(const struct weft_plain *column, uint32_t index)
{
    uint32_t low = 0, high = column->pages;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(entry_at(column, middle)) <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The page's bytes: in `raw`, or in the column when they are stored as they are. */
static int page_inflate(struct weft_plain_reader *r, const struct weft_plain *column, uint32_t page,
                        struct weft_buf *raw, struct weft_str *out, struct weft_err *err)
{
    const uint8_t *entry = entry_at(column, page);
    const char *from = (const char *)column->bytes + weft_load_u32(entry + 4);
    uint32_t stored = weft_load_u32(entry + 8), len = weft_load_u32(entry + 12);

    *out = weft_str_make(from, len);
    if (stored == len) return WEFT_OK;
    weft_buf_reset(raw);
    weft_buf_reserve(raw, len + 1);
    if (r->zstd == NULL) r->zstd = weft_zstd_take();
    size_t got = ZSTD_decompressDCtx(r->zstd, raw->data, len, from, stored);
    if (got != len)
        return weft_fail(err, WEFT_CORRUPT, "plain strings: zstd page gives %s instead of %u bytes",
                         ZSTD_isError(got) ? ZSTD_getErrorName(got) : "another length", len);
    raw->len = len;
    *out = weft_buf_str(raw);
    return WEFT_OK;
}

static uint32_t page_count(const struct weft_plain *column, uint32_t page)
{
    const uint8_t *entry = entry_at(column, page);
    uint32_t end = page + 1 < column->pages ? weft_load_u32(entry + ENTRY) : column->count;
    return end - weft_load_u32(entry);
}

static int page_split(struct weft_str bytes, uint32_t n, struct weft_plain_page *page,
                      struct weft_err *err)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr, *end = at + bytes.len;
    uint64_t len, sum = 0;

    if (n > bytes.len)
        return weft_fail(err, WEFT_CORRUPT, "plain strings: more values than bytes in a page");
    if (n > page->capacity) {
        page->values = weft_realloc_array(page->values, n, sizeof *page->values);
        page->capacity = n;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!weft_varint_get(&at, end, &len) || len > bytes.len || (sum += len) > bytes.len)
            return weft_fail(err, WEFT_CORRUPT,
                             "plain strings: length of value %u does not fit its page", i);
        page->values[i].len = (size_t)len;
    }
    if (sum != (uint64_t)(end - at))
        return weft_fail(err, WEFT_CORRUPT, "plain strings: lengths do not add up to the page");
    for (uint32_t i = 0; i < n; i++) {
        page->values[i].ptr = (const char *)at;
        at += page->values[i].len;
    }
    return WEFT_OK;
}

/* The page of value `index` in place of the one that was loaded longest ago. */
static int page_load(struct weft_plain_reader *r, const struct weft_plain *column, uint32_t index,
                     struct weft_err *err)
{
    uint32_t number = page_of(column, index), slot = r->next++ % WEFT_PLAIN_PAGES_HELD;
    struct weft_plain_page *page = &r->pages[slot];
    struct weft_str bytes;
    int rc;

    page->column = NULL;
    if ((rc = page_inflate(r, column, number, &page->raw, &bytes, err)) < 0 ||
        (rc = page_split(bytes, page_count(column, number), page, err)) < 0)
        return rc;
    page->column = column->bytes;
    page->first = weft_load_u32(entry_at(column, number));
    page->end = page->first + page_count(column, number);
    r->last = slot;
    return WEFT_OK;
}

static bool page_has(const struct weft_plain_page *page, const struct weft_plain *column,
                     uint32_t index)
{
    return page->column == column->bytes && index >= page->first && index < page->end;
}

static bool page_find(struct weft_plain_reader *r, const struct weft_plain *column, uint32_t index)
{
    for (uint32_t i = 0; i < WEFT_PLAIN_PAGES_HELD; i++) {
        if (!page_has(&r->pages[i], column, index)) continue;
        r->last = i;
        return true;
    }
    return false;
}

int weft_plain_get(struct weft_plain_reader *r, const struct weft_plain *column, uint32_t index,
                   struct weft_str *out, struct weft_err *err)
{
    int rc;

    if (!page_has(&r->pages[r->last], column, index) && !page_find(r, column, index)) {
        if (index >= column->count)
            return weft_fail(err, WEFT_CORRUPT, "plain strings: value %u of %u", index,
                             column->count);
        if ((rc = page_load(r, column, index, err)) < 0) return rc;
    }
    const struct weft_plain_page *page = &r->pages[r->last];
    *out = page->values[index - page->first];
    return WEFT_OK;
}

/* ---- looking for one value ---- */

/* Values of a page that are `wanted`: first the lengths, the bytes only where these agree. */
static int page_equal(struct weft_str bytes, uint32_t first, uint32_t n, struct weft_str wanted,
                      void (*found)(void *arg, uint32_t index), void *arg, struct weft_err *err)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr, *end = at + bytes.len, *lengths = at;
    uint64_t len, sum = 0;

    for (uint32_t i = 0; i < n; i++)
        if (!weft_varint_get(&at, end, &len) || len > bytes.len || (sum += len) > bytes.len)
            return weft_fail(err, WEFT_CORRUPT,
                             "plain strings: length of value %u does not fit its page", i);
    if (sum != (uint64_t)(end - at))
        return weft_fail(err, WEFT_CORRUPT, "plain strings: lengths do not add up to the page");
    for (uint32_t i = 0; i < n; i++, at += len) {
        weft_varint_get(&lengths, end, &len);
        if (weft_str_equal(weft_str_make((const char *)at, (size_t)len), wanted))
            found(arg, first + i);
    }
    return WEFT_OK;
}

int weft_plain_equal(struct weft_plain_reader *r, const struct weft_plain *column,
                     struct weft_str wanted, void (*found)(void *arg, uint32_t index), void *arg,
                     struct weft_err *err)
{
    struct weft_str bytes;
    int rc;

    for (uint32_t page = 0; page < column->pages; page++) {
        if ((rc = page_inflate(r, column, page, &r->raw, &bytes, err)) < 0) return rc;
        if (wanted.len > 0 && memmem(bytes.ptr, bytes.len, wanted.ptr, wanted.len) == NULL)
            continue;
        rc = page_equal(bytes, weft_load_u32(entry_at(column, page)), page_count(column, page),
                        wanted, found, arg, err);
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}
