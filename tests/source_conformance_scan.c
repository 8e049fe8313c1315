/* source_conformance_scan.c -- visiting every trace: each in range that the selection has, once, as the judge has
 * it, and none out of range. */
#include "base/alloc.h"
#include "source_conformance.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Wanted are the newest: those that the selection has, by the earliest start of their spans. */
struct newest {
    const struct weft_selection *selection;
    uint64_t starts[8]; /* the newest, the latest first */
    uint32_t count, limit;
    uint64_t start_min; /* what the source is told */
};
struct seen {
    const struct conformance_data *data;
    struct newest *newest; /* NULL: all are wanted */
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

static bool is_selected(const struct weft_selection *selection, const struct weft_batch *trace)
{
    bool *in = weft_alloc(trace->span_count), any = false;

    naive_selection_mark(selection, trace, in);
    for (uint32_t i = 0; i < trace->span_count; i++) any |= in[i];
    weft_free(in);
    return any;
}

static void newest_offer(struct newest *newest, const struct weft_batch *trace)
{
    uint64_t start = trace->spans[0].start_time_unix_nano; /* sorted */
    uint32_t at = newest->count;

    if (!is_selected(newest->selection, trace)) return;
    while (at > 0 && newest->starts[at - 1] < start) at--;
    if (at == newest->limit) return;
    if (newest->count < newest->limit) newest->count++;
    memmove(&newest->starts[at + 1], &newest->starts[at],
            (newest->count - at - 1) * sizeof newest->starts[0]);
    newest->starts[at] = start;
    if (newest->count == newest->limit) newest->start_min = newest->starts[newest->limit - 1];
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
    if (seen->newest != NULL) newest_offer(seen->newest, trace);
    seen->spans += trace->span_count;
    return ++seen->count != seen->stop_after;
}

struct wanted {
    const struct conformance_data *data;
    const struct weft_selection *selection;
    bool *allowed, *wanted; /* in range; and selected */
    uint64_t start_min;     /* those that start earlier are not wanted */
    uint32_t count;
};

static bool want(void *arg, const struct weft_batch *trace)
{
    struct wanted *wanted = arg;

    uint32_t place = place_of(wanted->data, &trace->spans[0].trace_id), i = 0;
    bool *in = weft_alloc(trace->span_count);
    struct weft_arena arena;
    wanted->allowed[place] = true;
    naive_selection_mark(wanted->selection, trace, in);
    weft_arena_init(&arena, 0);
    bool *again = weft_arena_alloc_array(&arena, trace->span_count, sizeof *again);
    weft_selection_mark(wanted->selection, trace, again, &arena);
    if (memcmp(in, again, trace->span_count) != 0)
        fail_msg("seed %llu: a selection marks other spans than the judge's",
                 (unsigned long long)wanted->data->seed);
    weft_arena_release(&arena);
    while (i < trace->span_count && !in[i]) i++;
    weft_free(in);
    wanted->wanted[place] =
        i < trace->span_count && trace->spans[0].start_time_unix_nano >= wanted->start_min;
    wanted->count += wanted->wanted[place];
    return true;
}

/* ---- what is asked ---- */

static const struct weft_selection *leaf(const struct conformance_data *data,
                                         struct weft_random *random, struct weft_arena *arena)
{
    struct weft_selection *node = weft_arena_alloc_zero(arena, sizeof *node);
    struct weft_predicate *predicates;

    if (weft_random_below(random, 10) == 0) return node; /* all */
    node->op = WEFT_SELECT_PREDICATE;
    while (conformance_predicates(data, weft_random_u64(random), &predicates, arena) == 0) {}
    node->predicate = predicates;
    return node;
}

const struct weft_selection *conformance_selection(const struct conformance_data *data,
                                                   struct weft_random *random, uint32_t height,
                                                   struct weft_arena *arena)
{
    struct weft_selection *node;

    if (height == 0 || weft_random_below(random, 5) == 0) return leaf(data, random, arena);
    node = weft_arena_alloc_zero(arena, sizeof *node);
    node->op = WEFT_SELECT_INTERSECT + (enum weft_selection_op)weft_random_below(random, 9);
    node->count = 1 + (uint32_t)weft_random_below(random, 3);
    node->left = conformance_selection(data, random, height - 1, arena);
    node->right = conformance_selection(data, random, height - 1, arena);
    return node;
}

void conformance_describe_selection(struct weft_buf *out, const struct weft_selection *node)
{
    static const char *const joins[] = { "",    "",     " && ", " || ", " at least ", " both ",
                                         " > ", " >> ", " < ",  " << ", " ~ " };
    if (node == NULL || node->op == WEFT_SELECT_ALL) {
        weft_buf_append_str(out, WEFT_S("{}"));
    } else if (node->op == WEFT_SELECT_PREDICATE) {
        conformance_describe(out, node->predicate);
    } else {
        weft_buf_append_byte(out, '(');
        conformance_describe_selection(out, node->left);
        weft_buf_append_str(out, weft_str_from_c(joins[node->op]));
        if (node->op == WEFT_SELECT_AT_LEAST) weft_buf_printf(out, "%u ", node->count);
        conformance_describe_selection(out, node->right);
        weft_buf_append_byte(out, ')');
    }
}

static void check_scan(const struct conformance_data *data, const struct weft_source *source,
                       const char *state, const struct weft_trace_scan *asked, uint32_t stop_after,
                       uint32_t newest_limit)
{
    struct newest newest = { .selection = asked->selection, .limit = newest_limit };
    struct weft_trace_scan with_start = *asked, *scan = &with_start;

    struct weft_arena arena;
    struct weft_err err = { 0 };
    struct weft_trace_scan_result ignored, result;
    uint32_t missing = 0;

    weft_arena_init(&arena, 0);
    struct seen seen = { .data = data, .state = state, .stop_after = stop_after };
    struct wanted wanted = { .data = data, .selection = scan->selection };
    seen.judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    seen.seen = weft_arena_alloc_array(&arena, data->trace_count, sizeof *seen.seen);
    wanted.allowed = weft_arena_alloc_array(&arena, data->trace_count, sizeof *wanted.allowed);
    wanted.wanted = weft_arena_alloc_array(&arena, data->trace_count, sizeof *wanted.wanted);
    if (newest_limit > 0) {
        seen.newest = &newest;
        with_start.start_min = &newest.start_min;
    }
    int rc = source->traces(source->self, scan, visit, &seen, &result, &err);
    if (rc != WEFT_OK)
        fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
    wanted.start_min = newest.start_min;
    seen.judge.traces(seen.judge.self, scan, want, &wanted, &ignored, NULL);
    if (seen.count != stop_after)
        for (uint32_t i = 0; i < data->trace_count; i++)
            missing += wanted.wanted[i] && !seen.seen[i];
    for (uint32_t i = 0; i < data->trace_count; i++) missing += seen.seen[i] && !wanted.allowed[i];
    if (missing > 0) {
        struct weft_buf text = { 0 };
        conformance_describe_selection(&text, scan->selection);
        fail_msg(
            "seed %llu, %s: %u traces from %llu to %llu with %.*s, of %u expected %u are missing "
            "or out of range",
            (unsigned long long)data->seed, state, seen.count, (unsigned long long)scan->from_ns,
            (unsigned long long)scan->to_ns, (int)text.len, (const char *)text.data, wanted.count,
            missing);
    }
    assert_null(result.partial_reason);
    assert_true(result.inspected_traces >= seen.count && result.inspected_spans >= seen.spans);
    weft_arena_release(&arena);
}

/* Some traces of a page; ids rise from page to page. */
struct paging {
    const struct conformance_data *data;
    struct weft_trace_id last;
    bool *seen;
    uint32_t count;
};

static bool visit_page(void *arg, const struct weft_batch *trace)
{
    struct paging *paging = arg;
    const struct weft_trace_id *id = &trace->spans[0].trace_id;

    assert_true(memcmp(id, &paging->last, sizeof *id) > 0);
    paging->last = *id;
    paging->seen[place_of(paging->data, id)] = true;
    return ++paging->count % 3 != 0;
}

static void check_pages(const struct conformance_data *data, const struct weft_source *source,
                        const char *state, const struct weft_trace_scan *asked)
{
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct paging paging = { .data = data };
    struct wanted wanted = { .data = data, .selection = asked->selection };
    struct weft_trace_scan scan = *asked;
    struct weft_trace_scan_result result;
    struct weft_arena arena;
    uint32_t before;

    weft_arena_init(&arena, 0);
    paging.seen = weft_arena_alloc_array(&arena, data->trace_count, sizeof *paging.seen);
    wanted.allowed = weft_arena_alloc_array(&arena, data->trace_count, sizeof *wanted.allowed);
    wanted.wanted = weft_arena_alloc_array(&arena, data->trace_count, sizeof *wanted.wanted);
    do {
        const struct weft_trace_id after = paging.last;
        scan.after = &after;
        before = paging.count;
        assert_int_equal(source->traces(source->self, &scan, visit_page, &paging, &result, NULL),
                         WEFT_OK);
    } while (paging.count != before && paging.count % 3 == 0);
    judge.traces(judge.self, asked, want, &wanted, &result, NULL);
    for (uint32_t i = 0; i < data->trace_count; i++)
        if ((wanted.wanted[i] && !paging.seen[i]) || (paging.seen[i] && !wanted.allowed[i]))
            fail_msg("seed %llu, %s: trace %u is %s by pages", (unsigned long long)data->seed,
                     state, i, paging.seen[i] ? "given" : "left out");
    weft_arena_release(&arena);
}

static bool never_visit(void *arg, const struct weft_batch *trace)
{
    fail_msg("%u spans of a trace, visited after the end", trace->span_count);
    return false;
}

/* Over before it begins: nothing is visited, and the reason said. */
static void check_cut(const struct weft_source *source, const struct weft_selection *selection)
{
    struct weft_trace_scan_result result;
    const _Atomic bool cancelled = true;
    const struct weft_trace_scan late = { .selection = selection, .deadline_monotonic_ns = 1 },
                                 stopped = { .selection = selection, .cancelled = &cancelled };

    assert_int_equal(source->traces(source->self, &late, never_visit, NULL, &result, NULL),
                     WEFT_OK);
    assert_string_equal(result.partial_reason, "time limit");
    assert_int_equal(source->traces(source->self, &stopped, never_visit, NULL, &result, NULL),
                     WEFT_OK);
    assert_string_equal(result.partial_reason, "cancelled");
}

void conformance_check_scans(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, uint32_t scans)
{
    struct weft_random random;
    const struct weft_trace_scan all = { 0 };

    weft_random_init(&random, data->seed + 2);
    check_scan(data, source, state, &all, 0, 0);
    check_scan(data, source, state, &all, 3, 0);
    check_scan(data, source, state, &all, 0, 5);
    check_pages(data, source, state, &all);
    for (uint32_t i = 0; i < scans; i++) {
        struct weft_trace_scan scan = { 0 };
        struct weft_arena arena;
        const struct weft_span *a =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)],
                               *b =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)];
        weft_arena_init(&arena, 0);
        if (i % 3 == 1) scan.from_ns = a->end_time_unix_nano + weft_random_below(&random, 2);
        if (i % 4 == 1) scan.to_ns = b->start_time_unix_nano + weft_random_below(&random, 2);
        if (i % 8 != 7) scan.selection = conformance_selection(data, &random, i % 4, &arena);
        check_scan(data, source, state, &scan, 0, 0);
        check_pages(data, source, state, &scan);
        check_scan(data, source, state, &scan, 0, 1 + (uint32_t)weft_random_below(&random, 8));
        if (i < 2) check_cut(source, scan.selection);
        weft_arena_release(&arena);
    }
}
