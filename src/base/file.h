/* file.h -- file operations that say what failed, can be made to fail, and can be recorded.
 *
 * Errors     WEFT_IO (WEFT_FULL for no space) with operation, path and errno in the sentence
 * Threads    any; the fault table is for tests and set before threads start
 * Ownership  file descriptors belong to the caller
 *
 * Every function retries EINTR and finishes short reads and writes. Tests install a
 * weft_file_faults to make the N-th call of one operation fail, or to write down what was done to
 * the disk and in which order: all code that touches files goes through here for that reason.
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
    WEFT_FILE_SYNC_DIRECTORY,
    WEFT_FILE_RENAME,
    WEFT_FILE_LINK,
    WEFT_FILE_UNLINK,
    WEFT_FILE_ALLOCATE,
    WEFT_FILE_TRUNCATE,
    WEFT_FILE_COPY,
    WEFT_FILE_MMAP,
    WEFT_FILE_SIZE,
    WEFT_FILE_MAKE_DIRECTORY,
    WEFT_FILE_LIST,
    WEFT_FILE_LOCK,
    WEFT_FILE_SPACE,
    WEFT_FILE_OP_COUNT,
};
/* A call that changed something on disk, or opened a file, and succeeded. */
struct weft_file_event {
    enum weft_file_op op;
    int fd;            /* -1: the operation is one on names */
    const char *path;  /* the name as the caller gave it: of an open file it may be an older one */
    const char *to;    /* rename, link */
    int flags;         /* open */
    const void *bytes; /* write */
    uint64_t offset;
    uint64_t len; /* written or copied bytes; the new size */
};
struct weft_file_faults {
    /* Before each system call: return 0 to go on, or an errno to fail with; *len may be cut for a
     * short read, write or copy. WEFT_FILE_SPACE: *len is SIZE_MAX; what is put there instead
     * becomes the number of free bytes. */
    int (*before)(void *self, enum weft_file_op op, const char *path, size_t *len);
    void *self;
    /* After each successful one of open, write, sync, rename, link, unlink, allocate, truncate,
     * copy and make directory. May be NULL. */
    void (*after)(void *self, const struct weft_file_event *event);
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
int weft_file_truncate(int fd, const char *path, uint64_t bytes, struct weft_err *err);
/* `len` bytes from one file into another without passing through this process where the system can
 * do that; end of file before that is WEFT_CORRUPT. */
int weft_file_copy_range(int from_fd, const char *from, uint64_t from_offset, int to_fd,
                         const char *to, uint64_t to_offset, uint64_t len, struct weft_err *err);
int weft_file_size(int fd, const char *path, uint64_t *bytes, struct weft_err *err);
/* WEFT_BUSY: another open file has the lock (flock). It goes with the descriptor. */
int weft_file_lock(int fd, const char *path, struct weft_err *err);

/* ---- mappings: file_map.c ---- */

/* Read-only shared mapping. A page of it that cannot be read from the disk (or that the file has lost
 * since) reads as zeros from then on, instead of ending the process by SIGBUS: */
int weft_file_map(const void **map, int fd, const char *path, size_t len, struct weft_err *err);
void weft_file_unmap(const void *map, size_t len);
/* ... in how many pages this has happened so far, in the whole process. Unchanged from before a read
 * to after it: everything it read was real. */
uint64_t weft_file_lost_pages(void);
/* ... did it happen to a page of these bytes, or between two such pages of their mapping? Costs
 * nothing as long as it never happened. */
bool weft_file_map_is_unreadable(const void *bytes, size_t len);

/* ---- names: file_names.c ---- */

/* The size of the file of that name; WEFT_NOT_FOUND. */
int weft_file_size_of(const char *path, uint64_t *bytes, struct weft_err *err);
bool weft_file_exists(const char *path); /* false also when that cannot be found out */
/* Rename and sync the directory, so that the new name survives a power cut. */
int weft_file_rename(const char *from, const char *to, struct weft_err *err);
/* A second name for the same file; the caller syncs the directory. WEFT_UNSUPPORTED: this file
 * system, or these two places, cannot have one. WEFT_NOT_FOUND: there is no such file. */
int weft_file_link(const char *from, const char *to, struct weft_err *err);
int weft_file_unlink(const char *path, struct weft_err *err);
int weft_file_sync_directory(const char *path, struct weft_err *err);
int weft_file_make_directory(const char *path,
                             struct weft_err *err); /* 0700, parents too; existing is fine */
/* Every name but those that begin with a dot, in no order. `visit` may remove files. */
int weft_file_list(const char *directory, void (*visit)(void *arg, const char *name), void *arg,
                   struct weft_err *err);
/* Of the file system that `path` is in: what an ordinary process may still write, and its size. */
struct weft_file_space {
    uint64_t free_bytes, total_bytes;
};
int weft_file_space(const char *path, struct weft_file_space *out, struct weft_err *err);
/* Whole file into `out` (appended); more than `max_bytes` is WEFT_TOO_LARGE. */
int weft_file_read_all(struct weft_buf *out, const char *path, size_t max_bytes,
                       struct weft_err *err);
/* Write beside, sync, rename: the file is the old one or the new one, never half. */
int weft_file_replace(const char *path, struct weft_str content, struct weft_err *err);

#endif
