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
    struct weft_file_space space;
    uint64_t bytes;
    weft_file_set_faults(&faults);
    for (enum weft_file_op op = 0; op < WEFT_FILE_OP_COUNT; op++) {
        int rc = WEFT_OK;
        /* A directory is opened before it is synced. */
        plan = (struct plan){ .at = op == WEFT_FILE_SYNC_DIRECTORY, .system_errno = EIO };
        switch (op) {
        case WEFT_FILE_OPEN: rc = weft_file_open(&none, "b", O_RDONLY, &err); break;
        case WEFT_FILE_READ: rc = weft_file_read_at(fd, "b", &byte, 1, 0, &err); break;
        case WEFT_FILE_WRITE: rc = weft_file_write_at(fd, "b", "x", 1, 0, &err); break;
        case WEFT_FILE_SYNC: rc = weft_file_sync_data(fd, "b", &err); break;
        case WEFT_FILE_RENAME: rc = weft_file_rename("b", "c", &err); break;
        case WEFT_FILE_ALLOCATE: rc = weft_file_allocate(fd, "b", 100, &err); break;
        case WEFT_FILE_MMAP: rc = weft_file_map(&map, fd, "b", 1, &err); break;
        case WEFT_FILE_UNLINK: rc = weft_file_unlink("b", &err); break;
        case WEFT_FILE_LINK: rc = weft_file_link("b", "c", &err); break;
        case WEFT_FILE_TRUNCATE: rc = weft_file_truncate(fd, "b", 5, &err); break;
        case WEFT_FILE_COPY: rc = weft_file_copy_range(fd, "b", 0, fd, "c", 5, 5, &err); break;
        case WEFT_FILE_SIZE: rc = weft_file_size_of("b", &bytes, &err); break;
        case WEFT_FILE_MAKE_DIRECTORY: rc = weft_file_make_directory("b", &err); break;
        case WEFT_FILE_LIST: rc = weft_file_list("b", NULL, NULL, &err); break;
        case WEFT_FILE_LOCK: rc = weft_file_lock(fd, "b", &err); break;
        case WEFT_FILE_SPACE: rc = weft_file_space("b", &space, &err); break;
        case WEFT_FILE_SYNC_DIRECTORY: rc = weft_file_sync_directory(".", &err); break;
        case WEFT_FILE_OP_COUNT: break;
        }
        assert_int_equal(rc, WEFT_IO);
        assert_int_equal(plan.failed_op, op);
        assert_non_null(strstr(err.text, op == WEFT_FILE_SYNC_DIRECTORY ? " ." : " b"));
        assert_non_null(strstr(err.text, "Input/output error"));
    }
    weft_file_set_faults(NULL);
    weft_file_close(&fd);
    assert_int_equal(weft_file_unlink("b", &err), WEFT_OK);
}

/* ---- names, space, copies ---- */

static void count_name(void *arg, const char *name)
{
    unsigned *seen = arg;
    *seen |= strcmp(name, "a") == 0 ? 1 : strcmp(name, "b") == 0 ? 2 : 4;
}

static void names_and_space(void **state)
{
    struct weft_err err;
    struct weft_file_space space;
    uint64_t bytes;
    unsigned seen = 0;
    int fd, other;
    assert_int_equal(weft_file_replace("a", WEFT_S("content"), &err), WEFT_OK);
    assert_int_equal(weft_file_link("a", "b", &err), WEFT_OK);
    assert_int_equal(weft_file_link("a", "b", &err), WEFT_IO);
    assert_int_equal(weft_file_size_of("b", &bytes, &err), WEFT_OK);
    assert_int_equal(bytes, 7);
    assert_int_equal(weft_file_size_of("c", &bytes, &err), WEFT_NOT_FOUND);
    assert_true(weft_file_exists("b"));
    assert_false(weft_file_exists("c"));
    assert_int_equal(weft_file_list(".", count_name, &seen, &err), WEFT_OK);
    assert_int_equal(seen, 3);
    assert_int_equal(weft_file_list("c", count_name, &seen, &err), WEFT_NOT_FOUND);
    assert_int_equal(weft_file_space(".", &space, &err), WEFT_OK);
    assert_true(space.total_bytes >= space.free_bytes && space.total_bytes > 0);
    assert_int_equal(weft_file_open(&fd, "a", O_RDWR, &err), WEFT_OK);
    assert_int_equal(weft_file_open(&other, "b", O_RDWR, &err), WEFT_OK);
    assert_int_equal(weft_file_lock(fd, "a", &err), WEFT_OK);
    assert_int_equal(weft_file_lock(other, "b", &err), WEFT_BUSY);
    weft_file_close(&fd);
    assert_int_equal(weft_file_lock(other, "b", &err), WEFT_OK);
    assert_int_equal(weft_file_truncate(other, "b", 3, &err), WEFT_OK);
    expect_content("a", "con");
    weft_file_close(&other);
    assert_int_equal(weft_file_unlink("b", &err), WEFT_OK);
}

/* Answers as a file system does that cannot copy by itself. */
static int cannot_copy(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    return op == WEFT_FILE_COPY ? EXDEV : 0;
}

static void copies_parts(void **state)
{
    static const struct weft_file_faults by_hand = { cannot_copy, NULL };
    struct weft_err err;
    int from, to;
    for (int i = 0; i < 3; i++) {
        plan = (struct plan){ .at = i == 1 ? 1 : -1, .system_errno = EINTR, .cut = 3 };
        weft_file_set_faults(i == 2 ? &by_hand : &faults);
        assert_int_equal(weft_file_replace("a", WEFT_S("0123456789"), &err), WEFT_OK);
        assert_int_equal(weft_file_replace("b", WEFT_S("abcdefghij"), &err), WEFT_OK);
        assert_int_equal(weft_file_open(&from, "a", O_RDONLY, &err), WEFT_OK);
        assert_int_equal(weft_file_open(&to, "b", O_RDWR, &err), WEFT_OK);
        assert_int_equal(weft_file_copy_range(from, "a", 2, to, "b", 1, 7, &err), WEFT_OK);
        expect_content("b", "a2345678ij");
        assert_int_equal(weft_file_copy_range(from, "a", 8, to, "b", 0, 5, &err), WEFT_CORRUPT);
        weft_file_close(&from);
        weft_file_close(&to);
        weft_file_set_faults(NULL);
    }
    assert_int_equal(weft_file_unlink("b", &err), WEFT_OK);
}

/* What a recorder sees, and nothing of what failed. */
struct record {
    uint64_t written, calls[WEFT_FILE_OP_COUNT];
};

static int never(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    if (op == WEFT_FILE_SPACE) *len = 12345;
    return op == WEFT_FILE_UNLINK ? EACCES : 0;
}

static void record(void *self, const struct weft_file_event *event)
{
    struct record *seen = self;
    seen->calls[event->op]++;
    if (event->op == WEFT_FILE_WRITE) seen->written += event->len;
}

static void what_was_done_is_told(void **state)
{
    struct record seen = { 0 };
    struct weft_file_space space;
    const struct weft_file_faults recorder = { never, &seen, record };
    struct weft_err err;
    weft_file_set_faults(&recorder);
    assert_int_equal(weft_file_replace("a", WEFT_S("content"), &err), WEFT_OK);
    assert_int_equal(weft_file_unlink("a", &err), WEFT_IO);
    assert_int_equal(weft_file_space(".", &space, &err), WEFT_OK);
    weft_file_set_faults(NULL);
    assert_int_equal(space.free_bytes, 12345);
    assert_int_equal(seen.written, 7);
    assert_int_equal(seen.calls[WEFT_FILE_SYNC], 1);
    assert_int_equal(seen.calls[WEFT_FILE_RENAME], 1);
    assert_int_equal(seen.calls[WEFT_FILE_SYNC_DIRECTORY], 1);
    assert_int_equal(seen.calls[WEFT_FILE_UNLINK], 0);
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
        cmocka_unit_test(names_and_space),
        cmocka_unit_test(copies_parts),
        cmocka_unit_test(what_was_done_is_told),
        cmocka_unit_test(makes_directories),
        cmocka_unit_test(whole_files_have_a_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
