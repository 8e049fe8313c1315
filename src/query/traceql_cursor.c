/* traceql_cursor.c -- cursors as text (traceql_order.h). The value is a letter for its type, then the value. */
#include "base/buf.h"
#include "query/traceql_order.h"
#include "wire/text.h"
#include <inttypes.h>

static const char type_letters[] = {
    [WEFT_TRACEQL_NIL] = 'n',      [WEFT_TRACEQL_INT] = 'i',    [WEFT_TRACEQL_FLOAT] = 'f',
    [WEFT_TRACEQL_DURATION] = 'd', [WEFT_TRACEQL_STRING] = 's', [WEFT_TRACEQL_BOOL] = 'b',
    [WEFT_TRACEQL_STATUS] = 'e',   [WEFT_TRACEQL_KIND] = 'k',
};

static void value_format(struct weft_buf *out, const struct weft_traceql_value *value)
{
    uint64_t bits;

    weft_buf_append_byte(out, type_letters[value->type]);
    switch (value->type) {
    case WEFT_TRACEQL_FLOAT: /* all of its bits */
        memcpy(&bits, &value->float_value, sizeof bits);
        weft_buf_printf(out, "%016" PRIx64, bits);
        return;
    case WEFT_TRACEQL_STRING: weft_percent_encode(out, value->text); return;
    case WEFT_TRACEQL_BOOL: weft_buf_append_c(out, value->bool_value ? "1" : "0"); return;
    case WEFT_TRACEQL_NIL: return;
    default: weft_buf_printf(out, "%" PRId64, value->int_value);
    }
}

struct weft_str weft_traceql_cursor_format(const struct weft_traceql_cursor *cursor,
                                           struct weft_arena *arena)
{
    struct weft_buf text = { 0 };
    char trace_id[33], span_id[17];

    weft_trace_id_format(&cursor->trace_id, trace_id);
    weft_span_id_format(&cursor->span_id, span_id);
    weft_buf_printf(&text, "%" PRIu64 ".%s.%s.%u.", cursor->start_time_unix_nano, trace_id, span_id,
                    cursor->number);
    value_format(&text, &cursor->value);
    struct weft_str copy = weft_arena_copy(arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

static bool bits_parse(struct weft_str text, double *out)
{
    struct weft_span_id id; /* 16 digits, as it happens */
    uint64_t bits = 0;

    if (text.len != 16 || !weft_span_id_parse(text, &id)) return false;
    for (int i = 0; i < 8; i++) bits = bits << 8 | id.bytes[i];
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool text_parse(struct weft_str text, struct weft_str *out, struct weft_arena *arena)
{
    struct weft_buf decoded = { 0 };
    bool is_fine = weft_percent_decode(&decoded, text) && decoded.len <= WEFT_ORDER_TEXT_BYTES_MAX;

    if (is_fine) *out = weft_arena_copy(arena, weft_buf_str(&decoded));
    weft_buf_release(&decoded);
    return is_fine;
}

static bool value_parse(struct weft_traceql_value *out, struct weft_str text,
                        struct weft_arena *arena)
{
    const char *letter =
        text.len > 0 ? memchr(type_letters, text.ptr[0], sizeof type_letters) : NULL;

    if (letter == NULL) return false;
    text = weft_str_tail(text, 1);
    *out = (struct weft_traceql_value){ .type = (enum weft_traceql_type)(letter - type_letters) };
    switch (out->type) {
    case WEFT_TRACEQL_NIL: return text.len == 0;
    case WEFT_TRACEQL_FLOAT: return bits_parse(text, &out->float_value);
    case WEFT_TRACEQL_STRING: return text_parse(text, &out->text, arena);
    case WEFT_TRACEQL_BOOL:
        out->bool_value = weft_str_equal_c(text, "1");
        return out->bool_value || weft_str_equal_c(text, "0");
    default: return weft_str_to_i64(text, &out->int_value);
    }
}

int weft_traceql_cursor_parse(struct weft_traceql_cursor *out, struct weft_str text,
                              struct weft_arena *arena, struct weft_err *err)
{
    struct weft_str rest = text, start = weft_str_split(&rest, '.'),
                    trace_id = weft_str_split(&rest, '.'), span_id = weft_str_split(&rest, '.'),
                    number = weft_str_split(&rest, '.');
    uint64_t n = 0;

    *out = (struct weft_traceql_cursor){ 0 };
    if (!weft_str_to_u64(start, &out->start_time_unix_nano) ||
        !weft_trace_id_parse(trace_id, &out->trace_id) ||
        !weft_span_id_parse(span_id, &out->span_id) || !weft_str_to_u64(number, &n) ||
        n > UINT32_MAX || !value_parse(&out->value, rest, arena))
        return weft_fail(err, WEFT_INVALID,
                         "cursor: found \"%.*s\", expected the next_cursor of an earlier answer",
                         (int)(text.len < 200 ? text.len : 200), text.len > 0 ? text.ptr : "");
    out->number = (uint32_t)n;
    return WEFT_OK;
}
