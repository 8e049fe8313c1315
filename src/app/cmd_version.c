/* cmd_version.c -- weft version. */
#include "app/command.h"
#include "app/terminal.h"
#include <unistd.h>
#include <yaml.h>

struct options {
    bool is_json;
};
static const struct weft_option options_table[] = {
    WEFT_OPTION_JSON(struct options, is_json),
    { 0 },
};

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int run(const void *options, const struct weft_command_line *line)
{
    const struct options *given = options;

    printf(given->is_json ? "{\"version\":\"%s\",\"compiler\":\"%s\",\"libyaml\":\"%s\"}\n"
                          : "weft %s (%s, libyaml %s)\n",
           WEFT_VERSION, COMPILER, yaml_get_version_string());
    return fflush(stdout) == 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

const struct weft_command weft_command_version = {
    .name = "version",
    .summary = "Print the version.",
    .options = options_table,
    .options_size = sizeof(struct options),
    .run = run,
};
