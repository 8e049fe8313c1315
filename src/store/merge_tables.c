/* merge_tables.c -- keys, resources, scopes and heads of all sources under one numbering. */
#include "base/alloc.h"
#include "store/merge_internal.h"

/* ---- keys ---- */

static int compare_str(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

static struct weft_str source_key(const struct merge_source *s, uint32_t i)
{
    return s->view != NULL ? weft_segment_key(s->view, i) : weft_block_key(s->block, i);
}

static void keys_build(struct merge *m)
{
    const struct weft_map_slot *slot;
    size_t at = 0;

    for (uint32_t s = 0; s < m->source_count; s++)
        for (uint32_t i = 0; i < m->sources[s].key_count; i++)
            if (merge_is_used(m->sources[s].use.keys, i))
                weft_map_put(&m->key_numbers, source_key(&m->sources[s], i), 0, NULL);
    m->keys = weft_alloc_array(m->key_numbers.count, sizeof *m->keys);
    while ((slot = weft_map_next(&m->key_numbers, &at)) != NULL)
        m->keys[m->key_count++] = slot->key;
    qsort(m->keys, m->key_count, sizeof *m->keys, compare_str);
    for (uint32_t i = 0; i < m->key_count; i++) *weft_map_get(&m->key_numbers, m->keys[i]) = i;
    for (uint32_t s = 0; s < m->source_count; s++) {
        struct merge_source *source = &m->sources[s];
        source->keys = weft_alloc_array(source->key_count, sizeof *source->keys);
        source->luck = weft_alloc_array(m->key_count + 1, sizeof *source->luck);
        for (uint32_t i = 0; i < source->key_count; i++)
            if (merge_is_used(source->use.keys, i))
                source->keys[i] = weft_key_code(
                    (uint32_t)*weft_map_get(&m->key_numbers, source_key(source, i)), 0);
    }
}

/* ---- resources and scopes: equal parts have equal bytes ---- */

static uint32_t part_number(struct weft_map *numbers, struct weft_buf *bytes, struct weft_buf *ends,
                            struct weft_str part)
{
    bool is_new;
    uint64_t *number = weft_map_put(numbers, part, numbers->count, &is_new);

    if (is_new) {
        weft_buf_append_str(bytes, part);
        uint32_t end = (uint32_t)bytes->len;
        weft_buf_append(ends, &end, 4);
    }
    return (uint32_t)*number;
}

/* ---- heads ---- */

struct head {
    uint32_t resource, scope, name, kind;
};

static struct head source_head(struct merge *m, const struct merge_source *s, uint32_t i)
{
    struct weft_head_view h =
        s->view != NULL ? weft_segment_head(s->view, i) : weft_block_head(s->block, i);
    struct weft_str resource = s->view != NULL ? weft_segment_resource_encoded(s->view, h.resource)
                                               : weft_block_resource_encoded(s->block, h.resource);
    struct weft_str scope = s->view != NULL ? weft_segment_scope_encoded(s->view, h.scope)
                                            : weft_block_scope_encoded(s->block, h.scope);
    return (
        struct head){ part_number(&m->resource_numbers, &m->resources, &m->resource_ends, resource),
                      part_number(&m->scope_numbers, &m->scopes, &m->scope_ends, scope),
                      h.name == WEFT_NO_NAME ? WEFT_NO_NAME : s->strings[h.name], h.kind };
}

static int compare_head(const void *a, const void *b)
{
    uint32_t x[4], y[4];
    static const int by[4] = { 8, 0, 4, 12 }; /* name, resource, scope, kind */
    for (unsigned i = 0; i < 4; i++) {
        x[i] = weft_load_u32((const uint8_t *)a + by[i]);
        y[i] = weft_load_u32((const uint8_t *)b + by[i]);
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

static void heads_build(struct merge *m)
{
    const struct weft_map_slot *slot;
    size_t at = 0;

    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t s = 0; s < m->source_count; s++) {
            struct merge_source *source = &m->sources[s];
            if (pass == 1)
                source->heads = weft_alloc_array(source->head_count, sizeof *source->heads);
            for (uint32_t i = 0; i < source->head_count; i++) {
                if (!merge_is_used(source->use.heads, i)) continue;
                struct head h = source_head(m, source, i);
                struct weft_str key = { (const char *)&h, sizeof h };
                if (pass == 0)
                    weft_map_put(&m->head_numbers, key, 0, NULL);
                else
                    source->heads[i] = (uint32_t)*weft_map_get(&m->head_numbers, key);
            }
        }
        if (pass == 1) break;
        m->heads = weft_alloc_array(m->head_numbers.count, WEFT_HEAD_ENTRY_BYTES);
        while ((slot = weft_map_next(&m->head_numbers, &at)) != NULL)
            memcpy(m->heads + (size_t)m->head_count++ * WEFT_HEAD_ENTRY_BYTES, slot->key.ptr,
                   sizeof(struct head));
        qsort(m->heads, m->head_count, WEFT_HEAD_ENTRY_BYTES, compare_head);
        for (uint32_t i = 0; i < m->head_count; i++)
            *weft_map_get(
                &m->head_numbers,
                weft_str_make((const char *)m->heads + (size_t)i * WEFT_HEAD_ENTRY_BYTES, 16)) = i;
    }
}

uint32_t weft_merge_head_find(const struct merge *m, uint32_t resource, uint32_t scope,
                              uint32_t name, uint32_t kind)
{
    struct head h = { resource, scope, name, kind };
    const uint64_t *number =
        weft_map_get(&m->head_numbers, weft_str_make((const char *)&h, sizeof h));
    return number != NULL ? (uint32_t)*number : UINT32_MAX;
}

int weft_merge_tables_build(struct merge *m, struct weft_err *err)
{
    int rc;

    for (uint32_t i = 0; i < m->source_count; i++)
        if (m->sources[i].block != NULL &&
            (rc = weft_block_load_tables(m->sources[i].block, err)) < 0)
            return rc;
    if ((rc = weft_merge_strings_build(m, err)) < 0) return rc;
    keys_build(m);
    heads_build(m);
    weft_merge_shapes_build(m);
    return WEFT_OK;
}

/* ---- writing them, after the row groups ---- */

/* count, offsets, bytes */
static int list_write(struct merge *m, uint32_t kind, uint32_t count, const uint32_t *ends,
                      const void *bytes, size_t len, struct weft_err *err)
{
    uint64_t offset = weft_block_writer_offset(&m->file);
    uint32_t header[2] = { count, 0 };
    int rc;

    if ((rc = weft_block_writer_append(&m->file, header, 8, err)) < 0 ||
        (count > 0 &&
         (rc = weft_block_writer_append(&m->file, ends, (size_t)count * 4, err)) < 0) ||
        (rc = weft_block_writer_append(&m->file, bytes, len, err)) < 0)
        return rc;
    weft_block_writer_section(&m->file, kind, WEFT_BLOCK_SECTION_REQUIRED, offset);
    return weft_block_writer_align(&m->file, err);
}

static int keys_write(struct merge *m, struct weft_err *err)
{
    struct weft_buf names = { 0 }, ends = { 0 };

    for (uint32_t i = 0; i < m->key_count; i++) {
        weft_buf_append_str(&names, m->keys[i]);
        uint32_t end = (uint32_t)names.len;
        weft_buf_append(&ends, &end, 4);
    }
    int rc = list_write(m, WEFT_BLOCK_KEYS, m->key_count, (const uint32_t *)(const void *)ends.data,
                        names.data, names.len, err);
    weft_buf_release(&names);
    weft_buf_release(&ends);
    return rc;
}

int weft_merge_tables_write(struct merge *m, struct weft_err *err)
{
    int rc;

    if ((rc = weft_strings_writer_index(&m->strings, err)) < 0 || (rc = keys_write(m, err)) < 0)
        return rc;
    if (m->resources.len > UINT32_MAX || m->scopes.len > UINT32_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "merge: resources of more than 4 GiB");
    uint64_t offset = weft_block_writer_offset(&m->file);
    if ((rc = weft_block_writer_append(&m->file, m->heads,
                                       (size_t)m->head_count * WEFT_HEAD_ENTRY_BYTES, err)) < 0)
        return rc;
    weft_block_writer_section(&m->file, WEFT_BLOCK_HEADS, WEFT_BLOCK_SECTION_REQUIRED, offset);
    if ((rc = list_write(m, WEFT_BLOCK_RESOURCES, (uint32_t)m->resource_numbers.count,
                         (const uint32_t *)(const void *)m->resource_ends.data, m->resources.data,
                         m->resources.len, err)) < 0 ||
        (rc = list_write(m, WEFT_BLOCK_SCOPES, (uint32_t)m->scope_numbers.count,
                         (const uint32_t *)(const void *)m->scope_ends.data, m->scopes.data,
                         m->scopes.len, err)) < 0)
        return rc;
    offset = weft_block_writer_offset(&m->file);
    if ((rc = weft_block_writer_append(&m->file, m->directory.data, m->directory.len, err)) < 0)
        return rc;
    weft_block_writer_section(&m->file, WEFT_BLOCK_ROW_GROUPS, WEFT_BLOCK_SECTION_REQUIRED, offset);
    return WEFT_OK;
}

void weft_merge_tables_release(struct merge *m)
{
    for (uint32_t i = 0; i < m->source_count; i++) {
        struct merge_source *s = &m->sources[i];
        weft_free(s->strings);
        weft_free(s->keys);
        weft_free(s->heads);
        weft_free(s->shapes);
        weft_free(s->luck);
        weft_free(s->blobs);
        weft_block_cursor_destroy(s->cursor);
        weft_block_use_release(&s->use);
        weft_block_mask_unref(s->only);
    }
    weft_free(m->sources);
    weft_free(m->keys);
    weft_free(m->heads);
    weft_map_release(&m->key_numbers);
    weft_map_release(&m->resource_numbers);
    weft_map_release(&m->scope_numbers);
    weft_map_release(&m->head_numbers);
    weft_buf_release(&m->resources);
    weft_buf_release(&m->scopes);
    weft_buf_release(&m->resource_ends);
    weft_buf_release(&m->scope_ends);
    weft_strings_writer_release(&m->strings);
}
