/* part_attributes.c -- lists of attributes, walked for their keys or for the values of one. */
#include "store/part_attributes.h"
#include "model/otlp.h"

static bool is_scalar(const struct weft_value *value)
{
    return value->type == WEFT_VALUE_STRING || value->type == WEFT_VALUE_BOOL ||
           value->type == WEFT_VALUE_INT || value->type == WEFT_VALUE_DOUBLE;
}

void weft_value_walk(const struct weft_attribute_walk *walk, const struct weft_value *value,
                     uint64_t spans)
{
    struct weft_value element;
    struct weft_str key;
    size_t at = 0;

    if (is_scalar(value)) walk->add_value(walk->arg, value, spans);
    if (value->type != WEFT_VALUE_ARRAY) return;
    while (weft_value_next(value->bytes, &at, &key, &element, false))
        if (is_scalar(&element)) walk->add_value(walk->arg, &element, spans);
}

void weft_attributes_walk(const struct weft_attribute_walk *walk, enum weft_attribute_scope scope,
                          struct weft_attributes attributes, uint64_t spans)
{
    if (spans == 0 || !weft_attribute_walk_wants(walk, scope)) return;
    for (uint32_t i = 0; i < attributes.count; i++) {
        struct weft_str key = weft_attribute_key(&attributes.items[i]);
        if (walk->add_key != NULL) {
            walk->add_key(walk->arg, scope, key, spans);
        } else if (weft_str_equal(key, walk->key)) {
            struct weft_value value = weft_attribute_value(&attributes.items[i]);
            weft_value_walk(walk, &value, spans);
        }
    }
}

void weft_carriers_walk(const struct weft_attribute_walk *walk, const struct weft_span *span)
{
    for (uint32_t i = 0; i < span->event_count; i++)
        weft_attributes_walk(walk, WEFT_SCOPE_EVENT, span->events[i].attributes, 1);
    for (uint32_t i = 0; i < span->link_count; i++)
        weft_attributes_walk(walk, WEFT_SCOPE_LINK, span->links[i].attributes, 1);
}
