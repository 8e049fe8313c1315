/* cmd_export.c -- weft export: the traces of a search, or all, as a file. */
#include "app/search_options.h"
#include "app/terminal.h"
#include "app/transfer/export_writer.h"
#include "app/transfer/trace_fetch.h"
#include "base/clock.h"
#include "base/map.h"
#include "model/otlp.h"
#include "server/api_search.h"
#include "server/api_trace.h"
#include "wire/json.h"
#include "wire/protobuf.h"

#define PAGE_TRACES 1000 /* query.limit_max, unless it was set */

struct options {
    const char *server, *since, *from, *to, *output;
    struct weft_search_options spans;
    uint64_t limit;
    int format;
    bool quiet;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OPTION_SERVER(struct options, server),
    { .name = "format",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(format),
      .letter = 'f',
      .fallback = "ndjson",
      .choices = weft_export_format_choices,
      .help = WEFT_EXPORT_FORMATS_HELP },
    WEFT_OPTION_OUTPUT(struct options, output),
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'n',
      .help = "Traces at most, the newest; 0: all that are found." },
    WEFT_SEARCH_OPTIONS(struct options, spans),
    WEFT_SEARCH_TIMES(struct options),
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(quiet),
      .letter = 'q',
      .help = "No progress line, and no count at the end." },
    { 0 },
};

struct run {
    const struct options *options;
    const char *query; /* TraceQL; NULL: the options choose */
    uint64_t page_traces;
    struct weft_map
        seen; /* by a query: with spans() the traces of one page come again on the next */
    struct weft_trace_fetch fetch;
    struct weft_export *writer;
    struct weft_arena arena; /* of the page */
    struct weft_buf path, page;
    struct weft_str cursor, partial; /* of the page; empty: none */
    uint64_t traces, spans, gone, partial_traces;
    char partial_reason[128]; /* of the first such trace */
    uint64_t started_ns, shown_ns;
    bool shows_progress, is_partial;
};

/* ---- what is found, page by page ---- */

static void add_choice(struct run *run)
{
    const struct options *o = run->options;
    weft_ask_add_text(&run->path, "q", run->query);
    weft_search_options_add(&run->path, &o->spans);
    weft_ask_add_times(&run->path, o->since, o->from, o->to);
}

static void build_path(struct run *run)
{
    const struct options *o = run->options;
    uint64_t left = o->limit > 0 ? o->limit - run->traces : run->page_traces;
    weft_buf_reset(&run->path);
    weft_buf_append_c(&run->path,
                      run->query != NULL ? "/api/v1/query?type=traces&spss=1" : "/api/v1/search");
    add_choice(run);
    weft_ask_add_number(&run->path, "limit", left < run->page_traces ? left : run->page_traces, "");
    if (run->cursor.len > 0) weft_ask_add(&run->path, "cursor", run->cursor);
}

static void show_progress(struct run *run)
{
    uint64_t now = weft_clock_monotonic_ns();
    if (!run->shows_progress || now - run->shown_ns < WEFT_NS_PER_SECOND / 2) return;
    run->shown_ns = now;
    fprintf(stderr, "\r%5.0f s  %10llu traces  %12llu spans  %9.1f MiB ",
            (double)(now - run->started_ns) / 1e9, (unsigned long long)run->traces,
            (unsigned long long)run->spans, (double)weft_export_bytes(run->writer) / (1 << 20));
}

static int write_trace(struct run *run, const struct weft_batch *trace, struct weft_err *err)
{
    int rc = weft_export_trace(run->writer, trace, err);
    if (rc < 0) return rc;
    run->traces++;
    run->spans += trace->span_count;
    show_progress(run);
    return WEFT_OK;
}

static int fetch_one(struct run *run, const struct weft_trace_id *id, struct weft_err *err)
{
    int rc = weft_trace_fetch_next(&run->fetch, id, err);
    if (rc == WEFT_NOT_FOUND) { /* its retention ended since it was found */
        run->gone++;
        return WEFT_OK;
    }
    if (rc == WEFT_OK) rc = write_trace(run, &run->fetch.batch, err);
    if (rc == WEFT_OK && run->fetch.partial.len > 0 && run->partial_traces++ == 0)
        snprintf(run->partial_reason, sizeof run->partial_reason, "%.*s",
                 WEFT_S_ARG(run->fetch.partial));
    return rc;
}

static int export_one(struct run *run, struct weft_str hex, struct weft_err *err)
{
    struct weft_trace_id id;
    if (!weft_trace_id_parse(hex, &id))
        return weft_fail(err, WEFT_INVALID, "the server's answer has the trace id \"%.*s\"",
                         WEFT_S_ARG(hex));
    bool is_new = true;
    if (run->query != NULL)
        weft_map_put(&run->seen, weft_str_make((const char *)id.bytes, sizeof id.bytes), 0,
                     &is_new);
    if (!is_new || (run->options->limit > 0 && run->traces == run->options->limit)) return WEFT_OK;
    return fetch_one(run, &id, err);
}

/* One element of "traces": its id counts. */
static int export_entry(struct run *run, struct weft_json_reader *r, struct weft_err *err)
{
    struct weft_str id = { 0 };
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_OBJECT_END;
         token = weft_json_next(r)) {
        if (token != WEFT_JSON_KEY) return weft_json_fail(r, err);
        bool is_id = weft_str_equal_c(r->text, "trace_id");
        token = weft_json_next(r);
        if (is_id && token == WEFT_JSON_STRING)
            id = r->text;
        else if (!weft_json_skip(r, token))
            return weft_json_fail(r, err);
    }
    return export_one(run, id, err);
}

static int export_entries(struct run *run, struct weft_json_reader *r, struct weft_err *err)
{
    enum weft_json_token token = weft_json_next(r);
    if (token != WEFT_JSON_ARRAY_START) return weft_json_fail(r, err);
    while ((token = weft_json_next(r)) == WEFT_JSON_OBJECT_START) {
        int rc = export_entry(run, r, err);
        if (rc < 0) return rc;
    }
    return token == WEFT_JSON_ARRAY_END ? WEFT_OK : weft_json_fail(r, err);
}

static int export_page(struct run *run, struct weft_err *err)
{
    struct weft_json_reader r;
    enum weft_json_token token;
    weft_json_reader_init(&r, weft_buf_str(&run->page), &run->arena);
    if (weft_json_next(&r) != WEFT_JSON_OBJECT_START) return weft_json_fail(&r, err);
    run->cursor = run->partial = WEFT_S("");
    while ((token = weft_json_next(&r)) == WEFT_JSON_KEY) {
        struct weft_str key = r.text;
        int rc;
        if (weft_str_equal_c(key, "traces")) {
            if ((rc = export_entries(run, &r, err)) < 0) return rc;
            continue;
        }
        token = weft_json_next(&r);
        if (weft_str_equal_c(key, "next_cursor") && token == WEFT_JSON_STRING)
            run->cursor = r.text;
        else if (weft_str_equal_c(key, "partial") && token == WEFT_JSON_STRING)
            run->partial = r.text;
        else if (!weft_json_skip(&r, token))
            return weft_json_fail(&r, err);
    }
    return token == WEFT_JSON_OBJECT_END ? WEFT_OK : weft_json_fail(&r, err);
}

/* A server whose query.limit_max is smaller refuses the limit: ask for less. */
static int ask_page(struct run *run, struct weft_err *err)
{
    int rc;
    for (;; run->page_traces /= 2) {
        build_path(run); /* copies the cursor, which lives in the page */
        weft_buf_reset(&run->page);
        rc = weft_ask_client(&run->page, run->fetch.client, weft_buf_str(&run->path), NULL, err);
        bool is_too_many = rc == WEFT_INVALID && strncmp(err->text, "limit:", 6) == 0;
        if (!is_too_many || run->page_traces == 1) break;
    }
    weft_arena_reset(&run->arena);
    return rc;
}

static int export_pages(struct run *run, struct weft_err *err)
{
    const struct options *o = run->options;
    int rc;
    do {
        rc = ask_page(run, err);
        if (rc == WEFT_OK) rc = export_page(run, err);
        run->is_partial |= run->partial.len > 0;
    } while (rc == WEFT_OK && run->cursor.len > 0 && (o->limit == 0 || run->traces < o->limit));
    return rc < 0 ? rc : weft_export_finish(run->writer, err);
}

/* ---- all of it, in pages of whole traces ---- */

static struct weft_batch slice_of(const struct weft_batch *page, uint32_t from, uint32_t end)
{
    struct weft_batch slice = *page;
    slice.spans += from;
    slice.span_count = end - from;
    return slice;
}

/* Spans of one trace stand together. */
static int write_traces(struct run *run, const struct weft_batch *page, struct weft_err *err)
{
    int rc = WEFT_OK;
    for (uint32_t from = 0, end; from < page->span_count && rc == WEFT_OK; from = end) {
        const struct weft_trace_id *id = &page->spans[from].trace_id;
        for (end = from + 1; end < page->span_count; end++)
            if (memcmp(&page->spans[end].trace_id, id, sizeof *id) != 0) break;
        const struct weft_batch trace = slice_of(page, from, end);
        rc = write_trace(run, &trace, err);
    }
    return rc;
}

/* What the page says beside its spans; traces that are too long for it are fetched. */
static int read_rest(struct run *run, struct weft_trace_id *next, bool *has_next,
                     struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(weft_buf_str(&run->page));
    struct weft_trace_id id;
    uint32_t tag;
    int rc = WEFT_OK;
    *has_next = false;
    while (rc == WEFT_OK && weft_pb_next(&r, &tag)) {
        uint32_t field = tag >> 3;
        if (tag % 8 != WEFT_PB_BYTES || field < WEFT_API_TRACE_PARTIAL_FIELD) {
            weft_pb_skip(&r, tag);
            continue;
        }
        struct weft_str value = weft_pb_bytes(&r);
        run->is_partial |= field == WEFT_API_TRACE_PARTIAL_FIELD;
        if (value.len != sizeof id.bytes) continue;
        memcpy(id.bytes, value.ptr, sizeof id.bytes);
        if (field == WEFT_API_EXPORT_LONG_FIELD) rc = fetch_one(run, &id, err);
        if (field != WEFT_API_EXPORT_NEXT_FIELD) continue;
        *next = id;
        *has_next = true;
    }
    return rc;
}

static int export_all(struct run *run, struct weft_err *err)
{
    struct weft_trace_id next;
    struct weft_otlp_result result = { 0 };
    bool has_next = false;
    char hex[33];
    int rc;
    do {
        struct weft_batch page = { .arena = &run->arena };
        weft_buf_reset(&run->path);
        weft_buf_append_c(&run->path, "/api/v1/export");
        add_choice(run);
        if (has_next) {
            weft_trace_id_format(&next, hex);
            weft_ask_add_text(&run->path, "after", hex);
        }
        weft_buf_reset(&run->page);
        weft_arena_reset(&run->arena);
        rc = weft_ask_client(&run->page, run->fetch.client, weft_buf_str(&run->path),
                             "application/x-protobuf", err);
        if (rc == WEFT_OK)
            rc = weft_otlp_decode_protobuf(&page, weft_buf_str(&run->page), &result, err);
        if (rc == WEFT_OK) rc = write_traces(run, &page, err);
        if (rc == WEFT_OK) rc = read_rest(run, &next, &has_next, err);
    } while (rc == WEFT_OK && has_next);
    return rc < 0 ? rc : weft_export_finish(run->writer, err);
}

/* Links between traces and distinct() have no answer trace by trace: those are searched for. */
static int traces_export(struct run *run, struct weft_err *err)
{
    int rc = run->options->limit > 0 ? WEFT_INVALID : export_all(run, err);
    bool is_search = run->options->limit > 0 || (rc == WEFT_INVALID && run->query != NULL);
    return is_search ? export_pages(run, err) : rc;
}

/* ---- the command ---- */

/* What the file does not say by itself. */
static int report(const struct weft_command_line *line, const struct run *run)
{
    const struct options *o = run->options;
    bool is_whole = true;
    if (!o->quiet)
        fprintf(stderr, "%llu traces, %llu spans, %llu bytes\n", (unsigned long long)run->traces,
                (unsigned long long)run->spans, (unsigned long long)weft_export_bytes(run->writer));
    if (run->gone > 0)
        fprintf(stderr, "%llu traces were deleted by retention before they could be read\n",
                (unsigned long long)run->gone);
    if (run->partial_traces > 0) {
        weft_command_error(line->command, "spans may be missing in %llu traces: %s",
                           (unsigned long long)run->partial_traces, run->partial_reason);
        is_whole = false;
    }
    if (run->is_partial) {
        weft_command_error(line->command, "the search was not complete: there may be more traces");
        is_whole = false;
    }
    return is_whole && run->traces > 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static bool has_search_options(const struct weft_search_options *o)
{
    const char *const texts[] = { o->service,      o->operation,    o->kind, o->status,
                                  o->min_duration, o->max_duration, o->event };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] != NULL) return true;
    return o->where.count > 0 || o->errors || o->roots;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct run run = { .options = o,
                       .page_traces = PAGE_TRACES,
                       .started_ns = weft_clock_monotonic_ns() };
    struct weft_terminal terminal;
    struct weft_err err;
    if (line->argument_count > 0) run.query = line->arguments[0];
    if (run.query != NULL && has_search_options(&o->spans))
        return weft_command_usage_error(
            line->command, "found TraceQL and options that choose spans, expected one of them");
    weft_terminal_init(&terminal, 2, WEFT_COLOUR_AUTO);
    /* What is searched for has a query or options. */
    if (run.query == NULL && o->limit > 0 && !has_search_options(&o->spans)) run.query = "{ }";
    run.shows_progress = terminal.is_tty && !o->quiet;
    weft_arena_init(&run.arena, 0);
    weft_export_create(&run.writer, o->format, o->output);
    int rc = weft_trace_fetch_init(&run.fetch, o->server, &err);
    if (rc == WEFT_OK) rc = traces_export(&run, &err);
    if (run.shows_progress) fprintf(stderr, "\r%80s\r", "");
    int status = rc == WEFT_INVALID ? weft_command_usage_error(line->command, "%s", err.text)
                 : rc < 0           ? weft_command_error(line->command, "%s", err.text)
                                    : report(line, &run);
    weft_export_destroy(run.writer);
    weft_trace_fetch_release(&run.fetch);
    weft_buf_release(&run.path);
    weft_buf_release(&run.page);
    weft_arena_release(&run.arena);
    weft_map_release(&run.seen);
    return status;
}

static const char *const examples[] = {
    "weft export --service checkout --errors --since 1h -o failed.ndjson",
    "the failed checkouts of the last hour, whole traces, a line about a MiB of OTLP JSON",
    "weft export --format csv '{ span.db.system.name = \"postgresql\" && duration > 1s }' "
    ">slow.csv",
    "the traces with slow queries as a table",
    "weft export --server http://old:16686 | weft import",
    "all traces of another weft",
    NULL,
};
const struct weft_command weft_command_export = {
    .name = "export",
    .summary = "Write the traces of a search to a file.",
    .arguments = "[TRACEQL]",
    .arguments_max = 1,
    .description = "Whole traces, in the order of their ids, or with --limit the newest: those "
                   "that TraceQL or the options find, without "
                   "any all. What each "
                   "format keeps is in docs/export.md; otlp, ndjson and protobuf keep everything. "
                   "Traces are read one "
                   "after the other while the file is written. Exit status 1: nothing found, or "
                   "something is missing, and standard error says what.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
