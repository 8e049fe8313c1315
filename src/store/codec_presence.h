/* codec_presence.h -- which rows of a group a run has values for: all, a bitmap with ranks, or a
 * list of row numbers.
 *
 * Errors     opening answers false when the bytes cannot be a presence of `total` rows
 */
#ifndef WEFT_STORE_CODEC_PRESENCE_H
#define WEFT_STORE_CODEC_PRESENCE_H
#include "store/block_format.h"
#include "store/codec_bits.h"

struct weft_presence {
    const uint8_t *ranks, *bits; /* bitmap */
    const uint8_t *rows;         /* list */
    uint32_t count, total;
    uint8_t mode; /* enum weft_run_presence */
};
/* Appends what `rows` (rising) needs and returns the mode; nothing for WEFT_PRESENCE_ALL. */
unsigned weft_presence_encode(struct weft_buf *out, const uint16_t *rows, uint32_t count,
                              uint32_t total);
bool weft_presence_open(struct weft_presence *out, unsigned mode, const uint8_t *bytes, size_t len,
                        uint32_t total, size_t *used);
/* Position among the values of row `row`; false when it has none. */
bool weft_presence_find(const struct weft_presence *p, uint32_t row, uint32_t *position);
/* Row of every value, rising. */
void weft_presence_rows(const struct weft_presence *p, uint16_t *out);

#endif
