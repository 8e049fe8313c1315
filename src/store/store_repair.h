/* store_repair.h -- what is readable of damaged files saved into new ones; what was damaged goes to lost+found/, never away.
 *
 * Threads    nobody else has the directory: the lock is taken
 * Promises   a crash at any moment leaves the damaged file under its name, or in lost+found/ with its readable spans in a new
 *            block, or both. A second run goes on from there
 * Errors     WEFT_BUSY: a server runs on it
 */
#ifndef WEFT_STORE_STORE_REPAIR_H
#define WEFT_STORE_STORE_REPAIR_H
#include "store/store_inspect.h"

#define WEFT_STORE_LOST "lost+found"

struct weft_store_repair {
    uint64_t files;       /* damaged, moved to lost+found/ */
    uint64_t spans_saved; /* of them */
    uint64_t spans_lost;  /* as far as is known */
    uint64_t traces_lost;
    uint64_t start_min, start_max; /* of lost spans; 0, 0: none, or not known */
    bool is_uncounted;             /* of some places not even the number of spans is known */
};
/* `dry_run`: only say what would be done, beside a server too. */
int weft_store_repair(const char *directory, bool dry_run, weft_store_report *report, void *arg,
                      struct weft_store_repair *out, struct weft_err *err);

#endif
