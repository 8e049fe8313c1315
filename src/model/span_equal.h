/* span_equal.h -- are two spans the same, and if not, where do they differ: for round trips and the
 * store's conformance suite.
 *
 * Meaning    resource and scope are compared by content. Attributes in their order, doubles by
 *            their bits (NaN equals itself, 0.0 differs from -0.0), arrays and kvlists element by
 *            element whatever their bytes
 * Threads    pure
 */
#ifndef WEFT_MODEL_SPAN_EQUAL_H
#define WEFT_MODEL_SPAN_EQUAL_H
#include "model/span.h"

bool weft_span_equal(const struct weft_span *a, const struct weft_span *b);
/* False, and a sentence naming the first field that differs ("events[2].attributes[0].value: int 1
 * and int 2"), unless equal. */
bool weft_span_difference(const struct weft_span *a, const struct weft_span *b, char *out,
                          size_t size);
/* Same spans in the same order; the sentence then starts with "spans[7].". */
bool weft_batch_difference(const struct weft_batch *a, const struct weft_batch *b, char *out,
                           size_t size);
bool weft_value_equal(const struct weft_value *a, const struct weft_value *b);

#endif
