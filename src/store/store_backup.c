/* store_backup.c -- a consistent copy of a directory that another process may be writing to.
 *
 * Nobody is asked to hold still. The set of files is listed (so that no span falls between two names: store_files.h), and each
 * file is taken: a block by a link, a segment by a copy of its committed prefix. What makes this a moment and not a smear: a
 * file that was listed either can be taken, or vanished because another file now has its spans. Then the set is listed again,
 * and what is new is taken; what was taken and is no longer listed is dropped again.
 */
#include "store/store_backup.h"
#include "base/map.h"
#include "store/backup_manifest.h"
#include "store/block_format.h"
#include "store/bundle.h"
#include "store/segment_format.h"
#include "store/store_files.h"
#include "store/store_internal.h"
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

struct backup {
    const struct weft_store_backup_options *options;
    struct weft_store_backup_stats *stats;
    struct weft_backup_manifest manifest, previous;
    struct weft_map superseded; /* names of files whose spans a later one has */
    uint64_t bytes_total;
    char from[WEFT_STORE_PATH_MAX], to[WEFT_STORE_PATH_MAX]; /* of the file at hand */
};

static int path_join(char out[static WEFT_STORE_PATH_MAX], const char *directory, const char *name,
                     struct weft_err *err)
{
    int len = snprintf(out, WEFT_STORE_PATH_MAX, "%s/%s", directory, name);
    if (len < 0 || len >= WEFT_STORE_PATH_MAX)
        return weft_fail(err, WEFT_INVALID, "the path of %s in %.64s... is too long", name,
                         directory);
    return WEFT_OK;
}

__attribute__((format(printf, 2, 3))) static void damage(struct backup *b, const char *format, ...)
{
    char sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    b->stats->damaged++;
    if (b->options->report != NULL)
        b->options->report(b->options->arg, WEFT_FINDING_DAMAGE, sentence);
}

/* Of a file that is linked and not read yet: links come first, so that the set is taken in a moment; once linked, a file
 * stays whatever the server does. */
static const struct weft_file_digest undigested = { .bytes = UINT64_MAX };

static void took(struct backup *b, const char *name, const struct weft_file_digest *digest)
{
    weft_backup_manifest_add(&b->manifest, name, digest);
    b->stats->files++;
    if (digest->bytes == undigested.bytes) return;
    b->stats->bytes += digest->bytes;
    if (b->options->progress != NULL)
        b->options->progress(b->options->arg, b->stats->bytes, b->bytes_total);
}

/* ---- blocks and bundles ---- */

static bool tail_read(const char *path, uint8_t out[static WEFT_BLOCK_TRAILER_BYTES],
                      uint64_t *bytes)
{
    int fd;
    bool is_read = weft_file_open(&fd, path, O_RDONLY, NULL) == WEFT_OK &&
                   weft_file_size(fd, path, bytes, NULL) == WEFT_OK &&
                   *bytes >= WEFT_BLOCK_TRAILER_BYTES &&
                   weft_file_read_at(fd, path, out, WEFT_BLOCK_TRAILER_BYTES,
                                     *bytes - WEFT_BLOCK_TRAILER_BYTES, NULL) == WEFT_OK;

    weft_file_close(&fd);
    return is_read;
}

/* Both end in checksums over checksums of everything before: equal ends, equal files. */
static bool is_same_file(const char *a, const char *b)
{
    uint8_t end_a[WEFT_BLOCK_TRAILER_BYTES], end_b[WEFT_BLOCK_TRAILER_BYTES];
    uint64_t bytes_a, bytes_b;

    return tail_read(a, end_a, &bytes_a) && tail_read(b, end_b, &bytes_b) && bytes_a == bytes_b &&
           memcmp(end_a, end_b, sizeof end_a) == 0;
}

/* WEFT_NOT_FOUND: the earlier backup does not have it. */
static int reuse(struct backup *b, const char *name, struct weft_file_digest *digest)
{
    char earlier[WEFT_STORE_PATH_MAX];
    const struct weft_backup_file *file = weft_backup_manifest_find(&b->previous, name);

    if (file == NULL || b->options->no_links ||
        path_join(earlier, b->options->previous, name, NULL) < 0 ||
        !is_same_file(earlier, b->from) || weft_file_link(earlier, b->to, NULL) < 0)
        return WEFT_NOT_FOUND;
    *digest = file->digest;
    b->stats->reused++;
    return WEFT_OK;
}

static int link_or_copy(struct backup *b, struct weft_file_digest *digest, struct weft_err *err)
{
    int rc = b->options->no_links ? WEFT_UNSUPPORTED : weft_file_link(b->from, b->to, err);

    if (rc == WEFT_OK) {
        *digest = undigested;
        b->stats->linked++;
    } else if (rc == WEFT_UNSUPPORTED) {
        if ((rc = weft_file_copy(b->from, UINT64_MAX, NULL, 0, b->to, digest, err)) < 0) return rc;
        b->stats->copied++;
    }
    return rc;
}

static int take_immutable(struct backup *b, const char *name, struct weft_err *err)
{
    struct weft_file_digest digest;
    int rc = reuse(b, name, &digest);

    if (rc == WEFT_NOT_FOUND) rc = link_or_copy(b, &digest, err);
    if (rc == WEFT_OK) took(b, name, &digest);
    return rc;
}

static void superseded_add(struct backup *b, const char *kind, const uint64_t *numbers,
                           uint32_t count)
{
    char name[64];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s-%016llx.weft", kind, (unsigned long long)numbers[i]);
        weft_map_put(&b->superseded, weft_str_from_c(name), 1, NULL);
    }
}

static void block_superseded(struct backup *b, const struct weft_block *block)
{
    struct weft_block_info info;

    weft_block_info(block, &info);
    superseded_add(b, "segment", info.superseded_segments, info.superseded_segment_count);
    superseded_add(b, "block", info.superseded_blocks, info.superseded_block_count);
}

/* The block as it now lies in the backup: what it says of others, and whether it opens. */
static void block_look(struct backup *b)
{
    struct weft_block *block = NULL;
    struct weft_err err;

    if (weft_block_open(&block, b->to, &err) < 0) {
        damage(b, "%s; copied as it is", err.text);
        return;
    }
    block_superseded(b, block);
    weft_block_unref(block);
}

/* A block file of a member's number is what the bundle was made of. */
static void bundle_look(struct backup *b)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    struct weft_block *block;
    struct weft_err err;

    if (weft_bundle_open(&bundle, b->to, &err) < 0) {
        damage(b, "%s; copied as it is", err.text);
        return;
    }
    weft_bundle_info(bundle, &info);
    superseded_add(b, "bundle", info.superseded_bundles, info.superseded_bundle_count);
    for (uint32_t i = 0; i < info.member_count; i++) {
        superseded_add(b, "block", &info.members[i].number, 1);
        if (weft_bundle_block(bundle, i, &block, &err) < 0) {
            damage(b, "%s; copied as it is", err.text);
            continue;
        }
        block_superseded(b, block);
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
}

/* ---- segments ---- */

/* How much of the source belongs to its present number: the chunks that can be read, or, when it was sealed and some of them
 * cannot be, all that the seal mark names (for whoever repairs it). */
static uint64_t segment_end(struct backup *b, struct weft_segment *segment, const uint8_t *head,
                            uint64_t number)
{
    struct weft_segment_seal_mark mark;
    struct weft_segment_bytes bytes;

    weft_segment_bytes(segment, &bytes);
    if (!weft_segment_seal_mark_decode(&mark, head + WEFT_SEGMENT_SEAL_OFFSET, number) ||
        mark.end_offset <= bytes.used || mark.end_offset > bytes.file)
        return bytes.used;
    damage(b, "%s: sealed with %u chunks, and not all can be read; copied as it is", b->from,
           mark.chunk_count);
    return mark.end_offset;
}

/* A server gives the file of a segment that is done to a new one, but its name goes first: while the name is there, what was
 * read was its own. */
static int still_there(const struct backup *b, struct weft_err *err)
{
    if (weft_file_exists(b->from)) return WEFT_OK;
    return weft_fail(err, WEFT_NOT_FOUND, "%s has gone", b->from);
}

/* The copy is what counts: it opens and has what the file had. */
static int segment_prove(struct backup *b, uint64_t number, uint32_t spans, struct weft_err *err)
{
    struct weft_segment *copy = NULL;
    struct weft_segment_view view;
    uint64_t torn_bytes;

    int rc = weft_segment_open(&copy, b->to, &torn_bytes, err);
    if (rc < 0) return rc;
    weft_segment_view_init(&view, copy);
    bool is_whole = weft_segment_number(copy) == number && view.span_count >= spans;
    weft_segment_view_release(&view);
    weft_segment_unref(copy);
    if (is_whole) return WEFT_OK;
    return weft_fail(err, WEFT_IO, "%s was copied to %s and lacks spans there", b->from, b->to);
}

static int head_read(struct backup *b, uint8_t head[static WEFT_SEGMENT_PAGE], struct weft_err *err)
{
    int fd;
    int rc = weft_file_open(&fd, b->from, O_RDONLY, err);

    if (rc == WEFT_OK) rc = weft_file_read_at(fd, b->from, head, WEFT_SEGMENT_PAGE, 0, err);
    weft_file_close(&fd);
    return rc;
}

static int segment_copy(struct backup *b, const struct weft_store_file *file, uint64_t bytes,
                        const uint8_t *head, uint32_t spans, struct weft_err *err)
{
    struct weft_file_digest digest;
    int rc = weft_file_copy(b->from, bytes, head, head != NULL ? WEFT_SEGMENT_PAGE : 0, b->to,
                            &digest, err);

    if (rc < 0) return rc;
    rc = still_there(b, err);
    if (rc == WEFT_OK && head != NULL) rc = segment_prove(b, file->number, spans, err);
    if (rc < 0) {
        weft_file_unlink(b->to, NULL);
        return rc;
    }
    b->stats->copied++;
    took(b, file->name, &digest);
    return WEFT_OK;
}

/* The header first, then the chunks: a seal mark that comes in between would speak of chunks that are not copied. */
static int take_segment(struct backup *b, const struct weft_store_file *file, struct weft_err *err)
{
    uint8_t head[WEFT_SEGMENT_PAGE];
    struct weft_segment *segment = NULL;
    struct weft_segment_view view;
    struct weft_err why;
    uint64_t torn_bytes;
    int rc = head_read(b, head, err);

    if (rc == WEFT_OK) rc = weft_segment_open(&segment, b->from, &torn_bytes, err);
    if (rc == WEFT_OK && weft_segment_number(segment) != file->number)
        rc = weft_fail(err, WEFT_CORRUPT, "%s has the number %llu in its header", b->from,
                       (unsigned long long)weft_segment_number(segment));
    if (rc == WEFT_NOT_FOUND || (rc == WEFT_CORRUPT && weft_store_segment_is_unwritten(b->from)))
        return rc == WEFT_CORRUPT ? WEFT_OK : rc;
    if (still_there(b, &why) < 0) {
        weft_segment_unref(segment);
        if (err != NULL) *err = why;
        return WEFT_NOT_FOUND;
    }
    if (rc == WEFT_CORRUPT || rc == WEFT_UNSUPPORTED) {
        damage(b, "%s; copied as it is", err->text);
        rc = segment_copy(b, file, UINT64_MAX, NULL, 0, err);
    } else if (rc == WEFT_OK) {
        weft_segment_view_init(&view, segment);
        uint64_t end = segment_end(b, segment, head, file->number);
        if (end > WEFT_SEGMENT_PAGE) rc = segment_copy(b, file, end, head, view.span_count, err);
        weft_segment_view_release(&view);
    }
    weft_segment_unref(segment);
    return rc;
}

/* ---- the set ---- */

static int take_file(struct backup *b, const struct weft_store_file *file, struct weft_err *err)
{
    int rc;

    if (weft_backup_manifest_find(&b->manifest, file->name) != NULL ||
        weft_map_get(&b->superseded, weft_str_from_c(file->name)) != NULL)
        return WEFT_OK;
    if ((rc = path_join(b->from, b->options->directory, file->name, err)) < 0 ||
        (rc = path_join(b->to, b->options->to, file->name, err)) < 0)
        return rc;
    if (file->kind == WEFT_STORE_FILE_SEGMENT) return take_segment(b, file, err);
    if ((rc = take_immutable(b, file->name, err)) < 0) return rc;
    if (file->kind == WEFT_STORE_FILE_BLOCK) block_look(b);
    if (file->kind == WEFT_STORE_FILE_BUNDLE) bundle_look(b);
    return WEFT_OK;
}

/* Later files first, blocks before segments: they say which of the others need not be taken. */
static int take_files(struct backup *b, const struct weft_store_files *files, struct weft_err *err)
{
    static const enum weft_store_file_kind order[] = { WEFT_STORE_FILE_BUNDLE,
                                                       WEFT_STORE_FILE_BLOCK,
                                                       WEFT_STORE_FILE_SEGMENT };
    int rc = WEFT_OK;

    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (uint32_t i = files->count; rc == WEFT_OK && i-- > 0;)
            if (files->items[i].kind == order[k]) rc = take_file(b, &files->items[i], err);
    return rc;
}

static bool is_listed(const struct weft_store_files *files, const char *name)
{
    for (uint32_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0) return true;
    return false;
}

/* What an earlier try took and a later file has replaced. */
static int drop_unlisted(struct backup *b, const struct weft_store_files *files,
                         struct weft_err *err)
{
    int rc;

    for (uint32_t i = 0; i < b->manifest.count;) {
        const struct weft_backup_file *file = &b->manifest.files[i];
        if (is_listed(files, file->name) &&
            weft_map_get(&b->superseded, weft_str_from_c(file->name)) == NULL) {
            i++;
            continue;
        }
        if ((rc = path_join(b->to, b->options->to, file->name, err)) < 0 ||
            (rc = weft_file_unlink(b->to, err)) < 0)
            return rc;
        b->stats->files--;
        if (file->digest.bytes != undigested.bytes) b->stats->bytes -= file->digest.bytes;
        weft_backup_manifest_remove(&b->manifest, i);
    }
    return WEFT_OK;
}

static uint64_t files_bytes(struct backup *b, const struct weft_store_files *files)
{
    uint64_t bytes, sum = 0;

    for (uint32_t i = 0; i < files->count; i++)
        if (files->items[i].kind == WEFT_STORE_FILE_BLOCK ||
            files->items[i].kind == WEFT_STORE_FILE_BUNDLE)
            if (path_join(b->from, b->options->directory, files->items[i].name, NULL) == WEFT_OK &&
                weft_file_size_of(b->from, &bytes, NULL) == WEFT_OK)
                sum += bytes;
    return sum;
}

#define TRIES_MAX 1000u

static int take_set(struct backup *b, struct weft_err *err)
{
    struct weft_store_files files;
    int rc;

    for (;;) {
        if ((rc = weft_store_files_list_stable(&files, b->options->directory, err)) < 0) return rc;
        b->bytes_total = files_bytes(b, &files);
        rc = take_files(b, &files, err);
        if (rc == WEFT_OK) rc = drop_unlisted(b, &files, err);
        weft_store_files_release(&files);
        if (rc != WEFT_NOT_FOUND || b->stats->retries == TRIES_MAX) return rc;
        b->stats->retries++;
    }
}

static int digest_linked(struct backup *b, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; rc == WEFT_OK && i < b->manifest.count; i++) {
        struct weft_backup_file *file = &b->manifest.files[i];
        if (file->digest.bytes != undigested.bytes) continue;
        if ((rc = path_join(b->to, b->options->to, file->name, err)) < 0 ||
            (rc = weft_file_digest(b->to, &file->digest, err)) < 0)
            return rc;
        b->stats->bytes += file->digest.bytes;
        if (b->options->progress != NULL)
            b->options->progress(b->options->arg, b->stats->bytes, b->bytes_total);
    }
    return rc;
}

/* ---- from outside ---- */

static void undo(struct backup *b)
{
    for (uint32_t i = 0; i < b->manifest.count; i++)
        if (path_join(b->to, b->options->to, b->manifest.files[i].name, NULL) == WEFT_OK)
            weft_file_unlink(b->to, NULL);
    rmdir(b->options->to);
}

int weft_store_backup(const struct weft_store_backup_options *options,
                      struct weft_store_backup_stats *stats, struct weft_err *err)
{
    struct backup b = { .options = options, .stats = stats };
    int rc = WEFT_OK;

    *stats = (struct weft_store_backup_stats){ 0 };
    weft_backup_manifest_init(&b.manifest);
    weft_backup_manifest_init(&b.previous);
    b.manifest.created_unix_ns = weft_clock_unix_ns();
    if (!weft_file_exists(options->directory))
        rc = weft_fail(err, WEFT_NOT_FOUND, "there is no directory %s", options->directory);
    if (rc == WEFT_OK && options->previous != NULL)
        rc = weft_backup_manifest_read(&b.previous, options->previous, err);
    if (rc == WEFT_OK) rc = weft_store_empty_directory(options->to, err);
    if (rc == WEFT_OK) {
        rc = take_set(&b, err);
        if (rc == WEFT_OK) rc = digest_linked(&b, err);
        if (rc == WEFT_OK) rc = weft_file_sync_directory(options->to, err);
        if (rc == WEFT_OK) rc = weft_backup_manifest_write(&b.manifest, options->to, err);
        if (rc < 0) undo(&b);
    }
    weft_map_release(&b.superseded);
    weft_backup_manifest_release(&b.previous);
    weft_backup_manifest_release(&b.manifest);
    return rc;
}
