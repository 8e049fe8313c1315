/* span_top.c -- see span_top.h: a binary heap of entries, and a hash table beside it that tells what is in it already. */
#include "query/span_top.h"
#include "base/hash.h"

#define TEXT_BYTES_SPARE (1u << 20) /* of texts that nobody needs any more */

/* ---- positions ---- */

struct weft_search_position weft_search_position_of(const struct weft_span *span)
{
    return (struct weft_search_position){
        .start_time_unix_nano = span->start_time_unix_nano,
        .duration_ns = weft_span_duration_ns(span),
        .trace_id = span->trace_id,
        .span_id = span->span_id,
        .kind = span->kind,
    };
}

struct weft_hit weft_hit_of(const struct weft_span *span)
{
    return (struct weft_hit){
        .position = weft_search_position_of(span),
        .parent_span_id = span->parent_span_id,
        .service_name = span->scope->resource->service_name,
        .name = span->name,
        .status_code = span->status_code,
    };
}

static int compare_descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

int weft_search_position_compare(enum weft_order order, const struct weft_search_position *a,
                                 const struct weft_search_position *b)
{
    int c = 0;
    if (order == WEFT_ORDER_SLOWEST) c = compare_descending(a->duration_ns, b->duration_ns);
    if (c == 0) c = compare_descending(a->start_time_unix_nano, b->start_time_unix_nano);
    if (c == 0) c = memcmp(a->trace_id.bytes, b->trace_id.bytes, sizeof a->trace_id.bytes);
    if (c == 0) c = memcmp(a->span_id.bytes, b->span_id.bytes, sizeof a->span_id.bytes);
    if (c == 0) c = (int)a->kind - (int)b->kind;
    return c;
}

/* ---- what is known ---- */

static bool is_same(const struct weft_top *top, const struct weft_search_position *a,
                    const struct weft_search_position *b)
{
    if (top->is_once_per_trace) return memcmp(&a->trace_id, &b->trace_id, sizeof a->trace_id) == 0;
    return weft_search_position_compare(top->order, a, b) == 0;
}

static uint32_t known_home(const struct weft_top *top, const struct weft_search_position *p)
{
    uint64_t high, low, span = 0, start = 0;

    memcpy(&high, p->trace_id.bytes, 8);
    memcpy(&low, p->trace_id.bytes + 8, 8);
    if (!top->is_once_per_trace) {
        memcpy(&span, &p->span_id, 8);
        start = p->start_time_unix_nano;
    }
    uint64_t mixed = weft_hash_u64(high ^ weft_hash_u64(low ^ weft_hash_process_seed()));
    return (uint32_t)weft_hash_u64(mixed ^ start ^ weft_hash_u64(span + mixed)) & top->known_mask;
}

static const struct weft_search_position *known_at(const struct weft_top *top, uint32_t slot)
{
    return &top->entries[top->known[slot] - 1].hit.position;
}

/* Where it stands, or the empty place where it would. */
static uint32_t known_find(const struct weft_top *top, const struct weft_search_position *p)
{
    uint32_t at = known_home(top, p);

    while (top->known[at] != 0 && !is_same(top, known_at(top, at), p))
        at = (at + 1) & top->known_mask;
    return at;
}

/* Those behind it move up, so that no search ends at the hole too early. */
static void known_remove(struct weft_top *top, const struct weft_search_position *p)
{
    uint32_t hole = known_find(top, p);

    for (uint32_t at = (hole + 1) & top->known_mask; top->known[at] != 0;
         at = (at + 1) & top->known_mask) {
        uint32_t home = known_home(top, known_at(top, at));
        if (((at - home) & top->known_mask) < ((at - hole) & top->known_mask)) continue;
        top->known[hole] = top->known[at];
        hole = at;
    }
    top->known[hole] = 0;
}

/* ---- the heap ---- */

void weft_top_init(struct weft_top *top, uint32_t limit, struct weft_arena *arena)
{
    uint32_t slots = 16;

    while (slots / 2 < limit && slots < 1u << 31) slots *= 2;
    *top = (struct weft_top){
        .entries = weft_arena_alloc_array(arena, limit, sizeof *top->entries),
        .heap = weft_arena_alloc_array(arena, limit, sizeof *top->heap),
        .limit = limit,
        .known = weft_arena_alloc_array(arena, slots, sizeof *top->known),
        .known_mask = slots - 1,
    };
    weft_arena_init(&top->texts, 0);
}

void weft_top_release(struct weft_top *top)
{
    weft_arena_release(&top->texts);
}

static bool is_worse(const struct weft_top *top, uint32_t a, uint32_t b)
{
    return weft_search_position_compare(top->order, &top->entries[a].hit.position,
                                        &top->entries[b].hit.position) > 0;
}

static void put(struct weft_top *top, uint32_t place, uint32_t entry)
{
    top->heap[place] = entry;
    top->entries[entry].place = place;
}

static void sift_up(struct weft_top *top, uint32_t i)
{
    uint32_t entry = top->heap[i];

    while (i > 0 && is_worse(top, entry, top->heap[(i - 1) / 2])) {
        put(top, i, top->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(top, i, entry);
}

static void sift_down(struct weft_top *top, uint32_t i, uint32_t count)
{
    uint32_t entry = top->heap[i];

    for (;;) {
        uint64_t child = 2 * (uint64_t)i + 1;
        if (child >= count) break;
        if (child + 1 < count && is_worse(top, top->heap[child + 1], top->heap[child])) child++;
        if (!is_worse(top, top->heap[child], entry)) break;
        put(top, i, top->heap[child]);
        i = (uint32_t)child;
    }
    put(top, i, entry);
}

/* ---- texts ---- */

static void texts_copy(struct weft_hit *hit, struct weft_arena *arena)
{
    hit->name = weft_arena_copy(arena, hit->name);
    hit->service_name = weft_arena_copy(arena, hit->service_name);
}

/* Where each one is better than the last, texts of those pushed out would pile up. */
static void texts_trim(struct weft_top *top)
{
    size_t bytes = 0;
    struct weft_arena texts;

    if (top->texts.total_bytes < TEXT_BYTES_SPARE) return;
    for (uint32_t i = 0; i < top->count; i++)
        bytes += top->entries[i].hit.name.len + top->entries[i].hit.service_name.len;
    if (top->texts.total_bytes < TEXT_BYTES_SPARE + 2 * bytes) return;
    weft_arena_init(&texts, 0);
    for (uint32_t i = 0; i < top->count; i++) texts_copy(&top->entries[i].hit, &texts);
    weft_arena_release(&top->texts);
    top->texts = texts;
}

/* ---- coming and going ---- */

static const struct weft_search_position *worst(const struct weft_top *top)
{
    return &top->entries[top->heap[0]].hit.position;
}

bool weft_top_admits(const struct weft_top *top, const struct weft_search_position *position)
{
    if (top->after != NULL && weft_search_position_compare(top->order, position, top->after) <= 0)
        return false;
    return top->count < top->limit ||
           weft_search_position_compare(top->order, position, worst(top)) < 0;
}

static void bound_raise(struct weft_top *top)
{
    if (top->count < top->limit) return;
    top->bound = top->order == WEFT_ORDER_NEWEST ? worst(top)->start_time_unix_nano
                                                 : worst(top)->duration_ns;
    top->start_bound = worst(top)->start_time_unix_nano;
}

/* The trace has a better one now: that moves away from the top. */
static void entry_better(struct weft_top *top, uint32_t entry, const struct weft_hit *hit)
{
    struct weft_top_entry *e = &top->entries[entry];

    if (weft_search_position_compare(top->order, &hit->position, &e->hit.position) >= 0) return;
    e->hit = *hit;
    texts_copy(&e->hit, &top->texts);
    sift_down(top, e->place, top->count);
}

void weft_top_offer(struct weft_top *top, const struct weft_hit *hit)
{
    uint32_t entry = top->count;

    if (!weft_top_admits(top, &hit->position)) return;
    uint32_t slot = known_find(top, &hit->position);
    if (top->known[slot] != 0) {
        entry_better(top, top->known[slot] - 1, hit);
        bound_raise(top);
        return;
    }
    if (top->count == top->limit) {
        entry = top->heap[0];
        known_remove(top, worst(top));
        slot = known_find(top, &hit->position);
    }
    top->entries[entry].hit = *hit;
    texts_copy(&top->entries[entry].hit, &top->texts);
    top->known[slot] = entry + 1;
    if (top->count < top->limit) {
        put(top, top->count++, entry);
        sift_up(top, top->count - 1);
    } else {
        sift_down(top, 0, top->count);
    }
    bound_raise(top);
    texts_trim(top);
}

struct weft_hit *weft_top_finish(struct weft_top *top, struct weft_arena *arena)
{
    struct weft_hit *hits = weft_arena_alloc_array(arena, top->count, sizeof *hits);

    while (top->count > 0) {
        hits[--top->count] = top->entries[top->heap[0]].hit;
        texts_copy(&hits[top->count], arena);
        put(top, 0, top->heap[top->count]);
        sift_down(top, 0, top->count);
    }
    return hits;
}
