/* store_costs.c -- see store_costs.h. */
#include "store/store_costs.h"
#include "base/alloc.h"
#include "base/map.h"
#include <stdlib.h>

struct weft_store_costs {
    struct weft_str by;
    struct weft_map key_places, share_places;
    struct weft_arena names;
    struct weft_store_key_cost *keys;
    struct weft_store_share *shares;
    uint32_t key_count, share_count;
};

struct weft_store_costs *weft_store_costs_create(const char *by)
{
    struct weft_store_costs *costs = weft_alloc_zero(sizeof *costs);

    costs->by = weft_str_from_c(by);
    weft_arena_init(&costs->names, 0);
    return costs;
}

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

static void run_add(void *arg, struct weft_str key, unsigned encoding, uint64_t bytes,
                    uint64_t values, uint64_t distinct)
{
    struct weft_store_costs *costs = arg;
    bool is_new;
    uint64_t place = *weft_map_put(&costs->key_places, key, costs->key_count, &is_new);

    if (is_new) {
        if (is_power_of_two(costs->key_count))
            costs->keys = weft_realloc_array(costs->keys, (size_t)costs->key_count * 2 + 1,
                                             sizeof *costs->keys);
        costs->keys[costs->key_count++] =
            (struct weft_store_key_cost){ .key = weft_arena_copy_c(&costs->names, key) };
    }
    struct weft_store_key_cost *cost = &costs->keys[place];
    cost->bytes += bytes;
    cost->values += values;
    if (distinct > cost->distinct_max) cost->distinct_max = distinct;
    if (encoding < sizeof cost->runs_by_encoding / sizeof cost->runs_by_encoding[0])
        cost->runs_by_encoding[encoding]++;
}

static void share_add(void *arg, struct weft_str value, uint64_t spans, double bytes)
{
    struct weft_store_costs *costs = arg;
    bool is_new;
    uint64_t place = *weft_map_put(&costs->share_places, value, costs->share_count, &is_new);

    if (is_new) {
        if (is_power_of_two(costs->share_count))
            costs->shares = weft_realloc_array(costs->shares, (size_t)costs->share_count * 2 + 1,
                                               sizeof *costs->shares);
        costs->shares[costs->share_count++] =
            (struct weft_store_share){ .value = weft_arena_copy_c(&costs->names, value) };
    }
    costs->shares[place].spans += spans;
    costs->shares[place].bytes += bytes;
}

int weft_store_costs_add(struct weft_store_costs *costs, struct weft_block *block,
                         struct weft_err *err)
{
    const struct weft_block_costs to = {
        .run = run_add, .share = share_add, .arg = costs, .by = costs->by
    };
    return weft_block_costs(block, &to, err);
}

static int key_compare(const void *a, const void *b)
{
    const struct weft_store_key_cost *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return strcmp(x->key, y->key);
}

static int share_compare(const void *a, const void *b)
{
    const struct weft_store_share *x = a, *y = b;
    if (x->bytes < y->bytes || x->bytes > y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return strcmp(x->value, y->value);
}

void weft_store_costs_finish(struct weft_store_costs *costs, struct weft_store_sizes *out,
                             struct weft_arena *arena)
{
    if (costs->key_count > 1)
        qsort(costs->keys, costs->key_count, sizeof *costs->keys, key_compare);
    if (costs->share_count > 1)
        qsort(costs->shares, costs->share_count, sizeof *costs->shares, share_compare);
    out->keys = weft_arena_alloc_array(arena, costs->key_count + 1, sizeof *out->keys);
    out->shares = weft_arena_alloc_array(arena, costs->share_count + 1, sizeof *out->shares);
    out->key_count = costs->key_count;
    out->share_count = costs->share_count;
    for (uint32_t i = 0; i < costs->key_count; i++) {
        out->keys[i] = costs->keys[i];
        out->keys[i].key = weft_arena_copy_c(arena, weft_str_from_c(costs->keys[i].key));
    }
    for (uint32_t i = 0; i < costs->share_count; i++) {
        out->shares[i] = costs->shares[i];
        out->shares[i].value = weft_arena_copy_c(arena, weft_str_from_c(costs->shares[i].value));
    }
    weft_map_release(&costs->key_places);
    weft_map_release(&costs->share_places);
    weft_arena_release(&costs->names);
    weft_free(costs->keys);
    weft_free(costs->shares);
    weft_free(costs);
}
