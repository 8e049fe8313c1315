/* cmd_help.c -- weft help, man, completion, version: texts about the program itself. */
#include "app/command_line.h"
#include "app/help.h"
#include "app/terminal.h"
#include <unistd.h>

static int print(struct weft_buf *text)
{
    bool is_written = weft_terminal_write(STDOUT_FILENO, weft_buf_str(text));

    weft_buf_release(text);
    return is_written ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static int help_run(const void *options, const struct weft_command_line *line)
{
    struct weft_terminal terminal;
    struct weft_buf out = { 0 };

    weft_terminal_init(&terminal, STDOUT_FILENO, WEFT_COLOUR_AUTO);
    if (line->argument_count == 0) {
        weft_help_write_list(&out, &terminal);
        return print(&out);
    }
    const struct weft_command *about = weft_command_find(line->arguments[0]);
    if (about == NULL)
        return weft_command_usage_error(line->command, "unknown command \"%.80s\"",
                                        line->arguments[0]);
    weft_help_write_command(&out, about, &terminal);
    return print(&out);
}
const struct weft_command weft_command_help = {
    .name = "help",
    .summary = "Print the commands, or what one of them does.",
    .arguments = "COMMAND",
    .arguments_max = 1,
    .run = help_run,
};

static int man_run(const void *options, const struct weft_command_line *line)
{
    struct weft_buf out = { 0 };

    weft_manual_write(&out);
    return print(&out);
}
static const char *const man_examples[] = { "weft man | man -l -", "Read the manual.", NULL };
const struct weft_command weft_command_man = {
    .name = "man",
    .summary = "Print the manual page (roff).",
    .examples = man_examples,
    .run = man_run,
};

static int completion_run(const void *options, const struct weft_command_line *line)
{
    struct weft_buf out = { 0 };

    weft_completion_write(&out);
    return print(&out);
}
static const char *const completion_examples[] = { "source <(weft completion)",
                                                   "Complete in this shell.", NULL };
const struct weft_command weft_command_completion = {
    .name = "completion",
    .summary = "Print the completion script for bash.",
    .examples = completion_examples,
    .run = completion_run,
};
