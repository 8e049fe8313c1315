/* batch_slice.h -- a long batch in slices of about so many bytes, for who writes or sends it piece by piece.
 *
 * Units      bytes as OTLP JSON, roughly: names, values and a round figure for the rest
 * Threads    pure
 * Ownership  a slice points into the batch
 */
#ifndef WEFT_MODEL_BATCH_SLICE_H
#define WEFT_MODEL_BATCH_SLICE_H
#include "model/span.h"

/* The spans from *next on, one at least, until they come to `bytes`; *next moves behind them. False: there are none. */
bool weft_batch_slice(struct weft_batch *slice, const struct weft_batch *batch, uint32_t *next,
                      size_t bytes);

#endif
