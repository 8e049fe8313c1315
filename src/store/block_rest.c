/* block_rest.c -- attributes of rare keys, row by row (block_rest.h). */
#include "store/block_rest.h"
#include "store/codec_varint.h"

static int malformed(const struct weft_rest *rest, struct weft_err *err, const char *what)
{
    return weft_rows_corrupt(rest->rows, err, "attributes of rare keys: %s is malformed", what);
}

int weft_rest_init(struct weft_rest *rest, struct weft_rows *rows, struct weft_str bytes,
                   struct weft_err *err)
{
    rest->rows = rows;
    rest->at = (const uint8_t *)bytes.ptr;
    rest->end = rest->at + bytes.len;
    rest->code = WEFT_PSEUDO_KEYS << 3;
    if (!weft_varint_get(&rest->at, rest->end, &rest->left) ||
        rest->left > (uint64_t)(rest->end - rest->at))
        return malformed(rest, err, "the count");
    return WEFT_OK;
}

static int string_take(struct weft_rest *rest, struct weft_err *err)
{
    const struct weft_block *block = rest->rows->block;
    uint64_t v;

    if (!weft_varint_get(&rest->at, rest->end, &v)) return malformed(rest, err, "a string");
    rest->value.is_spelt = v & 1;
    v >>= 1;
    if (!rest->value.is_spelt) {
        rest->value.number = (uint32_t)v;
        return v < (uint64_t)block->strings.count + block->blob_count
                   ? WEFT_OK
                   : malformed(rest, err, "a string number");
    }
    if (v > (uint64_t)(rest->end - rest->at)) return malformed(rest, err, "a string's length");
    rest->value.bytes = weft_str_make((const char *)rest->at, (size_t)v);
    rest->at += v;
    return WEFT_OK;
}

static int value_take(struct weft_rest *rest, struct weft_err *err)
{
    uint64_t v;

    rest->value.is_spelt = false;
    switch (rest->code & 7) {
    case WEFT_VALUE_EMPTY: return WEFT_OK;
    case WEFT_VALUE_BOOL:
        if (rest->at == rest->end) return malformed(rest, err, "a bool");
        rest->value.number = *rest->at++ != 0;
        return WEFT_OK;
    case WEFT_VALUE_INT:
        if (!weft_varint_get(&rest->at, rest->end, &v)) return malformed(rest, err, "an int");
        rest->value.wide = (uint64_t)weft_unzigzag(v);
        return WEFT_OK;
    case WEFT_VALUE_DOUBLE:
        if (rest->end - rest->at < 8) return malformed(rest, err, "a double");
        rest->value.wide = weft_load_u64(rest->at);
        rest->at += 8;
        return WEFT_OK;
    default: return string_take(rest, err);
    }
}

int weft_rest_next(struct weft_rest *rest, struct weft_err *err)
{
    uint64_t keys = (uint64_t)rest->rows->block->keys.count + rest->rows->local_keys.count, step;

    if (rest->left == 0) return rest->at == rest->end ? 0 : malformed(rest, err, "the end");
    rest->left--;
    if (rest->at == rest->end || *rest->at > WEFT_VALUE_BYTES)
        return malformed(rest, err, "a value's type");
    uint32_t type = *rest->at++, before = rest->code;
    if (!weft_varint_get(&rest->at, rest->end, &step) || step >= keys)
        return malformed(rest, err, "a key");
    uint64_t key = (before >> 3) - WEFT_PSEUDO_KEYS + step;
    if (key >= keys) return malformed(rest, err, "a key");
    rest->code = weft_key_code((uint32_t)key, type);
    if (rest->code < before) return malformed(rest, err, "the order of keys");
    int rc = value_take(rest, err);
    return rc < 0 ? rc : 1;
}

/* ---- which keys ---- */

int weft_rest_keys_open(struct weft_rows *rows, struct weft_err *err)
{
    struct weft_rest_keys *keys = &rows->rest_keys;
    const uint8_t *p;
    size_t len;

    if (rows->sections[WEFT_ROWS_REST_KEYS].offset == 0) return WEFT_OK;
    int rc = weft_rows_section(rows, WEFT_ROWS_REST_KEYS, &p, &len, err);
    if (rc < 0) return rc;
    uint64_t count = len >= 8 ? weft_load_u32(p + 4) : 0;
    bool is_bitmap = len >= 8 && weft_load_u32(p) == WEFT_REST_KEYS_BITMAP,
         is_list = len >= 8 && weft_load_u32(p) == WEFT_REST_KEYS_LIST;
    if (!(is_bitmap && len - 8 == (count + 63) / 64 * 8) && !(is_list && len - 8 == count * 4))
        return weft_rows_corrupt(rows, err, "rare keys have %zu bytes", len);
    for (uint64_t i = 1; is_list && i < count; i++)
        if (weft_load_u32(p + 4 + i * 4) >= weft_load_u32(p + 8 + i * 4))
            return weft_rows_corrupt(rows, err, "rare keys are out of order");
    *keys = (struct weft_rest_keys){ p + 8, (uint32_t)count, is_bitmap };
    return WEFT_OK;
}

bool weft_rest_may_have(const struct weft_rows *rows, uint32_t key)
{
    const struct weft_rest_keys *keys = &rows->rest_keys;
    uint32_t low = 0, high = keys->count;

    if (keys->is_bitmap) return key < keys->count && keys->bytes[key / 8] >> (key % 8) & 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(keys->bytes + (size_t)middle * 4) < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < keys->count && weft_load_u32(keys->bytes + (size_t)low * 4) == key;
}
