/* hit_line.c -- one line a trace or span (hit_line.h). */
#include "app/hit_line.h"
#include "app/cell_text.h"
#include "base/clock.h"
#include <time.h>

#define DURATION_COLUMNS 7
#define TRACE_ID_COLUMNS 32

static bool read_number(struct weft_json_reader *r, uint64_t *out)
{
    enum weft_json_token token = weft_json_next(r);
    return (token == WEFT_JSON_NUMBER || token == WEFT_JSON_STRING) &&
           weft_str_to_u64(r->text, out);
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

/* A span inside a trace's object: only when it began is wanted. */
static bool read_match(struct weft_json_reader *r, uint64_t *start)
{
    if (weft_json_next(r) != WEFT_JSON_OBJECT_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        bool is_start = weft_str_equal_c(r->text, "start_time_unix_nano");
        if (is_start ? !read_number(r, start) : !weft_json_skip(r, weft_json_next(r))) return false;
    }
    return true;
}

bool weft_hit_line_read(struct weft_hit_line *line, struct weft_json_reader *r)
{
    const struct {
        const char *key;
        struct weft_str *text;
        uint64_t *number;
    } fields[] = {
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
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        bool is_known = false, is_read = true;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0] && !is_known; i++) {
            if (!weft_str_equal_c(r->text, fields[i].key)) continue;
            is_known = true;
            is_read = fields[i].text != NULL ? read_text(r, fields[i].text)
                                             : read_number(r, fields[i].number);
        }
        if (!is_known && weft_str_equal_c(r->text, "first_match")) {
            is_known = true;
            is_read = read_match(r, &line->match_time_unix_nano);
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

/* Local time of day, with milliseconds where there is room; another day's has its date and no
 * seconds then. */
static unsigned write_time(struct weft_buf *out, uint64_t unix_ns, bool has_room)
{
    char text[48];
    time_t seconds = (time_t)(unix_ns / WEFT_NS_PER_SECOND), now = time(NULL);
    struct tm then, today;
    localtime_r(&seconds, &then);
    localtime_r(&now, &today);
    bool is_today = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
    bool is_far = then.tm_year != today.tm_year;
    size_t start = out->len;
    if (is_today)
        strftime(text, sizeof text, "%H:%M:%S", &then);
    else if (!has_room && is_far)
        strftime(text, sizeof text, "%Y-%m-%d", &then);
    else if (!has_room)
        strftime(text, sizeof text, "%m-%d %H:%M", &then);
    else
        strftime(text, sizeof text, is_far ? "%Y-%m-%d %H:%M:%S" : "%m-%d %H:%M:%S", &then);
    weft_buf_append_c(out, text);
    if (has_room) weft_buf_printf(out, ".%03u", (unsigned)(unix_ns / WEFT_NS_PER_MS % 1000));
    return (unsigned)(out->len - start);
}

static void write_duration(struct weft_buf *out, uint64_t ns)
{
    char text[32];
    weft_duration_format(text, sizeof text, (int64_t)ns);
    if (strlen(text) > DURATION_COLUMNS)
        text[strcspn(text, " ")] = '\0'; /* "20778d 6h": the days say it */
    weft_cell_put_right(out, weft_str_from_c(text), DURATION_COLUMNS);
}

/* Service and name in `room` columns. Where there is room they stand in columns of their own; else
 * the service gets what the
 * name leaves, and two fifths at least. */
static void write_names(struct weft_buf *out, const struct weft_hit_line *line, unsigned room,
                        const char *bold, const char *plain)
{
    struct weft_str service_name =
        line->service_name.len > 0 ? line->service_name : WEFT_S("(no service)");
    struct weft_str name = line->name.len > 0 ? line->name : WEFT_S("(no name)");
    unsigned service = room < 45 ? room * 2 / 5 : room / 3 < 22 ? room / 3 : 22, used;
    bool is_tight = room < 45;
    if (is_tight) {
        unsigned name_width = weft_cell_width(name);
        if (name_width + 1 + service < room) service = room - 1 - name_width;
    }
    used = weft_cell_put(out, service_name, service);
    if (!is_tight) {
        weft_cell_spaces(out, service - used);
        used = service;
    }
    weft_buf_append_byte(out, ' ');
    weft_buf_append_c(out, bold);
    used += 1 + weft_cell_put(out, name, room - used - 1);
    weft_buf_append_c(out, plain);
    weft_cell_spaces(out, room - used);
}

/* "   34 spans   2 err" or, tight, "   34  ✗2". */
static void write_counts(struct weft_buf *out, const struct weft_hit_line *line,
                         const struct weft_terminal *terminal, bool has_room)
{
    const char *plain = weft_terminal_style(terminal, WEFT_STYLE_PLAIN);
    char errors[32] = "";
    unsigned long long spans = line->span_count, count = line->error_count;
    if (has_room)
        weft_buf_printf(out, " %5llu span%s", spans, spans == 1 ? " " : "s");
    else
        weft_buf_printf(out, " %4llu", spans);
    if (count > 0 && has_room) snprintf(errors, sizeof errors, "%llu err", count);
    if (count > 0 && !has_room) snprintf(errors, sizeof errors, "✗%llu", count > 999 ? 999 : count);
    weft_buf_append_c(out, weft_terminal_style(terminal, WEFT_STYLE_ERROR));
    weft_cell_put_right(out, weft_str_from_c(errors), has_room ? 9 : 5);
    weft_buf_append_c(out, plain);
}

void weft_hit_line_write_trace(struct weft_buf *out, const struct weft_hit_line *line,
                               const struct weft_terminal *terminal)
{
    const char *plain = weft_terminal_style(terminal, WEFT_STYLE_PLAIN);
    unsigned width = terminal->width < 80 ? 80 : terminal->width;
    bool has_room = width >= 112;
    uint64_t time =
        line->match_time_unix_nano != 0 ? line->match_time_unix_nano : line->start_time_unix_nano;
    unsigned fixed = write_time(out, time, width >= 100) + 1 + DURATION_COLUMNS + 1;
    fixed += (has_room ? 12 + 9 : 5 + 5) + 1 + TRACE_ID_COLUMNS;
    weft_buf_append_byte(out, ' ');
    write_duration(out, line->duration_ns);
    weft_buf_append_byte(out, ' ');
    write_names(out, line, width - fixed, weft_terminal_style(terminal, WEFT_STYLE_BOLD), plain);
    write_counts(out, line, terminal, has_room);
    weft_buf_printf(out, " %s%.*s%s\n", weft_terminal_style(terminal, WEFT_STYLE_DIM),
                    WEFT_S_ARG(line->trace_id), plain);
}

void weft_hit_line_write_span(struct weft_buf *out, const struct weft_hit_line *line,
                              const struct weft_terminal *terminal)
{
    const char *plain = weft_terminal_style(terminal, WEFT_STYLE_PLAIN);
    unsigned width = terminal->width < 80 ? 80 : terminal->width;
    bool is_error = weft_str_equal_c(line->status, "error"), has_kind = width >= 100;
    unsigned fixed = write_time(out, line->start_time_unix_nano, width >= 100) + 1 +
                     DURATION_COLUMNS + 3 + (has_kind ? 9 : 0) + 1 + TRACE_ID_COLUMNS;
    weft_buf_append_byte(out, ' ');
    write_duration(out, line->duration_ns);
    weft_buf_printf(out, " %s%s%s ", weft_terminal_style(terminal, WEFT_STYLE_ERROR),
                    is_error ? "✗" : " ", plain);
    write_names(out, line, width - fixed, "", "");
    weft_buf_append_c(out, weft_terminal_style(terminal, WEFT_STYLE_DIM));
    if (has_kind) weft_buf_printf(out, " %-8.*s", WEFT_S_ARG(line->kind));
    weft_buf_printf(out, " %.*s%s\n", WEFT_S_ARG(line->trace_id), plain);
}
