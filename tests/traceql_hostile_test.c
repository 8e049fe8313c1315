/* traceql_hostile_test.c -- questions that are made to hurt, put to a store with one giant trace, a span with thousands of events and links,
 * and 60,000 different values of an attribute: an error that says what is wrong or an answer, in bounded time and memory.
 *
 * Memory is what the process had at most while it answered, less what it had before (VmHWM, reset before each question). */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "query/traceql_metrics.h"
#include "store/store_fixture.h"
#include "store_states.h"
#include <time.h>

#define SPANS 60000u
#define BATCHES 24u
#define BASE_NS (UINT64_C(1700000000) * 1000000000)
#define MEMORY_BYTES (UINT64_C(64) << 20)
/* Beside what a query counts against its limit: one whole trace, buffers of the store. */
#if defined(__SANITIZE_THREAD__) /* it has four bytes and more for each of ours */
#define GROWTH_BYTES_MAX (UINT64_C(192) << 23)
#elif defined(__SANITIZE_ADDRESS__) /* what is freed stays for a while, up to 256 MB of it */
#define GROWTH_BYTES_MAX (UINT64_C(192 + 256) << 20)
#else
#define GROWTH_BYTES_MAX (UINT64_C(192) << 20)
#endif
#define DEADLINE_S 1.0
#define SECONDS_MAX 6.0 /* of the processor; the deadline is looked at now and then */

/* ---- what is stored ---- */

static const struct weft_scope *make_scope(struct weft_arena *arena)
{
    static const struct weft_resource resource;
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    scope->resource = &resource;
    return scope;
}

static struct weft_attributes attributes_of(struct weft_arena *arena, uint32_t n)
{
    struct weft_attribute *items = weft_arena_alloc_array(arena, 4, sizeof *items);
    uint32_t count = 0;

    items[count++] = weft_attribute_text(WEFT_S("u"), weft_arena_printf(arena, "value %u", n));
    items[count] = (struct weft_attribute){ .key = "n", .key_len = 1, .type = WEFT_VALUE_INT };
    items[count++].int_value = n;
    if (n % 2000 == 0) { /* for regular expressions that go back and forth */
        char *text = weft_arena_alloc(arena, 20000);
        memset(text, 'a', 20000);
        items[count++] = weft_attribute_text(WEFT_S("long"), weft_str_make(text, 20000));
    }
    return (struct weft_attributes){ .items = items, .count = count };
}

static void add_carriers(struct weft_span *span, struct weft_arena *arena)
{
    const uint32_t count = 2000;
    struct weft_event *events = weft_arena_alloc_array(arena, count, sizeof *events);
    struct weft_link *links = weft_arena_alloc_array(arena, count, sizeof *links);

    for (uint32_t i = 0; i < count; i++) {
        events[i].name = WEFT_S("event");
        events[i].attributes = attributes_of(arena, i + 1);
        links[i].attributes = attributes_of(arena, i + 1);
    }
    span->events = events;
    span->links = links;
    span->event_count = span->link_count = count;
}

/* Half of the spans are one trace, a chain of 10,000 that ends in a fan. */
static void make_span(struct weft_span *span, uint32_t n, struct weft_arena *arena)
{
    const bool is_giant = n < SPANS / 2;

    span->trace_id.bytes[0] = 1;
    weft_store_u32(span->trace_id.bytes + 12, is_giant ? 1 : n);
    weft_store_u32(span->span_id.bytes, n + 1);
    if (is_giant && n > 0) weft_store_u32(span->parent_span_id.bytes, n < 10000 ? n : 10000);
    span->name = WEFT_S("name");
    span->start_time_unix_nano = BASE_NS + n * UINT64_C(1000000);
    span->end_time_unix_nano = span->start_time_unix_nano + 1 + n;
    span->attributes = attributes_of(arena, n);
    if (n == SPANS - 1) add_carriers(span, arena);
}

static void make_data(struct conformance_data *data)
{
    *data = (struct conformance_data){ .batch_count = BATCHES };
    weft_arena_init(&data->arena, 1 << 20);
    const struct weft_scope *scope = make_scope(&data->arena);
    data->batches = weft_alloc_array(BATCHES, sizeof *data->batches);
    for (uint32_t b = 0; b < BATCHES; b++) {
        data->batches[b] = (struct weft_batch){ .arena = &data->arena };
        for (uint32_t n = SPANS * b / BATCHES; n < SPANS * (b + 1) / BATCHES; n++) {
            struct weft_span *span = weft_batch_add(&data->batches[b]);
            make_span(span, n, &data->arena);
            span->scope = scope;
        }
    }
}

/* ---- questions ---- */

static void repeat(struct weft_buf *out, const char *text, uint32_t times)
{
    while (times-- > 0) weft_buf_append_c(out, text);
}

/* first, then `middle` n times, then last */
struct hostile {
    const char *first, *middle;
    uint32_t times;
    const char *last;
    uint64_t range_s, step_ns; /* of metrics; range 0: that of the data */
};
static const struct hostile questions[] = {
    /* texts */
    { "{ ", "(", 1000000, "" },
    { "{ ", "(", 60000, "true" },
    { "", "(", 130000, "" },
    { "{ ", "!", 130000, "true }" },
    { "{ ", "-", 120000, "1 = 1 }" },
    { "{ ", "(", 500, "true" },
    { "{ .a", " || .a", 10000, " }" },
    { "{ .n = 1", " || .n = 1", 10000, " }" },
    { "{ .n = 1", " && .n = 1", 10000, " }" },
    { "{ .n = 1", " + 1", 20000, " }" },
    { "{ .n = 1", " = true", 15000, " }" },
    { "{ .n = 2", " ^ 2", 20000, " }" },
    { "{ \"", "\\x", 40000, "\" }" },
    { "/*", "*", 130000, "" },
    { "{}", " || {}", 10000, "" },
    { "{}", " >> {}", 10000, "" },
    { "{}", " !~ {}", 190, "" },
    { "{}", " &>> {}", 190, "" },
    { "{ .n < 9 }", " &> { .n < 9 }", 190, "" },
    { "{ .n < 9 }", " !>> { .n < 9 }", 190, "" },
    { "{}", " | {}", 20000, "" },
    { "{}", " | by(.u)", 10000, "" },
    { "{}", " | count() > 0", 60, "" },
    { "{} | select(.u", ", .u", 30000, ")" },
    { "{} | rate() by(.u", ", .u", 30000, ")" },
    { "({} | rate())", " + ({} | rate())", 7000, "" },
    { "({} | rate())", " + 1", 20000, "" },
    { "{} | rate()", " | topk(1)", 10000, "" },
    { "{} with(a=1", ", a=1", 20000, ")" },
    /* regular expressions */
    { "{ .long =~ \"(a+)+b\" }", "", 0, "" },
    { "{ .long =~ \"(a|aa)+b\" }", "", 0, "" },
    { "{ .long =~ \"(.*)(.*)(.*)(.*)(.*)b\" }", "", 0, "" },
    { "{ .long =~ \"((a{1,100}){1,100}){1,100}b\" }", "", 0, "" },
    { "{ .long =~ \"", "(a?)", 25000, "b\" }" },
    { "{ .long =~ \"", "(", 100000, "\" }" },
    { "{ .u =~ \"x", "|value 1.*", 9000, "\" }" },
    { "{ .u =~ \"a\"", " || .u =~ \"a\"", 8000, " }" },
    /* data */
    { "{} ~ {}", "", 0, "" },
    { "{} !~ {}", "", 0, "" },
    { "{} >> {} >> {}", "", 0, "" },
    { "{} &<< {}", "", 0, "" },
    { "{} | by(.u)", "", 0, "" },
    { "{} | by(.u) | by(.n) | by(span:id) | count() > 0", "", 0, "" },
    { "{} | by(.n ^ .n)", "", 0, "" },
    { "{ event.n = 7 && link.n = 1999 }", "", 0, "" },
    { "{ event.n + link.n < 0 }", "", 0, "" },
    { "{ event.u =~ \".*x\" || link.u =~ \".*x\" }", "", 0, "" },
    { "{} | select(event.u, link.u)", "", 0, "" },
    { "{} | by(event.n + link.n)", "", 0, "" },
    /* metrics */
    { "{} | rate()", "", 0, "", 3153600000, 1000000 },
    { "{} | rate()", "", 0, "", UINT64_C(9000000000), 1000000000 },
    { "{} | rate() by(.u)", "", 0, "", 0, 10000000 },
    { "{} | quantile_over_time(.n, 0, 0.5, 1) by(.u)", "", 0, "", 0, 10000000 },
    { "{} | quantile_over_time(.n, 0.5", ", 0.5", 20000, ")", 0, 10000000 },
    { "{} | quantile_over_time(.n, 0.5) by(.u) with(exact=true)", "", 0, "", 0, 10000000 },
    { "{} | histogram_over_time(.n) by(.u, span:id)", "", 0, "", 0, 10000000 },
    { "{} | rate() by(.u) | topk(2147483647)", "", 0, "", 0, 1000000000 },
    { "{} | rate() by(.u) | topk(99999999999999999999)", "", 0, "", 0, 1000000000 },
    { "({} | rate() by(.u)) * ({} | rate() by(.u))", "", 0, "", 0, 1000000000 },
    { "{} | compare({ .n > 5 }, 1000)", "", 0, "", 0, 10000000 },
    { "{} | avg_over_time(event.n) by(link.n)", "", 0, "", 0, 10000000 },
};

struct outcome {
    int rc;
    bool is_partial;
    double seconds;
    uint64_t growth_bytes;
    struct weft_err err;
};

/* VmHWM or VmRSS, bytes. */
static uint64_t memory_of(const char *what)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtoull(line + strlen(what) + 1, NULL, 10);
    fclose(file);
    return kib << 10;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL) return; /* then the peak is that of all questions so far */
    fputs("5", file);
    fclose(file);
}

static int run(const struct weft_source *source, const struct hostile *hostile,
               const struct weft_traceql_query *query, struct outcome *outcome,
               struct weft_arena *arena)
{
    const uint64_t deadline = weft_clock_monotonic_ns() + (uint64_t)(DEADLINE_S * 1e9);
    struct weft_traceql_result found = { 0 };
    struct weft_metrics_result series = { 0 };

    if (query->metrics == NULL) {
        const struct weft_traceql_limits limits = { .traces = 100000,
                                                    .spans_per_spanset = 100,
                                                    .memory_bytes_max = MEMORY_BYTES,
                                                    .deadline_monotonic_ns = deadline };
        int rc = weft_traceql_search(source, query, &limits, &found, arena, &outcome->err);
        outcome->is_partial = found.partial_reason != NULL;
        return rc;
    }
    const uint64_t range_s = hostile->range_s != 0 ? hostile->range_s : 60;
    const struct weft_metrics_range range = { .start_ns = BASE_NS,
                                              .end_ns = BASE_NS + range_s * UINT64_C(1000000000),
                                              .step_ns = hostile->step_ns != 0 ? hostile->step_ns
                                                                               : 1000000000,
                                              .series_max = 1000,
                                              .exemplars_max = 100,
                                              .memory_bytes_max = MEMORY_BYTES,
                                              .deadline_monotonic_ns = deadline };
    int rc = weft_traceql_metrics(source, query, &range, &series, arena, &outcome->err);
    outcome->is_partial = series.partial_reason != NULL;
    return rc;
}

static void ask(const struct weft_source *source, const struct hostile *hostile,
                struct outcome *outcome)
{
    struct weft_traceql_query query;
    struct weft_buf text = { 0 };
    struct weft_arena arena;

    weft_buf_append_c(&text, hostile->first);
    repeat(&text, hostile->middle, hostile->times);
    weft_buf_append_c(&text, hostile->last);
    *outcome = (struct outcome){ 0 };
    forget_peak();
    const uint64_t before = memory_of("VmRSS:");
    const clock_t start = clock();
    weft_arena_init(&arena, 0);
    outcome->rc = weft_traceql_parse(&query, weft_buf_str(&text), &arena, NULL, &outcome->err);
    if (outcome->rc >= 0) outcome->rc = run(source, hostile, &query, outcome, &arena);
    weft_arena_release(&arena);
    outcome->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    const uint64_t peak = memory_of("VmHWM:");
    outcome->growth_bytes = peak > before ? peak - before : 0;
    weft_buf_release(&text);
}

static void ask_all(const char *state_name, struct conformance_data *data)
{
    const bool wants_all = getenv("WEFT_VERBOSE") != NULL;
    struct store_state state;
    uint32_t refused = 0, partial = 0;

    store_state_open(&state, state_name, data);
    struct weft_source source = weft_store_source(state.store);
    for (uint32_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        const struct hostile *hostile = &questions[i];
        struct outcome outcome;
        ask(&source, hostile, &outcome);
        refused += outcome.rc < 0;
        partial += outcome.is_partial;
        const bool is_bad = outcome.seconds > SECONDS_MAX ||
                            outcome.growth_bytes > GROWTH_BYTES_MAX ||
                            (outcome.rc < 0 && outcome.err.text[0] == '\0');
        if (wants_all || is_bad)
            print_message("%s: %s%s(%u times)%s: %s, %.2f s, %llu MiB\n", state_name,
                          hostile->first, hostile->times > 0 ? hostile->middle : "", hostile->times,
                          hostile->last,
                          outcome.rc < 0       ? outcome.err.text
                          : outcome.is_partial ? "partial"
                                               : "answered",
                          outcome.seconds, (unsigned long long)(outcome.growth_bytes >> 20));
        if (is_bad) fail_msg("too long, too much, or without a word");
    }
    print_message("%s: %u questions, %u refused, %u answered in part\n", state_name,
                  (unsigned)(sizeof questions / sizeof questions[0]), refused, partial);
    store_state_close(&state);
}

static void hostile_test(void **unused)
{
    struct conformance_data data;

    make_data(&data);
    ask_all("live", &data);
    ask_all("compacted", &data);
    weft_free(data.batches);
    weft_arena_release(&data.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(hostile_test) };

    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
