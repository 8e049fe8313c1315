/* traceql_page.c -- see traceql_page.h. */
#include "query/traceql_page.h"
#include "base/buf.h"
#include <inttypes.h>

struct weft_str weft_traceql_page_format(const struct weft_traceql_page *page,
                                         struct weft_arena *arena)
{
    bool has_window = page->started_from_ns > 0 || page->started_before_ns > 0;
    struct weft_str window = { 0 }, after = { 0 };

    if (has_window)
        window = weft_arena_printf(arena, "w%" PRIu64 "-%" PRIu64, page->started_from_ns,
                                   page->started_before_ns);
    if (page->has_after) after = weft_traceql_cursor_format(&page->after, arena);
    return weft_arena_printf(arena, "%.*s%s%.*s", WEFT_S_ARG(window),
                             has_window && page->has_after ? "." : "", WEFT_S_ARG(after));
}

static bool window_parse(struct weft_traceql_page *out, struct weft_str text)
{
    struct weft_str before = weft_str_tail(text, 1), from = weft_str_split(&before, '-');

    return weft_str_to_u64(from, &out->started_from_ns) &&
           weft_str_to_u64(before, &out->started_before_ns) &&
           (out->started_before_ns == 0 || out->started_from_ns < out->started_before_ns);
}

int weft_traceql_page_parse(struct weft_traceql_page *out, struct weft_str text,
                            struct weft_arena *arena, struct weft_err *err)
{
    struct weft_str rest = text, whole = text;

    *out = (struct weft_traceql_page){ 0 };
    if (text.len > 0 && text.ptr[0] == 'w') {
        struct weft_str window = weft_str_split(&rest, '.');
        if (!window_parse(out, window))
            return weft_fail(
                err, WEFT_INVALID,
                "cursor: found \"%.*s\", expected the next_cursor of an earlier answer",
                (int)(text.len < 200 ? text.len : 200), text.ptr);
        if (rest.len == 0) return WEFT_OK;
        whole = rest;
    }
    out->has_after = true;
    return weft_traceql_cursor_parse(&out->after, whole, arena, err);
}
