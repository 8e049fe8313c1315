/* store_scan.c -- what lies in the directory at opening, and what is left over from a crash.
 *
 * What is believed, in this order: a bundle's directory (its members are read there, whatever files of
 * their numbers or bundles it supersedes lie beside it), a block's footer (a block exists under its
 * name only when it is whole; what it names as superseded is gone, whether its file lies there or
 * not), then segment files, then CATALOG as a cache of footers and directories.
 */
#include "store/store_files.h"
#include "store/store_internal.h"
#include <fcntl.h>

struct numbers {
    uint64_t *items;
    uint32_t count, capacity;
};

struct scan {
    struct weft_store *store;
    struct numbers segments, blocks, bundles, spares;
    struct numbers superseded_bundles, members; /* of the bundles believed */
    struct weft_catalog catalog;
    uint64_t number_max; /* of every number seen, also of files that are gone */
    struct weft_store_segment *found_segments;
    uint32_t found_segment_count;
    struct weft_store_block **found_blocks;
    uint32_t found_block_count, found_block_capacity;
    bool
        vanished; /* read-only: the process that serves the directory removed a file we had listed */
    bool catalog_is_stale;
};

static void numbers_add(struct numbers *list, uint64_t number)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        list->items = weft_realloc_array(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = number;
}

static int number_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void numbers_sort(struct numbers *list)
{
    if (list->count > 1) qsort(list->items, list->count, sizeof *list->items, number_compare);
}

static bool numbers_have(const struct numbers *sorted, uint64_t number)
{
    return sorted->count > 0 && bsearch(&number, sorted->items, sorted->count,
                                        sizeof *sorted->items, number_compare) != NULL;
}

static void remove_logged(const char *path, const char *why)
{
    struct weft_err err;

    if (weft_file_unlink(path, &err) < 0)
        weft_log(WEFT_LOG_WARN, "store", "%s", err.text);
    else
        weft_log(WEFT_LOG_INFO, "store", "removed %s: %s", path, why);
}

static void file_take(struct scan *scan, const struct weft_store_file *file)
{
    char path[WEFT_STORE_PATH_MAX];

    if (file->number > scan->number_max) scan->number_max = file->number;
    switch (file->kind) {
    case WEFT_STORE_FILE_SEGMENT: numbers_add(&scan->segments, file->number); break;
    case WEFT_STORE_FILE_BLOCK: numbers_add(&scan->blocks, file->number); break;
    case WEFT_STORE_FILE_BUNDLE: numbers_add(&scan->bundles, file->number); break;
    case WEFT_STORE_FILE_SPARE: numbers_add(&scan->spares, file->number); break;
    case WEFT_STORE_FILE_LEFTOVER:
        if (!scan->store->options.read_only &&
            (size_t)snprintf(path, sizeof path, "%s/%s", scan->store->directory, file->name) <
                sizeof path)
            remove_logged(path, "half-written before a crash");
        break;
    default: break;
    }
}

/* Beside a process that serves the directory, one reading of it may miss what a compaction is just replacing. */
static int list_directory(struct scan *scan, struct weft_err *err)
{
    struct weft_store_files files;
    const char *directory = scan->store->directory;
    int rc = scan->store->options.read_only ? weft_store_files_list_stable(&files, directory, err)
                                            : weft_store_files_list(&files, directory, err);

    if (rc == WEFT_NOT_FOUND) rc = WEFT_IO; /* a store without its directory is no empty store */
    if (rc < 0) return rc;
    for (uint32_t i = 0; i < files.count; i++) file_take(scan, &files.items[i]);
    weft_store_files_release(&files);
    numbers_sort(&scan->segments);
    numbers_sort(&scan->blocks);
    numbers_sort(&scan->bundles);
    numbers_sort(&scan->spares);
    return WEFT_OK;
}

static void read_catalog(struct scan *scan)
{
    char path[WEFT_STORE_PATH_MAX];
    struct weft_err err;

    snprintf(path, sizeof path, "%s/CATALOG", scan->store->directory);
    int rc = weft_catalog_read(&scan->catalog, path, &err);
    if (rc < 0 && rc != WEFT_NOT_FOUND)
        weft_log(WEFT_LOG_WARN, "store", "%s: made anew from the blocks' footers", err.text);
    if (rc < 0) scan->catalog_is_stale = true;
    if (scan->catalog.next_number > scan->number_max + 1)
        scan->number_max = scan->catalog.next_number - 1;
}

/* A file that cannot be read stays where it is and is counted: answers are then marked as
 * partial. */
static void damaged(void *arg, const struct weft_err *err)
{
    struct scan *scan = arg;
    atomic_fetch_add(&scan->store->damaged_files, 1);
    weft_log(WEFT_LOG_ERROR, "store", "%s; left as it is, searches will be marked partial",
             err->text);
}

bool weft_store_segment_is_unwritten(const char *path)
{
    char page[4096];
    uint64_t bytes = 0;
    int fd;
    bool is_zero = true;

    if (weft_file_open(&fd, path, O_RDONLY, NULL) < 0) return false;
    if (weft_file_size(fd, path, &bytes, NULL) < 0) is_zero = false;
    size_t len = bytes < sizeof page ? (size_t)bytes : sizeof page;
    if (is_zero && weft_file_read_at(fd, path, page, len, 0, NULL) < 0) is_zero = false;
    weft_file_close(&fd);
    for (size_t i = 0; i < len && is_zero; i++) is_zero = page[i] == 0;
    return is_zero;
}

/* What follows from a failure to open a file at start: 0, go on without it. */
static int open_failed(struct scan *scan, int rc, const struct weft_err *err)
{
    if (rc == WEFT_NOT_FOUND && scan->store->options.read_only) {
        scan->vanished = true;
        return WEFT_OK;
    }
    if (rc != WEFT_CORRUPT && rc != WEFT_UNSUPPORTED) return rc;
    damaged(scan, err);
    return WEFT_OK;
}

static void found_add(struct scan *scan, struct weft_store_block *block)
{
    if (scan->found_block_count == scan->found_block_capacity) {
        scan->found_block_capacity =
            scan->found_block_capacity == 0 ? 64 : scan->found_block_capacity * 2;
        scan->found_blocks = weft_realloc_array(scan->found_blocks, scan->found_block_capacity,
                                                sizeof(struct weft_store_block *));
    }
    scan->found_blocks[scan->found_block_count++] = block;
}

static int block_take(struct scan *scan, uint64_t number, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    uint64_t bytes = 0;
    struct weft_block *open = NULL;
    struct weft_block_summary footer;

    weft_store_path(scan->store, path, "block", number);
    const struct weft_block_summary *summary = weft_catalog_find(&scan->catalog, number);
    if (summary == NULL || summary->bundle != 0 || weft_file_size_of(path, &bytes, NULL) < 0 ||
        bytes != summary->file_bytes) {
        struct weft_err why;
        scan->catalog_is_stale = true;
        int rc = weft_block_open(&open, path, &why);
        if (rc < 0) {
            if (err != NULL) *err = why;
            return open_failed(scan, rc, &why);
        }
        weft_block_summary_from(&footer, open);
        summary = &footer;
    }
    struct weft_store_container *file =
        weft_store_container_create(path, number, summary->file_bytes, summary->created_unix_ns);
    found_add(scan, weft_store_block_create(file, summary, NULL, open));
    weft_store_container_unref(file);
    return WEFT_OK;
}

static void superseded_add(struct scan *scan, struct numbers *out, const uint64_t *numbers,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] > scan->number_max) scan->number_max = numbers[i];
        numbers_add(out, numbers[i]);
    }
}

/* Blocks whose contents a later block has: a crash came between its rename and their removal. */
static void drop_superseded_blocks(struct scan *scan, const struct numbers *superseded)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < scan->found_block_count; i++) {
        struct weft_store_block *block = scan->found_blocks[i];
        if (!numbers_have(superseded, block->summary.number)) {
            scan->found_blocks[kept++] = block;
            continue;
        }
        if (!scan->store->options.read_only) {
            weft_log(WEFT_LOG_INFO, "store", "removed %s: a later block has its spans",
                     block->file->path);
            atomic_store(&block->file->is_obsolete, !block->file->is_bundle);
        }
        weft_store_block_unref(block);
    }
    scan->found_block_count = kept;
}

static int segment_take(struct scan *scan, uint64_t number, bool is_superseded,
                        struct weft_err *err)
{
    struct weft_store *store = scan->store;
    char path[WEFT_STORE_PATH_MAX];
    struct weft_segment *segment = NULL;
    struct weft_segment_view view;
    struct weft_err why;
    uint64_t torn_bytes = 0;

    weft_store_path(store, path, "segment", number);
    if (is_superseded) {
        if (!store->options.read_only) remove_logged(path, "a block has its spans");
        return WEFT_OK;
    }
    int rc = weft_segment_open(&segment, path, &torn_bytes, &why);
    if (rc == WEFT_CORRUPT && weft_store_segment_is_unwritten(path)) {
        if (!store->options.read_only) remove_logged(path, "made before a crash, never written to");
        return WEFT_OK;
    }
    if (rc < 0) {
        if (err != NULL) *err = why;
        return open_failed(scan, rc, &why);
    }
    if (torn_bytes > 0) {
        weft_log(WEFT_LOG_INFO, "store", "%s: cut off %llu bytes of a commit that was not finished",
                 path, (unsigned long long)torn_bytes);
        atomic_fetch_add(&store->torn_bytes, torn_bytes);
    }
    bool is_damaged = weft_segment_damaged_bytes(segment) > 0;
    if (is_damaged) atomic_fetch_add(&store->damaged_files, 1); /* opening it has said why */
    weft_segment_view_init(&view, segment);
    bool is_empty = view.span_count == 0;
    weft_segment_view_release(&view);
    if (is_empty) {
        if (!store->options.read_only && !is_damaged) weft_segment_mark_obsolete(segment, NULL);
        weft_segment_unref(segment);
        return WEFT_OK;
    }
    scan->found_segments[scan->found_segment_count++] =
        (struct weft_store_segment){ .segment = segment,
                                     .memo = weft_store_memo_create(),
                                     .number = number,
                                     .sealed_ns = weft_clock_monotonic_ns() };
    return WEFT_OK;
}

static void spares_take(struct scan *scan)
{
    uint32_t keep = scan->store->options.writer_count + 2;
    char path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < scan->spares.count; i++) {
        if (scan->store->options.read_only || scan->store->spare_count < keep) {
            weft_store_spare_add(scan->store, scan->spares.items[i]);
            continue;
        }
        weft_store_path(scan->store, path, "spare", scan->spares.items[i]);
        remove_logged(path, "enough spare files are kept");
    }
}

/* ---- bundles ---- */

static void superseded_bundles_add(struct scan *scan, const struct weft_store_container *file)
{
    for (uint32_t i = 0; i < file->superseded_bundle_count; i++) {
        uint64_t number = file->superseded_bundles[i];
        if (number > scan->number_max) scan->number_max = number;
        numbers_add(&scan->superseded_bundles, number);
    }
    numbers_sort(&scan->superseded_bundles);
}

/* What CATALOG says of a bundle, if it is about this file and has all members. */
static bool bundle_from_catalog(struct scan *scan, const char *path, uint64_t number)
{
    const struct weft_bundle_summary *summary = weft_catalog_find_bundle(&scan->catalog, number);
    uint64_t bytes = 0;
    uint32_t members = 0;

    if (summary == NULL || weft_file_size_of(path, &bytes, NULL) < 0 ||
        bytes != summary->file_bytes)
        return false;
    for (uint32_t i = 0; i < scan->catalog.block_count; i++)
        members += scan->catalog.blocks[i].bundle == number;
    if (members != summary->member_count) return false;
    struct weft_store_container *file = weft_store_container_create_bundle(path, summary, NULL);
    for (uint32_t i = 0; i < scan->catalog.block_count; i++)
        if (scan->catalog.blocks[i].bundle == number)
            found_add(scan, weft_store_block_create(file, &scan->catalog.blocks[i], NULL, NULL));
    superseded_bundles_add(scan, file);
    weft_store_container_unref(file);
    return true;
}

static int bundle_from_file(struct scan *scan, const char *path, uint64_t number,
                            struct weft_err *err)
{
    struct weft_store_block **members = NULL;
    struct weft_store_container *file = NULL;
    uint32_t count = 0;
    int rc = weft_store_bundle_read(path, number, &file, &members, &count, damaged, scan, err);

    scan->catalog_is_stale = true;
    if (rc == WEFT_OK) superseded_bundles_add(scan, file);
    for (uint32_t i = 0; i < count; i++) found_add(scan, members[i]);
    weft_free(members);
    weft_store_container_unref(file);
    return rc;
}

/* Newest first: a bundle is not looked at when a later one supersedes it. */
static int bundles_take(struct scan *scan, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = scan->bundles.count; i > 0; i--) {
        uint64_t number = scan->bundles.items[i - 1];
        uint32_t first = scan->found_block_count;
        struct weft_err why;
        weft_store_path(scan->store, path, "bundle", number);
        if (numbers_have(&scan->superseded_bundles, number)) {
            if (!scan->store->options.read_only)
                remove_logged(path, "a later bundle has its blocks");
            continue;
        }
        int rc = bundle_from_catalog(scan, path, number)
                     ? WEFT_OK
                     : bundle_from_file(scan, path, number, &why);
        if (rc < 0) {
            if (err != NULL) *err = why;
            if ((rc = open_failed(scan, rc, &why)) < 0) return rc;
            continue;
        }
        for (uint32_t k = first; k < scan->found_block_count; k++)
            numbers_add(&scan->members, scan->found_blocks[k]->summary.number);
    }
    numbers_sort(&scan->members);
    if (scan->members.count > 0 && scan->members.items[scan->members.count - 1] > scan->number_max)
        scan->number_max = scan->members.items[scan->members.count - 1];
    return WEFT_OK;
}

static int block_compare(const void *a, const void *b)
{
    const struct weft_store_block *x = *(struct weft_store_block *const *)a,
                                  *y = *(struct weft_store_block *const *)b;
    return (x->summary.number > y->summary.number) - (x->summary.number < y->summary.number);
}

/* Those in files of their own; then all are in order of their numbers. */
static int blocks_take(struct scan *scan, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    int rc;

    for (uint32_t i = 0; i < scan->blocks.count; i++) {
        uint64_t number = scan->blocks.items[i];
        if (numbers_have(&scan->members, number)) {
            weft_store_path(scan->store, path, "block", number);
            if (!scan->store->options.read_only) remove_logged(path, "a bundle has it");
            continue;
        }
        if ((rc = block_take(scan, number, err)) < 0) return rc;
    }
    if (scan->found_block_count > 1)
        qsort(scan->found_blocks, scan->found_block_count, sizeof(struct weft_store_block *),
              block_compare);
    return WEFT_OK;
}

/* Only patches have any; CATALOG says which blocks these are. A patch that cannot be read masks
 * nothing: then its traces are found in the old places, as far as they are there. */
static int masks_gather(struct scan *scan, struct weft_err *err)
{
    struct weft_buf entries = { 0 };

    for (uint32_t i = 0; i < scan->found_block_count; i++) {
        struct weft_store_block *entry = scan->found_blocks[i];
        struct weft_block *block;
        struct weft_err why;
        if (entry->summary.masked_count == 0) continue;
        int rc = weft_store_block_get(entry, &block, &why);
        if (rc == WEFT_OK) rc = weft_block_masked(block, &entries, &why);
        if (rc < 0 && err != NULL) *err = why;
        if (rc < 0 && (rc = open_failed(scan, rc, &why)) < 0) {
            weft_buf_release(&entries);
            return rc;
        }
    }
    weft_store_blocks_mask(scan->found_blocks, scan->found_block_count, (void *)entries.data,
                           entries.len / sizeof(struct weft_mask_entry));
    weft_buf_release(&entries);
    return WEFT_OK;
}

static int scan_files(struct scan *scan, struct weft_err *err)
{
    struct numbers superseded_blocks = { 0 }, superseded_segments = { 0 };
    int rc;

    if ((rc = list_directory(scan, err)) < 0) return rc;
    read_catalog(scan);
    scan->found_segments = weft_alloc_array(scan->segments.count + 1, sizeof *scan->found_segments);
    if ((rc = bundles_take(scan, err)) < 0 || (rc = blocks_take(scan, err)) < 0) return rc;
    for (uint32_t i = 0; i < scan->found_block_count; i++) {
        const struct weft_block_summary *b = &scan->found_blocks[i]->summary;
        superseded_add(scan, &superseded_segments, b->superseded_segments,
                       b->superseded_segment_count);
        superseded_add(scan, &superseded_blocks, b->superseded_blocks, b->superseded_block_count);
    }
    numbers_sort(&superseded_segments);
    numbers_sort(&superseded_blocks);
    drop_superseded_blocks(scan, &superseded_blocks);
    if ((rc = masks_gather(scan, err)) < 0) goto done;
    for (uint32_t i = 0; i < scan->segments.count && rc == WEFT_OK; i++) {
        uint64_t number = scan->segments.items[i];
        rc = segment_take(scan, number, numbers_have(&superseded_segments, number), err);
    }
    if (rc == WEFT_OK) spares_take(scan);
done:
    weft_free(superseded_blocks.items);
    weft_free(superseded_segments.items);
    return rc;
}

static void scan_release(struct scan *scan)
{
    for (uint32_t i = 0; i < scan->found_segment_count; i++)
        weft_store_segment_release(&scan->found_segments[i]);
    for (uint32_t i = 0; i < scan->found_block_count; i++)
        weft_store_block_unref(scan->found_blocks[i]);
    weft_free(scan->found_segments);
    weft_free(scan->found_blocks);
    weft_free(scan->segments.items);
    weft_free(scan->blocks.items);
    weft_free(scan->bundles.items);
    weft_free(scan->superseded_bundles.items);
    weft_free(scan->members.items);
    weft_free(scan->spares.items);
    weft_catalog_release(&scan->catalog);
}

#define RESCANS_MAX 20

int weft_store_scan(struct weft_store *store, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (unsigned attempt = 0;; attempt++) {
        struct scan scan = { .store = store };
        weft_catalog_init(&scan.catalog);
        atomic_store(&store->damaged_files, 0);
        store->spare_count = 0;
        rc = store->options.read_only ? weft_store_restore_is_done(store->directory, err) : WEFT_OK;
        if (rc == WEFT_OK) rc = scan_files(&scan, err);
        if (rc == WEFT_OK && scan.vanished && attempt < RESCANS_MAX) {
            scan_release(&scan); /* a compaction went by: look again */
            continue;
        }
        if (rc == WEFT_OK) {
            weft_store_set_first(store, scan.found_segments, scan.found_segment_count,
                                 scan.found_blocks, scan.found_block_count);
            scan.found_segment_count = scan.found_block_count = 0;
            atomic_store(&store->next_number, scan.number_max + 1);
            if (scan.catalog_is_stale && !store->options.read_only) weft_store_catalog_save(store);
        }
        scan_release(&scan);
        return rc;
    }
}
