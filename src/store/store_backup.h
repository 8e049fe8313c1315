/* store_backup.h -- a store's files kept elsewhere: taken while a server runs, verified, brought back.
 *
 * Shape      a directory with the same files and a MANIFEST (docs/format/backup.md). Blocks and bundles never change: hard
 *            links where the system allows, else copies. Segments are always copied, their committed prefix only, because the
 *            server writes to their files again
 * Promises   every span that was acknowledged before weft_store_backup() was called is in it. The server is not asked
 * Errors     a sentence; a backup that failed is no backup (it has no MANIFEST) and its files are removed
 */
#ifndef WEFT_STORE_STORE_BACKUP_H
#define WEFT_STORE_STORE_BACKUP_H
#include "store/store_inspect.h"

struct weft_store_backup_options {
    const char *directory; /* of the store */
    const char *to;        /* does not exist, or is empty */
    const char
        *previous; /* an earlier backup whose files are linked when they are the same; NULL: none */
    bool no_links; /* copy everything */
    weft_store_report
        *report; /* damages that were copied as they are; NULL: nobody wants to know */
    weft_store_progress *progress; /* NULL: none */
    void *arg;
};
struct weft_store_backup_stats {
    uint64_t files, bytes;
    uint64_t linked, copied, reused; /* files: from the store, copied, from the earlier backup */
    uint64_t damaged;                /* files that cannot be read whole, copied as they are */
    uint64_t retries; /* how often files vanished meanwhile and the set was taken again */
};
int weft_store_backup(const struct weft_store_backup_options *options,
                      struct weft_store_backup_stats *stats, struct weft_err *err);

/* Sizes and checksums of MANIFEST, then everything that weft_store_check() looks at. WEFT_CORRUPT when something does not
 * fit; the findings went to `report`. */
int weft_store_verify(const char *backup, weft_store_report *report, weft_store_progress *progress,
                      void *arg, struct weft_store_check *out, struct weft_err *err);

/* Copy a backup to `to` (does not exist, or is empty), each file verified on the way. Until the last file has been verified,
 * none has its name, so a restore that broke off is no store. */
int weft_store_restore(const char *backup, const char *to, weft_store_progress *progress, void *arg,
                       struct weft_store_backup_stats *stats, struct weft_err *err);

#endif
