/* shapes_internal.h -- shared by the files of the shapes. */
#ifndef WEFT_APP_LOAD_SHAPES_INTERNAL_H
#define WEFT_APP_LOAD_SHAPES_INTERNAL_H
#include "app/load/shapes.h"

/* A scope whose resource has one attribute, service.name. */
struct weft_scope *weft_load_scope(struct weft_arena *arena, struct weft_str service,
                                   struct weft_str scope_name);
/* The generator of one request. */
void weft_load_random_init(struct weft_random *random, const struct weft_load_draw *draw);

/* Text quickly: prefix and a number of so many digits; a random uuid; letters that do not repeat.
 */
struct weft_str weft_load_numbered(struct weft_arena *arena, struct weft_str prefix,
                                   uint64_t number, unsigned digits);
struct weft_str weft_load_uuid(struct weft_arena *arena, struct weft_random *random);
struct weft_str weft_load_noise(struct weft_arena *arena, struct weft_random *random, size_t len);

#define DECLARE(name, spans, kind, fill, help) \
    int fill(struct weft_batch *batch, const struct weft_load_draw *draw, struct weft_err *err);
WEFT_LOAD_SHAPES(DECLARE)
#undef DECLARE

#endif
