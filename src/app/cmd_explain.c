/* cmd_explain.c -- weft explain: how a TraceQL query is answered. */
#include "app/ask.h"
#include "app/command.h"
#include "app/query/explain_print.h"
#include "app/query/query_print.h"

struct options {
    const char *server, *since, *from, *to;
    uint64_t limit, step_ns;
    bool json, instant, plan;
    int colour;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { .name = "plan",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(plan),
      .help = "Do not run the query: say what it would read, and about how much." },
    WEFT_OPTION_TIMES(
        struct options,
        "The last 15m, 24h, ...; when no time is given, all traces there are, or series of "
        "the last hour.",
        "From then on: Unix time, RFC 3339, now-2h.", "Before then."),
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'n',
      .fallback = "20",
      .min = 1,
      .help = "Traces that the query is to find, or spans." },
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

static void build_path(struct weft_buf *path, const struct options *o, const char *query)
{
    weft_buf_append_c(path, "/api/v1/explain");
    weft_ask_add(path, "q", weft_str_from_c(query));
    weft_ask_add_times(path, o->since, o->from, o->to);
    weft_ask_add_number(path, "limit", o->limit, "");
    if (o->step_ns > 0) weft_ask_add_number(path, "step", o->step_ns, "ns");
    if (o->instant) weft_ask_add_text(path, "instant", "true");
    if (o->plan) weft_ask_add_text(path, "run", "false");
}

static int print(const struct weft_command_line *line, const struct options *o,
                 const struct weft_buf *body)
{
    struct weft_explained explained;
    struct weft_terminal terminal;
    struct weft_buf out = { 0 };

    if (o->json) {
        weft_buf_append_str(&out, weft_buf_str(body));
        weft_buf_append_byte(&out, '\n');
    } else if (weft_explained_read(&explained, weft_buf_str(body), line->arena)) {
        weft_terminal_init(&terminal, 1, o->colour);
        weft_explain_print(&out, &explained, &terminal);
    } else {
        return weft_command_error(line->command, "the server's answer explains nothing");
    }
    weft_terminal_write(1, weft_buf_str(&out));
    weft_buf_release(&out);
    return WEFT_EXIT_OK;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct weft_buf path = { 0 }, body = { 0 };
    struct weft_ask_place place = { 0 };
    struct weft_err err;

    build_path(&path, o, line->arguments[0]);
    int rc = weft_ask_query(&body, o->server, weft_buf_str(&path), &place, &err);
    int status = rc == WEFT_OK ? print(line, o, &body)
                               : weft_query_fail(line->command, rc, line->arguments[0], &place,
                                                 o->colour, &err);
    weft_buf_release(&path);
    weft_buf_release(&body);
    return status;
}

static const char *const examples[] = {
    "weft explain '{ span.http.response.status_code >= 500 } >> { name =~ \"SELECT.*\" }'",
    "what is looked for, read and passed over, and how long each step takes",
    "weft explain --plan '{ duration > 1s } | rate() by (name)' --since 24h",
    "about how much that would read, in a moment",
    NULL,
};
const struct weft_command weft_command_explain = {
    .name = "explain",
    .summary = "Tell how a TraceQL query is answered.",
    .arguments = "QUERY",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "The query is answered as by weft query, and instead of the answer it is told what was "
        "looked for in the columns of the store, which files and parts of them were read or passed "
        "over and why, what each condition did, and what each step took in bytes and time.\n\n"
        "Spans that are sealed lie in blocks, cut into row groups; new ones in segments, written "
        "in chunks. \"and more\" below what is looked for: the columns cannot say all that the "
        "query does, so traces that have some of these spans are read whole and evaluated.\n\n"
        "Times are by the clock. What the words mean is in docs/api/explain.md.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
