/* shapes_internal.h -- shared by shapes.c and shapes_semconv.c. */
#ifndef WEFT_APP_LOAD_SHAPES_INTERNAL_H
#define WEFT_APP_LOAD_SHAPES_INTERNAL_H
#include "app/load/shapes.h"

/* A scope whose resource has one attribute, service.name. */
struct weft_scope *weft_load_scope(struct weft_arena *arena, struct weft_str service,
                                   struct weft_str scope_name);
int weft_load_fill_semconv(struct weft_batch *batch, uint32_t count, uint32_t variant,
                           struct weft_err *err);

#endif
