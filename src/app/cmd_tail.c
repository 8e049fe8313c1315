/* cmd_tail.c -- weft tail: spans as they are committed. */
#include "app/ask.h"
#include "app/hit_line.h"
#include "app/search_options.h"
#include "base/clock.h"

#define POLL_NS (250 * WEFT_NS_PER_MS)

struct options {
    const char *server;
    struct weft_search_options spans;
    uint64_t count;
    bool json;
    int colour;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    WEFT_SEARCH_OPTIONS(struct options, spans),
    { .name = "count",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(count),
      .letter = 'n',
      .help = "Stop after that many spans; 0: never." },
    { 0 },
};

struct following {
    const struct options *options;
    struct weft_terminal terminal;
    struct weft_buf out;
    struct weft_arena arena; /* of one answer */
    char next[64];
    uint64_t printed;
};

/* A span's JSON is printed as it came; where it started is known because the reader has just read
 * its brace. */
static bool print_span(struct following *f, struct weft_json_reader *r)
{
    struct weft_hit_line line;
    size_t start = r->at - 1;
    if (!weft_hit_line_read(&line, r)) return false;
    if (f->options->count > 0 && f->printed >= f->options->count) return true;
    f->printed++;
    if (f->options->json) {
        weft_buf_append(&f->out, r->input.ptr + start, r->at - start);
        weft_buf_append_byte(&f->out, '\n');
    } else {
        weft_hit_line_write_span(&f->out, &line, &f->terminal);
    }
    return true;
}

static bool read_answer(struct following *f, struct weft_json_reader *r)
{
    if (weft_json_next(r) != WEFT_JSON_OBJECT_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        bool is_next = weft_str_equal_c(r->text, "next");
        token = weft_json_next(r);
        if (is_next && token == WEFT_JSON_STRING) {
            snprintf(f->next, sizeof f->next, "%.*s", WEFT_S_ARG(r->text));
        } else if (token == WEFT_JSON_ARRAY_START) {
            for (token = weft_json_next(r); token != WEFT_JSON_ARRAY_END; token = weft_json_next(r))
                if (token != WEFT_JSON_OBJECT_START || !print_span(f, r)) return false;
        } else if (!weft_json_skip(r, token)) {
            return false;
        }
    }
    return true;
}

static int poll_once(struct following *f, struct weft_err *err)
{
    struct weft_buf path = { 0 }, body = { 0 };
    struct weft_json_reader reader;
    weft_buf_append_c(&path, "/api/v1/tail");
    weft_search_options_add(&path, &f->options->spans);
    if (f->next[0] != '\0') weft_ask_add(&path, "after", weft_str_from_c(f->next));
    int rc = weft_ask(&body, f->options->server, weft_buf_str(&path), NULL, err);
    if (rc == WEFT_OK) {
        weft_json_reader_init(&reader, weft_buf_str(&body), &f->arena);
        if (!read_answer(f, &reader))
            rc = weft_fail(err, WEFT_INVALID, "the server's answer is no list of spans");
    }
    weft_buf_release(&path);
    weft_buf_release(&body);
    return rc;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct following f = { .options = o };
    struct weft_err err;
    int rc = WEFT_OK;
    bool is_read = true;

    weft_terminal_init(&f.terminal, 1, o->colour);
    weft_arena_init(&f.arena, 0);
    while (rc == WEFT_OK && is_read && (o->count == 0 || f.printed < o->count)) {
        rc = poll_once(&f, &err);
        is_read =
            f.out.len == 0 ||
            weft_terminal_write(1, weft_buf_str(&f.out)); /* false: the pipe's reader has gone */
        weft_buf_reset(&f.out);
        weft_arena_reset(&f.arena);
        if (rc == WEFT_OK && is_read && (o->count == 0 || f.printed < o->count))
            weft_clock_sleep_ns(POLL_NS);
    }
    weft_buf_release(&f.out);
    weft_arena_release(&f.arena);
    if (rc == WEFT_INVALID) return weft_command_usage_error(line->command, "%s", err.text);
    return rc < 0 ? weft_command_error(line->command, "%s", err.text) : WEFT_EXIT_OK;
}

static const char *const examples[] = {
    "weft tail",
    "every span as it is stored",
    "weft tail --service payment --errors",
    "failures of one service as they happen",
    "weft tail --json --count 100 > spans.jsonl",
    "a hundred spans, one JSON object a line",
    NULL,
};
const struct weft_command weft_command_tail = {
    .name = "tail",
    .summary = "Follow spans as they are stored.",
    .description = "Asks four times a second for what was committed since; nothing committed in "
                   "between is missed.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
