/* cmd_store_repair.c -- weft store repair: what is readable is saved, what is not is listed, nothing is thrown away. */
#include "app/cmd_store.h"
#include "base/clock.h"
#include "store/store_repair.h"
#include <inttypes.h>

static void write_range(struct weft_store_action *a, const struct weft_store_repair *done)
{
    char from[64], to[64];

    if (done->start_max == 0) return;
    weft_time_format_rfc3339(from, sizeof from, done->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, done->start_max, 3);
    weft_buf_printf(&a->out, "lost spans started between %s and %s\n", from, to);
}

static void write_text(struct weft_store_action *a, const struct weft_store_repair *done)
{
    const char *would = a->options->is_dry_run ? "would be " : "";

    if (done->files == 0) {
        weft_buf_append_c(&a->out, "nothing is damaged\n");
        return;
    }
    weft_buf_printf(&a->out,
                    "%" PRIu64 " damaged files %smoved to %s/" WEFT_STORE_LOST ": %" PRIu64
                    " of their spans %ssaved, %s%" PRIu64 " lost",
                    done->files, would, a->directory, done->spans_saved, would,
                    done->is_uncounted ? "at least " : "", done->spans_lost);
    if (done->traces_lost > 0)
        weft_buf_printf(&a->out, " (of %" PRIu64 " traces)", done->traces_lost);
    weft_buf_append_byte(&a->out, '\n');
    write_range(a, done);
}

static void write_json(struct weft_store_action *a, const struct weft_store_repair *done)
{
    weft_json_array_end(&a->json);
    weft_store_action_count(a, "files", done->files);
    weft_store_action_count(a, "spans_saved", done->spans_saved);
    weft_store_action_count(a, "spans_lost", done->spans_lost);
    weft_store_action_count(a, "traces_lost", done->traces_lost);
    weft_json_key(&a->json, "is_uncounted");
    weft_json_bool(&a->json, done->is_uncounted);
    weft_json_key(&a->json, "lost_start_time_unix_nano_min");
    weft_json_u64_string(&a->json, done->start_min);
    weft_json_key(&a->json, "lost_start_time_unix_nano_max");
    weft_json_u64_string(&a->json, done->start_max);
    weft_json_object_end(&a->json);
    weft_buf_append_byte(&a->out, '\n');
}

int weft_store_action_repair(struct weft_store_action *a)
{
    struct weft_store_repair done;
    struct weft_err err = { 0 };

    weft_store_action_findings_start(a);
    int rc = weft_store_repair(a->directory, a->options->is_dry_run, weft_store_action_finding, a,
                               &done, &err);
    if (rc < 0) {
        if (!a->options->is_json) weft_store_action_print(a); /* what was done until then */
        return weft_command_error(a->line->command, "%s", err.text);
    }
    if (a->options->is_json)
        write_json(a, &done);
    else
        write_text(a, &done);
    return weft_store_action_print(a);
}
