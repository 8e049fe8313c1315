/* merge_rest.c -- the rest of a pool's row: attributes of keys too rare for a run of their own, as one byte string; and
 * the set of those keys. */
#include "store/codec_varint.h"
#include "store/merge_internal.h"

static void put_value(struct merge *m, const struct merge_row *row, uint32_t code,
                      const uint32_t *value)
{
    struct merge_source *source = &m->sources[row->chunk->source];
    struct weft_buf *out = &m->rest_bytes;
    uint32_t number;

    switch (code & 7) {
    case WEFT_VALUE_EMPTY: return;
    case WEFT_VALUE_BOOL: weft_buf_append_byte(out, value[0] != 0); return;
    case WEFT_VALUE_INT: weft_varint_put(out, weft_zigzag((int64_t)weft_load_u64(value))); return;
    case WEFT_VALUE_DOUBLE: weft_buf_append(out, value, 8); return;
    default: break;
    }
    if (!(value[0] & WEFT_WORD_HEAP)) {
        weft_varint_put(out, (uint64_t)merge_string_number(m, source, value[0]) << 1);
        return;
    }
    struct weft_str s = weft_merge_heap(row->chunk, value[0]);
    if (weft_merge_blob(m, source, s, &number) ||
        weft_merge_heap_number(m, row->chunk, s, code, &number)) {
        weft_varint_put(out, (uint64_t)number << 1);
        return;
    }
    weft_varint_put(out, (uint64_t)s.len << 1 | 1);
    weft_buf_append_str(out, s);
}

struct weft_str weft_merge_rest(struct merge *m, const struct merge_row *row,
                                const uint32_t *attributes, const uint32_t *offsets,
                                uint32_t extras)
{
    const struct merge_list *list = &m->lists[row->list];
    uint32_t before = WEFT_PSEUDO_KEYS;

    weft_buf_reset(&m->rest_bytes);
    weft_varint_put(&m->rest_bytes, list->rest_count);
    for (uint32_t i = extras; i < list->count; i++) {
        uint32_t code = list->codes[i];
        if (list->columns[i] != MERGE_REST) continue;
        weft_buf_append_byte(&m->rest_bytes, (char)(code & 7));
        weft_varint_put(&m->rest_bytes, (code >> 3) - before);
        before = code >> 3;
        put_value(m, row, code, attributes + offsets[i - extras]);
    }
    return weft_arena_copy(&m->scratch, weft_buf_str(&m->rest_bytes));
}

/* ---- the set of keys ---- */

void weft_merge_rest_begin(struct merge *m)
{
    m->rest_keys = NULL;
}

void weft_merge_rest_key(struct merge *m, uint32_t key)
{
    size_t words = ((size_t)m->key_count + m->local_key_count + 63) / 64;

    if (m->rest_keys == NULL) m->rest_keys = weft_arena_alloc_zero(&m->scratch, words * 8);
    m->rest_keys[key / 64] |= UINT64_C(1) << (key % 64);
}

static void put_list(const struct merge *m, struct weft_buf *out, size_t words)
{
    for (size_t w = 0; w < words; w++)
        for (uint64_t bits = m->rest_keys[w]; bits != 0; bits &= bits - 1) {
            uint32_t key = (uint32_t)(w * 64 + (size_t)__builtin_ctzll(bits));
            weft_buf_append(out, &key, 4);
        }
}

bool weft_merge_rest_keys(const struct merge *m, struct weft_buf *out)
{
    uint32_t keys = m->key_count + m->local_key_count, header[2] = { WEFT_REST_KEYS_BITMAP, keys };
    size_t words = ((size_t)keys + 63) / 64, count = 0;

    if (m->rest_keys == NULL) return false;
    for (size_t w = 0; w < words; w++) count += (size_t)__builtin_popcountll(m->rest_keys[w]);
    if (count * 4 < words * 8) {
        header[0] = WEFT_REST_KEYS_LIST;
        header[1] = (uint32_t)count;
        weft_buf_append(out, header, 8);
        put_list(m, out, words);
    } else {
        weft_buf_append(out, header, 8);
        weft_buf_append(out, m->rest_keys, words * 8);
    }
    return true;
}
