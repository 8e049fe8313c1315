/* cmd_store_backup.c -- weft store backup, verify, restore. */
#include "app/cmd_store.h"
#include "store/store_backup.h"
#include <inttypes.h>

static void write_stats(struct weft_store_action *a, const char *what, const char *to,
                        const struct weft_store_backup_stats *stats)
{
    if (a->options->is_json) {
        weft_json_object_start(&a->json);
        weft_store_action_count(a, "files", stats->files);
        weft_store_action_count(a, "bytes", stats->bytes);
        weft_store_action_count(a, "linked", stats->linked);
        weft_store_action_count(a, "copied", stats->copied);
        weft_store_action_count(a, "reused", stats->reused);
        weft_store_action_count(a, "damaged", stats->damaged);
        weft_store_action_count(a, "retries", stats->retries);
        weft_json_object_end(&a->json);
        weft_buf_append_byte(&a->out, '\n');
        return;
    }
    weft_buf_printf(&a->out,
                    "%s %s: %" PRIu64 " %s, %" PRIu64 " bytes (%" PRIu64 " linked, %" PRIu64
                    " copied, %" PRIu64 " the same as in the earlier backup)\n",
                    what, to, stats->files, stats->files == 1 ? "file" : "files", stats->bytes,
                    stats->linked, stats->copied, stats->reused);
}

/* Damages are told on standard error: what stands on standard output is about the backup. */
static void report_damage(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    struct weft_store_action *a = arg;

    weft_store_action_progress_end(a);
    weft_command_error(a->line->command, "%s", sentence);
}

int weft_store_action_backup(struct weft_store_action *a)
{
    const char *to = a->line->arguments[1];
    const struct weft_store_backup_options options = { .directory = a->directory,
                                                       .to = to,
                                                       .previous = a->options->previous,
                                                       .no_links = a->options->no_links,
                                                       .report = report_damage,
                                                       .progress = weft_store_action_progress,
                                                       .arg = a };
    struct weft_store_backup_stats stats;
    struct weft_err err = { 0 };

    int rc = weft_store_backup(&options, &stats, &err);
    weft_store_action_progress_end(a);
    if (rc < 0) return weft_command_error(a->line->command, "%s", err.text);
    write_stats(a, "backed up to", to, &stats);
    rc = weft_store_action_print(a);
    return stats.damaged == 0 ? rc : WEFT_EXIT_FAILED;
}

int weft_store_action_verify(struct weft_store_action *a)
{
    struct weft_store_check found = { 0 };
    struct weft_err err = { 0 };

    weft_store_action_findings_start(a);
    int rc = weft_store_verify(a->line->arguments[1], weft_store_action_finding,
                               weft_store_action_progress, a, &found, &err);
    weft_store_action_progress_end(a);
    if (rc < 0 && (rc != WEFT_CORRUPT || found.damages == 0))
        return weft_command_error(a->line->command, "%s", err.text);
    return weft_store_action_found(a, &found);
}

int weft_store_action_restore(struct weft_store_action *a)
{
    const char *to = a->line->arguments[2];
    struct weft_store_backup_stats stats;
    struct weft_err err = { 0 };

    int rc =
        weft_store_restore(a->line->arguments[1], to, weft_store_action_progress, a, &stats, &err);
    weft_store_action_progress_end(a);
    if (rc < 0) return weft_command_error(a->line->command, "%s", err.text);
    write_stats(a, "restored to", to, &stats);
    return weft_store_action_print(a);
}
