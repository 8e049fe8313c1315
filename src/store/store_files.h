/* store_files.h -- the names in a store's directory: which files lie there, and what they are.
 *
 * Errors     WEFT_NOT_FOUND when there is no such directory
 * Threads    any; another process may serve the directory meanwhile
 * Ownership  weft_store_files_release() frees what list made
 */
#ifndef WEFT_STORE_STORE_FILES_H
#define WEFT_STORE_STORE_FILES_H
#include "base/arena.h"
#include "base/err.h"

enum weft_store_file_kind {
    WEFT_STORE_FILE_OTHER, /* not of the store's making */
    WEFT_STORE_FILE_BLOCK,
    WEFT_STORE_FILE_BUNDLE,
    WEFT_STORE_FILE_SEGMENT,
    WEFT_STORE_FILE_SPARE,
    WEFT_STORE_FILE_CATALOG,
    WEFT_STORE_FILE_LOCK,
    WEFT_STORE_FILE_LEFTOVER, /* *.tmp, *.new: being written, or left by a crash */
};
struct weft_store_file {
    const char *name;
    enum weft_store_file_kind kind;
    uint64_t number; /* 0 for those without */
};
struct weft_store_files {
    struct weft_store_file *items; /* by name: kind after kind, each by number */
    uint32_t count;
    struct weft_arena arena;
};

/* What a name says. `name` is kept. */
struct weft_store_file weft_store_file_parse(const char *name);
/* Names that begin with a dot are left out, and lost+found. */
int weft_store_files_list(struct weft_store_files *out, const char *directory,
                          struct weft_err *err);
/* The same, so that no span falls between two names: while a compaction makes one file and removes another, one reading of
 * the directory may see neither. Where a second reading has all that the first had, it has not missed both, for the new file is
 * there before the old one goes; what has come besides does no harm. WEFT_BUSY when files go again and again. */
int weft_store_files_list_stable(struct weft_store_files *out, const char *directory,
                                 struct weft_err *err);
void weft_store_files_release(struct weft_store_files *files);
/* Make the directory; WEFT_INVALID when it is there and has files. */
int weft_store_empty_directory(const char *path, struct weft_err *err);

#endif
