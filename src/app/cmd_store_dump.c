/* cmd_store_dump.c -- weft store dump: a file explained. */
#include "app/cmd_store.h"

int weft_store_action_dump(struct weft_store_action *a)
{
    struct weft_str file = { 0 };
    struct weft_err err = { 0 };

    if (a->options->is_json)
        return weft_command_usage_error(
            a->line->command, "dump explains in words; --json is for check, stats and compact");
    if (a->line->argument_count > 1) file = weft_str_from_c(a->line->arguments[1]);
    if (weft_store_dump(a->directory, file, &a->out, &err) < 0)
        return weft_command_error(a->line->command, "%s", err.text);
    return weft_store_action_print(a);
}
