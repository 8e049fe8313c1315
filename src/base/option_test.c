/* option_test.c -- what each kind takes, what it says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/option.h"

struct inner {
    const char *endpoint;
};
struct thing {
    bool is_on;
    uint64_t count, bytes, mib, wait_ns, age_ns;
    double ratio;
    const char *name;
    int colour;
    struct weft_option_strings list, words;
    struct inner inner;
};
#define AT(field) offsetof(struct thing, field)
static const char *const colours[] = { "red", "green", "blue", NULL };
static const struct weft_option inner_table[] = {
    { .name = "endpoint",
      .kind = WEFT_OPT_ENDPOINT,
      .offset = offsetof(struct inner, endpoint),
      .fallback = "127.0.0.1:1" },
    { .name = "proxy", .kind = WEFT_OPT_REFUSED, .help = "there is none" },
    { 0 },
};
static const struct weft_option table[] = {
    { .name = "on", .kind = WEFT_OPT_BOOL, .offset = AT(is_on), .fallback = "true" },
    { .name = "count",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(count),
      .fallback = "7",
      .min = 1,
      .max = 10 },
    { .name = "bytes",
      .kind = WEFT_OPT_BYTES,
      .offset = AT(bytes),
      .fallback = "4KiB",
      .min = 1024 },
    { .name = "mib", .kind = WEFT_OPT_MIB, .offset = AT(mib), .fallback = "4" },
    { .name = "wait", .kind = WEFT_OPT_DURATION, .offset = AT(wait_ns), .fallback = "90s" },
    { .name = "age", .kind = WEFT_OPT_SECONDS, .offset = AT(age_ns) },
    { .name = "ratio", .kind = WEFT_OPT_NUMBER, .offset = AT(ratio), .max = 1 },
    { .name = "name", .kind = WEFT_OPT_STRING, .offset = AT(name) },
    { .name = "colour",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(colour),
      .fallback = "green",
      .choices = colours },
    { .name = "list", .kind = WEFT_OPT_STRINGS, .offset = AT(list), .fallback = "a,b" },
    { .name = "words", .kind = WEFT_OPT_STRINGS, .offset = AT(words), .choices = colours },
    { .name = "inner", .kind = WEFT_OPT_TABLE, .offset = AT(inner), .options = inner_table },
    { 0 },
};

static void fallbacks_fill_the_struct(void **state)
{
    struct weft_arena arena;
    struct thing thing = { 0 };

    weft_arena_init(&arena, 0);
    weft_options_init(table, &thing, &arena);
    assert_true(thing.is_on);
    assert_int_equal(thing.count, 7);
    assert_int_equal(thing.bytes, 4096);
    assert_int_equal(thing.mib, 4 << 20);
    assert_true(thing.wait_ns == UINT64_C(90000000000));
    assert_null(thing.name);
    assert_int_equal(thing.colour, 1);
    assert_int_equal(thing.list.count, 2);
    assert_string_equal(thing.inner.endpoint, "127.0.0.1:1");
    weft_arena_release(&arena);
}

/* The value, and how it is written back; or the sentence. */
static const struct {
    const char *path, *text, *back, *sentence;
} cases[] = {
    { "on", "false", "false", NULL },
    { "on", "yes", NULL, "found \"yes\", expected true or false" },
    { "count", "10", "10", NULL },
    { "count", "11", NULL, "found \"11\", expected a whole number from 1 to 10" },
    { "count", "0", NULL, "found \"0\", expected a whole number from 1 to 10" },
    { "count", "-1", NULL, "found \"-1\", expected a whole number from 1 to 10" },
    { "count", "99999999999999999999", NULL,
      "found \"99999999999999999999\", expected a whole number from 1 to 10" },
    { "count", "", NULL, "found \"\", expected a whole number from 1 to 10" },
    { "bytes", "20MiB", "20MiB", NULL },
    { "bytes", "64 KiB", "64KiB", NULL },
    { "bytes", "1500", "1500", NULL },
    { "bytes", "2MB", "2000000", NULL },
    { "bytes", "1023", NULL, "found \"1023\", expected a size such as 64MiB, at least 1KiB" },
    { "bytes", "20MIB", NULL, "found \"20MIB\", expected a size such as 64MiB, at least 1KiB" },
    { "bytes", "99999999TiB", NULL,
      "found \"99999999TiB\", expected a size such as 64MiB, at least 1KiB" },
    { "mib", "3", "3", NULL },
    { "mib", "18446744073709551615", NULL,
      "found \"18446744073709551615\", expected a whole number of MiB" },
    { "wait", "1h30m", "90m", NULL },
    { "wait", "1500us", "1500us", NULL },
    { "wait", "0", "0", NULL },
    { "wait", "30", NULL, "found \"30\", expected a duration such as 30s" },
    { "wait", "-3s", NULL, "found \"-3s\", expected a duration such as 30s" },
    { "age", "7200", "2h", NULL },
    { "age", "2h", "2h", NULL },
    { "ratio", "0.25", "0.25", NULL },
    { "ratio", "1.5", NULL, "found \"1.5\", expected a number, at most 1" },
    { "ratio", "nan", NULL, "found \"nan\", expected a number, at most 1" },
    { "name", "x y", "x y", NULL },
    { "colour", "blue", "blue", NULL },
    { "colour", "Blue", NULL, "found \"Blue\", expected red, green or blue" },
    { "list", "x, y,,z", "x,y,z", NULL },
    { "words", "red,pink", NULL, "found \"pink\", expected red, green or blue" },
    { "inner", "x", NULL, "found \"x\", expected a map with keys of: endpoint" },
    { "inner.endpoint", "[::1]:0", "[::1]:0", NULL },
    { "inner.endpoint", "unix:/run/a.sock", "unix:/run/a.sock", NULL },
    { "inner.endpoint", "/run/a.sock", "/run/a.sock", NULL },
    { "inner.endpoint", "localhost:65535", "localhost:65535", NULL },
    { "inner.endpoint", "localhost:65536", NULL,
      "found \"localhost:65536\", expected a port from 0 to 65535 behind the last ':'" },
    { "inner.endpoint", ":4317", NULL,
      "found \":4317\" without a host; write 0.0.0.0:4317 to listen on all addresses" },
    { "inner.endpoint", "localhost", NULL,
      "found \"localhost\" without a port, expected an address such as 127.0.0.1:4317, [::1]:4317 "
      "or unix:/run/weft.sock" },
    { "inner.endpoint", "http://a:1", NULL,
      "found \"http://a:1\", expected an address such as 127.0.0.1:4317, [::1]:4317 or "
      "unix:/run/weft.sock, without http://" },
    { "inner.endpoint", "::1:4317", NULL,
      "found \"::1:4317\", expected an address such as 127.0.0.1:4317, [::1]:4317 or "
      "unix:/run/weft.sock" },
    { "inner.endpoint", "unix:", NULL,
      "found \"unix:\", expected unix: and a path of 1 to 107 bytes" },
    { "inner.proxy", "x", NULL, "weft does not have this: there is none" },
    { "inner.endpont", "x", NULL, "inner.endpont: unknown key; did you mean \"endpoint\"?" },
    { "clour", "x", NULL, "clour: unknown key; did you mean \"colour\"?" },
    { "count.x", "1", NULL, "count.x: \"count\" has no keys below it" },
    { "inner.zzzzzzzz", "x", NULL, "inner.zzzzzzzz: unknown key; known here: endpoint" },
};

static void values_are_read_or_refused(void **state)
{
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct thing thing = { 0 };
        struct weft_err err = { 0 };
        struct weft_buf back = { 0 };
        const struct weft_option *option = NULL;
        void *base = &thing;
        weft_options_init(table, &thing, &arena);
        int rc = weft_option_at(table, weft_str_from_c(cases[i].path), &option, &base, &err);
        if (rc == WEFT_OK)
            rc = weft_option_set(option, base, weft_str_from_c(cases[i].text), &arena, &err);
        if (cases[i].sentence != NULL) {
            assert_int_equal(rc, WEFT_INVALID);
            assert_string_equal(err.text, cases[i].sentence);
        } else {
            if (rc != WEFT_OK) fail_msg("%s = %s: %s", cases[i].path, cases[i].text, err.text);
            weft_option_write_value(option, base, &back);
            weft_buf_append_byte(&back, '\0');
            assert_string_equal(back.data, cases[i].back);
        }
        weft_buf_release(&back);
    }
    weft_arena_release(&arena);
}

static void an_environment_variable_goes_before_the_fallback(void **state)
{
    static const struct weft_option with_environment[] = {
        { .name = "count",
          .kind = WEFT_OPT_COUNT,
          .offset = AT(count),
          .fallback = "7",
          .environment = "WEFT_TEST_COUNT" },
        { 0 },
    };
    struct weft_arena arena;
    struct thing thing = { 0 };
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    setenv("WEFT_TEST_COUNT", "9", 1);
    assert_int_equal(weft_options_init_from_environment(with_environment, &thing, &arena, &err),
                     WEFT_OK);
    assert_int_equal(thing.count, 9);
    setenv("WEFT_TEST_COUNT", "", 1);
    assert_int_equal(weft_options_init_from_environment(with_environment, &thing, &arena, &err),
                     WEFT_OK);
    assert_int_equal(thing.count, 7);
    setenv("WEFT_TEST_COUNT", "many", 1);
    assert_int_equal(weft_options_init_from_environment(with_environment, &thing, &arena, &err),
                     WEFT_INVALID);
    assert_string_equal(
        err.text, "environment variable WEFT_TEST_COUNT: found \"many\", expected a whole number");
    unsetenv("WEFT_TEST_COUNT");
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_fill_the_struct),
        cmocka_unit_test(values_are_read_or_refused),
        cmocka_unit_test(an_environment_variable_goes_before_the_fallback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
