/* cell_text.h -- foreign text on a terminal: safe, measured in columns, cut where it must be.
 *
 * What arrives in a span may hold escape sequences; nothing from outside reaches the terminal but
 * printable characters.
 */
#ifndef WEFT_APP_CELL_TEXT_H
#define WEFT_APP_CELL_TEXT_H
#include "base/buf.h"

/* Columns a text takes when printed by weft_cell_put(). */
unsigned weft_cell_width(struct weft_str text);
/* Append at most `columns` columns of the text; a longer one ends in "…". Returns the columns
 * used. */
unsigned weft_cell_put(struct weft_buf *out, struct weft_str text, unsigned columns);
void weft_cell_spaces(struct weft_buf *out, unsigned count);
/* Right-aligned in `columns` (more if the text is longer). */
void weft_cell_put_right(struct weft_buf *out, struct weft_str text, unsigned columns);

#endif
