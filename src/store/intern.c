/* intern.c -- what enters a segment's tables, and what stays inline. The rules and their reasons:
 * docs/internals/dictionary.md.
 *
 * Second sighting: a value enters at the second time it is seen, so that what comes once (ids)
 * costs bytes and no memory. The first time is remembered as a hash in a table of fixed size. Every
 * table has a cap; past it things are stored inline.
 */
#include <pthread.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "model/otlp.h"
#include "store/segment_internal.h"

const struct weft_segment_limits weft_segment_limits_default = {
    .file_bytes = WEFT_SEGMENT_FILE_BYTES,
    .segment_spans = WEFT_SEGMENT_SPANS_MAX,
    .chunk_spans = WEFT_CHUNK_SPANS_MAX,
    .chunk_bytes = 3u << 20,
    .string_bytes = 4096,
    .strings = 128u << 10,
    .dictionary_bytes = 8u << 20,
    .strings_per_key = 16u << 10,
    .plain_after = 2048,
    .key_bytes = 256,
    .keys = 16u << 10,
    .keys_at_once = 1024,
    .shapes = 16u << 10,
    .names = 16u << 10,
};

/* ---- the interner's memory ---- */

static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct weft_interner *free;
    unsigned count;
} interners = { .lock = PTHREAD_MUTEX_INITIALIZER };
#define INTERNERS_KEPT 4u

static void interner_reset(struct weft_interner *in)
{
    weft_number_index_reset(&in->by_name);
    weft_number_index_reset(&in->by_shape);
    weft_number_index_reset(&in->by_head);
    weft_number_index_reset(&in->by_resource);
    weft_number_index_reset(&in->by_scope);
    in->slot_count = 0;
    in->name_count = in->names_seen = in->names_fresh = 0;
    in->names_are_plain = false;
    in->unnumbered_key = in->event_name = in->status_message = in->trace_state =
        (struct weft_key_state){ 0 };
    in->plain_name = (struct weft_key_state){ .is_plain = true };
    in->inline_name = (struct weft_name_state){ .string = WEFT_NO_NAME,
                                                .head_pair = WEFT_NONE,
                                                .guess.last = WEFT_NONE };
    in->event_guess.last = in->link_guess.last = WEFT_NONE;
    in->string_bytes = 0;
    memset(in->sighted_strings, 0, sizeof in->sighted_strings);
    memset(in->sighted_shapes, 0, sizeof in->sighted_shapes);
    memset(in->sighted_keys, 0, sizeof in->sighted_keys);
}

struct weft_interner *weft_interner_take(void)
{
    pthread_mutex_lock(&interners.lock);
    struct weft_interner *in = interners.free;
    if (in != NULL) {
        interners.free = in->next_free;
        interners.count--;
    }
    pthread_mutex_unlock(&interners.lock);
    if (in == NULL) in = weft_alloc_zero(sizeof *in);
    interner_reset(in);
    return in;
}

static void interner_destroy(struct weft_interner *in)
{
    weft_number_index_release(&in->by_name);
    weft_number_index_release(&in->by_shape);
    weft_number_index_release(&in->by_head);
    weft_number_index_release(&in->by_resource);
    weft_number_index_release(&in->by_scope);
    weft_buf_release(&in->scratch);
    weft_free(in->keys);
    weft_free(in->shapes);
    weft_free(in->slots);
    weft_free(in->names);
    weft_free(in);
}

void weft_interner_give(struct weft_interner *in)
{
    if (in == NULL) return;
    pthread_mutex_lock(&interners.lock);
    bool is_kept = interners.count < INTERNERS_KEPT;
    if (is_kept) {
        in->next_free = interners.free;
        interners.free = in;
        interners.count++;
    }
    pthread_mutex_unlock(&interners.lock);
    if (!is_kept) interner_destroy(in);
}

/* True at the second sighting of a hash, as far as is remembered; the first is noted. Four hashes share a place, and the oldest makes
 * room: were it one, two values that come in turns would forget each other for ever. */
static bool seen_before(uint32_t *sighted, uint32_t size, uint32_t hash)
{
    uint32_t *place = &sighted[hash & (size - 1) & ~3u];
    uint32_t tag = hash | 1; /* 0 means nothing */
    if (place[0] == tag || place[1] == tag || place[2] == tag || place[3] == tag) return true;
    place[3] = place[2];
    place[2] = place[1];
    place[1] = place[0];
    place[0] = tag;
    return false;
}

/* ---- strings ---- */

uint32_t weft_intern_string_missed(struct weft_segment_writer *writer, struct weft_key_state *key,
                                   uint32_t hash, const char *ptr, uint32_t len)
{
    struct weft_interner *in = writer->interner;
    const struct weft_segment_limits *limits = &writer->limits;
    if (!seen_before(in->sighted_strings, WEFT_SIGHTED_STRINGS, hash)) {
        key->fresh++;
        if (key->seen > limits->plain_after && key->fresh > key->seen / 4) key->is_plain = true;
        return WEFT_NONE;
    }
    if (key->admitted >= limits->strings_per_key ||
        writer->tables->strings.count >= limits->strings ||
        in->string_bytes + len > limits->dictionary_bytes) {
        return WEFT_NONE;
    }
    uint32_t number = weft_segment_tables_add_string(writer->tables, hash, weft_str_make(ptr, len));
    if (number == WEFT_NONE) return WEFT_NONE;
    key->admitted++;
    in->string_bytes += len;
    return number;
}

/* ---- keys ---- */

uint32_t weft_intern_key(struct weft_segment_writer *writer, const char *key, uint32_t len)
{
    struct weft_interner *in = writer->interner;
    struct weft_dictionary *keys = &writer->tables->keys;
    uint32_t hash = weft_dictionary_hash(keys->seed, key, len);
    uint32_t number = weft_dictionary_find(keys, keys->count, hash, key, len);
    if (number != WEFT_NONE) return number;
    if (len > writer->limits.key_bytes || keys->count >= writer->limits.keys) return WEFT_NONE;
    if (keys->count >= writer->limits.keys_at_once &&
        !seen_before(in->sighted_keys, WEFT_SIGHTED_KEYS, hash)) {
        return WEFT_NONE;
    }
    number = weft_segment_tables_add_key(writer->tables, hash, weft_str_make(key, len));
    if (number == WEFT_NONE) return WEFT_NONE;
    if (number >= in->key_capacity) {
        in->key_capacity = in->key_capacity != 0 ? in->key_capacity * 2 : 256;
        in->keys = weft_realloc_array(in->keys, in->key_capacity, sizeof *in->keys);
    }
    in->keys[number] =
        (struct weft_key_state){ .ptr = weft_dictionary_at(keys, number)->ptr, .len = len };
    return number;
}

/* ---- shapes ---- */

static uint32_t shape_hash(const struct weft_segment_writer *writer, const uint32_t *keys,
                           uint32_t count)
{
    return weft_dictionary_hash(writer->tables->keys.seed, (const char *)keys,
                                count * sizeof *keys);
}

static uint32_t slots_add(struct weft_interner *in, const uint32_t *keys, uint32_t count)
{
    uint32_t first = in->slot_count;
    while (first + count > in->slot_capacity) {
        in->slot_capacity = in->slot_capacity != 0 ? in->slot_capacity * 2 : 4096;
        in->slots = weft_realloc_array(in->slots, in->slot_capacity, sizeof *in->slots);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_key_state *key = &in->keys[keys[i] >> 4];
        in->slots[first + i] = (struct weft_shape_slot){ .key = key->ptr,
                                                         .looks = key->len | (keys[i] & 15) << 24,
                                                         .number = keys[i] >> 4 };
    }
    in->slot_count += count;
    return first;
}

static uint32_t shape_add(struct weft_segment_writer *writer, uint32_t hash, const uint32_t *keys,
                          uint32_t count)
{
    struct weft_interner *in = writer->interner;
    if (count > WEFT_SLOTS_MAX - in->slot_count) return WEFT_NONE;
    uint32_t number = weft_segment_tables_add_shape(writer->tables, keys, count);
    if (number == WEFT_NONE) return WEFT_NONE;
    if (number >= in->shape_capacity) {
        in->shape_capacity = in->shape_capacity != 0 ? in->shape_capacity * 2 : 256;
        in->shapes = weft_realloc_array(in->shapes, in->shape_capacity, sizeof *in->shapes);
    }
    in->shapes[number] = (struct weft_shape_state){ .next = WEFT_NONE,
                                                    .count = count,
                                                    .slots = slots_add(in, keys, count) };
    weft_number_index_add(&in->by_shape, hash, number);
    return number;
}

/* The shape of a key list by numbering its keys; WEFT_NONE: store it inline. */
uint32_t weft_intern_shape(struct weft_segment_writer *writer,
                           const struct weft_attributes *attributes)
{
    struct weft_interner *in = writer->interner;
    uint32_t keys[WEFT_SHAPE_KEYS_MAX], count = attributes->count, number;
    if (count > WEFT_SHAPE_KEYS_MAX) return WEFT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_attribute *attribute = &attributes->items[i];
        uint32_t key = weft_intern_key(writer, attribute->key, attribute->key_len);
        if (key == WEFT_NONE) return WEFT_NONE;
        keys[i] = key << 4 | attribute->type;
    }
    uint32_t hash = shape_hash(writer, keys, count), at = hash;
    while ((number = weft_number_index_next(&in->by_shape, hash, &at)) != WEFT_NONE) {
        const struct weft_shape_view *shape = weft_segment_tables_shape(writer->tables, number);
        if (shape->count == count && memcmp(shape->keys, keys, count * sizeof *keys) == 0)
            return number;
    }
    if (writer->tables->shape_count >= writer->limits.shapes ||
        !seen_before(in->sighted_shapes, WEFT_SIGHTED_SHAPES, hash)) {
        return WEFT_NONE;
    }
    return shape_add(writer, hash, keys, count);
}

/* ---- names and heads ---- */

/* A name's string: names enter at first sight, since a head cannot be made without. */
static uint32_t name_string(struct weft_segment_writer *writer, uint32_t hash, struct weft_str name)
{
    struct weft_dictionary *strings = &writer->tables->strings;
    uint32_t number = weft_dictionary_find(strings, strings->count, hash, name.ptr, name.len);
    if (number != WEFT_NONE) return number;
    if (strings->count >= writer->limits.strings) return WEFT_NONE;
    writer->interner->string_bytes += name.len;
    return weft_segment_tables_add_string(writer->tables, hash, name);
}

static struct weft_name_state *name_add(struct weft_segment_writer *writer, uint32_t hash,
                                        struct weft_str name)
{
    struct weft_interner *in = writer->interner;
    uint32_t string = name_string(writer, hash, name);
    if (string == WEFT_NONE) return &in->inline_name;
    if (in->name_count == in->name_capacity) {
        in->name_capacity = in->name_capacity != 0 ? in->name_capacity * 2 : 256;
        in->names = weft_realloc_array(in->names, in->name_capacity, sizeof *in->names);
    }
    struct weft_name_state *state = &in->names[in->name_count];
    *state =
        (struct weft_name_state){ .ptr = weft_dictionary_at(&writer->tables->strings, string)->ptr,
                                  .len = (uint32_t)name.len,
                                  .hash = hash,
                                  .string = string,
                                  .head_pair = WEFT_NONE,
                                  .guess.last = WEFT_NONE };
    weft_number_index_add(&in->by_name, hash, in->name_count++);
    return state;
}

/* Valid until the next call. */
struct weft_name_state *weft_intern_name(struct weft_segment_writer *writer, struct weft_str name)
{
    struct weft_interner *in = writer->interner;
    if (name.len > writer->limits.string_bytes) return &in->inline_name;
    uint32_t hash = weft_dictionary_hash(writer->tables->strings.seed, name.ptr, name.len),
             at = hash, number;
    in->names_seen++;
    while ((number = weft_number_index_next(&in->by_name, hash, &at)) != WEFT_NONE) {
        struct weft_name_state *state = &in->names[number];
        if (state->len == name.len && weft_bytes_equal(state->ptr, name.ptr, name.len))
            return state;
    }
    in->names_fresh++;
    if (in->names_seen > writer->limits.plain_after && in->names_fresh > in->names_seen / 4)
        in->names_are_plain = true;
    if (in->names_are_plain || in->name_count >= writer->limits.names) return &in->inline_name;
    return name_add(writer, hash, name);
}

static uint32_t head_hash(uint64_t seed, uint32_t resource, uint32_t scope, uint32_t name,
                          uint8_t kind)
{
    return (uint32_t)weft_dictionary_fold(((uint64_t)resource << 32 | scope) ^ seed,
                                          ((uint64_t)name << 8 | kind) ^
                                              UINT64_C(0x9e3779b97f4a7c15));
}

uint32_t weft_intern_head(struct weft_segment_writer *writer, uint32_t pair, uint32_t name,
                          uint8_t kind)
{
    struct weft_segment_tables *tables = writer->tables;
    uint32_t resource = tables->pair[pair].resource, scope = tables->pair[pair].scope;
    uint32_t hash = head_hash(tables->strings.seed, resource, scope, name, kind), at = hash, number;
    while ((number = weft_number_index_next(&writer->interner->by_head, hash, &at)) != WEFT_NONE) {
        const struct weft_head_view *head = &weft_segment_tables_head(tables, number)->view;
        if (head->resource == resource && head->scope == scope && head->name == name &&
            head->kind == kind)
            return number;
    }
    number = weft_segment_tables_add_head(tables, pair, name, kind);
    if (number != WEFT_NONE) weft_number_index_add(&writer->interner->by_head, hash, number);
    return number;
}

/* ---- resources and scopes ---- */

static uint32_t encoded_hash(struct weft_str encoded)
{
    return (uint32_t)weft_hash_seeded(encoded.ptr, encoded.len, weft_hash_process_seed());
}

static uint32_t intern_resource(struct weft_segment_writer *writer,
                                const struct weft_resource *resource, struct weft_err *err)
{
    struct weft_interner *in = writer->interner;
    weft_buf_reset(&in->scratch);
    weft_otlp_encode_resource(&in->scratch, resource);
    struct weft_str encoded = weft_buf_str(&in->scratch);
    uint32_t hash = encoded_hash(encoded), at = hash, number;
    while ((number = weft_number_index_next(&in->by_resource, hash, &at)) != WEFT_NONE) {
        if (weft_str_equal(weft_segment_tables_resource(writer->tables, number)->encoded, encoded))
            return number;
    }
    number = weft_segment_tables_add_resource(writer->tables, encoded, err);
    if (number != WEFT_NONE) weft_number_index_add(&in->by_resource, hash, number);
    return number;
}

static uint32_t intern_scope_alone(struct weft_segment_writer *writer,
                                   const struct weft_scope *scope, struct weft_err *err)
{
    struct weft_interner *in = writer->interner;
    weft_buf_reset(&in->scratch);
    weft_otlp_encode_scope(&in->scratch, scope);
    struct weft_str encoded = weft_buf_str(&in->scratch);
    uint32_t hash = encoded_hash(encoded), at = hash, number;
    while ((number = weft_number_index_next(&in->by_scope, hash, &at)) != WEFT_NONE) {
        if (weft_str_equal(weft_segment_tables_scope(writer->tables, number)->encoded, encoded))
            return number;
    }
    number = weft_segment_tables_add_scope(writer->tables, encoded, err);
    if (number != WEFT_NONE) weft_number_index_add(&in->by_scope, hash, number);
    return number;
}

/* The pair's number, or WEFT_NONE when a table is full. */
uint32_t weft_intern_scope(struct weft_segment_writer *writer, const struct weft_scope *scope,
                           struct weft_err *err)
{
    WEFT_ASSERT(scope != NULL && scope->resource != NULL, "scope %p", (const void *)scope);
    if (scope->resource != writer->last_resource) {
        uint32_t resource = intern_resource(writer, scope->resource, err);
        if (resource == WEFT_NONE) return WEFT_NONE;
        writer->last_resource = scope->resource;
        writer->last_resource_number = resource;
    }
    uint32_t number = intern_scope_alone(writer, scope, err);
    if (number == WEFT_NONE) return WEFT_NONE;
    writer->last_scope = scope;
    writer->last_pair =
        weft_segment_tables_pair(writer->tables, writer->last_resource_number, number);
    return writer->last_pair;
}

/* ---- taking back a batch that did not fit ---- */

static void forget_guess(struct weft_shape_guess *guess, uint32_t shape_count)
{
    if (guess->last != WEFT_NONE && guess->last >= shape_count) guess->last = WEFT_NONE;
}

/* Names made by the batch are forgotten; older ones must not point at heads and shapes that are
 * gone. */
static void cut_names(struct weft_segment_writer *writer, const struct weft_tables_mark *mark,
                      uint32_t name_count)
{
    struct weft_interner *in = writer->interner;
    while (in->name_count > name_count) {
        in->name_count--;
        weft_number_index_remove(&in->by_name, in->names[in->name_count].hash, in->name_count);
    }
    for (uint32_t i = 0; i <= in->name_count; i++) {
        struct weft_name_state *state = i < in->name_count ? &in->names[i] : &in->inline_name;
        if (state->head_pair != WEFT_NONE && state->head >= mark->counts.of[WEFT_TABLE_HEADS]) {
            state->head_pair = WEFT_NONE;
        }
        forget_guess(&state->guess, mark->counts.of[WEFT_TABLE_SHAPES]);
    }
}

static void cut_shapes(struct weft_segment_writer *writer, uint32_t shape_count)
{
    struct weft_interner *in = writer->interner;
    for (uint32_t i = shape_count; i < writer->tables->shape_count; i++) {
        const struct weft_shape_view *shape = weft_segment_tables_shape(writer->tables, i);
        weft_number_index_remove(&in->by_shape, shape_hash(writer, shape->keys, shape->count), i);
    }
    for (uint32_t i = 0; i < shape_count; i++) {
        if (in->shapes[i].next != WEFT_NONE && in->shapes[i].next >= shape_count)
            in->shapes[i].next = WEFT_NONE;
    }
    in->slot_count =
        shape_count > 0 ? in->shapes[shape_count - 1].slots + in->shapes[shape_count - 1].count : 0;
    for (uint32_t i = 0; i < in->slot_count; i++)
        in->slots[i].last = 0; /* the string may be gone */
    forget_guess(&in->event_guess, shape_count);
    forget_guess(&in->link_guess, shape_count);
}

void weft_intern_cut(struct weft_segment_writer *writer, const struct weft_tables_mark *mark,
                     uint32_t name_count)
{
    struct weft_interner *in = writer->interner;
    struct weft_segment_tables *tables = writer->tables;
    cut_names(writer, mark, name_count);
    cut_shapes(writer, mark->counts.of[WEFT_TABLE_SHAPES]);
    for (uint32_t i = mark->counts.of[WEFT_TABLE_HEADS]; i < tables->head_count; i++) {
        const struct weft_head_view *head = &weft_segment_tables_head(tables, i)->view;
        uint32_t hash =
            head_hash(tables->strings.seed, head->resource, head->scope, head->name, head->kind);
        weft_number_index_remove(&in->by_head, hash, i);
    }
    for (uint32_t i = mark->counts.of[WEFT_TABLE_RESOURCES]; i < tables->resource_count; i++) {
        weft_number_index_remove(&in->by_resource,
                                 encoded_hash(weft_segment_tables_resource(tables, i)->encoded), i);
    }
    for (uint32_t i = mark->counts.of[WEFT_TABLE_SCOPES]; i < tables->scope_count; i++) {
        weft_number_index_remove(&in->by_scope,
                                 encoded_hash(weft_segment_tables_scope(tables, i)->encoded), i);
    }
    for (uint32_t i = mark->counts.of[WEFT_TABLE_STRINGS]; i < tables->strings.count; i++) {
        in->string_bytes -= weft_dictionary_at(&tables->strings, i)->len;
    }
    weft_segment_tables_cut(tables, mark);
    writer->last_scope = NULL;
    writer->last_resource = NULL;
}
