/* compaction_policy.h -- what to merge or bundle next: from a list of files to a choice.
 *
 *   level 1   sealed segments          merged into a block, as soon as there are enough or the oldest
 *                                      has waited
 *   level 2   small blocks             merged, fan_in of about the same size at a time: a quiet store
 *                                      has few blocks, and each span is rewritten once a tier
 *   level 3   full blocks              copied into a bundle, fan_in at a time
 *   level 4   bundles of one tier      copied into a larger one, while bytes and time allow
 *
 * Levels 1 and 2 are merging, 3 and 4 bundling; of each kind the lower level goes first.
 *
 * Threads    a pure function
 */
#ifndef WEFT_STORE_COMPACTION_POLICY_H
#define WEFT_STORE_COMPACTION_POLICY_H
#include <stdbool.h>
#include <stdint.h>

enum weft_compaction_source { WEFT_COMPACT_SEGMENT, WEFT_COMPACT_BLOCK, WEFT_COMPACT_BUNDLE };
struct weft_compaction_file {
    enum weft_compaction_source source;
    uint64_t bytes, spans;       /* of a segment: what is used of the file */
    uint64_t time_min, time_max; /* of the blocks in it, each as old as retention sees it */
    uint32_t members;            /* of a bundle */
    uint64_t waits_ns;           /* a segment, since it was sealed */
};

struct weft_compaction_policy {
    uint32_t segments_min, segments_max;
    uint64_t segment_age_ns;
    bool segments_now; /* merge whatever is sealed */
    uint32_t fan_in;
    uint64_t small_spans, small_bytes;
    uint64_t bundle_bytes_max, time_max_ns;
    uint64_t room_bytes; /* free on the disk: inputs go only after the output is there */
};

enum weft_compaction_kind { WEFT_COMPACT_MERGE, WEFT_COMPACT_BUNDLING };
struct weft_compaction_choice {
    uint32_t count;  /* 0: there is nothing to do */
    uint32_t *files; /* indexes; the caller's memory, with room for all */
};
/* `files` oldest first. Segments are merged with segments, blocks with blocks; the times of what comes
 * together differ by time_max_ns at most, so that retention can still delete in small steps. */
void weft_compaction_choose(enum weft_compaction_kind kind,
                            const struct weft_compaction_policy *policy,
                            const struct weft_compaction_file *files, uint32_t count,
                            struct weft_compaction_choice *out);

#endif
