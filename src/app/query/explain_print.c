/* explain_print.c -- sentences, then a table of conditions and one of steps, for each pass (explain_print.h). */
#include "app/query/explain_print.h"
#include "app/cell_text.h"
#include "base/clock.h"
#include <inttypes.h>

#define LABEL_COLUMNS 13u
#define FIGURE_COLUMNS 12u

struct printing {
    struct weft_buf *out;
    const struct weft_terminal *terminal;
};

/* ---- figures ---- */

static struct weft_str bytes_text(char *text, size_t size, uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double v = (double)bytes;
    size_t unit = 0;

    while (v >= 1024 && unit + 1 < sizeof units / sizeof units[0]) v /= 1024, unit++;
    int len = unit == 0 || v >= 100 ? snprintf(text, size, "%.0f %s", v, units[unit])
                                    : snprintf(text, size, "%.3g %s", v, units[unit]);
    return weft_str_make(text, (size_t)len);
}

/* 1,234,567 */
static struct weft_str count_text(char *text, size_t size, uint64_t count)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t len = 0;

    for (int i = 0; i < n && len + 2 < size; i++) {
        if (i > 0 && (n - i) % 3 == 0) text[len++] = ',';
        text[len++] = digits[i];
    }
    return weft_str_make(text, len);
}

static void put_bytes(struct printing *p, uint64_t bytes)
{
    char text[32];
    weft_buf_append_str(p->out, bytes_text(text, sizeof text, bytes));
}

static void put_count(struct printing *p, uint64_t count, const char *one, const char *many)
{
    char text[32];
    weft_buf_append_str(p->out, count_text(text, sizeof text, count));
    weft_buf_printf(p->out, " %s", count == 1 ? one : many);
}

static void put_duration(struct printing *p, uint64_t ns)
{
    char text[32];
    weft_buf_append(p->out, text, weft_duration_format(text, sizeof text, (int64_t)ns));
}

/* ---- lines ---- */

static void label(struct printing *p, const char *text)
{
    unsigned len = (unsigned)strlen(text);
    weft_buf_append_c(p->out, weft_terminal_style(p->terminal, WEFT_STYLE_DIM));
    weft_buf_append_c(p->out, text);
    weft_buf_append_c(p->out, weft_terminal_style(p->terminal, WEFT_STYLE_PLAIN));
    weft_cell_spaces(p->out, len < LABEL_COLUMNS ? LABEL_COLUMNS - len : 1);
}

/* Foreign text: whole, and safe. */
static void line(struct printing *p, const char *name, struct weft_str text)
{
    label(p, name);
    weft_cell_put(p->out, text, UINT32_MAX);
    weft_buf_append_byte(p->out, '\n');
}

static void put_time(struct printing *p, uint64_t unix_ns)
{
    char text[48];
    weft_buf_append(p->out, text, weft_time_format_rfc3339(text, sizeof text, unix_ns, 0));
}

static void print_range(struct printing *p, const struct weft_explained *explained)
{
    label(p, "range");
    if (explained->from_ns == 0 && explained->to_ns == 0) weft_buf_append_c(p->out, "all times");
    if (explained->from_ns > 0) {
        weft_buf_append_c(p->out, "from ");
        put_time(p, explained->from_ns);
    }
    if (explained->to_ns > 0) {
        weft_buf_append_c(p->out, explained->from_ns > 0 ? " to " : "to ");
        put_time(p, explained->to_ns);
    }
    weft_buf_append_byte(p->out, '\n');
}

static void print_answer(struct printing *p, const struct weft_explained *explained)
{
    label(p, "answer");
    weft_buf_printf(p->out, "%" PRIu64 " ", explained->answer_count);
    weft_cell_put(p->out, explained->answer_type, 20);
    weft_buf_append_c(p->out, explained->has_more ? ", and there are more\n" : "\n");
    if (explained->partial.len > 0) line(p, "not complete", explained->partial);
    label(p, "read");
    put_bytes(p, explained->inspected.bytes);
    weft_buf_append_c(p->out, ", ");
    put_count(p, explained->inspected.spans, "span, ", "spans, ");
    put_count(p, explained->inspected.traces, "whole trace\n", "whole traces\n");
    label(p, "time");
    put_duration(p, explained->time_ns);
    weft_buf_append_c(p->out, ", of the processor ");
    put_duration(p, explained->cpu_ns);
    weft_buf_append_byte(p->out, '\n');
}

static void print_estimate(struct printing *p, const struct weft_explained *explained)
{
    label(p, "would read");
    put_bytes(p, explained->estimate.bytes_least);
    weft_buf_append_c(p->out, " to ");
    put_bytes(p, explained->estimate.bytes_most);
    weft_buf_append_c(p->out, ", asking ");
    put_count(p, explained->estimate.rows_most, "span at most\n", "spans at most\n");
}

/* ---- pieces ---- */

static const char *piece_label(struct weft_str kind)
{
    if (weft_str_equal_c(kind, "segment")) return "segments";
    if (weft_str_equal_c(kind, "chunk")) return "chunks";
    return weft_str_equal_c(kind, "block") ? "blocks" : "row groups";
}

static void print_pieces(struct printing *p, const struct weft_explained_pieces *pieces,
                         bool has_run)
{
    const struct {
        uint64_t count;
        const char *why;
    } passed[] = {
        { pieces->hopeless, "nothing can match" },
        { pieces->out_of_range, "out of the range of time" },
        { pieces->too_old, "newer traces were enough" },
        { pieces->not_reached, "not reached" },
        { pieces->damaged, "damaged" },
    };
    label(p, piece_label(pieces->kind));
    weft_buf_printf(p->out, "%" PRIu64 " of %" PRIu64 " %s", pieces->read, pieces->count,
                    has_run ? "read" : "to be read");
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        if (passed[i].count > 0)
            weft_buf_printf(p->out, "; %" PRIu64 " not: %s", passed[i].count, passed[i].why);
    weft_buf_append_byte(p->out, '\n');
}

/* ---- tables ---- */

/* Zeros are left out. */
static void put_figure(struct printing *p, uint64_t count)
{
    char text[32];
    weft_cell_put_right(p->out, count > 0 ? count_text(text, sizeof text, count) : WEFT_S(""),
                        FIGURE_COLUMNS);
}

static void put_cost(struct printing *p, uint64_t bytes, uint64_t time_ns)
{
    char text[32];
    weft_cell_put_right(p->out, bytes > 0 ? bytes_text(text, sizeof text, bytes) : WEFT_S(""),
                        FIGURE_COLUMNS);
    size_t len = weft_duration_format(text, sizeof text, (int64_t)time_ns);
    weft_cell_put_right(p->out, weft_str_make(text, len), FIGURE_COLUMNS);
}

static void print_head(struct printing *p, const char *first, unsigned columns)
{
    static const char *const names[] = { "in", "out", "bytes", "time" };
    weft_buf_append_c(p->out, weft_terminal_style(p->terminal, WEFT_STYLE_HEAD));
    weft_buf_append_c(p->out, first);
    weft_cell_spaces(p->out, columns - (unsigned)strlen(first));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        weft_cell_put_right(p->out, weft_str_from_c(names[i]), FIGURE_COLUMNS);
    weft_buf_printf(p->out, "%s\n", weft_terminal_style(p->terminal, WEFT_STYLE_PLAIN));
}

static unsigned name_columns(const struct printing *p)
{
    unsigned width = p->terminal->width, figures = 4 * FIGURE_COLUMNS;
    if (width < figures + 24) return 24;
    return width - figures > 72 ? 72 : width - figures;
}

static void print_absence(struct printing *p, const struct weft_explained_condition *c)
{
    if (c->blocks_without + c->row_groups_without == 0) return;
    weft_buf_append_c(p->out, weft_terminal_style(p->terminal, WEFT_STYLE_DIM));
    weft_buf_append_c(p->out, "  not in ");
    if (c->blocks_without > 0) put_count(p, c->blocks_without, "block", "blocks");
    if (c->blocks_without > 0 && c->row_groups_without > 0) weft_buf_append_c(p->out, " and ");
    if (c->row_groups_without > 0) put_count(p, c->row_groups_without, "row group", "row groups");
    weft_buf_printf(p->out, "%s\n", weft_terminal_style(p->terminal, WEFT_STYLE_PLAIN));
}

static void print_conditions(struct printing *p, const struct weft_explained_pass *pass)
{
    unsigned columns = name_columns(p);

    if (pass->condition_count == 0) return;
    weft_buf_append_byte(p->out, '\n');
    print_head(p, "condition, in blocks", columns);
    for (uint32_t i = 0; i < pass->condition_count; i++) {
        const struct weft_explained_condition *c = &pass->conditions[i];
        unsigned used = weft_cell_put(p->out, c->condition, columns - 1);
        weft_cell_spaces(p->out, columns - used);
        put_figure(p, c->rows_in);
        put_figure(p, c->rows_out);
        put_cost(p, c->bytes, c->time_ns);
        weft_buf_append_byte(p->out, '\n');
        print_absence(p, c);
    }
}

static const char *step_text(struct weft_str step)
{
    static const struct {
        const char *step, *text;
    } texts[] = {
        { "prepare", "open files, look up names" },
        { "split", "find traces in several parts" },
        { "find", "ask rows" },
        { "columns", "read columns of these" },
        { "read", "put traces together" },
        { "judge", "evaluate whole traces" },
        { "count", "count spans" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (weft_str_equal_c(step, texts[i].step)) return texts[i].text;
    return "";
}

static void print_steps(struct printing *p, const struct weft_explained_pass *pass)
{
    unsigned columns = name_columns(p);

    if (pass->step_count == 0) return;
    weft_buf_append_byte(p->out, '\n');
    print_head(p, "step", columns);
    for (uint32_t i = 0; i < pass->step_count; i++) {
        const struct weft_explained_step *step = &pass->steps[i];
        unsigned used = weft_cell_put(p->out, step->step, 8);
        weft_cell_spaces(p->out, 9 - used);
        used = 9 + weft_cell_put(p->out, weft_str_from_c(step_text(step->step)), columns - 10);
        weft_cell_spaces(p->out, columns - used);
        put_figure(p, step->in);
        put_figure(p, step->out);
        put_cost(p, step->bytes, step->time_ns);
        weft_buf_append_byte(p->out, '\n');
    }
}

/* ---- the whole ---- */

static void print_pass(struct printing *p, const struct weft_explained *explained,
                       const struct weft_explained_pass *pass)
{
    weft_buf_append_byte(p->out, '\n');
    line(p, "for", pass->purpose);
    line(p, "way", pass->way_text);
    if (pass->way_reason.len > 0) line(p, "  because", pass->way_reason);
    if (weft_str_equal_c(pass->way, "nothing")) return;
    line(p, "looks for", pass->selection.len > 0 ? pass->selection : WEFT_S("every span"));
    if (!pass->is_exact)
        line(p, "  and more",
             pass->inexact_reason.len > 0 ? pass->inexact_reason
                                          : WEFT_S("the query is decided by whole traces"));
    for (uint32_t i = 0; i < pass->piece_count; i++)
        print_pieces(p, &pass->pieces[i], explained->has_run);
    if (!explained->has_run) return;
    print_conditions(p, pass);
    print_steps(p, pass);
}

void weft_explain_print(struct weft_buf *out, const struct weft_explained *explained,
                        const struct weft_terminal *terminal)
{
    struct printing p = { out, terminal };

    line(&p, "query", explained->query);
    print_range(&p, explained);
    if (explained->has_run)
        print_answer(&p, explained);
    else
        print_estimate(&p, explained);
    for (uint32_t i = 0; i < explained->pass_count; i++)
        print_pass(&p, explained, &explained->passes[i]);
}
