/* trace_join.c -- sort, drop duplicates, share resources and scopes; see trace_join.h. */
#include "store/trace_join.h"
#include "base/buf.h"
#include "base/map.h"
#include "model/otlp.h"

/* ---- sharing resources and scopes ---- */

/* By address first (spans of one part share theirs), then by content. Values are addresses in the
 * answer's arena. */
struct share {
    struct weft_arena *arena;
    struct weft_map by_address, by_content;
    struct weft_buf scratch;
};

static struct weft_str address_key(const void *const *address)
{
    return weft_str_make((const char *)address, sizeof *address);
}

static int resource_share(struct share *share, const struct weft_resource *resource,
                          const struct weft_resource **out, struct weft_err *err)
{
    weft_buf_reset(&share->scratch);
    weft_buf_append_byte(&share->scratch, 'r');
    weft_otlp_encode_resource(&share->scratch, resource);
    struct weft_str content = weft_buf_str(&share->scratch);
    const uint64_t *known = weft_map_get(&share->by_content, content);
    if (known != NULL) {
        *out = (const struct weft_resource *)(uintptr_t)*known;
        return WEFT_OK;
    }
    struct weft_resource *copy = weft_arena_alloc_zero(share->arena, sizeof *copy);
    int rc = weft_otlp_decode_resource(
        copy, weft_arena_copy(share->arena, weft_str_tail(content, 1)), share->arena, err);
    if (rc < 0) return rc;
    weft_map_put(&share->by_content, content, (uintptr_t)copy, NULL);
    *out = copy;
    return WEFT_OK;
}

static int scope_share(struct share *share, const struct weft_scope *scope,
                       const struct weft_scope **out, struct weft_err *err)
{
    const void *address = scope;
    const struct weft_resource *resource;
    const uint64_t *known = weft_map_get(&share->by_address, address_key(&address));
    int rc;

    if (known != NULL) {
        *out = (const struct weft_scope *)(uintptr_t)*known;
        return WEFT_OK;
    }
    if ((rc = resource_share(share, scope->resource, &resource, err)) < 0) return rc;
    const void *resource_address = resource;
    weft_buf_reset(&share->scratch);
    weft_buf_append_byte(&share->scratch, 's');
    weft_buf_append(&share->scratch, &resource_address, sizeof resource_address);
    size_t prefix = share->scratch.len;
    weft_otlp_encode_scope(&share->scratch, scope);
    struct weft_str content = weft_buf_str(&share->scratch);
    known = weft_map_get(&share->by_content, content);
    if (known == NULL) {
        struct weft_scope *copy = weft_arena_alloc_zero(share->arena, sizeof *copy);
        struct weft_str bytes = weft_arena_copy(share->arena, weft_str_tail(content, prefix));
        if ((rc = weft_otlp_decode_scope(copy, bytes, share->arena, err)) < 0) return rc;
        copy->resource = resource;
        known = weft_map_put(&share->by_content, content, (uintptr_t)copy, NULL);
    }
    *out = (const struct weft_scope *)(uintptr_t)*known;
    weft_map_put(&share->by_address, address_key(&address), (uintptr_t)*out, NULL);
    return WEFT_OK;
}

static void share_init(struct share *share, struct weft_arena *arena)
{
    *share = (struct share){ .arena = arena };
}

static void share_release(struct share *share)
{
    weft_map_release(&share->by_address);
    weft_map_release(&share->by_content);
    weft_buf_release(&share->scratch);
}

/* ---- copying spans ---- */

static bool has_bytes(const struct weft_attribute *a)
{
    return a->type == WEFT_VALUE_STRING || a->type == WEFT_VALUE_BYTES ||
           a->type == WEFT_VALUE_ARRAY || a->type == WEFT_VALUE_KVLIST;
}

static void attributes_copy(struct weft_attributes *attributes, struct weft_arena *arena)
{
    if (attributes->count == 0) return;
    struct weft_attribute *items = weft_arena_alloc_array(arena, attributes->count, sizeof *items);
    for (uint32_t i = 0; i < attributes->count; i++) {
        items[i] = attributes->items[i];
        items[i].key = weft_arena_copy(arena, weft_attribute_key(&items[i])).ptr;
        if (has_bytes(&items[i]))
            items[i].ptr =
                weft_arena_copy(arena, weft_str_make(items[i].ptr, items[i].value_len)).ptr;
    }
    attributes->items = items;
}

static void span_copy(struct weft_span *out, const struct weft_span *span,
                      const struct weft_scope *scope, struct weft_arena *arena)
{
    *out = *span;
    out->scope = scope;
    out->name = weft_arena_copy(arena, span->name);
    out->trace_state = weft_arena_copy(arena, span->trace_state);
    out->status_message = weft_arena_copy(arena, span->status_message);
    attributes_copy(&out->attributes, arena);
    if (span->event_count > 0) {
        struct weft_event *events =
            weft_arena_alloc_array(arena, span->event_count, sizeof *events);
        for (uint32_t i = 0; i < span->event_count; i++) {
            events[i] = span->events[i];
            events[i].name = weft_arena_copy(arena, span->events[i].name);
            attributes_copy(&events[i].attributes, arena);
        }
        out->events = events;
    }
    if (span->link_count > 0) {
        struct weft_link *links = weft_arena_alloc_array(arena, span->link_count, sizeof *links);
        for (uint32_t i = 0; i < span->link_count; i++) {
            links[i] = span->links[i];
            links[i].trace_state = weft_arena_copy(arena, span->links[i].trace_state);
            attributes_copy(&links[i].attributes, arena);
        }
        out->links = links;
    }
}

int weft_batch_copy(const struct weft_batch *from, struct weft_batch *out, struct weft_err *err)
{
    struct share share;
    int rc = WEFT_OK;

    share_init(&share, out->arena);
    weft_batch_reserve(out, from->span_count);
    for (uint32_t i = 0; i < from->span_count && rc == WEFT_OK; i++) {
        const struct weft_scope *scope;
        if ((rc = scope_share(&share, from->spans[i].scope, &scope, err)) < 0) break;
        span_copy(weft_batch_add(out), &from->spans[i], scope, out->arena);
    }
    share_release(&share);
    return rc;
}

/* ---- duplicates ---- */

static int attribute_compare(const void *a, const void *b)
{
    const struct weft_attribute *x = *(const struct weft_attribute *const *)a;
    const struct weft_attribute *y = *(const struct weft_attribute *const *)b;
    int order = weft_str_compare(weft_attribute_key(x), weft_attribute_key(y));
    if (order != 0) return order;
    return (x > y) - (x < y); /* of one array: those of one key keep their order */
}

static void attributes_sort(struct weft_attributes *attributes, struct weft_arena *arena)
{
    uint32_t count = attributes->count;
    if (count < 2) return;
    const struct weft_attribute **order = weft_arena_alloc_array(arena, count, sizeof *order);
    struct weft_attribute *sorted = weft_arena_alloc_array(arena, count, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) order[i] = &attributes->items[i];
    qsort(order, count, sizeof *order, attribute_compare);
    for (uint32_t i = 0; i < count; i++) sorted[i] = *order[i];
    attributes->items = sorted;
}

struct weft_str weft_span_canonical(const struct weft_span *span, struct weft_arena *arena)
{
    static const struct weft_resource no_resource;
    static const struct weft_scope nothing = { .resource = &no_resource };
    struct weft_span copy = *span;
    struct weft_buf bytes = { 0 };

    attributes_sort(&copy.attributes, arena);
    struct weft_event *events =
        weft_arena_alloc_array(arena, span->event_count + 1, sizeof *events);
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i] = span->events[i];
        attributes_sort(&events[i].attributes, arena);
    }
    struct weft_link *links = weft_arena_alloc_array(arena, span->link_count + 1, sizeof *links);
    for (uint32_t i = 0; i < span->link_count; i++) {
        links[i] = span->links[i];
        attributes_sort(&links[i].attributes, arena);
    }
    copy.events = events;
    copy.links = links;
    copy.scope =
        &nothing; /* its own order of keys would come along; the canonical forms stand in front */
    weft_otlp_encode_resource(&bytes, span->scope->resource);
    weft_otlp_encode_scope(&bytes, span->scope);
    weft_otlp_encode_protobuf(
        &bytes, &(struct weft_batch){
                    .arena = arena, .spans = &copy, .span_count = 1, .span_capacity = 1 });
    struct weft_str out = weft_arena_copy(arena, weft_buf_str(&bytes));
    weft_buf_release(&bytes);
    return out;
}

struct candidate {
    const struct weft_span *span;
    struct weft_str canonical; /* empty: nobody else has its start and id */
    bool is_duplicate;
};

static int place_compare(const struct candidate *x, const struct candidate *y)
{
    uint64_t a = x->span->start_time_unix_nano, b = y->span->start_time_unix_nano;
    if (a != b) return a < b ? -1 : 1;
    return memcmp(&x->span->span_id, &y->span->span_id, sizeof x->span->span_id);
}

static int candidate_compare(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    int order = place_compare(x, y);
    return order != 0 ? order : weft_str_compare(x->canonical, y->canonical);
}

/* Sorted by place already: sort those of one place by their contents, and mark the repeated. */
static void duplicates_mark(struct candidate *candidates, uint32_t count, struct weft_arena *arena)
{
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1;
             end < count && place_compare(&candidates[first], &candidates[end]) == 0;)
            end++;
        if (end - first < 2) continue;
        for (uint32_t i = first; i < end; i++)
            candidates[i].canonical = weft_span_canonical(candidates[i].span, arena);
        qsort(&candidates[first], end - first, sizeof *candidates, candidate_compare);
        for (uint32_t i = first + 1; i < end; i++)
            candidates[i].is_duplicate =
                weft_str_equal(candidates[i].canonical, candidates[i - 1].canonical);
    }
}

int weft_trace_join(const struct weft_batch *parts, struct weft_batch *out, struct weft_err *err)
{
    struct weft_arena scratch;
    struct share share;
    int rc = WEFT_OK;

    weft_arena_init(&scratch, 0);
    share_init(&share, out->arena);
    struct candidate *candidates =
        weft_arena_alloc_array(&scratch, parts->span_count, sizeof *candidates);
    for (uint32_t i = 0; i < parts->span_count; i++) candidates[i].span = &parts->spans[i];
    if (parts->span_count > 1)
        qsort(candidates, parts->span_count, sizeof *candidates, candidate_compare);
    duplicates_mark(candidates, parts->span_count, &scratch);
    weft_batch_reserve(out, parts->span_count);
    for (uint32_t i = 0; i < parts->span_count && rc == WEFT_OK; i++) {
        const struct weft_scope *scope;
        if (candidates[i].is_duplicate) continue;
        if ((rc = scope_share(&share, candidates[i].span->scope, &scope, err)) == WEFT_OK)
            span_copy(weft_batch_add(out), candidates[i].span, scope, out->arena);
    }
    share_release(&share);
    weft_arena_release(&scratch);
    return rc;
}
