/* block_attributes.c -- which attributes a block has and which values, by its tables and runs: no span is
 * made for that, but for those of events and links the bytes of their runs are read.
 *
 * Rows of masked traces count too: who asks wants to know what is frequent.
 */
#include "base/alloc.h"
#include "store/block_rest.h"
#include "store/part_attributes.h"

struct asking {
    struct weft_block *block;
    const struct weft_attribute_walk *walk;
    struct weft_block_reader reader;
    struct weft_arena arena, span; /* of a row group; of one row's events */
    uint64_t *counts;              /* by key of the block; by string when values are asked for */
    struct weft_err *err;
};

/* ---- resources and scopes ---- */

static int heads_walk(struct asking *a)
{
    struct weft_block *b = a->block;
    uint64_t *resources = weft_arena_alloc_array(&a->arena, b->resources.count + 1, 8),
             *scopes = weft_arena_alloc_array(&a->arena, b->scopes.count + 1, 8);
    const struct weft_scope **scope =
        weft_arena_alloc_array(&a->arena, b->scopes.count + 1, sizeof *scope);

    for (uint32_t i = 0; i < b->head_count; i++) {
        struct weft_head_view h = weft_block_head(b, i);
        uint64_t spans = weft_load_u64(b->heads + (size_t)i * WEFT_HEAD_ENTRY_BYTES + 16);
        resources[h.resource] += spans;
        scopes[h.scope] += spans;
        scope[h.scope] = b->scope_of_head[i];
    }
    for (uint32_t i = 0; i < b->resources.count; i++)
        weft_attributes_walk(a->walk, WEFT_SCOPE_RESOURCE, b->resource[i].attributes, resources[i]);
    for (uint32_t i = 0; i < b->scopes.count; i++)
        if (scope[i] != NULL)
            weft_attributes_walk(a->walk, WEFT_SCOPE_INSTRUMENTATION, scope[i]->attributes,
                                 scopes[i]);
    weft_arena_reset(&a->arena);
    return WEFT_OK;
}

/* ---- events and links ---- */

static int payload_walk(struct asking *a, struct weft_rows *rows, uint32_t pseudo,
                        struct weft_str bytes)
{
    struct weft_span span = { 0 };
    int rc = pseudo == WEFT_PSEUDO_EVENTS
                 ? weft_block_events(rows, bytes, &span, &a->reader, &a->span, a->err)
                 : weft_block_links(rows, bytes, &span, &a->reader, &a->span, a->err);

    if (rc == WEFT_OK) weft_carriers_walk(a->walk, &span);
    weft_arena_reset(&a->span);
    return rc;
}

/* The payloads of events or links of the row group. */
static int payloads_walk(struct asking *a, struct weft_rows *rows, uint32_t pseudo)
{
    uint32_t first, end;
    struct weft_run *run;
    struct weft_run_value v;
    int rc = WEFT_OK;

    if (!weft_rows_find_runs(rows, pseudo << 3 | weft_pseudo_type(pseudo), &first, &end))
        return WEFT_OK;
    for (; first < end && rc == WEFT_OK; first++) {
        if ((rc = weft_rows_run(rows, first, &run, a->err)) < 0) return rc;
        for (uint32_t i = 0; i < run->count && rc == WEFT_OK; i++) {
            if ((rc = weft_run_get(rows, run, i, &a->reader, &v, a->err)) < 0) return rc;
            if (!v.is_spelt && (rc = weft_block_string(&a->reader, v.number, &v.bytes, a->err)) < 0)
                return rc;
            rc = payload_walk(a, rows, pseudo, weft_arena_copy(&a->span, v.bytes));
        }
    }
    return rc;
}

static int carriers_walk(struct asking *a, struct weft_rows *rows)
{
    int rc = WEFT_OK;

    if (weft_attribute_walk_wants(a->walk, WEFT_SCOPE_EVENT))
        rc = payloads_walk(a, rows, WEFT_PSEUDO_EVENTS);
    if (rc == WEFT_OK && weft_attribute_walk_wants(a->walk, WEFT_SCOPE_LINK))
        rc = payloads_walk(a, rows, WEFT_PSEUDO_LINKS);
    return rc;
}

/* ---- keys of spans ---- */

static int key_count(struct asking *a, struct weft_rows *rows, uint32_t key, uint64_t spans)
{
    struct weft_str name;
    int rc;

    if (key < a->block->keys.count) {
        a->counts[key] += spans;
        return WEFT_OK;
    }
    if ((rc = weft_rows_local_key(rows, key - a->block->keys.count, &name, a->err)) == WEFT_OK)
        a->walk->add_key(a->walk->arg, WEFT_SCOPE_SPAN, name, spans);
    return rc;
}

/* Keys of rare attributes: how many spans have them is not counted. */
static int rest_keys_count(struct asking *a, struct weft_rows *rows)
{
    const struct weft_rest_keys *keys = &rows->rest_keys;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < keys->count && rc == WEFT_OK; i++) {
        if (!keys->is_bitmap)
            rc = key_count(a, rows, weft_load_u32(keys->bytes + (size_t)i * 4), 1);
        else if (weft_rest_may_have(rows, i))
            rc = key_count(a, rows, i, 1);
    }
    return rc;
}

static int keys_count(struct asking *a, struct weft_rows *rows)
{
    struct weft_run *run;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < rows->run_key_count && rc == WEFT_OK; i++) {
        const uint8_t *e = rows->run_keys + (size_t)i * 8;
        uint32_t key = weft_load_u32(e) >> 3, end = weft_load_u32(e + 12);
        uint64_t spans = 0;
        if (key < WEFT_PSEUDO_KEYS) continue;
        for (uint32_t r = weft_load_u32(e + 4); r < end; r++) {
            if ((rc = weft_rows_run(rows, r, &run, a->err)) < 0) return rc;
            spans += run->count;
        }
        rc = key_count(a, rows, key - WEFT_PSEUDO_KEYS, spans);
    }
    return rc < 0 ? rc : rest_keys_count(a, rows);
}

/* ---- values of spans ---- */

static int string_give(struct asking *a, uint32_t type, struct weft_str bytes, uint64_t spans)
{
    struct weft_value value = { .type = type };

    value.bytes = bytes;
    weft_value_walk(a->walk, &value, spans);
    return WEFT_OK;
}

/* One value; strings with a number are counted by it, and given at the end. */
static int value_take(struct asking *a, uint32_t type, const struct weft_run_value *v)
{
    uint64_t strings = (uint64_t)a->block->strings.count + a->block->blob_count;
    struct weft_value value = { .type = type };

    switch (type) {
    case WEFT_VALUE_BOOL: value.bool_value = v->number != 0; break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: memcpy(&value.int_value, &v->wide, 8); break;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
        if (v->is_spelt) return string_give(a, type, v->bytes, 1);
        if (v->number >= strings)
            return weft_fail(a->err, WEFT_CORRUPT, "block %s: string %u of %llu", a->block->path,
                             v->number, (unsigned long long)strings);
        a->counts[v->number]++;
        return WEFT_OK;
    default: return WEFT_OK;
    }
    weft_value_walk(a->walk, &value, 1);
    return WEFT_OK;
}

static int runs_take(struct asking *a, struct weft_rows *rows, uint32_t key, uint32_t type)
{
    uint32_t first, end;
    struct weft_run *run;
    struct weft_run_value v;
    int rc = WEFT_OK;

    if (!weft_rows_find_runs(rows, weft_key_code(key, type), &first, &end)) return WEFT_OK;
    for (; first < end && rc == WEFT_OK; first++) {
        if ((rc = weft_rows_run(rows, first, &run, a->err)) < 0) return rc;
        for (uint32_t i = 0; i < run->count && rc == WEFT_OK; i++)
            if ((rc = weft_run_get(rows, run, i, &a->reader, &v, a->err)) == WEFT_OK)
                rc = value_take(a, type, &v);
    }
    return rc;
}

static int rest_take(struct asking *a, struct weft_rows *rows, uint32_t key, uint32_t type,
                     struct weft_str bytes)
{
    struct weft_rest rest;
    int rc = weft_rest_init(&rest, rows, bytes, a->err);

    while (rc >= 0 && (rc = weft_rest_next(&rest, a->err)) > 0)
        if (rest.code == weft_key_code(key, type)) rc = value_take(a, type, &rest.value);
    return rc;
}

/* The same of rare attributes. */
static int rests_take(struct asking *a, struct weft_rows *rows, uint32_t key, uint32_t type)
{
    uint32_t first, end;
    struct weft_run *run;
    struct weft_run_value v;
    int rc = WEFT_OK;

    if (!weft_rest_may_have(rows, key) ||
        !weft_rows_find_runs(rows, WEFT_PSEUDO_REST << 3 | weft_pseudo_type(WEFT_PSEUDO_REST),
                             &first, &end))
        return WEFT_OK;
    for (; first < end && rc == WEFT_OK; first++) {
        if ((rc = weft_rows_run(rows, first, &run, a->err)) < 0) return rc;
        for (uint32_t i = 0; i < run->count && rc == WEFT_OK; i++) {
            if ((rc = weft_run_get(rows, run, i, &a->reader, &v, a->err)) < 0) return rc;
            if (!v.is_spelt && (rc = weft_block_string(&a->reader, v.number, &v.bytes, a->err)) < 0)
                return rc;
            rc = rest_take(a, rows, key, type, weft_arena_copy(&a->span, v.bytes));
            weft_arena_reset(&a->span);
        }
    }
    return rc;
}

static int span_values_take(struct asking *a, struct weft_rows *rows, uint32_t type)
{
    uint32_t key;
    int rc;

    if (!weft_block_find_key(a->block, a->walk->key, &key)) {
        if (!weft_rows_find_local_key(rows, a->walk->key, &key, a->err)) return WEFT_OK;
        key += a->block->keys.count;
    }
    rc = runs_take(a, rows, key, type);
    return rc < 0 ? rc : rests_take(a, rows, key, type);
}

static int counted_strings_give(struct asking *a, uint32_t type)
{
    uint32_t count = a->block->strings.count + a->block->blob_count;
    struct weft_str bytes;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < count && rc == WEFT_OK; i++) {
        if (a->counts[i] == 0) continue;
        if ((rc = weft_block_string(&a->reader, i, &bytes, a->err)) == WEFT_OK)
            rc = string_give(a, type, bytes, a->counts[i]);
    }
    return rc;
}

/* ---- all row groups ---- */

typedef int each_rows(struct asking *a, struct weft_rows *rows, uint32_t type);

static int rows_each(struct asking *a, each_rows *step, uint32_t type)
{
    struct weft_rows rows;
    int rc = WEFT_OK;

    for (uint32_t r = 0; r < a->block->info.row_group_count && rc == WEFT_OK; r++) {
        if ((rc = weft_rows_open(&rows, a->block, r, &a->arena, a->err)) == WEFT_OK &&
            (rc = weft_rows_load_groups(&rows, a->err)) == WEFT_OK)
            rc = step(a, &rows, type);
        weft_arena_reset(&a->arena);
    }
    return rc;
}

static int keys_step(struct asking *a, struct weft_rows *rows, uint32_t type)
{
    int rc = keys_count(a, rows);
    return rc < 0 ? rc : carriers_walk(a, rows);
}

static int carriers_step(struct asking *a, struct weft_rows *rows, uint32_t type)
{
    return carriers_walk(a, rows);
}

static int block_keys(struct asking *a)
{
    uint32_t count = a->block->keys.count;
    int rc;

    a->counts = weft_alloc_array((size_t)count + 1, sizeof *a->counts);
    if ((rc = rows_each(a, keys_step, 0)) < 0) return rc;
    for (uint32_t i = 0; i < count; i++)
        if (a->counts[i] > 0)
            a->walk->add_key(a->walk->arg, WEFT_SCOPE_SPAN, weft_block_key(a->block, i),
                             a->counts[i]);
    return WEFT_OK;
}

static int block_values(struct asking *a)
{
    static const uint8_t types[] = { WEFT_VALUE_STRING, WEFT_VALUE_BOOL, WEFT_VALUE_INT,
                                     WEFT_VALUE_DOUBLE, WEFT_VALUE_ARRAY };
    size_t strings = (size_t)a->block->strings.count + a->block->blob_count + 1;
    int rc = WEFT_OK;

    if (weft_attribute_walk_wants(a->walk, WEFT_SCOPE_EVENT) ||
        weft_attribute_walk_wants(a->walk, WEFT_SCOPE_LINK))
        rc = rows_each(a, carriers_step, 0);
    if (!weft_attribute_walk_wants(a->walk, WEFT_SCOPE_SPAN)) return rc;
    a->counts = weft_alloc_array(strings, sizeof *a->counts);
    for (size_t i = 0; i < sizeof types && rc == WEFT_OK; i++) {
        memset(a->counts, 0, strings * sizeof *a->counts);
        if ((rc = rows_each(a, span_values_take, types[i])) == WEFT_OK)
            rc = counted_strings_give(a, types[i]);
    }
    return rc;
}

int weft_block_attributes(struct weft_block *block, const struct weft_attribute_walk *walk,
                          struct weft_err *err)
{
    struct asking a = { .block = block, .walk = walk, .err = err };
    int rc = weft_block_load_tables(block, err);

    if (rc < 0) return rc;
    weft_arena_init(&a.arena, 1 << 16);
    weft_arena_init(&a.span, 0);
    weft_block_reader_init(&a.reader, block);
    if ((rc = heads_walk(&a)) == WEFT_OK)
        rc = walk->add_key != NULL ? block_keys(&a) : block_values(&a);
    weft_free(a.counts);
    weft_block_reader_release(&a.reader);
    weft_arena_release(&a.arena);
    weft_arena_release(&a.span);
    return rc;
}
