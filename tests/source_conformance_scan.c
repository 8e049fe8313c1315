/* source_conformance_scan.c -- visiting every trace: each that the judge visits, once, as the judge
 * has it, and no other. */
#include "source_conformance.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct seen {
    const struct conformance_data *data;
    const char *state;
    struct weft_source judge;
    bool *seen; /* by place in data->traces */
    uint32_t count, stop_after;
    uint64_t spans;
};

/* Sorted or not: there are not many. */
static uint32_t place_of(const struct conformance_data *data, const struct weft_trace_id *id)
{
    uint32_t i = 0;
    while (i < data->trace_count && memcmp(&data->traces[i], id, sizeof *id) != 0) i++;
    return i;
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct seen *seen = arg;
    struct weft_arena arena;
    char hex[33];

    weft_arena_init(&arena, 0);
    struct weft_batch expected = { .arena = &arena };
    assert_true(trace->span_count > 0);
    const struct weft_trace_id *id = &trace->spans[0].trace_id;
    weft_trace_id_format(id, hex);
    uint32_t place = place_of(seen->data, id);
    if (place == seen->data->trace_count || seen->seen[place])
        fail_msg("seed %llu, %s: trace %s %s", (unsigned long long)seen->data->seed, seen->state,
                 hex, place == seen->data->trace_count ? "is none" : "was visited twice");
    assert_int_equal(seen->judge.trace(seen->judge.self, id, &expected, NULL), WEFT_OK);
    conformance_check_trace(seen->data, seen->state, &expected, trace);
    assert_null(trace->partial_reason);
    weft_arena_release(&arena);
    seen->seen[place] = true;
    seen->spans += trace->span_count;
    return ++seen->count != seen->stop_after;
}

struct wanted {
    const struct conformance_data *data;
    bool *wanted;
    uint32_t count;
};

static bool want(void *arg, const struct weft_batch *trace)
{
    struct wanted *wanted = arg;

    wanted->wanted[place_of(wanted->data, &trace->spans[0].trace_id)] = true;
    wanted->count++;
    return true;
}

static void check_scan(const struct conformance_data *data, const struct weft_source *source,
                       const char *state, const struct weft_trace_scan *scan, uint32_t stop_after)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };
    struct weft_trace_scan_result ignored, result;

    weft_arena_init(&arena, 0);
    struct seen seen = { .data = data, .state = state, .stop_after = stop_after };
    struct wanted wanted = { .data = data };
    seen.judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    seen.seen = weft_arena_alloc_array(&arena, data->trace_count, sizeof *seen.seen);
    wanted.wanted = weft_arena_alloc_array(&arena, data->trace_count, sizeof *wanted.wanted);
    seen.judge.traces(seen.judge.self, scan, want, &wanted, &ignored, NULL);
    int rc = source->traces(source->self, scan, visit, &seen, &result, &err);
    if (rc != WEFT_OK)
        fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
    uint32_t expected = stop_after > 0 && stop_after < wanted.count ? stop_after : wanted.count;
    if (seen.count != expected)
        fail_msg("seed %llu, %s: %u traces from %llu to %llu, %u expected",
                 (unsigned long long)data->seed, state, seen.count,
                 (unsigned long long)scan->from_ns, (unsigned long long)scan->to_ns, expected);
    for (uint32_t i = 0; i < data->trace_count; i++) assert_true(wanted.wanted[i] || !seen.seen[i]);
    assert_null(result.partial_reason);
    assert_true(result.inspected_traces >= seen.count && result.inspected_spans >= seen.spans);
    weft_arena_release(&arena);
}

void conformance_check_scans(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, uint32_t scans)
{
    struct weft_random random;
    const struct weft_trace_scan all = { 0 };

    weft_random_init(&random, data->seed + 2);
    check_scan(data, source, state, &all, 0);
    check_scan(data, source, state, &all, 3);
    for (uint32_t i = 0; i < scans; i++) {
        struct weft_trace_scan scan = { 0 };
        const struct weft_span *a =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)],
                               *b =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)];
        if (i % 3 != 0) scan.from_ns = a->end_time_unix_nano + weft_random_below(&random, 2);
        if (i % 3 != 1) scan.to_ns = b->start_time_unix_nano + weft_random_below(&random, 2);
        check_scan(data, source, state, &scan, 0);
    }
}
