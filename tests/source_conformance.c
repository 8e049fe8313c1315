/* source_conformance.c -- asking two sources the same and comparing what they say. */
#include "source_conformance.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- traces ---- */

static bool is_sorted(const struct weft_batch *batch)
{
    for (uint32_t i = 1; i < batch->span_count; i++) {
        const struct weft_span *a = &batch->spans[i - 1], *b = &batch->spans[i];
        if (a->start_time_unix_nano > b->start_time_unix_nano) return false;
        if (a->start_time_unix_nano == b->start_time_unix_nano &&
            memcmp(&a->span_id, &b->span_id, 8) > 0)
            return false;
    }
    return true;
}

/* Every span of `some` in `all`, each used once. Returns the first that is missing, or NULL. */
static const struct weft_span *first_missing(const struct weft_batch *some,
                                             const struct weft_batch *all, struct weft_arena *arena)
{
    bool *used = weft_arena_alloc_array(arena, all->span_count, sizeof *used);
    for (uint32_t i = 0; i < some->span_count; i++) {
        uint32_t k = 0;
        while (k < all->span_count &&
               (used[k] || !naive_span_equal(&some->spans[i], &all->spans[k])))
            k++;
        if (k == all->span_count) return &some->spans[i];
        used[k] = true;
    }
    return NULL;
}

void conformance_check_trace(const struct conformance_data *data, const char *state,
                             const struct weft_batch *expected, const struct weft_batch *found)
{
    const struct weft_trace_id *id = &expected->spans[0].trace_id;
    struct weft_arena arena;
    char hex[33], span_hex[17];

    weft_arena_init(&arena, 0);
    weft_trace_id_format(id, hex);
    const struct weft_span *missing = first_missing(expected, found, &arena);
    if (missing != NULL) weft_span_id_format(&missing->span_id, span_hex);
    if (missing != NULL || found->span_count != expected->span_count)
        fail_msg("seed %llu, %s, trace %s: %u spans, %u expected, span %s missing or different",
                 (unsigned long long)data->seed, state, hex, found->span_count,
                 expected->span_count, missing != NULL ? span_hex : "(none)");
    if (!is_sorted(found))
        fail_msg("seed %llu, %s, trace %s: not sorted", (unsigned long long)data->seed, state, hex);
    weft_arena_release(&arena);
}

static void check_trace(const struct conformance_data *data, const struct weft_source *source,
                        const char *state, const struct weft_trace_id *id)
{
    struct weft_arena arena;
    struct weft_err err = { 0 };
    char hex[33];

    weft_arena_init(&arena, 0);
    struct naive_store *naive = (struct naive_store *)(uintptr_t)&data->naive;
    struct weft_source judge = naive_store_source(naive);
    struct weft_batch expected = { .arena = &arena }, found = { .arena = &arena };
    weft_trace_id_format(id, hex);
    int expected_rc = judge.trace(judge.self, id, &expected, NULL);
    int rc = source->trace(source->self, id, &found, &err);
    if (rc != expected_rc)
        fail_msg("seed %llu, %s, trace %s: %d (%s), %d expected", (unsigned long long)data->seed,
                 state, hex, rc, err.text, expected_rc);
    if (rc == WEFT_OK) conformance_check_trace(data, state, &expected, &found);
    weft_arena_release(&arena);
}

void conformance_check_traces(const struct conformance_data *data, const struct weft_source *source,
                              const char *state)
{
    for (uint32_t i = 0; i < data->trace_count; i++) {
        struct weft_trace_id other = data->traces[i];
        check_trace(data, source, state, &other);
        other.bytes[14] ^= 0x40; /* mostly absent, and near one that is there */
        if (i % 8 == 0) check_trace(data, source, state, &other);
    }
}

/* ---- random searches ---- */

struct asker {
    struct weft_random random;
    const struct conformance_data *data;
    struct weft_arena *arena;
};

static uint32_t below(struct asker *asker, uint32_t limit)
{
    return (uint32_t)weft_random_below(&asker->random, limit);
}

static const struct weft_span *some_span(struct asker *asker)
{
    return asker->data->naive.spans[below(asker, asker->data->naive.count)];
}

/* Where an attribute of that scope may be found in a span; an empty list when there is no such
 * place. */
static struct weft_attributes attributes_of(struct asker *asker, const struct weft_span *span,
                                            enum weft_attribute_scope scope)
{
    switch (scope) {
    case WEFT_SCOPE_ANY:
        return below(asker, 2) == 0 ? span->attributes : span->scope->resource->attributes;
    case WEFT_SCOPE_SPAN: return span->attributes;
    case WEFT_SCOPE_RESOURCE: return span->scope->resource->attributes;
    case WEFT_SCOPE_INSTRUMENTATION: return span->scope->attributes;
    case WEFT_SCOPE_EVENT:
        if (span->event_count > 0) return span->events[below(asker, span->event_count)].attributes;
        break;
    case WEFT_SCOPE_LINK:
        if (span->link_count > 0) return span->links[below(asker, span->link_count)].attributes;
        break;
    }
    return (struct weft_attributes){ 0 };
}

/* A matcher for texts: those with an 'e', and short ones. */
static bool likes(const void *self, struct weft_str text)
{
    return text.len < 4 || memchr(text.ptr, 'e', text.len) != NULL;
}
static const struct weft_matcher matcher = { .matches = likes };

static enum weft_op op_for(struct asker *asker, const struct weft_value *value)
{
    static const enum weft_op comparisons[] = { WEFT_OP_EQ,       WEFT_OP_EQ,     WEFT_OP_NE,
                                                WEFT_OP_LT,       WEFT_OP_LE,     WEFT_OP_GT,
                                                WEFT_OP_GE,       WEFT_OP_PREFIX, WEFT_OP_MATCH,
                                                WEFT_OP_NOT_MATCH };
    switch (value->type) {
    case WEFT_VALUE_STRING: return comparisons[below(asker, 10)];
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: return comparisons[below(asker, 7)];
    case WEFT_VALUE_BOOL: return comparisons[below(asker, 3)];
    default: return below(asker, 2) == 0 ? WEFT_OP_EXISTS : WEFT_OP_NOT_EXISTS;
    }
}

/* The value of a predicate: what the span has, or something beside it. */
static struct weft_value value_near(struct asker *asker, struct weft_value value)
{
    if (value.type == WEFT_VALUE_STRING && value.bytes.len > 1 && below(asker, 4) == 0)
        value.bytes.len--;
    if (value.type == WEFT_VALUE_INT && below(asker, 6) == 0)
        value = (struct weft_value){ .type = WEFT_VALUE_DOUBLE,
                                     .double_value = (double)value.int_value };
    else if (value.type == WEFT_VALUE_DOUBLE && value.double_value > -1e15 &&
             value.double_value < 1e15 && below(asker, 3) == 0)
        value =
            (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = (int64_t)value.double_value };
    else if (value.type == WEFT_VALUE_ARRAY && below(asker, 2) == 0)
        value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = WEFT_S("red") };
    else if (value.type == WEFT_VALUE_ARRAY)
        value = (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = 7 };
    return value;
}

static void attribute_predicate(struct asker *asker, struct weft_predicate *p)
{
    p->field = WEFT_FIELD_ATTRIBUTE;
    p->scope = (enum weft_attribute_scope)below(asker, 6);
    struct weft_attributes attributes = attributes_of(asker, some_span(asker), p->scope);
    if (attributes.count == 0) { /* nothing to go by */
        p->key = below(asker, 3) == 0 ? WEFT_S("no.such.key") : WEFT_S("key.0");
        p->value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = WEFT_S("val1") };
    } else {
        const struct weft_attribute *a = &attributes.items[below(asker, attributes.count)];
        p->key = weft_attribute_key(a);
        p->value = value_near(asker, weft_attribute_value(a));
    }
    p->op = below(asker, 8) == 0    ? WEFT_OP_EXISTS
            : below(asker, 10) == 0 ? WEFT_OP_NOT_EXISTS
                                    : op_for(asker, &p->value);
}

static void field_predicate(struct asker *asker, struct weft_predicate *p)
{
    const struct weft_span *span = some_span(asker);
    struct weft_str string = { 0 };
    int64_t number = 0;

    p->field = (enum weft_field)(WEFT_FIELD_SERVICE +
                                 below(asker, WEFT_FIELD_SCOPE_VERSION - WEFT_FIELD_SERVICE + 1));
    switch (p->field) {
    case WEFT_FIELD_SERVICE: string = span->scope->resource->service_name; break;
    case WEFT_FIELD_NAME: string = span->name; break;
    case WEFT_FIELD_SCOPE_NAME: string = span->scope->name; break;
    case WEFT_FIELD_SCOPE_VERSION: string = span->scope->version; break;
    case WEFT_FIELD_STATUS_MESSAGE: string = span->status_message; break;
    case WEFT_FIELD_EVENT_NAME:
        string = span->event_count > 0 ? span->events[0].name : WEFT_S("event-1");
        break;
    case WEFT_FIELD_KIND: number = span->kind; break;
    case WEFT_FIELD_STATUS: number = span->status_code; break;
    case WEFT_FIELD_DURATION:
        number = weft_span_duration_ns(span) < INT64_MAX ? (int64_t)weft_span_duration_ns(span)
                                                         : INT64_MAX - 1;
        break;
    case WEFT_FIELD_TRACE_ID:
        p->op = WEFT_OP_EQ;
        p->value =
            (struct weft_value){ .type = WEFT_VALUE_BYTES,
                                 .bytes = weft_str_make((const char *)span->trace_id.bytes, 16) };
        return;
    default:
        p->op = WEFT_OP_EQ;
        p->value =
            (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = below(asker, 2) == 0 };
        return;
    }
    if (string.ptr == NULL) string = WEFT_S("");
    bool is_string = p->field != WEFT_FIELD_KIND && p->field != WEFT_FIELD_STATUS &&
                     p->field != WEFT_FIELD_DURATION;
    p->value = is_string ? (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = string }
                         : (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = number };
    p->op = p->field == WEFT_FIELD_KIND || p->field == WEFT_FIELD_STATUS
                ? (enum weft_op)below(asker, 2)
                : op_for(asker, &p->value);
    bool may_be_absent = p->field == WEFT_FIELD_STATUS_MESSAGE ||
                         p->field == WEFT_FIELD_SCOPE_VERSION || p->field == WEFT_FIELD_SERVICE;
    if (may_be_absent && below(asker, 6) == 0)
        p->op = below(asker, 2) == 0 ? WEFT_OP_EXISTS : WEFT_OP_NOT_EXISTS;
}

static uint32_t random_predicates(struct asker *asker, struct weft_predicate **out)
{
    uint32_t count = below(asker, 4);
    struct weft_predicate *predicates =
        weft_arena_alloc_array(asker->arena, count, sizeof *predicates);

    for (uint32_t i = 0; i < count; i++) {
        if (below(asker, 2) == 0)
            attribute_predicate(asker, &predicates[i]);
        else
            field_predicate(asker, &predicates[i]);
        predicates[i].matcher = &matcher;
    }
    *out = predicates;
    return count;
}

uint32_t conformance_predicates(const struct conformance_data *data, uint64_t seed,
                                struct weft_predicate **out, struct weft_arena *arena)
{
    struct asker asker = { .data = data, .arena = arena };

    weft_random_init(&asker.random, seed);
    return random_predicates(&asker, out);
}

static void random_search(struct asker *asker, struct weft_search *search)
{
    struct weft_predicate *predicates;
    uint32_t count = random_predicates(asker, &predicates);

    *search =
        (struct weft_search){ .selection = weft_selection_all_of(predicates, count, asker->arena),
                              .is_once_per_trace = below(asker, 3) == 0,
                              .order =
                                  below(asker, 2) == 0 ? WEFT_ORDER_NEWEST : WEFT_ORDER_SLOWEST };
    search->limit = below(asker, 4) == 0 ? 1 + below(asker, 5000) : 1 + below(asker, 40);
    if (below(asker, 3) == 0) search->from_ns = some_span(asker)->start_time_unix_nano;
    if (below(asker, 3) == 0) search->to_ns = some_span(asker)->start_time_unix_nano;
    if (below(asker, 5) == 0) { /* from the middle, and not always from a hit */
        const struct weft_span *span = some_span(asker);
        search->has_after = true;
        search->after =
            (struct weft_search_position){ .start_time_unix_nano = span->start_time_unix_nano,
                                           .duration_ns =
                                               weft_span_duration_ns(span) + below(asker, 2),
                                           .trace_id = span->trace_id,
                                           .span_id = span->span_id,
                                           .kind = span->kind };
    }
}

/* ---- saying which search it was ---- */

void conformance_describe(struct weft_buf *out, const struct weft_predicate *p)
{
    static const char *const fields[] = { "attribute", "service",        "name",
                                          "kind",      "status",         "duration",
                                          "trace_id",  "event_name",     "scope_name",
                                          "is_root",   "status_message", "scope_version" };
    static const char *const scopes[] = { "any",   "span", "resource",
                                          "event", "link", "instrumentation" };
    static const char *const ops[] = { "=",      "!=",     "<",          "<=",    ">",        ">=",
                                       "prefix", "exists", "not exists", "match", "not match" };

    weft_buf_printf(out, " {%s", fields[p->field]);
    if (p->field == WEFT_FIELD_ATTRIBUTE)
        weft_buf_printf(out, " %s.%.*s", scopes[p->scope], WEFT_S_ARG(p->key));
    weft_buf_printf(out, " %s ", ops[p->op]);
    switch (p->value.type) {
    case WEFT_VALUE_INT: weft_buf_printf(out, "%lld}", (long long)p->value.int_value); break;
    case WEFT_VALUE_DOUBLE: weft_buf_printf(out, "%.17g}", p->value.double_value); break;
    case WEFT_VALUE_BOOL:
        weft_buf_printf(out, "%s}", p->value.bool_value ? "true" : "false");
        break;
    case WEFT_VALUE_STRING: weft_buf_printf(out, "\"%.*s\"}", WEFT_S_ARG(p->value.bytes)); break;
    default: weft_buf_printf(out, "(type %u)}", p->value.type); break;
    }
}

static const char *describe(struct asker *asker, const struct weft_search *search)
{
    struct weft_buf text = { 0 };

    weft_buf_printf(&text, "limit %u%s, order %s, from %llu, to %llu%s ", search->limit,
                    search->is_once_per_trace ? " traces" : "",
                    search->order == WEFT_ORDER_NEWEST ? "newest" : "slowest",
                    (unsigned long long)search->from_ns, (unsigned long long)search->to_ns,
                    search->has_after ? ", after a position" : "");
    conformance_describe_selection(&text, search->selection);
    const char *out = weft_arena_copy_c(asker->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return out;
}

/* ---- comparing answers ---- */

/* Conflicting duplicates share a position under "newest": any that matches is a true answer, but it
 * must be one that is. */
static bool hit_is_true(const struct conformance_data *data, const struct weft_search *search,
                        const struct weft_hit *hit)
{
    for (uint32_t i = 0; i < data->naive.count; i++) {
        const struct weft_span *span = data->naive.spans[i];
        if (memcmp(&span->trace_id, &hit->position.trace_id, 16) != 0) continue;
        if (memcmp(&span->span_id, &hit->position.span_id, 8) == 0 &&
            span->kind == hit->position.kind &&
            span->start_time_unix_nano == hit->position.start_time_unix_nano &&
            weft_span_duration_ns(span) == hit->position.duration_ns &&
            span->status_code == hit->status_code &&
            memcmp(&span->parent_span_id, &hit->parent_span_id, 8) == 0 &&
            weft_str_equal(span->name, hit->name) &&
            weft_str_equal(span->scope->resource->service_name, hit->service_name) &&
            naive_span_matches(search, span))
            return true;
    }
    return false;
}

static bool same_place(enum weft_order order, const struct weft_search_position *a,
                       const struct weft_search_position *b)
{
    return a->start_time_unix_nano == b->start_time_unix_nano &&
           memcmp(&a->trace_id, &b->trace_id, 16) == 0 &&
           memcmp(&a->span_id, &b->span_id, 8) == 0 && a->kind == b->kind &&
           (order == WEFT_ORDER_NEWEST || a->duration_ns == b->duration_ns);
}

static void compare_results(struct asker *asker, const struct weft_search *search,
                            const char *state, const struct weft_search_result *expected,
                            const struct weft_search_result *found)
{
    const struct conformance_data *data = asker->data;
    unsigned long long seed = data->seed;

    if (found->partial_reason != NULL)
        fail_msg("seed %llu, %s: partial (%s): %s", seed, state, found->partial_reason,
                 describe(asker, search));
    for (uint32_t i = 0; i < expected->hit_count && i < found->hit_count; i++) {
        if (!same_place(search->order, &expected->hits[i].position, &found->hits[i].position))
            fail_msg("seed %llu, %s: hit %u of %u is another (start %llu, %llu expected): %s", seed,
                     state, i, expected->hit_count,
                     (unsigned long long)found->hits[i].position.start_time_unix_nano,
                     (unsigned long long)expected->hits[i].position.start_time_unix_nano,
                     describe(asker, search));
        if (!hit_is_true(data, search, &found->hits[i]))
            fail_msg("seed %llu, %s: hit %u (name %.*s) is no span that matches: %s", seed, state,
                     i, WEFT_S_ARG(found->hits[i].name), describe(asker, search));
    }
    if (expected->hit_count != found->hit_count || expected->has_more != found->has_more)
        fail_msg("seed %llu, %s: %u hits (more: %d), %u (%d) expected: %s", seed, state,
                 found->hit_count, found->has_more, expected->hit_count, expected->has_more,
                 describe(asker, search));
}

#define PAGES_MAX 60

/* One search, page after page. */
static void check_search(struct asker *asker, const struct weft_source *source, const char *state,
                         struct weft_search *search)
{
    struct weft_search_result expected, found;
    struct weft_err err = { 0 };

    for (uint32_t page = 0; page < PAGES_MAX; page++) {
        naive_search(&asker->data->naive, search, &expected, asker->arena);
        if (weft_span_search(source, search, &found, asker->arena, &err) < 0)
            fail_msg("seed %llu, %s: %s: %s", (unsigned long long)asker->data->seed, state,
                     err.text, describe(asker, search));
        compare_results(asker, search, state, &expected, &found);
        if (!found.has_more || found.hit_count == 0) break;
        search->has_after = true;
        search->after = found.hits[found.hit_count - 1].position;
    }
}

void conformance_check_searches(const struct conformance_data *data,
                                const struct weft_source *source, const char *state,
                                uint32_t searches)
{
    struct weft_arena arena;

    weft_arena_init(&arena, 1 << 16);
    struct asker asker = { .data = data, .arena = &arena };
    weft_random_init(&asker.random, data->seed + 1);
    for (uint32_t i = 0; i < searches; i++) {
        struct weft_search search;
        random_search(&asker, &search);
        check_search(&asker, source, state, &search);
        weft_arena_reset(&arena);
    }
    weft_arena_release(&arena);
}

/* ---- operations ---- */

/* Spans of an operation, exact duplicates once: the least that a source may count. A source may
 * also count them all. */
static uint64_t different_spans(const struct conformance_data *data,
                                const struct weft_operation *operation, bool errors)
{
    const struct naive_store *naive = &data->naive;
    uint64_t count = 0;

    for (uint32_t i = 0; i < naive->count; i++) {
        const struct weft_span *span = naive->spans[i];
        if (span->kind != operation->kind || !weft_str_equal(span->name, operation->name) ||
            !weft_str_equal(span->scope->resource->service_name, operation->service_name) ||
            (errors && span->status_code != WEFT_STATUS_ERROR))
            continue;
        uint32_t k = 0;
        while (k < i && !naive_span_equal(naive->spans[k], span)) k++;
        count += k == i;
    }
    return count;
}

static void check_operations(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, struct weft_str service)
{
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct weft_operation *expected, *found;
    uint32_t expected_count, found_count;
    struct weft_arena arena;
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 1 << 16);
    judge.operations(judge.self, service, &expected, &expected_count, &arena, NULL);
    int rc = source->operations(source->self, service, &found, &found_count, &arena, &err);
    if (rc < 0 || found_count != expected_count)
        fail_msg("seed %llu, %s: operations of \"%.*s\": %d %s, %u found, %u expected",
                 (unsigned long long)data->seed, state, WEFT_S_ARG(service), rc, err.text,
                 found_count, expected_count);
    for (uint32_t i = 0; i < found_count; i++) {
        assert_true(weft_str_equal(found[i].service_name, expected[i].service_name));
        assert_true(weft_str_equal(found[i].name, expected[i].name));
        assert_int_equal(found[i].kind, expected[i].kind);
        if (found[i].span_count > expected[i].span_count ||
            found[i].error_count > expected[i].error_count ||
            found[i].span_count < different_spans(data, &expected[i], false) ||
            found[i].error_count < different_spans(data, &expected[i], true))
            fail_msg("seed %llu, %s: operation %.*s: %llu spans, %llu errors; at most %llu, %llu "
                     "expected",
                     (unsigned long long)data->seed, state, WEFT_S_ARG(found[i].name),
                     (unsigned long long)found[i].span_count,
                     (unsigned long long)found[i].error_count,
                     (unsigned long long)expected[i].span_count,
                     (unsigned long long)expected[i].error_count);
    }
    weft_arena_release(&arena);
}

void conformance_check_operations(const struct conformance_data *data,
                                  const struct weft_source *source, const char *state)
{
    check_operations(data, source, state, WEFT_S(""));
    check_operations(data, source, state, WEFT_S("service-1"));
    check_operations(data, source, state, WEFT_S("no such service"));
}

void conformance_check_all(const struct conformance_data *data, const struct weft_source *source,
                           const char *state)
{
    conformance_check_traces(data, source, state);
    conformance_check_scans(data, source, state, 32);
    conformance_check_spans(data, source, state, 40);
    conformance_check_searches(data, source, state, 150);
    conformance_check_operations(data, source, state);
    conformance_check_attributes(data, source, state);
}
