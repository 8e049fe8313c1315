/* query_series.c -- a table of series with sparklines (query_print.h). */
#include "app/cell_text.h"
#include "app/query/query_print.h"
#include "base/clock.h"
#include <inttypes.h>
#include <math.h>
#include <time.h>

#define NUMBER_COLUMNS 9u
#define LABEL_COLUMNS_MAX 40u
#define SPARK_COLUMNS_MIN 12u
#define SPARK_COLUMNS_MAX 120u

struct row {
    const struct weft_answer_series *series;
    double last, min, max; /* NaN: no point */
};
struct table {
    const struct weft_answer *answer;
    const struct weft_terminal *terminal;
    struct row *rows;
    unsigned *label_columns; /* of each label of the first series, which all have */
    uint32_t label_count;
    uint32_t points_whole; /* of steps that are over */
    bool is_instant;       /* one value each */
    unsigned spark_columns;
    uint64_t now_ns;
};

/* ---- figures ---- */

/* Three significant digits: 0.00667, 12.5, 981, 12400, 124k ... */
static void format_number(char *out, size_t size, double v)
{
    static const char suffixes[] = { 0, 'k', 'M', 'G', 'T', 'P' };
    double size_of = fabs(v);
    size_t i = 0;
    if (isnan(v)) {
        snprintf(out, size, "-");
        return;
    }
    while (isfinite(v) && size_of >= 99999.5 && i + 1 < sizeof suffixes) {
        size_of /= 1000;
        v /= 1000;
        i++;
    }
    if (isfinite(v) && size_of >= 999.5 && size_of < 1e6)
        snprintf(out, size, "%.0f", v);
    else
        snprintf(out, size, "%.3g", v);
    size_t len = strlen(out);
    if (i > 0 && len + 2 < size) {
        out[len] = suffixes[i];
        out[len + 1] = '\0';
    }
}

static struct row row_of(const struct weft_answer_series *series, uint32_t points_whole)
{
    struct row row = { series, NAN, NAN, NAN };
    uint32_t count = series->point_count < points_whole ? series->point_count : points_whole;
    for (uint32_t i = 0; i < count; i++) {
        double v = series->points[i];
        if (isnan(v)) continue;
        row.last = v;
        if (isnan(row.min) || v < row.min) row.min = v;
        if (isnan(row.max) || v > row.max) row.max = v;
    }
    return row;
}

/* Highest first; those without points at the end; else as they came. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    double mx = isnan(x->max) ? -INFINITY : x->max, my = isnan(y->max) ? -INFINITY : y->max;
    if (mx != my) return mx > my ? -1 : 1;
    return x->series < y->series ? -1 : x->series > y->series;
}

/* ---- sparklines ---- */

/* Of the points that share a column the highest. NaN: none there. */
static double column_value(const struct weft_answer_series *series, unsigned column,
                           unsigned columns)
{
    uint32_t first = (uint32_t)((uint64_t)column * series->point_count / columns);
    uint32_t end = (uint32_t)((uint64_t)(column + 1) * series->point_count / columns);
    double highest = NAN;
    for (uint32_t i = first; i < end; i++)
        if (isnan(highest) || series->points[i] > highest) highest = series->points[i];
    return highest;
}

/* From zero to the row's own highest point; zero has a level of its own, so that little is seen to be something. */
static void put_spark(struct weft_buf *out, const struct weft_answer_series *series,
                      unsigned columns)
{
    static const char *const levels[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    double top = 0;
    if (series->point_count < columns) columns = series->point_count;
    for (uint32_t i = 0; i < series->point_count; i++)
        if (series->points[i] > top && isfinite(series->points[i])) top = series->points[i];
    for (unsigned i = 0; i < columns; i++) {
        double v = column_value(series, i, columns);
        int level = 0;
        if (v > 0) level = v >= top ? 7 : (int)ceil(v / top * 7); /* infinity: the highest */
        weft_buf_append_c(out, isnan(v) ? " " : levels[level]);
    }
}

/* ---- the table ---- */

static struct weft_str label_value(const struct weft_answer_series *series, struct weft_str name)
{
    for (uint32_t i = 0; i < series->label_count; i++)
        if (weft_str_equal(series->labels[i].name, name)) return series->labels[i].value;
    return WEFT_S("-");
}

static void measure_labels(struct table *t)
{
    const struct weft_answer_series *first = &t->answer->series[0];
    unsigned share = LABEL_COLUMNS_MAX;
    unsigned fixed = t->is_instant ? NUMBER_COLUMNS : 3 * NUMBER_COLUMNS + 2 + SPARK_COLUMNS_MIN;
    unsigned width = t->terminal->width < 80 ? 80 : t->terminal->width, used = 0;
    if (t->label_count > 0 && (width - fixed) / t->label_count < share)
        share = (width - fixed) / t->label_count > 9 ? (width - fixed) / t->label_count - 1 : 8;
    for (uint32_t i = 0; i < t->label_count; i++) {
        unsigned widest = weft_cell_width(first->labels[i].name);
        for (uint32_t s = 0; s < t->answer->series_count; s++) {
            unsigned w = weft_cell_width(label_value(&t->answer->series[s], first->labels[i].name));
            if (w > widest) widest = w;
        }
        t->label_columns[i] = widest > share ? share : widest;
        used += t->label_columns[i] + 1;
    }
    unsigned left = width > used + 3 * NUMBER_COLUMNS + 2 ? width - used - 3 * NUMBER_COLUMNS - 2
                                                          : SPARK_COLUMNS_MIN;
    t->spark_columns = left > SPARK_COLUMNS_MAX ? SPARK_COLUMNS_MAX : left;
}

static void put_label(struct weft_buf *out, struct weft_str text, unsigned columns)
{
    unsigned used = weft_cell_put(out, text, columns);
    weft_cell_spaces(out, columns - used + 1);
}

/* Local time; in front the date unless it is today's. */
static void put_range(struct weft_buf *out, uint64_t first_ns, uint64_t last_ns, uint64_t now_ns)
{
    char text[32];
    time_t first = (time_t)(first_ns / WEFT_NS_PER_SECOND),
           last = (time_t)(last_ns / WEFT_NS_PER_SECOND),
           now = (time_t)(now_ns / WEFT_NS_PER_SECOND);
    struct tm from, to, today;
    localtime_r(&first, &from);
    localtime_r(&last, &to);
    localtime_r(&now, &today);
    bool is_today = from.tm_yday == today.tm_yday && from.tm_year == today.tm_year;
    strftime(text, sizeof text, is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &from);
    weft_buf_printf(out, "%s – ", text);
    strftime(text, sizeof text, "%H:%M:%S", &to);
    weft_buf_append_c(out, text);
}

static void put_head(struct weft_buf *out, const struct table *t)
{
    const struct weft_answer *answer = t->answer;
    weft_buf_append_c(out, weft_terminal_style(t->terminal, WEFT_STYLE_HEAD));
    for (uint32_t i = 0; i < t->label_count; i++) {
        struct weft_str name = answer->series[0].labels[i].name;
        put_label(out, weft_str_equal_c(name, "__name__") ? WEFT_S("series") : name,
                  t->label_columns[i]);
    }
    if (t->is_instant) {
        weft_cell_put_right(out, WEFT_S("value"), NUMBER_COLUMNS);
    } else {
        weft_cell_put_right(out, WEFT_S("last"), NUMBER_COLUMNS);
        weft_cell_put_right(out, WEFT_S("min"), NUMBER_COLUMNS);
        weft_cell_put_right(out, WEFT_S("max"), NUMBER_COLUMNS);
        uint32_t count = answer->series[0].point_count;
        char step[32];
        weft_duration_format(step, sizeof step, (int64_t)answer->step_ns);
        weft_buf_append_c(out, "  ");
        put_range(out, answer->start_ns, answer->start_ns + (count - 1) * answer->step_ns,
                  t->now_ns);
        weft_buf_printf(out, ", step %s", step);
    }
    weft_buf_printf(out, "%s\n", weft_terminal_style(t->terminal, WEFT_STYLE_PLAIN));
}

static void put_row(struct weft_buf *out, const struct table *t, const struct row *row)
{
    char number[40];
    const double figures[] = { row->last, row->min, row->max };
    for (uint32_t i = 0; i < t->label_count; i++)
        put_label(out, label_value(row->series, t->answer->series[0].labels[i].name),
                  t->label_columns[i]);
    for (size_t i = 0; i < (t->is_instant ? 1 : sizeof figures / sizeof figures[0]); i++) {
        format_number(number, sizeof number, figures[i]);
        weft_cell_put_right(out, weft_str_from_c(number), NUMBER_COLUMNS);
    }
    if (!t->is_instant) {
        weft_buf_append_c(out, "  ");
        put_spark(out, row->series, t->spark_columns);
    }
    weft_buf_append_byte(out, '\n');
}

void weft_query_print_series(struct weft_buf *out, const struct weft_answer *answer,
                             const struct weft_terminal *terminal, uint64_t now_unix_ns,
                             struct weft_arena *arena)
{
    struct table t = { .answer = answer, .terminal = terminal, .now_ns = now_unix_ns };
    if (answer->series_count == 0) return;
    t.label_count = answer->series[0].label_count;
    t.label_columns = weft_arena_alloc_array(arena, t.label_count, sizeof *t.label_columns);
    t.rows = weft_arena_alloc_array(arena, answer->series_count, sizeof *t.rows);
    t.points_whole = answer->series[0].point_count;
    t.is_instant = t.points_whole <= 1;
    if (!t.is_instant && answer->start_ns + (t.points_whole - 1) * answer->step_ns > now_unix_ns)
        t.points_whole--;
    for (uint32_t i = 0; i < answer->series_count; i++)
        t.rows[i] = row_of(&answer->series[i], t.points_whole);
    qsort(t.rows, answer->series_count, sizeof *t.rows, compare_rows);
    measure_labels(&t);
    put_head(out, &t);
    for (uint32_t i = 0; i < answer->series_count; i++) put_row(out, &t, &t.rows[i]);
}
