/* help.h -- the texts made from the command tables: --help, the manual page, shell completion. */
#ifndef WEFT_APP_HELP_H
#define WEFT_APP_HELP_H
#include "app/command.h"
#include "app/terminal.h"

/* "weft search [options] QUERY" */
void weft_help_write_usage(struct weft_buf *out, const struct weft_command *command);
void weft_help_write_command(struct weft_buf *out, const struct weft_command *command,
                             const struct weft_terminal *terminal);
void weft_help_write_list(struct weft_buf *out, const struct weft_terminal *terminal);
/* "FILE" of "--config FILE"; NULL for switches. */
const char *weft_help_value_name(const struct weft_option *option);
void weft_manual_write(struct weft_buf *out);     /* weft.1, roff with man macros */
void weft_completion_write(struct weft_buf *out); /* for bash */

#endif
