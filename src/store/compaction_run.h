/* compaction_run.h -- one merge, one bundling: written, proved, swapped in; see compaction_run.c. */
#ifndef WEFT_STORE_COMPACTION_RUN_H
#define WEFT_STORE_COMPACTION_RUN_H
#include "store/compaction_policy.h"
#include "store/store_internal.h"

/* A file that may be compacted, and what the policy knows of it. */
struct weft_compaction_item {
    uint64_t number;
    const struct weft_store_segment *segment; /* or */
    struct weft_store_container *container;
    struct weft_store_block **blocks; /* file.members of them, in the order of the file */
    struct weft_compaction_file file;
};
struct weft_compaction {
    struct weft_store_set *set; /* one reference; everything below is in it */
    struct weft_compaction_item
        *items; /* all there are; after the choice: the inputs, oldest first */
    uint32_t item_count;
    struct weft_store_block **blocks; /* of the set, sorted by file; the items point into it */
};
/* compaction_items.c: takes over the reference to the set; segments up to number_max. */
void weft_compaction_init(struct weft_compaction *compaction, struct weft_store_set *set,
                          uint64_t number_max);
void weft_compaction_release(struct weft_compaction *compaction);
/* Holds all inputs, or none: another may have taken or changed one since the set was taken. */
bool weft_compaction_claim(struct weft_store *store, const struct weft_compaction *compaction);
void weft_compaction_give_up(const struct weft_compaction *compaction);

int weft_compaction_merge(struct weft_store *store, const struct weft_compaction *compaction,
                          struct weft_merge_stats *stats, struct weft_err *err);
int weft_compaction_bundle(struct weft_store *store, const struct weft_compaction *compaction,
                           struct weft_merge_stats *stats, struct weft_err *err);

/* Is it one of the inputs, or might it have earlier spans of their traces? */
bool weft_compaction_concerns(const struct weft_compaction *compaction,
                              const struct weft_store_block *block);

/* compaction_failure.c: a merge or bundling has failed. True: something was set aside, or is tried
 * apart, so the next attempt will be another one. */
bool weft_compaction_failed(struct weft_store *store, const struct weft_compaction *compaction,
                            int rc, const struct weft_err *err);

#endif
