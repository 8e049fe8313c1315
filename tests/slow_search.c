/* slow_search.c -- searches by the slow judge (Q4.1, Q5.3, Q8.4); see slow_answers.h. */
#include "base/alloc.h"
#include "slow_answers.h"
#include <math.h>
#include <stdlib.h>

/* ---- the world ---- */

static bool keep_trace(void *arg, const struct weft_batch *trace)
{
    struct slow_world *world = arg;
    struct weft_batch *kept = &world->traces[world->trace_count++];

    *kept = (struct weft_batch){ .arena = &world->arena };
    for (uint32_t i = 0; i < trace->span_count; i++) *weft_batch_add(kept) = trace->spans[i];
    return true;
}

void slow_world_init(struct slow_world *world, struct naive_store *store)
{
    struct weft_source source = naive_store_source(store);
    struct weft_trace_scan_result result;
    const struct weft_trace_scan everything = { 0 };
    struct weft_err err;

    *world = (struct slow_world){ 0 };
    weft_arena_init(&world->arena, 0);
    world->traces = weft_arena_alloc_array(&world->arena, store->count + 1, sizeof *world->traces);
    source.traces(source.self, &everything, keep_trace, world, &result, &err);
}

void slow_world_release(struct slow_world *world)
{
    weft_arena_release(&world->arena);
}

/* ---- texts ---- */

void slow_print_value(struct weft_buf *out, const struct weft_traceql_value *value)
{
    switch (value->type) {
    case WEFT_TRACEQL_NIL: weft_buf_append_c(out, "nil"); break;
    case WEFT_TRACEQL_INT: weft_buf_printf(out, "%lld", (long long)value->int_value); break;
    case WEFT_TRACEQL_FLOAT: /* -0.0 is 0.0 */
        weft_buf_printf(out, "float ~%.17g", value->float_value + 0.0);
        break;
    case WEFT_TRACEQL_DURATION: weft_buf_printf(out, "%lldns", (long long)value->int_value); break;
    case WEFT_TRACEQL_STRING: weft_buf_printf(out, "\"%.*s\"", WEFT_S_ARG(value->text)); break;
    case WEFT_TRACEQL_BOOL: weft_buf_append_c(out, value->bool_value ? "true" : "false"); break;
    case WEFT_TRACEQL_STATUS: weft_buf_printf(out, "status %d", (int)value->int_value); break;
    case WEFT_TRACEQL_KIND: weft_buf_printf(out, "kind %d", (int)value->int_value); break;
    case WEFT_TRACEQL_ARRAY:
        weft_buf_append_c(out, "[");
        for (uint32_t i = 0; i < value->item_count; i++) {
            if (i > 0) weft_buf_append_c(out, ", ");
            slow_print_value(out, &value->items[i]);
        }
        weft_buf_append_c(out, "]");
        break;
    default: weft_buf_append_c(out, "opaque");
    }
}

static void print_trace_head(struct weft_buf *out, const struct weft_trace_id *id,
                             uint64_t start_ns, uint64_t duration_ns, struct weft_str service,
                             struct weft_str name)
{
    char hex[33];
    weft_trace_id_format(id, hex);
    weft_buf_printf(out, "trace %s start %llu duration %llu root \"%.*s\" \"%.*s\"\n", hex,
                    (unsigned long long)(start_ns - 1699999200000000000),
                    (unsigned long long)duration_ns, WEFT_S_ARG(service), WEFT_S_ARG(name));
}

static void print_span(struct weft_buf *out, const struct weft_span_id *id, uint64_t start_ns,
                       uint64_t duration_ns)
{
    char hex[17];
    weft_span_id_format(id, hex);
    weft_buf_printf(out, "    span %s start %llu duration %llu", hex,
                    (unsigned long long)(start_ns - 1699999200000000000),
                    (unsigned long long)duration_ns);
}

static void print_service(struct weft_buf *out, struct weft_str name, uint32_t spans,
                          uint32_t errors)
{
    weft_buf_printf(out, "  service \"%.*s\" %u spans, %u errors\n", WEFT_S_ARG(name), spans,
                    errors);
}

static int service_compare(const void *a, const void *b)
{
    return weft_str_compare(((const struct weft_found_service *)a)->name,
                            ((const struct weft_found_service *)b)->name);
}

static void print_services(struct weft_buf *out, struct weft_found_service *services,
                           uint32_t count)
{
    qsort(services, count, sizeof *services, service_compare);
    for (uint32_t i = 0; i < count; i++)
        print_service(out, services[i].name, services[i].span_count, services[i].error_count);
}

/* ---- the engine's answer ---- */

static void print_found_spanset(struct weft_buf *out, const struct weft_found_spanset *set)
{
    weft_buf_printf(out, "  spanset of %u\n", set->matched);
    for (const struct weft_spanset_attribute *a = set->attributes; a != NULL; a = a->next) {
        weft_buf_printf(out, "    %.*s: ", WEFT_S_ARG(a->key));
        slow_print_value(out, &a->value);
        weft_buf_append_c(out, "\n");
    }
    for (uint32_t i = 0; i < set->span_count; i++) {
        const struct weft_found_span *span = &set->spans[i];
        print_span(out, &span->span_id, span->start_time_unix_nano, span->duration_ns);
        if (span->has_name) weft_buf_printf(out, " name \"%.*s\"", WEFT_S_ARG(span->name));
        weft_buf_append_c(out, "\n");
    }
}

void slow_print_result(struct weft_buf *out, const struct weft_traceql_result *result)
{
    for (uint32_t t = 0; t < result->trace_count; t++) {
        const struct weft_found_trace *trace = &result->traces[t];
        print_trace_head(out, &trace->trace_id, trace->start_time_unix_nano, trace->duration_ns,
                         trace->root_service_name, trace->root_name);
        print_services(out, trace->services, trace->service_count);
        for (uint32_t s = 0; s < trace->spanset_count; s++)
            print_found_spanset(out, &trace->spansets[s]);
    }
    if (result->has_more) weft_buf_append_c(out, "there are more\n");
    if (result->partial_reason != NULL)
        weft_buf_printf(out, "partial: %s\n", result->partial_reason);
}

/* ---- the judge's ---- */

struct match {
    struct slow_trace trace;
    struct slow_sets sets;
};

static struct weft_str service_name(const struct weft_span *span)
{
    return span->scope->resource->service_name;
}

static void print_match_services(struct weft_buf *out, const struct slow_trace *trace)
{
    struct weft_found_service *services =
        weft_arena_alloc_array(trace->arena, trace->count, sizeof *services);
    uint32_t count = 0;

    for (uint32_t i = 0; i < trace->count; i++) {
        uint32_t k = 0;
        while (k < count && !weft_str_equal(services[k].name, service_name(&trace->spans[i]))) k++;
        if (k == count) services[count++].name = service_name(&trace->spans[i]);
        services[k].span_count++;
        services[k].error_count += trace->spans[i].status_code == WEFT_STATUS_ERROR;
    }
    print_services(out, services, count);
}

static uint32_t first_span(const struct slow_trace *trace, const struct slow_set *set)
{
    uint32_t i = 0;
    while (i < trace->count && !set->has[i]) i++;
    return i;
}

static void print_set(struct weft_buf *out, const struct slow_trace *trace,
                      const struct slow_set *set, bool has_name, uint32_t spans_max)
{
    weft_buf_printf(out, "  spanset of %u\n", slow_set_size(trace, set));
    for (uint32_t a = 0; a < set->attribute_count; a++) {
        weft_buf_printf(out, "    %.*s: ", WEFT_S_ARG(set->attributes[a].key));
        slow_print_value(out, &set->attributes[a].value);
        weft_buf_append_c(out, "\n");
    }
    for (uint32_t i = 0; i < trace->count && spans_max > 0; i++) {
        const struct weft_span *span = &trace->spans[i];
        if (!set->has[i]) continue;
        spans_max--;
        print_span(out, &span->span_id, span->start_time_unix_nano, weft_span_duration_ns(span));
        if (has_name) weft_buf_printf(out, " name \"%.*s\"", WEFT_S_ARG(span->name));
        weft_buf_append_c(out, "\n");
    }
}

/* Q1.4.2 */
static void print_match_head(struct weft_buf *out, const struct slow_trace *trace)
{
    const struct weft_span *root = trace->root != SLOW_NOBODY ? &trace->spans[trace->root] : NULL;
    struct weft_str service = root != NULL ? service_name(root) : WEFT_S("");

    if (service.len == 0) service = WEFT_S("<root span not yet received>");
    print_trace_head(out, &trace->spans[0].trace_id, trace->start_ns,
                     trace->end_ns - trace->start_ns, service,
                     root != NULL ? root->name : WEFT_S(""));
}

static void print_match(struct weft_buf *out, const struct match *match, bool has_name,
                        uint32_t spans_max)
{
    const struct slow_trace *trace = &match->trace;

    print_match_head(out, trace);
    print_match_services(out, trace);
    for (uint32_t first = 0; first < trace->count; first++) /* by their first span */
        for (uint32_t s = 0; s < match->sets.count; s++)
            if (first_span(trace, &match->sets.items[s]) == first)
                print_set(out, trace, &match->sets.items[s], has_name, spans_max);
}

static int newest_first(const void *a, const void *b)
{
    const struct slow_trace *x = &((const struct match *)a)->trace,
                            *y = &((const struct match *)b)->trace;
    if (x->start_ns != y->start_ns) return x->start_ns > y->start_ns ? -1 : 1;
    return memcmp(&x->spans[0].trace_id, &y->spans[0].trace_id, sizeof(struct weft_trace_id));
}

static bool is_wanted(const struct slow_trace *trace, const struct weft_traceql_limits *limits)
{
    const uint64_t duration = trace->end_ns - trace->start_ns;

    return trace->end_ns >= limits->from_ns &&
           (limits->to_ns == 0 || trace->start_ns < limits->to_ns) &&
           duration >= limits->duration_min_ns &&
           (limits->duration_max_ns == 0 || duration <= limits->duration_max_ns);
}

static bool mentions_name(const struct weft_traceql_query *query)
{
    for (uint32_t i = 0; query != NULL && i < query->attribute_count; i++)
        if (query->attributes[i].scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
            query->attributes[i].intrinsic == WEFT_INTRINSIC_NAME)
            return true;
    return false;
}

enum slow_verdict slow_search(struct weft_buf *out, const struct slow_world *world,
                              const struct weft_traceql_query *query,
                              const struct weft_traceql_limits *limits)
{
    enum slow_verdict verdict = SLOW_ANSWER;
    struct weft_arena arena;

    weft_arena_init(&arena, 1 << 16);
    struct match *matches = weft_arena_alloc_array(&arena, world->trace_count, sizeof *matches);
    uint32_t count = 0;
    for (uint32_t t = 0; t < world->trace_count; t++) {
        struct match *match = &matches[count];
        slow_trace_init(&match->trace, &world->traces[t], &arena);
        if (!is_wanted(&match->trace, limits)) continue;
        if (query != NULL) slow_pipeline(&match->trace, query->pipeline, &match->sets);
        if (match->trace.has_trouble) verdict = SLOW_NO_ANSWER;
        if (match->sets.is_refused && verdict == SLOW_ANSWER) verdict = SLOW_REFUSED;
        if (query == NULL || match->sets.count > 0) count++;
    }
    qsort(matches, count, sizeof *matches, newest_first);
    for (uint32_t m = 0; m < count && m < limits->traces; m++)
        print_match(out, &matches[m], mentions_name(query), limits->spans_per_spanset);
    if (count > limits->traces) weft_buf_append_c(out, "there are more\n");
    weft_arena_release(&arena);
    return verdict;
}
