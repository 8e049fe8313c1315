/* bundle_writer.c -- a bundle as it is written: header, members one after the other, directory, trailer, rename. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/bundle_internal.h"
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* SYNC_BYTES: a bundle of gigabytes must not leave all of its writing to one sync at the end, behind which the commits of
 * arriving spans would wait. */
enum { STEP_BYTES = 1 << 20, SYNC_BYTES = 64 << 20 };

static char *path_make(const char *directory, uint64_t number, const char *suffix)
{
    struct weft_buf b = { 0 };
    weft_buf_printf(&b, "%s/bundle-%016" PRIx64 ".weft%s", directory, number, suffix);
    weft_buf_append_byte(&b, 0);
    return b.data;
}

static int append(struct weft_bundle_writer *w, const void *bytes, size_t len, struct weft_err *err)
{
    int rc;

    if (w->cancelled != NULL && atomic_load_explicit(w->cancelled, memory_order_relaxed))
        return weft_fail(err, WEFT_CANCELLED, "bundle: cancelled after %" PRIu64 " bytes",
                         w->offset);
    if ((rc = weft_file_write_at(w->fd, w->temporary, bytes, len, w->offset, err)) < 0) return rc;
    w->offset += len;
    w->unsynced += len;
    if (w->unsynced < SYNC_BYTES) return WEFT_OK;
    w->unsynced = 0;
    return weft_file_sync_data(w->fd, w->temporary, err);
}

static int align(struct weft_bundle_writer *w, struct weft_err *err)
{
    static const char zeros[WEFT_BUNDLE_ALIGNMENT];
    uint64_t gap = -w->offset & (WEFT_BUNDLE_ALIGNMENT - 1);
    return gap == 0 ? WEFT_OK : append(w, zeros, gap, err);
}

int weft_bundle_writer_create(struct weft_bundle_writer *w,
                              const struct weft_bundle_options *options, struct weft_err *err)
{
    uint8_t h[WEFT_BUNDLE_HEADER_BYTES];
    int rc;

    *w = (struct weft_bundle_writer){ .fd = -1,
                                      .number = options->number,
                                      .cancelled = options->cancelled };
    char *temporary = path_make(options->directory, options->number, ".tmp");
    if ((rc = weft_file_open(&w->fd, temporary, O_RDWR | O_CREAT | O_TRUNC, err)) < 0) {
        weft_free(temporary);
        return rc;
    }
    w->temporary = temporary;
    w->path = path_make(options->directory, options->number, "");
    weft_bundle_header_make(h, options->number);
    return append(w, h, sizeof h, err);
}

/* ---- members ---- */

int weft_bundle_writer_member_start(struct weft_bundle_writer *w, struct weft_err *err)
{
    if (w->members.len / WEFT_BUNDLE_MEMBER_BYTES >= WEFT_BUNDLE_MEMBERS_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "bundle %s: more than %u members", w->temporary,
                         WEFT_BUNDLE_MEMBERS_MAX);
    return align(w, err);
}

void weft_bundle_writer_member_end(struct weft_bundle_writer *w, uint64_t number, uint64_t bytes)
{
    uint8_t e[WEFT_BUNDLE_MEMBER_BYTES] = { 0 };

    weft_store_u64(e, number);
    weft_store_u64(e + 8, w->offset);
    weft_store_u64(e + 16, bytes);
    weft_buf_append(&w->members, e, sizeof e);
    w->offset += bytes;
}

/* The bits of pages that were right before say nothing here: what is copied is what is checked. */
static int page_check(const struct weft_block *b, uint64_t page, uint64_t len, struct weft_err *err)
{
    uint64_t from = page * WEFT_BLOCK_PAGE_BYTES;

    if (weft_block_page_sum(b->map + from, len, b->info.number, page) ==
        weft_load_u64(b->sums + page * 8))
        return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT,
                     "block %s: checksum of page %" PRIu64 " (offset %" PRIu64
                     ") does not fit its bytes; it cannot be bundled",
                     b->path, page, from);
}

int weft_bundle_writer_copy(struct weft_bundle_writer *w, const struct weft_block *b,
                            struct weft_err *err)
{
    uint64_t start, page = 0;
    int rc = weft_bundle_writer_member_start(w, err);

    start = w->offset;
    for (uint64_t at = 0; at < b->file_bytes && rc == WEFT_OK; at += STEP_BYTES) {
        uint64_t end = at + STEP_BYTES < b->file_bytes ? at + STEP_BYTES : b->file_bytes,
                 from = page * WEFT_BLOCK_PAGE_BYTES;
        for (; from < end && from < b->data_bytes && rc == WEFT_OK;
             page++, from += WEFT_BLOCK_PAGE_BYTES) {
            uint64_t left = b->data_bytes - from;
            rc = page_check(b, page, left < WEFT_BLOCK_PAGE_BYTES ? left : WEFT_BLOCK_PAGE_BYTES,
                            err);
        }
        if (rc == WEFT_OK) rc = append(w, b->map + at, end - at, err);
    }
    if (rc < 0) return rc;
    w->offset = start;
    weft_bundle_writer_member_end(w, b->info.number, b->file_bytes);
    return WEFT_OK;
}

/* ---- directory ---- */

static void section_append(struct weft_buf *directory, uint32_t kind, uint32_t flags,
                           uint64_t offset, uint64_t bytes)
{
    uint8_t e[WEFT_BUNDLE_SECTION_BYTES];

    weft_store_u32(e, kind);
    weft_store_u32(e + 4, flags);
    weft_store_u64(e + 8, offset);
    weft_store_u64(e + 16, bytes);
    weft_buf_append(directory, e, sizeof e);
}

/* Directory and trailer in one run of bytes: one checksum covers both. They are written twice. */
static void directory_make(const struct weft_bundle_writer *w, const uint64_t *superseded,
                           uint32_t superseded_count, struct weft_buf *out)
{
    uint8_t counts[8] = { 0 }, t[WEFT_BUNDLE_TRAILER_BYTES] = { 0 };
    uint64_t members = sizeof counts + 2 * WEFT_BUNDLE_SECTION_BYTES,
             others = members + w->members.len;

    weft_store_u32(counts, 2);
    weft_buf_append(out, counts, sizeof counts);
    section_append(out, WEFT_BUNDLE_MEMBERS, WEFT_BUNDLE_SECTION_REQUIRED, members, w->members.len);
    section_append(out, WEFT_BUNDLE_SUPERSEDED, WEFT_BUNDLE_SECTION_REQUIRED, others,
                   (uint64_t)superseded_count * 8);
    weft_buf_append_str(out, weft_buf_str(&w->members));
    for (uint32_t i = 0; i < superseded_count; i++) {
        uint8_t number[8];
        weft_store_u64(number, superseded[i]);
        weft_buf_append(out, number, sizeof number);
    }
    weft_store_u64(t, w->offset);
    weft_store_u32(t + 8, (uint32_t)out->len);
    weft_store_u32(t + 12, WEFT_BUNDLE_FORMAT_VERSION);
    weft_store_u64(t + 16, w->number);
    weft_store_u64(t + 24, weft_clock_unix_ns());
    weft_buf_append(out, t, 32);
    weft_store_u64(t + 32, weft_hash(out->data, out->len));
    weft_store_u64(t + 40, WEFT_BUNDLE_MAGIC);
    weft_buf_append(out, t + 32, 16);
}

int weft_bundle_writer_finish(struct weft_bundle_writer *w, const uint64_t *superseded,
                              uint32_t superseded_count, struct weft_err *err)
{
    struct weft_buf tail = { 0 };
    int rc = align(w, err);

    if (rc < 0) return rc;
    directory_make(w, superseded, superseded_count, &tail);
    if ((rc = append(w, tail.data, tail.len, err)) == WEFT_OK && (rc = align(w, err)) == WEFT_OK)
        rc = append(w, tail.data, tail.len, err);
    weft_buf_release(&tail);
    if (rc < 0 || (rc = weft_file_sync_data(w->fd, w->temporary, err)) < 0) return rc;
    if ((rc = weft_file_rename(w->temporary, w->path, err)) < 0) {
        /* As with blocks: "failed" means "is not there". */
        if (access(w->temporary, F_OK) != 0) weft_file_unlink(w->path, NULL);
        return rc;
    }
    weft_free(w->temporary);
    w->temporary = NULL;
    return WEFT_OK;
}

void weft_bundle_writer_release(struct weft_bundle_writer *w)
{
    weft_file_close(&w->fd);
    if (w->temporary != NULL) weft_file_unlink(w->temporary, NULL);
    weft_free(w->temporary);
    weft_free(w->path);
    weft_buf_release(&w->members);
    *w = (struct weft_bundle_writer){ .fd = -1 };
}
