/* store_inspect.c -- see store_inspect.h. */
#include "store/store_inspect.h"
#include "base/map.h"
#include "store/file_explain.h"
#include "store/store_costs.h"
#include "store/store_files.h"
#include "store/store_internal.h"
#include <sys/stat.h>

/* ---- sizes ---- */

static int size_compare(const void *a, const void *b)
{
    const struct weft_block_size *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return weft_str_compare(weft_str_from_c(x->what), weft_str_from_c(y->what));
}

#define BLOCK_PARTS_MAX 4096

struct sizes {
    struct weft_map places;
    struct weft_block_size *parts, *of_block;
    uint32_t count;
    struct weft_arena *arena;
};

static int sizes_add(struct sizes *sizes, struct weft_block *block, const char *path,
                     struct weft_err *err)
{
    uint32_t count = 0;
    int rc = weft_block_sizes(block, sizes->of_block, BLOCK_PARTS_MAX, &count);

    for (uint32_t i = 0; rc == WEFT_OK && i < count && i < BLOCK_PARTS_MAX; i++) {
        bool is_new;
        struct weft_str what = weft_str_from_c(sizes->of_block[i].what);
        const uint64_t *place = weft_map_put(&sizes->places, what, sizes->count, &is_new);
        if (is_new) {
            sizes->parts = weft_realloc_array(sizes->parts, sizes->count + 1, sizeof *sizes->parts);
            sizes->parts[sizes->count++] =
                (struct weft_block_size){ .what = weft_arena_copy_c(sizes->arena, what) };
        }
        sizes->parts[*place].bytes += sizes->of_block[i].bytes;
    }
    if (rc < 0) weft_fail(err, rc, "%s: its sizes cannot be read", path);
    return rc;
}

static void range_add(struct weft_store_sizes *out, uint64_t spans, uint64_t start_min,
                      uint64_t start_max)
{
    if (spans == 0) return;
    bool is_first = out->start_max == 0 && out->start_min == 0;
    if (is_first || start_min < out->start_min) out->start_min = start_min;
    if (is_first || start_max > out->start_max) out->start_max = start_max;
}

/* *vanished: a block was compacted away by the process that serves the directory before we opened it. */
static int sizes_of_set(const char *directory, struct weft_store_sizes *out,
                        struct weft_arena *arena, bool *vanished, struct weft_err *err)
{
    struct weft_store *store;
    struct sizes sizes = { .arena = arena };
    int rc;

    *out = (struct weft_store_sizes){ .by = out->by };
    if ((rc = weft_store_open(
             &store, &(struct weft_store_options){ .directory = directory, .read_only = true },
             err)) < 0)
        return rc;
    weft_store_stats(store, &out->stats);
    struct weft_store_costs *costs = out->by != NULL ? weft_store_costs_create(out->by) : NULL;
    sizes.of_block = weft_alloc_array(BLOCK_PARTS_MAX, sizeof *sizes.of_block);
    struct weft_store_set *set = weft_store_set_take(store);
    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct weft_segment_view view;
        weft_segment_view_init(&view, set->segments[i].segment);
        range_add(out, view.span_count, view.start_min, view.start_max);
        weft_segment_view_release(&view);
    }
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK; i++) {
        const struct weft_block_summary *summary = &set->blocks[i]->summary;
        struct weft_block *block;
        range_add(out, summary->span_count, summary->start_min, summary->start_max);
        rc = weft_store_block_get(set->blocks[i], &block, err);
        *vanished = rc == WEFT_NOT_FOUND;
        if (rc == WEFT_OK) rc = sizes_add(&sizes, block, set->blocks[i]->file->path, err);
        if (rc == WEFT_OK && costs != NULL) rc = weft_store_costs_add(costs, block, err);
    }
    weft_store_set_release(set);
    if (costs != NULL) weft_store_costs_finish(costs, out, arena);
    if (sizes.count > 1) qsort(sizes.parts, sizes.count, sizeof *sizes.parts, size_compare);
    out->parts = weft_arena_alloc_array(arena, sizes.count, sizeof *out->parts);
    if (sizes.count > 0) memcpy(out->parts, sizes.parts, sizes.count * sizeof *out->parts);
    out->part_count = sizes.count;
    weft_free(sizes.parts);
    weft_free(sizes.of_block);
    weft_map_release(&sizes.places);
    weft_store_close(store);
    return rc;
}

#define SETS_MAX 20

int weft_store_sizes(const char *directory, struct weft_store_sizes *out, struct weft_arena *arena,
                     struct weft_err *err)
{
    bool vanished = false;
    int rc = WEFT_OK;

    for (unsigned i = 0; i < SETS_MAX && (i == 0 || vanished); i++) {
        vanished = false;
        rc = sizes_of_set(directory, out, arena, &vanished, err);
    }
    return rc;
}

/* ---- dump ---- */

static void print_range(struct weft_buf *out, uint64_t start_min, uint64_t start_max)
{
    char from[64], to[64];

    weft_time_format_rfc3339(from, sizeof from, start_min, 6);
    weft_time_format_rfc3339(to, sizeof to, start_max, 6);
    weft_buf_printf(out, "%s to %s", from, to);
}

static void dump_segment_view(const struct weft_segment_view *view, const char *path,
                              uint64_t torn_bytes, struct weft_buf *out)
{
    struct weft_segment_bytes bytes;
    char created[64];

    weft_segment_bytes(view->segment, &bytes);
    weft_time_format_rfc3339(created, sizeof created, weft_segment_created_unix_ns(view->segment),
                             3);
    weft_buf_printf(out, "%s\n  segment %llu, created %s, %llu of %llu bytes used, %llu torn\n",
                    path, (unsigned long long)weft_segment_number(view->segment), created,
                    (unsigned long long)bytes.used, (unsigned long long)bytes.file,
                    (unsigned long long)torn_bytes);
    weft_buf_printf(out,
                    "  tables: %u strings, %u keys, %u shapes, %u heads, %u resources, %u scopes\n",
                    view->string_count, view->key_count, view->shape_count, view->head_count,
                    view->resource_count, view->scope_count);
    weft_buf_printf(out, "  %u spans in %u chunks\n", view->span_count, view->chunk_count);
    for (uint32_t i = 0; i < view->chunk_count; i++) {
        struct weft_chunk_view chunk;
        weft_segment_chunk(view, i, &chunk);
        weft_buf_printf(out, "  chunk %u: %u spans, %u words, %u heap bytes, ", i, chunk.span_count,
                        chunk.word_count, chunk.heap_bytes);
        print_range(out, chunk.start_min, chunk.start_max);
        weft_buf_append_c(out, "\n");
    }
}

static int dump_segment(const char *path, struct weft_buf *out, struct weft_err *err)
{
    struct weft_segment *segment = NULL;
    struct weft_segment_view view;
    uint64_t torn_bytes = 0;
    int rc = weft_segment_open(&segment, path, &torn_bytes, err);

    if (rc < 0) return rc;
    weft_segment_view_init(&view, segment);
    dump_segment_view(&view, path, torn_bytes, out);
    weft_segment_view_release(&view);
    weft_segment_unref(segment);
    return WEFT_OK;
}

static int dump_block(const char *path, struct weft_buf *out, struct weft_err *err)
{
    struct weft_block *block = NULL;
    int rc = weft_block_open(&block, path, err);

    if (rc == WEFT_OK) rc = weft_block_dump(block, out, err);
    weft_block_unref(block);
    return rc;
}

static void print_numbers(struct weft_buf *out, const char *what, const uint64_t *numbers,
                          uint32_t count)
{
    if (count > 0) weft_buf_printf(out, ", supersedes %s", what);
    for (uint32_t i = 0; i < count; i++)
        weft_buf_printf(out, " %llu", (unsigned long long)numbers[i]);
}

static int dump_catalog(const char *path, struct weft_buf *out, struct weft_err *err)
{
    struct weft_catalog catalog;

    weft_catalog_init(&catalog);
    int rc = weft_catalog_read(&catalog, path, err);
    if (rc == WEFT_OK)
        weft_buf_printf(out, "%s\n  %u blocks, next number %llu\n", path, catalog.block_count,
                        (unsigned long long)catalog.next_number);
    for (uint32_t i = 0; i < catalog.block_count; i++) {
        const struct weft_block_summary *b = &catalog.blocks[i];
        weft_buf_printf(out, "  block %llu: %llu bytes, %llu spans, %llu traces, ",
                        (unsigned long long)b->number, (unsigned long long)b->file_bytes,
                        (unsigned long long)b->span_count, (unsigned long long)b->trace_count);
        print_range(out, b->start_min, b->start_max);
        print_numbers(out, "segments", b->superseded_segments, b->superseded_segment_count);
        print_numbers(out, "blocks", b->superseded_blocks, b->superseded_block_count);
        weft_buf_append_c(out, "\n");
    }
    weft_catalog_release(&catalog);
    return rc;
}

static int dump_directory(const char *directory, struct weft_buf *out, struct weft_err *err)
{
    struct weft_store_files files;
    char path[WEFT_STORE_PATH_MAX];
    struct stat st;

    int rc = weft_store_files_list(&files, directory, err);
    if (rc < 0) return rc;
    for (uint32_t i = 0; i < files.count; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files.items[i].name);
        if (stat(path, &st) == 0)
            weft_buf_printf(out, "%12lld  %s\n", (long long)st.st_size, files.items[i].name);
    }
    weft_store_files_release(&files);
    return WEFT_OK;
}

static int path_of(const char *directory, struct weft_str file,
                   char path[static WEFT_STORE_PATH_MAX], struct weft_err *err)
{
    if (weft_str_find(file, '/') >= 0)
        return weft_fail(err, WEFT_INVALID, "%.*s is a path; the name of a file in %s expected",
                         WEFT_S_ARG(file), directory);
    if ((size_t)snprintf(path, WEFT_STORE_PATH_MAX, "%s/%.*s", directory, WEFT_S_ARG(file)) >=
        WEFT_STORE_PATH_MAX)
        return weft_fail(err, WEFT_INVALID, "the path of %.*s is too long", WEFT_S_ARG(file));
    return WEFT_OK;
}

int weft_store_dump_bytes(const char *directory, struct weft_str file, uint64_t from, uint64_t to,
                          struct weft_buf *out, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    int rc = path_of(directory, file, path, err);

    return rc == WEFT_OK ? weft_file_explain(path, from, to, out, err) : rc;
}

int weft_store_dump(const char *directory, struct weft_str file, struct weft_buf *out,
                    struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];

    if (file.len == 0) return dump_directory(directory, out, err);
    int rc = path_of(directory, file, path, err);
    if (rc < 0) return rc;
    switch (weft_store_file_parse(strrchr(path, '/') + 1).kind) {
    case WEFT_STORE_FILE_BLOCK: return dump_block(path, out, err);
    case WEFT_STORE_FILE_SEGMENT: return dump_segment(path, out, err);
    case WEFT_STORE_FILE_CATALOG: return dump_catalog(path, out, err);
    default: break;
    }
    return weft_fail(
        err, WEFT_INVALID,
        "%.*s is no file of the store's making; segment-*.weft, block-*.weft or CATALOG "
        "expected",
        WEFT_S_ARG(file));
}
