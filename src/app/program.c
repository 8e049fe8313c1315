/* program.c -- finds the command, reads its options, runs it. */
#include "app/program.h"

#include "app/command_line.h"
#include "app/help.h"
#include "app/terminal.h"
#include "base/alloc.h"
#include <stdarg.h>
#include <unistd.h>

__attribute__((format(printf, 2, 0))) static void say(const struct weft_command *command,
                                                      const char *format, va_list list)
{
    fprintf(stderr, "weft%s%s: ", command != NULL ? " " : "", command != NULL ? command->name : "");
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

int weft_command_error(const struct weft_command *command, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(command, format, list);
    va_end(list);
    return WEFT_EXIT_FAILED;
}

int weft_command_usage_error(const struct weft_command *command, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(command, format, list);
    va_end(list);
    if (command != NULL)
        fprintf(stderr, "\"weft %s --help\" tells how.\n", command->name);
    else
        fputs("\"weft help\" lists the commands.\n", stderr);
    return WEFT_EXIT_USAGE;
}

static int print_help(const struct weft_command *command, int fd)
{
    struct weft_terminal terminal;
    struct weft_buf out = { 0 };

    weft_terminal_init(&terminal, fd, WEFT_COLOUR_AUTO);
    if (command != NULL)
        weft_help_write_command(&out, command, &terminal);
    else
        weft_help_write_list(&out, &terminal);
    bool is_written = weft_terminal_write(fd, weft_buf_str(&out));
    weft_buf_release(&out);
    return is_written ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static int run_with(const struct weft_command *command, struct weft_command_line_parsed *parsed,
                    void *options, struct weft_arena *arena, int argc, char *const *argv)
{
    struct weft_err err = { 0 };

    if (weft_options_init_from_environment(command->options, options, arena, &err) < 0 ||
        weft_command_line_parse(parsed, command, options, argc, argv, arena, &err) < 0)
        return weft_command_usage_error(command, "%s", err.text);
    if (parsed->wants_help) return print_help(command, STDOUT_FILENO);
    struct weft_command_line line = { command, parsed->arguments, parsed->argument_count, arena };
    return command->run(options, &line);
}

static int run_command(const struct weft_command *command, int argc, char *const *argv)
{
    struct weft_command_line_parsed *parsed = weft_alloc_zero(sizeof *parsed);
    void *options = weft_alloc_zero(command->options_size > 0 ? command->options_size : 1);
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    int rc = run_with(command, parsed, options, &arena, argc, argv);
    weft_arena_release(&arena);
    weft_free(options);
    weft_free(parsed);
    return rc;
}

int weft_program_run(int argc, char *const *argv)
{
    if (argc < 2) {
        print_help(NULL, STDERR_FILENO);
        return WEFT_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(NULL, STDOUT_FILENO);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) name = "version";
    const struct weft_command *command = weft_command_find(name);
    if (command != NULL) return run_command(command, argc - 2, argv + 2);

    const char *nearest = weft_command_nearest(name);
    if (nearest != NULL)
        return weft_command_usage_error(NULL, "unknown command \"%.80s\"; did you mean \"%s\"?",
                                        name, nearest);
    return weft_command_usage_error(NULL, "unknown command \"%.80s\"", name);
}
