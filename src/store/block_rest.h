/* block_rest.h -- the rest of a pool: attributes of rare keys, which stand row by row in one byte string each.
 *
 * A row's rest is in order of key codes, as its runs are, so that both merge into the canonical list.
 * Bytes in docs/format/block.md.
 */
#ifndef WEFT_STORE_BLOCK_REST_H
#define WEFT_STORE_BLOCK_REST_H
#include "store/block_internal.h"

/* One row's attributes, walked. */
struct weft_rest {
    struct weft_rows *rows;
    const uint8_t *at, *end;
    uint64_t left;
    uint32_t code;               /* of the attribute at hand */
    struct weft_run_value value; /* its spelt bytes lie in the row's */
};

/* Starts on `bytes`, which live as long as the walk. An empty walk is one that is zeroed. */
int weft_rest_init(struct weft_rest *rest, struct weft_rows *rows, struct weft_str bytes,
                   struct weft_err *err);
/* The next attribute: 1, or 0 at the end. Its key and string number were checked. */
int weft_rest_next(struct weft_rest *rest, struct weft_err *err);

/* May a row's rest have this key? False: none has. The groups are loaded. */
bool weft_rest_may_have(const struct weft_rows *rows, uint32_t key);
/* The set of keys as found in the row group's section. */
int weft_rest_keys_open(struct weft_rows *rows, struct weft_err *err);

#endif
