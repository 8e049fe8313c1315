/* backup_manifest.h -- MANIFEST: what a backup consists of (docs/format/backup.md).
 *
 * Errors     WEFT_NOT_FOUND: no backup, or one that was not finished; WEFT_CORRUPT; WEFT_UNSUPPORTED: newer
 * Ownership  weft_backup_manifest_release() frees what read and add made
 */
#ifndef WEFT_STORE_BACKUP_MANIFEST_H
#define WEFT_STORE_BACKUP_MANIFEST_H
#include "base/arena.h"
#include "store/file_digest.h"

struct weft_backup_file {
    const char *name;
    struct weft_file_digest digest;
};
struct weft_backup_manifest {
    uint64_t created_unix_ns;
    struct weft_backup_file *files; /* by name */
    uint32_t count, capacity;
    struct weft_arena arena;
};
#define WEFT_BACKUP_MANIFEST "MANIFEST"
#define WEFT_BACKUP_VERSION 1u

void weft_backup_manifest_init(struct weft_backup_manifest *manifest);
void weft_backup_manifest_release(struct weft_backup_manifest *manifest);
void weft_backup_manifest_add(struct weft_backup_manifest *manifest, const char *name,
                              const struct weft_file_digest *digest);
void weft_backup_manifest_remove(struct weft_backup_manifest *manifest, uint32_t index);
/* NULL when it has none of that name. */
const struct weft_backup_file *weft_backup_manifest_find(
    const struct weft_backup_manifest *manifest, const char *name);
int weft_backup_manifest_read(struct weft_backup_manifest *out, const char *directory,
                              struct weft_err *err);
/* What stands in the file; `path` is for sentences. Into one that is initialised and empty. */
int weft_backup_manifest_parse(struct weft_backup_manifest *out, struct weft_str text,
                               const char *path, struct weft_err *err);
/* Sorts the files; written beside, synced, renamed. */
int weft_backup_manifest_write(struct weft_backup_manifest *manifest, const char *directory,
                               struct weft_err *err);

#endif
