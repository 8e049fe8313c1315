/* traceql_fuzz.c -- any text: refused with a sentence and a place, or a query that prints as one that parses to the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "query/traceql_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct weft_traceql_query *query, struct weft_arena *arena)
{
    struct weft_buf first = { 0 }, second = { 0 };
    struct weft_traceql_query again;
    struct weft_err err = { 0 };
    weft_traceql_print(&first, query);
    if (first.len <= WEFT_TRACEQL_BYTES_MAX) { /* parentheses and spaces may make it longer */
        int rc = weft_traceql_parse(&again, weft_buf_str(&first), arena, NULL, &err);
        WEFT_ASSERT(rc == WEFT_OK, "%s: %.*s", err.text, WEFT_S_ARG(weft_buf_str(&first)));
        weft_traceql_print(&second, &again);
        WEFT_ASSERT(weft_str_equal(weft_buf_str(&first), weft_buf_str(&second)), "%.*s, then %.*s",
                    WEFT_S_ARG(weft_buf_str(&first)), WEFT_S_ARG(weft_buf_str(&second)));
        WEFT_ASSERT(query->attribute_count == again.attribute_count, "%u and %u attributes",
                    query->attribute_count, again.attribute_count);
    }
    weft_buf_release(&first);
    weft_buf_release(&second);
}

static void check_attribute(struct weft_str text, struct weft_arena *arena)
{
    struct weft_traceql_attribute attribute, again;
    struct weft_err err = { 0 };
    struct weft_buf printed = { 0 };
    if (weft_traceql_parse_attribute(&attribute, text, arena, &err) == WEFT_OK) {
        weft_traceql_print_attribute(&printed, &attribute);
        int rc = weft_traceql_parse_attribute(&again, weft_buf_str(&printed), arena, &err);
        WEFT_ASSERT(rc == WEFT_OK && again.scope == attribute.scope &&
                        again.intrinsic == attribute.intrinsic &&
                        weft_str_equal(again.name, attribute.name),
                    "%.*s", WEFT_S_ARG(weft_buf_str(&printed)));
    } else {
        WEFT_ASSERT(err.text[0] != '\0', "no sentence");
    }
    weft_buf_release(&printed);
}

static void check_incomplete(struct weft_str text, struct weft_arena *arena)
{
    struct weft_buf printed = { 0 };
    const struct weft_expr *expr = weft_traceql_parse_incomplete(text, arena);
    if (expr != NULL) weft_traceql_print_expr(&printed, expr);
    weft_buf_release(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_str text = weft_str_make((const char *)data, size);
    struct weft_traceql_query query;
    struct weft_traceql_place where = { 0 };
    struct weft_arena arena = { 0 };
    struct weft_err err = { 0 };
    int rc = weft_traceql_parse(&query, text, &arena, &where, &err);
    if (rc == WEFT_OK) {
        struct weft_traceql_selection selection;
        check_round_trip(&query, &arena);
        if (query.pipeline != NULL) weft_traceql_select(&selection, query.pipeline, &arena);
    } else {
        WEFT_ASSERT(rc == WEFT_INVALID && err.text[0] != '\0' && where.line > 0 && where.column > 0,
                    "status %d, place %u:%u", rc, where.line, where.column);
    }
    check_attribute(text, &arena);
    check_incomplete(text, &arena);
    weft_arena_release(&arena);
    return 0;
}
