/* shapes_semconv.c -- spans of the 66 shapes in semconv_shapes.json, one after the other
 * (shapes.h). */
#include "app/load/shapes_internal.h"
#include "base/hash.h"
#include "wire/json.h"
#include "wire/protobuf.h"

extern const char weft_load_semconv_shapes[]; /* made by tools/embed */
extern const size_t weft_load_semconv_shapes_len;

#define SHAPES_MAX 128
#define VALUES_MAX 64

/* The file read once a fill: a value is kept as the attribute it becomes. */
struct key_values {
    struct weft_attribute values[VALUES_MAX];
    uint32_t count;
};
struct shape {
    struct weft_str name;
    uint8_t kind;
    struct key_values *keys;
    uint32_t key_count;
};

static bool read_array(struct weft_json_reader *r, struct weft_attribute *a,
                       struct weft_arena *arena)
{
    struct weft_buf array = { 0 };
    enum weft_json_token token;
    while ((token = weft_json_next(r)) == WEFT_JSON_STRING) {
        size_t value = weft_pb_open(&array, 1);
        weft_pb_put_bytes(&array, 1, r->text);
        weft_pb_close(&array, value);
    }
    struct weft_str copy = weft_arena_copy(arena, weft_buf_str(&array));
    weft_buf_release(&array);
    a->type = WEFT_VALUE_ARRAY;
    a->ptr = copy.ptr;
    a->value_len = (uint32_t)copy.len;
    return token == WEFT_JSON_ARRAY_END;
}

static bool read_value(struct weft_json_reader *r, enum weft_json_token token,
                       struct weft_attribute *a, bool is_double, struct weft_arena *arena)
{
    switch (token) {
    case WEFT_JSON_STRING:
        a->type = WEFT_VALUE_STRING;
        a->ptr = r->text.ptr;
        a->value_len = (uint32_t)r->text.len;
        return true;
    case WEFT_JSON_NUMBER:
        a->type = is_double ? WEFT_VALUE_DOUBLE : WEFT_VALUE_INT;
        return is_double ? weft_str_to_double(r->text, &a->double_value)
                         : weft_str_to_i64(r->text, &a->int_value);
    case WEFT_JSON_TRUE:
    case WEFT_JSON_FALSE:
        a->type = WEFT_VALUE_BOOL;
        a->bool_value = token == WEFT_JSON_TRUE;
        return true;
    case WEFT_JSON_ARRAY_START: return read_array(r, a, arena);
    default: return false;
    }
}

/* {"key": ..., "type": ..., "values": [...]}, in this order */
static bool read_key(struct weft_json_reader *r, struct key_values *out, struct weft_arena *arena)
{
    weft_json_next(r);
    weft_json_next(r);
    struct weft_str key = r->text;
    weft_json_next(r);
    weft_json_next(r);
    bool is_double = weft_str_equal_c(r->text, "double");
    weft_json_next(r);
    if (weft_json_next(r) != WEFT_JSON_ARRAY_START) return false;
    for (enum weft_json_token token = weft_json_next(r); token != WEFT_JSON_ARRAY_END;
         token = weft_json_next(r)) {
        struct weft_attribute *a = &out->values[out->count];
        *a = (struct weft_attribute){ .key = key.ptr, .key_len = (uint32_t)key.len };
        if (!read_value(r, token, a, is_double, arena)) return false;
        if (out->count + 1 < VALUES_MAX) out->count++;
    }
    return weft_json_next(r) == WEFT_JSON_OBJECT_END;
}

/* {"name": ..., "kind": ..., "attributes": [...]}, in this order */
static bool read_shape(struct weft_json_reader *r, struct shape *out, struct weft_arena *arena)
{
    weft_json_next(r);
    weft_json_next(r);
    out->name = r->text;
    weft_json_next(r);
    weft_json_next(r);
    if (!weft_span_kind_parse(r->text, &out->kind)) return false;
    weft_json_next(r);
    if (weft_json_next(r) != WEFT_JSON_ARRAY_START) return false;
    out->keys = weft_arena_alloc_array(arena, 64, sizeof *out->keys);
    while (weft_json_next(r) == WEFT_JSON_OBJECT_START)
        if (out->key_count == 64 || !read_key(r, &out->keys[out->key_count++], arena)) return false;
    return weft_json_next(r) == WEFT_JSON_OBJECT_END;
}

static uint32_t read_shapes(struct shape *shapes, struct weft_arena *arena)
{
    struct weft_json_reader r;
    uint32_t count = 0;
    weft_json_reader_init(&r, weft_str_make(weft_load_semconv_shapes, weft_load_semconv_shapes_len),
                          arena);
    weft_json_next(&r);
    while (count < SHAPES_MAX && weft_json_next(&r) == WEFT_JSON_OBJECT_START)
        if (!read_shape(&r, &shapes[count++], arena)) return 0;
    return count;
}

int weft_load_fill_semconv(struct weft_batch *batch, const struct weft_load_draw *draw,
                           struct weft_err *err)
{
    struct shape *shapes = weft_arena_alloc_array(batch->arena, SHAPES_MAX, sizeof *shapes);
    uint32_t shape_count = read_shapes(shapes, batch->arena);
    const struct weft_scope *scope =
        weft_load_scope(batch->arena, WEFT_S("load"), WEFT_S("semconv"));
    struct weft_random random;

    if (shape_count == 0)
        return weft_fail(err, WEFT_CORRUPT, "the built-in span shapes cannot be read");
    weft_random_init(&random, weft_hash_u64(draw->number + 1));
    for (uint32_t i = 0; i < draw->span_count; i++) {
        const struct shape *shape = &shapes[i % shape_count];
        struct weft_span *span = weft_batch_add(batch);
        struct weft_attribute *a =
            weft_arena_alloc_array(batch->arena, shape->key_count, sizeof *a);
        for (uint32_t k = 0; k < shape->key_count; k++)
            a[k] = shape->keys[k].values[weft_random_below(&random, shape->keys[k].count)];
        span->scope = scope;
        span->name = shape->name;
        span->kind = shape->kind;
        span->attributes = (struct weft_attributes){ a, shape->key_count, 0 };
        weft_load_place_ids(span, i, i, WEFT_LOAD_NO_PARENT, i * 1000,
                            1000000 + weft_random_below(&random, 50000000));
    }
    return WEFT_OK;
}
