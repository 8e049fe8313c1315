/* cmd_services.c -- weft services: who has sent, and what they do. */
#include "app/ask.h"
#include "app/cell_text.h"
#include "app/command.h"
#include "app/terminal.h"
#include "wire/json.h"

struct options {
    const char *server;
    bool json;
    int colour;
};
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    WEFT_OPTION_JSON(struct options, json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { 0 },
};

/* A line of either list; kind and operation_count are in one of them each. */
struct entry {
    struct weft_str name, kind;
    uint64_t span_count, error_count, operation_count;
};

static bool read_entry(struct entry *e, struct weft_json_reader *r)
{
    *e = (struct entry){ 0 };
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return false;
        struct weft_str key = r->text;
        token = weft_json_next(r);
        if (token == WEFT_JSON_STRING && weft_str_equal_c(key, "name"))
            e->name = r->text;
        else if (token == WEFT_JSON_STRING && weft_str_equal_c(key, "kind"))
            e->kind = r->text;
        else if (token == WEFT_JSON_NUMBER && weft_str_equal_c(key, "span_count"))
            weft_str_to_u64(r->text, &e->span_count);
        else if (token == WEFT_JSON_NUMBER && weft_str_equal_c(key, "error_count"))
            weft_str_to_u64(r->text, &e->error_count);
        else if (token == WEFT_JSON_NUMBER && weft_str_equal_c(key, "operation_count"))
            weft_str_to_u64(r->text, &e->operation_count);
        else if (!weft_json_skip(r, token))
            return false;
    }
    return true;
}

static void print_entry(struct weft_buf *out, const struct entry *e, bool is_service,
                        const struct weft_terminal *t)
{
    unsigned columns = t->width > 120 ? 70 : t->width < 80 ? 36 : t->width - 44;
    unsigned used = weft_cell_put(out, e->name, columns);
    weft_cell_spaces(out, columns - used);
    weft_buf_printf(out, " %12llu %s%9llu%s ", (unsigned long long)e->span_count,
                    e->error_count > 0 ? weft_terminal_style(t, WEFT_STYLE_ERROR) : "",
                    (unsigned long long)e->error_count,
                    e->error_count > 0 ? weft_terminal_style(t, WEFT_STYLE_PLAIN) : "");
    if (is_service)
        weft_buf_printf(out, "%12llu\n", (unsigned long long)e->operation_count);
    else
        weft_buf_printf(out, "  %.*s\n", WEFT_S_ARG(e->kind));
}

static bool print_list(struct weft_buf *out, struct weft_json_reader *r, bool is_service,
                       const struct weft_terminal *t, uint64_t *count)
{
    struct entry entry;
    unsigned columns = t->width > 120 ? 70 : t->width < 80 ? 36 : t->width - 44;
    if (weft_json_next(r) != WEFT_JSON_OBJECT_START || weft_json_next(r) != WEFT_JSON_KEY ||
        weft_json_next(r) != WEFT_JSON_ARRAY_START)
        return false;
    weft_buf_printf(out, "%s%-*s %12s %9s %s%s\n", weft_terminal_style(t, WEFT_STYLE_HEAD),
                    (int)columns, is_service ? "Service" : "Operation", "Spans", "Errors",
                    is_service ? "  Operations" : "  Kind",
                    weft_terminal_style(t, WEFT_STYLE_PLAIN));
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_ARRAY_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_OBJECT_START || !read_entry(&entry, r)) return false;
        print_entry(out, &entry, is_service, t);
        ++*count;
    }
    return true;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    bool is_service = line->argument_count == 0;
    struct weft_buf path = { 0 }, body = { 0 }, out = { 0 };
    struct weft_terminal terminal;
    struct weft_json_reader reader;
    struct weft_err err;
    uint64_t count = 0;

    weft_terminal_init(&terminal, 1, o->colour);
    weft_buf_append_c(&path, is_service ? "/api/v1/services" : "/api/v1/operations");
    if (!is_service) weft_ask_add(&path, "service", weft_str_from_c(line->arguments[0]));
    int rc = weft_ask(&body, o->server, weft_buf_str(&path), NULL, &err);
    if (rc == WEFT_OK && o->json) {
        weft_buf_append_str(&out, weft_buf_str(&body));
        weft_buf_append_byte(&out, '\n');
    } else if (rc == WEFT_OK) {
        weft_json_reader_init(&reader, weft_buf_str(&body), line->arena);
        if (!print_list(&out, &reader, is_service, &terminal, &count))
            rc = weft_fail(&err, WEFT_INVALID, "the server's answer is no list of names");
        else if (count == 0) /* a head above nothing says too little */
            rc = is_service
                     ? weft_fail(&err, WEFT_NOT_FOUND, "no spans yet, so no services")
                     : weft_fail(&err, WEFT_NOT_FOUND,
                                 "no service \"%s\"; weft services lists them", line->arguments[0]);
        if (rc < 0) weft_buf_reset(&out);
    }
    weft_terminal_write(1, weft_buf_str(&out));
    weft_buf_release(&path);
    weft_buf_release(&body);
    weft_buf_release(&out);
    return rc < 0 ? weft_command_error(line->command, "%s", err.text) : WEFT_EXIT_OK;
}

static const char *const examples[] = {
    "weft services",
    "every service with its spans and errors",
    "weft services checkout",
    "what checkout does",
    NULL,
};
const struct weft_command weft_command_services = {
    .name = "services",
    .summary = "List services, or the operations of one.",
    .arguments = "[SERVICE]",
    .arguments_max = 1,
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
