/* store_repair_save.c -- spans that were saved become segments in lost+found/work, and these a block; damaged files get a name
 * in lost+found. */
#include "store/file_digest.h"
#include "store/store_repair_internal.h"
#include <inttypes.h>

/* ---- the work directory ---- */

int weft_repair_work_empty(struct repair *r)
{
    struct weft_store_files files;
    char path[WEFT_STORE_PATH_MAX * 2];
    int rc = weft_file_make_directory(r->work, r->err);

    if (rc < 0 || (rc = weft_store_files_list(&files, r->work, r->err)) < 0) return rc;
    for (uint32_t i = 0; rc == WEFT_OK && i < files.count; i++) {
        snprintf(path, sizeof path, "%s/%s", r->work, files.items[i].name);
        rc = weft_file_unlink(path, r->err);
    }
    weft_store_files_release(&files);
    return rc;
}

/* A store of its own, whose segments get numbers that the real one has never used: the block that is made of them will name
 * them as superseded. */
static int sink_open(struct repair *r)
{
    char path[WEFT_STORE_PATH_MAX * 2];
    struct weft_catalog catalog;
    const struct weft_store_options options = { .directory = r->work,
                                                .writer_count = 1,
                                                .no_compaction = true };
    int rc = weft_repair_work_empty(r);

    if (rc < 0) return rc;
    snprintf(path, sizeof path, "%s/CATALOG", r->work);
    weft_catalog_init(&catalog);
    catalog.next_number = r->next_number;
    rc = weft_catalog_write(&catalog, path, r->err);
    weft_catalog_release(&catalog);
    return rc == WEFT_OK ? weft_store_open(&r->sink, &options, r->err) : rc;
}

struct answer {
    int status;
    struct weft_err *err;
};

static void answered(void *arg, const struct weft_outcome *outcome)
{
    struct answer *answer = arg;

    answer->status = outcome->status;
    if (outcome->status < 0)
        weft_fail(answer->err, outcome->status, "saved spans could not be written: %.*s",
                  WEFT_S_ARG(outcome->message));
}

int weft_repair_spans_take(void *arg, const struct weft_batch *batch, struct weft_err *err)
{
    struct repair *r = arg;
    struct answer answer = { .err = r->err };
    int rc = r->sink == NULL ? sink_open(r) : WEFT_OK;

    if (rc < 0) return rc;
    struct weft_consumer consumer = weft_store_consumer(r->sink);
    consumer.consume(consumer.self, 0, batch, answered, &answer); /* answered before it returns */
    return answer.status;
}

/* ---- a block of what was saved ---- */

struct saved {
    struct weft_segment **segments;
    struct weft_segment_view *views;
    const struct weft_segment_view **inputs;
    uint32_t count;
};

static int saved_open(struct repair *r, struct saved *saved)
{
    struct weft_store_files files;
    char path[WEFT_STORE_PATH_MAX * 2];
    uint64_t torn;
    int rc = weft_store_files_list(&files, r->work, r->err);

    if (rc < 0) return rc;
    saved->segments = weft_alloc_array(files.count + 1, sizeof *saved->segments);
    saved->views = weft_alloc_array(files.count + 1, sizeof *saved->views);
    saved->inputs = weft_alloc_array(files.count + 1, sizeof *saved->inputs);
    for (uint32_t i = 0; rc == WEFT_OK && i < files.count; i++) {
        if (files.items[i].kind != WEFT_STORE_FILE_SEGMENT) continue;
        weft_repair_number_seen(r, files.items[i].number);
        snprintf(path, sizeof path, "%s/%s", r->work, files.items[i].name);
        if ((rc = weft_segment_open(&saved->segments[saved->count], path, &torn, r->err)) < 0)
            break;
        weft_segment_view_init(&saved->views[saved->count], saved->segments[saved->count]);
        saved->inputs[saved->count] = &saved->views[saved->count];
        saved->count++;
    }
    weft_store_files_release(&files);
    return rc;
}

static void saved_release(struct saved *saved)
{
    for (uint32_t i = 0; i < saved->count; i++) {
        weft_segment_view_release(&saved->views[i]);
        weft_segment_unref(saved->segments[i]);
    }
    weft_free(saved->segments);
    weft_free(saved->views);
    weft_free(saved->inputs);
}

static int block_prove(struct repair *r, uint64_t number, const struct weft_merge_stats *stats)
{
    char path[WEFT_STORE_PATH_MAX * 2];
    struct weft_block *block = NULL;
    struct weft_block_info info = { 0 };

    snprintf(path, sizeof path, "%s/block-%016" PRIx64 ".weft", r->directory, number);
    int rc = weft_block_open(&block, path, r->err);
    if (rc < 0) return rc;
    weft_block_info(block, &info);
    if (info.span_count + stats->exact_duplicates != stats->spans_in)
        rc = weft_fail(r->err, WEFT_IO, "%s has %" PRIu64 " spans, %" PRIu64 " expected", path,
                       info.span_count, stats->spans_in - stats->exact_duplicates);
    else
        weft_repair_say(r, WEFT_FINDING_OK, "%s: made of %s, %" PRIu64 " spans", path, r->path,
                        info.span_count);
    weft_block_unref(block);
    return rc;
}

/* `input` says what the new block supersedes besides, and masks. */
static int block_make(struct repair *r, struct weft_merge_input input)
{
    struct saved saved = { 0 };
    struct weft_merge_stats stats = { 0 };
    int rc = r->sink != NULL ? weft_store_seal(r->sink, r->err) : weft_repair_work_empty(r);

    weft_store_close(r->sink);
    r->sink = NULL;
    if (rc == WEFT_OK) rc = saved_open(r, &saved);
    input.segments = saved.inputs;
    input.segment_count = saved.count;
    const struct weft_merge_options options = { .directory = r->directory,
                                                .number = r->next_number++ };
    if (rc == WEFT_OK) rc = weft_merge(&input, &options, &stats, r->err);
    if (rc == WEFT_OK) rc = block_prove(r, options.number, &stats);
    saved_release(&saved);
    if (rc == WEFT_OK) rc = weft_repair_work_empty(r);
    return rc;
}

int weft_repair_replace_segment(struct repair *r, uint64_t number)
{
    return block_make(r, (struct weft_merge_input){ .more_superseded_segments = &number,
                                                    .more_superseded_segment_count = 1 });
}

int weft_repair_replace_blocks(struct repair *r, struct weft_block *const *blocks, uint32_t count,
                               const struct weft_mask_entry *masked, uint64_t masked_count)
{
    struct weft_buf old_segments = { 0 }, old_blocks = { 0 };
    struct weft_block_info info;

    for (uint32_t i = 0; i < count; i++) {
        weft_block_info(blocks[i], &info);
        weft_buf_append(&old_segments, info.superseded_segments,
                        info.superseded_segment_count * sizeof(uint64_t));
        weft_buf_append(&old_blocks, &info.number, sizeof info.number);
        weft_buf_append(&old_blocks, info.superseded_blocks,
                        info.superseded_block_count * sizeof(uint64_t));
    }
    int rc = block_make(
        r, (struct weft_merge_input){
               .more_superseded_segments = (const void *)old_segments.data,
               .more_superseded_segment_count = (uint32_t)(old_segments.len / sizeof(uint64_t)),
               .more_superseded_blocks = (const void *)old_blocks.data,
               .more_superseded_block_count = (uint32_t)(old_blocks.len / sizeof(uint64_t)),
               .masked = masked,
               .masked_count = masked_count });
    weft_buf_release(&old_segments);
    weft_buf_release(&old_blocks);
    return rc;
}

/* ---- lost+found ---- */

int weft_repair_keep_original(struct repair *r)
{
    char to[WEFT_STORE_PATH_MAX * 2];
    struct weft_file_digest digest;
    const char *name = strrchr(r->path, '/') + 1;
    int rc = WEFT_OK;
    bool is_new;

    weft_map_put(&r->kept, weft_str_from_c(name), 1, &is_new);
    if (is_new) rc = weft_file_make_directory(r->lost, r->err);
    if (rc < 0 || !is_new) return rc;
    snprintf(to, sizeof to, "%s/%s", r->lost, name);
    for (unsigned i = 1; weft_file_exists(to); i++)
        snprintf(to, sizeof to, "%s/%s.%u", r->lost, name, i);
    rc = weft_file_link(r->path, to, r->err);
    if (rc == WEFT_UNSUPPORTED)
        rc = weft_file_copy(r->path, UINT64_MAX, NULL, 0, to, &digest, r->err);
    if (rc == WEFT_OK) rc = weft_file_sync_directory(r->lost, r->err);
    if (rc == WEFT_OK) weft_repair_say(r, WEFT_FINDING_NOTE, "%s: kept as %s", r->path, to);
    return rc;
}

int weft_repair_remove_original(struct repair *r)
{
    int rc = weft_file_unlink(r->path, r->err);
    return rc == WEFT_OK ? weft_file_sync_directory(r->directory, r->err) : rc;
}
