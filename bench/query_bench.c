/* query_bench.c -- traces by id and searches over a store that is there, without HTTP: what the store alone takes.
 *
 * usage: query_bench DIRECTORY [trace [COUNT] | search TIMES PARAMETER=VALUE ... | scan [TIMES] | traceql TIMES QUERY... |
 *                    a2|s [TIMES]] [cold]
 *
 * The parameters of search are those of /api/v1/search. a2 and s ask what suits these shapes of weft load (query_bench_traceql.c). trace
 * reads COUNT traces spread over the newest spans, each as the HTTP answer gets it. Opened read-only.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "query/search_request.h"
#include "query_bench_traceql.h"
#include "store/store.h"

static void check(int rc, const struct weft_err *err)
{
    if (rc == WEFT_OK) return;
    fprintf(stderr, "query_bench: %s\n", err->text);
    exit(1);
}

/* Of this thread: other work on the machine does not count, nor does waiting for the disk. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int u64_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, uint64_t *ns, uint32_t n)
{
    qsort(ns, n, sizeof *ns, u64_compare);
    printf("%s, CPU: p50 %.3f ms, p90 %.3f, p99 %.3f, max %.3f\n", what, (double)ns[n / 2] / 1e6,
           (double)ns[n * 9 / 10] / 1e6, (double)ns[n * 99 / 100] / 1e6, (double)ns[n - 1] / 1e6);
}

static void bench_traces(const struct weft_source *source, uint32_t count)
{
    struct weft_search search = { .limit = count };
    struct weft_search_result found;
    struct weft_arena arena, answer;
    struct weft_err err;
    uint64_t *ns = weft_alloc_array(count, sizeof *ns), spans = 0;

    weft_arena_init(&arena, 0);
    check(weft_span_search(source, &search, &found, &arena, &err), &err);
    for (int round = 0; round < 4; round++) {
        spans = 0;
        for (uint32_t i = 0; i < found.hit_count; i++) {
            weft_arena_init(&answer, 0);
            struct weft_batch trace = { .arena = &answer };
            uint64_t start = cpu_ns();
            check(source->trace(source->self, &found.hits[i].position.trace_id, &trace, &err),
                  &err);
            spans += trace.span_count;
            weft_arena_release(&answer);
            ns[i] = cpu_ns() - start;
        }
    }
    printf("%.1f spans a trace\n", (double)spans / found.hit_count);
    report("trace by id", ns, found.hit_count);
    weft_arena_release(&arena);
    weft_free(ns);
}

static void bench_search(const struct weft_source *source, uint32_t times, char **parameters)
{
    const struct weft_search_limits limits = { 20, 1000 };
    struct weft_search_request request;
    struct weft_search_result found = { 0 };
    struct weft_arena arena, answer;
    struct weft_err err;
    uint64_t *ns = weft_alloc_array(times, sizeof *ns);

    weft_arena_init(&arena, 0);
    weft_search_request_init(&request, &limits, &arena);
    for (; *parameters != NULL; parameters++) {
        struct weft_str value = weft_str_from_c(*parameters), name = weft_str_split(&value, '=');
        check(weft_search_request_set(&request, name, value, &limits, weft_clock_unix_ns(), &arena,
                                      &err),
              &err);
    }
    check(weft_search_request_finish(&request, &arena, &err), &err);
    for (uint32_t i = 0; i < times; i++) {
        weft_arena_init(&answer, 0);
        uint64_t start = cpu_ns();
        check(weft_span_search(source, &request.search, &found, &answer, &err), &err);
        ns[i] = cpu_ns() - start;
        if (i + 1 == times)
            printf("%u hits%s, %" PRIu64 " counted, %.1f M spans, %.1f MB inspected\n",
                   found.hit_count, found.has_more ? " and more" : "", found.total,
                   (double)found.inspected_spans / 1e6, (double)found.inspected_bytes / 1e6);
        weft_arena_release(&answer);
    }
    report("search", ns, times);
    weft_arena_release(&arena);
    weft_free(ns);
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    return true;
}

static void bench_scan(const struct weft_source *source, uint32_t times)
{
    struct weft_trace_scan_result result = { 0 };
    uint64_t *ns = weft_alloc_array(times, sizeof *ns);
    struct weft_err err;

    for (uint32_t i = 0; i < times; i++) {
        uint64_t start = cpu_ns();
        check(source->traces(source->self, &(struct weft_trace_scan){ 0 }, visit, NULL, &result,
                             &err),
              &err);
        ns[i] = cpu_ns() - start;
    }
    printf("%" PRIu64 " traces, %.1f M spans, %.1f MB inspected\n", result.inspected_traces,
           (double)result.inspected_spans / 1e6, (double)result.inspected_bytes / 1e6);
    report("scan", ns, times);
    printf("%.0f ns a span\n", (double)ns[0] / (double)result.inspected_spans);
    weft_free(ns);
}

/* The questions in TraceQL, which open the store themselves. */
static bool bench_language(int argc, char **argv)
{
    bool is_cold = strcmp(argv[argc - 1], "cold") == 0;
    uint32_t times = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;

    if (is_cold) argv[argc - 1] = NULL;
    if (times == 0) times = is_cold ? 5 : 20;
    if (strcmp(argv[2], "traceql") != 0)
        return bench_traceql_shape(argv[1], argv[2], times, is_cold);
    if (argc > 4) bench_traceql(argv[1], times, is_cold, (const char *const *)argv + 4);
    return argc > 4;
}

int main(int argc, char **argv)
{
    struct weft_store *store;
    struct weft_err err;

    if (argc < 3) {
        fprintf(stderr,
                "usage: query_bench DIRECTORY trace [COUNT] | search TIMES [NAME=VALUE...] | "
                "scan [TIMES] | traceql TIMES QUERY... [cold] | a2|s [TIMES] [cold]\n");
        return 2;
    }
    if (bench_language(argc, argv)) return 0;
    const struct weft_store_options options = { .directory = argv[1],
                                                .no_compaction = true,
                                                .read_only = true };
    check(weft_store_open(&store, &options, &err), &err);
    struct weft_source source = weft_store_source(store);
    uint32_t count = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1000;
    if (strcmp(argv[2], "trace") == 0)
        bench_traces(&source, count);
    else if (strcmp(argv[2], "scan") == 0)
        bench_scan(&source, argc > 3 ? count : 3);
    else
        bench_search(&source, count, argv + (argc > 3 ? 4 : 3));
    weft_store_close(store);
    return 0;
}
