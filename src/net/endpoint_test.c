/* endpoint_test.c -- endpoint texts and request paths, in tables. */
#include "net/net_fixture.h"

static void endpoints(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "127.0.0.1:4317", "127.0.0.1:4317" },
        { "[::1]:0", "[::1]:0" },
        { "localhost:4318", "127.0.0.1:4318" },
        { ":80", "[::]:80" },
        { "*:80", "[::]:80" },
        { "0.0.0.0:65535", "0.0.0.0:65535" },
        { "unix:/run/weft.sock", "unix:/run/weft.sock" },
        { "unix:///run/weft.sock", "unix:/run/weft.sock" },
        { "", NULL },
        { "127.0.0.1", NULL },
        { "127.0.0.1:", NULL },
        { "127.0.0.1:65536", NULL },
        { "127.0.0.1:-1", NULL },
        { "127.0.0.1:80x", NULL },
        { "::1:80", NULL },
        { "[127.0.0.1]:80", NULL },
        { "unix:", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_endpoint at;
        struct weft_err err = { 0 };
        char text[108];
        int rc = weft_endpoint_parse(&at, weft_str_from_c(cases[i].in), &err);
        if (cases[i].out == NULL) {
            if (rc != WEFT_INVALID)
                fail_msg("%s: expected WEFT_INVALID, found %d", cases[i].in, rc);
            assert_true(strlen(err.text) > 10);
            continue;
        }
        if (rc != WEFT_OK) fail_msg("%s: %s", cases[i].in, err.text);
        weft_endpoint_format(text, (const struct sockaddr *)&at.address, at.address_len);
        assert_string_equal(text, cases[i].out);
    }
    char longest[160] = "unix:/";
    memset(longest + 6, 'a', 120);
    struct weft_endpoint at;
    assert_int_equal(weft_endpoint_parse(&at, weft_str_from_c(longest), NULL), WEFT_INVALID);
}

static void paths(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "/", "/" },
        { "/a", "/a" },
        { "/a/", "/a/" },
        { "//a///b", "/a/b" },
        { "/a/./b", "/a/b" },
        { "/a/../b", "/b" },
        { "/a/b/..", "/a/" },
        { "/..", "/" },
        { "/../../etc/passwd", "/etc/passwd" },
        { "/%2e%2e/%2e%2E/x", "/x" },
        { "/a%2f..%2fb", "/b" },
        { "/a%20b", "/a b" },
        { "/%41", "/A" },
        { "/a/.", "/a/" },
        { "/...", "/..." },
        { "/.a/..b", "/.a/..b" },
        { "/%252e%252e/x", "/%2e%2e/x" },
        { "//", "/" },
        { "/a/..//../b/", "/b/" },
        { "", NULL },
        { "a", NULL },
        { "*", NULL },
        { "/%", NULL },
        { "/%4", NULL },
        { "/%zz", NULL },
        { "/%00", NULL },
        { "/%0a", NULL },
        { "/a\x7f", NULL },
        { "http://host/", NULL },
    };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_str path = { NULL, 0 };
        bool is_good = weft_http_path_normalise(&arena, weft_str_from_c(cases[i].in), &path);
        if (is_good != (cases[i].out != NULL)) fail_msg("%s: taken %d", cases[i].in, is_good);
        if (is_good && !weft_str_equal_c(path, cases[i].out))
            fail_msg("%s: found %.*s", cases[i].in, WEFT_S_ARG(path));
    }
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(endpoints), cmocka_unit_test(paths) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
