/* commands.c -- every sub-command this program has, in one place to read; `weft help` lists them in
 * this order. */
#include "app/command.h"

extern const struct weft_command weft_command_serve, weft_command_check, weft_command_trace,
    weft_command_search, weft_command_query, weft_command_explain, weft_command_tail,
    weft_command_services, weft_command_tags, weft_command_store, weft_command_export,
    weft_command_import, weft_command_demo, weft_command_load, weft_command_version,
    weft_command_help, weft_command_man, weft_command_completion;

const struct weft_command *const weft_commands[] = {
    &weft_command_serve,
    &weft_command_trace,
    &weft_command_search,
    &weft_command_query,
    &weft_command_explain,
    &weft_command_tail,
    &weft_command_services,
    &weft_command_tags,
    &weft_command_store,
    &weft_command_export,
    &weft_command_import,
    &weft_command_check,
    &weft_command_demo,
    &weft_command_load,
    &weft_command_version,
    &weft_command_help,
    &weft_command_man,
    &weft_command_completion,
    NULL,
};
const char *const weft_colour_choices[] = { "auto", "always", "never", NULL };
