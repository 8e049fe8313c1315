/* store_repair_internal.h -- the parts of repair: what files say of each other and their order (store_repair.c), saved spans
 * become a block (store_repair_save.c), patches get back what they lost (store_repair_patch.c). */
#ifndef WEFT_STORE_STORE_REPAIR_INTERNAL_H
#define WEFT_STORE_STORE_REPAIR_INTERNAL_H
#include "base/map.h"
#include "store/bundle.h"
#include "store/salvage.h"
#include "store/store_files.h"
#include "store/store_internal.h"
#include "store/store_repair.h"

struct repair {
    const char *directory;
    bool dry_run;
    weft_store_report *report;
    void *arg;
    struct weft_store_repair *out;
    struct weft_err *err;
    uint64_t next_number; /* never given to a file */
    struct weft_catalog catalog;
    const struct weft_store_files *files;
    struct weft_map superseded; /* names of files whose spans a later one has */
    struct weft_map
        replaced;           /* numbers of blocks that a later one has, or that were saved by now */
    struct weft_map kept;   /* names of files that lie in lost+found by now */
    struct weft_buf masked; /* struct weft_mask_entry: what all blocks together mask */
    struct weft_buf unreadable; /* struct repair_patch: blocks that cannot even be opened */
    struct weft_buf patches;    /* struct repair_patch: damaged, with a reference each */
    char lost[WEFT_STORE_PATH_MAX], work[WEFT_STORE_PATH_MAX];
    char path[WEFT_STORE_PATH_MAX]; /* of the file at hand */
    struct weft_store *sink;        /* where its spans go; NULL: none yet */
};
/* A damaged block that masks others. */
struct repair_patch {
    struct weft_block *block; /* NULL: it cannot even be opened, but others mask traces of it */
    uint64_t number;
    bool masks_are_lost; /* its section MASKS cannot be read */
    const struct weft_store_file *file;
};

__attribute__((format(printf, 3, 4))) void weft_repair_say(struct repair *r,
                                                           enum weft_finding_kind kind,
                                                           const char *format, ...);
void weft_repair_number_seen(struct repair *r, uint64_t number);
void weft_repair_count(struct repair *r, const struct weft_salvage *salvage);
bool weft_repair_is_replaced(const struct repair *r, uint64_t number);
/* False: it was already, in this run or in one that a crash ended. */
bool weft_repair_replace(struct repair *r, uint64_t number);
/* Of the block: the traces that others have taken over. NULL: none. */
struct weft_block_mask *weft_repair_mask(const struct repair *r, uint64_t number);
/* Every block that can be opened, in a file of its own or in a bundle. */
typedef int weft_repair_visit(struct repair *r, struct weft_block *block,
                              const struct weft_store_file *file, void *arg);
int weft_repair_each_block(struct repair *r, weft_repair_visit *visit, void *arg);

/* ---- store_repair_save.c ---- */

int weft_repair_work_empty(struct repair *r);
int weft_repair_spans_take(void *r, const struct weft_batch *batch, struct weft_err *err);
/* The spans taken become a block that supersedes this segment. */
int weft_repair_replace_segment(struct repair *r, uint64_t number);
/* The spans taken (none at all is fine) become a block that supersedes these and all that they superseded. */
int weft_repair_replace_blocks(struct repair *r, struct weft_block *const *blocks, uint32_t count,
                               const struct weft_mask_entry *masked, uint64_t masked_count);
/* A second name in lost+found for the file at hand; a copy where there can be none. Once a run. */
int weft_repair_keep_original(struct repair *r);
int weft_repair_remove_original(struct repair *r);

/* ---- store_repair_patch.c ---- */

/* All of r->patches become one block. */
int weft_repair_patches(struct repair *r);

#endif
