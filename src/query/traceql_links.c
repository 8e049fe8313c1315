/* traceql_links.c -- two passes over the traces: ids first, then the spans that go with them (traceql_links.h). */
#include "query/traceql_links.h"
#include "query/traceql_select.h"

/* Up to so many traces the source is told which. */
#define TRACES_NAMED_MAX 64u

struct collecting {
    struct weft_traceql_links *links;
    struct weft_traceql_pipeline left;
    const struct weft_traceql_limits *limits;
    struct weft_traceql_result *out;
    struct weft_arena scratch;       /* of one trace */
    struct weft_scan_report *report; /* NULL: nobody asks */
    struct weft_err *err;
    int rc;
};
struct key {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
};

bool weft_traceql_goes_on(int rc, struct weft_traceql_result *out, int *failed)
{
    if (rc == WEFT_OK) return true;
    if (rc == WEFT_FULL)
        out->partial_reason = "memory limit";
    else if (rc == WEFT_TIMEOUT)
        out->partial_reason = "time limit";
    else if (rc == WEFT_CANCELLED)
        out->partial_reason = "cancelled";
    else
        *failed = rc;
    return rc == WEFT_FULL;
}

static struct weft_str key_str(const struct key *key)
{
    return weft_str_make((const char *)key, sizeof *key);
}

static struct weft_str trace_str(const struct weft_trace_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

/* ---- The left side ---- */

static void key_note(struct weft_traceql_links *links, const struct key *key)
{
    weft_map_put(&links->spans, key_str(key), 0, NULL);
    if (!links->linked->has_links) weft_map_put(&links->traces, trace_str(&key->trace_id), 0, NULL);
}

static int span_note(struct collecting *c, const struct weft_span *span)
{
    struct weft_traceql_links *links = c->links;

    if (links->linked->has_links) key_note(links, &(struct key){ span->trace_id, span->span_id });
    for (uint32_t i = 0; i < span->link_count && !links->linked->has_links; i++)
        key_note(links, &(struct key){ span->links[i].trace_id, span->links[i].span_id });
    if (links->spans.count <= WEFT_LINKED_MAX) return WEFT_OK;
    return weft_fail(c->err, WEFT_UNSUPPORTED,
                     "the left side of %s has more than %u spans to look for: narrow it, or the "
                     "time range",
                     links->linked->has_links ? "<-link-" : "-link->", WEFT_LINKED_MAX);
}

static bool left_visit(void *arg, const struct weft_batch *trace)
{
    struct collecting *c = arg;
    struct weft_trace_view view;
    struct weft_spansets found = { 0 };

    weft_arena_reset(&c->scratch);
    weft_trace_view_init(&view, trace, &c->scratch);
    view.deadline_monotonic_ns = c->limits->deadline_monotonic_ns;
    view.cancelled = c->limits->cancelled;
    view.memory_bytes_max = c->limits->memory_bytes_max;
    int rc = weft_traceql_eval(&view, &c->left, &found, c->err);
    if (rc < 0) return weft_traceql_goes_on(rc, c->out, &c->rc);
    if (view.is_regex_limited) c->out->partial_reason = "limit of a regular expression";
    if (found.count == 0) return true;
    weft_scan_count(c->report, WEFT_STEP_JUDGE, 0, 1, 0);
    if (trace->partial_reason != NULL) c->out->partial_reason = trace->partial_reason;
    for (uint32_t i = 0; i < found.items[0].count && c->rc == WEFT_OK; i++)
        c->rc = span_note(c, &trace->spans[found.items[0].spans[i]]);
    return c->rc == WEFT_OK;
}

int weft_traceql_links_collect(struct weft_traceql_links *links, const struct weft_source *source,
                               const struct weft_traceql_query *query,
                               const struct weft_traceql_limits *limits,
                               struct weft_traceql_result *out, struct weft_arena *arena,
                               struct weft_err *err)
{
    const struct weft_traceql_stage stage = { .kind = WEFT_STAGE_SPANSET,
                                              .spanset = query->linked->other };
    struct collecting c = {
        .links = links, .left = { &stage }, .limits = limits, .out = out, .err = err
    };
    struct weft_traceql_selection selection = { 0 };
    struct weft_trace_scan_result visited = { 0 };

    links->linked = query->linked;
    weft_traceql_select(&selection, &c.left, arena);
    const struct weft_explain_pass pass = {
        .purpose =
            links->linked->has_links ? "the spans that links may point to" : "the spans with links",
        .way = selection.is_empty       ? WEFT_WAY_NOTHING
               : selection.tree != NULL ? WEFT_WAY_SELECTED
                                        : WEFT_WAY_EVERY,
        .selection = selection.tree,
        .is_exact = selection.is_exact,
        .inexact_reason = selection.inexact_reason,
    };
    c.report = weft_explain_begin(limits->explain, &pass);
    if (selection.is_empty) return WEFT_OK;
    const struct weft_trace_scan scan = { .from_ns = limits->from_ns,
                                          .to_ns = limits->to_ns,
                                          .selection = selection.tree,
                                          .deadline_monotonic_ns = limits->deadline_monotonic_ns,
                                          .cancelled = limits->cancelled,
                                          .reads = limits->reads,
                                          .report = c.report };
    weft_arena_init(&c.scratch, 64 << 10);
    int rc = source->traces(source->self, &scan, left_visit, &c, &visited, err);
    weft_arena_release(&c.scratch);
    weft_explain_end(limits->explain, &visited);
    if (visited.partial_reason != NULL) out->partial_reason = visited.partial_reason;
    out->inspected_traces += visited.inspected_traces;
    out->inspected_spans += visited.inspected_spans;
    out->inspected_bytes += visited.inspected_bytes;
    return rc == WEFT_OK ? c.rc : rc;
}

/* ---- The right side ---- */

static const struct weft_selection *trace_named(struct weft_str id, struct weft_arena *arena)
{
    struct weft_selection *leaf = weft_arena_alloc_zero(arena, sizeof *leaf);
    struct weft_predicate *predicate = weft_arena_alloc_zero(arena, sizeof *predicate);

    *predicate = (struct weft_predicate){ .field = WEFT_FIELD_TRACE_ID,
                                          .op = WEFT_OP_EQ,
                                          .value = { .type = WEFT_VALUE_BYTES,
                                                     .bytes = weft_arena_copy(arena, id) } };
    *leaf = (struct weft_selection){ .op = WEFT_SELECT_PREDICATE, .predicate = predicate };
    return leaf;
}

void weft_traceql_links_narrow(const struct weft_traceql_links *links,
                               struct weft_traceql_selection *selection, struct weft_arena *arena)
{
    const struct weft_selection *traces = NULL;
    const struct weft_map_slot *slot;
    size_t at = 0;

    selection->is_exact = false;
    selection->inexact_reason = "links are compared when traces are whole";
    if (links->linked->has_links || links->traces.count > TRACES_NAMED_MAX) return;
    while ((slot = weft_map_next(&links->traces, &at)) != NULL) {
        const struct weft_selection *leaf = trace_named(slot->key, arena);
        struct weft_selection *both = weft_arena_alloc_zero(arena, sizeof *both);
        *both = (struct weft_selection){ .op = WEFT_SELECT_UNION, .left = traces, .right = leaf };
        traces = traces != NULL ? both : leaf;
    }
    if (traces != NULL) selection->tree = traces;
}

static bool is_linked(const struct weft_traceql_links *links, const struct weft_span *span)
{
    const struct key own = { span->trace_id, span->span_id };

    if (!links->linked->has_links) return weft_map_get(&links->spans, key_str(&own)) != NULL;
    for (uint32_t i = 0; i < span->link_count; i++) {
        const struct key named = { span->links[i].trace_id, span->links[i].span_id };
        if (weft_map_get(&links->spans, key_str(&named)) != NULL) return true;
    }
    return false;
}

/* Whether it is worth evaluating. */
static bool has_linked(const struct weft_traceql_links *links, const struct weft_batch *trace)
{
    if (!links->linked->has_links &&
        weft_map_get(&links->traces, trace_str(&trace->spans[0].trace_id)) == NULL)
        return false;
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (is_linked(links, &trace->spans[i])) return true;
    return false;
}

int weft_traceql_links_evaluate(const struct weft_traceql_links *links,
                                struct weft_trace_view *view,
                                const struct weft_traceql_pipeline *pipeline,
                                struct weft_spansets *out, struct weft_err *err)
{
    struct weft_traceql_stage first = *pipeline->first;
    const struct weft_traceql_pipeline right = { &first };
    struct weft_spansets found;
    uint32_t count = 0;

    *out = (struct weft_spansets){ 0 };
    if (!has_linked(links, view->batch)) return WEFT_OK;
    first.next = NULL;
    int rc = weft_traceql_eval(view, &right, &found, err);
    if (rc < 0 || found.count == 0) return rc;
    uint32_t *kept = weft_arena_alloc_array(view->arena, found.items[0].count, sizeof *kept);
    for (uint32_t i = 0; i < found.items[0].count; i++) {
        uint32_t span = found.items[0].spans[i];
        if (is_linked(links, &view->batch->spans[span])) kept[count++] = span;
    }
    return weft_traceql_eval_rest(view, pipeline, kept, count, out, err);
}

void weft_traceql_links_release(struct weft_traceql_links *links)
{
    weft_map_release(&links->spans);
    weft_map_release(&links->traces);
}
