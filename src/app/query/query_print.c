/* query_print.c -- traces in lines, the caret, CSV (query_print.h). */
#include "app/query/query_print.h"
#include "app/cell_text.h"
#include "app/csv.h"
#include "base/clock.h"
#include <inttypes.h>
#include <math.h>

/* ---- traces ---- */

static void print_pairs(struct weft_buf *out, const struct weft_answer_pair *pairs, uint32_t count,
                        const struct weft_terminal *terminal)
{
    for (uint32_t i = 0; i < count; i++) {
        weft_buf_printf(out, "  %s", weft_terminal_style(terminal, WEFT_STYLE_DIM));
        weft_cell_put(out, pairs[i].name, 60);
        weft_buf_printf(out, "=%s", weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
        weft_cell_put(out, pairs[i].value, 60);
    }
}

static void print_span(struct weft_buf *out, const struct weft_answer_span *span,
                       uint64_t trace_start_ns, const struct weft_terminal *terminal)
{
    char offset[40] = "+0", duration[32];
    if (span->start_time_unix_nano > trace_start_ns)
        weft_duration_format(offset + 1, sizeof offset - 1,
                             (int64_t)(span->start_time_unix_nano - trace_start_ns));
    weft_duration_format(duration, sizeof duration, (int64_t)span->duration_ns);
    weft_buf_printf(out, "      %10s %9s", offset, duration);
    if (span->name.len > 0) {
        weft_buf_append_c(out, "  ");
        weft_cell_put(out, span->name, 60);
    }
    print_pairs(out, span->attributes, span->attribute_count, terminal);
    weft_buf_append_byte(out, '\n');
}

static void print_spanset(struct weft_buf *out, const struct weft_answer_spanset *set,
                          uint64_t trace_start_ns, const struct weft_terminal *terminal)
{
    if (set->attribute_count > 0) {
        weft_buf_printf(out, "    %4" PRIu64 " span%s", set->matched_span_count,
                        set->matched_span_count == 1 ? " " : "s");
        print_pairs(out, set->attributes, set->attribute_count, terminal);
        weft_buf_append_byte(out, '\n');
    }
    for (uint32_t i = 0; i < set->span_count; i++)
        print_span(out, &set->spans[i], trace_start_ns, terminal);
    if (set->span_count > 0 && set->matched_span_count > set->span_count)
        weft_buf_printf(out, "      %s… and %" PRIu64 " more%s\n",
                        weft_terminal_style(terminal, WEFT_STYLE_DIM),
                        set->matched_span_count - set->span_count,
                        weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
}

void weft_query_print_traces(struct weft_buf *out, const struct weft_answer *answer,
                             const struct weft_terminal *terminal)
{
    for (uint32_t i = 0; i < answer->trace_count; i++) {
        const struct weft_answer_trace *trace = &answer->traces[i];
        weft_hit_line_write_trace(out, &trace->line, terminal);
        for (uint32_t k = 0; k < trace->spanset_count; k++)
            print_spanset(out, &trace->spansets[k], trace->line.start_time_unix_nano, terminal);
    }
}

void weft_query_print_spans(struct weft_buf *out, const struct weft_answer *answer,
                            const struct weft_terminal *terminal)
{
    for (uint32_t i = 0; i < answer->row_count; i++) {
        const struct weft_answer_row *row = &answer->rows[i];
        weft_hit_line_write_span(out, &row->line, terminal);
        if (row->attribute_count == 0) continue;
        weft_buf_append_c(out, "   ");
        print_pairs(out, row->attributes, row->attribute_count, terminal);
        weft_buf_append_byte(out, '\n');
    }
}

/* ---- the place of a mistake ---- */

static size_t character_bytes(struct weft_str text)
{
    size_t len = 1;
    while (len < text.len && ((uint8_t)text.ptr[len] & 0xc0) == 0x80) len++;
    return len;
}

void weft_query_print_place(struct weft_buf *out, struct weft_str query, uint32_t line,
                            uint32_t column, const struct weft_terminal *terminal)
{
    struct weft_str rest = query, text = weft_str_split(&rest, '\n');
    size_t before = 0;
    unsigned room = terminal->width > 40 ? terminal->width - 4 : 36;
    for (uint32_t i = 1; i < line; i++) text = weft_str_split(&rest, '\n');
    for (uint32_t i = 1; i < column && before < text.len; i++)
        before += character_bytes(weft_str_tail(text, before));
    bool is_cut = false; /* in front, so that the place is seen */
    while (weft_cell_width(weft_str_make(text.ptr, before)) > room * 2 / 3) {
        size_t bytes = character_bytes(text);
        text = weft_str_tail(text, bytes);
        before -= bytes;
        is_cut = true;
    }
    weft_buf_append_c(out, is_cut ? " …" : "  ");
    weft_cell_put(out, text, room);
    weft_buf_append_c(out, "\n  ");
    weft_cell_spaces(out, weft_cell_width(weft_str_make(text.ptr, before)));
    weft_buf_printf(out, "%s^%s\n", weft_terminal_style(terminal, WEFT_STYLE_ERROR),
                    weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
}

/* ---- CSV ---- */

static void csv_time(struct weft_buf *out, uint64_t unix_ns)
{
    char text[48];
    weft_buf_append(out, text, weft_time_format_rfc3339(text, sizeof text, unix_ns, 9));
}

void weft_query_csv_traces(struct weft_buf *out, const struct weft_answer *answer)
{
    weft_buf_append_c(out, "trace_id,start_time,duration_ns,root_service_name,root_name,span_count,"
                           "error_count,matched_span_count\n");
    for (uint32_t i = 0; i < answer->trace_count; i++) {
        const struct weft_hit_line *line = &answer->traces[i].line;
        weft_csv_put(out, line->trace_id);
        weft_buf_append_byte(out, ',');
        csv_time(out, line->start_time_unix_nano);
        weft_buf_printf(out, ",%" PRIu64 ",", line->duration_ns);
        weft_csv_put(out, line->service_name);
        weft_buf_append_byte(out, ',');
        weft_csv_put(out, line->name);
        weft_buf_printf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", line->span_count,
                        line->error_count, line->matched_span_count);
    }
}

void weft_query_csv_spans(struct weft_buf *out, const struct weft_answer *answer)
{
    weft_buf_append_c(out, "trace_id,span_id,start_time,duration_ns,service_name,name\n");
    for (uint32_t i = 0; i < answer->row_count; i++) {
        const struct weft_answer_row *row = &answer->rows[i];
        weft_csv_put(out, row->line.trace_id);
        weft_buf_append_byte(out, ',');
        weft_csv_put(out, row->span_id);
        weft_buf_append_byte(out, ',');
        csv_time(out, row->line.start_time_unix_nano);
        weft_buf_printf(out, ",%" PRIu64 ",", row->line.duration_ns);
        weft_csv_put(out, row->line.service_name);
        weft_buf_append_byte(out, ',');
        weft_csv_put(out, row->line.name);
        weft_buf_append_byte(out, '\n');
    }
}

static struct weft_str label_find(const struct weft_answer_series *series, struct weft_str name)
{
    for (uint32_t i = 0; i < series->label_count; i++)
        if (weft_str_equal(series->labels[i].name, name)) return series->labels[i].value;
    return (struct weft_str){ 0 };
}

void weft_query_csv_series(struct weft_buf *out, const struct weft_answer *answer)
{
    const struct weft_answer_series *first = answer->series; /* all have the labels of the first */
    uint32_t label_count = answer->series_count > 0 ? first->label_count : 0;
    weft_buf_append_c(out, "time");
    for (uint32_t i = 0; i < label_count; i++) {
        weft_buf_append_byte(out, ',');
        weft_csv_put(out, first->labels[i].name);
    }
    weft_buf_append_c(out, ",value\n");
    for (uint32_t s = 0; s < answer->series_count; s++)
        for (uint32_t p = 0; p < answer->series[s].point_count; p++) {
            if (isnan(answer->series[s].points[p])) continue;
            csv_time(out, answer->start_ns + p * answer->step_ns);
            for (uint32_t i = 0; i < label_count; i++) {
                weft_buf_append_byte(out, ',');
                weft_csv_put(out, label_find(&answer->series[s], first->labels[i].name));
            }
            weft_buf_printf(out, ",%.17g\n", answer->series[s].points[p]);
        }
}
