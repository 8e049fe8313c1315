/* block_tables.c -- a block's tables: strings, keys, heads, resources, scopes; read once, at the
 * first need. */
#include "base/alloc.h"
#include "model/otlp.h"
#include "store/block_blob.h"

static int section(struct weft_block *b, unsigned kind, const char *what, const uint8_t **out,
                   size_t *len, struct weft_err *err)
{
    *len = b->sections[kind].bytes;
    return weft_block_bytes(b, b->sections[kind].offset, *len, what, out, err);
}

static int list_open(struct weft_block *b, unsigned kind, const char *what,
                     struct weft_block_list *out, struct weft_err *err)
{
    const uint8_t *p;
    size_t len;
    uint32_t before = 0;
    int rc = section(b, kind, what, &p, &len, err);

    if (rc < 0) return rc;
    out->count = len >= 8 ? weft_load_u32(p) : 0;
    if (len < 8 || (len - 8) / 4 < out->count)
        return weft_fail(err, WEFT_CORRUPT, "block %s: %s: the section is too short", b->path,
                         what);
    out->ends = p + 8;
    out->bytes = out->ends + (size_t)out->count * 4;
    for (uint32_t i = 0; i < out->count; i++) {
        uint32_t end = weft_load_u32(out->ends + (size_t)i * 4);
        if (end < before || end > len - 8 - (size_t)out->count * 4)
            return weft_fail(err, WEFT_CORRUPT,
                             "block %s: %s: entry %u lies outside of the section", b->path, what,
                             i);
        before = end;
    }
    return WEFT_OK;
}

static struct weft_str list_get(const struct weft_block_list *list, uint32_t i)
{
    uint32_t from = i == 0 ? 0 : weft_load_u32(list->ends + (size_t)i * 4 - 4);
    return weft_str_make((const char *)list->bytes + from,
                         weft_load_u32(list->ends + (size_t)i * 4) - from);
}

static int heads_open(struct weft_block *b, struct weft_err *err)
{
    size_t len;
    int rc = section(b, WEFT_BLOCK_HEADS, "heads", &b->heads, &len, err);

    if (rc < 0) return rc;
    b->head_count = (uint32_t)(len / WEFT_HEAD_ENTRY_BYTES);
    if (len % WEFT_HEAD_ENTRY_BYTES != 0 || len / WEFT_HEAD_ENTRY_BYTES > UINT32_MAX)
        return weft_fail(err, WEFT_CORRUPT,
                         "block %s: heads: %zu bytes are no whole number of entries", b->path, len);
    for (uint32_t i = 0; i < b->head_count; i++) {
        struct weft_head_view h = weft_block_head(b, i);
        if (h.resource >= b->resources.count || h.scope >= b->scopes.count ||
            (h.name != WEFT_NO_NAME && h.name >= b->strings.count) || h.kind >= WEFT_KIND_COUNT)
            return weft_fail(err, WEFT_CORRUPT, "block %s: heads: entry %u names what is not there",
                             b->path, i);
    }
    return WEFT_OK;
}

static int heads_decode(struct weft_block *b, struct weft_err *err)
{
    struct weft_strings_reader reader;
    int rc = WEFT_OK;

    b->scope_of_head =
        weft_arena_alloc_array(&b->arena, b->head_count + 1, sizeof *b->scope_of_head);
    b->name_of_head = weft_arena_alloc_array(&b->arena, b->head_count + 1, sizeof *b->name_of_head);
    weft_strings_reader_init(&reader, &b->strings);
    for (uint32_t i = 0; i < b->head_count && rc == WEFT_OK; i++) {
        struct weft_head_view h = weft_block_head(b, i);
        struct weft_scope *scope = weft_arena_alloc_zero(&b->arena, sizeof *scope);
        rc = weft_otlp_decode_scope(scope, list_get(&b->scopes, h.scope), &b->arena, err);
        scope->resource = &b->resource[h.resource];
        b->scope_of_head[i] = scope;
        if (h.name == WEFT_NO_NAME || rc < 0) continue;
        struct weft_str name;
        if ((rc = weft_strings_get(&reader, h.name, &name, err)) == WEFT_OK)
            b->name_of_head[i] = weft_arena_copy(&b->arena, name);
        if (rc == WEFT_OK && name.len == 0) b->name_of_head[i].ptr = "";
    }
    weft_strings_reader_release(&reader);
    return rc;
}

static int tables_load(struct weft_block *b, struct weft_err *err)
{
    const uint8_t *index;
    size_t len;
    int rc;

    if ((rc = section(b, WEFT_BLOCK_STRING_INDEX, "string index", &index, &len, err)) < 0 ||
        (rc = weft_strings_open(&b->strings, b, b->sections[WEFT_BLOCK_STRING_PAGES].offset,
                                b->sections[WEFT_BLOCK_STRING_PAGES].bytes, index, len, err)) < 0)
        return rc;
    if ((rc = list_open(b, WEFT_BLOCK_KEYS, "keys", &b->keys, err)) < 0 ||
        (rc = list_open(b, WEFT_BLOCK_RESOURCES, "resources", &b->resources, err)) < 0 ||
        (rc = list_open(b, WEFT_BLOCK_SCOPES, "scopes", &b->scopes, err)) < 0 ||
        (rc = weft_block_blobs_open(b, err)) < 0 || (rc = heads_open(b, err)) < 0)
        return rc;
    b->resource = weft_arena_alloc_array(&b->arena, b->resources.count + 1, sizeof *b->resource);
    for (uint32_t i = 0; i < b->resources.count; i++)
        if ((rc = weft_otlp_decode_resource(&b->resource[i], list_get(&b->resources, i), &b->arena,
                                            err)) < 0)
            return rc;
    return heads_decode(b, err);
}

int weft_block_load_tables(struct weft_block *b, struct weft_err *err)
{
    int rc = WEFT_OK;

    if (atomic_load_explicit(&b->has_tables, memory_order_acquire)) return WEFT_OK;
    pthread_mutex_lock(&b->lock);
    if (!atomic_load_explicit(&b->has_tables, memory_order_relaxed)) {
        if ((rc = tables_load(b, err)) == WEFT_OK)
            atomic_store_explicit(&b->has_tables, true, memory_order_release);
        else
            weft_err_wrap(err, "block %s", b->path);
    }
    pthread_mutex_unlock(&b->lock);
    return rc;
}

const struct weft_strings *weft_block_strings(const struct weft_block *block)
{
    return &block->strings;
}
uint32_t weft_block_key_count(const struct weft_block *block)
{
    return block->keys.count;
}
uint32_t weft_block_head_count(const struct weft_block *block)
{
    return block->head_count;
}
struct weft_str weft_block_key(const struct weft_block *block, uint32_t number)
{
    return list_get(&block->keys, number);
}

bool weft_block_find_key(const struct weft_block *block, struct weft_str key, uint32_t *number)
{
    uint32_t low = 0, high = block->keys.count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weft_str_compare(list_get(&block->keys, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *number = low;
    return low < block->keys.count && weft_str_equal(list_get(&block->keys, low), key);
}

struct weft_head_view weft_block_head(const struct weft_block *block, uint32_t number)
{
    const uint8_t *e = block->heads + (size_t)number * WEFT_HEAD_ENTRY_BYTES;
    uint32_t kind = weft_load_u32(e + 12);
    return (struct weft_head_view){ weft_load_u32(e), weft_load_u32(e + 4), weft_load_u32(e + 8),
                                    (uint8_t)(kind > 255 ? 255 : kind) };
}

struct weft_str weft_block_resource_encoded(const struct weft_block *block, uint32_t number)
{
    return list_get(&block->resources, number);
}
struct weft_str weft_block_scope_encoded(const struct weft_block *block, uint32_t number)
{
    return list_get(&block->scopes, number);
}

void weft_block_reader_init(struct weft_block_reader *reader, struct weft_block *block)
{
    *reader = (struct weft_block_reader){ .block = block };
    weft_strings_reader_init(&reader->strings, &block->strings);
}

void weft_block_reader_release(struct weft_block_reader *reader)
{
    weft_strings_reader_release(&reader->strings);
    weft_plain_reader_release(&reader->plain);
    weft_buf_release(&reader->blob);
}
