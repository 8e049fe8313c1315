/* cmd_store_dump.c -- weft store dump: a file explained. */
#include "app/cmd_store.h"

int weft_store_action_dump(struct weft_store_action *a)
{
    struct weft_str file = { 0 };
    struct weft_err err = { 0 };

    if (a->options->is_json)
        return weft_command_usage_error(
            a->line->command, "dump explains in words; --json is for check, stats and compact");
    if (a->line->argument_count > 1) file = weft_str_from_c(a->line->arguments[1]);
    bool is_one = a->options->at != NULL;
    uint64_t from = 0;
    if (is_one && !weft_str_to_u64(weft_str_from_c(a->options->at), &from))
        return weft_command_usage_error(a->line->command, "--at %.80s: an offset in bytes expected",
                                        a->options->at);
    bool is_bytes = is_one || a->options->is_bytes;
    if (is_bytes && file.len == 0)
        return weft_command_usage_error(a->line->command,
                                        "--bytes and --at need the name of a file");
    int rc = is_bytes ? weft_store_dump_bytes(a->directory, file, from,
                                              is_one ? from + 1 : UINT64_MAX, &a->out, &err)
                      : weft_store_dump(a->directory, file, &a->out, &err);
    if (rc < 0) return weft_command_error(a->line->command, "%s", err.text);
    return weft_store_action_print(a);
}
