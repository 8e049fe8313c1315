/* search_text.c -- times and cursors as text (search_request.h). */
#include "base/clock.h"
#include "query/search_request.h"
#include <inttypes.h>

static int relative_time(uint64_t *out, struct weft_str text, uint64_t now_ns, struct weft_err *err)
{
    struct weft_str rest = weft_str_tail(text, 3);
    int64_t ns = 0;
    if (rest.len > 0 &&
        (rest.ptr[0] != '-' || !weft_duration_parse(weft_str_tail(rest, 1), &ns) || ns < 0))
        return weft_fail(err, WEFT_INVALID, "time: found \"%.*s\", expected now or now-15m",
                         WEFT_S_ARG(text));
    *out = now_ns > (uint64_t)ns ? now_ns - (uint64_t)ns : 0;
    return WEFT_OK;
}

/* Seconds until the year 5138, then milliseconds, microseconds, nanoseconds: three digits more
 * each. */
static uint64_t scale_to_ns(uint64_t number)
{
    if (number < UINT64_C(100000000000)) return number * WEFT_NS_PER_SECOND;
    if (number < UINT64_C(100000000000000)) return number * WEFT_NS_PER_MS;
    if (number < UINT64_C(100000000000000000)) return number * WEFT_NS_PER_US;
    return number;
}

int weft_search_time_parse(uint64_t *out, struct weft_str text, uint64_t now_unix_ns,
                           struct weft_err *err)
{
    uint64_t number;
    double seconds;
    text = weft_str_trim(text);
    if (weft_str_starts_with(text, WEFT_S("now")))
        return relative_time(out, text, now_unix_ns, err);
    if (weft_str_to_u64(text, &number)) {
        *out = scale_to_ns(number);
        return WEFT_OK;
    }
    if (weft_str_to_double(text, &seconds) && seconds >= 0 && seconds < 1e10) {
        *out = (uint64_t)(seconds * 1e9);
        return WEFT_OK;
    }
    if (weft_time_parse_rfc3339(text, out)) return WEFT_OK;
    return weft_fail(
        err, WEFT_INVALID,
        "time: found \"%.*s\", expected Unix seconds, ms, us or ns, RFC 3339, now or now-15m",
        WEFT_S_ARG(text));
}

/* <order>.<start>.<duration>.<trace id>.<span id>.<kind> */
struct weft_str weft_cursor_format(enum weft_order order,
                                   const struct weft_search_position *position,
                                   struct weft_arena *arena)
{
    char trace_id[33], span_id[17];
    weft_trace_id_format(&position->trace_id, trace_id);
    weft_span_id_format(&position->span_id, span_id);
    return weft_arena_printf(arena, "%c.%" PRIu64 ".%" PRIu64 ".%s.%s.%u",
                             order == WEFT_ORDER_NEWEST ? 'n' : 's', position->start_time_unix_nano,
                             position->duration_ns, trace_id, span_id, position->kind);
}

int weft_cursor_parse(enum weft_order *order, struct weft_search_position *position,
                      struct weft_str text, struct weft_err *err)
{
    struct weft_str rest = text;
    struct weft_str kind_of_order = weft_str_split(&rest, '.');
    struct weft_str start = weft_str_split(&rest, '.');
    struct weft_str duration = weft_str_split(&rest, '.');
    struct weft_str trace_id = weft_str_split(&rest, '.');
    struct weft_str span_id = weft_str_split(&rest, '.');
    uint64_t kind;

    bool is_newest = weft_str_equal_c(kind_of_order, "n");
    if ((!is_newest && !weft_str_equal_c(kind_of_order, "s")) ||
        !weft_str_to_u64(start, &position->start_time_unix_nano) ||
        !weft_str_to_u64(duration, &position->duration_ns) ||
        !weft_trace_id_parse(trace_id, &position->trace_id) ||
        !weft_span_id_parse(span_id, &position->span_id) || !weft_str_to_u64(rest, &kind) ||
        kind >= WEFT_KIND_COUNT)
        return weft_fail(err, WEFT_INVALID,
                         "cursor: found \"%.*s\", expected the next_cursor of an earlier answer",
                         WEFT_S_ARG(text));
    *order = is_newest ? WEFT_ORDER_NEWEST : WEFT_ORDER_SLOWEST;
    position->kind = (uint8_t)kind;
    return WEFT_OK;
}
