/* hit_line.c -- one line a trace or span (hit_line.h). */
#include "app/hit_line.h"
#include "app/cell_text.h"
#include "base/clock.h"

static bool read_number(struct weft_json_reader *r, uint64_t *out)
{
    enum weft_json_token token = weft_json_next(r);
    return (token == WEFT_JSON_NUMBER || token == WEFT_JSON_STRING) && weft_str_to_u64(r->text, out);
}

static bool read_text(struct weft_json_reader *r, struct weft_str *out)
{
    if (weft_json_next(r) != WEFT_JSON_STRING) return false;
    *out = r->text;
    return true;
}

static bool count_elements(struct weft_json_reader *r, uint64_t *count)
{
    if (weft_json_next(r) != WEFT_JSON_ARRAY_START) return false;
    enum weft_json_token token;
    for (*count = 0; (token = weft_json_next(r)) != WEFT_JSON_ARRAY_END; ++*count)
        if (token == WEFT_JSON_ERROR || !weft_json_skip(r, token)) return false;
    return true;
}

bool weft_hit_line_read(struct weft_hit_line *line, struct weft_json_reader *r)
{
    const struct { const char *key; struct weft_str *text; uint64_t *number; } fields[] = {
        { "trace_id", &line->trace_id, NULL },
        { "service_name", &line->service_name, NULL },
        { "root_service_name", &line->service_name, NULL },
        { "name", &line->name, NULL },
        { "root_name", &line->name, NULL },
        { "status", &line->status, NULL },
        { "kind", &line->kind, NULL },
        { "start_time_unix_nano", NULL, &line->start_time_unix_nano },
        { "duration_ns", NULL, &line->duration_ns },
        { "span_count", NULL, &line->span_count },
        { "error_count", NULL, &line->error_count },
        { "matched_span_count", NULL, &line->matched_span_count },
    };
    *line = (struct weft_hit_line){ 0 };
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END; token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        bool is_known = false, is_read = true;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0] && !is_known; i++) {
            if (!weft_str_equal_c(r->text, fields[i].key)) continue;
            is_known = true;
            is_read = fields[i].text != NULL ? read_text(r, fields[i].text) : read_number(r, fields[i].number);
        }
        if (!is_known && weft_str_equal_c(r->text, "services")) {
            is_known = true;
            is_read = count_elements(r, &line->service_count);
        }
        if (!is_known) is_read = weft_json_skip(r, weft_json_next(r));
        if (!is_read) return false;
    }
    return true;
}

/* Local time of day with milliseconds; the date comes before when it is not today's. */
static void write_time(struct weft_buf *out, uint64_t unix_ns)
{
    char text[48];
    time_t seconds = (time_t)(unix_ns / WEFT_NS_PER_SECOND), now = time(NULL);
    struct tm then, today;
    localtime_r(&seconds, &then);
    localtime_r(&now, &today);
    bool is_today = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
    strftime(text, sizeof text, is_today ? "%H:%M:%S" : "%m-%d %H:%M:%S", &then);
    weft_buf_printf(out, "%s.%03u", text, (unsigned)(unix_ns / WEFT_NS_PER_MS % 1000));
}

static void write_duration(struct weft_buf *out, uint64_t ns)
{
    char text[32];
    weft_duration_format(text, sizeof text, (int64_t)ns);
    weft_cell_put_right(out, weft_str_from_c(text), 8);
}

static void write_names(struct weft_buf *out, const struct weft_hit_line *line, unsigned room, const char *bold, const char *plain)
{
    unsigned service = room / 3 < 22 ? room / 3 : 22;
    unsigned used = weft_cell_put(out, line->service_name, service);
    weft_cell_spaces(out, service - used + 1);
    weft_buf_append_c(out, bold);
    used = weft_cell_put(out, line->name, room - service - 1);
    weft_buf_append_c(out, plain);
    weft_cell_spaces(out, room - service - 1 - used);
}

void weft_hit_line_write_trace(struct weft_buf *out, const struct weft_hit_line *line, const struct weft_terminal *terminal)
{
    const char *plain = weft_terminal_style(terminal, WEFT_STYLE_PLAIN);
    unsigned width = terminal->width < 80 ? 80 : terminal->width;
    bool is_wide = width >= 112; /* room for the whole id; else its first half, which commands take too when padded */
    size_t start = out->len;
    write_time(out, line->start_time_unix_nano);
    unsigned time_columns = (unsigned)(out->len - start);
    write_duration(out, line->duration_ns);
    weft_buf_append_c(out, "  ");
    unsigned fixed = time_columns + 8 + 2 + 1 + 10 + 8 + 2 + 32;
    if (!is_wide) fixed = time_columns + 8 + 2; /* names on the line, the rest below */
    write_names(out, line, width - fixed, weft_terminal_style(terminal, WEFT_STYLE_BOLD), plain);
    if (!is_wide) weft_buf_append_c(out, "\n             ");
    weft_buf_printf(out, " %5llu span%s", (unsigned long long)line->span_count, line->span_count == 1 ? " " : "s");
    if (line->error_count > 0)
        weft_buf_printf(out, " %s%3llu err%s", weft_terminal_style(terminal, WEFT_STYLE_ERROR), (unsigned long long)line->error_count, plain);
    else
        weft_cell_spaces(out, 8);
    weft_buf_printf(out, " %s%.*s%s\n", weft_terminal_style(terminal, WEFT_STYLE_DIM), WEFT_S_ARG(line->trace_id), plain);
}

void weft_hit_line_write_span(struct weft_buf *out, const struct weft_hit_line *line, const struct weft_terminal *terminal)
{
    const char *plain = weft_terminal_style(terminal, WEFT_STYLE_PLAIN);
    unsigned width = terminal->width < 80 ? 80 : terminal->width;
    bool is_error = weft_str_equal_c(line->status, "error");
    size_t start = out->len;
    write_time(out, line->start_time_unix_nano);
    unsigned fixed = (unsigned)(out->len - start) + 8 + 2 + 2 + 8 + 1 + 32;
    write_duration(out, line->duration_ns);
    weft_buf_printf(out, " %s%s%s ", weft_terminal_style(terminal, WEFT_STYLE_ERROR), is_error ? "✗" : " ", plain);
    bool has_id = width >= 100;
    write_names(out, line, has_id ? width - fixed - 2 : width - fixed + 31, "", "");
    weft_buf_printf(out, " %s%-8.*s", weft_terminal_style(terminal, WEFT_STYLE_DIM), WEFT_S_ARG(line->kind));
    if (has_id) weft_buf_printf(out, " %.*s", WEFT_S_ARG(line->trace_id));
    weft_buf_printf(out, "%s\n", plain);
}
