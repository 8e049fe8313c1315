/* cmd_search.c -- weft search: one line a trace (or span). */
#include "app/ask.h"
#include "app/hit_line.h"
#include "app/search_options.h"

struct options {
    const char *server, *since, *from, *to, *order, *cursor;
    struct weft_search_options spans;
    uint64_t limit;
    bool json, spans_view;
    int colour;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    WEFT_SEARCH_OPTIONS(struct options, spans),
    WEFT_SEARCH_TIMES(struct options),
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'n',
      .fallback = "20",
      .min = 1,
      .help = "Lines to print." },
    { .name = "order",
      .kind = WEFT_OPT_STRING,
      .offset = AT(order),
      .fallback = "newest",
      .value_name = "ORDER",
      .help = "newest or slowest." },
    { .name = "cursor",
      .kind = WEFT_OPT_STRING,
      .offset = AT(cursor),
      .value_name = "CURSOR",
      .help = "Go on where an earlier search ended." },
    { .name = "spans",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(spans_view),
      .help = "One line a span instead of a trace." },
    { 0 },
};

static void build_path(struct weft_buf *path, const struct options *o)
{
    weft_buf_append_c(path, "/api/v1/search");
    weft_search_options_add(path, &o->spans);
    weft_ask_add_times(path, o->since, o->from, o->to);
    weft_ask_add_text(path, "order", o->order);
    weft_ask_add_text(path, "cursor", o->cursor);
    weft_ask_add_text(path, "view", o->spans_view ? "spans" : "traces");
    weft_ask_add_number(path, "limit", o->limit, "");
}

struct printing {
    const struct weft_terminal *terminal;
    struct weft_buf out;
    bool is_spans;
    uint64_t count;
    struct weft_str cursor, partial;
};

static bool print_lines(struct printing *p, struct weft_json_reader *r)
{
    struct weft_hit_line line;
    if (weft_json_next(r) != WEFT_JSON_ARRAY_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_ARRAY_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_OBJECT_START || !weft_hit_line_read(&line, r)) return false;
        if (p->is_spans)
            weft_hit_line_write_span(&p->out, &line, p->terminal);
        else
            weft_hit_line_write_trace(&p->out, &line, p->terminal);
        p->count++;
    }
    return true;
}

static bool print_answer(struct printing *p, struct weft_json_reader *r)
{
    if (weft_json_next(r) != WEFT_JSON_OBJECT_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        bool is_lines = weft_str_equal_c(r->text, "traces") || weft_str_equal_c(r->text, "spans");
        bool is_cursor = weft_str_equal_c(r->text, "next_cursor"),
             is_partial = weft_str_equal_c(r->text, "partial");
        if (is_lines) {
            if (!print_lines(p, r)) return false;
            continue;
        }
        token = weft_json_next(r);
        if (is_cursor && token == WEFT_JSON_STRING)
            p->cursor = r->text;
        else if (is_partial && token == WEFT_JSON_STRING)
            p->partial = r->text;
        else if (!weft_json_skip(r, token))
            return false;
    }
    return true;
}

/* What the list does not say by itself, on standard error so that a pipe gets lines alone. */
static void print_notes(const struct printing *p)
{
    if (p->count == 0) fprintf(stderr, "nothing found\n");
    if (p->partial.len > 0)
        fprintf(stderr, "the answer is not complete: %.*s reached\n", WEFT_S_ARG(p->partial));
    if (p->cursor.len > 0 && p->terminal->is_tty)
        fprintf(stderr, "more: --cursor %.*s\n", WEFT_S_ARG(p->cursor));
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct weft_buf path = { 0 }, body = { 0 };
    struct weft_terminal terminal;
    struct weft_json_reader reader;
    struct weft_err err;

    build_path(&path, o);
    weft_terminal_init(&terminal, 1, o->colour);
    int rc = weft_ask(&body, o->server, weft_buf_str(&path), NULL, &err);
    struct printing p = { .terminal = &terminal, .is_spans = o->spans_view };
    if (rc == WEFT_OK && o->json) {
        weft_buf_append_byte(&body, '\n');
        weft_terminal_write(1, weft_buf_str(&body));
    } else if (rc == WEFT_OK) {
        weft_json_reader_init(&reader, weft_buf_str(&body), line->arena);
        if (!print_answer(&p, &reader))
            rc = weft_fail(&err, WEFT_INVALID, "the server's answer is no search result");
        weft_terminal_write(1, weft_buf_str(&p.out));
        if (rc == WEFT_OK) print_notes(&p);
    }
    weft_buf_release(&p.out);
    weft_buf_release(&path);
    weft_buf_release(&body);
    if (rc == WEFT_INVALID) return weft_command_usage_error(line->command, "%s", err.text);
    if (rc < 0) return weft_command_error(line->command, "%s", err.text);
    return o->json || p.count > 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static const char *const examples[] = {
    "weft search --service checkout --errors --since 1h",
    "failed checkouts of the last hour",
    "weft search --where 'span.http.response.status_code>=500' --order slowest",
    "server errors, slowest first",
    "weft search --spans --where 'db.system.name=postgresql' --min-duration 500ms",
    "slow queries, span by span",
    NULL,
};
const struct weft_command weft_command_search = {
    .name = "search",
    .summary = "Find traces.",
    .description = "Prints one line a trace: when the span began that made it found (the order), "
                   "how long the trace took, "
                   "root service and name, spans, errors, id. A trace is found when one of its "
                   "spans meets every condition. "
                   "Exit status 1: nothing found.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
