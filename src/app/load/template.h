/* template.h -- an encoded request whose ids and times are made new for every sending, without
 * encoding it again.
 *
 * Threads    one owner
 * Ownership  the template owns its bytes; weft_load_template_stamp() changes them in place
 */
#ifndef WEFT_APP_LOAD_TEMPLATE_H
#define WEFT_APP_LOAD_TEMPLATE_H
#include "app/load/shapes.h"
#include "base/buf.h"

struct weft_load_template {
    struct weft_buf body; /* OTLP protobuf */
    struct weft_load_place *places;
    uint32_t place_count;
    uint32_t span_count;
};
int weft_load_template_init(struct weft_load_template *out, const struct weft_load_shape *shape,
                            uint32_t span_count, uint32_t variant, struct weft_err *err);
void weft_load_template_release(struct weft_load_template *template);
/* New ids for sending number `number` of a run with this seed, start times from `now_ns` on. The
 * same arguments give the same bytes. */
void weft_load_template_stamp(struct weft_load_template *template, uint64_t seed, uint64_t number,
                              uint64_t now_ns);

#endif
