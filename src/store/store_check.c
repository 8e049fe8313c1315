/* store_check.c -- every file of a directory read with all its checksums, and what files say of each other compared.
 *
 * Invariants between files, besides those within each:
 *   1. a file's number is that of its name; no two blocks have one number
 *   2. what a file supersedes is gone, or lies there only until its last reader leaves
 *   3. no two files supersede the same one: its spans would be there twice
 *   4. CATALOG says what the footers say
 *   5. what a block masks in others is there, and another block has it (store_check_masks.c)
 */
#include "base/map.h"
#include "store/bundle.h"
#include "store/salvage.h"
#include "store/store_check_masks.h"
#include "store/store_files.h"
#include "store/store_inspect.h"
#include "store/store_internal.h"
#include <inttypes.h>
#include <stdarg.h>

struct checker {
    const char *directory;
    weft_store_report *report;
    weft_store_progress *progress;
    void *arg;
    struct weft_store_check *out;
    struct weft_map
        superseded; /* file names, and the number of the block or bundle that supersedes them */
    struct weft_catalog catalog;
    struct weft_buf blocks; /* struct weft_block *, a reference each: those that count */
    bool has_vanished;      /* a file that was listed */
    uint64_t bytes_done, bytes_total;
    const char *path; /* of the file being read */
};

__attribute__((format(printf, 3, 4))) static void finding(struct checker *checker,
                                                          enum weft_finding_kind kind,
                                                          const char *format, ...)
{
    char sentence[1536];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    checker->out->notes += kind == WEFT_FINDING_NOTE;
    checker->out->damages += kind == WEFT_FINDING_DAMAGE;
    checker->report(checker->arg, kind, sentence);
}

/* Called from the later files to the earlier: what is superseded itself supersedes nothing any more. */
static void superseded_add(struct checker *checker, uint64_t by, const char *kind,
                           const uint64_t *numbers, uint32_t count)
{
    char name[64];

    for (uint32_t i = 0; i < count; i++) {
        bool is_new;
        snprintf(name, sizeof name, "%s-%016" PRIx64 ".weft", kind, numbers[i]);
        const uint64_t *other =
            weft_map_put(&checker->superseded, weft_str_from_c(name), by, &is_new);
        if (!is_new && *other != by)
            finding(checker, WEFT_FINDING_DAMAGE,
                    "%s: supersedes %s, which the file of number %" PRIu64
                    " supersedes too: its spans may be there twice",
                    checker->path, name, *other);
    }
}

/* ---- what follows from damage ---- */

static void place_lost(void *arg, const char *sentence)
{
    struct checker *checker = arg;
    finding(checker, WEFT_FINDING_DAMAGE, "%s: %s", checker->path, sentence);
}

static void consequence(struct checker *checker, const struct weft_salvage *salvage)
{
    char traces[64] = "";

    checker->out->spans_lost += salvage->spans_lost;
    checker->out->spans_saved += salvage->spans_saved;
    if (salvage->spans_lost == 0 && !salvage->is_uncounted) {
        finding(checker, WEFT_FINDING_DAMAGE,
                "%s: all of its %" PRIu64 " spans can be read; weft store repair writes them anew",
                checker->path, salvage->spans_saved);
        return;
    }
    if (salvage->traces_lost > 0)
        snprintf(traces, sizeof traces, " of %" PRIu64 " traces", salvage->traces_lost);
    finding(checker, WEFT_FINDING_DAMAGE,
            "%s: %s%" PRIu64
            " spans%s cannot be read; weft store repair can save the other %" PRIu64,
            checker->path, salvage->is_uncounted ? "at least " : "", salvage->spans_lost, traces,
            salvage->spans_saved);
}

/* ---- blocks ---- */

static void block_finding(void *arg, const char *sentence)
{
    struct checker *checker = arg;
    finding(checker, WEFT_FINDING_DAMAGE, "%s", sentence);
}

static void check_catalog_entry(struct checker *checker, const struct weft_block *block)
{
    struct weft_block_summary footer;

    weft_block_summary_from(&footer, block);
    const struct weft_block_summary *entry = weft_catalog_find(&checker->catalog, footer.number);
    if (entry == NULL || entry->file_bytes != footer.file_bytes ||
        weft_block_summary_equal(entry, &footer))
        return;
    finding(checker, WEFT_FINDING_DAMAGE,
            "%s: its footer and CATALOG tell different things, so it is not read; remove CATALOG "
            "while no server runs, it is made anew from the footers",
            checker->path);
}

/* `place`: what to call it, a path or a member of one. */
static void check_open_block(struct checker *checker, struct weft_block *block, uint64_t number,
                             const char *place)
{
    struct weft_block_info info;
    struct weft_err err = { 0 };
    struct weft_salvage salvage;
    uint64_t damages_before = checker->out->damages;

    weft_block_info(block, &info);
    weft_block_ref(block);
    weft_buf_append(&checker->blocks, &block, sizeof block);
    superseded_add(checker, number, "segment", info.superseded_segments,
                   info.superseded_segment_count);
    superseded_add(checker, number, "block", info.superseded_blocks, info.superseded_block_count);
    checker->out->blocks++;
    checker->out->spans += info.span_count;
    if (info.number != number)
        finding(checker, WEFT_FINDING_DAMAGE, "%s: has the number %" PRIu64 " in its footer", place,
                info.number);
    check_catalog_entry(checker, block);
    int rc = weft_block_check(block, block_finding, checker, &err);
    if (rc < 0 && checker->out->damages == damages_before)
        finding(checker, WEFT_FINDING_DAMAGE, "%s", err.text);
    if (checker->out->damages == damages_before) {
        finding(checker, WEFT_FINDING_OK,
                "%s: %" PRIu64 " spans of %" PRIu64 " traces, every checksum fits", place,
                info.span_count, info.trace_count);
        return;
    }
    const struct weft_salvage_to nowhere = { .report = place_lost, .arg = checker };
    if (rc < 0 && weft_block_salvage(block, NULL, &nowhere, &salvage, &err) == WEFT_OK)
        consequence(checker, &salvage);
}

/* Not even the footer can be read: CATALOG may still know what was there. */
static void block_unreadable(struct checker *checker, uint64_t number, const struct weft_err *err)
{
    char from[64], to[64];
    const struct weft_block_summary *entry = weft_catalog_find(&checker->catalog, number);

    finding(checker, WEFT_FINDING_DAMAGE, "%s", err->text);
    if (entry == NULL) {
        finding(checker, WEFT_FINDING_DAMAGE, "%s: none of its spans can be read", checker->path);
        return;
    }
    weft_time_format_rfc3339(from, sizeof from, entry->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, entry->start_max, 3);
    checker->out->spans_lost += entry->span_count;
    finding(checker, WEFT_FINDING_DAMAGE,
            "%s: its %" PRIu64 " spans of %" PRIu64
            " traces from %s to %s (CATALOG says) cannot be "
            "read",
            checker->path, entry->span_count, entry->trace_count, from, to);
}

static void check_block(struct checker *checker, const struct weft_store_file *file)
{
    struct weft_block *block = NULL;
    struct weft_err err = { 0 };
    int rc = weft_block_open(&block, checker->path, &err);

    checker->has_vanished |= rc == WEFT_NOT_FOUND;
    if (rc == WEFT_NOT_FOUND) return; /* replaced while we looked */
    if (rc < 0) {
        block_unreadable(checker, file->number, &err);
        return;
    }
    check_open_block(checker, block, file->number, checker->path);
    weft_block_unref(block);
}

/* ---- bundles ---- */

static void check_members(struct checker *checker, struct weft_bundle *bundle,
                          const struct weft_bundle_info *info)
{
    char place[WEFT_STORE_PATH_MAX + 64];
    struct weft_block *block;
    struct weft_err err;

    for (uint32_t i = info->member_count; i-- > 0;) {
        const struct weft_bundle_member *member = &info->members[i];
        superseded_add(checker, info->number, "block", &member->number, 1);
        if (weft_bundle_block(bundle, i, &block, &err) < 0) {
            block_unreadable(checker, member->number, &err);
            continue;
        }
        snprintf(place, sizeof place, "%s: block %016" PRIx64 " at offset %" PRIu64, checker->path,
                 member->number, member->offset);
        check_open_block(checker, block, member->number, place);
        weft_block_unref(block);
    }
}

static void check_bundle(struct checker *checker, const struct weft_store_file *file)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    struct weft_err err = { 0 };
    int rc = weft_bundle_open(&bundle, checker->path, &err);

    checker->has_vanished |= rc == WEFT_NOT_FOUND;
    if (rc == WEFT_NOT_FOUND) return;
    if (rc < 0) {
        finding(checker, WEFT_FINDING_DAMAGE, "%s", err.text);
        return;
    }
    weft_bundle_info(bundle, &info);
    if (info.number != file->number)
        finding(checker, WEFT_FINDING_DAMAGE, "%s: has the number %" PRIu64 " in its header",
                checker->path, info.number);
    superseded_add(checker, info.number, "bundle", info.superseded_bundles,
                   info.superseded_bundle_count);
    weft_bundle_check_frame(bundle, block_finding, checker, &err);
    check_members(checker, bundle, &info);
    weft_bundle_unref(bundle);
}

/* ---- segments ---- */

static void segment_sound(struct checker *checker, struct weft_segment *segment,
                          uint64_t torn_bytes)
{
    struct weft_segment_view view;

    weft_segment_view_init(&view, segment);
    checker->out->segments++;
    checker->out->spans += view.span_count;
    checker->out->torn_bytes += torn_bytes;
    if (torn_bytes > 0)
        finding(checker, WEFT_FINDING_NOTE,
                "%s: %" PRIu64 " bytes behind chunk %u are no whole commit", checker->path,
                torn_bytes, view.chunk_count);
    finding(checker, WEFT_FINDING_OK, "%s: %u spans in %u chunks, every checksum fits",
            checker->path, view.span_count, view.chunk_count);
    weft_segment_view_release(&view);
}

static void check_segment(struct checker *checker, const struct weft_store_file *file)
{
    struct weft_segment *segment = NULL;
    struct weft_salvage salvage = { 0 };
    struct weft_err err = { 0 };
    uint64_t torn_bytes = 0;
    const struct weft_salvage_to nowhere = { .report = place_lost, .arg = checker };
    int rc = weft_segment_open(&segment, checker->path, &torn_bytes, &err);

    if (rc == WEFT_NOT_FOUND) return;
    if (rc == WEFT_CORRUPT && weft_store_segment_is_unwritten(checker->path)) {
        finding(checker, WEFT_FINDING_NOTE, "%s: made and not written to yet", checker->path);
        return;
    }
    if (rc == WEFT_UNSUPPORTED) {
        finding(checker, WEFT_FINDING_DAMAGE, "%s", err.text);
        return;
    }
    bool has_number = rc == WEFT_OK && weft_segment_number(segment) == file->number;
    /* Whether a chunk lies behind the last good one is only known by looking at all of the file. A server gives the file of a
     * segment that is done to a new one, but its name goes first: while the name is there, the bytes are its own. */
    const struct weft_salvage_to silence = { 0 };
    rc = weft_segment_salvage(checker->path, file->number, &silence, &salvage, &err);
    if (!weft_file_exists(checker->path)) goto done;
    if (rc == WEFT_OK && salvage.is_damaged)
        rc = weft_segment_salvage(checker->path, file->number, &nowhere, &salvage, &err);
    if (rc < 0)
        finding(checker, WEFT_FINDING_DAMAGE, "%s", err.text);
    else if (salvage.is_damaged)
        consequence(checker, &salvage);
    else if (has_number)
        segment_sound(checker, segment, torn_bytes);
done:
    weft_segment_unref(segment);
}

/* ---- files ---- */

static void catalog_read(struct checker *checker)
{
    char path[WEFT_STORE_PATH_MAX];
    struct weft_err err;

    snprintf(path, sizeof path, "%s/CATALOG", checker->directory);
    weft_catalog_init(&checker->catalog);
    int rc = weft_catalog_read(&checker->catalog, path, &err);
    if (rc < 0 && rc != WEFT_NOT_FOUND)
        finding(checker, WEFT_FINDING_NOTE, "%s: %s; the next start makes it anew from the blocks",
                path, err.text);
}

static void check_file(struct checker *checker, const struct weft_store_file *file)
{
    char path[WEFT_STORE_PATH_MAX];
    uint64_t bytes = 0;

    snprintf(path, sizeof path, "%s/%s", checker->directory, file->name);
    checker->path = path;
    if (weft_map_get(&checker->superseded, weft_str_from_c(file->name)) != NULL)
        finding(checker, WEFT_FINDING_NOTE,
                "%s: superseded by a later file, still being read or left by a crash", path);
    else if (file->kind == WEFT_STORE_FILE_BLOCK)
        check_block(checker, file);
    else if (file->kind == WEFT_STORE_FILE_BUNDLE)
        check_bundle(checker, file);
    else if (file->kind == WEFT_STORE_FILE_SEGMENT)
        check_segment(checker, file);
    else if (file->kind == WEFT_STORE_FILE_LEFTOVER)
        finding(checker, WEFT_FINDING_NOTE, "%s: being written, or left by a crash", path);
    if (weft_file_size_of(path, &bytes, NULL) == WEFT_OK) checker->bytes_done += bytes;
    if (checker->progress != NULL)
        checker->progress(checker->arg, checker->bytes_done, checker->bytes_total);
}

/* Later files first, by number: they say which of the earlier are gone. Segments are named by blocks, so they come last. */
static int order_compare(const void *a, const void *b)
{
    const struct weft_store_file *x = a, *y = b;
    bool x_last = x->kind != WEFT_STORE_FILE_BLOCK && x->kind != WEFT_STORE_FILE_BUNDLE,
         y_last = y->kind != WEFT_STORE_FILE_BLOCK && y->kind != WEFT_STORE_FILE_BUNDLE;

    if (x_last != y_last) return x_last - y_last;
    if (x->number != y->number) return x_last == (x->number < y->number) ? -1 : 1;
    return strcmp(x->name, y->name);
}

static uint64_t bytes_of(const struct checker *checker, const struct weft_store_files *files)
{
    char path[WEFT_STORE_PATH_MAX];
    uint64_t bytes, sum = 0;

    for (uint32_t i = 0; i < files->count; i++) {
        snprintf(path, sizeof path, "%s/%s", checker->directory, files->items[i].name);
        if (weft_file_size_of(path, &bytes, NULL) == WEFT_OK) sum += bytes;
    }
    return sum;
}

static void check_masks(struct checker *checker)
{
    struct weft_block **blocks = (void *)checker->blocks.data;
    uint32_t count = (uint32_t)(checker->blocks.len / sizeof *blocks);

    weft_store_check_masks(blocks, count, checker->out->damages == 0 && !checker->has_vanished,
                           block_finding, checker);
    for (uint32_t i = 0; i < count; i++) weft_block_unref(blocks[i]);
    weft_buf_release(&checker->blocks);
}

int weft_store_check_watched(const char *directory, weft_store_report *report,
                             weft_store_progress *progress, void *arg, struct weft_store_check *out,
                             struct weft_err *err)
{
    struct checker checker = {
        .directory = directory, .report = report, .progress = progress, .arg = arg, .out = out
    };
    struct weft_store_files files;

    *out = (struct weft_store_check){ 0 };
    int rc = weft_store_files_list_stable(&files, directory, err);
    if (rc < 0) return rc;
    catalog_read(&checker);
    checker.bytes_total = bytes_of(&checker, &files);
    if (files.count > 1) qsort(files.items, files.count, sizeof *files.items, order_compare);
    for (uint32_t i = 0; i < files.count; i++) check_file(&checker, &files.items[i]);
    check_masks(&checker);
    weft_catalog_release(&checker.catalog);
    weft_map_release(&checker.superseded);
    weft_store_files_release(&files);
    if (out->damages > 0)
        rc = weft_fail(err, WEFT_CORRUPT, "%s: %" PRIu64 " damages found", directory, out->damages);
    return rc;
}

int weft_store_check(const char *directory, weft_store_report *report, void *arg,
                     struct weft_store_check *out, struct weft_err *err)
{
    return weft_store_check_watched(directory, report, NULL, arg, out, err);
}
