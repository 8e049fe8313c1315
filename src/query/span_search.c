/* span_search.c -- see span_search.h. The source gives times and codes; who a span is is only asked when it has a place among the first. What
 * has none any more raises the bound below which the source need not look.
 */
#include "query/span_search.h"

enum { DURATION, SERVICE, NAME, KIND, STATUS, COLUMNS };
static const struct weft_span_column columns[COLUMNS] = {
    [DURATION] = { .field = WEFT_FIELD_DURATION }, [SERVICE] = { .field = WEFT_FIELD_SERVICE },
    [NAME] = { .field = WEFT_FIELD_NAME },         [KIND] = { .field = WEFT_FIELD_KIND },
    [STATUS] = { .field = WEFT_FIELD_STATUS },
};

struct run {
    const struct weft_source *source;
    const struct weft_search *search;
    struct weft_search_result *out;
    struct weft_top top;
    struct weft_arena scratch; /* of a trace */
};

static bool starts_in_range(const struct weft_search *search, const struct weft_span *span)
{
    uint64_t start = span->start_time_unix_nano;
    return start >= search->from_ns && (search->to_ns == 0 || start < search->to_ns);
}

bool weft_search_matches_span(const struct weft_search *search, const struct weft_span *span)
{
    return starts_in_range(search, span) && weft_selection_holds_span(search->selection, span);
}

/* ---- what the source gives ---- */

static const struct weft_value *value_of(const struct weft_span_vector *vector, int column,
                                         uint32_t i)
{
    static const struct weft_value none = { .type = WEFT_VALUE_EMPTY };
    const struct weft_span_codes *codes = &vector->columns[column];

    return codes->codes[i] == 0 ? &none : &codes->values[codes->codes[i] - 1];
}

static void span_offer(struct run *run, const struct weft_span_vector *vector, uint32_t i)
{
    struct weft_span_identity who;
    struct weft_hit hit = {
        .position = { .start_time_unix_nano = vector->start_time_unix_nano[i],
                      .duration_ns = vector->duration_ns[i],
                      .kind = (uint8_t)value_of(vector, KIND, i)->int_value },
        .service_name = value_of(vector, SERVICE, i)->bytes,
        .name = value_of(vector, NAME, i)->bytes,
        .status_code = (uint8_t)value_of(vector, STATUS, i)->int_value,
    };

    run->source->identify(run->source->self, vector, i, &who);
    hit.position.trace_id = who.trace_id;
    hit.position.span_id = who.span_id;
    hit.parent_span_id = who.parent_span_id;
    weft_top_offer(&run->top, &hit);
}

static bool vector_offer(void *arg, const struct weft_span_vector *vector)
{
    struct run *run = arg;

    for (uint32_t i = 0; i < vector->count; i++)
        if (weft_top_may_admit(&run->top, vector->start_time_unix_nano[i], vector->duration_ns[i]))
            span_offer(run, vector, i);
    return true;
}

/* Marks what is asked for of a whole trace. */
static const bool *trace_mark(struct run *run, const struct weft_batch *trace)
{
    weft_arena_reset(&run->scratch);
    bool *in = weft_arena_alloc_array(&run->scratch, trace->span_count, sizeof *in);
    weft_selection_mark(run->search->selection, trace, in, &run->scratch);
    for (uint32_t i = 0; i < trace->span_count; i++)
        in[i] = in[i] && starts_in_range(run->search, &trace->spans[i]);
    if (trace->partial_reason != NULL) run->out->partial_reason = trace->partial_reason;
    return in;
}

static bool trace_offer(void *arg, const struct weft_batch *trace)
{
    struct run *run = arg;
    const bool *in = trace_mark(run, trace);

    for (uint32_t i = 0; i < trace->span_count; i++) {
        struct weft_hit hit = weft_hit_of(&trace->spans[i]);
        if (in[i]) weft_top_offer(&run->top, &hit);
    }
    return true;
}

static bool vector_count(void *arg, const struct weft_span_vector *vector)
{
    ((struct run *)arg)->out->total += vector->count;
    return true;
}

static bool trace_count(void *arg, const struct weft_batch *trace)
{
    struct run *run = arg;
    const bool *in = trace_mark(run, trace);

    for (uint32_t i = 0; i < trace->span_count; i++) run->out->total += in[i];
    return true;
}

/* ---- the whole ---- */

static int scan(struct run *run, struct weft_span_scan *asked, struct weft_err *err)
{
    const struct weft_search *search = run->search;
    struct weft_search_result *out = run->out;
    struct weft_trace_scan_result found;

    asked->selection = search->selection;
    asked->from_ns = search->from_ns;
    asked->deadline_monotonic_ns = search->deadline_monotonic_ns;
    asked->cancelled = search->cancelled;
    asked->reads = search->reads;
    asked->arg = run;
    int rc = run->source->spans(run->source->self, asked, &found, err);
    out->inspected_spans += found.inspected_spans;
    out->inspected_bytes += found.inspected_bytes;
    if (found.partial_reason != NULL) out->partial_reason = found.partial_reason;
    return rc;
}

/* Behind a cursor of the newest nothing starts later than it. */
static uint64_t to_ns(const struct weft_search *search)
{
    uint64_t start = search->after.start_time_unix_nano;

    if (!search->has_after || search->order != WEFT_ORDER_NEWEST || start == UINT64_MAX)
        return search->to_ns;
    return search->to_ns == 0 || start + 1 < search->to_ns ? start + 1 : search->to_ns;
}

static int first_find(struct run *run, struct weft_arena *arena, struct weft_err *err)
{
    const struct weft_search *search = run->search;
    bool is_newest = search->order == WEFT_ORDER_NEWEST;
    struct weft_search_result *out = run->out;
    /* One more than asked for: is there more? */
    uint32_t limit = search->limit < UINT32_MAX ? search->limit + 1 : search->limit;

    weft_top_init(&run->top, limit, arena);
    run->top.order = search->order;
    run->top.is_once_per_trace = search->is_once_per_trace;
    run->top.after = search->has_after ? &search->after : NULL;
    int rc = scan(run,
                  &(struct weft_span_scan){ .to_ns = to_ns(search),
                                            .columns = columns,
                                            .column_count = COLUMNS,
                                            .start_min = is_newest ? &run->top.bound : NULL,
                                            .duration_min = is_newest ? NULL : &run->top.bound,
                                            .vector = vector_offer,
                                            .trace = trace_offer },
                  err);
    out->hit_count = run->top.count;
    out->has_more = out->hit_count > search->limit;
    if (out->has_more) out->hit_count = search->limit;
    out->hits = weft_top_finish(&run->top, arena);
    weft_top_release(&run->top);
    return rc;
}

/* A hole in the store ends nothing. */
static bool is_cut(const char *reason)
{
    return reason != NULL && strcmp(reason, "damaged file") != 0;
}

int weft_span_search(const struct weft_source *source, const struct weft_search *search,
                     struct weft_search_result *out, struct weft_arena *arena, struct weft_err *err)
{
    struct run run = { .source = source, .search = search, .out = out };

    *out = (struct weft_search_result){ 0 };
    if (search->limit == 0)
        return weft_fail(err, WEFT_INVALID, "search: limit is 0, at least 1 expected");
    weft_arena_init(&run.scratch, 0);
    int rc = first_find(&run, arena, err);
    out->is_cut = is_cut(out->partial_reason);
    /* What was not looked at may stand before what was found: nothing to go on behind. */
    if (out->is_cut) out->has_more = false;
    if (rc == WEFT_OK && search->wants_total && !out->is_cut)
        rc = scan(&run,
                  &(struct weft_span_scan){ .to_ns = search->to_ns,
                                            .without_times = true,
                                            .vector = vector_count,
                                            .trace = trace_count },
                  err);
    weft_arena_release(&run.scratch);
    return rc;
}
