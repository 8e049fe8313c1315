/* store_directory.c -- the store's directory: names of files, and whose it is. */
#include "store/store_internal.h"
#include <fcntl.h>
#include <unistd.h>

void weft_store_path(const struct weft_store *store, char out[static WEFT_STORE_PATH_MAX],
                     const char *kind, uint64_t number)
{
    snprintf(out, WEFT_STORE_PATH_MAX, "%s/%s-%016llx.weft", store->directory, kind,
             (unsigned long long)number);
}

static int lock_refused(const char *path, struct weft_err *err)
{
    struct weft_buf holder = { 0 };

    if (weft_file_read_all(&holder, path, 64, NULL) < 0) weft_buf_reset(&holder);
    struct weft_str pid = weft_str_trim(weft_buf_str(&holder));
    weft_fail(err, WEFT_BUSY,
              "%s is locked by process %.*s: one weft at a time can write to a directory", path,
              pid.len > 0 ? (int)pid.len : 7, pid.len > 0 ? pid.ptr : "unknown");
    weft_buf_release(&holder);
    return WEFT_BUSY;
}

int weft_store_lock_directory(int *fd, const char *directory, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX], pid[32];
    int rc;

    snprintf(path, sizeof path, "%s/LOCK", directory);
    if ((rc = weft_file_open(fd, path, O_RDWR | O_CREAT, err)) < 0) return rc;
    if ((rc = weft_file_lock(*fd, path, err)) < 0) {
        weft_file_close(fd);
        return rc == WEFT_BUSY ? lock_refused(path, err) : rc;
    }
    /* The file stays for ever: to remove it would let a third process lock a new file of that name
     * beside ours. */
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if ((rc = weft_file_truncate(*fd, path, 0, err)) < 0) return rc;
    return weft_file_write_at(*fd, path, pid, (size_t)len, 0, err);
}

int weft_store_restore_is_done(const char *directory, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/" WEFT_STORE_RESTORING, directory) >= sizeof path ||
        !weft_file_exists(path))
        return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "%s exists: a restore into %s has not ended, so only part of the store may be "
                     "there; empty the directory and restore again",
                     path, directory);
}

int weft_store_lock(struct weft_store *store, struct weft_err *err)
{
    int rc = weft_store_lock_directory(&store->lock_fd, store->directory, err);
    return rc == WEFT_OK ? weft_store_restore_is_done(store->directory, err) : rc;
}
