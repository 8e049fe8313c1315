/* block_writer.c -- writing a block file: pages, sums, footer, rename. */
#include "store/block_writer.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "store/codec_bits.h"
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { PENDING_BYTES = 1 << 20 };

static char *path_make(const char *directory, uint64_t number, const char *suffix)
{
    struct weft_buf b = { 0 };
    weft_buf_printf(&b, "%s/block-%016" PRIx64 ".weft%s", directory, number, suffix);
    weft_buf_append_byte(&b, 0);
    return b.data;
}

static int header_append(struct weft_block_writer *w, struct weft_err *err)
{
    uint8_t header[WEFT_BLOCK_HEADER_BYTES];

    weft_block_header_make(header, w->number, w->created_unix_ns);
    return weft_block_writer_append(w, header, sizeof header, err);
}

int weft_block_writer_create(struct weft_block_writer *w, const char *directory, uint64_t number,
                             uint64_t created_unix_ns, struct weft_err *err)
{
    int rc;

    *w = (struct weft_block_writer){ .fd = -1,
                                     .number = number,
                                     .created_unix_ns = created_unix_ns };
    char *temporary = path_make(directory, number, ".tmp");
    if ((rc = weft_file_open(&w->fd, temporary, O_RDWR | O_CREAT | O_TRUNC, err)) < 0) {
        weft_free(temporary);
        return rc;
    }
    w->temporary = temporary;
    w->path = path_make(directory, number, "");
    return header_append(w, err);
}

int weft_block_writer_create_inside(struct weft_block_writer *w, int fd, const char *path,
                                    uint64_t base, uint64_t number, uint64_t created_unix_ns,
                                    struct weft_err *err)
{
    struct weft_buf name = { 0 };

    weft_buf_append(&name, path, strlen(path) + 1);
    *w = (struct weft_block_writer){ .fd = fd,
                                     .temporary = name.data,
                                     .is_inside = true,
                                     .base = base,
                                     .number = number,
                                     .created_unix_ns = created_unix_ns };
    return header_append(w, err);
}

uint64_t weft_block_writer_offset(const struct weft_block_writer *w)
{
    return w->flushed + w->pending.len;
}

static void sum_page(struct weft_block_writer *w, size_t from, size_t len)
{
    uint64_t page = (w->flushed + from) / WEFT_BLOCK_PAGE_BYTES;
    uint64_t sum = weft_block_page_sum(w->pending.data + from, len, w->number, page);
    weft_buf_append(&w->sums, &sum, 8);
}

/* Whole pages go to disk; with `all` the last, short one too. */
static int flush(struct weft_block_writer *w, bool all, struct weft_err *err)
{
    size_t whole = w->pending.len / WEFT_BLOCK_PAGE_BYTES * WEFT_BLOCK_PAGE_BYTES,
           len = all ? w->pending.len : whole;
    int rc;

    for (size_t at = 0; at < whole; at += WEFT_BLOCK_PAGE_BYTES)
        sum_page(w, at, WEFT_BLOCK_PAGE_BYTES);
    if (all && whole < len) sum_page(w, whole, len - whole);
    if (len == 0) return WEFT_OK;
    if ((rc = weft_file_write_at(w->fd, w->temporary, w->pending.data, len, w->base + w->flushed,
                                 err)) < 0)
        return rc;
    weft_buf_consume(&w->pending, len);
    w->flushed += len;
    return WEFT_OK;
}

int weft_block_writer_append(struct weft_block_writer *w, const void *bytes, size_t len,
                             struct weft_err *err)
{
    int rc = WEFT_OK;

    for (size_t at = 0; at < len && rc == WEFT_OK;) {
        size_t piece = len - at < PENDING_BYTES ? len - at : PENDING_BYTES;
        weft_buf_append(&w->pending, (const char *)bytes + at, piece);
        at += piece;
        if (w->pending.len >= PENDING_BYTES) rc = flush(w, false, err);
    }
    return rc;
}

int weft_block_writer_align(struct weft_block_writer *w, struct weft_err *err)
{
    static const char zeros[8];
    return weft_block_writer_append(w, zeros, -weft_block_writer_offset(w) & 7, err);
}

void weft_block_writer_section(struct weft_block_writer *w, uint32_t kind, uint32_t flags,
                               uint64_t offset)
{
    uint8_t e[WEFT_BLOCK_SECTION_BYTES];
    weft_store_u32(e, kind);
    weft_store_u32(e + 4, flags);
    weft_store_u64(e + 8, offset);
    weft_store_u64(e + 16, weft_block_writer_offset(w) - offset);
    weft_buf_append(&w->sections, e, sizeof e);
}

/* Sums, footer and trailer. */
static void tail_make(struct weft_buf *tail, uint64_t data_bytes, const struct weft_buf *sums,
                      const struct weft_buf *footer)
{
    uint8_t t[WEFT_BLOCK_TRAILER_BYTES];

    weft_store_u64(t, data_bytes);
    weft_store_u64(t + 8, sums->len + footer->len + WEFT_BLOCK_TRAILER_BYTES);
    weft_store_u32(t + 16, (uint32_t)footer->len);
    weft_store_u32(t + 20, WEFT_BLOCK_FORMAT_VERSION);
    weft_store_u64(t + 24, weft_hash(sums->data, sums->len));
    weft_buf_append_str(tail, weft_buf_str(sums));
    weft_buf_append_str(tail, weft_buf_str(footer));
    weft_buf_append(tail, t, 32);
    weft_store_u64(t + 32, weft_hash(tail->data + sums->len, tail->len - sums->len));
    weft_store_u64(t + 40, WEFT_BLOCK_MAGIC);
    weft_buf_append(tail, t + 32, 16);
}

static int publish(struct weft_block_writer *w, struct weft_err *err)
{
    int rc = weft_file_sync_data(w->fd, w->temporary, err);

    if (rc < 0) return rc;
    if ((rc = weft_file_rename(w->temporary, w->path, err)) < 0) {
        /* The name may be there although its directory was not synced: take it back, so that
         * "failed" means "is not there". */
        if (!weft_file_exists(w->temporary)) weft_file_unlink(w->path, NULL);
        return rc;
    }
    weft_free(w->temporary);
    w->temporary = NULL;
    return WEFT_OK;
}

int weft_block_writer_finish(struct weft_block_writer *w,
                             const uint8_t fixed[static WEFT_BLOCK_FOOTER_FIXED],
                             struct weft_str superseded, struct weft_err *err)
{
    struct weft_buf footer = { 0 }, tail = { 0 };
    int rc;

    if ((rc = weft_block_writer_align(w, err)) < 0 || (rc = flush(w, true, err)) < 0) return rc;
    weft_buf_append(&footer, fixed, WEFT_BLOCK_FOOTER_FIXED);
    weft_store_u32(footer.data + 124, (uint32_t)(w->sections.len / WEFT_BLOCK_SECTION_BYTES));
    weft_buf_append_str(&footer, weft_buf_str(&w->sections));
    weft_buf_append_str(&footer, superseded);
    tail_make(&tail, w->flushed, &w->sums, &footer);
    for (unsigned copy = 0; copy < 2 && rc == WEFT_OK; copy++) {
        rc =
            weft_file_write_at(w->fd, w->temporary, tail.data, tail.len, w->base + w->flushed, err);
        w->flushed += tail.len;
    }
    weft_buf_release(&footer);
    weft_buf_release(&tail);
    return rc < 0 || w->is_inside ? rc : publish(w, err);
}

void weft_block_writer_release(struct weft_block_writer *w)
{
    if (!w->is_inside) {
        weft_file_close(&w->fd);
        if (w->temporary != NULL) weft_file_unlink(w->temporary, NULL);
    }
    weft_free(w->temporary);
    weft_free(w->path);
    weft_buf_release(&w->pending);
    weft_buf_release(&w->sums);
    weft_buf_release(&w->sections);
    *w = (struct weft_block_writer){ .fd = -1 };
}
