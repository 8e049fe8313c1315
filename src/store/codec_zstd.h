/* codec_zstd.h -- decompression contexts kept for the next user: making one costs more than a page.
 *
 * Threads    any; a context belongs to who took it until it is given back
 */
#ifndef WEFT_STORE_CODEC_ZSTD_H
#define WEFT_STORE_CODEC_ZSTD_H
#include <zstd.h>

ZSTD_DCtx *weft_zstd_take(void);
void weft_zstd_give(ZSTD_DCtx *context); /* NULL is fine */

#endif
