/* trace_join.c -- sort, drop duplicates, share resources and scopes; see trace_join.h. */
#include "store/trace_join.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
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

/* ---- texts and lists of the answer ---- */

/* Keys, names and many values repeat from span to span. What is long or was not seen lately is copied again: this saves memory, it
 * promises nothing. */
#define WORDS 4096
#define WORD_BYTES_MAX 64
#define WORDS_FROM_SPANS 256 /* below, there is little to save */

struct copying {
    struct weft_arena *arena;
    struct weft_str *words; /* WORDS of them, each at its hash; or NULL */
};

static void copying_init(struct copying *c, struct weft_arena *arena, uint32_t span_count)
{
    *c = (struct copying){ .arena = arena };
    if (span_count >= WORDS_FROM_SPANS) c->words = weft_alloc_array(WORDS, sizeof *c->words);
}

static void copying_release(struct copying *c)
{
    weft_free(c->words);
}

static struct weft_str text_copy(struct copying *c, struct weft_str text)
{
    if (c->words == NULL || text.len == 0 || text.len > WORD_BYTES_MAX)
        return weft_arena_copy(c->arena, text);
    uint64_t hash = weft_hash_seeded(text.ptr, text.len, weft_hash_process_seed());
    struct weft_str *word = &c->words[hash % WORDS];
    if (!weft_str_equal(*word, text)) *word = weft_arena_copy(c->arena, text);
    return *word;
}

static bool has_bytes(const struct weft_attribute *a)
{
    return a->type == WEFT_VALUE_STRING || a->type == WEFT_VALUE_BYTES ||
           a->type == WEFT_VALUE_ARRAY || a->type == WEFT_VALUE_KVLIST;
}

/* The lists are the batch's own already: what they point at is copied. */
static void attributes_own(struct copying *c, const struct weft_attributes *attributes)
{
    struct weft_attribute *items = (struct weft_attribute *)(uintptr_t)attributes->items;
    for (uint32_t i = 0; i < attributes->count; i++) {
        items[i].key = text_copy(c, weft_attribute_key(&items[i])).ptr;
        if (has_bytes(&items[i]))
            items[i].ptr = text_copy(c, weft_str_make(items[i].ptr, items[i].value_len)).ptr;
    }
}

static void span_own(struct copying *c, struct weft_span *span)
{
    struct weft_event *events = (struct weft_event *)(uintptr_t)span->events;
    struct weft_link *links = (struct weft_link *)(uintptr_t)span->links;
    span->name = text_copy(c, span->name);
    span->trace_state = text_copy(c, span->trace_state);
    span->status_message = text_copy(c, span->status_message);
    attributes_own(c, &span->attributes);
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i].name = text_copy(c, events[i].name);
        attributes_own(c, &events[i].attributes);
    }
    for (uint32_t i = 0; i < span->link_count; i++) {
        links[i].trace_state = text_copy(c, links[i].trace_state);
        attributes_own(c, &links[i].attributes);
    }
}

static const void *list_copy(struct copying *c, const void *list, size_t count, size_t size)
{
    return count > 0 ? memcpy(weft_arena_alloc(c->arena, count * size), list, count * size) : NULL;
}

static void items_copy(struct copying *c, struct weft_attributes *attributes)
{
    attributes->items =
        list_copy(c, attributes->items, attributes->count, sizeof *attributes->items);
}

static void span_copy(struct copying *c, struct weft_span *out, const struct weft_span *span,
                      const struct weft_scope *scope)
{
    *out = *span;
    out->scope = scope;
    items_copy(c, &out->attributes);
    struct weft_event *events = (struct weft_event *)(uintptr_t)list_copy(
        c, span->events, span->event_count, sizeof *span->events);
    struct weft_link *links = (struct weft_link *)(uintptr_t)list_copy(
        c, span->links, span->link_count, sizeof *span->links);
    for (uint32_t i = 0; i < span->event_count; i++) items_copy(c, &events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++) items_copy(c, &links[i].attributes);
    out->events = events;
    out->links = links;
    span_own(c, out);
}

int weft_batch_copy(const struct weft_batch *from, struct weft_batch *out, struct weft_err *err)
{
    struct share share;
    struct copying copying;
    int rc = WEFT_OK;

    share_init(&share, out->arena);
    copying_init(&copying, out->arena, from->span_count);
    weft_batch_reserve(out, from->span_count);
    for (uint32_t i = 0; i < from->span_count && rc == WEFT_OK; i++) {
        const struct weft_scope *scope;
        if ((rc = scope_share(&share, from->spans[i].scope, &scope, err)) < 0) break;
        span_copy(&copying, weft_batch_add(out), &from->spans[i], scope);
    }
    copying_release(&copying);
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

/* Bring the spans into the order of the candidates, in place; duplicates come last. Returns how many are none. */
static uint32_t spans_order(struct weft_batch *trace, const struct candidate *candidates,
                            uint32_t *from)
{
    uint32_t kept = 0, last = trace->span_count;
    struct weft_span *spans = trace->spans;

    for (uint32_t i = 0; i < trace->span_count; i++) {
        uint32_t index = (uint32_t)(candidates[i].span - spans);
        if (candidates[i].is_duplicate)
            from[--last] = index;
        else
            from[kept++] = index;
    }
    for (uint32_t i = 0; i < trace->span_count; i++) { /* each circle of moves once */
        struct weft_span first = spans[i];
        uint32_t at = i;
        for (uint32_t next = from[at]; next != i; next = from[at]) {
            spans[at] = spans[next];
            from[at] = at;
            at = next;
        }
        spans[at] = first;
        from[at] = at;
    }
    return kept;
}

static void trace_sort(struct weft_batch *trace)
{
    struct weft_arena scratch;
    uint32_t count = trace->span_count;

    weft_arena_init(&scratch, 0);
    struct candidate *candidates = weft_arena_alloc_array(&scratch, count, sizeof *candidates);
    uint32_t *from = weft_arena_alloc_array(&scratch, count, sizeof *from);
    for (uint32_t i = 0; i < count; i++) candidates[i].span = &trace->spans[i];
    if (count > 1) qsort(candidates, count, sizeof *candidates, candidate_compare);
    duplicates_mark(candidates, count, &scratch);
    trace->span_count = spans_order(trace, candidates, from);
    weft_arena_release(&scratch);
}

int weft_trace_join(struct weft_batch *trace, bool *is_cut, struct weft_err *err)
{
    struct share share;
    struct copying copying;
    int rc = WEFT_OK;

    trace_sort(trace);
    *is_cut = trace->spans_max > 0 && trace->span_count > trace->spans_max;
    if (*is_cut) trace->span_count = trace->spans_max;
    share_init(&share, trace->arena);
    copying_init(&copying, trace->arena, trace->span_count);
    for (uint32_t i = 0; i < trace->span_count && rc == WEFT_OK; i++) {
        struct weft_span *span = &trace->spans[i];
        if ((rc = scope_share(&share, span->scope, &span->scope, err)) == WEFT_OK)
            span_own(&copying, span);
    }
    copying_release(&copying);
    share_release(&share);
    return rc;
}
