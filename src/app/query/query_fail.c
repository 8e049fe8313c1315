/* query_fail.c -- a question that was refused or failed (query_print.h). */
#include "app/ask.h"
#include "app/command.h"
#include "app/query/query_print.h"
#include "app/terminal.h"

int weft_query_fail(const struct weft_command *command, int rc, const char *query,
                    const struct weft_ask_place *place, int colour, const struct weft_err *err)
{
    struct weft_terminal terminal;
    struct weft_buf shown = { 0 };

    if (rc != WEFT_INVALID) return weft_command_error(command, "%s", err->text);
    if (place->line == 0) return weft_command_usage_error(command, "%s", err->text);
    weft_command_error(command, "%s", err->text);
    weft_terminal_init(&terminal, 2, colour);
    weft_query_print_place(&shown, weft_str_from_c(query), place->line, place->column, &terminal);
    weft_terminal_write(2, weft_buf_str(&shown));
    weft_buf_release(&shown);
    return WEFT_EXIT_USAGE;
}
