/* block_wanted.h -- which of some keys the selected rows of a block have (model/wanted_keys.h).
 *
 * Shape      a row group is opened: what of it may have a key that was not found yet; then its groups are shown, with the bits of their
 *            selected rows. A key is looked for by the runs that have it: values are not read, but for rare keys, events and links
 * Errors     of a block as in block.h
 * Threads    one user
 */
#ifndef WEFT_STORE_BLOCK_WANTED_H
#define WEFT_STORE_BLOCK_WANTED_H
#include "model/wanted_keys.h"
#include "store/block_internal.h"

struct weft_block_wanted {
    struct weft_wanted_keys *wanted;
    struct weft_block_reader *reader;
    uint32_t *keys; /* of the block, or WEFT_NO_NAME: by item of the scope SPAN */
    uint32_t first, end;
    bool *head_has; /* by head: its resource or scope has some that was not found */
    uint32_t left;  /* when head_has was made */
    /* Of the row group at hand. */
    struct weft_wanted_run {
        uint32_t item, code;
    } * runs;
    uint32_t run_count;
    bool has_heads, has_rests, has_events, has_links;
};
void weft_block_wanted_init(struct weft_block_wanted *w, struct weft_wanted_keys *wanted,
                            struct weft_block_reader *reader, struct weft_arena *arena);
/* False: nothing of the row group is wanted. */
int weft_block_wanted_enter(struct weft_block_wanted *w, struct weft_rows *rows, bool *any,
                            struct weft_err *err);
/* `bits`: of rows of the group, not all 0; its columns are loaded. */
int weft_block_wanted_look(struct weft_block_wanted *w, struct weft_rows *rows, uint32_t g,
                           const uint64_t *bits, struct weft_err *err);

#endif
