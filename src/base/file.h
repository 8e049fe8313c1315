/* file.h -- file operations that say what failed and can be made to fail.
 *
 * Errors     WEFT_IO (WEFT_FULL for no space) with operation, path and errno in the sentence
 * Threads    any; the fault table is for tests and set before threads start
 * Ownership  file descriptors belong to the caller
 *
 * Every function retries EINTR and finishes short reads and writes. Tests install a
 * weft_file_faults to make the N-th call of one operation fail: all code that touches files goes
 * through here for that reason.
 */
#ifndef WEFT_BASE_FILE_H
#define WEFT_BASE_FILE_H
#include "base/buf.h"
#include "base/err.h"
#include <sys/types.h>

enum weft_file_op {
    WEFT_FILE_OPEN,
    WEFT_FILE_READ,
    WEFT_FILE_WRITE,
    WEFT_FILE_SYNC,
    WEFT_FILE_RENAME,
    WEFT_FILE_UNLINK,
    WEFT_FILE_ALLOCATE,
    WEFT_FILE_MMAP,
    WEFT_FILE_OP_COUNT,
};
/* Before each system call: return 0 to go on, or an errno to fail with; *len may be cut for a short
 * write. */
struct weft_file_faults {
    int (*before)(void *self, enum weft_file_op op, const char *path, size_t *len);
    void *self;
};
void weft_file_set_faults(const struct weft_file_faults *faults); /* NULL: none */

/* `flags` as open(2), O_CLOEXEC added, mode 0600. `path` is kept only for messages where a call
 * takes it. */
int weft_file_open(int *fd, const char *path, int flags, struct weft_err *err);
void weft_file_close(int *fd); /* sets -1; -1 is fine */
/* All `len` bytes at `offset`, or an error; end of file before that is WEFT_CORRUPT. */
int weft_file_read_at(int fd, const char *path, void *out, size_t len, uint64_t offset,
                      struct weft_err *err);
int weft_file_write_at(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                       struct weft_err *err);
int weft_file_sync_data(int fd, const char *path, struct weft_err *err); /* fdatasync */
int weft_file_allocate(int fd, const char *path, uint64_t bytes, struct weft_err *err);
int weft_file_size(int fd, const char *path, uint64_t *bytes, struct weft_err *err);
/* Read-only shared mapping. */
int weft_file_map(const void **map, int fd, const char *path, size_t len, struct weft_err *err);
void weft_file_unmap(const void *map, size_t len);
/* Rename and sync the directory, so that the new name survives a power cut. */
int weft_file_rename(const char *from, const char *to, struct weft_err *err);
int weft_file_unlink(const char *path, struct weft_err *err);
int weft_file_sync_directory(const char *path, struct weft_err *err);
int weft_file_make_directory(const char *path,
                             struct weft_err *err); /* 0700, parents too; existing is fine */
/* Whole file into `out` (appended); more than `max_bytes` is WEFT_TOO_LARGE. */
int weft_file_read_all(struct weft_buf *out, const char *path, size_t max_bytes,
                       struct weft_err *err);
/* Write beside, sync, rename: the file is the old one or the new one, never half. */
int weft_file_replace(const char *path, struct weft_str content, struct weft_err *err);

#endif
