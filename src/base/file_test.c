/* file_test.c -- files, with every call made to fail once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"

static char directory[] = "/tmp/weft-file-test-XXXXXX";

static int setup(void **state)
{
    return mkdtemp(directory) != NULL && chdir(directory) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const left[] = { "a", "a.new", "b", "x/y/z", "x/y", "x" };
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) remove(left[i]);
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* Fails the call number `at` (from 0) of any kind with `system_errno`; cuts every read and write to
 * `cut` bytes. */
struct plan {
    long at;
    int system_errno;
    size_t cut;
    long calls;
    enum weft_file_op failed_op;
};

static int before_call(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct plan *plan = self;
    assert_non_null(path);
    if (plan->cut != 0 && (op == WEFT_FILE_READ || op == WEFT_FILE_WRITE) && *len > plan->cut)
        *len = plan->cut;
    if (plan->calls++ != plan->at) return 0;
    plan->failed_op = op;
    return plan->system_errno;
}

static struct plan plan;
static const struct weft_file_faults faults = { before_call, &plan };

static void expect_content(const char *path, const char *text)
{
    struct weft_buf content = { 0 };
    assert_int_equal(weft_file_read_all(&content, path, 1000, NULL), WEFT_OK);
    assert_true(weft_str_equal_c(weft_buf_str(&content), text));
    weft_buf_release(&content);
}

static void replaced_is_old_or_new(void **state)
{
    static const int errors[] = { EIO, ENOSPC, EINTR };
    struct weft_err err;
    for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
        assert_int_equal(weft_file_replace("a", WEFT_S("old content"), &err), WEFT_OK);
        for (long at = 0;; at++) {
            plan = (struct plan){ .at = at, .system_errno = errors[e], .cut = 3 };
            weft_file_set_faults(&faults);
            int rc = weft_file_replace("a", WEFT_S("new content"), &err);
            weft_file_set_faults(NULL);
            if (rc == WEFT_OK) {
                expect_content("a", "new content");
                if (errors[e] != EINTR || plan.calls <= at) break; /* EINTR fails nothing */
                continue;
            }
            assert_int_equal(rc, errors[e] == ENOSPC ? WEFT_FULL : WEFT_IO);
            assert_int_equal(err.system_errno, errors[e]);
            assert_int_equal(access("a.new", F_OK), -1);
            /* Only the directory's own sync comes after the rename. */
            struct weft_buf content = { 0 };
            assert_int_equal(weft_file_read_all(&content, "a", 1000, NULL), WEFT_OK);
            struct weft_str found = weft_buf_str(&content);
            assert_true(weft_str_equal_c(found, "old content") ||
                        weft_str_equal_c(found, "new content"));
            weft_buf_release(&content);
            assert_int_equal(weft_file_replace("a", WEFT_S("old content"), &err), WEFT_OK);
        }
        assert_true(plan.calls >= 7); /* open, 4 short writes, sync, rename, ... */
    }
}

static void reads_and_writes_at_places(void **state)
{
    struct weft_err err;
    int fd;
    uint64_t bytes;
    char back[10];
    const void *map;
    plan = (struct plan){ .at = -1, .cut = 3 };
    weft_file_set_faults(&faults);
    assert_int_equal(weft_file_open(&fd, "b", O_RDWR | O_CREAT | O_TRUNC, &err), WEFT_OK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(weft_file_allocate(fd, "b", 4096, &err), WEFT_OK);
    assert_int_equal(weft_file_size(fd, "b", &bytes, &err), WEFT_OK);
    assert_int_equal(bytes, 4096);
    assert_int_equal(weft_file_write_at(fd, "b", "0123456789", 10, 4000, &err), WEFT_OK);
    assert_int_equal(weft_file_sync_data(fd, "b", &err), WEFT_OK);
    assert_int_equal(weft_file_read_at(fd, "b", back, 10, 4000, &err), WEFT_OK);
    assert_memory_equal(back, "0123456789", 10);
    assert_int_equal(weft_file_map(&map, fd, "b", 4096, &err), WEFT_OK);
    assert_memory_equal((const char *)map + 4000, "0123456789", 10);
    weft_file_unmap(map, 4096);
    assert_int_equal(weft_file_read_at(fd, "b", back, 10, 4090, &err), WEFT_CORRUPT);
    assert_string_equal(err.text, "b ends at byte 4096, 10 bytes expected from byte 4090");
    assert_int_equal(weft_file_map(&map, fd, "b", 0, &err), WEFT_INVALID);
    assert_null(map);
    weft_file_close(&fd);
    assert_int_equal(fd, -1);
    weft_file_close(&fd);
    weft_file_set_faults(NULL);
    assert_int_equal(weft_file_unlink("b", &err), WEFT_OK);
    assert_int_equal(weft_file_open(&fd, "b", O_RDONLY, &err), WEFT_NOT_FOUND);
    assert_string_equal(err.text, "could not open b: No such file or directory");
}

static void each_operation_fails_with_its_name(void **state)
{
    struct weft_err err;
    int fd, none;
    const void *map;
    char byte;
    assert_int_equal(weft_file_open(&fd, "b", O_RDWR | O_CREAT, &err), WEFT_OK);
    static const enum weft_file_op ops[] = { WEFT_FILE_OPEN, WEFT_FILE_READ,   WEFT_FILE_WRITE,
                                             WEFT_FILE_SYNC, WEFT_FILE_RENAME, WEFT_FILE_ALLOCATE,
                                             WEFT_FILE_MMAP, WEFT_FILE_UNLINK };
    weft_file_set_faults(&faults);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        int rc = WEFT_OK;
        plan = (struct plan){ .at = 0, .system_errno = EIO };
        switch (ops[i]) {
        case WEFT_FILE_OPEN: rc = weft_file_open(&none, "b", O_RDONLY, &err); break;
        case WEFT_FILE_READ: rc = weft_file_read_at(fd, "b", &byte, 1, 0, &err); break;
        case WEFT_FILE_WRITE: rc = weft_file_write_at(fd, "b", "x", 1, 0, &err); break;
        case WEFT_FILE_SYNC: rc = weft_file_sync_data(fd, "b", &err); break;
        case WEFT_FILE_RENAME: rc = weft_file_rename("b", "c", &err); break;
        case WEFT_FILE_ALLOCATE: rc = weft_file_allocate(fd, "b", 100, &err); break;
        case WEFT_FILE_MMAP: rc = weft_file_map(&map, fd, "b", 1, &err); break;
        case WEFT_FILE_UNLINK: rc = weft_file_unlink("b", &err); break;
        case WEFT_FILE_OP_COUNT: break;
        }
        assert_int_equal(rc, WEFT_IO);
        assert_int_equal(plan.failed_op, ops[i]);
        assert_non_null(strstr(err.text, " b"));
        assert_non_null(strstr(err.text, "Input/output error"));
    }
    weft_file_set_faults(NULL);
    weft_file_close(&fd);
    assert_int_equal(weft_file_unlink("b", &err), WEFT_OK);
}

static void makes_directories(void **state)
{
    struct weft_err err;
    assert_int_equal(weft_file_make_directory("x/y/z", &err), WEFT_OK);
    assert_int_equal(weft_file_make_directory("x/y/z", &err), WEFT_OK);
    assert_int_equal(weft_file_make_directory("x/y/z/", &err), WEFT_OK);
    assert_int_equal(weft_file_make_directory("/", &err), WEFT_OK);
    assert_int_equal(weft_file_replace("a", WEFT_S("a file"), &err), WEFT_OK);
    assert_int_equal(weft_file_make_directory("a", &err), WEFT_IO);
    assert_int_equal(weft_file_make_directory("a/b", &err), WEFT_IO);
    assert_int_equal(weft_file_make_directory("", &err), WEFT_IO);
}

static void whole_files_have_a_limit(void **state)
{
    struct weft_err err;
    struct weft_buf out = { 0 };
    weft_buf_append_c(&out, "before ");
    assert_int_equal(weft_file_replace("a", WEFT_S("12345"), &err), WEFT_OK);
    assert_int_equal(weft_file_read_all(&out, "a", 4, &err), WEFT_TOO_LARGE);
    assert_int_equal(out.len, 7);
    assert_int_equal(weft_file_read_all(&out, "a", 5, &err), WEFT_OK);
    assert_true(weft_str_equal_c(weft_buf_str(&out), "before 12345"));
    assert_int_equal(weft_file_read_all(&out, "nothing", 5, &err), WEFT_NOT_FOUND);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaced_is_old_or_new),
        cmocka_unit_test(reads_and_writes_at_places),
        cmocka_unit_test(each_operation_fails_with_its_name),
        cmocka_unit_test(makes_directories),
        cmocka_unit_test(whole_files_have_a_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
