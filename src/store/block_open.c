/* block_open.c -- opening a block: footer, directory; pages checked at their first use;
 * references. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/block_internal.h"
#include "store/bundle.h"
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

static int corrupt(const struct weft_block *b, struct weft_err *err, const char *what)
{
    return weft_fail(err, WEFT_CORRUPT, "block %s: %s", b->path, what);
}

/* ---- pages ---- */

static int page_check(struct weft_block *b, uint64_t page, const char *what, struct weft_err *err)
{
    uint64_t from = page * WEFT_BLOCK_PAGE_BYTES, bit = UINT64_C(1) << (page % 64);
    uint64_t len =
        b->data_bytes - from < WEFT_BLOCK_PAGE_BYTES ? b->data_bytes - from : WEFT_BLOCK_PAGE_BYTES;

    if (atomic_load_explicit(&b->checked[page / 64], memory_order_relaxed) & bit) return WEFT_OK;
    if (weft_block_page_sum(b->map + from, len, b->info.number, page) !=
        weft_load_u64(b->sums + page * 8))
        return weft_fail(err, WEFT_CORRUPT,
                         "block %s: %s: checksum of page %llu (offset %llu) does not fit its bytes",
                         b->path, what, (unsigned long long)page, (unsigned long long)from);
    atomic_fetch_or_explicit(&b->checked[page / 64], bit, memory_order_relaxed);
    return WEFT_OK;
}

int weft_block_bytes(struct weft_block *b, uint64_t offset, uint64_t len, const char *what,
                     const uint8_t **out, struct weft_err *err)
{
    int rc;

    if (offset > b->data_bytes || len > b->data_bytes - offset)
        return weft_fail(err, WEFT_CORRUPT,
                         "block %s: %s: bytes %llu to %llu lie outside of the file's %llu", b->path,
                         what, (unsigned long long)offset, (unsigned long long)(offset + len),
                         (unsigned long long)b->data_bytes);
    *out = b->map + offset;
    if (len == 0) return WEFT_OK;
    for (uint64_t p = offset / WEFT_BLOCK_PAGE_BYTES;
         p <= (offset + len - 1) / WEFT_BLOCK_PAGE_BYTES; p++)
        if ((rc = page_check(b, p, what, err)) < 0) return rc;
    return WEFT_OK;
}

/* ---- footer ---- */

static int sections_read(struct weft_block *b, const uint8_t *entries, uint32_t count,
                         struct weft_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *e = entries + (size_t)i * WEFT_BLOCK_SECTION_BYTES;
        uint32_t kind = weft_load_u32(e), flags = weft_load_u32(e + 4);
        if (kind == 0 || kind >= WEFT_BLOCK_SECTION_LIMIT) {
            if (!(flags & WEFT_BLOCK_SECTION_REQUIRED)) continue;
            return weft_fail(
                err, WEFT_UNSUPPORTED,
                "block %s: section of kind %u is required and not known to this version", b->path,
                kind);
        }
        b->sections[kind].offset = weft_load_u64(e + 8);
        b->sections[kind].bytes = weft_load_u64(e + 16);
        b->sections[kind].is_there = true;
        if (b->sections[kind].offset < WEFT_BLOCK_HEADER_BYTES ||
            b->sections[kind].offset > b->data_bytes ||
            b->sections[kind].bytes > b->data_bytes - b->sections[kind].offset)
            return weft_fail(err, WEFT_CORRUPT, "block %s: section %u lies outside of the file",
                             b->path, kind);
    }
    for (uint32_t kind = 1; kind < WEFT_BLOCK_MASKS; kind++)
        if (!b->sections[kind].is_there)
            return weft_fail(err, WEFT_CORRUPT, "block %s: section %u is missing", b->path, kind);
    if (b->sections[WEFT_BLOCK_MASKS].bytes % WEFT_MASK_ENTRY_BYTES != 0)
        return corrupt(b, err, "masks: no whole number of entries");
    b->info.masked_count = b->sections[WEFT_BLOCK_MASKS].bytes / WEFT_MASK_ENTRY_BYTES;
    return WEFT_OK;
}

static int footer_read(struct weft_block *b, struct weft_err *err)
{
    struct weft_block_info *info = &b->info;
    int rc = weft_block_tail_find(b, err);

    if (rc < 0) return rc;
    const uint8_t *f = b->footer;
    info->number = weft_load_u64(f);
    info->created_unix_ns = weft_load_u64(f + 8);
    info->span_count = weft_load_u64(f + 16);
    info->trace_count = weft_load_u64(f + 24);
    info->error_count = weft_load_u64(f + 32);
    info->start_min = weft_load_u64(f + 40);
    info->start_max = weft_load_u64(f + 48);
    info->conflicting_duplicates = weft_load_u64(f + 56);
    b->exact_duplicates = weft_load_u64(f + 64);
    b->orphans = weft_load_u64(f + 72);
    memcpy(&info->trace_min, f + 80, 16);
    memcpy(&info->trace_max, f + 96, 16);
    info->row_group_count = weft_load_u32(f + 112);
    uint64_t segments = weft_load_u32(f + 116), blocks = weft_load_u32(f + 120),
             sections = weft_load_u32(f + 124);
    if (WEFT_BLOCK_FOOTER_FIXED + sections * WEFT_BLOCK_SECTION_BYTES + (segments + blocks) * 8 !=
        b->footer_bytes)
        return corrupt(b, err, "footer: counts do not fit its size");
    b->superseded = weft_alloc_array(segments + blocks + 1, 8);
    memcpy(b->superseded, f + WEFT_BLOCK_FOOTER_FIXED + sections * WEFT_BLOCK_SECTION_BYTES,
           (segments + blocks) * 8);
    info->superseded_segments = b->superseded;
    info->superseded_segment_count = (uint32_t)segments;
    info->superseded_blocks = b->superseded + segments;
    info->superseded_block_count = (uint32_t)blocks;
    info->path = b->path;
    info->file_bytes = b->file_bytes;
    return sections_read(b, f + WEFT_BLOCK_FOOTER_FIXED, (uint32_t)sections, err);
}

static int directory_read(struct weft_block *b, struct weft_err *err)
{
    uint64_t n = b->info.row_group_count, spans = 0;
    const uint8_t *e;
    int rc;

    if (b->sections[WEFT_BLOCK_ROW_GROUPS].bytes != n * WEFT_ROWS_ENTRY_BYTES || n > (1u << 20))
        return corrupt(b, err, "row group directory: its size does not fit the footer's count");
    if ((rc = weft_block_bytes(b, b->sections[WEFT_BLOCK_ROW_GROUPS].offset,
                               n * WEFT_ROWS_ENTRY_BYTES, "row group directory", &e, err)) < 0)
        return rc;
    b->rows = weft_alloc_array(n + 1, sizeof *b->rows);
    b->traces_checked = weft_alloc_array(n + 1, sizeof *b->traces_checked);
    for (uint64_t i = 0; i < n; i++, e += WEFT_ROWS_ENTRY_BYTES) {
        struct weft_rows_entry *r = &b->rows[i];
        *r = (struct weft_rows_entry){ .offset = weft_load_u64(e),
                                       .bytes = weft_load_u64(e + 8),
                                       .span_count = weft_load_u32(e + 16),
                                       .trace_count = weft_load_u32(e + 20),
                                       .start_min = weft_load_u64(e + 56),
                                       .start_max = weft_load_u64(e + 64),
                                       .duration_max = weft_load_u64(e + 72),
                                       .error_count = weft_load_u32(e + 80) };
        memcpy(&r->first, e + 24, 16);
        memcpy(&r->last, e + 40, 16);
        spans += r->span_count;
        if (r->offset < WEFT_BLOCK_HEADER_BYTES || r->offset > b->data_bytes ||
            r->bytes > b->data_bytes - r->offset || r->bytes > UINT32_MAX || r->offset % 8 != 0 ||
            r->span_count == 0 || r->span_count > WEFT_ROWS_MAX || r->trace_count == 0 ||
            r->trace_count > r->span_count || memcmp(&r->first, &r->last, 16) > 0 ||
            (i > 0 && memcmp(&b->rows[i - 1].last, &r->first, 16) > 0))
            return weft_fail(err, WEFT_CORRUPT,
                             "block %s: row group directory: entry %llu is out of bounds or order",
                             b->path, (unsigned long long)i);
    }
    return spans == b->info.span_count
               ? WEFT_OK
               : corrupt(b, err, "row group directory: spans do not add up to the footer's count");
}

static struct weft_block *block_create(char *path)
{
    struct weft_block *b = weft_alloc_zero(sizeof *b);

    atomic_init(&b->references, 1);
    pthread_mutex_init(&b->lock, NULL);
    weft_arena_init(&b->arena, 0);
    b->path = path;
    return b;
}

/* Its bytes are mapped: all that is read at opening. */
static int contents_read(struct weft_block *b, struct weft_err *err)
{
    int rc = footer_read(b, err);

    if (rc < 0) return rc;
    b->checked = weft_alloc_zero((b->page_count + 63) / 64 * sizeof *b->checked);
    return directory_read(b, err);
}

static int file_map(struct weft_block *b, struct weft_err *err)
{
    const void *map = NULL;
    int fd = -1, rc;

    if ((rc = weft_file_open(&fd, b->path, O_RDONLY, err)) < 0) return rc;
    if ((rc = weft_file_size(fd, b->path, &b->file_bytes, err)) == WEFT_OK && b->file_bytes == 0)
        rc = corrupt(b, err, "the file is empty");
    if (rc == WEFT_OK) rc = weft_file_map(&map, fd, b->path, b->file_bytes, err);
    weft_file_close(&fd);
    b->map = map;
    return rc;
}

int weft_block_open(struct weft_block **out, const char *path, struct weft_err *err)
{
    struct weft_block *b = block_create(strdup(path));
    int rc;

    if ((rc = file_map(b, err)) < 0 || (rc = contents_read(b, err)) < 0) {
        weft_block_unref(b);
        return rc;
    }
    *out = b;
    return WEFT_OK;
}

int weft_block_open_member(struct weft_block **out, struct weft_bundle *bundle,
                           const uint8_t *bytes, uint64_t len, char *name, struct weft_err *err)
{
    struct weft_block *b = block_create(name);
    int rc;

    weft_bundle_ref(bundle);
    b->bundle = bundle;
    b->map = bytes;
    b->file_bytes = len;
    if ((rc = contents_read(b, err)) < 0) {
        weft_block_unref(b);
        return rc;
    }
    *out = b;
    return WEFT_OK;
}

int weft_block_intact(const struct weft_block *block, struct weft_err *err)
{
    if (!weft_file_map_is_unreadable(block->map, block->file_bytes)) return WEFT_OK;
    return corrupt(block, err, "the disk could not read a page of it");
}

void weft_block_ref(struct weft_block *block)
{
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
}

void weft_block_unref(struct weft_block *b)
{
    if (b == NULL || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    if (b->bundle == NULL) {
        if (atomic_load_explicit(&b->is_obsolete, memory_order_relaxed))
            weft_file_unlink(b->path, NULL);
        if (b->map != NULL) weft_file_unmap(b->map, b->file_bytes);
    }
    weft_bundle_unref(b->bundle);
    pthread_mutex_destroy(&b->lock);
    weft_arena_release(&b->arena);
    weft_free(b->checked);
    weft_free(b->traces_checked);
    weft_free(b->superseded);
    weft_free(b->rows);
    free(b->path);
    weft_free(b);
}

void weft_block_mark_obsolete(struct weft_block *block)
{
    atomic_store_explicit(&block->is_obsolete, true, memory_order_relaxed);
}

void weft_block_info(const struct weft_block *block, struct weft_block_info *out)
{
    *out = block->info;
}

int weft_block_masked(struct weft_block *b, struct weft_buf *out, struct weft_err *err)
{
    const uint8_t *e;
    int rc = weft_block_bytes(b, b->sections[WEFT_BLOCK_MASKS].offset,
                              b->sections[WEFT_BLOCK_MASKS].bytes, "masks", &e, err);

    if (rc < 0) return rc;
    for (uint64_t i = 0; i < b->info.masked_count; i++, e += WEFT_MASK_ENTRY_BYTES) {
        struct weft_mask_entry entry = { .block = weft_load_u64(e),
                                         .row_group = weft_load_u32(e + 8),
                                         .trace = weft_load_u32(e + 12),
                                         .spans = weft_load_u32(e + 16) };
        weft_buf_append(out, &entry, sizeof entry);
    }
    return WEFT_OK;
}

uint64_t weft_block_number(const struct weft_block *block)
{
    return block->info.number;
}
