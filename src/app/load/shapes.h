/* shapes.h -- the span shapes our figures are measured on, as batches.
 *
 * a1     66 shapes of the semantic conventions, 12.5 attributes a span, about 840 bytes of OTLP, a
 * trace id per span
 * a2     ten-span traces, 11 of 97 keys in rotation, values a counter modulo 1,000, 10 services
 * small  119 bytes of OTLP: one attribute, one event
 *
 * Ids and start times are placeholders that template.h finds in the encoded request and replaces.
 */
#ifndef WEFT_APP_LOAD_SHAPES_H
#define WEFT_APP_LOAD_SHAPES_H
#include "base/err.h"
#include "base/random.h"
#include "model/span.h"

struct weft_load_shape {
    const char *name, *help;
    /* `count` spans; `variant` makes requests differ in their values. */
    int (*fill)(struct weft_batch *batch, uint32_t count, uint32_t variant, struct weft_err *err);
};
extern const struct weft_load_shape weft_load_shapes[]; /* ends with a NULL name */

/* Placeholders: the span's number in its request, its trace's number, its parent's number (or
 * none). */
void weft_load_place_ids(struct weft_span *span, uint32_t trace, uint32_t number, uint32_t parent,
                         uint64_t offset_ns, uint64_t duration_ns);
#define WEFT_LOAD_NO_PARENT UINT32_MAX

#endif
