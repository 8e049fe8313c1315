/* cmd_check.c -- weft check: is this configuration one that `weft serve` would take? */
#include "app/command.h"
#include "app/config_options.h"
#include "app/terminal.h"
#include <unistd.h>

struct options {
    struct weft_option_strings assignments;
    bool prints;
    bool is_reference;
};
static const struct weft_option options_table[] = {
    { .name = "set",
      .kind = WEFT_OPT_STRINGS,
      .offset = offsetof(struct options, assignments),
      .value_name = "PATH=VALUE",
      .help = "Override one key, as for serve." },
    { .name = "print",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct options, prints),
      .help = "Print the whole configuration as it would be used, defaults too." },
    { .name = "reference",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct options, is_reference),
      .help = "Print every key with its default and meaning, as a Markdown table." },
    { 0 },
};

static void warn(void *self, const char *sentence)
{
    fprintf(stderr, "weft check: warning: %s\n", sentence);
}

static int print(const struct weft_config *config)
{
    struct weft_buf out = { 0 };

    if (config != NULL)
        weft_config_write(config, &out);
    else
        weft_config_write_reference(&out);
    bool is_written = weft_terminal_write(STDOUT_FILENO, weft_buf_str(&out));
    weft_buf_release(&out);
    return is_written ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static int run(const void *options, const struct weft_command_line *line)
{
    const struct options *given = options;
    const char *file = line->argument_count > 0 ? line->arguments[0] : NULL;
    struct weft_config_options_given config_given = { .file = file,
                                                      .assignments = given->assignments };
    struct weft_config config;
    struct weft_err err = { 0 };
    int rc = WEFT_EXIT_OK;

    if (given->is_reference) return print(NULL);
    if (file == NULL && !given->prints)
        return weft_command_usage_error(line->command, "FILE is missing");
    weft_config_init(&config);
    config.warn = warn;
    if (weft_config_load(&config, &config_given, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        rc = WEFT_EXIT_FAILED;
    } else if (given->prints) {
        rc = print(&config);
    } else {
        printf("%s: fine\n", file);
    }
    weft_config_release(&config);
    return rc;
}

static const char *const examples[] = {
    "weft check weft.yaml",
    "Say what is wrong with a file, or that it is fine.",
    "weft check --print",
    "Print the defaults as a file to start from.",
    NULL,
};
const struct weft_command weft_command_check = {
    .name = "check",
    .summary = "Check a configuration file.",
    .description = "Unknown keys, wrong types and impossible values are told with file and line, "
                   "what was found and what was "
                   "expected. Nothing is started and nothing is written.",
    .arguments = "FILE",
    .arguments_max = 1,
    .examples = examples,
    .options = options_table,
    .options_size = sizeof(struct options),
    .run = run,
};
