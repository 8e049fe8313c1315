/* cmd_query.c -- weft query: TraceQL in the terminal. */
#include "app/ask.h"
#include "app/command.h"
#include "app/query/query_print.h"
#include "base/clock.h"

struct options {
    const char *server, *since, *from, *to, *cursor;
    uint64_t limit, spans, step_ns, timeout_ns, bytes_max, spans_max;
    bool json, csv, instant;
    int colour;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { .name = "csv",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(csv),
      .help = "Print CSV: a line for each trace, each span, or each point of each series." },
    WEFT_OPTION_TIMES(
        struct options,
        "The last 15m, 24h, ...; when no time is given, all traces there are, or series of "
        "the part of the last hour that has any.",
        "From then on: Unix time, RFC 3339, now-2h.", "Before then."),
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'n',
      .fallback = "20",
      .min = 1,
      .help = "Traces to print, or spans; the newest unless order() says otherwise." },
    { .name = "cursor",
      .kind = WEFT_OPT_STRING,
      .offset = AT(cursor),
      .value_name = "CURSOR",
      .help = "Go on where an answer ended, which says it." },
    { .name = "spans",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(spans),
      .fallback = "0",
      .help = "Matching spans to print below each trace, at most." },
    { .name = "timeout",
      .kind = WEFT_OPT_DURATION,
      .offset = AT(timeout_ns),
      .fallback = "0",
      .help = "Show what is known after so long; 0: as the server is configured." },
    { .name = "bytes-max",
      .kind = WEFT_OPT_BYTES,
      .offset = AT(bytes_max),
      .fallback = "0",
      .help = "... after so many bytes read." },
    { .name = "spans-max",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(spans_max),
      .fallback = "0",
      .help = "... after so many spans looked at." },
    { .name = "step",
      .kind = WEFT_OPT_DURATION,
      .offset = AT(step_ns),
      .fallback = "0",
      .help = "Of series: time between points; 0: some 240 points." },
    { .name = "instant",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(instant),
      .help = "Of series: one value for the whole range." },
    { 0 },
};

/* Of a range that nobody named: whole seconds, some 60 points. */
static uint64_t step_for(uint64_t from_ns)
{
    uint64_t now = weft_clock_unix_ns(), range = now > from_ns ? now - from_ns : 0;
    return (range / 60 / WEFT_NS_PER_SECOND + 1) * WEFT_NS_PER_SECOND;
}

/* `from_ns` not 0: a narrower range than the default. */
static void build_path(struct weft_buf *path, const struct options *o, const char *query,
                       uint64_t from_ns)
{
    uint64_t step_ns = o->step_ns == 0 && from_ns > 0 ? step_for(from_ns) : o->step_ns;
    weft_buf_reset(path);
    weft_buf_append_c(path, "/api/v1/query");
    weft_ask_add(path, "q", weft_str_from_c(query));
    weft_ask_add_times(path, o->since, o->from, o->to);
    if (from_ns > 0) weft_ask_add_number(path, "from", from_ns, "");
    weft_ask_add_text(path, "cursor", o->cursor);
    weft_ask_add_number(path, "limit", o->limit, "");
    weft_ask_add_number(path, "spss", o->spans, "");
    if (step_ns > 0) weft_ask_add_number(path, "step", step_ns, "ns");
    if (o->timeout_ns > 0) weft_ask_add_number(path, "timeout", o->timeout_ns, "ns");
    if (o->bytes_max > 0) weft_ask_add_number(path, "bytes_max", o->bytes_max, "");
    if (o->spans_max > 0) weft_ask_add_number(path, "spans_max", o->spans_max, "");
    if (o->instant) weft_ask_add_text(path, "instant", "true");
}

/* The first point of any series that is more than nothing. */
static uint32_t first_point(const struct weft_answer *answer)
{
    uint32_t first = UINT32_MAX;
    for (uint32_t s = 0; s < answer->series_count; s++)
        for (uint32_t i = 0; i < answer->series[s].point_count && i < first; i++)
            if (answer->series[s].points[i] > 0 || answer->series[s].points[i] < 0) first = i;
    return first;
}

/* Nobody named a range and the hour begins with nothing: where to begin instead; 0: it is well as it is. */
static uint64_t narrower_from(const struct options *o, const struct weft_answer *answer)
{
    bool is_named = (o->since != NULL && o->since[0] != '\0') ||
                    (o->from != NULL && o->from[0] != '\0') || (o->to != NULL && o->to[0] != '\0');
    if (is_named || o->instant || !answer->is_series || answer->series_count == 0) return 0;
    uint32_t first = first_point(answer), count = answer->series[0].point_count;
    if (first == UINT32_MAX || first <= count / 3) return 0;
    return answer->start_ns + (first - 1) * answer->step_ns;
}

struct asking {
    const struct options *options;
    const struct weft_command_line *line;
    struct weft_buf path, body;
    struct weft_answer answer;
    struct weft_ask_place place;
};

static int ask_once(struct asking *a, uint64_t from_ns, struct weft_err *err)
{
    build_path(&a->path, a->options, a->line->arguments[0], from_ns);
    weft_buf_reset(&a->body);
    int rc = weft_ask_query(&a->body, a->options->server, weft_buf_str(&a->path), &a->place, err);
    if (rc < 0) return rc;
    struct weft_str copy = weft_arena_copy(a->line->arena, weft_buf_str(&a->body));
    if (weft_answer_read(&a->answer, copy, a->line->arena)) return WEFT_OK;
    return weft_fail(err, WEFT_IO, "the server's answer is none to a query");
}

static void print_answer(const struct asking *a, struct weft_buf *out,
                         const struct weft_terminal *terminal)
{
    const struct weft_answer *answer = &a->answer;
    if (a->options->json) {
        weft_buf_append_str(out, weft_buf_str(&a->body));
        weft_buf_append_byte(out, '\n');
    } else if (answer->is_series && a->options->csv) {
        weft_query_csv_series(out, answer);
    } else if (answer->is_series) {
        weft_query_print_series(out, answer, terminal, weft_clock_unix_ns(), a->line->arena);
    } else if (answer->has_rows && a->options->csv) {
        weft_query_csv_spans(out, answer);
    } else if (answer->has_rows) {
        weft_query_print_spans(out, answer, terminal);
    } else if (a->options->csv) {
        weft_query_csv_traces(out, answer);
    } else {
        weft_query_print_traces(out, answer, terminal);
    }
}

static void print_partial(const struct weft_answer *answer)
{
    char since[40];

    fprintf(stderr, "the answer is not complete: %.*s", WEFT_S_ARG(answer->partial));
    if (answer->complete_from_ns > 0) {
        weft_time_format_rfc3339(since, sizeof since, answer->complete_from_ns, 3);
        fprintf(stderr, "; of traces since %s it has all", since);
    }
    fprintf(stderr, "\n");
}

/* What the list does not say by itself, on standard error so that a pipe gets the list alone. */
static void print_notes(const struct weft_answer *answer, const struct weft_terminal *terminal)
{
    if (answer->trace_count == 0 && answer->series_count == 0) fprintf(stderr, "nothing found\n");
    if (answer->partial.len > 0) print_partial(answer);
    if (answer->note.len > 0) fprintf(stderr, "note: %.*s\n", WEFT_S_ARG(answer->note));
    if (answer->next_cursor.len > 0 && (terminal->is_tty || answer->partial.len > 0))
        fprintf(stderr, "%s: the same with --cursor %.*s\n",
                answer->partial.len > 0 ? "to go on" : "there are more",
                WEFT_S_ARG(answer->next_cursor));
}

static int fail(const struct asking *a, int rc, const struct weft_err *err)
{
    return weft_query_fail(a->line->command, rc, a->line->arguments[0], &a->place,
                           a->options->colour, err);
}

static int run(const void *given, const struct weft_command_line *line)
{
    struct asking a = { .options = given, .line = line };
    struct weft_buf out = { 0 };
    struct weft_terminal terminal;
    struct weft_err err;
    int status;

    if (a.options->json && a.options->csv)
        return weft_command_usage_error(line->command, "--json and --csv: expected one of them");
    weft_terminal_init(&terminal, 1, a.options->colour);
    int rc = ask_once(&a, 0, &err);
    uint64_t from_ns = rc == WEFT_OK ? narrower_from(a.options, &a.answer) : 0;
    if (from_ns > 0) rc = ask_once(&a, from_ns, &err);
    if (rc == WEFT_OK) {
        print_answer(&a, &out, &terminal);
        weft_terminal_write(1, weft_buf_str(&out));
        print_notes(&a.answer, &terminal);
        status =
            a.answer.trace_count > 0 || a.answer.series_count > 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
    } else {
        status = fail(&a, rc, &err);
    }
    weft_buf_release(&out);
    weft_buf_release(&a.path);
    weft_buf_release(&a.body);
    return status;
}

static const char *const examples[] = {
    "weft query '{ status = error } | rate() by (resource.service.name)'",
    "errors a second of each service, with a sparkline",
    "weft query '{ span.http.response.status_code >= 500 } >> { name =~ \"SELECT.*\" }' --spans 3",
    "queries below failed requests, three of each trace",
    "weft query '{ kind = server } | quantile_over_time(duration, .5, .99) by (name)' --since 15m",
    "median and 99th percentile of each operation",
    "weft query '{ text contains \"timed out\" } | order(duration) | spans()' -n 5",
    "the five longest spans with these words in them",
    NULL,
};
const struct weft_command weft_command_query = {
    .name = "query",
    .summary = "Ask in TraceQL: traces, or series.",
    .arguments = "QUERY",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "A query for traces prints one line a trace, the newest first: start, duration, root "
        "service and name, spans, errors, id; below it what by() and aggregates gave. With spans() "
        "at the "
        "end it prints one line a span; order(), distinct(), text search and links between "
        "traces are in docs/traceql.md.\n\n"
        "A query with a metrics function prints one line a series: its labels, the last value of "
        "a step that is over, the least and the highest, and a sparkline from zero to the "
        "highest; the highest series first. Durations are in seconds.\n\n"
        "Where a query is wrong a caret stands under the place. Exit status 1: nothing found.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
