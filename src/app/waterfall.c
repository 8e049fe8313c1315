/* waterfall.c -- a trace drawn for the terminal (waterfall.h). The details under a span are in
 * waterfall_details.c. */
#include "app/waterfall.h"
#include "app/cell_text.h"
#include "app/waterfall_internal.h"
#include "base/clock.h"
#include "base/map.h"
#include <time.h>

#define WIDTH_MIN 60
#define DURATION_COLUMNS 8
#define INDENT_LEVELS_MAX 12 /* at most; deeper spans stay at the last indent and say their depth */
#define FOLD_FROM 4          /* that many alike leaf siblings in a row become one line */

/* Twelve colours of the 256-colour palette that read on dark and light grounds. */
static const uint8_t service_colours[] = { 33, 166, 35, 133, 37, 172, 99, 70, 168, 31, 136, 61 };

const char *weft_waterfall_colour(const struct weft_waterfall *x, const char *code)
{
    return x->options->has_colour ? code : "";
}

static void number_services(struct weft_waterfall *x, struct weft_arena *arena)
{
    struct weft_map numbers = { 0 };
    x->service_of = weft_arena_alloc_array(arena, x->batch->span_count + 1, sizeof *x->service_of);
    for (uint32_t n = 0; n < x->tree.count; n++) { /* numbered as they appear from the top */
        uint32_t span = x->tree.nodes[n].span;
        bool is_new;
        x->service_of[span] = (uint32_t)*weft_map_put(
            &numbers, x->batch->spans[span].scope->resource->service_name, numbers.count, &is_new);
    }
    x->service_count = (uint32_t)numbers.count;
    weft_map_release(&numbers);
}

static const struct weft_span *span_of(const struct weft_waterfall *x, uint32_t node)
{
    return &x->batch->spans[x->tree.nodes[node].span];
}

/* ---- head ---- */

static struct weft_str or_none(struct weft_str text, const char *none)
{
    return text.len > 0 ? text : weft_str_from_c(none);
}

/* Local time, as weft search prints it; the offset keeps it unambiguous. */
static void format_time(char *out, size_t size, uint64_t unix_ns)
{
    char date[24], offset[8];
    struct tm tm;
    time_t seconds = (time_t)(unix_ns / WEFT_NS_PER_SECOND);
    localtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    strftime(offset, sizeof offset, "%z", &tm);
    snprintf(out, size, "%s.%03u %s", date, (unsigned)(unix_ns / WEFT_NS_PER_MS % 1000), offset);
}

static uint32_t count_reversed(const struct weft_batch *trace)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < trace->span_count; i++)
        count += trace->spans[i].end_time_unix_nano < trace->spans[i].start_time_unix_nano;
    return count;
}

/* What is wrong with the trace itself, on a line of its own; nothing when all is well. */
static void write_oddities(struct weft_waterfall *x)
{
    const struct {
        uint32_t count;
        const char *what;
    } oddities[] = {
        { x->tree.orphan_count, "without parent (⋯)" },
        { x->tree.duplicate_count, "with an id used twice" },
        { count_reversed(x->batch), "ending before the start" },
    };
    const char *comma = "odd: ";
    for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
        if (oddities[i].count == 0) continue;
        weft_buf_printf(x->out, "%s%u %s", comma, oddities[i].count, oddities[i].what);
        comma = ", ";
    }
    if (comma[0] == ',') weft_buf_append_byte(x->out, '\n');
}

static void write_head(struct weft_waterfall *x)
{
    char id[33], duration[32], when[64];
    struct weft_buf *out = x->out;
    const struct weft_span *root = span_of(x, x->tree.root);
    weft_trace_id_format(&root->trace_id, id);
    weft_duration_format(duration, sizeof duration, (int64_t)(x->tree.end_ns - x->tree.start_ns));
    format_time(when, sizeof when, x->tree.start_ns);
    weft_buf_append_c(out, weft_waterfall_colour(x, "\033[1m"));
    weft_cell_put(out, or_none(root->scope->resource->service_name, "(no service)"), x->width / 3);
    weft_buf_append_c(out, "  ");
    weft_cell_put(out, or_none(root->name, "(no name)"), x->width / 2);
    weft_buf_printf(out, "%s  %s\n", weft_waterfall_colour(x, "\033[0m"), duration);
    weft_buf_printf(out, "%strace %s  %s%s\n", weft_waterfall_colour(x, "\033[2m"), id, when,
                    weft_waterfall_colour(x, "\033[0m"));
    weft_buf_printf(out, "%u span%s, %u service%s, depth %u", x->tree.count,
                    x->tree.count == 1 ? "" : "s", x->service_count,
                    x->service_count == 1 ? "" : "s", x->tree.depth_max + 1);
    if (x->tree.error_count > 0)
        weft_buf_printf(out, ", %s%u error%s%s", weft_waterfall_colour(x, "\033[31m"),
                        x->tree.error_count, x->tree.error_count == 1 ? "" : "s",
                        weft_waterfall_colour(x, "\033[0m"));
    weft_buf_append_byte(out, '\n');
    write_oddities(x);
    weft_buf_append_byte(out, '\n');
}

/* Times under the bars: at 0, the thirds or halves, and the end. */
static void write_scale(struct weft_waterfall *x)
{
    unsigned parts = x->bar_width >= 60 ? 4 : 2, column = 0;
    char text[32];
    weft_cell_spaces(x->out, x->tree_width + 1);
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[2m"));
    for (unsigned p = 0; p < parts; p++) {
        unsigned at = x->bar_width * p / parts;
        weft_cell_spaces(x->out, at - column);
        size_t len = weft_duration_format(
            text, sizeof text, (int64_t)((x->tree.end_ns - x->tree.start_ns) / parts * p));
        weft_buf_printf(x->out, "%s", p == 0 ? "0" : text);
        column = at + (p == 0 ? 1 : (unsigned)len);
    }
    weft_cell_spaces(x->out, x->bar_width > column ? x->bar_width - column : 0);
    weft_duration_format(text, sizeof text, (int64_t)(x->tree.end_ns - x->tree.start_ns));
    weft_cell_put_right(x->out, weft_str_from_c(text), DURATION_COLUMNS + 1);
    weft_buf_printf(x->out, "%s\n", weft_waterfall_colour(x, "\033[0m"));
}

/* ---- the tree side of a line ---- */

/* Whether a later sibling of this node comes: its branch goes on below. */
static bool has_later_sibling(const struct weft_waterfall *x, uint32_t node)
{
    uint32_t next = node + x->tree.nodes[node].descendant_count + 1;
    return next < x->tree.count && x->tree.nodes[next].depth == x->tree.nodes[node].depth &&
           x->tree.nodes[next].parent == x->tree.nodes[node].parent &&
           x->tree.nodes[node].parent != WEFT_NO_SPAN;
}

/* Lines of the ancestors, then the branch of the node itself; returns the columns used. */
unsigned weft_waterfall_indent(struct weft_waterfall *x, uint32_t node, bool is_detail)
{
    uint32_t path[INDENT_LEVELS_MAX], depth = x->tree.nodes[node].depth, levels = 0;
    uint32_t shown = depth < x->levels_max ? depth : x->levels_max;
    uint32_t at = node;
    for (uint32_t d = depth; d > shown; d--) at = x->tree.nodes[at].parent;
    for (; levels < shown; levels++, at = x->tree.nodes[at].parent) path[levels] = at;
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[2m"));
    for (uint32_t l = levels; l-- > 0;) {
        bool is_own = l == 0 && !is_detail;
        bool goes_on = has_later_sibling(x, path[l]);
        weft_buf_append_c(x->out, is_own ? (goes_on ? "├ " : "└ ") : goes_on ? "│ " : "  ");
    }
    unsigned used = 2 * levels;
    if (is_detail) {
        weft_buf_append_c(x->out, x->tree.nodes[node].descendant_count > 0 ? "│ " : "  ");
        used += 2;
    }
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[0m"));
    if (depth > shown && !is_detail) {
        char text[16];
        int len = snprintf(text, sizeof text, "%u· ", depth + 1);
        weft_buf_append_c(x->out, text);
        used += (unsigned)len - 1; /* the dot has two bytes */
    }
    return used;
}

static void write_name(struct weft_waterfall *x, uint32_t node, unsigned columns)
{
    const struct weft_span *span = span_of(x, node);
    bool is_error = span->status_code == WEFT_STATUS_ERROR;
    unsigned used = 0, parent_service = UINT32_MAX;
    uint32_t service = x->service_of[x->tree.nodes[node].span], parent = x->tree.nodes[node].parent;

    if (parent != WEFT_NO_SPAN) parent_service = x->service_of[x->tree.nodes[parent].span];
    if (x->tree.nodes[node].is_orphan && columns > 4) {
        weft_buf_append_c(x->out, "⋯ ");
        used += 2;
    }
    if (is_error) {
        weft_buf_printf(x->out, "%s✗%s ", weft_waterfall_colour(x, "\033[1;31m"),
                        weft_waterfall_colour(x, "\033[0m"));
        used += 2;
    }
    if (x->options->has_colour)
        weft_buf_printf(x->out, "\033[38;5;%um", service_colours[service % sizeof service_colours]);
    /* A call within a service need not repeat its name. */
    if (service != parent_service && columns > used + 4) {
        struct weft_str name = or_none(span->scope->resource->service_name, "(no service)");
        used += weft_cell_put(x->out, name, (columns - used) / 2);
        weft_buf_append_c(x->out, " ");
        used++;
    }
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[0m"));
    if (columns > used)
        used += weft_cell_put(x->out, or_none(span->name, "(no name)"), columns - used);
    weft_cell_spaces(x->out, columns > used ? columns - used : 0);
}

/* ---- the bar side ---- */

/* Column range of a time range, at least one column wide and inside the bars. */
static void bar_columns(const struct weft_waterfall *x, uint64_t start, uint64_t end,
                        unsigned *from, unsigned *to)
{
    double scale =
        (double)x->bar_width /
        (double)(x->tree.end_ns - x->tree.start_ns > 0 ? x->tree.end_ns - x->tree.start_ns : 1);
    double a = (double)(start - x->tree.start_ns) * scale,
           b = (double)(end - x->tree.start_ns) * scale;
    *from = (unsigned)a < x->bar_width ? (unsigned)a : x->bar_width - 1;
    *to = (unsigned)(b + 0.5);
    if (*to <= *from) *to = *from + 1;
    if (*to > x->bar_width) *to = x->bar_width;
}

/* Mark the columns in which children run, so that what stays solid is the span's own time. */
static void mark_children(struct weft_waterfall *x, uint32_t node, unsigned from, unsigned to)
{
    const struct weft_trace_node *nodes = x->tree.nodes;
    memset(x->cells, WEFT_CELL_OWN, x->bar_width);
    uint32_t end = node + nodes[node].descendant_count;
    for (uint32_t c = node + 1; c <= end; c += nodes[c].descendant_count + 1) {
        const struct weft_span *span = span_of(x, c);
        unsigned a, b;
        bar_columns(x, span->start_time_unix_nano,
                    span->start_time_unix_nano + weft_span_duration_ns(span), &a, &b);
        for (unsigned i = a > from ? a : from; i < b && i < to; i++) x->cells[i] = WEFT_CELL_CHILD;
    }
}

static void bar_colour(struct weft_waterfall *x, uint32_t node)
{
    if (!x->options->has_colour) return;
    uint32_t service = x->service_of[x->tree.nodes[node].span];
    if (span_of(x, node)->status_code == WEFT_STATUS_ERROR)
        weft_buf_append_c(x->out, "\033[31m");
    else
        weft_buf_printf(x->out, "\033[38;5;%um", service_colours[service % sizeof service_colours]);
}

static void write_cells(struct weft_waterfall *x, uint32_t node, unsigned from, unsigned to)
{
    static const char *const pictures[] = { [WEFT_CELL_OWN] = "█",
                                            [WEFT_CELL_CHILD] = "░",
                                            [WEFT_CELL_SLIVER] = "▏",
                                            [WEFT_CELL_GAP] = "─" };
    weft_cell_spaces(x->out, from);
    bar_colour(x, node);
    for (unsigned i = from; i < to; i++) weft_buf_append_c(x->out, pictures[x->cells[i]]);
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[0m"));
    weft_cell_spaces(x->out, x->bar_width - to);
}

static void write_bar(struct weft_waterfall *x, uint32_t node)
{
    const struct weft_span *span = span_of(x, node);
    uint64_t duration = weft_span_duration_ns(span);
    unsigned from, to;
    bar_columns(x, span->start_time_unix_nano, span->start_time_unix_nano + duration, &from, &to);
    mark_children(x, node, from, to);
    if (duration < (x->tree.end_ns - x->tree.start_ns) / x->bar_width / 2 &&
        x->cells[from] == WEFT_CELL_OWN)
        x->cells[from] = WEFT_CELL_SLIVER;
    write_cells(x, node, from, to);
}

/* Columns of a run of alike spans: solid where they run half of the time or more, a sliver where
 * less, a line where none does. */
static void write_fold_bar(struct weft_waterfall *x, uint32_t node, uint32_t count, uint64_t start,
                           uint64_t end)
{
    double column_ns = (double)(x->tree.end_ns - x->tree.start_ns) / x->bar_width;
    unsigned from, to, a, b;
    bar_columns(x, start, end, &from, &to);
    memset(x->busy, 0, x->bar_width * sizeof *x->busy);
    memset(x->cells, WEFT_CELL_GAP, x->bar_width);
    for (uint32_t n = node; n < node + count; n++) {
        const struct weft_span *span = span_of(x, n);
        double s = (double)(span->start_time_unix_nano - x->tree.start_ns);
        double e = s + (double)weft_span_duration_ns(span);
        bar_columns(x, span->start_time_unix_nano,
                    span->start_time_unix_nano + weft_span_duration_ns(span), &a, &b);
        for (unsigned i = a; i < b; i++) {
            double low = column_ns * i, high = low + column_ns;
            x->busy[i] += (e < high ? e : high) - (s > low ? s : low);
            x->cells[i] = x->busy[i] * 2 >= column_ns ? WEFT_CELL_OWN : WEFT_CELL_SLIVER;
        }
    }
    write_cells(x, node, from, to);
}

static void write_duration(struct weft_waterfall *x, uint64_t ns)
{
    char text[32];
    weft_duration_format(text, sizeof text, (int64_t)ns);
    weft_cell_put_right(x->out, weft_str_from_c(text), DURATION_COLUMNS);
    weft_buf_append_byte(x->out, '\n');
}

static void write_span(struct weft_waterfall *x, uint32_t node)
{
    const struct weft_span *span = span_of(x, node);
    uint64_t duration = weft_span_duration_ns(span);
    unsigned indent = weft_waterfall_indent(x, node, false);
    write_name(x, node, x->tree_width > indent ? x->tree_width - indent : 1);
    weft_buf_append_byte(x->out, ' ');
    write_bar(x, node);
    weft_buf_append_byte(x->out, ' ');
    write_duration(x, duration);
    weft_waterfall_details(x, node);
}

/* ---- folding ---- */

static bool is_alike(const struct weft_waterfall *x, uint32_t a, uint32_t b)
{
    const struct weft_span *p = span_of(x, a), *q = span_of(x, b);
    return x->service_of[x->tree.nodes[a].span] == x->service_of[x->tree.nodes[b].span] &&
           p->kind == q->kind && p->status_code == q->status_code &&
           weft_str_equal(p->name, q->name);
}

/* How many leaf siblings from this node on are alike. */
static uint32_t run_length(const struct weft_waterfall *x, uint32_t node)
{
    uint32_t count = 0, parent = x->tree.nodes[node].parent;
    if (parent == WEFT_NO_SPAN) return 1;
    while (node + count < x->tree.count && x->tree.nodes[node + count].parent == parent &&
           x->tree.nodes[node + count].descendant_count == 0 && is_alike(x, node, node + count))
        count++;
    return count;
}

/* One line for a run of alike siblings: how many, over what time, how long together. */
static void write_fold(struct weft_waterfall *x, uint32_t node, uint32_t count)
{
    uint64_t start = UINT64_MAX, end = 0, total = 0;
    char label[32];
    for (uint32_t n = node; n < node + count; n++) {
        const struct weft_span *span = span_of(x, n);
        uint64_t duration = weft_span_duration_ns(span);
        if (span->start_time_unix_nano < start) start = span->start_time_unix_nano;
        if (span->start_time_unix_nano + duration > end)
            end = span->start_time_unix_nano + duration;
        total += duration;
    }
    unsigned used = weft_waterfall_indent(x, node + count - 1, false);
    used += (unsigned)snprintf(label, sizeof label, "%u × ", count) - 1;
    weft_buf_append_c(x->out, label);
    write_name(x, node, x->tree_width > used ? x->tree_width - used : 1);
    weft_buf_append_byte(x->out, ' ');
    write_fold_bar(x, node, count, start, end);
    weft_buf_append_byte(x->out, ' ');
    write_duration(x, total);
    x->folded_count += count;
}

static void write_spans(struct weft_waterfall *x)
{
    bool may_fold =
        !x->options->shows_all && !x->options->shows_events && !x->options->shows_attributes;
    for (uint32_t n = 0; n < x->tree.count;) {
        uint32_t count = may_fold && x->tree.nodes[n].descendant_count == 0 ? run_length(x, n) : 1;
        if (count >= FOLD_FROM) {
            write_fold(x, n, count);
            n += count;
        } else {
            write_span(x, n++);
        }
    }
}

void weft_waterfall_write(struct weft_buf *out, const struct weft_batch *trace,
                          const struct weft_waterfall_options *options, struct weft_arena *arena)
{
    struct weft_waterfall x = { .out = out, .batch = trace, .options = options };
    if (trace->span_count == 0) return;
    weft_trace_tree_build(&x.tree, trace, arena);
    number_services(&x, arena);
    x.width = options->width < WIDTH_MIN ? WIDTH_MIN : options->width;
    x.tree_width = x.width * 45 / 100 > 64 ? 64 : x.width * 45 / 100;
    x.bar_width = x.width - x.tree_width - DURATION_COLUMNS - 2;
    x.levels_max = x.tree_width / 4 < INDENT_LEVELS_MAX ? x.tree_width / 4 : INDENT_LEVELS_MAX;
    x.cells = weft_arena_alloc(arena, x.bar_width);
    x.busy = weft_arena_alloc_array(arena, x.bar_width, sizeof *x.busy);
    write_head(&x);
    write_scale(&x);
    write_spans(&x);
    if (x.folded_count > 0)
        weft_buf_printf(
            out,
            "\n%u spans are folded (N × name shows the sum of their durations); --all shows each\n",
            x.folded_count);
}
