/* store_operations.c -- which services and operations there are, with counts: each part counts its own, here they are added. */
#include "base/map.h"
#include "store/store_internal.h"

struct tally {
    struct weft_str wanted;   /* service name; empty: all */
    struct weft_arena *arena; /* of the answer */
    struct weft_map places;   /* kind, service length, service, name -> place in items */
    struct weft_operation *items;
    uint32_t count, capacity;
    struct weft_buf key;
};

static void tally_add(void *arg, struct weft_str service, struct weft_str name, uint8_t kind, uint64_t spans,
                      uint64_t errors)
{
    struct tally *tally = arg;
    bool is_new;

    if (tally->wanted.len > 0 && !weft_str_equal(service, tally->wanted)) return;
    weft_buf_reset(&tally->key);
    weft_buf_append_byte(&tally->key, (char)kind);
    weft_buf_append(&tally->key, &service.len, sizeof service.len);
    weft_buf_append_str(&tally->key, service);
    weft_buf_append_str(&tally->key, name);
    uint64_t *place = weft_map_put(&tally->places, weft_buf_str(&tally->key), tally->count, &is_new);
    if (is_new) {
        if (tally->count == tally->capacity) {
            tally->capacity = tally->capacity == 0 ? 64 : tally->capacity * 2;
            tally->items = weft_realloc_array(tally->items, tally->capacity, sizeof *tally->items);
        }
        tally->items[tally->count++] = (struct weft_operation){
            .service_name = weft_arena_copy(tally->arena, service), .name = weft_arena_copy(tally->arena, name),
            .kind = kind };
    }
    tally->items[*place].span_count += spans;
    tally->items[*place].error_count += errors;
}

static int operation_compare(const void *a, const void *b)
{
    const struct weft_operation *x = a, *y = b;
    int order = weft_str_compare(x->service_name, y->service_name);
    if (order == 0) order = weft_str_compare(x->name, y->name);
    return order != 0 ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static int tally_set(struct tally *tally, const struct weft_store_set *set, struct weft_err *err)
{
    struct weft_block *block;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        struct weft_segment_view view;
        weft_segment_view_init(&view, set->segments[i].segment);
        weft_segment_operations(&view, tally_add, tally);
        weft_segment_view_release(&view);
    }
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK; i++) {
        rc = weft_store_block_get(set->blocks[i], &block, err);
        if (rc == WEFT_OK) rc = weft_block_operations(block, tally_add, tally, err);
    }
    return rc;
}

int weft_store_operations(void *self, struct weft_str service_name, struct weft_operation **out, uint32_t *count,
                          struct weft_arena *arena, struct weft_err *err)
{
    struct tally tally = { .wanted = service_name, .arena = arena };
    struct weft_store_set *set = weft_store_set_take(self);
    int rc = tally_set(&tally, set, err);

    weft_store_set_release(set);
    *count = 0;
    *out = NULL;
    if (rc == WEFT_OK) {
        if (tally.count > 1) qsort(tally.items, tally.count, sizeof *tally.items, operation_compare);
        *out = weft_arena_alloc_array(arena, tally.count, sizeof **out);
        if (tally.count > 0) memcpy(*out, tally.items, tally.count * sizeof **out);
        *count = tally.count;
    }
    weft_map_release(&tally.places);
    weft_buf_release(&tally.key);
    weft_free(tally.items);
    return rc;
}
