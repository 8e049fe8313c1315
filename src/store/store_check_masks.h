/* store_check_masks.h -- what blocks mask of each other, compared with what they have.
 *
 * Threads    one
 * Ownership  blocks are borrowed for the call
 */
#ifndef WEFT_STORE_STORE_CHECK_MASKS_H
#define WEFT_STORE_STORE_CHECK_MASKS_H
#include "store/block.h"

/* Every masked place of a block that is there must exist with as many spans as the mask says, and with `all_readable` (every
 * block of the store is among `blocks`, without damage) some other block must have its trace. Blocks that are not there any
 * more may be named. A sentence for each block that masks, block that is masked, and kind of finding. */
void weft_store_check_masks(struct weft_block *const *blocks, uint32_t count, bool all_readable,
                            void (*report)(void *arg, const char *sentence), void *arg);

#endif
