/* query_bench_traceql.c -- searches, metrics and completion in TraceQL, timed (query_bench_traceql.h). */
#include "query_bench_traceql.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "query/span_search.h"
#include "query/traceql_metrics.h"
#include "query/traceql_tags.h"
#include "store/store.h"

/* "values of ATTRIBUTE", "names", both maybe with " where FILTER", are questions of completion; all else is TraceQL. Metrics cover all
 * spans. */
#define VALUES "values of "
#define NAMES "names"
#define WHERE " where "
static const char *const a2_queries[] = {
    "{ }",
    "{ span.key-01 = \"value-123\" }",
    "{ span.key-01 = \"no such value\" }",
    "{ .key-01 = \"value-123\" }",
    "{ span.key-01 != nil }",
    "{ span.key-01 =~ \"value-.*7\" }",
    "{ name =~ \"operation-[12]\" }",
    "{ span.key-01 =~ \"no.*such\" }",
    "{ resource.service.name = \"service-3\" && name = \"operation-3\" }",
    "{ duration > 900us }",
    "{ duration > 1s }",
    "{ span.key-01 = \"value-123\" && duration > 500us }",
    "{ span.key-01 = \"value-123\" } && { span.key-02 = \"value-124\" }",
    "{ resource.service.name = \"service-0\" } > { resource.service.name = \"service-7\" }",
    "{ resource.service.name = \"service-0\" } >> { span.key-01 = \"value-123\" }",
    "{ span.key-01 = \"value-123\" } >> { span.key-02 = \"value-124\" }",
    "{ span.key-01 = \"value-123\" } ~ { span.key-02 = \"value-124\" }",
    "{ span.key-01 = \"value-123\" } | by(resource.service.name) | count() > 0",
    "{ nestedSetParent < 0 && resource.service.name = \"service-0\" }",
    "{ rootName = \"operation-0\" && span.key-01 = \"value-123\" }",
    "{ } | rate() by (resource.service.name)",
    "{ status = error } | rate()",
    "{ span.key-01 = \"value-123\" } | count_over_time() by (name)",
    "{ } | quantile_over_time(duration, .99) by (name)",
    NAMES,
    NAMES WHERE "{ resource.service.name = \"service-3\" }",
    VALUES "resource.service.name",
    VALUES "span.key-01",
    VALUES "span.key-01" WHERE "{ resource.service.name = \"service-3\" }",
    VALUES "name" WHERE "{ span.key-01 = \"value-123\" }",
    NULL,
};
static const char *const s_queries[] = {
    "{ }",
    "{ span.enduser.id = \"user-99998\" }",
    "{ span.enduser.id = \"user-200\" }",
    "{ span.enduser.id = \"user-20\" }",
    "{ span.enduser.id = \"nobody\" }",
    "{ span.session.id = \"00000000-0000-0000-0000-000000000000\" }",
    "{ span.rpc.system = \"grpc\" }",
    "{ .rpc.system = \"grpc\" }",
    "{ span.http.response.status_code >= 500 }",
    "{ span.http.response.body.size >= 99990 }",
    "{ span.url.path =~ \"/api/route/item/49.*\" }",
    "{ span.url.path =~ \".*no such.*\" }",
    "{ name =~ \"SELECT.*\" }",
    "{ status = error }",
    "{ resource.service.name = \"shop-service-4\" && name = \"shop.Catalogue/Get\" }",
    "{ resource.service.name = \"shop-service-4\" && duration >= 100ms }",
    "{ duration > 2s }",
    "{ duration > 1h }",
    "{ status = error && span.enduser.id = \"user-20\" }",
    "{ status = error } && { span.enduser.id = \"user-20\" }",
    "{ span.enduser.id = \"user-20\" } >> { status = error }",
    "{ span.enduser.id = \"user-200\" } >> { span.db.system.name = \"database-1\" }",
    "{ status = error } ~ { status = error }",
    "{ span.enduser.id = \"user-20\" } | by(resource.service.name) | count() > 1",
    "{ status = error } | count() > 5",
    "{ nestedSetParent < 0 && status = error }",
    "{ rootServiceName = \"shop-service-0\" && span.enduser.id = \"user-200\" }",
    "{ } | rate() by (resource.service.name)",
    "{ status = error } | rate() by (resource.service.name)",
    "{ span.http.response.status_code >= 500 } | count_over_time() by (name)",
    "{ } | quantile_over_time(duration, .99) by (name)",
    NAMES,
    NAMES WHERE "{ resource.service.name = \"shop-service-4\" }",
    VALUES "resource.service.name",
    VALUES "span.http.route",
    VALUES "span.enduser.id",
    VALUES "name" WHERE "{ resource.service.name = \"shop-service-4\" }",
    VALUES "span.http.route" WHERE "{ status = error }",
    VALUES "resource.service.name" WHERE "{ span.enduser.id = \"user-200\" }",
    NULL,
};

static void check(int rc, const struct weft_err *err)
{
    if (rc == WEFT_OK) return;
    fprintf(stderr, "query_bench: %s\n", err->text);
    exit(1);
}

/* ---- The store, warm and cold ---- */

struct opened {
    struct weft_store *store;
    struct weft_source source;
};

static void files_drop(const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int file = openat(dirfd(dir), entry->d_name, O_RDONLY);
        if (file < 0) continue;
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        close(file);
    }
    if (dir != NULL) closedir(dir);
}

static void store_open(struct opened *opened, const char *directory)
{
    const struct weft_store_options options = { .directory = directory,
                                                .no_compaction = true,
                                                .read_only = true };
    struct weft_err err;

    check(weft_store_open(&opened->store, &options, &err), &err);
    opened->source = weft_store_source(opened->store);
}

/* Where the spans begin and end; metrics have 60 steps between. */
static void span_of_time(const struct weft_source *source, struct weft_metrics_range *range)
{
    struct weft_search newest = { .limit = 1 };
    struct weft_search_result found;
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    check(weft_span_search(source, &newest, &found, &arena, &err), &err);
    range->end_ns = found.hit_count > 0 ? found.hits[0].position.start_time_unix_nano + 1 : 1;
    range->step_ns = UINT64_C(60000000000);
    range->start_ns = range->end_ns - 60 * range->step_ns;
    weft_arena_release(&arena);
}

/* ---- One question ---- */

struct looked {
    uint64_t found, traces, spans, bytes;
    bool has_more;
    const char *what, *partial_reason;
};

static void ask_completion(const struct weft_source *source, struct weft_str text,
                           struct looked *out, struct weft_arena *arena)
{
    const char *at = memmem(text.ptr, text.len, WHERE, strlen(WHERE));
    struct weft_tag_question question = { .limit = 1000 };
    struct weft_traceql_attribute attribute;
    struct weft_tag_values values;
    struct weft_tag_names names;
    struct weft_err err;

    if (at != NULL) {
        question.filter = weft_traceql_parse_incomplete(
            weft_str_tail(text, (size_t)(at - text.ptr) + strlen(WHERE)), arena);
        text.len = (size_t)(at - text.ptr);
    }
    if (!weft_str_starts_with(text, WEFT_S(VALUES))) {
        check(weft_traceql_tag_names(source, &question, &names, arena, &err), &err);
        *out = (struct looked){ .what = "names",
                                .bytes = names.inspected_bytes,
                                .partial_reason = names.partial_reason };
        for (int i = 0; i < WEFT_TRACEQL_SCOPE_COUNT; i++) out->found += names.scopes[i].count;
        return;
    }
    text = weft_str_tail(text, strlen(VALUES));
    check(weft_traceql_parse_attribute(&attribute, text, arena, &err), &err);
    check(weft_traceql_tag_values(source, &attribute, 1, &question, &values, arena, &err), &err);
    *out = (struct looked){ .found = values.count,
                            .what = "values",
                            .bytes = values.inspected_bytes,
                            .partial_reason = values.partial_reason };
}

static void ask_metrics(const struct weft_source *source, const struct weft_traceql_query *query,
                        const struct weft_metrics_range *range, struct looked *out,
                        struct weft_arena *arena)
{
    struct weft_metrics_result result;
    struct weft_err err;

    check(weft_traceql_metrics(source, query, range, &result, arena, &err), &err);
    *out = (struct looked){ .found = result.series_count,
                            .what = "series",
                            .traces = result.inspected_traces,
                            .spans = result.inspected_spans,
                            .bytes = result.inspected_bytes,
                            .partial_reason = result.partial_reason };
}

static void ask_traces(const struct weft_source *source, const struct weft_traceql_query *query,
                       struct looked *out, struct weft_arena *arena)
{
    const struct weft_traceql_limits limits = { .traces = 20, .spans_per_spanset = 3 };
    struct weft_traceql_result result;
    struct weft_err err;

    check(weft_traceql_search(source, query, &limits, &result, arena, &err), &err);
    *out = (struct looked){ .found = result.trace_count,
                            .what = "traces",
                            .has_more = result.has_more,
                            .traces = result.inspected_traces,
                            .spans = result.inspected_spans,
                            .bytes = result.inspected_bytes,
                            .partial_reason = result.partial_reason };
}

static void ask(const struct weft_source *source, const char *text,
                const struct weft_metrics_range *range, struct looked *out)
{
    struct weft_traceql_query query;
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    if (strncmp(text, VALUES, strlen(VALUES)) == 0 || strncmp(text, NAMES, strlen(NAMES)) == 0) {
        ask_completion(source, weft_str_from_c(text), out, &arena);
    } else {
        check(weft_traceql_parse(&query, weft_str_from_c(text), &arena, NULL, &err), &err);
        if (query.metrics != NULL)
            ask_metrics(source, &query, range, out, &arena);
        else
            ask_traces(source, &query, out, &arena);
    }
    weft_arena_release(&arena);
}

/* ---- Timing ---- */

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t clock_ns(bool is_cold)
{
    struct timespec t;

    clock_gettime(is_cold ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void print_line(const char *query, uint64_t *ns, uint32_t times, const struct looked *looked)
{
    qsort(ns, times, sizeof *ns, compare_ns);
    printf("| %-86s | %8.2f | %8.2f | %" PRIu64 "%s %s | %" PRIu64 " | %.3f | %.2f |%s%s\n", query,
           (double)ns[times / 2] / 1e6, (double)ns[times * 99 / 100] / 1e6, looked->found,
           looked->has_more ? "+" : "", looked->what, looked->traces, (double)looked->spans / 1e6,
           (double)looked->bytes / 1e6, looked->partial_reason != NULL ? " partial: " : "",
           looked->partial_reason != NULL ? looked->partial_reason : "");
    fflush(stdout);
}

static void bench_query(struct opened *opened, const char *directory, const char *query,
                        uint32_t times, bool is_cold, const struct weft_metrics_range *range)
{
    uint64_t *ns = weft_alloc_array(times, sizeof *ns);
    struct looked looked = { 0 };

    if (!is_cold) ask(&opened->source, query, range, &looked);
    for (uint32_t i = 0; i < times; i++) {
        if (is_cold) {
            weft_store_close(opened->store);
            files_drop(directory);
            store_open(opened, directory);
        }
        uint64_t start = clock_ns(is_cold);
        ask(&opened->source, query, range, &looked);
        ns[i] = clock_ns(is_cold) - start;
    }
    print_line(query, ns, times, &looked);
    weft_free(ns);
}

void bench_traceql(const char *directory, uint32_t times, bool is_cold, const char *const *queries)
{
    struct weft_metrics_range range = { .series_max = 1000, .exemplars_max = 100 };
    struct opened opened;

    store_open(&opened, directory);
    span_of_time(&opened.source, &range);
    printf("| query | %s, p50 | p99 | found | traces visited | M spans | MB "
           "|\n|---|---|---|---|---|---|---|\n",
           is_cold ? "cold, ms" : "warm, ms of CPU");
    for (; *queries != NULL; queries++)
        bench_query(&opened, directory, *queries, times, is_cold, &range);
    weft_store_close(opened.store);
}

bool bench_traceql_shape(const char *directory, const char *shape, uint32_t times, bool is_cold)
{
    const char *const *queries = strcmp(shape, "a2") == 0  ? a2_queries
                                 : strcmp(shape, "s") == 0 ? s_queries
                                                           : NULL;
    if (queries != NULL) bench_traceql(directory, times, is_cold, queries);
    return queries != NULL;
}
