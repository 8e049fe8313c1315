/* part_attributes.h -- which attributes a segment or a block has, and which values one of them has.
 *
 * Shape      add_key: every attribute key of the part, with its scope; or add_value: every value of `key`.
 *            The same key or value may come several times, with a share of the spans each
 * Errors     of a block as in block.h
 * Threads    pure
 * Ownership  keys and values are good during the call
 */
#ifndef WEFT_STORE_PART_ATTRIBUTES_H
#define WEFT_STORE_PART_ATTRIBUTES_H
#include "store/block.h"

struct weft_attribute_walk {
    /* One of the two is NULL. */
    void (*add_key)(void *arg, enum weft_attribute_scope scope, struct weft_str key,
                    uint64_t spans);
    void (*add_value)(void *arg, const struct weft_value *value, uint64_t spans);
    void *arg;
    enum weft_attribute_scope scope; /* of the values; not ANY */
    struct weft_str key;             /* of the values */
};
int weft_block_attributes(struct weft_block *block, const struct weft_attribute_walk *walk,
                          struct weft_err *err);
void weft_segment_attributes(const struct weft_segment_view *view,
                             const struct weft_attribute_walk *walk);

/* For both kinds of part. Does the walk look there at all? */
static inline bool weft_attribute_walk_wants(const struct weft_attribute_walk *walk,
                                             enum weft_attribute_scope scope)
{
    return walk->add_key != NULL || walk->scope == scope;
}
/* A list that so many spans have. */
void weft_attributes_walk(const struct weft_attribute_walk *walk, enum weft_attribute_scope scope,
                          struct weft_attributes attributes, uint64_t spans);
/* The events and links of a span. */
void weft_carriers_walk(const struct weft_attribute_walk *walk, const struct weft_span *span);
/* Arrays give their elements; bytes, maps and nothing give nothing. */
void weft_value_walk(const struct weft_attribute_walk *walk, const struct weft_value *value,
                     uint64_t spans);

#endif
