/* api_openapi_test.c -- the tables behind the document are whole. */
#include "server/api_docs.h"
#include "wire/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_route_is_documented(void **state)
{
    (void)state;
    for (const struct weft_route *route = weft_routes_api_v1; route->pattern != NULL; route++) {
        assert_non_null(route->docs);
        uint32_t names = 0, braces = 0;
        for (const char *p = route->pattern; *p != '\0'; p++) braces += *p == '{';
        while (names < WEFT_ROUTE_PARAMETERS_MAX && route->docs->path_names[names] != NULL) names++;
        assert_int_equal(braces, names);
        for (const struct weft_route *other = weft_routes_api_v1; other != route; other++)
            assert_string_not_equal(other->docs->name, route->docs->name);
    }
}

static void parameters_have_what_reading_them_needs(void **state)
{
    (void)state;
    for (const struct weft_route *route = weft_routes_api_v1; route->pattern != NULL; route++) {
        const struct weft_api_parameter *p = route->docs->parameters;
        for (uint32_t i = 0; p != NULL && p[i].name != NULL; i++) {
            assert_true(i < 64); /* one bit each (weft_api_parameters_read) */
            assert_non_null(p[i].help);
            assert_int_equal(p[i].kind == WEFT_API_CHOICE, p[i].choices != NULL);
        }
    }
}

static void the_document_is_json(void **state)
{
    (void)state;
    struct weft_buf out = { 0 };
    struct weft_arena arena;
    struct weft_json_reader reader;
    weft_arena_init(&arena, 0);
    weft_api_openapi_write(&out, weft_routes_api_v1);
    weft_json_reader_init(&reader, weft_buf_str(&out), &arena);
    assert_true(weft_json_skip(&reader, weft_json_next(&reader)));
    assert_int_equal(WEFT_JSON_END, weft_json_next(&reader));
    weft_buf_release(&out);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_documented),
        cmocka_unit_test(parameters_have_what_reading_them_needs),
        cmocka_unit_test(the_document_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
