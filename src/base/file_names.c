/* file_names.c -- names and directories: what a file is called, what lies where, whole files. */
#include "base/file.h"
#include "base/file_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int weft_file_size_of(const char *path, uint64_t *bytes, struct weft_err *err)
{
    struct stat st;
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_SIZE, path, NULL) ? stat(path, &st) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc == 0) {
        *bytes = (uint64_t)st.st_size;
        return WEFT_OK;
    }
    bool is_missing = errno == ENOENT;
    rc = weft_fail_errno(err, "could not find the size of %s", path);
    if (!is_missing) return rc;
    if (err != NULL) err->status = WEFT_NOT_FOUND;
    return WEFT_NOT_FOUND;
}

bool weft_file_exists(const char *path)
{
    return weft_file_may_go_on(WEFT_FILE_SIZE, path, NULL) && access(path, F_OK) == 0;
}

int weft_file_unlink(const char *path, struct weft_err *err)
{
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_UNLINK, path, NULL) ? unlink(path) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) return weft_fail_errno(err, "could not remove %s", path);
    weft_file_was_done(&(struct weft_file_event){ .op = WEFT_FILE_UNLINK, .fd = -1, .path = path });
    return WEFT_OK;
}

int weft_file_sync_directory(const char *path, struct weft_err *err)
{
    int fd;
    int rc = weft_file_open(&fd, path, O_RDONLY | O_DIRECTORY, err);
    if (rc < 0) return rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_SYNC_DIRECTORY, path, NULL) ? fsync(fd) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        rc = weft_fail_errno(err, "could not sync the directory %s to disk", path);
    else
        weft_file_was_done(
            &(struct weft_file_event){ .op = WEFT_FILE_SYNC_DIRECTORY, .fd = fd, .path = path });
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
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_RENAME, from, NULL) ? rename(from, to) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) return weft_fail_errno(err, "could not rename %s to %s", from, to);
    weft_file_was_done(
        &(struct weft_file_event){ .op = WEFT_FILE_RENAME, .fd = -1, .path = from, .to = to });
    return parent_sync(to, err);
}

int weft_file_link(const char *from, const char *to, struct weft_err *err)
{
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_LINK, from, NULL) ? link(from, to) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc == 0) {
        weft_file_was_done(
            &(struct weft_file_event){ .op = WEFT_FILE_LINK, .fd = -1, .path = from, .to = to });
        return WEFT_OK;
    }
    int failed = errno;
    rc = weft_fail_errno(err, "could not give %s the second name %s", from, to);
    if (failed == ENOENT)
        rc = WEFT_NOT_FOUND;
    else if (failed == EXDEV || failed == EPERM || failed == EMLINK || failed == EOPNOTSUPP)
        rc = WEFT_UNSUPPORTED;
    if (err != NULL) err->status = rc;
    return rc;
}

static int directory_make_one(const char *path, struct weft_err *err)
{
    struct stat st;
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_MAKE_DIRECTORY, path, NULL) ? mkdir(path, 0700) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc == 0) {
        weft_file_was_done(
            &(struct weft_file_event){ .op = WEFT_FILE_MAKE_DIRECTORY, .fd = -1, .path = path });
        return parent_sync(path, err);
    }
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

int weft_file_list(const char *directory, void (*visit)(void *arg, const char *name), void *arg,
                   struct weft_err *err)
{
    const struct dirent *entry;
    DIR *dir;
    do {
        dir = weft_file_may_go_on(WEFT_FILE_LIST, directory, NULL) ? opendir(directory) : NULL;
    } while (dir == NULL && errno == EINTR);
    if (dir == NULL) {
        bool is_missing = errno == ENOENT || errno == ENOTDIR;
        int rc = weft_fail_errno(err, "could not read the directory %s", directory);
        if (!is_missing) return rc;
        if (err != NULL) err->status = WEFT_NOT_FOUND;
        return WEFT_NOT_FOUND;
    }
    while (errno = 0, (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.') visit(arg, entry->d_name);
    int rc =
        errno == 0 ? WEFT_OK : weft_fail_errno(err, "could not read the directory %s", directory);
    closedir(dir);
    return rc;
}

int weft_file_space(const char *path, struct weft_file_space *out, struct weft_err *err)
{
    struct statvfs st;
    size_t steered = SIZE_MAX;
    int rc;
    do {
        rc = weft_file_may_go_on(WEFT_FILE_SPACE, path, &steered) ? statvfs(path, &st) : -1;
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) return weft_fail_errno(err, "could not find the free space of %s", path);
    out->free_bytes = steered != SIZE_MAX ? steered : (uint64_t)st.f_bavail * st.f_frsize;
    out->total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
    return WEFT_OK;
}

/* ---- whole files ---- */

static int read_to_end(struct weft_buf *out, int fd, const char *path, size_t max_bytes,
                       struct weft_err *err)
{
    size_t before = out->len;
    for (;;) {
        size_t part = 16384;
        char *at = weft_buf_reserve(out, part);
        ssize_t got = weft_file_may_go_on(WEFT_FILE_READ, path, &part) ? read(fd, at, part) : -1;
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
    if (rc < 0) weft_file_unlink(beside.data, NULL); /* the reason is in *err already */
done:
    weft_buf_release(&beside);
    return rc;
}
