/* store_attributes.c -- which attribute keys there are, and the values of one: each part counts its own,
 * here they are added. The keys of parts that no longer change are counted once.
 *
 * A part that cannot be read is left out, and that is said.
 */
#include "base/map.h"
#include "store/part_attributes.h"
#include "store/store_internal.h"

#define MEMO_KEYS_MAX 8192    /* more are counted again each time: time, not memory */
#define VALUES_MAX (1u << 17) /* different ones that are counted; those that come later are not */
#define VALUES_BYTES_MAX (64u << 20)

/* A segment or a block. */
struct part {
    const struct weft_store_segment *segment;
    const struct weft_segment_view *view;
    struct weft_store_block *block;
    struct weft_store_memo *memo; /* NULL: it still grows */
};

/* Reads the part; false: it cannot be read. What was added by then stays: it is true. */
static int part_walk(struct weft_store *store, const struct part *part,
                     const struct weft_attribute_walk *walk, bool *is_damaged, struct weft_err *err)
{
    struct weft_block *block;

    if (part->block == NULL) {
        *is_damaged = weft_store_segment_is_unreadable(store, part->segment, err);
        if (*is_damaged) return WEFT_OK;
        weft_segment_attributes(part->view, walk);
        *is_damaged = weft_store_segment_is_unreadable(store, part->segment, err);
        return WEFT_OK;
    }
    int rc = weft_store_block_get(part->block, &block, err);
    if (rc == WEFT_OK) rc = weft_block_attributes(block, walk, err);
    if (rc == WEFT_OK) rc = weft_block_intact(block, err);
    *is_damaged = weft_store_block_found_damaged(store, part->block, rc, err);
    return *is_damaged ? WEFT_OK : rc;
}

static bool is_in_range(uint64_t from_ns, uint64_t to_ns, uint64_t start_min, uint64_t start_max)
{
    return start_max >= from_ns && (to_ns == 0 || start_min < to_ns);
}

/* Those with spans that start in the range. */
static uint32_t parts_of(const struct weft_store_query *query, uint64_t from_ns, uint64_t to_ns,
                         struct part **out)
{
    const struct weft_store_set *set = query->set;
    struct part *parts =
        weft_alloc_array((size_t)set->segment_count + set->block_count + 1, sizeof *parts);
    uint32_t count = 0;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        const struct weft_store_segment *s = &set->segments[i];
        const struct weft_segment_view *view = &query->views[i];
        if (view->span_count > 0 && is_in_range(from_ns, to_ns, view->start_min, view->start_max))
            parts[count++] = (struct part){ s, view, NULL, s->is_live ? NULL : s->memo };
    }
    for (uint32_t i = 0; i < set->block_count; i++) {
        struct weft_store_block *b = set->blocks[i];
        if (is_in_range(from_ns, to_ns, b->summary.start_min, b->summary.start_max))
            parts[count++] = (struct part){ NULL, NULL, b, b->memo };
    }
    *out = parts;
    return count;
}

/* ---- keys ---- */

struct key_tally {
    struct weft_arena *arena; /* of the answer */
    struct weft_map places;   /* scope, key -> place in items */
    struct weft_attribute_key *items;
    uint32_t count, capacity;
    struct weft_buf name;
};

static void key_add(void *arg, enum weft_attribute_scope scope, struct weft_str key, uint64_t spans)
{
    struct key_tally *tally = arg;
    bool is_new;

    weft_buf_reset(&tally->name);
    weft_buf_append_byte(&tally->name, (char)scope);
    weft_buf_append_str(&tally->name, key);
    uint64_t *place =
        weft_map_put(&tally->places, weft_buf_str(&tally->name), tally->count, &is_new);
    if (is_new) {
        if (tally->count == tally->capacity) {
            tally->capacity = tally->capacity == 0 ? 64 : tally->capacity * 2;
            tally->items = weft_realloc_array(tally->items, tally->capacity, sizeof *tally->items);
        }
        tally->items[tally->count++] =
            (struct weft_attribute_key){ .scope = scope,
                                         .key = weft_arena_copy(tally->arena, key) };
    }
    tally->items[*place].span_count += spans;
}

static void key_tally_release(struct key_tally *tally)
{
    weft_map_release(&tally->places);
    weft_buf_release(&tally->name);
    weft_free(tally->items);
}

static int keys_count(struct weft_store *store, const struct part *part, struct key_tally *tally,
                      bool *is_damaged, struct weft_err *err)
{
    const struct weft_attribute_walk walk = { .add_key = key_add, .arg = tally };
    return part_walk(store, part, &walk, is_damaged, err);
}

/* Damaged ones are counted again each time. */
static int memo_fill(struct weft_store *store, const struct part *part, bool *is_damaged,
                     struct weft_err *err)
{
    struct weft_store_memo *memo = part->memo;
    struct key_tally tally = { .arena = &memo->keys_arena };
    int rc = keys_count(store, part, &tally, is_damaged, err);

    memo->has_keys = rc == WEFT_OK && !*is_damaged;
    if (memo->has_keys && tally.count <= MEMO_KEYS_MAX) {
        memo->keys = weft_arena_alloc_array(&memo->keys_arena, tally.count, sizeof *memo->keys);
        if (tally.count > 0) memcpy(memo->keys, tally.items, tally.count * sizeof *memo->keys);
        memo->key_count = tally.count;
    } else {
        weft_arena_release(&memo->keys_arena);
        weft_arena_init(&memo->keys_arena, 0);
    }
    key_tally_release(&tally);
    return rc;
}

static int keys_add(struct weft_store *store, const struct part *part, struct key_tally *tally,
                    bool *is_damaged, struct weft_err *err)
{
    struct weft_store_memo *memo = part->memo;
    int rc = WEFT_OK;

    if (memo == NULL) return keys_count(store, part, tally, is_damaged, err);
    pthread_mutex_lock(&memo->mutex);
    if (!memo->has_keys) rc = memo_fill(store, part, is_damaged, err);
    bool has_keys = memo->has_keys && memo->keys != NULL;
    pthread_mutex_unlock(&memo->mutex);
    if (rc < 0) return rc;
    if (!has_keys) return keys_count(store, part, tally, is_damaged, err);
    for (uint32_t i = 0; i < memo->key_count; i++)
        key_add(tally, memo->keys[i].scope, memo->keys[i].key, memo->keys[i].span_count);
    return WEFT_OK;
}

static int key_compare(const void *a, const void *b)
{
    const struct weft_attribute_key *x = a, *y = b;
    if (x->scope != y->scope) return x->scope < y->scope ? -1 : 1;
    return weft_str_compare(x->key, y->key);
}

int weft_store_attribute_keys(void *self, uint64_t from_ns, uint64_t to_ns,
                              struct weft_attribute_keys *out, struct weft_arena *arena,
                              struct weft_err *err)
{
    struct weft_store *store = self;
    struct key_tally tally = { .arena = arena };
    struct weft_store_query query;
    struct part *parts;
    bool has_hole = atomic_load(&store->damaged_files) > 0;
    int rc = WEFT_OK;

    *out = (struct weft_attribute_keys){ 0 };
    weft_store_query_begin(&query, store);
    uint32_t count = parts_of(&query, from_ns, to_ns, &parts);
    for (uint32_t i = 0; i < count && rc == WEFT_OK; i++) {
        bool is_damaged = false;
        rc = keys_add(store, &parts[i], &tally, &is_damaged, err);
        has_hole |= is_damaged;
    }
    weft_free(parts);
    weft_store_query_end(&query);
    if (rc == WEFT_OK) {
        if (tally.count > 1) qsort(tally.items, tally.count, sizeof *tally.items, key_compare);
        out->items = weft_arena_alloc_array(arena, tally.count, sizeof *out->items);
        if (tally.count > 0) memcpy(out->items, tally.items, tally.count * sizeof *out->items);
        out->count = tally.count;
        if (has_hole) out->partial_reason = "damaged file";
    }
    key_tally_release(&tally);
    return rc;
}

/* ---- values ---- */

struct value_tally {
    struct weft_map counts; /* type, value */
    struct weft_buf name;
    uint64_t bytes;
    bool is_full;
};

static void value_add(void *arg, const struct weft_value *value, uint64_t spans)
{
    struct value_tally *tally = arg;
    uint64_t number = 0;
    bool is_new;

    weft_buf_reset(&tally->name);
    weft_buf_append_byte(&tally->name, (char)value->type);
    if (value->type == WEFT_VALUE_BOOL) number = value->bool_value;
    if (value->type == WEFT_VALUE_INT || value->type == WEFT_VALUE_DOUBLE)
        memcpy(&number, &value->int_value, 8);
    if (value->type == WEFT_VALUE_STRING)
        weft_buf_append_str(&tally->name, value->bytes);
    else
        weft_buf_append(&tally->name, &number, 8);
    struct weft_str name = weft_buf_str(&tally->name);
    if (tally->counts.count >= VALUES_MAX || tally->bytes + name.len > VALUES_BYTES_MAX) {
        uint64_t *known = weft_map_get(&tally->counts, name);
        if (known != NULL)
            *known += spans;
        else
            tally->is_full = true;
        return;
    }
    uint64_t *count = weft_map_put(&tally->counts, name, 0, &is_new);
    *count += spans;
    if (is_new) tally->bytes += name.len;
}

static struct weft_value value_of(struct weft_str name)
{
    struct weft_value value = { .type = (uint8_t)name.ptr[0] };
    struct weft_str bytes = weft_str_tail(name, 1);

    if (value.type == WEFT_VALUE_STRING)
        value.bytes = bytes;
    else if (value.type == WEFT_VALUE_BOOL)
        value.bool_value = bytes.ptr[0] != 0;
    else
        memcpy(&value.int_value, bytes.ptr, 8);
    return value;
}

static int value_order(const struct weft_value *x, const struct weft_value *y)
{
    if (x->type != y->type) return x->type < y->type ? -1 : 1;
    switch (x->type) {
    case WEFT_VALUE_STRING: return weft_str_compare(x->bytes, y->bytes);
    case WEFT_VALUE_BOOL: return (x->bool_value > y->bool_value) - (x->bool_value < y->bool_value);
    case WEFT_VALUE_DOUBLE:
        if (x->double_value != y->double_value && x->double_value == x->double_value &&
            y->double_value == y->double_value)
            return x->double_value < y->double_value ? -1 : 1;
        break; /* NaN and the two zeros: by their bits */
    default: break;
    }
    return (x->int_value > y->int_value) - (x->int_value < y->int_value);
}

static int value_compare(const void *a, const void *b)
{
    const struct weft_attribute_value *x = a, *y = b;
    if (x->span_count != y->span_count) return x->span_count > y->span_count ? -1 : 1;
    return value_order(&x->value, &y->value);
}

static void values_choose(const struct value_tally *tally, uint32_t limit,
                          struct weft_attribute_values *out, struct weft_arena *arena)
{
    struct weft_attribute_value *all = weft_alloc_array(tally->counts.count + 1, sizeof *all);
    const struct weft_map_slot *slot;
    uint32_t count = 0;

    for (size_t at = 0; (slot = weft_map_next(&tally->counts, &at)) != NULL;)
        all[count++] = (struct weft_attribute_value){ value_of(slot->key), slot->value };
    if (count > 1) qsort(all, count, sizeof *all, value_compare);
    out->has_more = count > limit || tally->is_full;
    out->count = count < limit ? count : limit;
    out->items = weft_arena_alloc_array(arena, out->count, sizeof *out->items);
    for (uint32_t i = 0; i < out->count; i++) {
        out->items[i] = all[i];
        if (all[i].value.type == WEFT_VALUE_STRING)
            out->items[i].value.bytes = weft_arena_copy(arena, all[i].value.bytes);
    }
    weft_free(all);
}

static const char *cut_reason(const struct weft_attribute_ask *ask)
{
    if (ask->cancelled != NULL && atomic_load_explicit(ask->cancelled, memory_order_relaxed))
        return "cancelled";
    if (ask->deadline_monotonic_ns != 0 && weft_clock_monotonic_ns() >= ask->deadline_monotonic_ns)
        return "time limit";
    return NULL;
}

/* The part's values in the scope, or in all of them. */
static int values_add(struct weft_store *store, const struct part *part,
                      const struct weft_attribute_ask *ask, struct value_tally *tally,
                      bool *is_damaged, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (unsigned scope = WEFT_SCOPE_SPAN; scope <= WEFT_SCOPE_INSTRUMENTATION && rc == WEFT_OK;
         scope++) {
        const struct weft_attribute_walk walk = {
            .add_value = value_add, .arg = tally, .scope = scope, .key = ask->key
        };
        if (ask->scope == WEFT_SCOPE_ANY || ask->scope == scope)
            rc = part_walk(store, part, &walk, is_damaged, err);
    }
    return rc;
}

int weft_store_attribute_values(void *self, const struct weft_attribute_ask *ask,
                                struct weft_attribute_values *out, struct weft_arena *arena,
                                struct weft_err *err)
{
    struct weft_store *store = self;
    struct value_tally tally = { 0 };
    struct weft_store_query query;
    struct part *parts;
    int rc = WEFT_OK;

    *out = (struct weft_attribute_values){ 0 };
    if (atomic_load(&store->damaged_files) > 0) out->partial_reason = "damaged file";
    weft_store_query_begin(&query, store);
    uint32_t count = parts_of(&query, ask->from_ns, ask->to_ns, &parts);
    for (uint32_t i = 0; i < count && rc == WEFT_OK; i++) {
        const char *reason = cut_reason(ask);
        bool is_damaged = false;
        if (reason != NULL) out->partial_reason = reason;
        if (reason != NULL) break;
        rc = values_add(store, &parts[i], ask, &tally, &is_damaged, err);
        if (is_damaged) out->partial_reason = "damaged file";
    }
    if (rc == WEFT_OK) values_choose(&tally, ask->limit, out, arena);
    weft_free(parts);
    weft_store_query_end(&query);
    weft_map_release(&tally.counts);
    weft_buf_release(&tally.name);
    return rc;
}
