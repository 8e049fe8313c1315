/* naive_store.c -- the judge. Every function here is a sentence of model/predicate.h or model/source.h
 * written as C, without any
 * thought of speed and without using the code that it judges. */
#include "naive_store.h"
#include "base/alloc.h"
#include "model/otlp.h"

/* ---- equality of spans ---- */

static bool value_equal(const struct weft_attribute *a, const struct weft_attribute *b)
{
    if (a->type != b->type) return false;
    switch (a->type) {
    case WEFT_VALUE_EMPTY: return true;
    case WEFT_VALUE_BOOL: return a->bool_value == b->bool_value;
    case WEFT_VALUE_INT: return a->int_value == b->int_value;
    case WEFT_VALUE_DOUBLE:
        return memcmp(&a->double_value, &b->double_value, sizeof a->double_value) == 0;
    default:
        return weft_str_equal(weft_str_make(a->ptr, a->value_len),
                              weft_str_make(b->ptr, b->value_len));
    }
}

/* The n-th attribute of that key; keys ought to be unique, but nobody forces the sender. */
static const struct weft_attribute *nth_of_key(struct weft_attributes attributes,
                                               struct weft_str key, uint32_t n)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        if (weft_str_equal(weft_attribute_key(&attributes.items[i]), key) && n-- == 0)
            return &attributes.items[i];
    return NULL;
}

bool naive_attributes_equal(struct weft_attributes a, struct weft_attributes b)
{
    if (a.count != b.count || a.dropped_count != b.dropped_count) return false;
    for (uint32_t i = 0; i < a.count; i++) {
        struct weft_str key = weft_attribute_key(&a.items[i]);
        uint32_t n = 0;
        while (nth_of_key(a, key, n) != &a.items[i]) n++;
        const struct weft_attribute *other = nth_of_key(b, key, n);
        if (other == NULL || !value_equal(&a.items[i], other)) return false;
    }
    return true;
}

static bool events_equal(const struct weft_span *a, const struct weft_span *b)
{
    if (a->event_count != b->event_count || a->dropped_events_count != b->dropped_events_count)
        return false;
    for (uint32_t i = 0; i < a->event_count; i++) {
        const struct weft_event *x = &a->events[i], *y = &b->events[i];
        if (x->time_unix_nano != y->time_unix_nano || !weft_str_equal(x->name, y->name))
            return false;
        if (!naive_attributes_equal(x->attributes, y->attributes)) return false;
    }
    return true;
}

static bool links_equal(const struct weft_span *a, const struct weft_span *b)
{
    if (a->link_count != b->link_count || a->dropped_links_count != b->dropped_links_count)
        return false;
    for (uint32_t i = 0; i < a->link_count; i++) {
        const struct weft_link *x = &a->links[i], *y = &b->links[i];
        if (memcmp(&x->trace_id, &y->trace_id, 16) != 0 || memcmp(&x->span_id, &y->span_id, 8) != 0)
            return false;
        if (!weft_str_equal(x->trace_state, y->trace_state) || x->flags != y->flags) return false;
        if (!naive_attributes_equal(x->attributes, y->attributes)) return false;
    }
    return true;
}

static bool scope_equal(const struct weft_scope *a, const struct weft_scope *b)
{
    const struct weft_resource *x = a->resource, *y = b->resource;

    return weft_str_equal(a->name, b->name) && weft_str_equal(a->version, b->version) &&
           weft_str_equal(a->schema_url, b->schema_url) &&
           naive_attributes_equal(a->attributes, b->attributes) &&
           weft_str_equal(x->schema_url, y->schema_url) &&
           weft_str_equal(x->entity_refs, y->entity_refs) &&
           weft_str_equal(x->service_name, y->service_name) &&
           naive_attributes_equal(x->attributes, y->attributes);
}

bool naive_span_equal(const struct weft_span *a, const struct weft_span *b)
{
    return memcmp(&a->trace_id, &b->trace_id, 16) == 0 &&
           memcmp(&a->span_id, &b->span_id, 8) == 0 &&
           memcmp(&a->parent_span_id, &b->parent_span_id, 8) == 0 &&
           a->start_time_unix_nano == b->start_time_unix_nano &&
           a->end_time_unix_nano == b->end_time_unix_nano && a->kind == b->kind &&
           a->status_code == b->status_code && a->flags == b->flags &&
           weft_str_equal(a->name, b->name) && weft_str_equal(a->trace_state, b->trace_state) &&
           weft_str_equal(a->status_message, b->status_message) && events_equal(a, b) &&
           links_equal(a, b) && naive_attributes_equal(a->attributes, b->attributes) &&
           scope_equal(a->scope, b->scope);
}

/* ---- one value against one predicate ---- */

static bool is_number(const struct weft_value *v)
{
    return v->type == WEFT_VALUE_INT || v->type == WEFT_VALUE_DOUBLE;
}

static bool is_nan(const struct weft_value *v)
{
    return v->type == WEFT_VALUE_DOUBLE && v->double_value != v->double_value;
}

/* Exact: a long double has 64 bits of fraction (or more), enough for every int64 and every
 * double. */
static long double number(const struct weft_value *v)
{
    return v->type == WEFT_VALUE_INT ? (long double)v->int_value : (long double)v->double_value;
}

static bool order_holds(enum weft_op op, bool is_less, bool is_equal)
{
    switch (op) {
    case WEFT_OP_EQ: return is_equal;
    case WEFT_OP_NE: return !is_equal;
    case WEFT_OP_LT: return is_less;
    case WEFT_OP_LE: return is_less || is_equal;
    case WEFT_OP_GT: return !is_less && !is_equal;
    case WEFT_OP_GE: return !is_less;
    default: return false;
    }
}

static bool value_holds(const struct weft_predicate *p, enum weft_op op, const struct weft_value *v)
{
    const struct weft_value *wanted = &p->value;
    /* "A value of type EMPTY counts as absent", and every comparison asks for the key to be
     * there. */
    if (v->type == WEFT_VALUE_EMPTY) return false;
    if (op == WEFT_OP_EXISTS) return true;
    if (v->type == WEFT_VALUE_ARRAY) {
        /* "of scalars of one type: holds when one element makes it true; NE and NOT_MATCH, when all do" */
        uint32_t elements = 0, of_type[WEFT_VALUE_BYTES + 1] = { 0 }, holding = 0;
        struct weft_value element;
        struct weft_str key;
        for (size_t at = 0; weft_value_next(v->bytes, &at, &key, &element, false); elements++) {
            of_type[element.type]++;
            holding += element.type != WEFT_VALUE_ARRAY && value_holds(p, op, &element);
        }
        bool is_of_one =
            elements > 0 &&
            (of_type[WEFT_VALUE_STRING] == elements || of_type[WEFT_VALUE_BOOL] == elements ||
             of_type[WEFT_VALUE_INT] == elements || of_type[WEFT_VALUE_DOUBLE] == elements);
        bool wants_all = op == WEFT_OP_NE || op == WEFT_OP_NOT_MATCH;
        return is_of_one && holding >= (wants_all ? elements : 1);
    }
    if (op == WEFT_OP_MATCH || op == WEFT_OP_NOT_MATCH)
        return v->type == WEFT_VALUE_STRING &&
               p->matcher->matches(p->matcher->self, v->bytes) == (op == WEFT_OP_MATCH);
    if (is_nan(v) || is_nan(wanted)) return is_number(v) && is_number(wanted) && op == WEFT_OP_NE;
    if (is_number(v) && is_number(wanted))
        return order_holds(op, number(v) < number(wanted), number(v) == number(wanted));
    if (v->type == WEFT_VALUE_BOOL && wanted->type == WEFT_VALUE_BOOL &&
        (op == WEFT_OP_EQ || op == WEFT_OP_NE))
        return order_holds(op, v->bool_value < wanted->bool_value,
                           v->bool_value == wanted->bool_value);
    if (v->type == WEFT_VALUE_STRING && wanted->type == WEFT_VALUE_STRING) {
        int order = weft_str_compare(v->bytes, wanted->bytes);
        if (op == WEFT_OP_PREFIX) return weft_str_starts_with(v->bytes, wanted->bytes);
        return order_holds(op, order < 0, order == 0);
    }
    return false; /* different kinds; bytes and kvlists answer only to EXISTS */
}

static bool attributes_hold(const struct weft_predicate *p, enum weft_op op,
                            struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        struct weft_value value = weft_attribute_value(&attributes.items[i]);
        if (weft_str_equal(weft_attribute_key(&attributes.items[i]), p->key) &&
            value_holds(p, op, &value))
            return true;
    }
    return false;
}

static bool attribute_holds(const struct weft_predicate *p, enum weft_op op,
                            const struct weft_span *span)
{
    switch (p->scope) {
    case WEFT_SCOPE_ANY:
        return attributes_hold(p, op, span->attributes) ||
               attributes_hold(p, op, span->scope->resource->attributes);
    case WEFT_SCOPE_SPAN: return attributes_hold(p, op, span->attributes);
    case WEFT_SCOPE_RESOURCE: return attributes_hold(p, op, span->scope->resource->attributes);
    case WEFT_SCOPE_INSTRUMENTATION: return attributes_hold(p, op, span->scope->attributes);
    case WEFT_SCOPE_EVENT:
        for (uint32_t i = 0; i < span->event_count; i++)
            if (attributes_hold(p, op, span->events[i].attributes)) return true;
        return false;
    case WEFT_SCOPE_LINK:
        for (uint32_t i = 0; i < span->link_count; i++)
            if (attributes_hold(p, op, span->links[i].attributes)) return true;
        return false;
    }
    return false;
}

/* ---- one span against one predicate ---- */

static bool string_holds(const struct weft_predicate *p, struct weft_str s)
{
    return value_holds(p, p->op, &(struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = s });
}

static bool int_holds(const struct weft_predicate *p, int64_t n)
{
    return value_holds(p, p->op, &(struct weft_value){ .type = WEFT_VALUE_INT, .int_value = n });
}

/* Durations have 64 bits without a sign, what is asked for has 63. */
static bool duration_holds(const struct weft_predicate *p, uint64_t duration_ns)
{
    if (duration_ns <= INT64_MAX) return int_holds(p, (int64_t)duration_ns);
    return p->op == WEFT_OP_NE || p->op == WEFT_OP_GT || p->op == WEFT_OP_GE ||
           p->op == WEFT_OP_EXISTS;
}

/* "empty counts as absent" */
static bool text_holds(const struct weft_predicate *p, struct weft_str text)
{
    bool is_absent = text.len == 0;
    if (p->op == WEFT_OP_NOT_EXISTS) return is_absent;
    return !is_absent && string_holds(p, text);
}

static bool event_name_holds(const struct weft_predicate *p, const struct weft_span *span)
{
    for (uint32_t i = 0; i < span->event_count; i++)
        if (string_holds(p, span->events[i].name)) return true;
    return false;
}

bool naive_predicate_holds(const struct weft_predicate *p, const struct weft_span *span)
{
    struct weft_predicate service;

    switch (p->field) {
    case WEFT_FIELD_ATTRIBUTE:
        if (p->op == WEFT_OP_NOT_EXISTS) return !attribute_holds(p, WEFT_OP_EXISTS, span);
        return attribute_holds(p, p->op, span);
    case WEFT_FIELD_SERVICE: /* "resource attribute service.name" */
        service = *p;
        service.field = WEFT_FIELD_ATTRIBUTE;
        service.scope = WEFT_SCOPE_RESOURCE;
        service.key = WEFT_S("service.name");
        return naive_predicate_holds(&service, span);
    case WEFT_FIELD_NAME: return string_holds(p, span->name);
    case WEFT_FIELD_KIND: return int_holds(p, span->kind);
    case WEFT_FIELD_STATUS: return int_holds(p, span->status_code);
    case WEFT_FIELD_DURATION: return duration_holds(p, weft_span_duration_ns(span));
    case WEFT_FIELD_TRACE_ID:
        return weft_str_equal(p->value.bytes,
                              weft_str_make((const char *)span->trace_id.bytes, 16));
    case WEFT_FIELD_EVENT_NAME: return event_name_holds(p, span);
    case WEFT_FIELD_SCOPE_NAME: return string_holds(p, span->scope->name);
    case WEFT_FIELD_STATUS_MESSAGE: return text_holds(p, span->status_message);
    case WEFT_FIELD_SCOPE_VERSION: return text_holds(p, span->scope->version);
    case WEFT_FIELD_IS_ROOT:
        return weft_span_id_is_zero(&span->parent_span_id) == p->value.bool_value;
    }
    return false;
}

bool naive_span_matches(const struct weft_search *search, const struct weft_span *span)
{
    if (span->start_time_unix_nano < search->from_ns) return false;
    if (search->to_ns != 0 && span->start_time_unix_nano >= search->to_ns) return false;
    bool in;
    struct weft_span alone = *span;
    const struct weft_batch one = { .spans = &alone, .span_count = 1 };
    naive_selection_mark(search->selection, &one, &in);
    return in;
}

/* ---- order ---- */

static struct weft_search_position position_of(const struct weft_span *span)
{
    return (struct weft_search_position){ .start_time_unix_nano = span->start_time_unix_nano,
                                          .duration_ns = weft_span_duration_ns(span),
                                          .trace_id = span->trace_id,
                                          .span_id = span->span_id,
                                          .kind = span->kind };
}

static int newest_compare(const struct weft_search_position *a,
                          const struct weft_search_position *b)
{
    if (a->start_time_unix_nano != b->start_time_unix_nano)
        return a->start_time_unix_nano > b->start_time_unix_nano ? -1 : 1;
    int order = memcmp(&a->trace_id, &b->trace_id, 16);
    if (order == 0) order = memcmp(&a->span_id, &b->span_id, 8);
    if (order == 0) order = (a->kind > b->kind) - (a->kind < b->kind);
    return order;
}

static int position_compare(enum weft_order order, const struct weft_search_position *a,
                            const struct weft_search_position *b)
{
    if (order == WEFT_ORDER_SLOWEST && a->duration_ns != b->duration_ns)
        return a->duration_ns > b->duration_ns ? -1 : 1;
    return newest_compare(a, b);
}

/* ---- the source ---- */

static int hit_compare(const void *a, const void *b, void *order)
{
    return position_compare(*(const enum weft_order *)order,
                            &((const struct weft_hit *)a)->position,
                            &((const struct weft_hit *)b)->position);
}

static bool is_of_earlier_trace(const struct weft_hit *hits, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (memcmp(&hits[k].position.trace_id, &hits[i].position.trace_id, 16) == 0) return true;
    return false;
}

void naive_search(const struct naive_store *store, const struct weft_search *search,
                  struct weft_search_result *out, struct weft_arena *arena)
{
    struct weft_hit *hits = weft_arena_alloc_array(arena, store->count, sizeof *hits);
    uint32_t count = 0, different = 0;
    uint64_t total = 0;
    enum weft_order order = search->order;

    for (uint32_t i = 0; i < store->count; i++) {
        const struct weft_span *span = store->spans[i];
        struct weft_search_position position = position_of(span);
        if (!naive_span_matches(search, span)) continue;
        total += search->wants_total;
        if (search->has_after && position_compare(order, &position, &search->after) <= 0) continue;
        hits[count++] = (struct weft_hit){ .position = position,
                                           .parent_span_id = span->parent_span_id,
                                           .service_name = span->scope->resource->service_name,
                                           .name = span->name,
                                           .status_code = span->status_code };
    }
    qsort_r(hits, count, sizeof *hits, hit_compare, &order);
    for (uint32_t i = 0; i < count; i++) /* equal positions are one hit */
        if (different == 0 ||
            position_compare(order, &hits[different - 1].position, &hits[i].position) != 0)
            hits[different++] = hits[i];
    if (search->is_once_per_trace) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < different; i++) {
            hits[kept] = hits[i]; /* those before it are of different traces */
            kept += !is_of_earlier_trace(hits, kept);
        }
        different = kept;
    }
    *out = (struct weft_search_result){ .hits = hits,
                                        .total = total,
                                        .inspected_spans = store->count };
    out->hit_count = different < search->limit ? different : search->limit;
    out->has_more = different > search->limit;
}

static int span_compare(const void *a, const void *b)
{
    const struct weft_span *x = a, *y = b;
    if (x->start_time_unix_nano != y->start_time_unix_nano)
        return x->start_time_unix_nano < y->start_time_unix_nano ? -1 : 1;
    return memcmp(&x->span_id, &y->span_id, 8);
}

static bool is_repeated(const struct weft_batch *batch, const struct weft_span *span)
{
    for (uint32_t i = 0; i < batch->span_count; i++)
        if (naive_span_equal(&batch->spans[i], span)) return true;
    return false;
}

static int naive_trace(void *self, const struct weft_trace_id *id, struct weft_batch *out,
                       struct weft_err *err)
{
    struct naive_store *store = self;

    for (uint32_t i = 0; i < store->count; i++) {
        const struct weft_span *span = store->spans[i];
        if (memcmp(&span->trace_id, id, 16) == 0 && !is_repeated(out, span))
            *weft_batch_add(out) = *span;
    }
    if (out->span_count == 0) return weft_fail(err, WEFT_NOT_FOUND, "no such trace");
    qsort(out->spans, out->span_count, sizeof *out->spans, span_compare);
    return WEFT_OK;
}

static bool is_in_range(const struct weft_trace_scan *scan, const struct weft_batch *trace)
{
    uint64_t start = trace->spans[0].start_time_unix_nano, end = 0;

    for (uint32_t i = 0; i < trace->span_count; i++) {
        uint64_t span_end =
            trace->spans[i].start_time_unix_nano + weft_span_duration_ns(&trace->spans[i]);
        if (span_end > end) end = span_end;
    }
    return end >= scan->from_ns && (scan->to_ns == 0 || start < scan->to_ns);
}

static int naive_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                        void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct naive_store *store = self;
    struct weft_arena arena;
    bool goes_on = true;

    *out = (struct weft_trace_scan_result){ 0 };
    weft_arena_init(&arena, 1 << 16);
    for (uint32_t i = 0; i < store->count && goes_on; i++) {
        const struct weft_trace_id *id = &store->spans[i]->trace_id;
        struct weft_batch trace = { .arena = &arena };
        uint32_t k = 0;
        while (k < i && memcmp(&store->spans[k]->trace_id, id, sizeof *id) != 0) k++;
        if (k < i) continue; /* visited */
        naive_trace(store, id, &trace, NULL);
        out->inspected_traces++;
        out->inspected_spans += trace.span_count;
        if (is_in_range(scan, &trace)) goes_on = visit(arg, &trace);
        weft_arena_reset(&arena);
    }
    weft_arena_release(&arena);
    return WEFT_OK;
}

static int operation_compare(const void *a, const void *b)
{
    const struct weft_operation *x = a, *y = b;
    int order = weft_str_compare(x->service_name, y->service_name);
    if (order == 0) order = weft_str_compare(x->name, y->name);
    return order != 0 ? order : x->kind - y->kind;
}

static int naive_operations(void *self, struct weft_str service_name, struct weft_operation **out,
                            uint32_t *count, struct weft_arena *arena, struct weft_err *err)
{
    struct naive_store *store = self;
    struct weft_operation *items = weft_arena_alloc_array(arena, store->count, sizeof *items);
    uint32_t found = 0;

    for (uint32_t i = 0; i < store->count; i++) {
        const struct weft_span *span = store->spans[i];
        struct weft_operation one = { .service_name = span->scope->resource->service_name,
                                      .name = span->name,
                                      .kind = span->kind };
        if (service_name.len > 0 && !weft_str_equal(service_name, one.service_name)) continue;
        uint32_t at = 0;
        while (at < found && operation_compare(&items[at], &one) != 0) at++;
        if (at == found) items[found++] = one;
        items[at].span_count++;
        items[at].error_count += span->status_code == WEFT_STATUS_ERROR;
    }
    qsort(items, found, sizeof *items, operation_compare);
    *out = items;
    *count = found;
    return WEFT_OK;
}

struct weft_source naive_store_source(struct naive_store *store)
{
    return (struct weft_source){ .self = store,
                                 .trace = naive_trace,
                                 .traces = naive_traces,
                                 .operations = naive_operations,
                                 .attribute_keys = naive_attribute_keys,
                                 .attribute_values = naive_attribute_values };
}

void naive_store_add(struct naive_store *store, const struct weft_batch *batch)
{
    if (store->count + batch->span_count > store->capacity) {
        store->capacity = (store->count + batch->span_count) * 2;
        store->spans = weft_realloc_array(store->spans, store->capacity, sizeof *store->spans);
    }
    for (uint32_t i = 0; i < batch->span_count; i++)
        store->spans[store->count++] = &batch->spans[i];
}

void naive_store_release(struct naive_store *store)
{
    weft_free(store->spans);
    *store = (struct naive_store){ 0 };
}
