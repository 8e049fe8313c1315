/* cors_test.c -- which origins may read an answer. */
#include "pipeline/cors.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
    const char *pattern, *origin;
    bool is_allowed;
} cases[] = {
    { "https://shop.example", "https://shop.example", true },
    { "https://shop.example", "https://SHOP.example", true },
    { "https://shop.example", "http://shop.example", false },
    { "https://shop.example", "https://shop.example.evil", false },
    { "*", "null", true },
    { "https://*.example", "https://a.b.example", true },
    { "https://*.example", "https://example", false },
    { "https://*.example", "https://x.example.evil", false },
    { "http://localhost:*", "http://localhost:3000", true },
    { "ab*ba", "aba", false }, /* head and tail may not overlap */
};

/* An exchange as a handler sees it, with one header. */
static uint32_t ask(struct weft_str pattern, struct weft_str origin, struct weft_http_header *out)
{
    struct weft_http_header header = { WEFT_S("origin"), origin };
    struct weft_exchange exchange = { .headers = &header, .header_count = 1 };
    const struct weft_cors_options options = { .allowed_origins = &pattern,
                                               .allowed_origin_count = pattern.len > 0 };
    return weft_cors_headers(&options, &exchange, out);
}

static void origins_test(void **state)
{
    struct weft_http_header out[WEFT_CORS_HEADERS_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_str origin = weft_str_from_c(cases[i].origin);
        uint32_t count = ask(weft_str_from_c(cases[i].pattern), origin, out);
        if (count != (cases[i].is_allowed ? 2u : 1u))
            fail_msg("%s of %s: %u headers", cases[i].origin, cases[i].pattern, count);
        assert_true(weft_str_equal_c(out[0].name, "vary")); /* caches keep origins apart */
        if (cases[i].is_allowed) assert_true(weft_str_equal(out[1].value, origin));
    }
    assert_int_equal(ask(WEFT_S(""), WEFT_S("https://a"), out), 0); /* not configured */
    assert_int_equal(ask(WEFT_S("*"), WEFT_S(""), out), 0);         /* not a browser */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(origins_test) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
