/* block_strings.c -- writing and reading a block's dictionary. */
#include "store/block_strings.h"
#include "base/alloc.h"
#include "store/block_internal.h"
#include "store/codec_varint.h"
#include "store/codec_zstd.h"

enum { INDEX_HEADER = 8 };

void weft_strings_writer_init(struct weft_strings_writer *w, struct weft_block_writer *file,
                              ZSTD_CCtx *zstd, int level)
{
    *w = (struct weft_strings_writer){
        .file = file, .zstd = zstd, .level = level, .section_offset = weft_block_writer_offset(file)
    };
}

static int page_close(struct weft_strings_writer *w, struct weft_err *err)
{
    uint8_t e[WEFT_STRING_INDEX_BYTES];
    size_t bound = ZSTD_compressBound(w->raw.len);
    int rc;

    if (w->raw.len == 0) return WEFT_OK;
    weft_buf_reset(&w->packed);
    char *to = weft_buf_reserve(&w->packed, bound);
    size_t stored = ZSTD_compressCCtx(w->zstd, to, bound, w->raw.data, w->raw.len, w->level);
    bool is_smaller = !ZSTD_isError(stored) && stored < w->raw.len;
    if (!is_smaller) stored = w->raw.len;
    weft_store_u64(e, weft_block_writer_offset(w->file) - w->section_offset);
    weft_store_u32(e + 8, (uint32_t)stored);
    weft_store_u32(e + 12, (uint32_t)w->raw.len);
    weft_store_u32(e + 16, w->page_first);
    if ((rc = weft_block_writer_append(w->file, is_smaller ? to : w->raw.data, stored, err)) < 0)
        return rc;
    memcpy(w->index.data + w->index.len - WEFT_STRING_INDEX_BYTES, e, 20);
    w->page_count++;
    weft_buf_reset(&w->raw);
    return WEFT_OK;
}

static void page_begin(struct weft_strings_writer *w, struct weft_str first)
{
    uint8_t e[WEFT_STRING_INDEX_BYTES] = { 0 };
    weft_store_u32(e + 20, (uint32_t)first.len);
    weft_store_u32(e + 24, (uint32_t)w->firsts.len);
    weft_buf_append(&w->index, e, sizeof e);
    weft_buf_append_str(&w->firsts, first);
    w->page_first = w->count;
}

int weft_strings_writer_add(struct weft_strings_writer *w, struct weft_str s, struct weft_err *err)
{
    size_t shared = 0;
    int rc;

    if (w->raw.len > 0 && w->raw.len + s.len + 4 > WEFT_STRING_PAGE_BYTES &&
        (rc = page_close(w, err)) < 0)
        return rc;
    if (w->raw.len == 0) {
        page_begin(w, s);
    } else {
        size_t most = s.len < w->last.len ? s.len : w->last.len;
        while (shared < most && s.ptr[shared] == w->last.data[shared]) shared++;
    }
    weft_varint_put(&w->raw, shared);
    weft_varint_put(&w->raw, s.len - shared);
    weft_buf_append_str(&w->raw, weft_str_tail(s, shared));
    w->last.len = shared;
    weft_buf_append_str(&w->last, weft_str_tail(s, shared));
    w->count++;
    return WEFT_OK;
}

int weft_strings_writer_finish(struct weft_strings_writer *w, struct weft_err *err)
{
    int rc = page_close(w, err);
    weft_block_writer_section(w->file, WEFT_BLOCK_STRING_PAGES, WEFT_BLOCK_SECTION_REQUIRED,
                              w->section_offset);
    return rc;
}

int weft_strings_writer_index(struct weft_strings_writer *w, struct weft_err *err)
{
    uint64_t offset = weft_block_writer_offset(w->file);
    uint8_t header[INDEX_HEADER];
    int rc;

    weft_store_u32(header, w->count);
    weft_store_u32(header + 4, w->page_count);
    if ((rc = weft_block_writer_append(w->file, header, sizeof header, err)) < 0 ||
        (rc = weft_block_writer_append(w->file, w->index.data, w->index.len, err)) < 0 ||
        (rc = weft_block_writer_append(w->file, w->firsts.data, w->firsts.len, err)) < 0)
        return rc;
    weft_block_writer_section(w->file, WEFT_BLOCK_STRING_INDEX, WEFT_BLOCK_SECTION_REQUIRED,
                              offset);
    return weft_block_writer_align(w->file, err);
}

void weft_strings_writer_release(struct weft_strings_writer *w)
{
    weft_buf_release(&w->raw);
    weft_buf_release(&w->index);
    weft_buf_release(&w->firsts);
    weft_buf_release(&w->last);
    weft_buf_release(&w->packed);
}

/* ---- reading ---- */

static const uint8_t *entry_at(const struct weft_strings *t, uint32_t page)
{
    return t->index + (size_t)page * WEFT_STRING_INDEX_BYTES;
}

int weft_strings_open(struct weft_strings *out, struct weft_block *block, uint64_t pages_offset,
                      uint64_t pages_bytes, const uint8_t *index, size_t index_bytes,
                      struct weft_err *err)
{
    if (index_bytes < INDEX_HEADER ||
        (index_bytes - INDEX_HEADER) / WEFT_STRING_INDEX_BYTES < weft_load_u32(index + 4))
        return weft_fail(err, WEFT_CORRUPT, "string index of %zu bytes is too short", index_bytes);
    *out = (struct weft_strings){ .block = block,
                                  .pages_offset = pages_offset,
                                  .pages_bytes = pages_bytes,
                                  .count = weft_load_u32(index),
                                  .page_count = weft_load_u32(index + 4) };
    out->index = index + INDEX_HEADER;
    out->firsts = out->index + (size_t)out->page_count * WEFT_STRING_INDEX_BYTES;
    out->firsts_bytes = (uint32_t)(index + index_bytes - out->firsts);
    for (uint32_t p = 0; p < out->page_count; p++) {
        const uint8_t *e = entry_at(out, p);
        uint64_t offset = weft_load_u64(e);
        uint32_t stored = weft_load_u32(e + 8), first = weft_load_u32(e + 16),
                 len = weft_load_u32(e + 20);
        uint32_t at = weft_load_u32(e + 24),
                 before = p > 0 ? weft_load_u32(entry_at(out, p - 1) + 16) : 0;
        if (offset > pages_bytes || stored > pages_bytes - offset ||
            stored > weft_load_u32(e + 12) || first >= out->count ||
            (p == 0 ? first != 0 : first <= before) || at > out->firsts_bytes ||
            len > out->firsts_bytes - at)
            return weft_fail(err, WEFT_CORRUPT,
                             "string index: page %u of %u is out of order or out of bounds", p,
                             out->page_count);
    }
    if (out->page_count == 0 && out->count > 0)
        return weft_fail(err, WEFT_CORRUPT, "string index: strings, but no pages");
    return WEFT_OK;
}

void weft_strings_reader_init(struct weft_strings_reader *r, const struct weft_strings *table)
{
    memset(r, 0, sizeof *r);
    r->table = table;
}

void weft_strings_reader_release(struct weft_strings_reader *r)
{
    for (unsigned i = 0; i < WEFT_STRINGS_CACHE; i++) {
        weft_free(r->pages[i].strings);
        weft_buf_release(&r->pages[i].bytes);
    }
    weft_buf_release(&r->raw);
    weft_zstd_give(r->zstd);
    memset(r, 0, sizeof *r);
}

static int page_inflate(struct weft_strings_reader *r, const uint8_t *e, struct weft_err *err)
{
    uint32_t stored = weft_load_u32(e + 8), raw = weft_load_u32(e + 12);
    const uint8_t *from;
    int rc;

    if ((rc = weft_block_bytes(r->table->block, r->table->pages_offset + weft_load_u64(e), stored,
                               "strings", &from, err)) < 0)
        return rc;
    if (raw > (1u << 30) || (uint64_t)stored * 70000 < raw)
        return weft_fail(err, WEFT_CORRUPT, "string page of %u bytes", raw);
    weft_buf_reset(&r->raw);
    weft_buf_reserve(&r->raw, raw + 1);
    if (stored == raw) {
        memcpy(r->raw.data, from, raw);
    } else {
        if (r->zstd == NULL) r->zstd = weft_zstd_take();
        if (ZSTD_decompressDCtx(r->zstd, r->raw.data, raw, from, stored) != raw)
            return weft_fail(err, WEFT_CORRUPT, "string page does not decompress to %u bytes", raw);
    }
    r->raw.len = raw;
    return WEFT_OK;
}

/* Undo the front coding. Bytes may move while they grow, so offsets are noted first and pointers
 * made at the end. */
static int page_unfold(struct weft_strings_reader *r, struct weft_strings_page *p,
                       struct weft_err *err)
{
    const uint8_t *at = (const uint8_t *)r->raw.data, *end = at + r->raw.len;
    size_t before = 0, before_len = 0, total = 0;
    uint64_t shared, rest;

    weft_buf_reset(&p->bytes);
    for (uint32_t i = 0; i < p->count; i++) {
        if (!weft_varint_get(&at, end, &shared) || !weft_varint_get(&at, end, &rest) ||
            shared > before_len || rest > (uint64_t)(end - at) ||
            (total += shared + rest) > (256u << 20))
            return weft_fail(err, WEFT_CORRUPT, "string page: string %u does not fit",
                             p->first + i);
        size_t from = p->bytes.len;
        weft_buf_reserve(&p->bytes, shared + rest + 1); /* never NULL, even when empty */
        weft_buf_append(&p->bytes, p->bytes.data + before, shared);
        weft_buf_append(&p->bytes, at, rest);
        at += rest;
        before = from, before_len = shared + rest;
        p->strings[i].len = before_len;
    }
    if (at != end)
        return weft_fail(err, WEFT_CORRUPT, "string page: %td bytes behind the last string",
                         end - at);
    const char *ptr = p->bytes.data;
    for (uint32_t i = 0; i < p->count; i++) {
        p->strings[i].ptr = ptr;
        ptr += p->strings[i].len;
    }
    return WEFT_OK;
}

static int page_load(struct weft_strings_reader *r, uint32_t page, struct weft_strings_page **out,
                     struct weft_err *err)
{
    const struct weft_strings *t = r->table;
    struct weft_strings_page *p = &r->pages[page % WEFT_STRINGS_CACHE];
    int rc;

    *out = p;
    if (p->page == page + 1) return WEFT_OK;
    const uint8_t *e = entry_at(t, page);
    p->page = 0;
    p->first = weft_load_u32(e + 16);
    p->count = (page + 1 < t->page_count ? weft_load_u32(entry_at(t, page + 1) + 16) : t->count) -
               p->first;
    if (p->count > weft_load_u32(e + 12))
        return weft_fail(err, WEFT_CORRUPT, "string page %u: more strings than bytes", page);
    if (p->count > p->capacity) {
        p->strings = weft_realloc_array(p->strings, p->count, sizeof *p->strings);
        p->capacity = p->count;
    }
    if ((rc = page_inflate(r, e, err)) < 0 || (rc = page_unfold(r, p, err)) < 0) return rc;
    p->page = page + 1;
    return WEFT_OK;
}

int weft_strings_get(struct weft_strings_reader *r, uint32_t number, struct weft_str *out,
                     struct weft_err *err)
{
    uint32_t low = 0, high = r->table->page_count;
    struct weft_strings_page *p;
    int rc;

    if (number >= r->table->count)
        return weft_fail(err, WEFT_CORRUPT, "string %u is asked for, the block has %u", number,
                         r->table->count);
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(entry_at(r->table, middle) + 16) <= number)
            low = middle;
        else
            high = middle;
    }
    if ((rc = page_load(r, low, &p, err)) < 0) return rc;
    *out = p->strings[number - p->first];
    return WEFT_OK;
}

int weft_strings_lower(struct weft_strings_reader *r, struct weft_str s, uint32_t *number,
                       bool *found, struct weft_err *err)
{
    const struct weft_strings *t = r->table;
    uint32_t low = 0, high = t->page_count;
    struct weft_strings_page *p;
    int rc;

    *number = 0, *found = false;
    if (t->page_count == 0) return WEFT_OK;
    while (high - low > 1) { /* the last page whose first string is not behind s */
        uint32_t middle = (low + high) / 2;
        const uint8_t *e = entry_at(t, middle);
        struct weft_str first = { (const char *)t->firsts + weft_load_u32(e + 24),
                                  weft_load_u32(e + 20) };
        if (weft_str_compare(first, s) <= 0)
            low = middle;
        else
            high = middle;
    }
    if ((rc = page_load(r, low, &p, err)) < 0) return rc;
    uint32_t from = 0, to = p->count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (weft_str_compare(p->strings[middle], s) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    *number = p->first + from;
    *found = from < p->count && weft_str_equal(p->strings[from], s);
    return WEFT_OK;
}
