/* span.c -- small things about spans: batches that grow, ids as text, names of enums. */
#include "model/span.h"

static void capacity_set(struct weft_batch *batch, uint32_t capacity)
{
    size_t size = sizeof *batch->spans;
    batch->spans = weft_arena_grow(batch->arena, batch->spans, batch->span_capacity * size,
                                   (size_t)capacity * size);
    batch->span_capacity = capacity;
}

void weft_batch_reserve(struct weft_batch *batch, uint32_t more)
{
    uint32_t wanted = batch->span_count + more;
    if (wanted <= batch->span_capacity) return;
    /* Asked again and again, it doubles too. */
    capacity_set(batch, wanted > batch->span_capacity * 2 ? wanted : batch->span_capacity * 2);
}

struct weft_span *weft_batch_add(struct weft_batch *batch)
{
    if (batch->span_count == batch->span_capacity)
        capacity_set(batch, batch->span_capacity < 8 ? 16 : batch->span_capacity * 2);
    struct weft_span *span = &batch->spans[batch->span_count++];
    memset(span, 0, sizeof *span);
    return span;
}

struct weft_value weft_attribute_value(const struct weft_attribute *a)
{
    struct weft_value value = { .type = a->type };
    switch ((enum weft_value_type)a->type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: value.bool_value = a->bool_value; break;
    case WEFT_VALUE_INT: value.int_value = a->int_value; break;
    case WEFT_VALUE_DOUBLE: value.double_value = a->double_value; break;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST:
    case WEFT_VALUE_BYTES: value.bytes = weft_str_make(a->ptr, a->value_len); break;
    }
    return value;
}

const struct weft_attribute *weft_attributes_find(struct weft_attributes attributes,
                                                  struct weft_str key)
{
    for (uint32_t i = 0; i < attributes.count; i++) {
        if (weft_str_equal(weft_attribute_key(&attributes.items[i]), key))
            return &attributes.items[i];
    }
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Right-aligned: short ids of 64-bit tracers get zeros in front. */
static bool id_parse(struct weft_str hex, uint8_t *out, size_t size)
{
    if (hex.len == 0 || hex.len > 2 * size) return false;
    memset(out, 0, size);
    for (size_t i = 0; i < hex.len; i++) {
        int digit = hex_digit(hex.ptr[hex.len - 1 - i]);
        if (digit < 0) return false;
        out[size - 1 - i / 2] |= (uint8_t)(i % 2 == 0 ? digit : digit << 4);
    }
    return true;
}

static void id_format(const uint8_t *id, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[id[i] >> 4];
        out[2 * i + 1] = digits[id[i] & 15];
    }
    out[2 * size] = '\0';
}

bool weft_trace_id_parse(struct weft_str hex, struct weft_trace_id *out)
{
    return id_parse(hex, out->bytes, sizeof out->bytes);
}

bool weft_span_id_parse(struct weft_str hex, struct weft_span_id *out)
{
    return id_parse(hex, out->bytes, sizeof out->bytes);
}

void weft_trace_id_format(const struct weft_trace_id *id, char out[static 33])
{
    id_format(id->bytes, sizeof id->bytes, out);
}

void weft_span_id_format(const struct weft_span_id *id, char out[static 17])
{
    id_format(id->bytes, sizeof id->bytes, out);
}

static const char *const kind_names[] = { "unspecified", "internal", "server",
                                          "client",      "producer", "consumer" };
static const char *const status_names[] = { "unset", "ok", "error" };
_Static_assert(sizeof kind_names / sizeof *kind_names == WEFT_KIND_COUNT, "a name for every kind");
_Static_assert(sizeof status_names / sizeof *status_names == WEFT_STATUS_COUNT,
               "a name for every status code");

const char *weft_span_kind_name(unsigned kind)
{
    return kind_names[kind < WEFT_KIND_COUNT ? kind : WEFT_KIND_UNSPECIFIED];
}

const char *weft_status_code_name(unsigned status)
{
    return status_names[status < WEFT_STATUS_COUNT ? status : WEFT_STATUS_UNSET];
}

static bool name_parse(struct weft_str name, const char *const *names, uint8_t count, uint8_t *out)
{
    for (uint8_t i = 0; i < count; i++) {
        if (weft_str_equal_c(name, names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool weft_span_kind_parse(struct weft_str name, uint8_t *out)
{
    return name_parse(name, kind_names, WEFT_KIND_COUNT, out);
}

bool weft_status_code_parse(struct weft_str name, uint8_t *out)
{
    return name_parse(name, status_names, WEFT_STATUS_COUNT, out);
}
