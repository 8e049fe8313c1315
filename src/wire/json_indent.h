/* json_indent.h -- JSON for people: line breaks and four spaces, over text that comes in pieces.
 *
 * Shape      the input is sound JSON without white space between its tokens, as json_writer.c makes it
 * Threads    pure
 */
#ifndef WEFT_WIRE_JSON_INDENT_H
#define WEFT_WIRE_JSON_INDENT_H
#include "base/buf.h"

struct weft_json_indent { /* zeroed: at the start */
    uint32_t depth;
    bool in_string, is_escaped;
    bool is_fresh; /* behind '{' or '[': nothing stands in it yet */
};
void weft_json_indent(struct weft_json_indent *state, struct weft_buf *out, struct weft_str piece);

#endif
