/* search_top.c -- the best `limit` of a stream of hits: a binary heap whose worst entry is on top,
 * ready to be pushed out. */
#include "model/search.h"

void weft_top_init(struct weft_top *top, const struct weft_search *search, struct weft_arena *arena)
{
    *top = (struct weft_top){
        .heap = weft_arena_alloc(arena, (size_t)search->limit * sizeof *top->heap),
        .limit = search->limit,
        .order = search->order,
        .after = search->has_after ? &search->after : NULL,
    };
}

static bool is_worse(const struct weft_top *top, const struct weft_top_entry *a,
                     const struct weft_top_entry *b)
{
    int c = weft_search_position_compare(top->order, &a->position, &b->position);
    return c != 0 ? c > 0 : a->row > b->row;
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
    if (top->count < top->limit) {
        top->heap[top->count++] = entry;
        sift_up(top, top->count - 1);
        return true;
    }
    top->overflowed = true;
    if (top->limit == 0 || !is_worse(top, &top->heap[0], &entry)) return false;
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
