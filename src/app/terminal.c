/* terminal.c -- colours and width of where we print. */
#include "app/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_WITHOUT_TERMINAL = 100, WIDTH_MIN = 40, WIDTH_MAX = 1000 };

static unsigned width_of(int fd, bool is_tty)
{
    struct winsize size;
    uint64_t columns = 0;
    const char *given = getenv("COLUMNS");

    if (is_tty && ioctl(fd, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    if (columns == 0 && given != NULL && !weft_str_to_u64(weft_str_from_c(given), &columns))
        columns = 0;
    if (columns == 0) return WIDTH_WITHOUT_TERMINAL;
    return columns < WIDTH_MIN ? WIDTH_MIN : columns > WIDTH_MAX ? WIDTH_MAX : (unsigned)columns;
}

static bool colour_of(bool is_tty, int choice)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (choice != WEFT_COLOUR_AUTO) return choice == WEFT_COLOUR_ALWAYS;
    if (no_color != NULL && no_color[0] != '\0') return false;
    return is_tty && (term == NULL || strcmp(term, "dumb") != 0);
}

void weft_terminal_init(struct weft_terminal *terminal, int fd, int colour_choice)
{
    terminal->is_tty = isatty(fd) == 1;
    terminal->has_colour = colour_of(terminal->is_tty, colour_choice);
    terminal->width = width_of(fd, terminal->is_tty);
}

const char *weft_terminal_style(const struct weft_terminal *terminal, enum weft_style style)
{
    static const char *const codes[] = {
        [WEFT_STYLE_PLAIN] = "\033[0m", [WEFT_STYLE_BOLD] = "\033[1m",
        [WEFT_STYLE_DIM] = "\033[2m",   [WEFT_STYLE_ERROR] = "\033[31m",
        [WEFT_STYLE_GOOD] = "\033[32m", [WEFT_STYLE_HEAD] = "\033[1;36m",
    };
    return terminal->has_colour ? codes[style] : "";
}

bool weft_terminal_write(int fd, struct weft_str text)
{
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text = weft_str_tail(text, (size_t)written);
    }
    return true;
}
