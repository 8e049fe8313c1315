/* cmd_store.h -- the actions of `weft store`: one file each, the table in cmd_store.c.
 *
 * Ownership  an action fills `out`; cmd_store.c releases it
 */
#ifndef WEFT_APP_CMD_STORE_H
#define WEFT_APP_CMD_STORE_H
#include "app/command.h"
#include "app/config_options.h"
#include "app/terminal.h"
#include "store/store_inspect.h"
#include "wire/json.h"

struct weft_store_command_options {
    struct weft_config_options_given config;
    bool is_json, is_quiet, no_links, is_dry_run, is_bytes;
    const char *previous, *by;
    const char *at; /* an offset */
    uint64_t top;
    int colour;
};
struct weft_store_action {
    const struct weft_command_line *line;
    const struct weft_store_command_options *options;
    const char *directory;
    struct weft_terminal terminal; /* standard output */
    struct weft_buf out;
    struct weft_json_writer json; /* into out */
    struct weft_progress_line {
        bool is_shown;
        uint64_t next_ns;
    } progress;
};

int weft_store_action_check(struct weft_store_action *a);
int weft_store_action_stats(struct weft_store_action *a);
int weft_store_action_dump(struct weft_store_action *a);
int weft_store_action_compact(struct weft_store_action *a);
int weft_store_action_repair(struct weft_store_action *a);
int weft_store_action_backup(struct weft_store_action *a);
int weft_store_action_verify(struct weft_store_action *a);
int weft_store_action_restore(struct weft_store_action *a);

/* `out` to standard output: the exit code. */
int weft_store_action_print(struct weft_store_action *a);
/* A sentence of a check: a line, or an object of the JSON array that is open. `arg` is the action. */
void weft_store_action_finding(void *arg, enum weft_finding_kind kind, const char *sentence);
/* One line on standard error that is written over, when that is a terminal. `arg` is the action. */
void weft_store_action_progress(void *arg, uint64_t bytes_done, uint64_t bytes_total);
void weft_store_action_progress_end(struct weft_store_action *a);
/* What check found, as text or JSON, and the exit code. */
int weft_store_action_found(struct weft_store_action *a, const struct weft_store_check *found);
void weft_store_action_findings_start(struct weft_store_action *a);
/* "key": value of a JSON object. */
void weft_store_action_count(struct weft_store_action *a, const char *key, uint64_t value);

#endif
