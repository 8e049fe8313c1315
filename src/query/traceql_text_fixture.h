/* traceql_text_fixture.h -- for tests: queries, and what parsing and printing them gives. */
#ifndef WEFT_QUERY_TRACEQL_TEXT_FIXTURE_H
#define WEFT_QUERY_TRACEQL_TEXT_FIXTURE_H
#include "query/traceql.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* `expected`: printed, or the sentence of the refusal; NULL: refused, whatever the sentence. */
struct text_case {
    const char *query, *expected;
};

static inline void texts_check(const struct text_case *texts, size_t count)
{
    struct weft_buf printed = { 0 };

    for (size_t i = 0; i < count; i++) {
        struct weft_arena arena = { 0 };
        struct weft_traceql_query query;
        struct weft_err err = { 0 };
        weft_buf_reset(&printed);
        int rc = weft_traceql_parse(&query, weft_str_from_c(texts[i].query), &arena, NULL, &err);
        if (rc == WEFT_OK)
            weft_traceql_print(&printed, &query);
        else
            weft_buf_append_c(&printed, err.text);
        weft_buf_append_byte(&printed, '\0');
        bool fits = texts[i].expected != NULL ? strcmp(printed.data, texts[i].expected) == 0
                                              : rc == WEFT_INVALID;
        if (!fits) fail_msg("%s: %s", texts[i].query, printed.data);
        weft_arena_release(&arena);
    }
    weft_buf_release(&printed);
}

#endif
