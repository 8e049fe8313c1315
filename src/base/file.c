/* file.c -- system calls on files, each behind the fault table. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct weft_file_faults *installed_faults;

void weft_file_set_faults(const struct weft_file_faults *faults)
{
    installed_faults = faults;
}

/* Ask the fault table; false, with errno set, when the call is to fail. */
static bool may_go_on(enum weft_file_op op, const char *path, size_t *len)
{
    size_t whole = 0;
    if (__builtin_expect(installed_faults == NULL, 1)) return true;
    int fault =
        installed_faults->before(installed_faults->self, op, path, len != NULL ? len : &whole);
    if (fault != 0) errno = fault;
    return fault == 0;
}

int weft_file_open(int *fd, const char *path, int flags, struct weft_err *err)
{
    *fd = -1;
    do {
        if (!may_go_on(WEFT_FILE_OPEN, path, NULL)) break;
        *fd = open(path, flags | O_CLOEXEC, 0600);
    } while (*fd < 0 && errno == EINTR);
    if (*fd >= 0) return WEFT_OK;
    if (errno != ENOENT) return weft_fail_errno(err, "could not open %s", path);
    weft_fail_errno(err, "could not open %s", path);
    if (err != NULL) err->status = WEFT_NOT_FOUND;
    return WEFT_NOT_FOUND;
}

void weft_file_close(int *fd)
{
    if (*fd >= 0) close(*fd); /* EINTR included, Linux has closed it: never try again */
    *fd = -1;
}

int weft_file_read_at(int fd, const char *path, void *out, size_t len, uint64_t offset,
                      struct weft_err *err)
{
    size_t done = 0;
    while (done < len) {
        size_t part = len - done;
        ssize_t got = may_go_on(WEFT_FILE_READ, path, &part)
                          ? pread(fd, (char *)out + done, part, (off_t)(offset + done))
                          : -1;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return weft_fail_errno(err, "could not read %zu bytes of %s at byte %llu", len, path,
                                   (unsigned long long)offset);
        if (got == 0)
            return weft_fail(err, WEFT_CORRUPT,
                             "%s ends at byte %llu, %zu bytes expected from byte %llu", path,
                             (unsigned long long)(offset + done), len, (unsigned long long)offset);
        done += (size_t)got;
    }
    return WEFT_OK;
}

int weft_file_write_at(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                       struct weft_err *err)
{
    size_t done = 0;
    while (done < len) {
        size_t part = len - done;
        ssize_t put = may_go_on(WEFT_FILE_WRITE, path, &part)
                          ? pwrite(fd, (const char *)bytes + done, part, (off_t)(offset + done))
                          : -1;
        if (put < 0 && errno == EINTR) continue;
        if (put == 0) { /* not in POSIX for regular files; as good as full */
            errno = ENOSPC;
            put = -1;
        }
        if (put < 0)
            return weft_fail_errno(err, "could not write %zu bytes to %s at byte %llu", len, path,
                                   (unsigned long long)offset);
        done += (size_t)put;
    }
    return WEFT_OK;
}

/* After a failed sync the kernel may have dropped the dirty pages: trying again would report
 * success for
 * bytes that are lost. So only EINTR is retried, and the caller must treat the bytes as not
 * written. */
int weft_file_sync_data(int fd, const char *path, struct weft_err *err)
{
    int rc;
    do {
        rc = may_go_on(WEFT_FILE_SYNC, path, NULL) ? fdatasync(fd) : -1;
    } while (rc < 0 && errno == EINTR);
    return rc == 0 ? WEFT_OK : weft_fail_errno(err, "could not sync %s to disk", path);
}

int weft_file_allocate(int fd, const char *path, uint64_t bytes, struct weft_err *err)
{
    int failed;
    do {
        failed = may_go_on(WEFT_FILE_ALLOCATE, path, NULL) ? posix_fallocate(fd, 0, (off_t)bytes)
                                                           : errno;
    } while (failed == EINTR);
    if (failed == 0) return WEFT_OK;
    errno = failed;
    return weft_fail_errno(err, "could not reserve %llu bytes for %s", (unsigned long long)bytes,
                           path);
}

int weft_file_size(int fd, const char *path, uint64_t *bytes, struct weft_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0) return weft_fail_errno(err, "could not find the size of %s", path);
    *bytes = (uint64_t)st.st_size;
    return WEFT_OK;
}

int weft_file_map(const void **map, int fd, const char *path, size_t len, struct weft_err *err)
{
    *map = NULL;
    if (len == 0) return weft_fail(err, WEFT_INVALID, "could not map %s: it is empty", path);
    void *at = may_go_on(WEFT_FILE_MMAP, path, NULL) ? mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0)
                                                     : MAP_FAILED;
    if (at == MAP_FAILED) return weft_fail_errno(err, "could not map %zu bytes of %s", len, path);
    *map = at;
    return WEFT_OK;
}

void weft_file_unmap(const void *map, size_t len)
{
    /* Through an integer, because munmap takes a non-const pointer to what was const all along. */
    if (map != NULL) munmap((void *)(uintptr_t)map, len);
}

int weft_file_unlink(const char *path, struct weft_err *err)
{
    int rc = may_go_on(WEFT_FILE_UNLINK, path, NULL) ? unlink(path) : -1;
    return rc == 0 ? WEFT_OK : weft_fail_errno(err, "could not remove %s", path);
}

int weft_file_sync_directory(const char *path, struct weft_err *err)
{
    int fd;
    int rc = weft_file_open(&fd, path, O_RDONLY | O_DIRECTORY, err);
    if (rc < 0) return rc;
    do {
        rc = may_go_on(WEFT_FILE_SYNC, path, NULL) ? fsync(fd) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) rc = weft_fail_errno(err, "could not sync the directory %s to disk", path);
    weft_file_close(&fd);
    return rc;
}

/* Sync the directory that `path` is in. */
static int parent_sync(const char *path, struct weft_err *err)
{
    struct weft_buf parent = { 0 };
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (len != 0)
        weft_buf_append(&parent, path, len);
    else
        weft_buf_append_byte(&parent, slash != NULL ? '/' : '.');
    weft_buf_append_byte(&parent, '\0');
    int rc = weft_file_sync_directory(parent.data, err);
    weft_buf_release(&parent);
    return rc;
}

int weft_file_rename(const char *from, const char *to, struct weft_err *err)
{
    int rc = may_go_on(WEFT_FILE_RENAME, from, NULL) ? rename(from, to) : -1;
    if (rc < 0) return weft_fail_errno(err, "could not rename %s to %s", from, to);
    return parent_sync(to, err);
}

static int directory_make_one(const char *path, struct weft_err *err)
{
    struct stat st;
    int rc = may_go_on(WEFT_FILE_OPEN, path, NULL) ? mkdir(path, 0700) : -1;
    if (rc == 0) return parent_sync(path, err);
    int failed = errno;
    if (failed == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return WEFT_OK;
    errno = failed == EEXIST ? ENOTDIR : failed;
    return weft_fail_errno(err, "could not make the directory %s", path);
}

int weft_file_make_directory(const char *path, struct weft_err *err)
{
    struct weft_buf copy = { 0 };
    int rc = WEFT_OK;
    weft_buf_append_c(&copy, path);
    weft_buf_append_byte(&copy, '\0');
    for (char *at = copy.data + 1; rc == WEFT_OK && copy.data[0] != '\0' && *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        struct stat st;
        if (stat(copy.data, &st) < 0) rc = directory_make_one(copy.data, err);
        *at = '/';
    }
    if (rc == WEFT_OK) rc = directory_make_one(path, err);
    weft_buf_release(&copy);
    return rc;
}

static int read_to_end(struct weft_buf *out, int fd, const char *path, size_t max_bytes,
                       struct weft_err *err)
{
    size_t before = out->len;
    for (;;) {
        size_t part = 16384;
        char *at = weft_buf_reserve(out, part);
        ssize_t got = may_go_on(WEFT_FILE_READ, path, &part) ? read(fd, at, part) : -1;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return weft_fail_errno(err, "could not read %s", path);
        if (got == 0) return WEFT_OK;
        out->len += (size_t)got;
        if (out->len - before > max_bytes)
            return weft_fail(err, WEFT_TOO_LARGE, "%s is larger than the %zu bytes allowed", path,
                             max_bytes);
    }
}

int weft_file_read_all(struct weft_buf *out, const char *path, size_t max_bytes,
                       struct weft_err *err)
{
    int fd;
    size_t before = out->len;
    int rc = weft_file_open(&fd, path, O_RDONLY, err);
    if (rc < 0) return rc;
    if ((rc = read_to_end(out, fd, path, max_bytes, err)) < 0) out->len = before;
    weft_file_close(&fd);
    return rc;
}

int weft_file_replace(const char *path, struct weft_str content, struct weft_err *err)
{
    int rc, fd;
    struct weft_buf beside = { 0 };
    weft_buf_append_c(&beside, path);
    weft_buf_append(&beside, ".new", sizeof ".new");

    if ((rc = weft_file_open(&fd, beside.data, O_WRONLY | O_CREAT | O_TRUNC, err)) < 0) goto done;
    rc = weft_file_write_at(fd, beside.data, content.ptr, content.len, 0, err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(fd, beside.data, err);
    weft_file_close(&fd);
    if (rc == WEFT_OK) rc = weft_file_rename(beside.data, path, err);
    if (rc < 0) unlink(beside.data); /* the reason is in *err already */
done:
    weft_buf_release(&beside);
    return rc;
}
