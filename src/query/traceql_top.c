/* traceql_top.c -- a heap of answers (traceql_top.h). */
#include "query/traceql_top.h"
#include <stdlib.h>

/* ---- The heap ---- */

static bool is_later(const struct weft_traceql_top *top, uint32_t a, uint32_t b)
{
    return weft_traceql_cursor_compare(top->order, &top->items[a]->key, &top->items[b]->key) > 0;
}

static void swap(struct weft_traceql_top *top, uint32_t a, uint32_t b)
{
    struct weft_traceql_top_item *moved = top->items[a];

    top->items[a] = top->items[b];
    top->items[b] = moved;
    top->items[a]->place = a;
    top->items[b]->place = b;
}

static void sift_up(struct weft_traceql_top *top, uint32_t at)
{
    for (uint32_t above; at > 0; at = above) {
        above = (at - 1) / 2;
        if (!is_later(top, at, above)) return;
        swap(top, at, above);
    }
}

static void sift_down(struct weft_traceql_top *top, uint32_t at)
{
    for (;;) {
        uint32_t latest = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < top->count; child++)
            if (is_later(top, child, latest)) latest = child;
        if (latest == at) return;
        swap(top, at, latest);
        at = latest;
    }
}

/* ---- Items ---- */

struct weft_traceql_top_item *weft_traceql_top_item_create(const struct weft_traceql_cursor *key,
                                                           const struct weft_traceql_tuple *tuple,
                                                           struct weft_found_record *record)
{
    struct weft_traceql_top_item *item = weft_alloc_zero(sizeof *item);

    *item = (struct weft_traceql_top_item){ .key = *key, .tuple = *tuple, .record = record };
    weft_arena_init(&item->arena, 512); /* many are kept, and most are small */
    if (key->value.type == WEFT_TRACEQL_STRING)
        item->key.value.text = weft_arena_copy(&item->arena, key->value.text);
    record->users++;
    return item;
}

static uint64_t record_bytes(const struct weft_found_record *record)
{
    return record->arena.total_bytes + sizeof *record;
}

void weft_traceql_top_record_leave(struct weft_traceql_top *top, struct weft_found_record *record)
{
    if (--record->users > 0) return;
    if (record->is_counted) top->kept_bytes -= record_bytes(record);
    weft_arena_release(&record->arena);
    weft_free(record);
}

static void item_destroy(struct weft_traceql_top *top, struct weft_traceql_top_item *item)
{
    top->kept_bytes -= item->arena.total_bytes + sizeof *item;
    weft_traceql_top_record_leave(top, item->record);
    weft_arena_release(&item->arena);
    weft_free(item);
}

/* ---- Tuples ---- */

static struct weft_str tuple_key(const struct weft_traceql_tuple *tuple)
{
    return weft_str_make((const char *)tuple->bytes, sizeof tuple->bytes);
}

static struct weft_traceql_top_item *item_of(const struct weft_traceql_top *top,
                                             const struct weft_traceql_tuple *tuple)
{
    uint64_t *item = top->is_distinct ? weft_map_get(&top->tuples, tuple_key(tuple)) : NULL;
    return item != NULL ? (struct weft_traceql_top_item *)(uintptr_t)*item : NULL;
}

static void tuple_set(struct weft_traceql_top *top, const struct weft_traceql_tuple *tuple,
                      const struct weft_traceql_top_item *item)
{
    if (top->is_distinct)
        *weft_map_put(&top->tuples, tuple_key(tuple), 0, NULL) = (uint64_t)(uintptr_t)item;
}

/* Forgets those that are gone when they are the most. */
static void tuples_clean(struct weft_traceql_top *top)
{
    if (top->tuples.count < 1024 + 2 * (size_t)top->count) return;
    weft_map_reset(&top->tuples);
    for (uint32_t i = 0; i < top->count; i++) tuple_set(top, &top->items[i]->tuple, top->items[i]);
}

/* ---- Coming and going ---- */

static void last_drop(struct weft_traceql_top *top)
{
    struct weft_traceql_top_item *last = top->items[0];

    top->items[0] = top->items[--top->count];
    top->items[0]->place = 0;
    sift_down(top, 0);
    tuple_set(top, &last->tuple, NULL);
    item_destroy(top, last);
    top->has_more = true;
}

bool weft_traceql_top_admits(struct weft_traceql_top *top, const struct weft_traceql_cursor *key,
                             const struct weft_traceql_tuple *tuple)
{
    const struct weft_traceql_top_item *old = item_of(top, tuple);

    if (old != NULL) return weft_traceql_cursor_compare(top->order, key, &old->key) < 0;
    if (top->count < top->count_max) return true;
    bool fits =
        top->count > 0 && weft_traceql_cursor_compare(top->order, key, &top->items[0]->key) < 0;
    if (!fits) top->has_more = true;
    return fits;
}

/* The new one stands before the old one, so only that which was behind it can move up. */
static void replace(struct weft_traceql_top *top, struct weft_traceql_top_item *old,
                    struct weft_traceql_top_item *item)
{
    item->place = old->place;
    top->items[item->place] = item;
    item_destroy(top, old);
    sift_down(top, item->place);
}

static void add(struct weft_traceql_top *top, struct weft_traceql_top_item *item)
{
    if (top->count == top->capacity) {
        top->capacity = top->capacity == 0 ? 64 : 2 * top->capacity;
        top->items = weft_realloc_array(top->items, top->capacity, sizeof *top->items);
    }
    item->place = top->count;
    top->items[top->count++] = item;
    sift_up(top, item->place);
}

void weft_traceql_top_put(struct weft_traceql_top *top, struct weft_traceql_top_item *item)
{
    struct weft_traceql_top_item *old = item_of(top, &item->tuple);

    top->kept_bytes += item->arena.total_bytes + sizeof *item;
    if (!item->record->is_counted) top->kept_bytes += record_bytes(item->record);
    item->record->is_counted = true;
    if (old != NULL)
        replace(top, old, item);
    else
        add(top, item);
    tuple_set(top, &item->tuple, item);
    if (top->count > top->count_max) last_drop(top);
    while (top->bytes_max != 0 && top->kept_bytes > top->bytes_max && top->count > 1) {
        top->is_memory_limited = true;
        last_drop(top);
        top->count_max = top->count;
    }
    tuples_clean(top);
}

const struct weft_traceql_top_item *weft_traceql_top_last(const struct weft_traceql_top *top)
{
    return top->count > 0 && top->count >= top->count_max && top->has_more ? top->items[0] : NULL;
}

void weft_traceql_top_cut(struct weft_traceql_top *top, uint64_t start_ns)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < top->count; i++) {
        struct weft_traceql_top_item *item = top->items[i];
        if (item->record->trace.start_time_unix_nano >= start_ns) {
            item->place = kept;
            top->items[kept++] = item;
        } else {
            tuple_set(top, &item->tuple, NULL);
            item_destroy(top, item);
        }
    }
    top->count = kept;
    for (uint32_t i = kept / 2; i > 0; i--) sift_down(top, i - 1);
}

/* A heap with the last on top, taken down one by one. */
void weft_traceql_top_sort(struct weft_traceql_top *top)
{
    uint32_t count = top->count;

    while (top->count > 1) {
        swap(top, 0, --top->count);
        sift_down(top, 0);
    }
    top->count = count;
}

void weft_traceql_top_release(struct weft_traceql_top *top)
{
    for (uint32_t i = 0; i < top->count; i++) item_destroy(top, top->items[i]);
    weft_free(top->items);
    weft_map_release(&top->tuples);
}
