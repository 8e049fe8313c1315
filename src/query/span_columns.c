/* span_columns.c -- see span_columns.h. */
#include "query/span_columns.h"
#include "query/trace_view.h"

uint8_t weft_span_columns_put(struct weft_span_columns *columns, enum weft_field field,
                              enum weft_attribute_scope scope, struct weft_str key)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        const struct weft_span_column *c = &columns->items[i];
        if (c->field == field &&
            (field != WEFT_FIELD_ATTRIBUTE || (c->scope == scope && weft_str_equal(c->key, key))))
            return (uint8_t)i;
    }
    if (columns->count == WEFT_SPAN_COLUMNS_MAX) return WEFT_NO_COLUMN;
    columns->items[columns->count] =
        (struct weft_span_column){ .field = field, .scope = scope, .key = key };
    return (uint8_t)columns->count++;
}

static bool intrinsic_add(struct weft_span_columns *columns, enum weft_traceql_intrinsic intrinsic,
                          struct weft_span_field *out)
{
    enum weft_field field;
    out->absent = WEFT_TRACEQL_STRING;
    switch (intrinsic) {
    case WEFT_INTRINSIC_NAME: field = WEFT_FIELD_NAME; break;
    case WEFT_INTRINSIC_STATUS_MESSAGE: field = WEFT_FIELD_STATUS_MESSAGE; break;
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME: field = WEFT_FIELD_SCOPE_NAME; break;
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION: field = WEFT_FIELD_SCOPE_VERSION; break;
    case WEFT_INTRINSIC_STATUS:
        field = WEFT_FIELD_STATUS;
        out->of_int = WEFT_TRACEQL_STATUS;
        break;
    case WEFT_INTRINSIC_KIND:
        field = WEFT_FIELD_KIND;
        out->of_int = WEFT_TRACEQL_KIND;
        break;
    default: return false;
    }
    out->first = weft_span_columns_put(columns, field, WEFT_SCOPE_ANY, WEFT_S(""));
    return out->first != WEFT_NO_COLUMN;
}

bool weft_span_columns_add(struct weft_span_columns *columns,
                           const struct weft_traceql_attribute *attribute,
                           struct weft_span_field *out)
{
    enum weft_attribute_scope scope = WEFT_SCOPE_SPAN;
    *out = (struct weft_span_field){ .second = WEFT_NO_COLUMN,
                                     .absent = WEFT_TRACEQL_NIL,
                                     .of_int = WEFT_TRACEQL_INT };
    switch (attribute->scope) {
    case WEFT_TRACEQL_SCOPE_INTRINSIC: return intrinsic_add(columns, attribute->intrinsic, out);
    case WEFT_TRACEQL_SCOPE_ANY:
        out->second = weft_span_columns_put(columns, WEFT_FIELD_ATTRIBUTE, WEFT_SCOPE_RESOURCE,
                                            attribute->name);
        if (out->second == WEFT_NO_COLUMN) return false;
        break;
    case WEFT_TRACEQL_SCOPE_SPAN: break;
    case WEFT_TRACEQL_SCOPE_RESOURCE:
        scope = WEFT_SCOPE_RESOURCE;
        if (weft_str_equal(attribute->name, WEFT_S("service.name")))
            out->absent = WEFT_TRACEQL_STRING; /* Q1.4.5 */
        break;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: scope = WEFT_SCOPE_INSTRUMENTATION; break;
    default: return false;
    }
    out->first = weft_span_columns_put(columns, WEFT_FIELD_ATTRIBUTE, scope, attribute->name);
    return out->first != WEFT_NO_COLUMN;
}

static void value_from(const struct weft_value *value, struct weft_arena *arena,
                       struct weft_traceql_value *out)
{
    struct weft_attribute attribute = { .type = value->type & 0xff };
    switch (value->type) {
    case WEFT_VALUE_BOOL: attribute.bool_value = value->bool_value; break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: attribute.int_value = value->int_value; break;
    default: attribute.ptr = value->bytes.ptr; attribute.value_len = (uint32_t)value->bytes.len;
    }
    weft_traceql_value_from(out, &attribute, arena);
}

void weft_span_field_value(const struct weft_span_field *column,
                           const struct weft_span_vector *vector, uint32_t index,
                           struct weft_arena *arena, struct weft_traceql_value *out)
{
    const struct weft_span_codes *codes = &vector->columns[column->first];
    if (codes->codes[index] == 0 && column->second != WEFT_NO_COLUMN)
        codes = &vector->columns[column->second];
    uint32_t code = codes->codes[index];
    if (code == 0) {
        *out = (struct weft_traceql_value){ .type = column->absent };
        if (column->absent == WEFT_TRACEQL_STRING) out->text = WEFT_S("");
        return;
    }
    value_from(&codes->values[code - 1], arena, out);
    if (out->type == WEFT_TRACEQL_INT) out->type = column->of_int;
}
