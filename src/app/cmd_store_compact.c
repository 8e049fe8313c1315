/* cmd_store_compact.c -- weft store compact: what is sealed becomes blocks now. */
#include "app/cmd_store.h"
#include <inttypes.h>

int weft_store_action_compact(struct weft_store_action *a)
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
    return weft_store_action_print(a);
}
