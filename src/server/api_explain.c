/* api_explain.c -- a query is answered, and what is told is how (api_explain.h). */
#include "server/api_explain.h"
#include "base/clock.h"
#include "server/api_docs.h"
#include "server/api_query.h"

struct asked {
    struct weft_api_asked asked; /* first */
    bool has_run;
};
static const struct weft_api_parameter parameters[] = {
    WEFT_API_ASKED,
    { .name = "run",
      .kind = WEFT_API_BOOL,
      .offset = offsetof(struct asked, has_run),
      .fallback = "true",
      .help = "false: nothing is read; what would be, and how much at least and at most." },
    { 0 },
};

/* ---- words ---- */

static const char *const step_names[] = {
    [WEFT_STEP_PREPARE] = "prepare", [WEFT_STEP_SPLIT] = "split",
    [WEFT_STEP_FIND] = "find",       [WEFT_STEP_COLUMNS] = "columns",
    [WEFT_STEP_READ] = "read",       [WEFT_STEP_JUDGE] = "judge",
    [WEFT_STEP_COUNT] = "count",     NULL,
};
static const char *const piece_names[] = {
    [WEFT_PIECE_SEGMENT] = "segment",
    [WEFT_PIECE_CHUNK] = "chunk",
    [WEFT_PIECE_BLOCK] = "block",
    [WEFT_PIECE_ROW_GROUP] = "row_group",
    NULL,
};
static const char *const fate_names[] = {
    [WEFT_FATE_NOT_REACHED] = "not_reached",   [WEFT_FATE_TOO_OLD] = "too_old",
    [WEFT_FATE_OUT_OF_RANGE] = "out_of_range", [WEFT_FATE_HOPELESS] = "nothing_can_match",
    [WEFT_FATE_DAMAGED] = "damaged",           [WEFT_FATE_READ] = "read",
};

/* ---- a pass ---- */

static void put_text_or_null(struct weft_json_writer *w, const char *key, const char *text)
{
    weft_json_key(w, key);
    if (text != NULL)
        weft_json_c(w, text);
    else
        weft_json_null(w);
}

static void put_selection(struct weft_json_writer *w, const char *key,
                          const struct weft_selection *selection)
{
    struct weft_buf text = { 0 };

    weft_json_key(w, key);
    if (selection == NULL) {
        weft_json_null(w);
        return;
    }
    weft_selection_print(&text, selection);
    weft_json_string(w, weft_buf_str(&text));
    weft_buf_release(&text);
}

static void put_pieces(struct weft_json_writer *w, const struct weft_scan_report *report)
{
    weft_json_key(w, "pieces");
    weft_json_array_start(w);
    for (uint32_t p = 0; p < WEFT_PIECES; p++) {
        uint64_t count = 0;
        for (uint32_t f = 0; f < WEFT_FATES; f++) count += report->pieces[p][f];
        if (count == 0) continue;
        weft_json_object_start(w);
        weft_api_put_text(w, "kind", weft_str_from_c(piece_names[p]));
        weft_api_put_u64(w, "count", count);
        for (uint32_t f = WEFT_FATES; f-- > 0;)
            weft_api_put_u64(w, fate_names[f], report->pieces[p][f]);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void put_conditions(struct weft_json_writer *w, const struct weft_scan_report *report)
{
    weft_json_key(w, "conditions");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < report->condition_count; i++) {
        const struct weft_condition_report *c = &report->conditions[i];
        const struct weft_selection leaf = { .op = WEFT_SELECT_PREDICATE,
                                             .predicate = c->predicate };
        weft_json_object_start(w);
        put_selection(w, "condition", &leaf);
        weft_api_put_u64(w, "blocks", c->blocks);
        weft_api_put_u64(w, "blocks_without", c->blocks_without);
        weft_api_put_u64(w, "row_groups_without", c->row_groups_without);
        weft_api_put_u64(w, "rows_in", c->rows_in);
        weft_api_put_u64(w, "rows_out", c->rows_out);
        weft_api_put_u64(w, "bytes", c->bytes);
        weft_api_put_u64(w, "time_ns", c->time_ns);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static bool is_taken(const struct weft_step_report *step)
{
    return step->time_ns > 0 || step->in > 0 || step->out > 0 || step->bytes > 0;
}

static void put_steps(struct weft_json_writer *w, const struct weft_scan_report *report)
{
    weft_json_key(w, "steps");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < WEFT_STEPS; i++) {
        const struct weft_step_report *step = &report->steps[i];
        if (!is_taken(step)) continue;
        weft_json_object_start(w);
        weft_api_put_text(w, "step", weft_str_from_c(step_names[i]));
        weft_api_put_u64(w, "in", step->in);
        weft_api_put_u64(w, "out", step->out);
        weft_api_put_u64(w, "bytes", step->bytes);
        weft_api_put_u64(w, "time_ns", step->time_ns);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void put_estimate(struct weft_json_writer *w, const struct weft_scan_report *report)
{
    if (!report->is_plan) return;
    weft_json_key(w, "estimate");
    weft_json_object_start(w);
    weft_api_put_u64(w, "bytes_least", report->bytes_least);
    weft_api_put_u64(w, "bytes_most", report->bytes_most);
    weft_api_put_u64(w, "rows_most", report->rows);
    weft_json_object_end(w);
}

static void write_pass(struct weft_json_writer *w, const struct weft_call *call,
                       const struct weft_explain_pass *pass)
{
    const struct weft_trace_scan_result *result = &pass->result;

    weft_json_object_start(w);
    weft_api_put_text(w, "purpose", weft_str_from_c(pass->purpose));
    weft_api_put_text(w, "way", weft_str_from_c(weft_explain_way_name(pass->way)));
    weft_api_put_text(w, "way_text", weft_str_from_c(weft_explain_way_text(pass->way)));
    put_text_or_null(w, "way_reason", pass->way_reason);
    put_selection(w, "selection", pass->selection);
    weft_json_key(w, "is_exact");
    weft_json_bool(w, pass->is_exact);
    put_text_or_null(w, "inexact_reason", pass->inexact_reason);
    put_estimate(w, &pass->report);
    put_pieces(w, &pass->report);
    put_conditions(w, &pass->report);
    weft_api_put_u64(w, "candidates", pass->report.candidates);
    put_steps(w, &pass->report);
    weft_api_write_inspected(w, call, result->partial_reason, result->inspected_traces,
                             result->inspected_spans, result->inspected_bytes);
    weft_json_object_end(w);
}

/* ---- the route ---- */

struct spent {
    uint64_t time_ns, cpu_ns;
};

static void put_range(struct weft_json_writer *w, const struct weft_api_outcome *outcome)
{
    weft_api_put_time(w, "from_unix_nano", outcome->from_ns);
    weft_json_key(w, "to_unix_nano");
    if (outcome->to_ns > 0)
        weft_json_u64_string(w, outcome->to_ns);
    else
        weft_json_null(w);
}

static void put_outcome(struct weft_json_writer *w, const struct weft_api_outcome *outcome,
                        bool has_run)
{
    weft_json_key(w, "answer");
    weft_json_object_start(w);
    weft_api_put_text(w, "type", weft_str_from_c(outcome->type));
    if (has_run) {
        weft_api_put_u64(w, "count", outcome->count);
        weft_json_key(w, "has_more");
        weft_json_bool(w, outcome->has_more);
    }
    weft_json_object_end(w);
}

static struct weft_scan_report estimate_sum(const struct weft_explain *explain)
{
    struct weft_scan_report sum = { .is_plan = explain->is_plan };

    for (const struct weft_explain_pass *p = explain->first; p != NULL; p = p->next) {
        sum.bytes_least += p->report.bytes_least;
        sum.bytes_most += p->report.bytes_most;
        sum.rows += p->report.rows;
    }
    return sum;
}

static void explain_write(struct weft_call *call, const struct weft_traceql_query *query,
                          const struct weft_explain *explain,
                          const struct weft_api_outcome *outcome, const struct spent *spent)
{
    struct weft_json_writer w = { .out = &call->body };
    struct weft_buf text = { 0 };
    const struct weft_scan_report all = estimate_sum(explain);

    weft_traceql_print(&text, query);
    weft_json_object_start(&w);
    weft_api_put_text(&w, "type", WEFT_S("explain"));
    weft_api_put_text(&w, "query", weft_buf_str(&text));
    put_range(&w, outcome);
    put_outcome(&w, outcome, !explain->is_plan);
    put_estimate(&w, &all);
    weft_json_key(&w, "passes");
    weft_json_array_start(&w);
    for (const struct weft_explain_pass *p = explain->first; p != NULL; p = p->next)
        write_pass(&w, call, p);
    weft_json_array_end(&w);
    weft_api_put_u64(&w, "time_ns", spent->time_ns);
    weft_api_put_u64(&w, "cpu_ns", spent->cpu_ns);
    weft_api_write_inspected(&w, call, outcome->partial_reason, outcome->inspected_traces,
                             outcome->inspected_spans, outcome->inspected_bytes);
    weft_json_object_end(&w);
    weft_buf_release(&text);
}

int weft_api_explain(struct weft_call *call, struct weft_err *err)
{
    uint64_t time = weft_clock_monotonic_ns(), cpu = weft_clock_thread_cpu_ns();
    struct asked asked = { 0 };
    struct weft_explain explain = { .arena = &call->arena };
    struct weft_api_outcome outcome;
    struct weft_traceql_query query;
    int rc = weft_api_parameters_read(call, parameters, &asked, err);

    if (rc == WEFT_OK) rc = weft_api_asked_check(call, &asked.asked, &query, err);
    explain.is_plan = !asked.has_run;
    if (rc == WEFT_OK)
        rc = weft_api_query_answer(call, &asked.asked, &query, &explain, &outcome, err);
    if (rc < 0) return rc;
    const struct spent spent = { weft_clock_monotonic_ns() - time,
                                 weft_clock_thread_cpu_ns() - cpu };
    explain_write(call, &query, &explain, &outcome, &spent);
    return WEFT_OK;
}

/* ---- what it answers ---- */

static const char *const type_explain[] = { "explain", NULL };
static const char *const answer_types[] = { "traces", "spans", "series", NULL };
static const char *const way_names[] = { "nothing",     "newest_first", "selected",
                                         "every_trace", "columns",      NULL };
static const struct weft_api_field answer_fields[] = {
    { "type", WEFT_API_STRING, .choices = answer_types },
    { "count", WEFT_API_INTEGER, .is_optional = true, .help = "Unless run=false." },
    { "has_more", WEFT_API_BOOLEAN, .is_optional = true },
    { 0 },
};
static const struct weft_api_field estimate_fields[] = {
    { "bytes_least", WEFT_API_INTEGER },
    { "bytes_most", WEFT_API_INTEGER },
    { "rows_most", WEFT_API_INTEGER, .help = "Spans whose columns may be asked." },
    { 0 },
};
static const struct weft_api_field piece_fields[] = {
    { "kind", WEFT_API_STRING, .choices = piece_names },
    { "count", WEFT_API_INTEGER },
    { "read", WEFT_API_INTEGER },
    { "damaged", WEFT_API_INTEGER },
    { "nothing_can_match", WEFT_API_INTEGER, .help = "Its tables say so." },
    { "out_of_range", WEFT_API_INTEGER, .help = "Of the range of time." },
    { "too_old", WEFT_API_INTEGER, .help = "Newer traces were enough." },
    { "not_reached", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field condition_fields[] = {
    { "condition", WEFT_API_STRING },
    { "blocks", WEFT_API_INTEGER, .help = "Whose tables were asked." },
    { "blocks_without", WEFT_API_INTEGER, .help = "That cannot have it." },
    { "row_groups_without", WEFT_API_INTEGER, .help = "Of other blocks, likewise." },
    { "rows_in", WEFT_API_INTEGER, .help = "Asked, of blocks." },
    { "rows_out", WEFT_API_INTEGER, .help = "Of these, those for which it holds." },
    { "bytes", WEFT_API_INTEGER },
    { "time_ns", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field step_fields[] = {
    { "step", WEFT_API_STRING, .choices = step_names },
    { "in", WEFT_API_INTEGER },
    { "out", WEFT_API_INTEGER },
    { "bytes", WEFT_API_INTEGER },
    { "time_ns", WEFT_API_INTEGER },
    { 0 },
};
#define ESTIMATE                                                                          \
    {                                                                                     \
        "estimate", WEFT_API_OBJECT, .is_optional = true, .fields = estimate_fields,      \
                                     .help = "With run=false: what the query would read." \
    }
static const struct weft_api_field pass_fields[] = {
    { "purpose", WEFT_API_STRING },
    { "way", WEFT_API_STRING, .choices = way_names },
    { "way_text", WEFT_API_STRING },
    { "way_reason", WEFT_API_STRING, .is_nullable = true, .help = "Why no faster way." },
    { "selection", WEFT_API_STRING, .is_nullable = true, .help = "null: every span." },
    { "is_exact", WEFT_API_BOOLEAN },
    { "inexact_reason", WEFT_API_STRING, .is_nullable = true },
    ESTIMATE,
    { "pieces", WEFT_API_OBJECT, 1, .fields = piece_fields },
    { "conditions", WEFT_API_OBJECT, 1, .fields = condition_fields },
    { "candidates", WEFT_API_INTEGER, .help = "Traces found, before they were put together." },
    { "steps", WEFT_API_OBJECT, 1, .fields = step_fields },
    WEFT_API_INSPECTED,
    { 0 },
};
static const struct weft_api_field explain_fields[] = {
    { "type", WEFT_API_STRING, .choices = type_explain },
    { "query", WEFT_API_STRING, .help = "As it was understood." },
    { "from_unix_nano", WEFT_API_NANOS },
    { "to_unix_nano", WEFT_API_NANOS, .is_nullable = true },
    { "answer", WEFT_API_OBJECT, .fields = answer_fields },
    ESTIMATE,
    { "passes", WEFT_API_OBJECT, 1, .fields = pass_fields },
    { "time_ns", WEFT_API_INTEGER },
    { "cpu_ns", WEFT_API_INTEGER },
    WEFT_API_INSPECTED,
    { 0 },
};
const struct weft_route_docs weft_api_explain_docs = {
    .name = "explain",
    .summary =
        "How a TraceQL query is answered: what is read, what is passed over, and how long it "
        "takes.",
    .parameters = parameters,
    .answers = { explain_fields },
};
