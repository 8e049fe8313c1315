/* command.h -- a sub-command is a const struct beside its code; commands.c lists them all.
 *
 *     static const struct weft_option options[] = {
 *         WEFT_OPTION_SERVER(struct options, server),
 *         { .name = "limit", .kind = WEFT_OPT_COUNT, .offset = offsetof(struct options, limit),
 *         .fallback = "20", ... }, { 0 },
 *     };
 *     const struct weft_command weft_command_search = { .name = "search", .options = options, .run
 *     = run, ... };
 *
 * Errors     run() returns an exit code; what failed was said on standard error before
 *            (weft_command_error)
 * Ownership  options and what they point to live until run() returns
 */
#ifndef WEFT_APP_COMMAND_H
#define WEFT_APP_COMMAND_H
#include "base/option.h"

enum weft_exit {
    WEFT_EXIT_OK = 0,
    WEFT_EXIT_FAILED = 1,
    WEFT_EXIT_USAGE = 2
}; /* FAILED: or not found */

struct weft_command;
/* What was given, besides options. */
struct weft_command_line {
    const struct weft_command *command;
    const char *const *arguments;
    unsigned argument_count;
    struct weft_arena *arena;
};

struct weft_command {
    const char *name;
    const char *summary;                   /* one line, for the list */
    const char *arguments;                 /* "ID", "FILE...", NULL: none */
    unsigned arguments_min, arguments_max; /* checked before run() */
    const char *description; /* paragraphs, separated by empty lines; NULL: the summary is enough */
    const char *const *examples;       /* command, what it does, command, ...; ends with NULL */
    const struct weft_option *options; /* NULL: none; --help is always there */
    size_t options_size;               /* of the struct they fill */
    int (*run)(const void *options, const struct weft_command_line *line);
};

extern const struct weft_command *const weft_commands[]; /* ends with NULL */

/* Options that mean the same in every command that has them. */
extern const char *const weft_colour_choices[];
#define WEFT_OPTION_SERVER(type, field)                                                            \
    {                                                                                              \
        .name = "server", .kind = WEFT_OPT_STRING, .offset = offsetof(type, field), .letter = 's', \
        .value_name = "URL", .fallback = "http://127.0.0.1:16686", .environment = "WEFT_SERVER",   \
        .help = "The weft to ask."                                                                 \
    }
#define WEFT_OPTION_JSON(type, field)                                           \
    {                                                                           \
        .name = "json", .kind = WEFT_OPT_BOOL, .offset = offsetof(type, field), \
        .help = "Print JSON."                                                   \
    }
#define WEFT_OPTION_COLOUR(type, field)                                          \
    {                                                                            \
        .name = "color", .kind = WEFT_OPT_ENUM, .offset = offsetof(type, field), \
        .fallback = "auto", .choices = weft_colour_choices,                      \
        .help = "Colours: auto means on a terminal and without NO_COLOR."        \
    }
/* A range of time, in the fields `since`, `from` and `to` of `type`; weft_ask_add_times() asks for it. */
#define WEFT_OPTION_TIMES(type, since_help, from_help, to_help)                                    \
    { .name = "since",                                                                             \
      .kind = WEFT_OPT_STRING,                                                                     \
      .offset = offsetof(type, since),                                                             \
      .value_name = "DURATION",                                                                    \
      .help = since_help },                                                                        \
        { .name = "from",                                                                          \
          .kind = WEFT_OPT_STRING,                                                                 \
          .offset = offsetof(type, from),                                                          \
          .value_name = "TIME",                                                                    \
          .help = from_help },                                                                     \
    {                                                                                              \
        .name = "to", .kind = WEFT_OPT_STRING, .offset = offsetof(type, to), .value_name = "TIME", \
        .help = to_help                                                                            \
    }

/* "weft search: sentence" on standard error. Returns WEFT_EXIT_FAILED. */
int weft_command_error(const struct weft_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with where to look for help. Returns WEFT_EXIT_USAGE. */
int weft_command_usage_error(const struct weft_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
