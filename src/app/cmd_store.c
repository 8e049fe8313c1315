/* cmd_store.c -- weft store: the directory looked at, checked and compacted without a server. */
#include "app/command.h"
#include "app/config_options.h"
#include "app/terminal.h"
#include "base/clock.h"
#include "store/store_inspect.h"
#include "wire/json.h"
#include <inttypes.h>
#include <unistd.h>

struct options {
    struct weft_config_options_given config;
    bool is_json, is_quiet;
    int colour;
};
static const struct weft_option options_table[] = {
    WEFT_OPTION_DATA(struct options, config),
    WEFT_OPTION_CONFIG(struct options, config),
    WEFT_OPTION_SET(struct options, config),
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = offsetof(struct options, is_quiet),
      .letter = 'q',
      .help = "check: print what is wrong, not what is fine." },
    WEFT_OPTION_JSON(struct options, is_json),
    WEFT_OPTION_COLOUR(struct options, colour),
    { 0 },
};

struct action {
    const struct weft_command_line *line;
    const struct options *options;
    const char *directory;
    struct weft_terminal terminal;
    struct weft_buf out;
    struct weft_json_writer json;
};

static int print(struct action *a)
{
    return weft_terminal_write(STDOUT_FILENO, weft_buf_str(&a->out)) ? WEFT_EXIT_OK
                                                                     : WEFT_EXIT_FAILED;
}

static void report_finding(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    static const struct {
        const char *name;
        enum weft_style style;
    } kinds[] = {
        [WEFT_FINDING_OK] = { "ok", WEFT_STYLE_GOOD },
        [WEFT_FINDING_NOTE] = { "note", WEFT_STYLE_PLAIN },
        [WEFT_FINDING_DAMAGE] = { "damage", WEFT_STYLE_ERROR },
    };
    struct action *a = arg;

    if (kind == WEFT_FINDING_OK && a->options->is_quiet) return;
    if (a->options->is_json) {
        weft_json_object_start(&a->json);
        weft_json_key(&a->json, "kind");
        weft_json_c(&a->json, kinds[kind].name);
        weft_json_key(&a->json, "text");
        weft_json_c(&a->json, sentence);
        weft_json_object_end(&a->json);
        return;
    }
    weft_buf_printf(&a->out, "%s%-7s%s %s\n", weft_terminal_style(&a->terminal, kinds[kind].style),
                    kinds[kind].name, weft_terminal_style(&a->terminal, WEFT_STYLE_PLAIN),
                    sentence);
}

static void write_check_json(struct action *a, const struct weft_store_check *found)
{
    weft_json_array_end(&a->json);
    weft_json_key(&a->json, "segments");
    weft_json_u64(&a->json, found->segments);
    weft_json_key(&a->json, "blocks");
    weft_json_u64(&a->json, found->blocks);
    weft_json_key(&a->json, "spans");
    weft_json_u64(&a->json, found->spans);
    weft_json_key(&a->json, "notes");
    weft_json_u64(&a->json, found->notes);
    weft_json_key(&a->json, "damages");
    weft_json_u64(&a->json, found->damages);
    weft_json_key(&a->json, "torn_bytes");
    weft_json_u64(&a->json, found->torn_bytes);
    weft_json_object_end(&a->json);
    weft_buf_append_byte(&a->out, '\n');
}

static int run_check(struct action *a)
{
    struct weft_store_check found = { 0 };
    struct weft_err err = { 0 };

    if (a->options->is_json) {
        weft_json_object_start(&a->json);
        weft_json_key(&a->json, "findings");
        weft_json_array_start(&a->json);
    }
    int rc = weft_store_check(a->directory, report_finding, a, &found, &err);
    if (rc < 0 && rc != WEFT_CORRUPT) return weft_command_error(a->line->command, "%s", err.text);
    if (a->options->is_json)
        write_check_json(a, &found);
    else
        weft_buf_printf(&a->out,
                        "%" PRIu64 " segments, %" PRIu64 " blocks, %" PRIu64 " spans: %s\n",
                        found.segments, found.blocks, found.spans,
                        found.damages == 0 ? "all sound" : "damaged");
    return print(a) == WEFT_EXIT_OK && found.damages == 0 ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static void write_time_range(struct action *a, const struct weft_store_sizes *sizes)
{
    char from[64], to[64];

    if (sizes->start_max == 0) return;
    weft_time_format_rfc3339(from, sizeof from, sizes->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, sizes->start_max, 3);
    weft_buf_printf(&a->out, "spans start from %s to %s\n", from, to);
}

static void write_stats_text(struct action *a, const struct weft_store_sizes *sizes)
{
    const struct weft_store_stats *s = &sizes->stats;

    weft_buf_printf(&a->out, "%-10s %10s %16s %16s\n", "", "files", "spans", "bytes");
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 "\n", "live", s->live_segments,
                    s->live_spans);
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 " %16" PRIu64 "\n", "segments",
                    s->sealed_segments, s->sealed_spans, s->segment_bytes);
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 " %16" PRIu64 "\n", "blocks",
                    s->blocks, s->block_spans, s->block_bytes);
    weft_buf_printf(&a->out, "%-10s %10s %16s %16" PRIu64 "\n", "spare", "", "", s->spare_bytes);
    if (s->block_spans > 0)
        weft_buf_printf(&a->out, "%.2f bytes a span in blocks\n",
                        (double)s->block_bytes / (double)s->block_spans);
    if (s->damaged_files > 0)
        weft_buf_printf(&a->out, "%" PRIu64 " files cannot be read\n", s->damaged_files);
    write_time_range(a, sizes);
    if (sizes->part_count > 0) weft_buf_append_c(&a->out, "\nBytes of blocks by part\n");
    for (uint32_t i = 0; i < sizes->part_count; i++)
        weft_buf_printf(&a->out, "%16" PRIu64 "  %5.1f%%  %s\n", sizes->parts[i].bytes,
                        s->block_bytes > 0
                            ? 100.0 * (double)sizes->parts[i].bytes / (double)s->block_bytes
                            : 0.0,
                        sizes->parts[i].what);
}

static void write_stats_json(struct action *a, const struct weft_store_sizes *sizes)
{
    const struct weft_store_stats *s = &sizes->stats;
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        { "live_segments", s->live_segments },
        { "sealed_segments", s->sealed_segments },
        { "blocks", s->blocks },
        { "live_spans", s->live_spans },
        { "sealed_spans", s->sealed_spans },
        { "block_spans", s->block_spans },
        { "segment_bytes", s->segment_bytes },
        { "block_bytes", s->block_bytes },
        { "spare_bytes", s->spare_bytes },
        { "damaged_files", s->damaged_files },
        { "torn_bytes", s->torn_bytes },
    };

    weft_json_object_start(&a->json);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weft_json_key(&a->json, rows[i].key);
        weft_json_u64(&a->json, rows[i].value);
    }
    weft_json_key(&a->json, "start_time_unix_nano_min");
    weft_json_u64_string(&a->json, sizes->start_min);
    weft_json_key(&a->json, "start_time_unix_nano_max");
    weft_json_u64_string(&a->json, sizes->start_max);
    weft_json_key(&a->json, "block_parts");
    weft_json_object_start(&a->json);
    for (uint32_t i = 0; i < sizes->part_count; i++) {
        weft_json_key(&a->json, sizes->parts[i].what);
        weft_json_u64(&a->json, sizes->parts[i].bytes);
    }
    weft_json_object_end(&a->json);
    weft_json_object_end(&a->json);
    weft_buf_append_byte(&a->out, '\n');
}

static int run_stats(struct action *a)
{
    struct weft_store_sizes sizes = { 0 };
    struct weft_err err = { 0 };

    if (weft_store_sizes(a->directory, &sizes, a->line->arena, &err) < 0)
        return weft_command_error(a->line->command, "%s", err.text);
    if (a->options->is_json)
        write_stats_json(a, &sizes);
    else
        write_stats_text(a, &sizes);
    return print(a);
}

static int run_dump(struct action *a)
{
    struct weft_str file = { 0 };
    struct weft_err err = { 0 };

    if (a->options->is_json)
        return weft_command_usage_error(
            a->line->command, "dump explains in words; --json is for check, stats and compact");
    if (a->line->argument_count > 1) file = weft_str_from_c(a->line->arguments[1]);
    if (weft_store_dump(a->directory, file, &a->out, &err) < 0)
        return weft_command_error(a->line->command, "%s", err.text);
    return print(a);
}

static int run_compact(struct action *a)
{
    struct weft_store_options options = { .directory = a->directory, .no_compaction = true };
    struct weft_merge_stats stats = { 0 };
    struct weft_store *store = NULL;
    struct weft_err err = { 0 };

    int rc = weft_store_open(&store, &options, &err);
    if (rc == WEFT_OK) rc = weft_store_compact(store, &stats, &err);
    weft_store_close(store);
    if (rc < 0) return weft_command_error(a->line->command, "%s", err.text);
    if (a->options->is_json)
        weft_buf_printf(&a->out,
                        "{\"spans_in\":%" PRIu64 ",\"spans_out\":%" PRIu64
                        ",\"exact_duplicates\":%" PRIu64 ",\"conflicting_duplicates\":%" PRIu64
                        ",\"traces\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
                        stats.spans_in, stats.spans_out, stats.exact_duplicates,
                        stats.conflicting_duplicates, stats.traces, stats.bytes);
    else
        weft_buf_printf(&a->out,
                        "%" PRIu64 " spans of %" PRIu64 " traces, %" PRIu64
                        " duplicates dropped, %" PRIu64 " bytes\n",
                        stats.spans_out, stats.traces, stats.exact_duplicates, stats.bytes);
    return print(a);
}

static const struct {
    const char *name;
    int (*run)(struct action *a);
} actions[] = {
    { "check", run_check },
    { "stats", run_stats },
    { "dump", run_dump },
    { "compact", run_compact },
};

static int run_action(int (*action_run)(struct action *a), const struct options *given,
                      const struct weft_command_line *line)
{
    struct action a = { .line = line, .options = given };
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
        rc = action_run(&a);
    }
    weft_config_release(&config);
    weft_buf_release(&a.out);
    return rc;
}

static int run(const void *options, const struct weft_command_line *line)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(line->arguments[0], actions[i].name) != 0) continue;
        if (line->argument_count > 1 && actions[i].run != run_dump)
            return weft_command_usage_error(line->command, "unexpected argument \"%.80s\"",
                                            line->arguments[1]);
        return run_action(actions[i].run, options, line);
    }
    return weft_command_usage_error(line->command,
                                    "found \"%.80s\", expected check, stats, dump or compact",
                                    line->arguments[0]);
}

static const char *const examples[] = {
    "weft store check --data /srv/traces",
    "Read every file with all checksums; exit 1 when something is damaged.",
    "weft store stats",
    "How much is kept, and what takes the space.",
    "weft store dump block-0000000000000001.weft",
    "Explain one file, section by section; without a name, list all files.",
    "weft store compact",
    "Merge all sealed segments now. The server must not be running.",
    NULL,
};
const struct weft_command weft_command_store = {
    .name = "store",
    .summary = "Look at, check or compact the files of the store.",
    .description = "check, stats and dump change nothing and may be used while a server runs.",
    .arguments = "check|stats|dump|compact [FILE]",
    .arguments_min = 1,
    .arguments_max = 2,
    .examples = examples,
    .options = options_table,
    .options_size = sizeof(struct options),
    .run = run,
};
