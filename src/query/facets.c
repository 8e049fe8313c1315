/* facets.c -- counting values span by span, and the answer (facets.h). */
#include "base/alloc.h"
#include "base/map.h"
#include "query/facets_internal.h"
#include "query/traceql_scope.h"

#define SLOT_BYTES 64u /* of a map and a counter, beside the text */
#define FACET_BYTES 256u

static bool takes_memory(struct weft_facet_run *run, uint64_t bytes)
{
    uint64_t bytes_max = run->question->bytes_max;
    if (bytes_max > 0 && run->bytes + bytes > bytes_max) {
        run->is_full = true;
        return false;
    }
    run->bytes += bytes;
    return true;
}

static void counter_add(struct weft_facet_counter *counter, const struct weft_facet_run *run)
{
    counter->count += counter->seen_at != run->mark;
    counter->seen_at = run->mark;
}

static struct weft_facet_tally *tally_add(struct weft_facet_run *run,
                                          const struct weft_traceql_attribute *attribute)
{
    if (run->count == run->capacity) {
        run->capacity = run->capacity > 0 ? 2 * run->capacity : 16;
        run->tallies = weft_realloc(run->tallies, run->capacity * sizeof *run->tallies);
    }
    struct weft_facet_tally *tally = &run->tallies[run->count++];
    *tally = (struct weft_facet_tally){ .attribute = *attribute, .is_complete = true };
    tally->attribute.name = weft_arena_copy(&run->names, attribute->name);
    return tally;
}

struct weft_facet_tally *weft_facet_tally_of(struct weft_facet_run *run,
                                             enum weft_traceql_scope scope, struct weft_str name)
{
    const struct weft_traceql_attribute attribute = { .scope = scope, .name = name };
    bool is_new;
    weft_buf_reset(&run->text);
    weft_buf_append_byte(&run->text, (char)('0' + scope));
    weft_buf_append_str(&run->text, name);
    uint64_t *place = weft_map_get(&run->keys, weft_buf_str(&run->text));
    if (place != NULL) return &run->tallies[*place];
    if (!takes_memory(run, name.len + FACET_BYTES)) return NULL;
    weft_map_put(&run->keys, weft_buf_str(&run->text), run->count, &is_new);
    return tally_add(run, &attribute);
}

static void counters_grow(struct weft_facet_tally *tally)
{
    size_t count = tally->values.count;
    if ((count & (count - 1)) != 0) return; /* room for one more unless at 0, 1, 2, 4, ... */
    tally->counters =
        weft_realloc(tally->counters, (count == 0 ? 1 : 2 * count) * sizeof *tally->counters);
}

uint32_t weft_facet_place(struct weft_facet_run *run, struct weft_facet_tally *tally,
                          const struct weft_traceql_value *value)
{
    if (value->type == WEFT_TRACEQL_OPAQUE) {
        tally->is_complete = false;
        return WEFT_FACET_NO_PLACE;
    }
    weft_buf_reset(&run->text);
    weft_buf_append_byte(&run->text, (char)('0' + value->type));
    weft_traceql_print_value(&run->text, value);
    struct weft_str text = weft_buf_str(&run->text);
    uint64_t *place = weft_map_get(&tally->values, text);
    if (place == NULL) {
        if (text.len > WEFT_FACET_TEXT_MAX || tally->values.count == WEFT_FACET_VALUES_MAX ||
            !takes_memory(run, text.len + SLOT_BYTES)) {
            tally->is_complete = false;
            return WEFT_FACET_NO_PLACE;
        }
        counters_grow(tally);
        tally->counters[tally->values.count] = (struct weft_facet_counter){ 0 };
        place = weft_map_put(&tally->values, text, tally->values.count, NULL);
    }
    return (uint32_t)*place;
}

static void value_count(struct weft_facet_run *run, struct weft_facet_tally *tally,
                        const struct weft_traceql_value *value)
{
    if (value->type == WEFT_TRACEQL_ARRAY) {
        for (uint32_t i = 0; i < value->item_count; i++) value_count(run, tally, &value->items[i]);
        return;
    }
    uint32_t place = weft_facet_place(run, tally, value);
    if (place != WEFT_FACET_NO_PLACE) counter_add(&tally->counters[place], run);
}

static void tally_value(struct weft_facet_run *run, struct weft_facet_tally *tally,
                        const struct weft_traceql_value *value)
{
    if (value->type == WEFT_TRACEQL_NIL) return;
    counter_add(&tally->spans, run);
    if (run->question->limit > 0) value_count(run, tally, value);
}

/* ---- which values a span has ---- */

/* A key may be there several times: the first value counts, as everywhere. */
static bool is_first_of_key(struct weft_attributes attributes, uint32_t i)
{
    struct weft_str key = weft_attribute_key(&attributes.items[i]);
    for (uint32_t k = 0; k < i; k++)
        if (attributes.items[k].type != WEFT_VALUE_EMPTY &&
            weft_str_equal(weft_attribute_key(&attributes.items[k]), key))
            return false;
    return true;
}

static void count_attributes(struct weft_facet_run *run, struct weft_trace_view *view,
                             enum weft_traceql_scope scope, struct weft_attributes attributes)
{
    struct weft_traceql_value value;
    for (uint32_t i = 0; i < attributes.count; i++) {
        if (!is_first_of_key(attributes, i)) continue;
        struct weft_facet_tally *tally =
            weft_facet_tally_of(run, scope, weft_attribute_key(&attributes.items[i]));
        if (tally == NULL) continue;
        weft_traceql_value_from(&value, &attributes.items[i], view->arena);
        tally_value(run, tally, &value);
    }
}

void weft_facet_count_named(struct weft_facet_run *run, struct weft_facet_tally *tally,
                            struct weft_trace_view *view, uint32_t number)
{
    const struct weft_traceql_attribute *attribute = &tally->attribute;
    const struct weft_span *span = &view->batch->spans[number];
    enum weft_traceql_scope level = attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC
                                        ? weft_traceql_intrinsics[attribute->intrinsic].level
                                        : attribute->scope;
    bool is_event = level == WEFT_TRACEQL_SCOPE_EVENT, is_link = level == WEFT_TRACEQL_SCOPE_LINK;
    uint32_t carriers = is_event ? span->event_count : is_link ? span->link_count : 1;
    struct weft_traceql_value value;
    for (uint32_t i = 0; i < carriers; i++) {
        weft_trace_view_value(view, number, is_event ? i : WEFT_NO_CARRIER,
                              is_link ? i : WEFT_NO_CARRIER, attribute, &value);
        tally_value(run, tally, &value);
    }
}

void weft_facet_count_carried(struct weft_facet_run *run, struct weft_trace_view *view,
                              uint32_t number)
{
    const struct weft_span *span = &view->batch->spans[number];
    for (uint32_t i = 0; i < span->event_count; i++)
        count_attributes(run, view, WEFT_TRACEQL_SCOPE_EVENT, span->events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++)
        count_attributes(run, view, WEFT_TRACEQL_SCOPE_LINK, span->links[i].attributes);
}

/* Every attribute; the intrinsics stand in front (run_begin). */
static void count_all(struct weft_facet_run *run, struct weft_trace_view *view, uint32_t number)
{
    const struct weft_span *span = &view->batch->spans[number];
    count_attributes(run, view, WEFT_TRACEQL_SCOPE_SPAN, span->attributes);
    count_attributes(run, view, WEFT_TRACEQL_SCOPE_RESOURCE, span->scope->resource->attributes);
    count_attributes(run, view, WEFT_TRACEQL_SCOPE_INSTRUMENTATION, span->scope->attributes);
    weft_facet_count_carried(run, view, number);
}

#define INTRINSIC_COUNT 3u
static const enum weft_traceql_intrinsic shown_intrinsics[INTRINSIC_COUNT] = {
    WEFT_INTRINSIC_NAME, WEFT_INTRINSIC_STATUS, WEFT_INTRINSIC_KIND
};

static bool visit(void *arg, struct weft_trace_view *view, uint32_t span)
{
    struct weft_facet_run *run = arg;
    uint32_t named = run->question->key_count > 0 ? run->question->key_count : INTRINSIC_COUNT;
    run->span_count++;
    run->mark++;
    for (uint32_t i = 0; i < named; i++) weft_facet_count_named(run, &run->tallies[i], view, span);
    if (run->question->key_count == 0) count_all(run, view, span);
    return true;
}

/* ---- the answer ---- */

static int compare_values(const void *a, const void *b)
{
    const struct weft_facet_value *x = a, *y = b;
    if (x->span_count != y->span_count) return x->span_count > y->span_count ? -1 : 1;
    if (x->type != y->type) return x->type < y->type ? -1 : 1;
    return weft_str_compare(x->text, y->text);
}

static int compare_facets(const void *a, const void *b)
{
    const struct weft_facet *x = a, *y = b;
    const struct weft_traceql_attribute *p = &x->attribute, *q = &y->attribute;
    if (x->span_count != y->span_count) return x->span_count > y->span_count ? -1 : 1;
    if (p->scope != q->scope) return p->scope < q->scope ? -1 : 1;
    if (p->intrinsic != q->intrinsic) return p->intrinsic < q->intrinsic ? -1 : 1;
    return weft_str_compare(p->name, q->name);
}

static void facet_make(struct weft_facet *out, const struct weft_facet_tally *tally, uint32_t limit,
                       struct weft_arena *arena)
{
    uint32_t count = 0;
    struct weft_facet_value *values =
        weft_arena_alloc_array(arena, tally->values.count, sizeof *values);
    size_t at = 0;
    for (const struct weft_map_slot *slot; (slot = weft_map_next(&tally->values, &at)) != NULL;)
        values[count++] = (struct weft_facet_value){
            .type = (enum weft_traceql_type)(slot->key.ptr[0] - '0'),
            .text = weft_arena_copy(arena, weft_str_tail(slot->key, 1)),
            .span_count = tally->counters[slot->value].count,
        };
    if (count > 0) qsort(values, count, sizeof *values, compare_values);
    *out = (struct weft_facet){
        .attribute = tally->attribute,
        .span_count = tally->spans.count,
        .values = values,
        .value_count = count > limit ? limit : count,
        .has_more = count > limit || !tally->is_complete,
        .is_complete = tally->is_complete,
    };
    out->attribute.name = weft_arena_copy(arena, tally->attribute.name);
}

static void answer(struct weft_facets *out, const struct weft_facet_run *run,
                   struct weft_arena *arena)
{
    bool is_all = run->question->key_count == 0;
    out->items = weft_arena_alloc_array(arena, run->count, sizeof *out->items);
    for (uint32_t i = 0; i < run->count; i++) {
        if (is_all && run->tallies[i].spans.count == 0) continue;
        facet_make(&out->items[out->count++], &run->tallies[i], run->question->limit, arena);
    }
    if (is_all && out->count > 0) qsort(out->items, out->count, sizeof *out->items, compare_facets);
    out->has_more = out->count > WEFT_FACET_KEYS_MAX;
    if (out->has_more) out->count = WEFT_FACET_KEYS_MAX;
    out->span_count = run->span_count;
}

static void run_begin(struct weft_facet_run *run)
{
    weft_arena_init(&run->names, 0);
    for (uint32_t i = 0; i < run->question->key_count; i++) tally_add(run, &run->question->keys[i]);
    for (uint32_t i = 0; run->question->key_count == 0 && i < INTRINSIC_COUNT; i++)
        tally_add(run, &(struct weft_traceql_attribute){ .scope = WEFT_TRACEQL_SCOPE_INTRINSIC,
                                                         .intrinsic = shown_intrinsics[i] });
}

static void run_release(struct weft_facet_run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        weft_map_release(&run->tallies[i].values);
        weft_free(run->tallies[i].counters);
    }
    weft_free(run->tallies);
    weft_map_release(&run->keys);
    weft_buf_release(&run->text);
    weft_arena_release(&run->names);
}

int weft_facets_count(const struct weft_source *source, const struct weft_facet_question *question,
                      struct weft_facets *out, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_facet_run run = { .question = question };
    *out = (struct weft_facets){ 0 };
    run_begin(&run);
    bool is_done = false;
    int rc = weft_facets_by_columns(&run, source, &is_done, &out->inspected, err);
    if (rc >= 0 && !is_done)
        rc = weft_span_walk(source, &question->walk, visit, &run, &out->inspected, err);
    if (rc >= 0) answer(out, &run, arena);
    if (run.is_full && out->inspected.partial_reason == NULL)
        out->inspected.partial_reason = "memory limit";
    run_release(&run);
    return rc;
}

/* ---- from what the source knows ---- */

static void known_value(struct weft_facet_value *out, const struct weft_attribute_value *known,
                        struct weft_arena *arena)
{
    struct weft_traceql_value value = { 0 };
    struct weft_buf text = { 0 };
    switch (known->value.type) {
    case WEFT_VALUE_BOOL:
        value.type = WEFT_TRACEQL_BOOL;
        value.bool_value = known->value.bool_value;
        break;
    case WEFT_VALUE_INT:
        value.type = WEFT_TRACEQL_INT;
        value.int_value = known->value.int_value;
        break;
    case WEFT_VALUE_DOUBLE:
        value.type = WEFT_TRACEQL_FLOAT;
        value.float_value = known->value.double_value;
        break;
    default:
        value.type = WEFT_TRACEQL_STRING;
        value.text = known->value.bytes;
        break;
    }
    weft_traceql_print_value(&text, &value);
    *out = (struct weft_facet_value){ value.type, weft_arena_copy(arena, weft_buf_str(&text)),
                                      known->span_count };
    weft_buf_release(&text);
}

/* The values of one key. */
static int known_values(const struct weft_source *source,
                        const struct weft_facet_question *question, struct weft_facet *facet,
                        const char **partial_reason, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_attribute_values values = { 0 };
    const struct weft_attribute_ask ask = {
        .scope = weft_attribute_scope_of(facet->attribute.scope),
        .key = facet->attribute.name,
        .from_ns = question->walk.from_ns,
        .to_ns = question->walk.to_ns,
        .limit = question->limit,
        .deadline_monotonic_ns = question->walk.deadline_monotonic_ns,
        .cancelled = question->walk.cancelled,
    };
    if (question->limit == 0) return WEFT_OK;
    int rc = source->attribute_values(source->self, &ask, &values, arena, err);
    if (rc < 0) return rc;
    facet->values = weft_arena_alloc_array(arena, values.count, sizeof *facet->values);
    facet->value_count = values.count;
    facet->has_more = values.has_more;
    for (uint32_t i = 0; i < values.count; i++)
        known_value(&facet->values[i], &values.items[i], arena);
    if (values.partial_reason != NULL) *partial_reason = values.partial_reason;
    return WEFT_OK;
}

/* How many spans have a key; of ANY: in one scope or another. */
static uint64_t known_spans(const struct weft_attribute_keys *keys,
                            const struct weft_traceql_attribute *attribute)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < keys->count; i++)
        if (weft_str_equal(keys->items[i].key, attribute->name) &&
            (attribute->scope == WEFT_TRACEQL_SCOPE_ANY ||
             attribute->scope == weft_traceql_scope_of(keys->items[i].scope)))
            count += keys->items[i].span_count;
    return count;
}

static void known_keys(struct weft_facets *out, const struct weft_facet_question *question,
                       const struct weft_attribute_keys *keys, struct weft_arena *arena)
{
    uint32_t count = question->key_count > 0 ? question->key_count : keys->count;
    out->items = weft_arena_alloc_array(arena, count, sizeof *out->items);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct weft_facet *facet = &out->items[i];
        *facet = (struct weft_facet){ .is_complete = true };
        if (question->key_count > 0) {
            facet->attribute = question->keys[i];
            facet->span_count = known_spans(keys, &facet->attribute);
        } else {
            facet->attribute.scope = weft_traceql_scope_of(keys->items[i].scope);
            facet->attribute.name = keys->items[i].key;
            facet->span_count = keys->items[i].span_count;
        }
    }
    if (question->key_count == 0 && count > 0)
        qsort(out->items, count, sizeof *out->items, compare_facets);
    out->has_more = count > WEFT_FACET_KEYS_MAX;
    if (out->has_more) out->count = WEFT_FACET_KEYS_MAX;
}

int weft_facets_known(const struct weft_source *source, const struct weft_facet_question *question,
                      struct weft_facets *out, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_attribute_keys keys = { 0 };
    *out = (struct weft_facets){ 0 };
    int rc = source->attribute_keys(source->self, question->walk.from_ns, question->walk.to_ns,
                                    &keys, arena, err);
    if (rc < 0) return rc;
    out->inspected.partial_reason = keys.partial_reason;
    known_keys(out, question, &keys, arena);
    for (uint32_t i = 0; rc >= 0 && i < out->count; i++)
        rc = known_values(source, question, &out->items[i], &out->inspected.partial_reason, arena,
                          err);
    return rc;
}
