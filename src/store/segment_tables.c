/* segment_tables.c -- adding entries, and the D section that carries them to disk and back. */
#include "store/segment_tables.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hash.h"
#include "model/otlp.h"

void weft_segment_tables_init(struct weft_segment_tables *tables)
{
    *tables = (struct weft_segment_tables){ 0 };
    weft_dictionary_init(&tables->strings);
    weft_dictionary_init(&tables->keys);
    weft_pages_init(&tables->resources, sizeof(struct weft_table_resource), 6);
    weft_pages_init(&tables->scopes, sizeof(struct weft_table_scope), 6);
    weft_pages_init(&tables->shapes, sizeof(struct weft_shape_view), WEFT_SHAPE_PAGE_SHIFT);
    weft_pages_init(&tables->heads, sizeof(struct weft_table_head), 8);
    weft_arena_init(&tables->decoded, 4096);
}

void weft_segment_tables_release(struct weft_segment_tables *tables)
{
    weft_dictionary_release(&tables->strings);
    weft_dictionary_release(&tables->keys);
    weft_pages_release(&tables->resources);
    weft_pages_release(&tables->scopes);
    weft_pages_release(&tables->shapes);
    weft_pages_release(&tables->heads);
    weft_region_release(&tables->region);
    weft_arena_release(&tables->decoded);
    weft_number_index_release(&tables->pairs);
    weft_free(tables->pair);
}

struct weft_table_counts weft_segment_tables_counts(const struct weft_segment_tables *tables)
{
    return (struct weft_table_counts){ .of = {
                                           [WEFT_TABLE_STRINGS] = tables->strings.count,
                                           [WEFT_TABLE_KEYS] = tables->keys.count,
                                           [WEFT_TABLE_RESOURCES] = tables->resource_count,
                                           [WEFT_TABLE_SCOPES] = tables->scope_count,
                                           [WEFT_TABLE_SHAPES] = tables->shape_count,
                                           [WEFT_TABLE_HEADS] = tables->head_count,
                                       } };
}

size_t weft_segment_tables_bytes(const struct weft_segment_tables *tables)
{
    return weft_dictionary_bytes(&tables->strings) + weft_dictionary_bytes(&tables->keys) +
           weft_pages_bytes(&tables->resources) + weft_pages_bytes(&tables->scopes) +
           weft_pages_bytes(&tables->shapes) + weft_pages_bytes(&tables->heads) +
           tables->region.total_bytes + tables->decoded.total_bytes +
           tables->pair_capacity * sizeof *tables->pair;
}

static uint32_t pair_hash(uint32_t resource, uint32_t scope)
{
    return (uint32_t)weft_hash_u64((uint64_t)resource << 32 | scope);
}

struct weft_tables_mark weft_segment_tables_mark(const struct weft_segment_tables *tables)
{
    return (struct weft_tables_mark){ .counts = weft_segment_tables_counts(tables),
                                      .pair_count = tables->pair_count,
                                      .encoded_bytes = tables->encoded_bytes };
}

void weft_segment_tables_cut(struct weft_segment_tables *tables,
                             const struct weft_tables_mark *mark)
{
    weft_dictionary_cut(&tables->strings, mark->counts.of[WEFT_TABLE_STRINGS]);
    weft_dictionary_cut(&tables->keys, mark->counts.of[WEFT_TABLE_KEYS]);
    tables->resource_count = mark->counts.of[WEFT_TABLE_RESOURCES];
    tables->scope_count = mark->counts.of[WEFT_TABLE_SCOPES];
    tables->shape_count = mark->counts.of[WEFT_TABLE_SHAPES];
    tables->head_count = mark->counts.of[WEFT_TABLE_HEADS];
    while (tables->pair_count > mark->pair_count) {
        const struct weft_table_pair *pair = &tables->pair[--tables->pair_count];
        weft_number_index_remove(&tables->pairs, pair_hash(pair->resource, pair->scope),
                                 tables->pair_count);
    }
    tables->encoded_bytes = mark->encoded_bytes;
}

uint32_t weft_segment_tables_add_string(struct weft_segment_tables *tables, uint32_t hash,
                                        struct weft_str s)
{
    uint32_t number = weft_dictionary_add(&tables->strings, hash, s);
    if (number != WEFT_NONE) tables->encoded_bytes += 4 + s.len;
    return number;
}

uint32_t weft_segment_tables_add_key(struct weft_segment_tables *tables, uint32_t hash,
                                     struct weft_str key)
{
    uint32_t number = weft_dictionary_add(&tables->keys, hash, key);
    if (number != WEFT_NONE) tables->encoded_bytes += 4 + key.len;
    return number;
}

uint32_t weft_segment_tables_add_resource(struct weft_segment_tables *tables,
                                          struct weft_str encoded, struct weft_err *err)
{
    if (tables->resource_count >= weft_pages_capacity(&tables->resources)) {
        weft_fail(err, WEFT_FULL, "more than %u different resources in one segment",
                  weft_pages_capacity(&tables->resources));
        return WEFT_NONE;
    }
    struct weft_table_resource *entry =
        weft_pages_place(&tables->resources, tables->resource_count);
    *entry = (struct weft_table_resource){ .encoded = weft_region_copy(&tables->region, encoded) };
    if (weft_otlp_decode_resource(&entry->decoded, entry->encoded, &tables->decoded, err) < 0)
        return WEFT_NONE;
    tables->encoded_bytes += 4 + encoded.len;
    return tables->resource_count++;
}

uint32_t weft_segment_tables_add_scope(struct weft_segment_tables *tables, struct weft_str encoded,
                                       struct weft_err *err)
{
    if (tables->scope_count >= weft_pages_capacity(&tables->scopes)) {
        weft_fail(err, WEFT_FULL, "more than %u different instrumentation scopes in one segment",
                  weft_pages_capacity(&tables->scopes));
        return WEFT_NONE;
    }
    struct weft_table_scope *entry = weft_pages_place(&tables->scopes, tables->scope_count);
    *entry = (struct weft_table_scope){ .encoded = weft_region_copy(&tables->region, encoded) };
    if (weft_otlp_decode_scope(&entry->decoded, entry->encoded, &tables->decoded, err) < 0)
        return WEFT_NONE;
    tables->encoded_bytes += 4 + encoded.len;
    return tables->scope_count++;
}

uint32_t weft_segment_tables_add_shape(struct weft_segment_tables *tables, const uint32_t *keys,
                                       uint32_t count)
{
    if (tables->shape_count >= weft_pages_capacity(&tables->shapes)) return WEFT_NONE;
    uint32_t *copy = weft_region_alloc(&tables->region, count * sizeof *copy);
    if (count > 0) memcpy(copy, keys, count * sizeof *copy);
    struct weft_shape_view *entry = weft_pages_place(&tables->shapes, tables->shape_count);
    *entry = (struct weft_shape_view){ .keys = copy, .count = count };
    tables->encoded_bytes += 4 + 4 * (uint64_t)count;
    return tables->shape_count++;
}

uint32_t weft_segment_tables_pair(struct weft_segment_tables *tables, uint32_t resource,
                                  uint32_t scope)
{
    uint32_t hash = pair_hash(resource, scope), at = hash, number;
    while ((number = weft_number_index_next(&tables->pairs, hash, &at)) != WEFT_NONE) {
        if (tables->pair[number].resource == resource && tables->pair[number].scope == scope)
            return number;
    }
    if (tables->pair_count == tables->pair_capacity) {
        tables->pair_capacity = tables->pair_capacity != 0 ? tables->pair_capacity * 2 : 16;
        tables->pair =
            weft_realloc_array(tables->pair, tables->pair_capacity, sizeof *tables->pair);
    }
    struct weft_scope *copy = weft_region_alloc(&tables->region, sizeof *copy);
    *copy = weft_segment_tables_scope(tables, scope)->decoded;
    copy->resource = &weft_segment_tables_resource(tables, resource)->decoded;
    number = tables->pair_count++;
    tables->pair[number] =
        (struct weft_table_pair){ .resource = resource, .scope = scope, .copy = copy };
    weft_number_index_add(&tables->pairs, hash, number);
    return number;
}

uint32_t weft_segment_tables_add_head(struct weft_segment_tables *tables, uint32_t pair,
                                      uint32_t name, uint8_t kind)
{
    if (tables->head_count >= weft_pages_capacity(&tables->heads)) return WEFT_NONE;
    const struct weft_table_pair *of = &tables->pair[pair];
    struct weft_table_head *entry = weft_pages_place(&tables->heads, tables->head_count);
    *entry = (struct weft_table_head){
        .view = { .resource = of->resource, .scope = of->scope, .name = name, .kind = kind },
        .scope = of->copy
    };
    tables->encoded_bytes += 16;
    return tables->head_count++;
}

/* ---- D section ---- */

static uint8_t *put_u32(uint8_t *out, uint32_t v)
{
    weft_store_u32(out, v);
    return out + 4;
}

static uint8_t *put_str(uint8_t *out, struct weft_str s)
{
    out = put_u32(out, (uint32_t)s.len);
    if (s.len > 0) memcpy(out, s.ptr, s.len);
    return out + s.len;
}

void weft_segment_tables_encode(const struct weft_segment_tables *tables,
                                const struct weft_table_counts *from,
                                const struct weft_table_counts *to, uint8_t *out)
{
    for (uint32_t i = from->of[WEFT_TABLE_STRINGS]; i < to->of[WEFT_TABLE_STRINGS]; i++) {
        out = put_str(out, weft_dictionary_str(&tables->strings, i));
    }
    for (uint32_t i = from->of[WEFT_TABLE_KEYS]; i < to->of[WEFT_TABLE_KEYS]; i++) {
        out = put_str(out, weft_dictionary_str(&tables->keys, i));
    }
    for (uint32_t i = from->of[WEFT_TABLE_RESOURCES]; i < to->of[WEFT_TABLE_RESOURCES]; i++) {
        out = put_str(out, weft_segment_tables_resource(tables, i)->encoded);
    }
    for (uint32_t i = from->of[WEFT_TABLE_SCOPES]; i < to->of[WEFT_TABLE_SCOPES]; i++) {
        out = put_str(out, weft_segment_tables_scope(tables, i)->encoded);
    }
    for (uint32_t i = from->of[WEFT_TABLE_SHAPES]; i < to->of[WEFT_TABLE_SHAPES]; i++) {
        const struct weft_shape_view *shape = weft_segment_tables_shape(tables, i);
        out = put_u32(out, shape->count);
        for (uint32_t k = 0; k < shape->count; k++) out = put_u32(out, shape->keys[k]);
    }
    for (uint32_t i = from->of[WEFT_TABLE_HEADS]; i < to->of[WEFT_TABLE_HEADS]; i++) {
        const struct weft_head_view *head = &weft_segment_tables_head(tables, i)->view;
        out = put_u32(put_u32(put_u32(put_u32(out, head->resource), head->scope), head->name),
                      head->kind);
    }
}

/* ---- reading it back: nothing in it is believed ---- */

struct reader {
    const uint8_t *at, *end;
};

static bool get_u32(struct reader *in, uint32_t *out)
{
    if (in->end - in->at < 4) return false;
    *out = weft_load_u32(in->at);
    in->at += 4;
    return true;
}

static bool get_str(struct reader *in, struct weft_str *out)
{
    uint32_t len;
    if (!get_u32(in, &len) || (size_t)(in->end - in->at) < len) return false;
    *out = weft_str_make((const char *)in->at, len);
    in->at += len;
    return true;
}

static int cut_short(const char *what, struct weft_err *err)
{
    return weft_fail(err, WEFT_CORRUPT, "the table section ends inside a %s", what);
}

static int decode_strings(struct weft_dictionary *dictionary, uint32_t to, struct reader *in,
                          const char *what, struct weft_err *err)
{
    while (dictionary->count < to) {
        struct weft_str s;
        if (!get_str(in, &s)) return cut_short(what, err);
        uint32_t hash = weft_dictionary_hash(dictionary->seed, s.ptr, s.len);
        /* Equal entries would pile up in one chain, and the second would never be found. */
        if (weft_dictionary_find(dictionary, dictionary->count, hash, s.ptr, s.len) != WEFT_NONE ||
            weft_dictionary_add(dictionary, hash, s) == WEFT_NONE) {
            return weft_fail(err, WEFT_CORRUPT,
                             "%s %u stands twice in the tables, or is one too many", what,
                             dictionary->count);
        }
    }
    return WEFT_OK;
}

static int decode_shapes(struct weft_segment_tables *tables, uint32_t to, struct reader *in,
                         struct weft_err *err)
{
    uint32_t keys[WEFT_SHAPE_KEYS_MAX];
    while (tables->shape_count < to) {
        uint32_t count;
        if (!get_u32(in, &count)) return cut_short("shape", err);
        if (count > WEFT_SHAPE_KEYS_MAX) {
            return weft_fail(err, WEFT_CORRUPT, "shape %u has %u keys, at most %u expected",
                             tables->shape_count, count, WEFT_SHAPE_KEYS_MAX);
        }
        for (uint32_t i = 0; i < count; i++) {
            if (!get_u32(in, &keys[i])) return cut_short("shape", err);
            if (keys[i] >> 4 >= tables->keys.count || (keys[i] & 15) > WEFT_VALUE_BYTES) {
                return weft_fail(err, WEFT_CORRUPT,
                                 "shape %u names key %u of type %u, which is not there",
                                 tables->shape_count, keys[i] >> 4, keys[i] & 15);
            }
        }
        if (weft_segment_tables_add_shape(tables, keys, count) == WEFT_NONE) {
            return weft_fail(err, WEFT_CORRUPT, "more than %u shapes", tables->shape_count);
        }
    }
    return WEFT_OK;
}

static int decode_heads(struct weft_segment_tables *tables, uint32_t to, struct reader *in,
                        struct weft_err *err)
{
    while (tables->head_count < to) {
        uint32_t resource, scope, name, kind;
        if (!get_u32(in, &resource) || !get_u32(in, &scope) || !get_u32(in, &name) ||
            !get_u32(in, &kind)) {
            return cut_short("head", err);
        }
        if (resource >= tables->resource_count || scope >= tables->scope_count || kind > 255 ||
            (name != WEFT_NO_NAME && name >= tables->strings.count)) {
            return weft_fail(
                err, WEFT_CORRUPT,
                "head %u names resource %u, scope %u, string %u, of which one is not there",
                tables->head_count, resource, scope, name);
        }
        uint32_t pair = weft_segment_tables_pair(tables, resource, scope);
        if (weft_segment_tables_add_head(tables, pair, name, (uint8_t)kind) == WEFT_NONE) {
            return weft_fail(err, WEFT_CORRUPT, "more than %u heads", tables->head_count);
        }
    }
    return WEFT_OK;
}

int weft_segment_tables_decode(struct weft_segment_tables *tables,
                               const struct weft_table_counts *to, struct weft_str bytes,
                               struct weft_err *err)
{
    int rc;
    struct weft_str s;
    struct reader in = { .at = (const uint8_t *)bytes.ptr,
                         .end = (const uint8_t *)bytes.ptr + bytes.len };
    if ((rc = decode_strings(&tables->strings, to->of[WEFT_TABLE_STRINGS], &in, "string", err)) < 0)
        return rc;
    if ((rc = decode_strings(&tables->keys, to->of[WEFT_TABLE_KEYS], &in, "key", err)) < 0)
        return rc;
    while (tables->resource_count < to->of[WEFT_TABLE_RESOURCES]) {
        if (!get_str(&in, &s)) return cut_short("resource", err);
        if (weft_segment_tables_add_resource(tables, s, err) == WEFT_NONE) return WEFT_CORRUPT;
    }
    while (tables->scope_count < to->of[WEFT_TABLE_SCOPES]) {
        if (!get_str(&in, &s)) return cut_short("scope", err);
        if (weft_segment_tables_add_scope(tables, s, err) == WEFT_NONE) return WEFT_CORRUPT;
    }
    if ((rc = decode_shapes(tables, to->of[WEFT_TABLE_SHAPES], &in, err)) < 0) return rc;
    if ((rc = decode_heads(tables, to->of[WEFT_TABLE_HEADS], &in, err)) < 0) return rc;
    if (in.at != in.end) {
        return weft_fail(err, WEFT_CORRUPT, "%zu bytes too many in the table section",
                         (size_t)(in.end - in.at));
    }
    return WEFT_OK;
}
