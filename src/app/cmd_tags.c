/* cmd_tags.c -- weft tags: which attributes there are, and which values one has. */
#include "app/ask.h"
#include "app/cell_text.h"
#include "app/command.h"
#include "app/query/query_print.h"
#include "app/terminal.h"
#include "wire/json.h"
#include <inttypes.h>

struct options {
    const char *server, *query, *since, *from, *to;
    uint64_t limit;
    bool json;
    int colour;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { .name = "query",
      .kind = WEFT_OPT_STRING,
      .offset = AT(query),
      .letter = 'q',
      .value_name = "TRACEQL",
      .help = "Only of spans that this query leaves; counts are exact then." },
    WEFT_OPTION_TIMES(struct options, "The last 15m, 24h, ...; all there is when no time is given.",
                      "From then on: Unix time, RFC 3339, now-2h.", "Before then."),
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'n',
      .fallback = "50",
      .min = 1,
      .max = 1000,
      .help = "Values to print." },
    { 0 },
};

static void build_path(struct weft_buf *path, const struct options *o, const char *key)
{
    weft_buf_append_c(path, "/api/v1/facets");
    weft_ask_add_text(path, "q", o->query);
    weft_ask_add_times(path, o->since, o->from, o->to);
    weft_ask_add_text(path, "keys", key);
    weft_ask_add_number(path, "limit", key != NULL ? o->limit : 0, "");
}

/* ---- reading and printing, line by line ---- */

struct printing {
    struct weft_json_reader json;
    struct weft_buf out;
    const struct weft_terminal *terminal;
    bool is_values; /* of one key */
    uint64_t count;
    uint64_t span_count; /* of the key */
    bool has_more;
    struct weft_str partial;
};
struct line {
    struct weft_str text, type;
    uint64_t span_count;
};

static unsigned text_columns(const struct printing *p)
{
    unsigned width = p->terminal->width;
    return width > 120 ? 90 : width < 60 ? 30 : width - 30;
}

static void print_head(struct printing *p)
{
    unsigned columns = text_columns(p);
    weft_buf_append_c(&p->out, weft_terminal_style(p->terminal, WEFT_STYLE_HEAD));
    weft_buf_printf(&p->out, "%-*s %12s%s", (int)columns, p->is_values ? "Value" : "Attribute",
                    "Spans", p->is_values ? "  Share  Type" : "");
    weft_buf_printf(&p->out, "%s\n", weft_terminal_style(p->terminal, WEFT_STYLE_PLAIN));
}

static void print_line(struct printing *p, const struct line *line)
{
    unsigned columns = text_columns(p), used = weft_cell_put(&p->out, line->text, columns);
    weft_cell_spaces(&p->out, columns - used);
    weft_buf_printf(&p->out, " %12" PRIu64, line->span_count);
    if (p->is_values) {
        double share =
            p->span_count > 0 ? 100.0 * (double)line->span_count / (double)p->span_count : 0;
        weft_buf_printf(&p->out, " %5.1f%%  %s%.*s%s", share,
                        weft_terminal_style(p->terminal, WEFT_STYLE_DIM), WEFT_S_ARG(line->type),
                        weft_terminal_style(p->terminal, WEFT_STYLE_PLAIN));
    }
    weft_buf_append_byte(&p->out, '\n');
    p->count++;
}

static bool read_values(struct printing *p)
{
    struct weft_json_reader *r = &p->json;
    if (weft_json_next(r) != WEFT_JSON_ARRAY_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_ARRAY_END;
         token = weft_json_next(r)) {
        struct line line = { 0 };
        if (token != WEFT_JSON_OBJECT_START) return false;
        while ((token = weft_json_next(r)) == WEFT_JSON_KEY) {
            struct weft_str key = r->text;
            if (weft_json_next(r) == WEFT_JSON_ERROR) return false;
            if (weft_str_equal_c(key, "value")) line.text = r->text;
            if (weft_str_equal_c(key, "type")) line.type = r->text;
            if (weft_str_equal_c(key, "span_count") && !weft_str_to_u64(r->text, &line.span_count))
                return false;
        }
        if (p->count == 0) print_head(p);
        print_line(p, &line);
    }
    return true;
}

/* One facet: a line of its own, or its values are the lines. */
static bool read_facet(struct printing *p)
{
    struct weft_json_reader *r = &p->json;
    struct line line = { 0 };
    enum weft_json_token token;
    while ((token = weft_json_next(r)) == WEFT_JSON_KEY) {
        struct weft_str key = r->text;
        if (weft_str_equal_c(key, "values") && p->is_values) {
            p->span_count = line.span_count;
            if (!read_values(p)) return false;
            continue;
        }
        token = weft_json_next(r);
        if (weft_str_equal_c(key, "key")) line.text = r->text;
        if (weft_str_equal_c(key, "has_more") && token == WEFT_JSON_TRUE) p->has_more = true;
        if (weft_str_equal_c(key, "span_count") && !weft_str_to_u64(r->text, &line.span_count))
            return false;
        if (!weft_json_skip(r, token)) return false;
    }
    if (!p->is_values && p->count == 0) print_head(p);
    if (!p->is_values) print_line(p, &line);
    return token == WEFT_JSON_OBJECT_END;
}

static bool print_answer(struct printing *p)
{
    struct weft_json_reader *r = &p->json;
    enum weft_json_token token;
    if (weft_json_next(r) != WEFT_JSON_OBJECT_START) return false;
    while ((token = weft_json_next(r)) == WEFT_JSON_KEY) {
        struct weft_str key = r->text;
        token = weft_json_next(r);
        if (weft_str_equal_c(key, "facets")) {
            if (token != WEFT_JSON_ARRAY_START) return false;
            while ((token = weft_json_next(r)) == WEFT_JSON_OBJECT_START)
                if (!read_facet(p)) return false;
            if (token != WEFT_JSON_ARRAY_END) return false;
            continue;
        }
        if (weft_str_equal_c(key, "partial") && token == WEFT_JSON_STRING) p->partial = r->text;
        if (weft_str_equal_c(key, "has_more") && token == WEFT_JSON_TRUE) p->has_more = true;
        if (!weft_json_skip(r, token)) return false;
    }
    return token == WEFT_JSON_OBJECT_END;
}

/* What the list does not say by itself, on standard error. */
static void print_notes(const struct printing *p)
{
    if (p->count == 0) fprintf(stderr, "nothing found\n");
    if (p->partial.len > 0)
        fprintf(stderr, "the answer is not complete: %.*s\n", WEFT_S_ARG(p->partial));
    if (p->has_more && p->terminal->is_tty) fprintf(stderr, "there are more\n");
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    const char *key = line->argument_count > 0 ? line->arguments[0] : NULL;
    struct weft_buf path = { 0 }, body = { 0 };
    struct weft_terminal terminal;
    struct weft_ask_place place = { 0 };
    struct weft_err err;

    build_path(&path, o, key);
    weft_terminal_init(&terminal, 1, o->colour);
    struct printing p = { .terminal = &terminal, .is_values = key != NULL };
    int rc = weft_ask_query(&body, o->server, weft_buf_str(&path), &place, &err);
    if (rc == WEFT_OK && o->json) {
        weft_buf_append_byte(&body, '\n');
        weft_terminal_write(1, weft_buf_str(&body));
    } else if (rc == WEFT_OK) {
        weft_json_reader_init(&p.json, weft_buf_str(&body), line->arena);
        if (!print_answer(&p)) rc = weft_fail(&err, WEFT_IO, "the server's answer has no facets");
        weft_terminal_write(1, weft_buf_str(&p.out));
        if (rc == WEFT_OK) print_notes(&p);
    }
    weft_buf_release(&p.out);
    weft_buf_release(&path);
    weft_buf_release(&body);
    if (rc < 0)
        return weft_query_fail(line->command, rc, o->query != NULL ? o->query : "", &place,
                               o->colour, &err);
    return o->json || p.count > 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static const char *const examples[] = {
    "weft tags",
    "every attribute, the most frequent first",
    "weft tags resource.service.version",
    "the versions there are, with their spans",
    "weft tags span.error.type --query '{ status = error }' --since 1h",
    "what failed in the last hour",
    NULL,
};
const struct weft_command weft_command_tags = {
    .name = "tags",
    .summary = "List attributes, or the values of one.",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .description =
        "A name as TraceQL writes it: span.http.route, resource.service.name, or an intrinsic "
        "(name, status, kind); a name alone is looked for in every scope. Without --query the "
        "counts come at once, from what the store knows of its attributes: spans stored twice "
        "may count twice. Exit status 1: nothing found.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
