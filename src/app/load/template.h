/* template.h -- the requests of a run: an encoded request whose ids and times are made new for
 * every sending without encoding it again, or, for fresh shapes, a new request each time.
 *
 * Threads    one owner
 * Ownership  the template owns its bytes; weft_load_template_stamp() changes them
 */
#ifndef WEFT_APP_LOAD_TEMPLATE_H
#define WEFT_APP_LOAD_TEMPLATE_H
#include "app/load/shapes.h"
#include "base/buf.h"

struct weft_load_template {
    const struct weft_load_shape *shape;
    struct weft_load_draw draw;
    struct weft_buf body; /* OTLP protobuf */
    struct weft_load_place *places;
    uint32_t place_count;
    struct weft_arena arena; /* fresh shapes: of the batch */
};
/* `draw` says how many spans and from which seed; of its numbers a template shape uses
 * draw->number, the slot's. */
int weft_load_template_init(struct weft_load_template *out, const struct weft_load_shape *shape,
                            const struct weft_load_draw *draw, struct weft_err *err);
void weft_load_template_release(struct weft_load_template *template);
/* The body of sending `number`, start times from `now_ns` on: new ids, for fresh shapes new spans.
 * The same arguments give the same bytes. */
int weft_load_template_stamp(struct weft_load_template *template, uint64_t number, uint64_t now_ns,
                             struct weft_err *err);
/* The same as spans, for comparing: appended to `out`. */
int weft_load_template_batch(const struct weft_load_template *template, uint64_t number,
                             uint64_t now_ns, struct weft_batch *out, struct weft_err *err);

#endif
