/* value_walk.c -- AnyValue messages: reading one, walking arrays and kvlists, checking and mending
 * nested ones.
 *
 * Spec  common.proto (C3.8.1): AnyValue 1 string, 2 bool, 3 int, 4 double, 5 array, 6 kvlist, 7
 *       bytes. Other fields, such as 8 string_value_strindex of profiles, are skipped, which leaves
 *       the value empty.
 */
#include "model/otlp_internal.h"
#include "wire/protobuf.h"
#include "wire/text.h"

#define TAG(number, wire) ((number) << 3 | (unsigned)(wire))

bool weft_otlp_any_value(struct weft_str encoded, struct weft_value *out)
{
    struct weft_pb_reader r = weft_pb_reader_make(encoded);
    uint32_t tag;
    *out = (struct weft_value){ .type = WEFT_VALUE_EMPTY };
    while (weft_pb_next(&r, &tag)) {
        switch (tag) {
        case TAG(WEFT_VALUE_STRING, WEFT_PB_BYTES):
        case TAG(WEFT_VALUE_ARRAY, WEFT_PB_BYTES):
        case TAG(WEFT_VALUE_KVLIST, WEFT_PB_BYTES):
        case TAG(WEFT_VALUE_BYTES, WEFT_PB_BYTES):
            *out = (struct weft_value){ .type = tag >> 3, .bytes = weft_pb_bytes(&r) };
            break;
        case TAG(WEFT_VALUE_BOOL, WEFT_PB_VARINT):
            *out = (struct weft_value){ .type = WEFT_VALUE_BOOL,
                                        .bool_value = weft_pb_varint(&r) != 0 };
            break;
        case TAG(WEFT_VALUE_INT, WEFT_PB_VARINT):
            *out = (struct weft_value){ .type = WEFT_VALUE_INT,
                                        .int_value = (int64_t)weft_pb_varint(&r) };
            break;
        case TAG(WEFT_VALUE_DOUBLE, WEFT_PB_FIXED64): {
            uint64_t bits = weft_pb_fixed64(&r);
            out->type = WEFT_VALUE_DOUBLE;
            memcpy(&out->double_value, &bits, sizeof bits);
            break;
        }
        default: weft_pb_skip(&r, tag);
        }
    }
    return !r.is_broken;
}

bool weft_otlp_key_value(struct weft_str encoded, struct weft_str *key, struct weft_value *value)
{
    struct weft_pb_reader r = weft_pb_reader_make(encoded);
    uint32_t tag;
    *key = WEFT_S("");
    *value = (struct weft_value){ .type = WEFT_VALUE_EMPTY };
    while (weft_pb_next(&r, &tag)) {
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES): *key = weft_pb_bytes(&r); break;
        case TAG(2, WEFT_PB_BYTES):
            if (!weft_otlp_any_value(weft_pb_bytes(&r), value)) return false;
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    return !r.is_broken;
}

bool weft_value_next(struct weft_str encoded, size_t *at, struct weft_str *key,
                     struct weft_value *element, bool is_kvlist)
{
    struct weft_pb_reader r = weft_pb_reader_make(weft_str_tail(encoded, *at));
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != TAG(1, WEFT_PB_BYTES)) {
            weft_pb_skip(&r, tag);
            continue;
        }
        struct weft_str one = weft_pb_bytes(&r);
        if (r.is_broken) break;
        *at = (size_t)((const char *)r.at - encoded.ptr);
        struct weft_str ignored;
        if (is_kvlist) return weft_otlp_key_value(one, key != NULL ? key : &ignored, element);
        return weft_otlp_any_value(one, element);
    }
    *at = encoded.len;
    return false;
}

static bool is_nested(const struct weft_value *value)
{
    return value->type == WEFT_VALUE_ARRAY || value->type == WEFT_VALUE_KVLIST;
}

enum weft_otlp_check weft_otlp_check_nested(struct weft_str encoded, bool is_kvlist, unsigned depth,
                                            bool *has_bad_text)
{
    if (depth > WEFT_OTLP_DEPTH_MAX) return WEFT_OTLP_CHECK_TOO_DEEP;
    struct weft_pb_reader r = weft_pb_reader_make(encoded);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != TAG(1, WEFT_PB_BYTES)) {
            weft_pb_skip(&r, tag);
            continue;
        }
        struct weft_str one = weft_pb_bytes(&r), key = { NULL, 0 };
        struct weft_value value;
        if (r.is_broken) break;
        bool is_readable =
            is_kvlist ? weft_otlp_key_value(one, &key, &value) : weft_otlp_any_value(one, &value);
        if (!is_readable) return WEFT_OTLP_CHECK_BROKEN;
        if (!weft_utf8_is_valid(key)) *has_bad_text = true;
        if (value.type == WEFT_VALUE_STRING && !weft_utf8_is_valid(value.bytes))
            *has_bad_text = true;
        if (is_nested(&value)) {
            enum weft_otlp_check inner = weft_otlp_check_nested(
                value.bytes, value.type == WEFT_VALUE_KVLIST, depth + 1, has_bad_text);
            if (inner != WEFT_OTLP_CHECK_OK) return inner;
        }
    }
    return r.is_broken ? WEFT_OTLP_CHECK_BROKEN : WEFT_OTLP_CHECK_OK;
}

static struct weft_str mend_text(struct weft_buf *scratch, struct weft_str s, uint64_t *mended)
{
    if (weft_utf8_is_valid(s)) return s;
    *mended += 1;
    weft_utf8_append_repaired(scratch, s);
    return weft_buf_str(scratch);
}

void weft_otlp_mend_nested(struct weft_buf *out, struct weft_str encoded, bool is_kvlist,
                           uint64_t *mended)
{
    size_t at = 0;
    struct weft_str key = { NULL, 0 };
    struct weft_value value;
    while (weft_value_next(encoded, &at, &key, &value, is_kvlist)) {
        struct weft_buf key_scratch = { 0 }, scratch = { 0 };
        if (value.type == WEFT_VALUE_STRING) {
            value.bytes = mend_text(&scratch, value.bytes, mended);
        } else if (is_nested(&value)) {
            weft_otlp_mend_nested(&scratch, value.bytes, value.type == WEFT_VALUE_KVLIST, mended);
            value.bytes = weft_buf_str(&scratch);
        }
        if (is_kvlist) {
            weft_otlp_put_key_value(out, 1, mend_text(&key_scratch, key, mended), &value);
        } else {
            weft_pb_put_tag(out, 1, WEFT_PB_BYTES);
            weft_pb_put_varint(out, weft_otlp_value_size(&value));
            weft_otlp_put_value(out, &value);
        }
        weft_buf_release(&key_scratch);
        weft_buf_release(&scratch);
    }
}

void weft_otlp_attribute_set(struct weft_attribute *a, struct weft_str key,
                             const struct weft_value *value)
{
    *a = (struct weft_attribute){ .key = key.ptr,
                                  .key_len = (uint32_t)key.len & 0xffffff,
                                  .type = value->type & 0xff };
    switch ((enum weft_value_type)value->type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: a->bool_value = value->bool_value; break;
    case WEFT_VALUE_INT: a->int_value = value->int_value; break;
    case WEFT_VALUE_DOUBLE: a->double_value = value->double_value; break;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST:
    case WEFT_VALUE_BYTES:
        a->ptr = value->bytes.ptr;
        a->value_len = (uint32_t)value->bytes.len;
        break;
    }
}

bool weft_otlp_check_entity_ref(struct weft_str encoded, bool *has_bad_text)
{
    struct weft_pb_reader r = weft_pb_reader_make(encoded);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if ((tag & 7) == WEFT_PB_BYTES && tag >> 3 <= 4) {
            if (!weft_utf8_is_valid(weft_pb_bytes(&r))) *has_bad_text = true;
        } else {
            weft_pb_skip(&r, tag);
        }
    }
    return !r.is_broken;
}

void weft_otlp_resource_finish(struct weft_resource *resource)
{
    const struct weft_attribute *a =
        weft_attributes_find(resource->attributes, WEFT_S("service.name"));
    resource->service_name = a != NULL && a->type == WEFT_VALUE_STRING
                                 ? weft_str_make(a->ptr, a->value_len)
                                 : WEFT_S("");
}

void weft_otlp_run_grow(struct weft_otlp_run *run, struct weft_arena *arena)
{
    uint32_t capacity =
        run->capacity < WEFT_OTLP_RUN_START ? WEFT_OTLP_RUN_START : run->capacity * 2;
    struct weft_attribute *items = weft_arena_alloc(arena, (size_t)capacity * sizeof *items);
    if (run->count > 0) memcpy(items, run->items, run->count * sizeof *items);
    run->items = items;
    run->capacity = capacity;
}
