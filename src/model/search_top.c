/* search_top.c -- the best `limit` of a stream of hits: a binary heap whose worst entry is on top,
 * ready to be pushed out. A hash table beside it tells positions that are in it already: the same span
 * received a hundred thousand times takes one place. */
#include "base/hash.h"
#include "model/search.h"

#define NOBODY 255 /* as a kind */

/* ---- positions in the heap ---- */

static uint32_t slots_for(uint32_t limit)
{
    uint32_t slots = 16;

    while (slots / 2 < limit && slots < 1u << 31) slots *= 2;
    return slots;
}

static uint32_t known_home(const struct weft_top *top, const struct weft_search_position *p)
{
    uint64_t id, span;

    memcpy(&id, p->trace_id.bytes + 8, 8);
    memcpy(&span, &p->span_id, 8);
    uint64_t mixed = weft_hash_u64(p->start_time_unix_nano ^ weft_hash_process_seed());
    return (uint32_t)weft_hash_u64(mixed ^ id ^ weft_hash_u64(span + mixed)) & top->known_mask;
}

/* Where it stands, or the empty place where it would. */
static uint32_t known_find(const struct weft_top *top, const struct weft_search_position *p)
{
    uint32_t at = known_home(top, p);

    while (top->known[at].kind != NOBODY &&
           weft_search_position_compare(top->order, &top->known[at], p) != 0)
        at = (at + 1) & top->known_mask;
    return at;
}

/* Those behind it move up, so that no search ends at the hole too early. */
static void known_remove(struct weft_top *top, const struct weft_search_position *p)
{
    uint32_t hole = known_find(top, p);

    for (uint32_t at = (hole + 1) & top->known_mask; top->known[at].kind != NOBODY;
         at = (at + 1) & top->known_mask) {
        uint32_t home = known_home(top, &top->known[at]);
        if (((at - home) & top->known_mask) < ((at - hole) & top->known_mask)) continue;
        top->known[hole] = top->known[at];
        hole = at;
    }
    top->known[hole].kind = NOBODY;
}

/* ---- the heap ---- */

void weft_top_init(struct weft_top *top, const struct weft_search *search, struct weft_arena *arena)
{
    uint32_t slots = slots_for(search->limit);

    *top = (struct weft_top){
        .heap = weft_arena_alloc(arena, (size_t)search->limit * sizeof *top->heap),
        .limit = search->limit,
        .order = search->order,
        .after = search->has_after ? &search->after : NULL,
        .known = weft_arena_alloc(arena, (size_t)slots * sizeof *top->known),
        .known_mask = slots - 1,
    };
    for (uint32_t i = 0; i < slots; i++) top->known[i].kind = NOBODY;
}

static bool is_worse(const struct weft_top *top, const struct weft_top_entry *a,
                     const struct weft_top_entry *b)
{
    return weft_search_position_compare(top->order, &a->position, &b->position) > 0;
}

static void sift_up(struct weft_top *top, uint32_t i)
{
    struct weft_top_entry entry = top->heap[i];
    while (i > 0 && is_worse(top, &entry, &top->heap[(i - 1) / 2])) {
        top->heap[i] = top->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    top->heap[i] = entry;
}

/* Put `entry` where the hole at i, among the first `count`, sinks to. */
static void sift_down(struct weft_top *top, uint32_t i, uint32_t count, struct weft_top_entry entry)
{
    for (;;) {
        uint64_t child = 2 * (uint64_t)i + 1;
        if (child >= count) break;
        if (child + 1 < count && is_worse(top, &top->heap[child + 1], &top->heap[child])) child++;
        if (!is_worse(top, &top->heap[child], &entry)) break;
        top->heap[i] = top->heap[child];
        i = (uint32_t)child;
    }
    top->heap[i] = entry;
}

bool weft_top_offer(struct weft_top *top, const struct weft_search_position *position, uint64_t row)
{
    if (top->after != NULL && weft_search_position_compare(top->order, position, top->after) <= 0)
        return false;
    struct weft_top_entry entry = { *position, row };
    bool is_full = top->count == top->limit;
    if (is_full && !is_worse(top, &top->heap[0], &entry)) {
        top->overflowed |=
            weft_search_position_compare(top->order, &top->heap[0].position, position) != 0;
        return false;
    }
    uint32_t slot = known_find(top, position);
    if (top->known[slot].kind != NOBODY) return false;
    top->known[slot] = *position;
    if (!is_full) {
        top->heap[top->count++] = entry;
        sift_up(top, top->count - 1);
        return true;
    }
    top->overflowed = true;
    known_remove(top, &top->heap[0].position);
    sift_down(top, 0, top->count, entry);
    return true;
}

void weft_top_finish(struct weft_top *top)
{
    for (uint32_t count = top->count; count > 1; count--) {
        struct weft_top_entry worst = top->heap[0], last = top->heap[count - 1];
        sift_down(top, 0, count - 1, last);
        top->heap[count - 1] = worst;
    }
}
