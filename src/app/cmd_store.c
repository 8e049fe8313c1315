/* cmd_store.c -- weft store: the directory looked at, checked, kept elsewhere and mended; the table of its actions. */
#include "app/cmd_store.h"
#include "base/clock.h"
#include <inttypes.h>
#include <unistd.h>

static const struct weft_option options_table[] = {
    WEFT_OPTION_DATA(struct weft_store_command_options, config),
    WEFT_OPTION_CONFIG(struct weft_store_command_options, config),
    WEFT_OPTION_SET(struct weft_store_command_options, config),
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct weft_store_command_options, is_quiet),
      .letter = 'q',
      .help = "check, verify: print what is wrong, not what is fine." },
    { .name = "bytes",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct weft_store_command_options, is_bytes),
      .help =
          "dump: every fixed field of the file: offset, raw bytes, meaning. Damaged files too." },
    { .name = "at",
      .kind = WEFT_OPT_STRING,
      .offset = offsetof(struct weft_store_command_options, at),
      .value_name = "OFFSET",
      .help = "dump: only the field that has this byte." },
    { .name = "top",
      .kind = WEFT_OPT_COUNT,
      .offset = offsetof(struct weft_store_command_options, top),
      .fallback = "20",
      .help = "stats: that many keys, and values of --by." },
    { .name = "by",
      .kind = WEFT_OPT_STRING,
      .offset = offsetof(struct weft_store_command_options, by),
      .value_name = "KEY",
      .fallback = "service.name",
      .help =
          "stats: a resource attribute whose values share the bytes, such as a tenant's name." },
    { .name = "dry-run",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct weft_store_command_options, is_dry_run),
      .letter = 'n',
      .help = "repair: only say what would be done." },
    { .name = "previous",
      .kind = WEFT_OPT_STRING,
      .offset = offsetof(struct weft_store_command_options, previous),
      .value_name = "BACKUP",
      .help = "backup: an earlier backup; what has not changed since is linked to its files." },
    { .name = "copy",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct weft_store_command_options, no_links),
      .help = "backup: copy everything, link nothing." },
    WEFT_OPTION_JSON(struct weft_store_command_options, is_json),
    WEFT_OPTION_COLOUR(struct weft_store_command_options, colour),
    { 0 },
};

/* ---- for all actions ---- */

int weft_store_action_print(struct weft_store_action *a)
{
    return weft_terminal_write(STDOUT_FILENO, weft_buf_str(&a->out)) ? WEFT_EXIT_OK
                                                                     : WEFT_EXIT_FAILED;
}

void weft_store_action_count(struct weft_store_action *a, const char *key, uint64_t value)
{
    weft_json_key(&a->json, key);
    weft_json_u64(&a->json, value);
}

#define PROGRESS_STEP_NS (WEFT_NS_PER_SECOND / 5)

void weft_store_action_progress(void *arg, uint64_t bytes_done, uint64_t bytes_total)
{
    struct weft_store_action *a = arg;
    uint64_t now_ns = weft_clock_monotonic_ns();
    struct weft_buf text = { 0 };

    if (now_ns < a->progress.next_ns || isatty(STDERR_FILENO) != 1) return;
    a->progress = (struct weft_progress_line){ true, now_ns + PROGRESS_STEP_NS };
    weft_buf_append_c(&text, "\r");
    weft_bytes_write(bytes_done, &text);
    weft_buf_append_c(&text, " of ");
    weft_bytes_write(bytes_total, &text);
    weft_buf_append_c(&text, "\033[K");
    weft_terminal_write(STDERR_FILENO, weft_buf_str(&text));
    weft_buf_release(&text);
}

void weft_store_action_progress_end(struct weft_store_action *a)
{
    if (a->progress.is_shown) weft_terminal_write(STDERR_FILENO, WEFT_S("\r\033[K"));
    a->progress.is_shown = false;
}

/* ---- which one ---- */

static const struct action_kind {
    const char *name, *arguments;
    unsigned arguments_min, arguments_max;
    int (*run)(struct weft_store_action *a);
} actions[] = {
    { "check", "", 0, 0, weft_store_action_check },
    { "stats", "", 0, 0, weft_store_action_stats },
    { "dump", "[FILE]", 0, 1, weft_store_action_dump },
    { "compact", "", 0, 0, weft_store_action_compact },
    { "repair", "", 0, 0, weft_store_action_repair },
    { "backup", "DIRECTORY", 1, 1, weft_store_action_backup },
    { "verify", "BACKUP", 1, 1, weft_store_action_verify },
    { "restore", "BACKUP DIRECTORY", 2, 2, weft_store_action_restore },
};

static int run_action(const struct action_kind *kind,
                      const struct weft_store_command_options *given,
                      const struct weft_command_line *line)
{
    struct weft_store_action a = { .line = line, .options = given };
    struct weft_config config;
    struct weft_err err = { 0 };
    int rc;

    a.json.out = &a.out;
    weft_terminal_init(&a.terminal, STDOUT_FILENO, given->colour);
    weft_config_init(&config);
    if (weft_config_load(&config, &given->config, &err) < 0) {
        rc = weft_command_error(line->command, "%s", err.text);
    } else {
        a.directory = config.storage.directory;
        rc = kind->run(&a);
    }
    weft_config_release(&config);
    weft_buf_release(&a.out);
    return rc;
}

static int unknown_action(const struct weft_command_line *line)
{
    struct weft_buf names = { 0 };

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        weft_buf_printf(&names, "%s%s", i == 0 ? "" : ", ", actions[i].name);
    int rc = weft_command_usage_error(line->command, "found \"%.80s\", expected one of %.*s",
                                      line->arguments[0], WEFT_S_ARG(weft_buf_str(&names)));
    weft_buf_release(&names);
    return rc;
}

static int run(const void *options, const struct weft_command_line *line)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        const struct action_kind *kind = &actions[i];
        unsigned given = line->argument_count - 1;
        if (strcmp(line->arguments[0], kind->name) != 0) continue;
        if (given > kind->arguments_max)
            return weft_command_usage_error(line->command, "unexpected argument \"%.80s\"",
                                            line->arguments[kind->arguments_max + 1]);
        if (given < kind->arguments_min)
            return weft_command_usage_error(line->command, "%s needs %s", kind->name,
                                            kind->arguments);
        return run_action(kind, options, line);
    }
    return unknown_action(line);
}

static const char *const examples[] = {
    "weft store check --data /srv/traces",
    "Read every file with all checksums; exit 1 when something is damaged.",
    "weft store stats",
    "How much is kept, and what takes the space: columns, attribute keys, services.",
    "weft store stats --by tenant.id --top 100 --json",
    "What each tenant costs.",
    "weft store dump block-0000000000000001.weft",
    "Explain one file, section by section; without a name, list all files.",
    "weft store compact",
    "Merge all sealed segments now. The server must not be running.",
    "weft store repair --dry-run",
    "What is damaged, what could be saved and what not; without --dry-run it is done. Damaged "
    "files go to lost+found/ in the directory.",
    "weft store backup /mnt/backup/monday --previous /mnt/backup/sunday",
    "Keep all spans of this moment, also while the server runs; what sunday has is linked, not "
    "copied.",
    "weft store verify /mnt/backup/monday",
    "Is the backup still what was written?",
    "weft store restore /mnt/backup/monday /srv/traces",
    "Copy a backup into an empty directory, verifying each file.",
    NULL,
};
const struct weft_command weft_command_store = {
    .name = "store",
    .summary = "Look at, check, repair, compact, back up or restore the files of the store.",
    .description =
        "check, stats, dump and backup change nothing in the store and may be used while a server "
        "runs; so may repair --dry-run. compact and repair need the directory for themselves. "
        "verify and "
        "restore work on a backup.",
    .arguments = "ACTION [ARGUMENT...]",
    .arguments_min = 1,
    .arguments_max = 3,
    .examples = examples,
    .options = options_table,
    .options_size = sizeof(struct weft_store_command_options),
    .run = run,
};
