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
#include "store/block_internal.h"
#include "store/store_repair_internal.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) void weft_repair_say(struct repair *r,
                                                           enum weft_finding_kind kind,
                                                           const char *format, ...)
{
    char sentence[1536];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    r->report(r->arg, kind, sentence);
}

void weft_repair_number_seen(struct repair *r, uint64_t number)
{
    if (number >= r->next_number) r->next_number = number + 1;
}

/* ---- what is damaged ---- */

static void place_lost(void *arg, const char *sentence)
{
    struct repair *r = arg;
    weft_repair_say(r, WEFT_FINDING_DAMAGE, "%s: %s", r->path, sentence);
}

static struct weft_salvage_to where_to(struct repair *r)
{
    return (struct weft_salvage_to){ .take = r->dry_run ? NULL : weft_repair_spans_take,
                                     .report = place_lost,
                                     .arg = r };
}

void weft_repair_count(struct repair *r, const struct weft_salvage *salvage)
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
    weft_repair_count(r, &salvage);
    r->out->files++;
    if (r->dry_run) return WEFT_OK;
    if ((rc = weft_repair_keep_original(r)) < 0) return rc;
    if (r->sink != NULL) rc = weft_repair_replace_segment(r, file->number);
    return rc == WEFT_OK ? weft_repair_remove_original(r) : rc;
}

static struct weft_str key(const uint64_t *number)
{
    return (struct weft_str){ (const char *)number, sizeof *number };
}

bool weft_repair_is_replaced(const struct repair *r, uint64_t number)
{
    return weft_map_get(&r->replaced, key(&number)) != NULL;
}

bool weft_repair_replace(struct repair *r, uint64_t number)
{
    bool is_new;
    weft_map_put(&r->replaced, key(&number), 1, &is_new);
    return is_new;
}

struct weft_block_mask *weft_repair_mask(const struct repair *r, uint64_t number)
{
    return weft_block_mask_create(NULL, number, (const void *)r->masked.data,
                                  r->masked.len / sizeof(struct weft_mask_entry));
}

/* The spans of a block that masks nothing into a new one. */
static int block_save(struct repair *r, struct weft_block *block)
{
    struct weft_salvage salvage;
    const struct weft_salvage_to to = where_to(r);
    uint64_t number = weft_block_number(block);

    if (!weft_repair_replace(r, number)) return WEFT_OK;
    struct weft_block_mask *mask = weft_repair_mask(r, number);
    int rc = weft_block_salvage(block, mask, &to, &salvage, r->err);
    weft_block_mask_unref(mask);
    if (rc < 0) return rc;
    weft_repair_count(r, &salvage);
    if (r->dry_run || r->sink == NULL) return WEFT_OK;
    return weft_repair_replace_blocks(r, &block, 1, NULL, 0);
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

    if (weft_repair_is_replaced(r, number)) return;
    weft_repair_say(r, WEFT_FINDING_DAMAGE, "%s", why);
    if (entry != NULL && entry->masked_count > 0) {
        weft_repair_say(r, WEFT_FINDING_NOTE,
                        "%s: what block %016" PRIx64
                        " took over from others is read there again, as far as it still is there",
                        r->path, number);
        salvage.is_uncounted = true;
    } else if (entry != NULL) {
        salvage.spans_lost = entry->span_count;
        salvage.traces_lost = entry->trace_count;
        weft_salvage_range(&salvage, entry->start_min, entry->start_max);
    }
    weft_repair_count(r, &salvage);
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
    if (!r->dry_run && (rc = weft_repair_keep_original(r)) < 0) goto done;
    if (is_open)
        rc = block_save(r, block);
    else
        all_lost(r, file->number, why.text);
    if (rc == WEFT_OK && !r->dry_run) rc = weft_repair_remove_original(r);
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
    if (rc == WEFT_OK) weft_repair_say(r, WEFT_FINDING_OK, "%s: taken out of %s", to, r->path);
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
        else if (!r->dry_run && !weft_repair_is_replaced(r, info->members[i].number))
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
    if (!r->dry_run && (rc = weft_repair_keep_original(r)) < 0) goto done;
    if (is_open)
        rc = members_repair(r, bundle, &info);
    else
        all_lost(r, file->number, why.text);
    if (rc == WEFT_OK && !r->dry_run) rc = weft_repair_remove_original(r);
done:
    weft_bundle_unref(bundle);
    return rc;
}

/* ---- all files ---- */

static int each_member(struct repair *r, const char *path, const struct weft_store_file *file,
                       weft_repair_visit *visit, void *arg)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    struct weft_block *block;
    int rc = WEFT_OK;

    if (weft_bundle_open(&bundle, path, NULL) < 0) return WEFT_OK;
    weft_bundle_info(bundle, &info);
    for (uint32_t i = 0; rc == WEFT_OK && i < info.member_count; i++) {
        if (weft_bundle_block(bundle, i, &block, NULL) < 0) continue;
        rc = visit(r, block, file, arg);
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
    return rc;
}

int weft_repair_each_block(struct repair *r, weft_repair_visit *visit, void *arg)
{
    char path[WEFT_STORE_PATH_MAX * 2];
    int rc = WEFT_OK;

    for (uint32_t i = 0; rc == WEFT_OK && i < r->files->count; i++) {
        const struct weft_store_file *file = &r->files->items[i];
        struct weft_block *block = NULL;
        snprintf(path, sizeof path, "%s/%s", r->directory, file->name);
        if (file->kind == WEFT_STORE_FILE_BUNDLE) rc = each_member(r, path, file, visit, arg);
        if (file->kind != WEFT_STORE_FILE_BLOCK || weft_block_open(&block, path, NULL) < 0)
            continue;
        rc = visit(r, block, file, arg);
        weft_block_unref(block);
    }
    return rc;
}

/* Numbers that are only named by others count as given, too. */
static void superseded_seen(struct repair *r, const char *kind, const uint64_t *numbers,
                            uint32_t count)
{
    char name[64];

    for (uint32_t i = 0; i < count; i++) {
        weft_repair_number_seen(r, numbers[i]);
        snprintf(name, sizeof name, "%s-%016" PRIx64 ".weft", kind, numbers[i]);
        weft_map_put(&r->superseded, weft_str_from_c(name), 1, NULL);
    }
}

static int block_look(struct repair *r, struct weft_block *block,
                      const struct weft_store_file *file, void *arg)
{
    struct weft_block_info info;

    weft_block_info(block, &info);
    superseded_seen(r, "segment", info.superseded_segments, info.superseded_segment_count);
    superseded_seen(r, "block", info.superseded_blocks, info.superseded_block_count);
    for (uint32_t i = 0; i < info.superseded_block_count; i++)
        weft_repair_replace(r, info.superseded_blocks[i]);
    return WEFT_OK;
}

static void unreadable_add(struct repair *r, uint64_t number, const struct weft_store_file *file)
{
    const struct repair_patch lost = { .number = number, .masks_are_lost = true, .file = file };
    weft_buf_append(&r->unreadable, &lost, sizeof lost);
}

static void bundle_look(struct repair *r, const char *path, const struct weft_store_file *file)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;

    if (weft_bundle_open(&bundle, path, NULL) < 0) return;
    weft_bundle_info(bundle, &info);
    superseded_seen(r, "bundle", info.superseded_bundles, info.superseded_bundle_count);
    for (uint32_t i = 0; i < info.member_count; i++) {
        struct weft_block *block = NULL;
        superseded_seen(r, "block", &info.members[i].number, 1);
        if (weft_bundle_block(bundle, i, &block, NULL) == WEFT_CORRUPT)
            unreadable_add(r, info.members[i].number, file);
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
}

/* What a block that still counts masks. Files are superseded by name, blocks by number. */
static int masks_look(struct repair *r, struct weft_block *block,
                      const struct weft_store_file *file, void *arg)
{
    struct weft_block_info info;
    size_t before = r->masked.len;

    weft_block_info(block, &info);
    if (info.masked_count == 0 || weft_repair_is_replaced(r, info.number) ||
        weft_map_get(&r->superseded, weft_str_from_c(file->name)) != NULL)
        return WEFT_OK;
    int rc = weft_block_masked(block, &r->masked, NULL);
    if (rc < 0) r->masked.len = before;
    if (block_is_sound(block)) return WEFT_OK;
    weft_block_ref(block);
    const struct repair_patch patch = {
        .block = block, .number = info.number, .masks_are_lost = rc < 0, .file = file
    };
    weft_buf_append(&r->patches, &patch, sizeof patch);
    return WEFT_OK;
}

/* What files say of each other, before any is touched. */
static int files_look(struct repair *r)
{
    char path[WEFT_STORE_PATH_MAX * 2];

    if (r->catalog.next_number > 0) weft_repair_number_seen(r, r->catalog.next_number - 1);
    for (uint32_t i = 0; i < r->files->count; i++) {
        weft_repair_number_seen(r, r->files->items[i].number);
        const struct weft_store_file *file = &r->files->items[i];
        struct weft_block *block = NULL;
        snprintf(path, sizeof path, "%s/%s", r->directory, file->name);
        if (file->kind == WEFT_STORE_FILE_BUNDLE) bundle_look(r, path, file);
        if (file->kind == WEFT_STORE_FILE_BLOCK &&
            weft_block_open(&block, path, NULL) == WEFT_CORRUPT)
            unreadable_add(r, file->number, file);
        weft_block_unref(block);
    }
    int rc = weft_repair_each_block(r, block_look, NULL);
    return rc == WEFT_OK ? weft_repair_each_block(r, masks_look, NULL) : rc;
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
    r->files = &files;
    rc = files_look(r);
    if (rc == WEFT_OK) rc = weft_repair_patches(r);
    for (uint32_t i = 0; rc == WEFT_OK && i < files.count; i++)
        rc = file_repair(r, &files.items[i]);
    weft_store_close(r->sink);
    r->sink = NULL;
    weft_catalog_release(&r->catalog);
    weft_map_release(&r->superseded);
    weft_map_release(&r->replaced);
    weft_map_release(&r->kept);
    weft_buf_release(&r->masked);
    const struct repair_patch *patches = (const void *)r->patches.data;
    for (size_t i = 0; i < r->patches.len / sizeof *patches; i++)
        weft_block_unref(patches[i].block);
    weft_buf_release(&r->patches);
    weft_buf_release(&r->unreadable);
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
    if (rc == WEFT_OK && !dry_run && weft_file_exists(r.work) &&
        (rc = weft_repair_work_empty(&r)) == WEFT_OK)
        rmdir(r.work); /* an empty folder that stays is no harm */
    weft_file_close(&lock);
    return rc;
}
