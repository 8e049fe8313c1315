/* store_repair.c -- see store_repair.h.
 *
 * One damaged file, and what a crash leaves at each point:
 *   1. its readable spans go into segments in lost+found/work     nothing has changed; the next run empties work
 *   2. the file gets a second name in lost+found/                 the same
 *   3. the segments are merged into a block, whose footer says    both lie there, and opening goes by the footer
 *      that it supersedes the file (one rename)
 *   4. the file's name in the store goes
 */
#include "store/store_repair.h"
#include "base/map.h"
#include "store/bundle.h"
#include "store/file_digest.h"
#include "store/salvage.h"
#include "store/store_files.h"
#include "store/store_internal.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

struct repair {
    const char *directory;
    bool dry_run;
    weft_store_report *report;
    void *arg;
    struct weft_store_repair *out;
    struct weft_err *err;
    uint64_t next_number; /* never given to a file */
    struct weft_catalog catalog;
    struct weft_map superseded; /* names of files whose spans a later one has */
    struct weft_buf masked;     /* struct weft_mask_entry: what all blocks together mask */
    char lost[WEFT_STORE_PATH_MAX], work[WEFT_STORE_PATH_MAX];
    char path[WEFT_STORE_PATH_MAX]; /* of the file at hand */
    struct weft_store *sink;        /* where its spans go; NULL: none yet */
};

__attribute__((format(printf, 3, 4))) static void say(struct repair *r, enum weft_finding_kind kind,
                                                      const char *format, ...)
{
    char sentence[1536];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    r->report(r->arg, kind, sentence);
}

static void number_seen(struct repair *r, uint64_t number)
{
    if (number >= r->next_number) r->next_number = number + 1;
}

/* ---- the work directory ---- */

static int work_empty(struct repair *r)
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
    int rc = work_empty(r);

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

static int spans_take(void *arg, const struct weft_batch *batch, struct weft_err *err)
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
        number_seen(r, files.items[i].number);
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
        say(r, WEFT_FINDING_OK, "%s: made of %s, %" PRIu64 " spans", path, r->path,
            info.span_count);
    weft_block_unref(block);
    return rc;
}

/* `input` says what the new block supersedes besides. */
static int block_make(struct repair *r, struct weft_merge_input input)
{
    struct saved saved = { 0 };
    struct weft_merge_stats stats = { 0 };
    int rc = weft_store_seal(r->sink, r->err);

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
    if (rc == WEFT_OK) rc = work_empty(r);
    return rc;
}

/* ---- lost+found ---- */

/* A second name for the file at hand; a copy where there can be none. */
static int keep_original(struct repair *r)
{
    char to[WEFT_STORE_PATH_MAX * 2];
    struct weft_file_digest digest;
    const char *name = strrchr(r->path, '/') + 1;
    int rc = weft_file_make_directory(r->lost, r->err);

    snprintf(to, sizeof to, "%s/%s", r->lost, name);
    for (unsigned i = 1; weft_file_exists(to); i++)
        snprintf(to, sizeof to, "%s/%s.%u", r->lost, name, i);
    if (rc == WEFT_OK) rc = weft_file_link(r->path, to, r->err);
    if (rc == WEFT_UNSUPPORTED)
        rc = weft_file_copy(r->path, UINT64_MAX, NULL, 0, to, &digest, r->err);
    if (rc == WEFT_OK) rc = weft_file_sync_directory(r->lost, r->err);
    if (rc == WEFT_OK) say(r, WEFT_FINDING_NOTE, "%s: kept as %s", r->path, to);
    return rc;
}

static int remove_original(struct repair *r)
{
    int rc = weft_file_unlink(r->path, r->err);
    return rc == WEFT_OK ? weft_file_sync_directory(r->directory, r->err) : rc;
}

/* ---- what is damaged ---- */

static void place_lost(void *arg, const char *sentence)
{
    struct repair *r = arg;
    say(r, WEFT_FINDING_DAMAGE, "%s: %s", r->path, sentence);
}

static struct weft_salvage_to where_to(struct repair *r)
{
    return (struct weft_salvage_to){ .take = r->dry_run ? NULL : spans_take,
                                     .report = place_lost,
                                     .arg = r };
}

static void count(struct repair *r, const struct weft_salvage *salvage)
{
    r->out->spans_saved += salvage->spans_saved;
    r->out->spans_lost += salvage->spans_lost;
    r->out->traces_lost += salvage->traces_lost;
    r->out->is_uncounted |= salvage->is_uncounted;
    if (salvage->start_max == 0) return;
    if (r->out->start_max == 0 || salvage->start_min < r->out->start_min)
        r->out->start_min = salvage->start_min;
    if (salvage->start_max > r->out->start_max) r->out->start_max = salvage->start_max;
}

static int segment_repair(struct repair *r, const struct weft_store_file *file)
{
    const struct weft_salvage_to silence = { 0 };
    struct weft_salvage salvage = { 0 };
    int rc = weft_segment_salvage(r->path, file->number, &silence, &salvage, r->err);

    if (rc < 0 || !salvage.is_damaged || weft_store_segment_is_unwritten(r->path)) return rc;
    const struct weft_salvage_to to = where_to(r);
    if ((rc = weft_segment_salvage(r->path, file->number, &to, &salvage, r->err)) < 0) return rc;
    count(r, &salvage);
    r->out->files++;
    if (r->dry_run) return WEFT_OK;
    if ((rc = keep_original(r)) < 0) return rc;
    if (r->sink != NULL)
        rc = block_make(r, (struct weft_merge_input){ .more_superseded_segments = &file->number,
                                                      .more_superseded_segment_count = 1 });
    return rc == WEFT_OK ? remove_original(r) : rc;
}

/* The spans of a block into a new one, which supersedes it and all that it superseded. */
static int block_save(struct repair *r, struct weft_block *block)
{
    struct weft_salvage salvage;
    struct weft_block_info info;
    struct weft_buf masked = { 0 };
    const struct weft_salvage_to to = where_to(r);

    weft_block_info(block, &info);
    struct weft_block_mask *mask = weft_block_mask_create(
        NULL, info.number, (const struct weft_mask_entry *)(const void *)r->masked.data,
        r->masked.len / sizeof(struct weft_mask_entry));
    int rc = weft_block_salvage(block, mask, &to, &salvage, r->err);
    weft_block_mask_unref(mask);
    if (rc < 0) return rc;
    count(r, &salvage);
    if (r->dry_run || r->sink == NULL) return WEFT_OK;
    /* What the block has taken over from others stays taken over when all of it was saved. Otherwise it comes to light there
     * again: rather twice than not at all. */
    if (salvage.spans_lost > 0 || weft_block_masked(block, &masked, NULL) < 0)
        weft_buf_reset(&masked);
    uint64_t *blocks = weft_alloc_array(info.superseded_block_count + 1, sizeof *blocks);
    blocks[0] = info.number;
    if (info.superseded_block_count > 0)
        memcpy(blocks + 1, info.superseded_blocks, info.superseded_block_count * sizeof *blocks);
    rc = block_make(r, (struct weft_merge_input){
                           .more_superseded_segments = info.superseded_segments,
                           .more_superseded_segment_count = info.superseded_segment_count,
                           .more_superseded_blocks = blocks,
                           .more_superseded_block_count = info.superseded_block_count + 1,
                           .masked = (const struct weft_mask_entry *)(const void *)masked.data,
                           .masked_count = masked.len / sizeof(struct weft_mask_entry) });
    weft_buf_release(&masked);
    weft_free(blocks);
    return rc;
}

static bool block_is_sound(struct weft_block *block)
{
    return weft_block_check(block, NULL, NULL, NULL) == WEFT_OK;
}

/* A block of which not even the footer can be read. */
static void all_lost(struct repair *r, uint64_t number, const char *why)
{
    const struct weft_block_summary *entry = weft_catalog_find(&r->catalog, number);
    struct weft_salvage salvage = { .is_uncounted = entry == NULL };

    say(r, WEFT_FINDING_DAMAGE, "%s", why);
    if (entry != NULL) {
        salvage.spans_lost = entry->span_count;
        salvage.traces_lost = entry->trace_count;
        weft_salvage_range(&salvage, entry->start_min, entry->start_max);
    }
    count(r, &salvage);
}

static int block_repair(struct repair *r, const struct weft_store_file *file)
{
    struct weft_block *block = NULL;
    struct weft_err why;
    int rc = weft_block_open(&block, r->path, &why);

    if (rc < 0 && rc != WEFT_CORRUPT) {
        if (r->err != NULL) *r->err = why;
        return rc;
    }
    bool is_open = rc == WEFT_OK;
    rc = WEFT_OK;
    if (is_open && block_is_sound(block)) goto done;
    r->out->files++;
    if (!r->dry_run && (rc = keep_original(r)) < 0) goto done;
    if (is_open)
        rc = block_save(r, block);
    else
        all_lost(r, file->number, why.text);
    if (rc == WEFT_OK && !r->dry_run) rc = remove_original(r);
done:
    weft_block_unref(block);
    return rc;
}

/* ---- bundles ---- */

/* A sound member becomes a file of its own again. Beside its bundle it counts for nothing, so the order is safe. */
static int member_extract(struct repair *r, const struct weft_bundle_member *member)
{
    char to[WEFT_STORE_PATH_MAX * 2], beside[WEFT_STORE_PATH_MAX * 2 + 8];
    int in, out = -1;
    int rc = weft_file_open(&in, r->path, O_RDONLY, r->err);

    snprintf(to, sizeof to, "%s/block-%016" PRIx64 ".weft", r->directory, member->number);
    snprintf(beside, sizeof beside, "%s.tmp", to);
    if (rc == WEFT_OK) rc = weft_file_open(&out, beside, O_WRONLY | O_CREAT | O_TRUNC, r->err);
    if (rc == WEFT_OK)
        rc = weft_file_copy_range(in, r->path, member->offset, out, beside, 0, member->bytes,
                                  r->err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(out, beside, r->err);
    weft_file_close(&out);
    weft_file_close(&in);
    if (rc == WEFT_OK) rc = weft_file_rename(beside, to, r->err);
    if (rc == WEFT_OK) say(r, WEFT_FINDING_OK, "%s: taken out of %s", to, r->path);
    return rc;
}

static bool bundle_is_sound(struct weft_bundle *bundle, const struct weft_bundle_info *info)
{
    if (weft_bundle_check_frame(bundle, NULL, NULL, NULL) < 0) return false;
    for (uint32_t i = 0; i < info->member_count; i++) {
        struct weft_block *block = NULL;
        bool is_sound =
            weft_bundle_block(bundle, i, &block, NULL) == WEFT_OK && block_is_sound(block);
        weft_block_unref(block);
        if (!is_sound) return false;
    }
    return true;
}

static int members_repair(struct repair *r, struct weft_bundle *bundle,
                          const struct weft_bundle_info *info)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; rc == WEFT_OK && i < info->member_count; i++) {
        struct weft_block *block = NULL;
        struct weft_err why;
        if (weft_bundle_block(bundle, i, &block, &why) < 0)
            all_lost(r, info->members[i].number, why.text);
        else if (!block_is_sound(block))
            rc = block_save(r, block);
        else if (!r->dry_run)
            rc = member_extract(r, &info->members[i]);
        weft_block_unref(block);
    }
    return rc;
}

static int bundle_repair(struct repair *r, const struct weft_store_file *file)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    struct weft_err why;
    int rc = weft_bundle_open(&bundle, r->path, &why);

    if (rc < 0 && rc != WEFT_CORRUPT) {
        if (r->err != NULL) *r->err = why;
        return rc;
    }
    bool is_open = rc == WEFT_OK;
    rc = WEFT_OK;
    if (is_open) weft_bundle_info(bundle, &info);
    if (is_open && bundle_is_sound(bundle, &info)) goto done;
    r->out->files++;
    if (!r->dry_run && (rc = keep_original(r)) < 0) goto done;
    if (is_open)
        rc = members_repair(r, bundle, &info);
    else
        all_lost(r, file->number, why.text);
    if (rc == WEFT_OK && !r->dry_run) rc = remove_original(r);
done:
    weft_bundle_unref(bundle);
    return rc;
}

/* ---- all files ---- */

/* Numbers that are only named by others count as given, too. */
static void superseded_seen(struct repair *r, const char *kind, const uint64_t *numbers,
                            uint32_t count)
{
    char name[64];

    for (uint32_t i = 0; i < count; i++) {
        number_seen(r, numbers[i]);
        snprintf(name, sizeof name, "%s-%016" PRIx64 ".weft", kind, numbers[i]);
        weft_map_put(&r->superseded, weft_str_from_c(name), 1, NULL);
    }
}

static void block_look(struct repair *r, struct weft_block *block)
{
    struct weft_block_info info;

    weft_block_info(block, &info);
    superseded_seen(r, "segment", info.superseded_segments, info.superseded_segment_count);
    superseded_seen(r, "block", info.superseded_blocks, info.superseded_block_count);
    size_t before = r->masked.len;
    if (weft_block_masked(block, &r->masked, NULL) < 0) r->masked.len = before;
}

static void bundle_look(struct repair *r, const char *path)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    struct weft_block *block;

    if (weft_bundle_open(&bundle, path, NULL) < 0) return;
    weft_bundle_info(bundle, &info);
    superseded_seen(r, "bundle", info.superseded_bundles, info.superseded_bundle_count);
    for (uint32_t i = 0; i < info.member_count; i++) {
        superseded_seen(r, "block", &info.members[i].number, 1);
        if (weft_bundle_block(bundle, i, &block, NULL) < 0) continue;
        block_look(r, block);
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
}

/* What files say of each other, before any is touched. */
static void files_look(struct repair *r, const struct weft_store_files *files)
{
    char path[WEFT_STORE_PATH_MAX * 2];

    if (r->catalog.next_number > 0) number_seen(r, r->catalog.next_number - 1);
    for (uint32_t i = 0; i < files->count; i++) {
        struct weft_block *block = NULL;
        number_seen(r, files->items[i].number);
        snprintf(path, sizeof path, "%s/%s", r->directory, files->items[i].name);
        if (files->items[i].kind == WEFT_STORE_FILE_BUNDLE) bundle_look(r, path);
        if (files->items[i].kind == WEFT_STORE_FILE_BLOCK &&
            weft_block_open(&block, path, NULL) == WEFT_OK)
            block_look(r, block);
        weft_block_unref(block);
    }
}

static int file_repair(struct repair *r, const struct weft_store_file *file)
{
    snprintf(r->path, sizeof r->path, "%s/%s", r->directory, file->name);
    /* Its spans are elsewhere; the next start removes it. Also how a repair that a crash ended goes on. */
    if (weft_map_get(&r->superseded, weft_str_from_c(file->name)) != NULL) return WEFT_OK;
    switch (file->kind) {
    case WEFT_STORE_FILE_SEGMENT: return segment_repair(r, file);
    case WEFT_STORE_FILE_BLOCK: return block_repair(r, file);
    case WEFT_STORE_FILE_BUNDLE: return bundle_repair(r, file);
    default: return WEFT_OK;
    }
}

static void catalog_look(struct repair *r)
{
    char path[WEFT_STORE_PATH_MAX * 2];

    snprintf(path, sizeof path, "%s/CATALOG", r->directory);
    weft_catalog_init(&r->catalog);
    if (weft_catalog_read(&r->catalog, path, NULL) < 0) {
        weft_catalog_release(&r->catalog);
        weft_catalog_init(&r->catalog);
    }
}

static int files_repair(struct repair *r)
{
    struct weft_store_files files;
    int rc = weft_store_files_list_stable(&files, r->directory, r->err);

    if (rc < 0) return rc;
    catalog_look(r);
    files_look(r, &files);
    for (uint32_t i = 0; rc == WEFT_OK && i < files.count; i++)
        rc = file_repair(r, &files.items[i]);
    weft_store_close(r->sink);
    r->sink = NULL;
    weft_catalog_release(&r->catalog);
    weft_map_release(&r->superseded);
    weft_buf_release(&r->masked);
    weft_store_files_release(&files);
    return rc;
}

int weft_store_repair(const char *directory, bool dry_run, weft_store_report *report, void *arg,
                      struct weft_store_repair *out, struct weft_err *err)
{
    struct weft_err own;
    struct repair r = { .directory = directory,
                        .dry_run = dry_run,
                        .report = report,
                        .arg = arg,
                        .out = out,
                        .err = err != NULL ? err : &own,
                        .next_number = 1 };
    int lock = -1, rc = WEFT_OK;

    *out = (struct weft_store_repair){ 0 };
    if (strlen(directory) > WEFT_STORE_PATH_MAX - 64)
        return weft_fail(err, WEFT_INVALID, "the path %.64s... is too long", directory);
    snprintf(r.lost, sizeof r.lost, "%s/" WEFT_STORE_LOST, directory);
    snprintf(r.work, sizeof r.work, "%s/" WEFT_STORE_LOST "/work", directory);
    if (!weft_file_exists(directory))
        return weft_fail(err, WEFT_NOT_FOUND, "there is no directory %s", directory);
    if (!dry_run) rc = weft_store_lock_directory(&lock, directory, err);
    if (rc == WEFT_OK) rc = files_repair(&r);
    if (rc == WEFT_OK && !dry_run && weft_file_exists(r.work) && (rc = work_empty(&r)) == WEFT_OK)
        rmdir(r.work); /* an empty folder that stays is no harm */
    weft_file_close(&lock);
    return rc;
}
