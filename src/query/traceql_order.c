/* traceql_order.c -- comparing answers, and the tuples of distinct() (traceql_order.h). */
#include "query/traceql_order.h"
#include "base/hash.h"
#include "query/traceql_eval.h"
#include <math.h>

/* ---- Order ---- */

int weft_traceql_order_compare(const struct weft_traceql_order *order,
                               const struct weft_traceql_value *a,
                               const struct weft_traceql_value *b)
{
    bool a_is_nil = a->type == WEFT_TRACEQL_NIL, b_is_nil = b->type == WEFT_TRACEQL_NIL;

    if (a_is_nil || b_is_nil) return a_is_nil - b_is_nil; /* last, whatever the direction */
    int compared = weft_traceql_value_compare(a, b);
    return order->is_descending ? -compared : compared;
}

int weft_traceql_cursor_compare(const struct weft_traceql_order *order,
                                const struct weft_traceql_cursor *a,
                                const struct weft_traceql_cursor *b)
{
    int compared = weft_traceql_order_compare(order, &a->value, &b->value);

    if (compared != 0) return compared;
    if (a->start_time_unix_nano != b->start_time_unix_nano)
        return a->start_time_unix_nano > b->start_time_unix_nano ? -1 : 1;
    compared = memcmp(&a->trace_id, &b->trace_id, sizeof a->trace_id);
    if (compared == 0) compared = memcmp(&a->span_id, &b->span_id, sizeof a->span_id);
    return compared != 0 ? compared : (a->number > b->number) - (a->number < b->number);
}

/* Of an array the element that comes first, so that a span stands where its best value puts it. */
static void array_best(const struct weft_traceql_order *order, struct weft_traceql_value *value)
{
    const struct weft_traceql_value *best = &value->items[0];

    for (uint32_t i = 1; i < value->item_count; i++)
        if (weft_traceql_order_compare(order, &value->items[i], best) < 0) best = &value->items[i];
    *value = *best;
}

static void text_cut(struct weft_str *text)
{
    if (text->len <= WEFT_ORDER_TEXT_BYTES_MAX) return;
    text->len = WEFT_ORDER_TEXT_BYTES_MAX;
    while (text->len > 0 && ((unsigned char)text->ptr[text->len] & 0xc0) == 0x80) text->len--;
}

static void attribute_value(struct weft_trace_view *view,
                            const struct weft_traceql_attribute *attribute, uint32_t span,
                            struct weft_traceql_value *out)
{
    enum weft_traceql_scope level = attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC
                                        ? weft_traceql_intrinsics[attribute->intrinsic].level
                                        : attribute->scope;
    const struct weft_expr expr = { .op = WEFT_EXPR_ATTRIBUTE,
                                    .has_event = level == WEFT_TRACEQL_SCOPE_EVENT,
                                    .has_link = level == WEFT_TRACEQL_SCOPE_LINK,
                                    .attribute = *attribute };
    weft_traceql_value(view, &expr, span, out);
}

void weft_traceql_order_value(const struct weft_traceql_order *order, struct weft_trace_view *view,
                              uint32_t span, struct weft_traceql_value *out)
{
    uint64_t start = view->batch->spans[span].start_time_unix_nano;

    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_NIL };
    if (!order->is_given) return;
    if (order->is_start) {
        out->type = WEFT_TRACEQL_INT;
        out->int_value = start > INT64_MAX ? INT64_MAX : (int64_t)start;
        return;
    }
    attribute_value(view, &order->attribute, span, out);
    if (out->type == WEFT_TRACEQL_ARRAY) array_best(order, out);
    if (out->type == WEFT_TRACEQL_OPAQUE) out->type = WEFT_TRACEQL_NIL;
    if (out->type == WEFT_TRACEQL_STRING) text_cut(&out->text);
}

/* ---- Tuples ---- */

static void value_append(struct weft_buf *out, const struct weft_traceql_value *value)
{
    uint64_t number = (uint64_t)value->int_value;
    double as_float;

    weft_buf_append_byte(out, (char)value->type);
    switch (value->type) {
    case WEFT_TRACEQL_BOOL: weft_buf_append_byte(out, (char)value->bool_value); return;
    case WEFT_TRACEQL_STRING:
        number = value->text.len;
        weft_buf_append(out, &number, sizeof number);
        weft_buf_append_str(out, value->text);
        return;
    case WEFT_TRACEQL_ARRAY:
        weft_buf_append(out, &value->item_count, sizeof value->item_count);
        for (uint32_t i = 0; i < value->item_count; i++) value_append(out, &value->items[i]);
        return;
    case WEFT_TRACEQL_FLOAT: /* one zero and one NaN */
        as_float = isnan(value->float_value) ? NAN : value->float_value + 0.0;
        weft_buf_append(out, &as_float, sizeof as_float);
        return;
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION:
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND: weft_buf_append(out, &number, sizeof number); return;
    case WEFT_TRACEQL_NIL:
    case WEFT_TRACEQL_OPAQUE:
    case WEFT_TRACEQL_UNKNOWN: return;
    }
}

struct weft_traceql_tuple weft_traceql_tuple(const struct weft_traceql_attribute *attributes,
                                             uint32_t count, struct weft_trace_view *view,
                                             uint32_t span)
{
    struct weft_buf bytes = { 0 };
    struct weft_traceql_tuple tuple;
    struct weft_traceql_value value;
    uint64_t seed = weft_hash_process_seed(); /* nobody outside can make two tuples alike */

    weft_buf_append(&bytes, &seed, sizeof seed);
    for (uint32_t i = 0; i < count; i++) {
        attribute_value(view, &attributes[i], span, &value);
        value_append(&bytes, &value);
    }
    weft_hash_128(bytes.data, bytes.len, tuple.bytes);
    weft_buf_release(&bytes);
    return tuple;
}
