/* terminal.h -- what we know of the place we print to: is it a terminal, how wide, may there be
 * colours.
 *
 * Spec       NO_COLOR (no-color.org), CLICOLOR_FORCE is not looked at; --color goes before both
 */
#ifndef WEFT_APP_TERMINAL_H
#define WEFT_APP_TERMINAL_H
#include "base/buf.h"

enum weft_colour_choice { WEFT_COLOUR_AUTO, WEFT_COLOUR_ALWAYS, WEFT_COLOUR_NEVER };
struct weft_terminal {
    bool is_tty;
    bool has_colour;
    unsigned width; /* columns; of what is no terminal: $COLUMNS, or 100 */
};
void weft_terminal_init(struct weft_terminal *terminal, int fd, int colour_choice);

enum weft_style {
    WEFT_STYLE_PLAIN,
    WEFT_STYLE_BOLD,
    WEFT_STYLE_DIM,
    WEFT_STYLE_ERROR,
    WEFT_STYLE_GOOD,
    WEFT_STYLE_HEAD
};
/* The escape sequence that begins a style (PLAIN ends them all); "" without colours. */
const char *weft_terminal_style(const struct weft_terminal *terminal, enum weft_style style);
/* All of the buffer to fd; false when the reader has gone (a closed pipe) or the system refused. */
bool weft_terminal_write(int fd, struct weft_str text);

#endif
