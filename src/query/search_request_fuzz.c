/* search_request_fuzz.c -- any parameters: refused with a sentence, or a search that can be asked.
 * The input is lines of name=value;
 * what a cursor says is read back from what is written. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "query/search_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cursor(const struct weft_search_request *request, struct weft_arena *arena)
{
    struct weft_search_position again;
    enum weft_order order;
    struct weft_err err;
    struct weft_str text = weft_cursor_format(request->cursor_order, &request->search.after, arena);
    int rc = weft_cursor_parse(&order, &again, text, &err);
    WEFT_ASSERT(rc == WEFT_OK && order == request->cursor_order &&
                    weft_search_position_compare(order, &again, &request->search.after) == 0,
                "cursor %.*s", WEFT_S_ARG(text));
}

/* Every predicate is asked once of a span with little in it: none may read what is not there. */
static void ask(const struct weft_search *search)
{
    static const struct weft_resource resource;
    static const struct weft_scope scope = { .resource = &resource };
    const struct weft_attribute attribute =
        weft_attribute_text(WEFT_S("http.route"), WEFT_S("/cart"));
    const struct weft_span span = { .scope = &scope, .attributes = { &attribute, 1, 0 } };
    weft_search_matches_span(search, &span);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weft_search_limits limits = { 20, 1000 };
    struct weft_str input = weft_str_make((const char *)data, size);
    struct weft_search_request request;
    struct weft_arena arena;
    struct weft_err err = { 0 };
    int rc = WEFT_OK;

    weft_arena_init(&arena, 0);
    weft_search_request_init(&request, &limits, &arena);
    while (input.len > 0 && rc == WEFT_OK) {
        struct weft_str value = weft_str_split(&input, '\n');
        struct weft_str name = weft_str_split(&value, '=');
        rc = weft_search_request_set(&request, name, value, &limits, UINT64_C(1795226400000000000),
                                     &arena, &err);
    }
    if (rc == WEFT_OK) rc = weft_search_request_finish(&request, &arena, &err);
    if (rc == WEFT_OK) {
        if (request.search.has_after) check_cursor(&request, &arena);
        ask(&request.search);
    } else {
        WEFT_ASSERT(rc == WEFT_INVALID && err.text[0] != '\0', "status %d without a sentence", rc);
    }
    weft_arena_release(&arena);
    return 0;
}
