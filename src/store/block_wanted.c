/* block_wanted.c -- see block_wanted.h. */
#include "store/block_wanted.h"
#include "store/block_rest.h"

void weft_block_wanted_init(struct weft_block_wanted *w, struct weft_wanted_keys *wanted,
                            struct weft_block_reader *reader, struct weft_arena *arena)
{
    struct weft_block *block = reader->block;

    *w = (struct weft_block_wanted){ .wanted = wanted, .reader = reader, .left = UINT32_MAX };
    w->end = weft_wanted_scope(wanted, WEFT_SCOPE_SPAN, &w->first);
    w->keys = weft_arena_alloc_array(arena, w->end - w->first + 1, sizeof *w->keys);
    for (uint32_t i = w->first; i < w->end; i++)
        if (!weft_block_find_key(block, wanted->items[i].key, &w->keys[i - w->first]))
            w->keys[i - w->first] = WEFT_NO_NAME;
    w->head_has = weft_arena_alloc_array(arena, block->head_count + 1, sizeof *w->head_has);
}

/* ---- what a row group may have ---- */

static bool has_some_of(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                        struct weft_attributes attributes)
{
    uint32_t at, end = weft_wanted_scope(wanted, scope, &at);

    for (; at < end; at++)
        if (!wanted->is_found[at] &&
            weft_attributes_find(attributes, wanted->items[at].key) != NULL)
            return true;
    return false;
}

/* Anew when something was found. */
static bool heads_have(struct weft_block_wanted *w)
{
    const struct weft_block *block = w->reader->block;
    const struct weft_wanted_keys *wanted = w->wanted;
    const struct weft_scope *before = NULL;
    bool any = false;

    if (!weft_wanted_any(wanted, WEFT_SCOPE_RESOURCE) &&
        !weft_wanted_any(wanted, WEFT_SCOPE_INSTRUMENTATION))
        return false;
    if (w->left == wanted->left) return w->has_heads;
    w->left = wanted->left;
    for (uint32_t i = 0; i < block->head_count; i++) {
        const struct weft_scope *scope = block->scope_of_head[i];
        if (scope != before)
            w->head_has[i] =
                has_some_of(wanted, WEFT_SCOPE_RESOURCE, scope->resource->attributes) ||
                has_some_of(wanted, WEFT_SCOPE_INSTRUMENTATION, scope->attributes);
        else
            w->head_has[i] = w->head_has[i - 1];
        any |= w->head_has[i];
        before = scope;
    }
    return any;
}

static void key_enter(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t item)
{
    uint32_t key = w->keys[item - w->first], local, first, end;

    if (key == WEFT_NO_NAME) {
        if (rows->local_keys.count == 0 ||
            !weft_rows_find_local_key(rows, w->wanted->items[item].key, &local, NULL))
            return;
        key = rows->block->keys.count + local;
    }
    w->has_rests |= weft_rest_may_have(rows, key);
    for (uint32_t type = WEFT_VALUE_EMPTY; type <= WEFT_VALUE_BYTES; type++)
        if (weft_rows_find_runs(rows, weft_key_code(key, type), &first, &end))
            w->runs[w->run_count++] = (struct weft_wanted_run){ item, weft_key_code(key, type) };
}

static bool has_pseudo(const struct weft_rows *rows, uint32_t pseudo)
{
    uint32_t first, end;
    return weft_rows_find_runs(rows, pseudo << 3 | weft_pseudo_type(pseudo), &first, &end);
}

int weft_block_wanted_enter(struct weft_block_wanted *w, struct weft_rows *rows, bool *any,
                            struct weft_err *err)
{
    const struct weft_wanted_keys *wanted = w->wanted;
    int rc = weft_rows_load_groups(rows, err);

    if (rc < 0) return rc;
    w->run_count = 0;
    w->runs = weft_arena_alloc(rows->arena, ((size_t)rows->run_key_count + 1) * sizeof *w->runs);
    w->has_rests = false;
    for (uint32_t i = w->first; i < w->end; i++)
        if (!wanted->is_found[i]) key_enter(w, rows, i);
    w->has_rests &= has_pseudo(rows, WEFT_PSEUDO_REST);
    w->has_heads = heads_have(w);
    w->has_events =
        weft_wanted_any(wanted, WEFT_SCOPE_EVENT) && has_pseudo(rows, WEFT_PSEUDO_EVENTS);
    w->has_links = weft_wanted_any(wanted, WEFT_SCOPE_LINK) && has_pseudo(rows, WEFT_PSEUDO_LINKS);
    *any = w->run_count > 0 || w->has_rests || w->has_heads || w->has_events || w->has_links;
    return WEFT_OK;
}

/* ---- a group ---- */

static bool is_set(const uint64_t *bits, uint32_t row)
{
    return bits[row / 64] >> row % 64 & 1;
}

/* Has one of the rows a value? */
static bool presence_meets(const struct weft_presence *p, const uint64_t *bits)
{
    uint64_t both = 0;

    if (p->mode == WEFT_PRESENCE_ALL) return true;
    for (uint32_t i = 0; p->mode == WEFT_PRESENCE_LIST && i < p->count; i++)
        both |= is_set(bits, weft_load_u16(p->rows + (size_t)i * 2));
    for (uint32_t i = 0; p->mode == WEFT_PRESENCE_BITMAP && i * 64 < p->total; i++)
        both |= bits[i] & weft_load_u64(p->bits + (size_t)i * 8);
    return both != 0;
}

static int runs_look(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t g,
                     const uint64_t *bits, struct weft_err *err)
{
    struct weft_run *run;
    uint32_t at, end;
    int rc;

    for (uint32_t i = 0; i < w->run_count; i++) {
        uint32_t item = w->runs[i].item;
        if (w->wanted->is_found[item]) continue;
        if ((rc = weft_rows_find_group_runs(rows, w->runs[i].code, g, &at, &end, err)) < 0)
            return rc;
        for (; at < end; at++) {
            if ((rc = weft_rows_run(rows, at, &run, err)) < 0) return rc;
            if (presence_meets(&run->presence, bits)) weft_wanted_mark(w->wanted, item);
        }
    }
    return WEFT_OK;
}

static int heads_look(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t g,
                      const uint64_t *bits, struct weft_err *err)
{
    const struct weft_rows_group *group = &rows->groups[g];
    uint64_t heads[WEFT_PAGED_ROWS];

    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        if ((bits[at / 64] | bits[at / 64 + (n > 64)]) == 0) continue;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++) {
            if (!is_set(bits, at + i)) continue;
            if (heads[i] >= rows->block->head_count)
                return weft_rows_corrupt(rows, err, "head %llu in group %u",
                                         (unsigned long long)heads[i], g);
            if (!w->head_has[heads[i]]) continue;
            const struct weft_scope *scope = rows->block->scope_of_head[heads[i]];
            weft_wanted_find_all(w->wanted, WEFT_SCOPE_RESOURCE, scope->resource->attributes);
            weft_wanted_find_all(w->wanted, WEFT_SCOPE_INSTRUMENTATION, scope->attributes);
            w->has_heads = heads_have(w);
            if (!w->has_heads) return WEFT_OK;
        }
    }
    return WEFT_OK;
}

static int rest_take(struct weft_block_wanted *w, struct weft_rows *rows, struct weft_str bytes,
                     struct weft_err *err)
{
    uint32_t block_keys = rows->block->keys.count;
    struct weft_rest rest;
    struct weft_str name;
    int rc = weft_rest_init(&rest, rows, bytes, err);

    while (rc >= 0 && (rc = weft_rest_next(&rest, err)) > 0) {
        uint32_t key = (rest.code >> 3) - WEFT_PSEUDO_KEYS;
        if (key < block_keys)
            name = weft_block_key(rows->block, key);
        else if ((rc = weft_rows_local_key(rows, key - block_keys, &name, err)) < 0)
            break;
        weft_wanted_find(w->wanted, WEFT_SCOPE_SPAN, name);
    }
    return rc < 0 ? rc : WEFT_OK;
}

/* What a row has under a pseudo key: its rare attributes, events or links. */
static int payload_take(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t pseudo,
                        struct weft_str bytes, struct weft_err *err)
{
    struct weft_span span = { 0 };
    int rc;

    if (pseudo == WEFT_PSEUDO_REST) return rest_take(w, rows, bytes, err);
    if (pseudo == WEFT_PSEUDO_EVENTS)
        rc = weft_block_events(rows, bytes, &span, w->reader, rows->temporary, err);
    else
        rc = weft_block_links(rows, bytes, &span, w->reader, rows->temporary, err);
    if (rc == WEFT_OK) weft_wanted_find_carriers(w->wanted, &span);
    return rc;
}

static int payloads_look(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t g,
                         uint32_t pseudo, const uint64_t *bits, struct weft_err *err)
{
    uint32_t code = pseudo << 3 | weft_pseudo_type(pseudo), at, end;
    struct weft_run *run;
    struct weft_run_value v;
    int rc = weft_rows_find_group_runs(rows, code, g, &at, &end, err);

    if (rc < 0 || at == end) return rc;
    if ((rc = weft_rows_run(rows, at, &run, err)) < 0) return rc;
    uint16_t *row = weft_arena_alloc(rows->temporary, (size_t)run->count * 2 + 2);
    weft_presence_rows(&run->presence, row);
    for (uint32_t i = 0; i < run->count && w->wanted->left > 0; i++) {
        if (!is_set(bits, row[i])) continue;
        if ((rc = weft_run_get(rows, run, i, w->reader, &v, err)) < 0) return rc;
        if (!v.is_spelt && (rc = weft_block_string(w->reader, v.number, &v.bytes, err)) < 0)
            return rc;
        if ((rc = payload_take(w, rows, pseudo, v.bytes, err)) < 0) return rc;
    }
    return WEFT_OK;
}

int weft_block_wanted_look(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t g,
                           const uint64_t *bits, struct weft_err *err)
{
    int rc = runs_look(w, rows, g, bits, err);

    if (rc == WEFT_OK && w->has_heads) rc = heads_look(w, rows, g, bits, err);
    if (rc == WEFT_OK && w->has_rests) rc = payloads_look(w, rows, g, WEFT_PSEUDO_REST, bits, err);
    if (rc == WEFT_OK && w->has_events)
        rc = payloads_look(w, rows, g, WEFT_PSEUDO_EVENTS, bits, err);
    if (rc == WEFT_OK && w->has_links) rc = payloads_look(w, rows, g, WEFT_PSEUDO_LINKS, bits, err);
    return rc;
}
