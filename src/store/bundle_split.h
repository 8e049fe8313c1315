/* bundle_split.h -- traces that have spans in several blocks: found by their ids, all blocks walked side by side.
 *
 * Memory     some 2 MB, and 24 bytes for every part of a split trace
 * Errors     WEFT_CORRUPT from a block's ids
 */
#ifndef WEFT_STORE_BUNDLE_SPLIT_H
#define WEFT_STORE_BUNDLE_SPLIT_H
#include "store/bundle_internal.h"

/* A block whose ids are walked, or looked into. Streams of the members come first, then those of the others. */
struct split_stream {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    struct weft_rows rows; /* the open row group */
    struct weft_arena arena;
    bool is_open;
    uint32_t number, trace; /* row group; members: first trace that was not taken yet */
    uint32_t quota;         /* members: traces a step takes at most */
    uint32_t *near;         /* members: streams of the others whose times meet this one's */
    uint32_t near_count;
};
/* One row group's part of a trace that another block has too. */
struct split_part {
    uint64_t prefix, rest; /* id: big-endian number, and bytes as they lie */
    uint32_t stream, row_group, trace, spans;
};
struct split {
    struct split_stream *streams;
    uint32_t member_count, stream_count;
    struct weft_buf parts; /* struct split_part, of this step */
    struct weft_buf *entries;
    uint64_t traces;
};

/* Open the row group `number` of the stream, for its ids. */
int weft_split_open(struct split_stream *s, uint32_t number, struct weft_err *err);
/* Which others each member meets (bundle_late.c). */
void weft_split_meet(struct split *split);
/* The member's part that starts at `start` is looked up in the others that are near. */
int weft_split_late(struct split *split, const struct split_part *part, uint64_t start,
                    struct weft_err *err);

/* Every part of every trace that two or more of the blocks have and that is not masked there. At least one of them is a
 * member. */
int weft_split_find(const struct weft_bundle_input *input, const _Atomic bool *cancelled,
                    struct weft_buf *entries /* struct weft_mask_entry */, uint64_t *traces,
                    struct weft_err *err);

#endif
