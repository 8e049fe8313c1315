/* store_restore.c -- a backup verified, and brought back. */
#include "store/backup_manifest.h"
#include "store/store_backup.h"
#include "store/store_files.h"
#include "store/store_internal.h"
#include <stdarg.h>

struct verifying {
    const char *backup;
    weft_store_report *report;
    weft_store_progress *progress;
    void *arg;
    uint64_t done, total, damages;
};

__attribute__((format(printf, 3, 4))) static void finding(struct verifying *v,
                                                          enum weft_finding_kind kind,
                                                          const char *format, ...)
{
    char sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    v->damages += kind == WEFT_FINDING_DAMAGE;
    if (v->report != NULL) v->report(v->arg, kind, sentence);
}

static uint64_t total_bytes(const struct weft_backup_manifest *manifest)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < manifest->count; i++) bytes += manifest->files[i].digest.bytes;
    return bytes;
}

/* What is different, as a part of a sentence; NULL: nothing. */
static const char *difference(const struct weft_file_digest *found,
                              const struct weft_file_digest *expected)
{
    if (found->bytes != expected->bytes) return "has another size than MANIFEST says";
    if (!weft_file_digest_equal(found, expected))
        return "has other bytes than when the backup was made: its checksums do not fit MANIFEST";
    return NULL;
}

static void verify_file(struct verifying *v, const struct weft_backup_file *file)
{
    char path[WEFT_STORE_PATH_MAX];
    struct weft_file_digest digest;
    struct weft_err err;

    snprintf(path, sizeof path, "%s/%s", v->backup, file->name);
    if (weft_file_digest(path, &digest, &err) < 0) {
        finding(v, WEFT_FINDING_DAMAGE, "%s", err.text);
        return;
    }
    const char *what = difference(&digest, &file->digest);
    if (what != NULL) finding(v, WEFT_FINDING_DAMAGE, "%s %s", path, what);
    v->done += file->digest.bytes;
    if (v->progress != NULL) v->progress(v->arg, v->done, v->total);
}

static int find_strangers(struct verifying *v, const struct weft_backup_manifest *manifest,
                          struct weft_err *err)
{
    struct weft_store_files files;
    int rc = weft_store_files_list(&files, v->backup, err);

    if (rc < 0) return rc;
    for (uint32_t i = 0; i < files.count; i++)
        if (strcmp(files.items[i].name, WEFT_BACKUP_MANIFEST) != 0 &&
            weft_backup_manifest_find(manifest, files.items[i].name) == NULL)
            finding(v, WEFT_FINDING_NOTE, "%s/%s is not in MANIFEST: a restore leaves it out",
                    v->backup, files.items[i].name);
    weft_store_files_release(&files);
    return WEFT_OK;
}

int weft_store_verify(const char *backup, weft_store_report *report, weft_store_progress *progress,
                      void *arg, struct weft_store_check *out, struct weft_err *err)
{
    struct verifying v = { .backup = backup, .report = report, .progress = progress, .arg = arg };
    struct weft_backup_manifest manifest;

    *out = (struct weft_store_check){ 0 };
    int rc = weft_backup_manifest_read(&manifest, backup, err);
    v.total = total_bytes(&manifest);
    for (uint32_t i = 0; rc == WEFT_OK && i < manifest.count; i++)
        verify_file(&v, &manifest.files[i]);
    if (rc == WEFT_OK) rc = find_strangers(&v, &manifest, err);
    weft_backup_manifest_release(&manifest);
    if (rc < 0) return rc;
    rc = weft_store_check_watched(backup, report, progress, arg, out, err);
    out->damages += v.damages;
    if (rc == WEFT_OK && v.damages > 0)
        rc = weft_fail(err, WEFT_CORRUPT, "%s: %llu files do not fit MANIFEST", backup,
                       (unsigned long long)v.damages);
    return rc;
}

/* ---- restore ---- */

static int restore_file(const char *backup, const char *to, const struct weft_backup_file *file,
                        struct weft_err *err)
{
    char from[WEFT_STORE_PATH_MAX], beside[WEFT_STORE_PATH_MAX];
    struct weft_file_digest digest;

    snprintf(from, sizeof from, "%s/%s", backup, file->name);
    snprintf(beside, sizeof beside, "%s/%s.tmp", to, file->name);
    int rc = weft_file_copy(from, UINT64_MAX, NULL, 0, beside, &digest, err);
    if (rc < 0) return rc;
    const char *what = difference(&digest, &file->digest);
    return what == NULL ? WEFT_OK : weft_fail(err, WEFT_CORRUPT, "%s %s", from, what);
}

static void names_of(const char *to, const char *name, char beside[static WEFT_STORE_PATH_MAX],
                     char path[static WEFT_STORE_PATH_MAX])
{
    snprintf(path, WEFT_STORE_PATH_MAX, "%s/%s", to, name);
    snprintf(beside, WEFT_STORE_PATH_MAX, "%s/%s.tmp", to, name);
}

static int publish(const struct weft_backup_manifest *manifest, const char *to,
                   struct weft_err *err)
{
    char beside[WEFT_STORE_PATH_MAX], path[WEFT_STORE_PATH_MAX];
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < manifest->count && rc == WEFT_OK; i++) {
        names_of(to, manifest->files[i].name, beside, path);
        rc = weft_file_rename(beside, path, err);
    }
    return rc;
}

static void undo(const struct weft_backup_manifest *manifest, uint32_t count, const char *to)
{
    char beside[WEFT_STORE_PATH_MAX], path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < count; i++) {
        names_of(to, manifest->files[i].name, beside, path);
        weft_file_unlink(beside, NULL);
        weft_file_unlink(path, NULL);
    }
}

/* A directory with this file has only part of its store, or none of it: nobody opens it. */
static int marker_make(const char *to, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];

    snprintf(path, sizeof path, "%s/" WEFT_STORE_RESTORING, to);
    return weft_file_replace(path, WEFT_S("a restore has begun and not ended\n"), err);
}

static int marker_remove(const char *to, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];

    snprintf(path, sizeof path, "%s/" WEFT_STORE_RESTORING, to);
    int rc = weft_file_unlink(path, err);
    return rc == WEFT_OK ? weft_file_sync_directory(to, err) : rc;
}

static void lock_remove(const char *to)
{
    char path[WEFT_STORE_PATH_MAX];

    snprintf(path, sizeof path, "%s/LOCK", to);
    weft_file_unlink(path, NULL);
}

int weft_store_restore(const char *backup, const char *to, weft_store_progress *progress, void *arg,
                       struct weft_store_backup_stats *stats, struct weft_err *err)
{
    struct weft_backup_manifest manifest;
    uint32_t copied = 0;
    int lock = -1;

    *stats = (struct weft_store_backup_stats){ 0 };
    int rc = weft_backup_manifest_read(&manifest, backup, err);
    uint64_t total = total_bytes(&manifest);
    if (rc == WEFT_OK) rc = weft_store_empty_directory(to, err);
    bool is_begun = rc == WEFT_OK && (rc = weft_store_lock_directory(&lock, to, err)) == WEFT_OK;
    if (is_begun) rc = marker_make(to, err);
    while (rc == WEFT_OK && copied < manifest.count) {
        const struct weft_backup_file *file = &manifest.files[copied];
        rc = restore_file(backup, to, file, err);
        copied++;
        stats->bytes += file->digest.bytes;
        if (rc == WEFT_OK && progress != NULL) progress(arg, stats->bytes, total);
    }
    stats->files = stats->copied = manifest.count;
    if (rc == WEFT_OK) rc = publish(&manifest, to, err);
    if (rc == WEFT_OK) rc = marker_remove(to, err);
    if (rc < 0 && is_begun) {
        undo(&manifest, copied, to);
        marker_remove(to, NULL);
        lock_remove(to);
    }
    weft_file_close(&lock);
    weft_backup_manifest_release(&manifest);
    return rc;
}
