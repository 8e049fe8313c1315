/* store_directory.c -- the store's directory at opening: whose it is, what lies in it, what is left
 * over from a crash.
 *
 * What is believed, in this order: a block's footer (a block exists under its name only when it is
 * whole; what it names as superseded is gone, whether its file lies there or not), then segment
 * files, then CATALOG as a cache of footers.
 */
#include "base/random.h"
#include "store/store_internal.h"
#include <fcntl.h>
#include <unistd.h>

void weft_store_path(const struct weft_store *store, char out[static WEFT_STORE_PATH_MAX],
                     const char *kind, uint64_t number)
{
    snprintf(out, WEFT_STORE_PATH_MAX, "%s/%s-%016llx.weft", store->directory, kind,
             (unsigned long long)number);
}

/* ---- whose it is ---- */

static int lock_refused(const char *path, struct weft_err *err)
{
    struct weft_buf holder = { 0 };

    if (weft_file_read_all(&holder, path, 64, NULL) < 0) weft_buf_reset(&holder);
    struct weft_str pid = weft_str_trim(weft_buf_str(&holder));
    weft_fail(err, WEFT_BUSY,
              "%s is locked by process %.*s: one weft at a time can write to a directory", path,
              pid.len > 0 ? (int)pid.len : 7, pid.len > 0 ? pid.ptr : "unknown");
    weft_buf_release(&holder);
    return WEFT_BUSY;
}

int weft_store_lock_directory(int *fd, const char *directory, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX], pid[32];
    int rc;

    snprintf(path, sizeof path, "%s/LOCK", directory);
    if ((rc = weft_file_open(fd, path, O_RDWR | O_CREAT, err)) < 0) return rc;
    if ((rc = weft_file_lock(*fd, path, err)) < 0) {
        weft_file_close(fd);
        return rc == WEFT_BUSY ? lock_refused(path, err) : rc;
    }
    /* The file stays for ever: to remove it would let a third process lock a new file of that name
     * beside ours. */
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if ((rc = weft_file_truncate(*fd, path, 0, err)) < 0) return rc;
    return weft_file_write_at(*fd, path, pid, (size_t)len, 0, err);
}

int weft_store_lock(struct weft_store *store, struct weft_err *err)
{
    return weft_store_lock_directory(&store->lock_fd, store->directory, err);
}

/* ---- what lies in it ---- */

struct numbers {
    uint64_t *items;
    uint32_t count, capacity;
};

struct scan {
    struct weft_store *store;
    struct numbers segments, blocks, spares;
    struct weft_catalog catalog;
    uint64_t number_max; /* of every number seen, also of files that are gone */
    struct weft_store_segment *found_segments;
    uint32_t found_segment_count;
    struct weft_store_block **found_blocks;
    uint32_t found_block_count;
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

/* "<kind>-<16 lower-case hex digits>.weft" */
static bool name_parse(const char *name, const char *kind, uint64_t *number)
{
    size_t kind_len = strlen(kind);

    if (strncmp(name, kind, kind_len) != 0 || name[kind_len] != '-' ||
        strlen(name) != kind_len + 1 + 16 + 5 || strcmp(name + kind_len + 17, ".weft") != 0)
        return false;
    *number = 0;
    for (const char *digit = name + kind_len + 1; *digit != '.'; digit++) {
        if (*digit >= '0' && *digit <= '9')
            *number = *number << 4 | (uint64_t)(*digit - '0');
        else if (*digit >= 'a' && *digit <= 'f')
            *number = *number << 4 | (uint64_t)(*digit - 'a' + 10);
        else
            return false;
    }
    return true;
}

static void remove_logged(const char *path, const char *why)
{
    struct weft_err err;

    if (weft_file_unlink(path, &err) < 0)
        weft_log(WEFT_LOG_WARN, "store", "%s", err.text);
    else
        weft_log(WEFT_LOG_INFO, "store", "removed %s: %s", path, why);
}

static void name_take(void *arg, const char *name)
{
    struct scan *scan = arg;
    uint64_t number = 0;
    struct weft_str s = weft_str_from_c(name);

    if (name_parse(name, "segment", &number))
        numbers_add(&scan->segments, number);
    else if (name_parse(name, "block", &number))
        numbers_add(&scan->blocks, number);
    else if (name_parse(name, "spare", &number))
        numbers_add(&scan->spares, number);
    else if (!scan->store->options.read_only &&
             (weft_str_ends_with(s, WEFT_S(".tmp")) || weft_str_ends_with(s, WEFT_S(".new")))) {
        char path[WEFT_STORE_PATH_MAX];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", scan->store->directory, name) <
            sizeof path)
            remove_logged(path, "half-written before a crash");
    }
    if (number > scan->number_max) scan->number_max = number;
}

static int list_directory(struct scan *scan, struct weft_err *err)
{
    int rc = weft_file_list(scan->store->directory, name_take, scan, err);

    if (rc == WEFT_NOT_FOUND) rc = WEFT_IO; /* a store without its directory is no empty store */
    numbers_sort(&scan->segments);
    numbers_sort(&scan->blocks);
    numbers_sort(&scan->spares);
    return rc;
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
static void damaged(struct scan *scan, const struct weft_err *err)
{
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

static int block_take(struct scan *scan, uint64_t number, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    uint64_t bytes = 0;
    struct weft_block *open = NULL;
    struct weft_block_summary footer;

    weft_store_path(scan->store, path, "block", number);
    const struct weft_block_summary *summary = weft_catalog_find(&scan->catalog, number);
    if (summary == NULL || weft_file_size_of(path, &bytes, NULL) < 0 ||
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
    scan->found_blocks[scan->found_block_count++] = weft_store_block_create(path, summary, open);
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
                     block->path);
            atomic_store(&block->is_obsolete, true);
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
    weft_segment_view_init(&view, segment);
    bool is_empty = view.span_count == 0;
    weft_segment_view_release(&view);
    if (is_empty) {
        if (!store->options.read_only) weft_segment_mark_obsolete(segment, NULL);
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

static int scan_files(struct scan *scan, struct weft_err *err)
{
    struct numbers superseded_blocks = { 0 }, superseded_segments = { 0 };
    int rc;

    if ((rc = list_directory(scan, err)) < 0) return rc;
    read_catalog(scan);
    scan->found_blocks = weft_alloc_array(scan->blocks.count + 1, sizeof *scan->found_blocks);
    scan->found_segments = weft_alloc_array(scan->segments.count + 1, sizeof *scan->found_segments);
    for (uint32_t i = 0; i < scan->blocks.count; i++)
        if ((rc = block_take(scan, scan->blocks.items[i], err)) < 0) return rc;

    for (uint32_t i = 0; i < scan->found_block_count; i++) {
        const struct weft_block_summary *b = &scan->found_blocks[i]->summary;
        superseded_add(scan, &superseded_segments, b->superseded_segments,
                       b->superseded_segment_count);
        superseded_add(scan, &superseded_blocks, b->superseded_blocks, b->superseded_block_count);
    }
    numbers_sort(&superseded_segments);
    numbers_sort(&superseded_blocks);
    drop_superseded_blocks(scan, &superseded_blocks);
    for (uint32_t i = 0; i < scan->segments.count && rc == WEFT_OK; i++) {
        uint64_t number = scan->segments.items[i];
        rc = segment_take(scan, number, numbers_have(&superseded_segments, number), err);
    }
    if (rc == WEFT_OK) spares_take(scan);
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
        rc = scan_files(&scan, err);
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
