/* shapes.h -- the span shapes our figures are measured on, as batches.
 *
 * One table, WEFT_LOAD_SHAPES: it feeds the choices of --shape, its help and the manual.
 *
 * Kinds      A template shape is encoded once per slot; only ids and times change from sending to
 *            sending (template.h), so that the generator costs little beside the server. A fresh
 *            shape is made anew for each request: its values, names or keys never repeat as
 *            requests do. An endless one is fresh, and its traces go on from request to request.
 * Ids        are placeholders (weft_load_place_ids) that template.h replaces; endless shapes make
 *            their own from the seed.
 * Repeats    the same seed, number and count give the same spans
 */
#ifndef WEFT_APP_LOAD_SHAPES_H
#define WEFT_APP_LOAD_SHAPES_H
#include "base/err.h"
#include "base/random.h"
#include "model/span.h"

enum weft_load_kind { WEFT_LOAD_TEMPLATE, WEFT_LOAD_FRESH, WEFT_LOAD_ENDLESS };

struct weft_load_draw {
    uint32_t span_count;
    uint64_t number; /* of the request; templates: of the slot, so that slots differ */
    uint64_t seed;
    uint32_t trace_spans; /* of a giant trace */
};

/* name, spans a request unless told otherwise, kind, fill, what it is */
#define WEFT_LOAD_SHAPES(X)                                                                     \
    X(a1, 1000, WEFT_LOAD_TEMPLATE, weft_load_fill_semconv,                                     \
      "66 shapes of the semantic conventions, 12.5 attributes, 840 bytes, a trace id per span") \
    X(small, 1000, WEFT_LOAD_TEMPLATE, weft_load_fill_small,                                    \
      "119 bytes: one attribute, one event")                                                    \
    X(a2, 1000, WEFT_LOAD_TEMPLATE, weft_load_fill_a2,                                          \
      "ten-span traces, 11 of 97 keys in rotation")                                             \
    X(a2v, 1000, WEFT_LOAD_FRESH, weft_load_fill_a2v, "a2 with random values")                  \
    X(a2r, 1000, WEFT_LOAD_FRESH, weft_load_fill_a2r, "a2 with 11 random keys of 97")           \
    X(s, 1000, WEFT_LOAD_FRESH, weft_load_fill_shop,                                            \
      "a shop: 15 services, 38 kinds of span, 5 to 60 spans")                                   \
    X(s10, 1000, WEFT_LOAD_FRESH, weft_load_fill_shop_10, "s, each attribute missing in 10 %")  \
    X(s30, 1000, WEFT_LOAD_FRESH, weft_load_fill_shop_30, "s, each attribute missing in 30 %")  \
    X(h, 1000, WEFT_LOAD_FRESH, weft_load_fill_hostile,                                         \
      "uuids, ids in names, 100,000 keys, values of 16 KiB, all at once")                       \
    X(names, 1000, WEFT_LOAD_FRESH, weft_load_fill_names, "a million span names")               \
    X(keys, 1000, WEFT_LOAD_FRESH, weft_load_fill_keys, "ten of 100,000 attribute keys")        \
    X(keylists, 1000, WEFT_LOAD_FRESH, weft_load_fill_keylists,                                 \
      "5 to 20 of 100 keys in random order")                                                    \
    X(wide, 100, WEFT_LOAD_FRESH, weft_load_fill_wide, "1,000 attributes a span")               \
    X(uuid, 1000, WEFT_LOAD_FRESH, weft_load_fill_uuid, "twelve fresh uuids a span")            \
    X(big, 4, WEFT_LOAD_FRESH, weft_load_fill_big, "a value of 1 MiB a span")                   \
    X(events, 200, WEFT_LOAD_FRESH, weft_load_fill_events, "20 events and 8 links a span")      \
    X(single, 1000, WEFT_LOAD_FRESH, weft_load_fill_single, "one span a trace, few attributes") \
    X(ids64, 1000, WEFT_LOAD_FRESH, weft_load_fill_ids64, "trace ids whose upper half is zero") \
    X(giant, 1000, WEFT_LOAD_ENDLESS, weft_load_fill_giant,                                     \
      "traces of 500,000 spans (--trace-spans)")

struct weft_load_shape {
    const char *name, *help;
    int (*fill)(struct weft_batch *batch, const struct weft_load_draw *draw, struct weft_err *err);
    uint32_t spans_per_request;
    enum weft_load_kind kind;
};
extern const struct weft_load_shape weft_load_shapes[]; /* ends with a NULL name */

/* Placeholders: the span's number in its request, its trace's number, its parent's number (or
 * none). Times are relative to the sending's, both below 2^32 ns. */
void weft_load_place_ids(struct weft_span *span, uint32_t trace, uint32_t number, uint32_t parent,
                         uint64_t offset_ns, uint64_t duration_ns);
#define WEFT_LOAD_NO_PARENT UINT32_MAX

#endif
