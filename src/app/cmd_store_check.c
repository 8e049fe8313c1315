/* cmd_store_check.c -- weft store check: every file read with all its checksums. */
#include "app/cmd_store.h"
#include <inttypes.h>

void weft_store_action_finding(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    static const struct {
        const char *name;
        enum weft_style style;
    } kinds[] = {
        [WEFT_FINDING_OK] = { "ok", WEFT_STYLE_GOOD },
        [WEFT_FINDING_NOTE] = { "note", WEFT_STYLE_PLAIN },
        [WEFT_FINDING_DAMAGE] = { "damage", WEFT_STYLE_ERROR },
    };
    struct weft_store_action *a = arg;

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
    weft_store_action_progress_end(a);
    weft_buf_printf(&a->out, "%s%-7s%s %s\n", weft_terminal_style(&a->terminal, kinds[kind].style),
                    kinds[kind].name, weft_terminal_style(&a->terminal, WEFT_STYLE_PLAIN),
                    sentence);
}

void weft_store_action_findings_start(struct weft_store_action *a)
{
    if (!a->options->is_json) return;
    weft_json_object_start(&a->json);
    weft_json_key(&a->json, "findings");
    weft_json_array_start(&a->json);
}

int weft_store_action_found(struct weft_store_action *a, const struct weft_store_check *found)
{
    if (a->options->is_json) {
        weft_json_array_end(&a->json);
        weft_store_action_count(a, "segments", found->segments);
        weft_store_action_count(a, "blocks", found->blocks);
        weft_store_action_count(a, "spans", found->spans);
        weft_store_action_count(a, "notes", found->notes);
        weft_store_action_count(a, "damages", found->damages);
        weft_store_action_count(a, "torn_bytes", found->torn_bytes);
        weft_store_action_count(a, "spans_lost", found->spans_lost);
        weft_store_action_count(a, "spans_saved", found->spans_saved);
        weft_json_object_end(&a->json);
        weft_buf_append_byte(&a->out, '\n');
    } else {
        weft_buf_printf(&a->out,
                        "%" PRIu64 " segments, %" PRIu64 " blocks, %" PRIu64 " spans: %s\n",
                        found->segments, found->blocks, found->spans,
                        found->damages == 0 ? "all sound" : "damaged");
        if (found->spans_lost + found->spans_saved > 0)
            weft_buf_printf(&a->out,
                            "%" PRIu64 " spans of damaged files cannot be read; weft store repair "
                            "can save their other %" PRIu64 "\n",
                            found->spans_lost, found->spans_saved);
    }
    return weft_store_action_print(a) == WEFT_EXIT_OK && found->damages == 0 ? WEFT_EXIT_OK
                                                                             : WEFT_EXIT_FAILED;
}

int weft_store_action_check(struct weft_store_action *a)
{
    struct weft_store_check found = { 0 };
    struct weft_err err = { 0 };

    weft_store_action_findings_start(a);
    int rc = weft_store_check_watched(a->directory, weft_store_action_finding,
                                      weft_store_action_progress, a, &found, &err);
    weft_store_action_progress_end(a);
    if (rc < 0 && rc != WEFT_CORRUPT) return weft_command_error(a->line->command, "%s", err.text);
    return weft_store_action_found(a, &found);
}
