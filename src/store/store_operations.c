/* store_operations.c -- which services and operations there are, with counts: each part counts its
 * own, here they are added.
 * Parts that no longer change are counted once: the answer is then a walk over names, not over
 * spans. */
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

static void tally_add(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                      uint64_t spans, uint64_t errors)
{
    struct tally *tally = arg;
    bool is_new;

    if (tally->wanted.len > 0 && !weft_str_equal(service, tally->wanted)) return;
    weft_buf_reset(&tally->key);
    weft_buf_append_byte(&tally->key, (char)kind);
    weft_buf_append(&tally->key, &service.len, sizeof service.len);
    weft_buf_append_str(&tally->key, service);
    weft_buf_append_str(&tally->key, name);
    uint64_t *place =
        weft_map_put(&tally->places, weft_buf_str(&tally->key), tally->count, &is_new);
    if (is_new) {
        if (tally->count == tally->capacity) {
            tally->capacity = tally->capacity == 0 ? 64 : tally->capacity * 2;
            tally->items = weft_realloc_array(tally->items, tally->capacity, sizeof *tally->items);
        }
        tally->items[tally->count++] =
            (struct weft_operation){ .service_name = weft_arena_copy(tally->arena, service),
                                     .name = weft_arena_copy(tally->arena, name),
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

static void tally_release(struct tally *tally)
{
    weft_map_release(&tally->places);
    weft_buf_release(&tally->key);
    weft_free(tally->items);
}

/* ---- what is kept of a part ---- */

#define MEMO_OPERATIONS_MAX \
    8192 /* names of hostile variety are counted again each time: time, not memory */

struct weft_store_memo *weft_store_memo_create(void)
{
    struct weft_store_memo *memo = weft_alloc_zero(sizeof *memo);
    atomic_init(&memo->references, 1);
    pthread_mutex_init(&memo->mutex, NULL);
    weft_arena_init(&memo->arena, 0);
    return memo;
}

void weft_store_memo_ref(struct weft_store_memo *memo)
{
    atomic_fetch_add_explicit(&memo->references, 1, memory_order_relaxed);
}

void weft_store_memo_unref(struct weft_store_memo *memo)
{
    if (memo == NULL || atomic_fetch_sub_explicit(&memo->references, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&memo->mutex);
    weft_arena_release(&memo->arena);
    weft_arena_release(&memo->keys_arena);
    weft_free(memo);
}

/* A segment or a block. */
struct part {
    struct weft_segment *segment;
    struct weft_store_block *block;
};

static int part_tally(const struct part *part, struct tally *tally, struct weft_err *err)
{
    struct weft_segment_view view;
    struct weft_block *block;
    int rc;

    if (part->block != NULL) {
        rc = weft_store_block_get(part->block, &block, err);
        return rc < 0 ? rc : weft_block_operations(block, part->block->mask, tally_add, tally, err);
    }
    if ((rc = weft_segment_intact(part->segment, err)) < 0) return rc;
    weft_segment_view_init(&view, part->segment);
    weft_segment_operations(&view, tally_add, tally);
    weft_segment_view_release(&view);
    return weft_segment_intact(part->segment, err);
}

static int part_count(const struct part *part, struct tally *tally, struct weft_err *err)
{
    uint64_t lost_pages = weft_file_lost_pages();
    int rc = part_tally(part, tally, err);

    if (rc < 0 || weft_file_lost_pages() == lost_pages) return rc;
    return weft_fail(err, WEFT_CORRUPT, "the disk could not read a page of the store");
}

static int memo_fill(struct weft_store_memo *memo, const struct part *part, struct weft_err *err)
{
    struct tally tally = { .arena = &memo->arena };
    int rc = part_count(part, &tally, err);

    if (rc == WEFT_OK && tally.count <= MEMO_OPERATIONS_MAX) {
        memo->operations =
            weft_arena_alloc_array(&memo->arena, tally.count, sizeof *memo->operations);
        if (tally.count > 0)
            memcpy(memo->operations, tally.items, tally.count * sizeof *memo->operations);
        memo->operation_count = tally.count;
    } else {
        weft_arena_release(&memo->arena);
        weft_arena_init(&memo->arena, 0);
    }
    memo->is_filled = rc == WEFT_OK;
    tally_release(&tally);
    return rc;
}

static int part_add(const struct part *part, struct weft_store_memo *memo, struct tally *tally,
                    struct weft_err *err)
{
    int rc = WEFT_OK;

    pthread_mutex_lock(&memo->mutex);
    if (!memo->is_filled) rc = memo_fill(memo, part, err);
    pthread_mutex_unlock(&memo->mutex);
    if (rc < 0) return rc;
    if (memo->operations == NULL) return part_count(part, tally, err);
    for (uint32_t i = 0; i < memo->operation_count; i++) {
        const struct weft_operation *one = &memo->operations[i];
        tally_add(tally, one->service_name, one->name, one->kind, one->span_count,
                  one->error_count);
    }
    return WEFT_OK;
}

/* ---- the answer ---- */

static int tally_set(struct tally *tally, const struct weft_store_set *set, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count && rc == WEFT_OK; i++) {
        const struct weft_store_segment *segment = &set->segments[i];
        const struct part part = { .segment = segment->segment };
        rc = segment->is_live ? part_count(&part, tally, err)
                              : part_add(&part, segment->memo, tally, err);
    }
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK; i++) {
        const struct part part = { .block = set->blocks[i] };
        rc = part_add(&part, set->blocks[i]->memo, tally, err);
    }
    return rc;
}

int weft_store_operations(void *self, struct weft_str service_name, struct weft_operation **out,
                          uint32_t *count, struct weft_arena *arena, struct weft_err *err)
{
    struct tally tally = { .wanted = service_name, .arena = arena };
    struct weft_store_set *set = weft_store_set_take(self);
    int rc = tally_set(&tally, set, err);

    weft_store_set_release(set);
    *count = 0;
    *out = NULL;
    if (rc == WEFT_OK) {
        if (tally.count > 1)
            qsort(tally.items, tally.count, sizeof *tally.items, operation_compare);
        *out = weft_arena_alloc_array(arena, tally.count, sizeof **out);
        if (tally.count > 0) memcpy(*out, tally.items, tally.count * sizeof **out);
        *count = tally.count;
    }
    tally_release(&tally);
    return rc;
}
