/* cmd_trace.c -- weft trace ID: one trace as a waterfall. */
#include "app/ask.h"
#include "app/command.h"
#include "app/terminal.h"
#include "app/waterfall.h"
#include "model/otlp.h"
#include "server/api_trace.h"
#include "wire/protobuf.h"

struct options {
    const char *server;
    bool json, events, attributes, all, full;
    int colour;
    uint64_t width;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { .name = "events",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(events),
      .letter = 'e',
      .help = "Events and links under their span." },
    { .name = "attributes",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(attributes),
      .letter = 'a',
      .help = "Attributes under their span." },
    { .name = "full",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(full),
      .help = "With --attributes or --events: values whole, over as many lines as they need." },
    { .name = "all",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(all),
      .help = "Every span: no folding of alike siblings." },
    { .name = "width",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(width),
      .max = 1000,
      .help = "Columns to use; 0 takes the terminal's." },
    { 0 },
};

static int print_json(const struct weft_command_line *line, const struct options *o,
                      struct weft_str path)
{
    struct weft_buf body = { 0 };
    struct weft_err err;
    int rc = weft_ask(&body, o->server, path, NULL, &err);
    if (rc == WEFT_OK) {
        weft_buf_append_byte(&body, '\n');
        weft_terminal_write(1, weft_buf_str(&body));
    }
    weft_buf_release(&body);
    return rc < 0 ? weft_command_error(line->command, "%s", err.text) : WEFT_EXIT_OK;
}

/* Why spans may be missing, or empty: a field that OTLP does not know. */
static struct weft_str partial_reason(struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    struct weft_str reason = { 0 };
    uint32_t tag;

    while (weft_pb_next(&r, &tag)) {
        if (tag == (WEFT_API_TRACE_PARTIAL_FIELD << 3 | WEFT_PB_BYTES))
            reason = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    return reason;
}

static int print_waterfall(const struct weft_command_line *line, const struct options *o,
                           struct weft_str path)
{
    struct weft_terminal terminal;
    struct weft_buf body = { 0 }, picture = { 0 };
    struct weft_batch batch = { .arena = line->arena };
    struct weft_otlp_result result = { 0 };
    struct weft_err err;

    weft_terminal_init(&terminal, 1, o->colour);
    int rc = weft_ask(&body, o->server, path, "application/x-protobuf", &err);
    if (rc == WEFT_OK) rc = weft_otlp_decode_protobuf(&batch, weft_buf_str(&body), &result, &err);
    if (rc == WEFT_OK) {
        const struct weft_waterfall_options how = {
            .width = o->width > 0 ? (unsigned)o->width : terminal.width,
            .has_colour = terminal.has_colour,
            .shows_events = o->events,
            .shows_attributes = o->attributes,
            .shows_all = o->all,
            .shows_full = o->full,
        };
        weft_waterfall_write(&picture, &batch, &how, line->arena);
        struct weft_str reason = partial_reason(weft_buf_str(&body));
        if (reason.len > 0)
            weft_buf_printf(&picture, "spans may be missing: %.*s\n", WEFT_S_ARG(reason));
        weft_terminal_write(1, weft_buf_str(&picture));
    }
    weft_buf_release(&picture);
    weft_buf_release(&body);
    return rc < 0 ? weft_command_error(line->command, "%s", err.text) : WEFT_EXIT_OK;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct weft_trace_id id;
    char hex[33];
    if (!weft_trace_id_parse(weft_str_from_c(line->arguments[0]), &id))
        return weft_command_usage_error(
            line->command, "trace id \"%s\": expected 1 to 32 hex digits", line->arguments[0]);
    weft_trace_id_format(&id, hex);
    struct weft_str path = weft_arena_printf(line->arena, "/api/v1/traces/%s", hex);
    return o->json ? print_json(line, o, path) : print_waterfall(line, o, path);
}

static const char *const examples[] = {
    "weft trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "the tree and the bars",
    "weft trace --events --attributes 4bf92f3577b34da6a3ce929d0e0e4736 | less -R",
    "all there is to know",
    NULL,
};
const struct weft_command weft_command_trace = {
    .name = "trace",
    .summary = "Show one trace as a waterfall.",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = "A bar is solid where the span itself works and light where its children do. "
                   "Siblings of the same name\n"
                   "are folded into one line when there are many; --all shows each. Exit status 1: "
                   "the trace is not there.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
