/* file.c -- system calls on open files, each behind the fault table. */
#include "base/file.h"
#include "base/file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct weft_file_faults *installed_faults;

void weft_file_set_faults(const struct weft_file_faults *faults)
{
    installed_faults = faults;
}

bool weft_file_may_go_on(enum weft_file_op op, const char *path, size_t *len)
{
    size_t whole = 0;
    if (__builtin_expect(installed_faults == NULL, 1)) return true;
    int fault =
        installed_faults->before(installed_faults->self, op, path, len != NULL ? len : &whole);
    if (fault != 0) errno = fault;
    return fault == 0;
}

void weft_file_was_done(const struct weft_file_event *event)
{
    if (__builtin_expect(installed_faults == NULL || installed_faults->after == NULL, 1)) return;
    int kept = errno;
    installed_faults->after(installed_faults->self, event);
    errno = kept;
}

int weft_file_open(int *fd, const char *path, int flags, struct weft_err *err)
{
    do {
        *fd = weft_file_may_go_on(WEFT_FILE_OPEN, path, NULL) ? open(path, flags | O_CLOEXEC, 0600)
                                                              : -1;
    } while (*fd < 0 && errno == EINTR);
    if (*fd >= 0) {
        weft_file_was_done(&(struct weft_file_event){
            .op = WEFT_FILE_OPEN, .fd = *fd, .path = path, .flags = flags });
        return WEFT_OK;
    }
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
        ssize_t got = weft_file_may_go_on(WEFT_FILE_READ, path, &part)
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
        const char *at = (const char *)bytes + done;
        ssize_t put = weft_file_may_go_on(WEFT_FILE_WRITE, path, &part)
                          ? pwrite(fd, at, part, (off_t)(offset + done))
                          : -1;
        if (put < 0 && errno == EINTR) continue;
        if (put == 0) { /* not in POSIX for regular files; as good as full */
            errno = ENOSPC;
            put = -1;
        }
        if (put < 0)
            return weft_fail_errno(err, "could not write %zu bytes to %s at byte %llu", len, path,
                                   (unsigned long long)offset);
        weft_file_was_done(&(struct weft_file_event){ .op = WEFT_FILE_WRITE,
                                                      .fd = fd,
                                                      .path = path,
                                                      .bytes = at,
                                                      .offset = offset + done,
                                                      .len = (uint64_t)put });
        done += (size_t)put;
    }
    return WEFT_OK;
}

/* After a failed sync the kernel may have dropped the dirty pages: trying again would report
 * success for bytes that are lost. So only EINTR is retried, and the caller must treat the bytes as
 * not written. */
int weft_file_sync_data(int fd, const char *path, struct weft_err *err)
{
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_SYNC, path, NULL) ? fdatasync(fd) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) return weft_fail_errno(err, "could not sync %s to disk", path);
    weft_file_was_done(&(struct weft_file_event){ .op = WEFT_FILE_SYNC, .fd = fd, .path = path });
    return WEFT_OK;
}

int weft_file_allocate(int fd, const char *path, uint64_t bytes, struct weft_err *err)
{
    int failed;
    do {
        failed = weft_file_may_go_on(WEFT_FILE_ALLOCATE, path, NULL)
                     ? posix_fallocate(fd, 0, (off_t)bytes)
                     : errno;
    } while (failed == EINTR);
    if (failed == 0) {
        weft_file_was_done(&(struct weft_file_event){
            .op = WEFT_FILE_ALLOCATE, .fd = fd, .path = path, .len = bytes });
        return WEFT_OK;
    }
    errno = failed;
    return weft_fail_errno(err, "could not reserve %llu bytes for %s", (unsigned long long)bytes,
                           path);
}

int weft_file_truncate(int fd, const char *path, uint64_t bytes, struct weft_err *err)
{
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_TRUNCATE, path, NULL) ? ftruncate(fd, (off_t)bytes) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return weft_fail_errno(err, "could not set the size of %s to %llu", path,
                               (unsigned long long)bytes);
    weft_file_was_done(&(struct weft_file_event){
        .op = WEFT_FILE_TRUNCATE, .fd = fd, .path = path, .len = bytes });
    return WEFT_OK;
}

/* For file systems, and pairs of them, that cannot copy by themselves. */
static int copy_through_memory(int from_fd, const char *from, uint64_t from_offset, int to_fd,
                               const char *to, uint64_t to_offset, uint64_t len,
                               struct weft_err *err)
{
    char part[65536];
    while (len > 0) {
        size_t now = len < sizeof part ? (size_t)len : sizeof part;
        int rc = weft_file_read_at(from_fd, from, part, now, from_offset, err);
        if (rc == WEFT_OK) rc = weft_file_write_at(to_fd, to, part, now, to_offset, err);
        if (rc < 0) return rc;
        from_offset += now;
        to_offset += now;
        len -= now;
    }
    return WEFT_OK;
}

int weft_file_copy_range(int from_fd, const char *from, uint64_t from_offset, int to_fd,
                         const char *to, uint64_t to_offset, uint64_t len, struct weft_err *err)
{
    while (len > 0) {
        size_t part = len < (1u << 30) ? (size_t)len : 1u << 30;
        off_t from_at = (off_t)from_offset, to_at = (off_t)to_offset;
        ssize_t put = weft_file_may_go_on(WEFT_FILE_COPY, from, &part)
                          ? copy_file_range(from_fd, &from_at, to_fd, &to_at, part, 0)
                          : -1;
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 &&
            (errno == EXDEV || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP))
            return copy_through_memory(from_fd, from, from_offset, to_fd, to, to_offset, len, err);
        if (put < 0)
            return weft_fail_errno(err, "could not copy %llu bytes of %s at byte %llu to %s",
                                   (unsigned long long)len, from, (unsigned long long)from_offset,
                                   to);
        if (put == 0)
            return weft_fail(err, WEFT_CORRUPT, "%s ends at byte %llu, %llu bytes more expected",
                             from, (unsigned long long)from_offset, (unsigned long long)len);
        weft_file_was_done(&(struct weft_file_event){ .op = WEFT_FILE_COPY,
                                                      .fd = to_fd,
                                                      .path = to,
                                                      .offset = to_offset,
                                                      .len = (uint64_t)put });
        from_offset += (uint64_t)put;
        to_offset += (uint64_t)put;
        len -= (uint64_t)put;
    }
    return WEFT_OK;
}

int weft_file_size(int fd, const char *path, uint64_t *bytes, struct weft_err *err)
{
    struct stat st;
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_SIZE, path, NULL) ? fstat(fd, &st) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) return weft_fail_errno(err, "could not find the size of %s", path);
    *bytes = (uint64_t)st.st_size;
    return WEFT_OK;
}

int weft_file_lock(int fd, const char *path, struct weft_err *err)
{
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_LOCK, path, NULL) ? flock(fd, LOCK_EX | LOCK_NB) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc == 0) return WEFT_OK;
    if (errno == EWOULDBLOCK)
        return weft_fail(err, WEFT_BUSY, "%s is locked by another process", path);
    return weft_fail_errno(err, "could not lock %s", path);
}
