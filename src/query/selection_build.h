/* selection_build.h -- selections put together piece by piece.
 *
 * Shape      NULL is every span, as for a source: joining it with others does what that says
 * Ownership  nodes live in the arena; texts are borrowed
 */
#ifndef WEFT_QUERY_SELECTION_BUILD_H
#define WEFT_QUERY_SELECTION_BUILD_H
#include "model/selection.h"

const struct weft_selection *weft_selection_one(struct weft_arena *arena,
                                                struct weft_predicate predicate);
const struct weft_selection *weft_selection_text(struct weft_arena *arena, enum weft_field field,
                                                 struct weft_str text);
const struct weft_selection *weft_selection_int(struct weft_arena *arena, enum weft_field field,
                                                enum weft_op op, int64_t number);

const struct weft_selection *weft_selection_either(struct weft_arena *arena,
                                                   const struct weft_selection *left,
                                                   const struct weft_selection *right);
/* Of one span. */
const struct weft_selection *weft_selection_together(struct weft_arena *arena,
                                                     const struct weft_selection *left,
                                                     const struct weft_selection *right);
/* Of one trace. */
const struct weft_selection *weft_selection_both(struct weft_arena *arena,
                                                 const struct weft_selection *left,
                                                 const struct weft_selection *right);

/* At least the spans with an attribute whose value, written as text, is that one: "200" finds the text, the int and the double. Of values
 * whose text cannot be turned back into one comparison (arrays, key-value lists, bytes in base64) it is only asked whether they are
 * there; of an empty text nothing is, as a value that is none has it too. */
const struct weft_selection *weft_selection_attribute_text(struct weft_arena *arena,
                                                           enum weft_attribute_scope scope,
                                                           struct weft_str key,
                                                           struct weft_str text);

#endif
