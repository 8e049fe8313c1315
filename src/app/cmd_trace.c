/* cmd_trace.c -- weft trace ID: one trace as a waterfall, or as a file. */
#include "app/terminal.h"
#include "app/transfer/export_writer.h"
#include "app/transfer/trace_fetch.h"
#include "app/waterfall.h"

struct options {
    const char *server, *output;
    int format;
    bool json, events, attributes, all, full;
    int colour;
    uint64_t width;
};
#define AT(field) offsetof(struct options, field)
static const char *const format_choices[] = { "waterfall", WEFT_EXPORT_FORMAT_CHOICES, NULL };
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
    { .name = "format",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(format),
      .letter = 'f',
      .fallback = "waterfall",
      .choices = format_choices,
      .help = "waterfall, or to take the trace away: " WEFT_EXPORT_FORMATS_HELP },
    WEFT_OPTION_OUTPUT(struct options, output),
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

static void draw(struct weft_buf *picture, const struct weft_trace_fetch *fetch,
                 const struct options *o, struct weft_arena *arena)
{
    struct weft_terminal terminal;
    weft_terminal_init(&terminal, 1, o->colour);
    const struct weft_waterfall_options how = {
        .width = o->width > 0 ? (unsigned)o->width : terminal.width,
        .has_colour = terminal.has_colour,
        .shows_events = o->events,
        .shows_attributes = o->attributes,
        .shows_all = o->all,
        .shows_full = o->full,
    };
    weft_waterfall_write(picture, &fetch->batch, &how, arena);
    if (fetch->partial.len > 0)
        weft_buf_printf(picture, "spans may be missing: %.*s\n", WEFT_S_ARG(fetch->partial));
}

static int print_waterfall(const struct weft_command_line *line, const struct options *o,
                           const struct weft_trace_id *id)
{
    struct weft_trace_fetch fetch;
    struct weft_buf picture = { 0 };
    struct weft_err err;
    int rc = weft_trace_fetch_init(&fetch, o->server, &err);
    if (rc == WEFT_OK) rc = weft_trace_fetch_next(&fetch, id, &err);
    if (rc == WEFT_OK) {
        draw(&picture, &fetch, o, line->arena);
        weft_terminal_write(1, weft_buf_str(&picture));
    }
    weft_buf_release(&picture);
    weft_trace_fetch_release(&fetch);
    return rc < 0 ? weft_command_error(line->command, "%s", err.text) : WEFT_EXIT_OK;
}

static int export_trace(const struct weft_command_line *line, const struct options *o,
                        const struct weft_trace_id *id)
{
    struct weft_trace_fetch fetch;
    struct weft_export *writer;
    struct weft_err err;
    int rc = weft_trace_fetch_init(&fetch, o->server, &err);
    weft_export_create(&writer, o->format - 1, o->output);
    if (rc == WEFT_OK) rc = weft_trace_fetch_next(&fetch, id, &err);
    if (rc == WEFT_OK) rc = weft_export_trace(writer, &fetch.batch, &err);
    if (rc == WEFT_OK) rc = weft_export_finish(writer, &err);
    if (rc == WEFT_OK && fetch.partial.len > 0)
        rc = weft_fail(&err, WEFT_CORRUPT, "spans may be missing: %.*s", WEFT_S_ARG(fetch.partial));
    weft_export_destroy(writer);
    weft_trace_fetch_release(&fetch);
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
    if (o->format > 0) return export_trace(line, o, &id);
    if (!o->json) return print_waterfall(line, o, &id);
    return print_json(line, o, weft_arena_printf(line->arena, "/api/v1/traces/%s", hex));
}

static const char *const examples[] = {
    "weft trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "the tree and the bars",
    "weft trace --events --attributes 4bf92f3577b34da6a3ce929d0e0e4736 | less -R",
    "all there is to know",
    "weft trace --format jaeger -o trace.json 4bf92f3577b34da6a3ce929d0e0e4736",
    "as a file that Jaeger's UI opens",
    NULL,
};
const struct weft_command weft_command_trace = {
    .name = "trace",
    .summary = "Show one trace as a waterfall.",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "A bar is solid where the span itself works and light where its children do. "
        "Siblings of the same name\n"
        "are folded into one line when there are many; --all shows each. --json is the trace "
        "in columns, as the own API has it. Exit status 1: the trace is not there.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
