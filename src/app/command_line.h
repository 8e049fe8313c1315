/* command_line.h -- argv into a command's options: --name VALUE, --name=VALUE, -n VALUE, -nVALUE,
 * -ab, --, --no-NAME.
 *
 * Errors     WEFT_INVALID: what was wrong, with the nearest known option
 * Ownership  arguments are argv's own
 */
#ifndef WEFT_APP_COMMAND_LINE_H
#define WEFT_APP_COMMAND_LINE_H
#include "app/command.h"

#define WEFT_ARGUMENTS_MAX 4096

struct weft_command_line_parsed {
    const char *arguments[WEFT_ARGUMENTS_MAX];
    unsigned argument_count;
    bool wants_help;
};
/* `options` has its defaults already. argv begins behind the command's name. */
int weft_command_line_parse(struct weft_command_line_parsed *out,
                            const struct weft_command *command, void *options, int argc,
                            char *const *argv, struct weft_arena *arena, struct weft_err *err);
/* The command of that name, or NULL. */
const struct weft_command *weft_command_find(const char *name);
/* The name that was probably meant, or NULL. */
const char *weft_command_nearest(const char *name);

#endif
