/* wanted_keys.c -- see wanted_keys.h. */
#include "model/wanted_keys.h"

static bool is_before(const struct weft_attribute_key *item, enum weft_attribute_scope scope,
                      struct weft_str key)
{
    if (item->scope != scope) return item->scope < scope;
    return weft_str_compare(item->key, key) < 0;
}

static uint32_t lower(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                      struct weft_str key)
{
    uint32_t low = 0, high = wanted->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (is_before(&wanted->items[middle], scope, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t weft_wanted_scope(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                           uint32_t *first)
{
    *first = lower(wanted, scope, WEFT_S(""));
    return lower(wanted, (enum weft_attribute_scope)(scope + 1), WEFT_S(""));
}

bool weft_wanted_any(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope)
{
    uint32_t at, end = weft_wanted_scope(wanted, scope, &at);

    while (at < end && wanted->is_found[at]) at++;
    return at < end;
}

void weft_wanted_find(struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                      struct weft_str key)
{
    uint32_t at = lower(wanted, scope, key);

    if (at < wanted->count && wanted->items[at].scope == scope &&
        weft_str_equal(wanted->items[at].key, key))
        weft_wanted_mark(wanted, at);
}

void weft_wanted_find_all(struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                          struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        weft_wanted_find(wanted, scope, weft_attribute_key(&attributes.items[i]));
}

void weft_wanted_find_carriers(struct weft_wanted_keys *wanted, const struct weft_span *span)
{
    for (uint32_t i = 0; i < span->event_count; i++)
        weft_wanted_find_all(wanted, WEFT_SCOPE_EVENT, span->events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++)
        weft_wanted_find_all(wanted, WEFT_SCOPE_LINK, span->links[i].attributes);
}
