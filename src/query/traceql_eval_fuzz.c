/* traceql_eval_fuzz.c -- any query over a few odd traces: planner, evaluation, search and metrics end, with an answer or a sentence; and the
 * planner's selection has every span that the evaluation leaves, and no other where it says so. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/clock.h"
#include "query/traceql_metrics.h"
#include "query/traceql_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACES = 3, SPANS = 7, KEYS = 4 };
#define BASE_NS (UINT64_C(1700000000) * 1000000000)

struct fuzz_world {
    struct weft_batch traces[TRACES];
    struct weft_span spans[TRACES][SPANS];
    struct weft_attribute attributes[TRACES][SPANS][KEYS];
    struct weft_event events[TRACES][SPANS];
    struct weft_link links[TRACES][SPANS];
};

/* Keys s, i, f, b: of the type that they are named after, or of the next. */
static void make_attributes(struct weft_attribute *items, uint32_t n)
{
    static const char *const keys[KEYS] = { "s", "i", "f", "b" };

    for (uint32_t k = 0; k < KEYS; k++) {
        struct weft_attribute *a = &items[k];
        *a = (struct weft_attribute){ .key = keys[k], .key_len = 1 };
        switch (n % 5 == 4 ? (k + 1) % KEYS : k) {
        case 0: *a = weft_attribute_text(weft_attribute_key(a), WEFT_S("x")); break;
        case 1:
            a->type = WEFT_VALUE_INT;
            a->int_value = n % 3 == 0 ? INT64_MIN : (int64_t)n;
            break;
        case 2:
            a->type = WEFT_VALUE_DOUBLE;
            a->double_value = n * 0.5;
            break;
        default: a->type = WEFT_VALUE_BOOL; a->bool_value = n % 2 == 0;
        }
    }
}

static void make_span(struct fuzz_world *world, uint32_t t, uint32_t n,
                      const struct weft_scope *scope)
{
    struct weft_span *span = &world->spans[t][n];

    make_attributes(world->attributes[t][n], t * SPANS + n);
    span->trace_id.bytes[15] = (uint8_t)(t + 1);
    span->span_id.bytes[7] = (uint8_t)(n == 5 ? 3 : n + 1); /* one id twice */
    span->parent_span_id.bytes[7] =
        (uint8_t)(t == 0 && n == 1 ? 2 : n / 2); /* one its own parent */
    span->scope = scope;
    span->name = n % 2 == 0 ? WEFT_S("get") : WEFT_S("");
    span->start_time_unix_nano = BASE_NS + (t * SPANS + n) * UINT64_C(500000000);
    span->end_time_unix_nano = span->start_time_unix_nano + n * UINT64_C(1500000);
    span->kind = n % WEFT_KIND_COUNT;
    span->status_code = n % WEFT_STATUS_COUNT;
    span->attributes = (struct weft_attributes){ world->attributes[t][n], (n + t) % (KEYS + 1), 0 };
    world->events[t][n] = (struct weft_event){ span->start_time_unix_nano + n,
                                               WEFT_S("event"),
                                               { world->attributes[t][0], n % KEYS, 0 } };
    world->links[t][n].attributes = (struct weft_attributes){ world->attributes[t][1], n % 3, 0 };
    span->events = &world->events[t][n];
    span->links = &world->links[t][n];
    span->event_count = n % 2;
    span->link_count = n % 3 == 1;
}

static struct fuzz_world *made_world(void)
{
    static struct fuzz_world world;
    static struct weft_attribute service;
    static struct weft_resource resource = { .attributes = { &service, 1, 0 },
                                             .service_name = WEFT_S_INIT("shop") };
    static struct weft_scope scopes[2];

    if (world.traces[0].spans != NULL) return &world;
    service = weft_attribute_text(WEFT_S("service.name"), resource.service_name);
    static const struct weft_resource nameless;
    scopes[0].resource = &resource;
    scopes[1].resource = &nameless;
    for (uint32_t t = 0; t < TRACES; t++) {
        for (uint32_t n = 0; n < SPANS; n++) make_span(&world, t, n, &scopes[n % 3 == 2]);
        world.traces[t] =
            (struct weft_batch){ .spans = world.spans[t], .span_count = t == 2 ? 1 : SPANS };
    }
    return &world;
}

static int visit_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                        void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct fuzz_world *world = self;

    *out = (struct weft_trace_scan_result){ 0 };
    for (uint32_t t = 0; t < TRACES; t++)
        if (!visit(arg, &world->traces[t])) break;
    return WEFT_OK;
}

static void check_selection(const struct weft_traceql_query *query, const struct weft_batch *trace,
                            struct weft_arena *arena)
{
    struct weft_traceql_selection selection;
    struct weft_spansets found = { 0 };
    struct weft_trace_view view;
    struct weft_err err = { 0 };
    bool left[SPANS] = { 0 }, selected[SPANS] = { 0 };

    weft_traceql_select(&selection, query->pipeline, arena);
    weft_trace_view_init(&view, trace, arena);
    view.deadline_monotonic_ns = weft_clock_monotonic_ns() + 100000000;
    if (weft_traceql_eval(&view, query->pipeline, &found, &err) < 0) {
        WEFT_ASSERT(err.text[0] != '\0', "no sentence");
        return;
    }
    if (view.is_regex_limited) return;
    for (uint32_t s = 0; s < found.count; s++)
        for (uint32_t i = 0; i < found.items[s].count; i++) left[found.items[s].spans[i]] = true;
    if (!selection.is_empty) weft_selection_mark(selection.tree, trace, selected, arena);
    for (uint32_t i = 0; i < trace->span_count; i++)
        WEFT_ASSERT(left[i] == selected[i] || (selected[i] && !selection.is_exact),
                    "span %u: left %d, selected %d, exact %d", i, left[i], selected[i],
                    selection.is_exact);
}

static void run(const struct weft_traceql_query *query, struct weft_arena *arena)
{
    const struct weft_source source = { .self = made_world(), .traces = visit_traces };
    const uint64_t deadline = weft_clock_monotonic_ns() + 100000000;
    const struct weft_traceql_limits limits = { .traces = 2,
                                                .spans_per_spanset = 3,
                                                .memory_bytes_max = 4 << 20,
                                                .deadline_monotonic_ns = deadline };
    const struct weft_metrics_range range = { .start_ns = BASE_NS,
                                              .end_ns = BASE_NS + 10000000000,
                                              .step_ns = 1000000000,
                                              .series_max = 20,
                                              .exemplars_max = 2,
                                              .memory_bytes_max = 4 << 20,
                                              .deadline_monotonic_ns = deadline };
    struct weft_traceql_result traces;
    struct weft_metrics_result series;
    struct weft_err err = { 0 };
    int rc = query->metrics != NULL
                 ? weft_traceql_metrics(&source, query, &range, &series, arena, &err)
                 : weft_traceql_search(&source, query, &limits, &traces, arena, &err);
    WEFT_ASSERT(rc == WEFT_OK || err.text[0] != '\0', "no sentence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_traceql_query query;
    struct weft_arena arena = { 0 };
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    if (size < 4096 && weft_traceql_parse(&query, weft_str_make((const char *)data, size), &arena,
                                          NULL, &err) == WEFT_OK) {
        for (uint32_t t = 0; query.metrics == NULL && t < TRACES; t++)
            check_selection(&query, &made_world()->traces[t], &arena);
        run(&query, &arena);
    }
    weft_arena_release(&arena);
    return 0;
}
