/* err_test.c -- sentences: cut, cleaned, wrapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <cmocka.h>

#include "base/err.h"

static void says_what_failed(void **state)
{
    struct weft_err err;
    assert_int_equal(weft_fail(&err, WEFT_INVALID, "port %d is above %d", 70000, 65535),
                     WEFT_INVALID);
    assert_int_equal(err.status, WEFT_INVALID);
    assert_int_equal(err.system_errno, 0);
    assert_string_equal(err.text, "port 70000 is above 65535");
    assert_int_equal(weft_fail(NULL, WEFT_FULL, "nobody reads this"), WEFT_FULL);
}

static void control_bytes_do_not_reach_the_log(void **state)
{
    struct weft_err err;
    weft_fail(&err, WEFT_INVALID, "name \"%s\"", "a\nb\x1b[31m\x7f");
    assert_string_equal(err.text, "name \"a?b?[31m?\"");
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct weft_err err;
    char text[1000];
    for (size_t shift = 0; shift < 3;
         shift++) { /* the cut falls on each byte of a three-byte character */
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 4);
        weft_fail(&err, WEFT_INVALID, "%s", text);
        size_t len = strlen(err.text);
        assert_true(len < sizeof err.text && len > sizeof err.text - 8);
        assert_string_equal(err.text + len - 3, "...");
        assert_int_equal((len - 3 - shift) % 3, 0);
    }
}

static void errno_becomes_words(void **state)
{
    static const struct {
        int system_errno, status;
        const char *text;
    } cases[] = {
        { EACCES, WEFT_IO, "could not open x: Permission denied" },
        { ENOSPC, WEFT_FULL, "could not open x: No space left on device" },
        { EDQUOT, WEFT_FULL, "could not open x: Disk quota exceeded" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_err err;
        errno = cases[i].system_errno;
        assert_int_equal(weft_fail_errno(&err, "could not open %s", "x"), cases[i].status);
        assert_int_equal(err.system_errno, cases[i].system_errno);
        assert_string_equal(err.text, cases[i].text);
        errno = cases[i].system_errno;
        assert_int_equal(weft_fail_errno(NULL, "nobody reads this"), cases[i].status);
    }
}

static void the_reason_survives_a_long_path(void **state)
{
    struct weft_err err;
    char path[1000];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    errno = EACCES;
    weft_fail_errno(&err, "could not open %s", path);
    assert_non_null(strstr(err.text, ": Permission denied"));
}

static void wrapping_keeps_status_and_errno(void **state)
{
    struct weft_err err;
    errno = EIO;
    weft_fail_errno(&err, "could not read x");
    assert_int_equal(weft_err_wrap(&err, "block %d", 7), WEFT_IO);
    assert_string_equal(err.text, "block 7: could not read x: Input/output error");
    assert_int_equal(err.system_errno, EIO);
}

static void every_status_has_its_name(void **state)
{
    for (int status = WEFT_OK; status >= WEFT_BUSY; status--)
        assert_string_not_equal(weft_status_name(status), "unknown");
    assert_string_equal(weft_status_name(-1000), "unknown");
    assert_string_equal(weft_status_name(WEFT_TOO_LARGE), "too_large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_failed),
        cmocka_unit_test(control_bytes_do_not_reach_the_log),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(errno_becomes_words),
        cmocka_unit_test(the_reason_survives_a_long_path),
        cmocka_unit_test(wrapping_keeps_status_and_errno),
        cmocka_unit_test(every_status_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
