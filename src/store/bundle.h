/* bundle.h -- several blocks in one file: copied as they are, with the traces that were split between them written once
 * more, joined, in a patch block.
 *
 * Shape      one file: header, members (whole blocks under their own numbers, each at a multiple of 4 KiB), directory,
 *            trailer (docs/format/bundle.md). The patch is an ordinary block, the last member; the section MASKS of its footer
 *            says which traces of which blocks it has taken over, also in blocks outside of this bundle.
 * Errors     WEFT_CORRUPT names file and place; a bundle exists whole or not at all
 * Threads    immutable: any number of readers
 * Ownership  counted references; a member's weft_block holds its bundle
 */
#ifndef WEFT_STORE_BUNDLE_H
#define WEFT_STORE_BUNDLE_H
#include "store/block.h"
#include "store/block_mask.h"

/* A block as a set of the store sees it. */
struct weft_bundle_part {
    struct weft_block *block;
    const struct weft_block_mask *mask; /* NULL: none */
};
struct weft_bundle_input {
    const struct weft_bundle_part *members; /* to be copied, oldest first */
    uint32_t member_count;
    /* Blocks elsewhere in the store. A member's trace that starts within (or near: 10 min) the times of one of them is looked
     * up there, so late spans join the trace of days ago; they are not copied, only masked. */
    const struct weft_bundle_part *others;
    uint32_t other_count;
    const uint64_t *superseded_bundles; /* whose members are all among `members` */
    uint32_t superseded_bundle_count;
};
struct weft_bundle_options {
    const char *directory;
    uint64_t number, patch_number; /* never used before; file name is bundle-<16 hex digits>.weft */
    const _Atomic bool *cancelled; /* NULL: never */
};
struct weft_bundle_stats {
    uint64_t members, bytes, copied_bytes;
    uint64_t split_traces, patch_spans, exact_duplicates, conflicting_duplicates;
};
/* Write beside, sync, rename. Without split traces there is no patch. Members keep their bytes: their page checksums are
 * checked on the way (a damaged member fails the whole: WEFT_CORRUPT names it). */
int weft_bundle_write(const struct weft_bundle_input *input,
                      const struct weft_bundle_options *options, struct weft_bundle_stats *stats,
                      struct weft_err *err);

struct weft_bundle;
struct weft_bundle_member {
    uint64_t number, offset, bytes;
};
struct weft_bundle_info {
    const char *path;
    uint64_t number, file_bytes, created_unix_ns;
    const struct weft_bundle_member *members;
    uint32_t member_count;
    const uint64_t *superseded_bundles;
    uint32_t superseded_bundle_count;
};
/* Reads directory and trailer only. */
int weft_bundle_open(struct weft_bundle **out, const char *path, struct weft_err *err);
void weft_bundle_info(const struct weft_bundle *bundle, struct weft_bundle_info *out);
/* Member `index` as a block. All members of a bundle share one mapping. */
int weft_bundle_block(struct weft_bundle *bundle, uint32_t index, struct weft_block **out,
                      struct weft_err *err);
/* Header, both copies of the directory, and the zeros between the members; every finding goes to `report` as a sentence.
 * WEFT_CORRUPT when there was one. */
int weft_bundle_check_frame(struct weft_bundle *bundle,
                            void (*report)(void *arg, const char *sentence), void *arg,
                            struct weft_err *err);
/* That, and every page and value of every member. */
int weft_bundle_check(struct weft_bundle *bundle, void (*report)(void *arg, const char *sentence),
                      void *arg, struct weft_err *err);
void weft_bundle_ref(struct weft_bundle *bundle);
void weft_bundle_unref(struct weft_bundle *bundle);         /* NULL is fine */
void weft_bundle_mark_obsolete(struct weft_bundle *bundle); /* unlink at the last reference */

#endif
