/* wanted_keys.h -- keys of attributes of which somebody wants to know whether some span has them.
 *
 * Shape      the asker lists keys that there may be; who looks at spans marks those that it meets, and may end when none is left
 * Threads    one user
 * Ownership  all borrowed
 */
#ifndef WEFT_MODEL_WANTED_KEYS_H
#define WEFT_MODEL_WANTED_KEYS_H
#include "model/source.h"

struct weft_wanted_keys {
    const struct weft_attribute_key *items; /* by scope, then key, each once */
    bool *is_found;                         /* by item */
    uint32_t count, left;                   /* left: not found yet */
};

/* The items of a scope: *first .. end - 1. */
uint32_t weft_wanted_scope(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                           uint32_t *first);
/* Some item of the scope was not found yet. */
bool weft_wanted_any(const struct weft_wanted_keys *wanted, enum weft_attribute_scope scope);
static inline void weft_wanted_mark(struct weft_wanted_keys *wanted, uint32_t item)
{
    wanted->left -= !wanted->is_found[item];
    wanted->is_found[item] = true;
}
void weft_wanted_find(struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                      struct weft_str key);
void weft_wanted_find_all(struct weft_wanted_keys *wanted, enum weft_attribute_scope scope,
                          struct weft_attributes attributes);
/* What its events and links have. */
void weft_wanted_find_carriers(struct weft_wanted_keys *wanted, const struct weft_span *span);

#endif
