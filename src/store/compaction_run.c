/* compaction_run.c -- one merge and one bundling.
 *
 *   1. the new file is written beside and renamed          before the rename: the inputs, and a *.tmp
 *                                                          that opening removes
 *   2. its footer or directory names what it supersedes    after it: both lie there; opening goes by
 *                                                          the new file
 *   3. the set is swapped, masks with it                   (memory only)
 *   4. input files are renamed to spares or unlinked,      some are gone: the same as 2
 *      each when its last reader leaves it
 *   5. CATALOG is replaced                                 an old one lacks the new file: its footer
 *                                                          or directory is read
 *
 * A new block supersedes numbers, not files: of what its inputs superseded, files may still lie there
 * under a reader, and the input that says so is about to go. So the new block says it too.
 */
#include "store/compaction_run.h"

/* ---- merging ---- */

struct merge {
    struct weft_segment_view *views;
    const struct weft_segment_view **segments;
    struct weft_block **blocks;
    const struct weft_block_mask **masks;
    uint64_t *segment_numbers, *block_numbers;
    uint32_t segment_count, block_count;
    struct weft_buf masked, more_segments, more_blocks; /* for the new footer */
};

static void merge_add_segment(struct merge *m, const struct weft_store_segment *segment)
{
    uint32_t n = m->segment_count++;

    weft_segment_view_init(&m->views[n], segment->segment);
    m->segments[n] = &m->views[n];
    m->segment_numbers[n] = segment->number;
}

/* Those of the numbers whose files still lie there. */
static void still_there(const struct weft_store *store, const char *kind, const uint64_t *numbers,
                        uint32_t count, struct weft_buf *out)
{
    char path[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < count; i++) {
        weft_store_path(store, path, kind, numbers[i]);
        if (weft_file_exists(path)) weft_buf_append(out, &numbers[i], sizeof numbers[i]);
    }
}

static int merge_add_block(const struct weft_store *store, struct merge *m,
                           struct weft_store_block *block, struct weft_err *err)
{
    const struct weft_block_summary *summary = &block->summary;
    uint32_t n = m->block_count;
    int rc = weft_store_block_get(block, &m->blocks[n], err);

    if (rc < 0) return rc;
    m->masks[n] = block->mask;
    m->block_numbers[n] = summary->number;
    m->block_count++;
    still_there(store, "segment", summary->superseded_segments, summary->superseded_segment_count,
                &m->more_segments);
    still_there(store, "block", summary->superseded_blocks, summary->superseded_block_count,
                &m->more_blocks);
    return summary->masked_count > 0 ? weft_block_masked(m->blocks[n], &m->masked, err) : WEFT_OK;
}

/* Of what the inputs masked, the inputs themselves no longer count. */
static void merge_drop_own_masks(struct merge *m)
{
    struct weft_mask_entry *entries = (void *)m->masked.data;
    uint64_t count = m->masked.len / sizeof *entries, kept = 0;

    for (uint64_t i = 0; i < count; i++) {
        bool is_input = false;
        for (uint32_t k = 0; k < m->block_count; k++)
            is_input |= m->block_numbers[k] == entries[i].block;
        if (!is_input) entries[kept++] = entries[i];
    }
    m->masked.len = kept * sizeof *entries;
}

static int merge_init(struct merge *m, const struct weft_store *store,
                      const struct weft_compaction *c, struct weft_err *err)
{
    uint32_t n = c->item_count;
    int rc = WEFT_OK;

    *m = (struct merge){ .views = weft_alloc_array(n, sizeof *m->views),
                         .segments = weft_alloc_array(n, sizeof *m->segments),
                         .blocks = weft_alloc_array(n, sizeof *m->blocks),
                         .masks = weft_alloc_array(n, sizeof *m->masks),
                         .segment_numbers = weft_alloc_array(n, sizeof(uint64_t)),
                         .block_numbers = weft_alloc_array(n, sizeof(uint64_t)) };
    for (uint32_t i = 0; i < n && rc == WEFT_OK; i++) {
        if (c->items[i].segment != NULL)
            merge_add_segment(m, c->items[i].segment);
        else
            rc = merge_add_block(store, m, c->items[i].blocks[0], err);
    }
    /* Rows have no checksum of their own, and after the merge there is no other copy of them. */
    for (uint32_t i = 0; i < m->segment_count && rc == WEFT_OK; i++)
        rc = weft_segment_verify(&m->views[i], err);
    merge_drop_own_masks(m);
    return rc;
}

static void merge_release(struct merge *m)
{
    for (uint32_t i = 0; i < m->segment_count; i++) weft_segment_view_release(&m->views[i]);
    weft_free(m->views);
    weft_free(m->segments);
    weft_free(m->blocks);
    weft_free(m->masks);
    weft_free(m->segment_numbers);
    weft_free(m->block_numbers);
    weft_buf_release(&m->masked);
    weft_buf_release(&m->more_segments);
    weft_buf_release(&m->more_blocks);
}

/* Believe a new block only when it opens and has every span; otherwise it must not stay: its footer
 * says that its inputs are superseded. */
static int block_prove(struct weft_store_block **out, const char *path,
                       const struct weft_merge_stats *stats, struct weft_err *err)
{
    struct weft_block *open = NULL;
    struct weft_block_summary summary;
    int rc = weft_block_open(&open, path, err);

    if (rc == WEFT_OK) {
        weft_block_summary_from(&summary, open);
        if (summary.span_count + stats->exact_duplicates != stats->spans_in)
            rc = weft_fail(err, WEFT_CORRUPT,
                           "%s: holds %llu spans and dropped %llu duplicates, but %llu went in",
                           path, (unsigned long long)summary.span_count,
                           (unsigned long long)stats->exact_duplicates,
                           (unsigned long long)stats->spans_in);
    }
    if (rc == WEFT_OK) {
        struct weft_store_container *file = weft_store_container_create(
            path, summary.number, summary.file_bytes, summary.created_unix_ns);
        *out = weft_store_block_create(file, &summary, NULL, open);
        weft_store_container_unref(file);
        return WEFT_OK;
    }
    weft_block_unref(open);
    weft_file_unlink(path, NULL);
    return rc;
}

/* Their files go, segments' perhaps to be spares, once the last reader has left them. */
static void inputs_retire(struct weft_store *store, const struct weft_compaction *c)
{
    char spare[WEFT_STORE_PATH_MAX];

    for (uint32_t i = 0; i < c->item_count; i++) {
        const struct weft_compaction_item *item = &c->items[i];
        if (item->segment == NULL) {
            atomic_store(&item->container->is_obsolete, true);
            continue;
        }
        bool is_kept = !item->segment->is_abandoned && weft_store_spare_promise(store, spare);
        weft_segment_mark_obsolete(item->segment->segment, is_kept ? spare : NULL);
    }
}

static void merge_swap_in(struct weft_store *store, const struct weft_compaction *c,
                          const struct merge *m, struct weft_store_block *block)
{
    weft_store_set_change(store, &(struct weft_store_change){ .segments = m->segment_numbers,
                                                              .segment_count = m->segment_count,
                                                              .blocks = m->block_numbers,
                                                              .block_count = m->block_count,
                                                              .added = &block,
                                                              .added_count = 1 });
    weft_store_block_unref(block);
    inputs_retire(store, c);
}

int weft_compaction_merge(struct weft_store *store, const struct weft_compaction *c,
                          struct weft_merge_stats *stats, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    struct weft_store_block *block = NULL;
    struct merge m;
    int rc = merge_init(&m, store, c, err);

    const struct weft_merge_input input = {
        .segments = m.segments,
        .segment_count = m.segment_count,
        .blocks = m.blocks,
        .masks = m.masks,
        .block_count = m.block_count,
        .masked = (const void *)m.masked.data,
        .masked_count = m.masked.len / sizeof(struct weft_mask_entry),
        .more_superseded_segments = (const void *)m.more_segments.data,
        .more_superseded_segment_count = (uint32_t)(m.more_segments.len / sizeof(uint64_t)),
        .more_superseded_blocks = (const void *)m.more_blocks.data,
        .more_superseded_block_count = (uint32_t)(m.more_blocks.len / sizeof(uint64_t)),
    };
    const struct weft_merge_options options = { .directory = store->directory,
                                                .number = atomic_fetch_add(&store->next_number, 1),
                                                .blob_min = store->options.blob_min,
                                                .cancelled = &store->is_stopping };
    if (rc == WEFT_OK) rc = weft_merge(&input, &options, stats, err);
    if (rc == WEFT_OK) {
        weft_store_path(store, path, "block", options.number);
        rc = block_prove(&block, path, stats, err);
    }
    if (rc == WEFT_OK) merge_swap_in(store, c, &m, block);
    merge_release(&m);
    return rc;
}

/* ---- bundling ---- */

struct bundling {
    struct weft_bundle_part *members, *others;
    uint64_t *numbers, *superseded; /* of the members; of the bundles they are in now */
    uint32_t member_count, other_count, superseded_count;
};

static int part_add(struct weft_bundle_part *parts, uint32_t *count, struct weft_store_block *block,
                    struct weft_err *err)
{
    struct weft_bundle_part *part = &parts[*count];
    int rc = weft_store_block_get(block, &part->block, err);

    if (rc < 0) return rc;
    part->mask = block->mask;
    (*count)++;
    return WEFT_OK;
}

static bool is_input(const struct weft_compaction *c, const struct weft_store_block *block)
{
    for (uint32_t i = 0; i < c->item_count; i++)
        if (c->items[i].container == block->file) return true;
    return false;
}

#define NEAR_NS (600 * WEFT_NS_PER_SECOND) /* as bundle.h has it */

/* When the spans of the members start. */
struct range {
    uint64_t min, max;
};

static struct range members_range(const struct weft_compaction *c)
{
    struct range range = { UINT64_MAX, 0 };

    for (uint32_t i = 0; i < c->item_count; i++) {
        for (uint32_t k = 0; k < c->items[i].file.members; k++) {
            const struct weft_block_summary *summary = &c->items[i].blocks[k]->summary;
            if (summary->start_min < range.min) range.min = summary->start_min;
            if (summary->start_max > range.max) range.max = summary->start_max;
        }
    }
    return range;
}

/* Others that share no time with the members need not be opened. */
static bool is_near(const struct range *range, const struct weft_store_block *block)
{
    const struct weft_block_summary *summary = &block->summary;
    uint64_t min = range->min > NEAR_NS ? range->min - NEAR_NS : 0;
    uint64_t max = range->max < UINT64_MAX - NEAR_NS ? range->max + NEAR_NS : UINT64_MAX;
    return summary->start_max >= min && summary->start_min <= max;
}

bool weft_compaction_concerns(const struct weft_compaction *c, const struct weft_store_block *block)
{
    const struct range range = members_range(c);
    return is_input(c, block) || is_near(&range, block);
}

/* Files that are asked for earlier spans. One that cannot be read keeps its part of a split trace:
 * nothing is lost. What retention deletes now must not come back in a patch. */
static void others_claim(const struct weft_compaction *c)
{
    const struct range range = members_range(c);

    for (uint32_t i = 0; i < c->set->block_count; i++) {
        struct weft_store_block *block = c->set->blocks[i];
        if (!is_input(c, block) && is_near(&range, block) && !atomic_load(&block->is_damaged) &&
            atomic_load(&block->file->compaction_failures) < WEFT_STORE_FAILURES_MAX)
            weft_store_container_claim(block->file, WEFT_CLAIM_ASKED);
    }
}

static void others_give_up(const struct weft_compaction *c)
{
    for (uint32_t i = 0; i < c->set->block_count; i++)
        if (atomic_load(&c->set->blocks[i]->file->claim) == WEFT_CLAIM_ASKED)
            weft_store_container_give_up(c->set->blocks[i]->file);
}

static int bundling_init(struct bundling *b, const struct weft_compaction *c, struct weft_err *err)
{
    uint32_t n = c->set->block_count + 1;
    int rc = WEFT_OK;

    *b = (struct bundling){ .members = weft_alloc_array(n, sizeof *b->members),
                            .others = weft_alloc_array(n, sizeof *b->others),
                            .numbers = weft_alloc_array(n, sizeof *b->numbers),
                            .superseded = weft_alloc_array(n, sizeof *b->superseded) };
    for (uint32_t i = 0; i < c->item_count; i++) {
        const struct weft_compaction_item *item = &c->items[i];
        if (item->container->is_bundle) b->superseded[b->superseded_count++] = item->number;
        for (uint32_t k = 0; k < item->file.members; k++) {
            b->numbers[b->member_count] = item->blocks[k]->summary.number;
            if ((rc = part_add(b->members, &b->member_count, item->blocks[k], err)) < 0) return rc;
        }
    }
    const struct range range = members_range(c);
    others_claim(c);
    for (uint32_t i = 0; i < c->set->block_count; i++) {
        struct weft_store_block *block = c->set->blocks[i];
        if (atomic_load(&block->file->claim) != WEFT_CLAIM_ASKED || !is_near(&range, block) ||
            weft_store_block_is_damaged(block))
            continue;
        rc = part_add(b->others, &b->other_count, block, err);
        if (rc < 0 && rc != WEFT_CORRUPT) return rc;
    }
    return WEFT_OK;
}

static void bundling_release(struct bundling *b)
{
    weft_free(b->members);
    weft_free(b->others);
    weft_free(b->numbers);
    weft_free(b->superseded);
}

/* The members of the new file, under the masks that they have in the set. */
static void members_mask(struct weft_store_block **members, uint32_t count,
                         const struct weft_store_set *set)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_store_block *old = NULL;
        for (uint32_t k = 0; k < set->block_count && old == NULL; k++)
            if (set->blocks[k]->summary.number == members[i]->summary.number) old = set->blocks[k];
        if (old == NULL || old->mask == NULL) continue;
        struct weft_store_block *masked = weft_store_block_with_mask(members[i], old->mask);
        weft_store_block_unref(members[i]);
        members[i] = masked;
    }
}

static int bundle_masked(struct weft_store_block *const *members, uint32_t count,
                         const struct bundling *b, struct weft_buf *out, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = b->member_count; i < count && rc == WEFT_OK; i++) { /* patches come last */
        struct weft_block *block;
        rc = weft_store_block_get(members[i], &block, err);
        if (rc == WEFT_OK) rc = weft_block_masked(block, out, err);
    }
    return rc;
}

/* Believe a bundle only when it opens and has every member. */
static int bundle_prove(const struct bundling *b, struct weft_store_block *const *members,
                        uint32_t count, const char *path, struct weft_err *err)
{
    bool is_whole = count >= b->member_count;

    for (uint32_t i = 0; i < b->member_count && is_whole; i++)
        is_whole = members[i]->summary.number == b->numbers[i];
    if (is_whole) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "%s: does not have the %u blocks that went in", path,
                     b->member_count);
}

static int bundle_swap_in(struct weft_store *store, const struct weft_compaction *c,
                          const struct bundling *b, uint64_t number, struct weft_err *err)
{
    char path[WEFT_STORE_PATH_MAX];
    struct weft_store_container *file = NULL;
    struct weft_store_block **members = NULL;
    struct weft_buf masked = { 0 };
    uint32_t count = 0;

    weft_store_path(store, path, "bundle", number);
    int rc = weft_store_bundle_read(path, number, &file, &members, &count, NULL, NULL, err);
    if (rc == WEFT_OK) rc = bundle_prove(b, members, count, path, err);
    if (rc == WEFT_OK) rc = bundle_masked(members, count, b, &masked, err);
    if (rc == WEFT_OK) {
        members_mask(members, count, c->set);
        weft_store_set_change(store,
                              &(struct weft_store_change){
                                  .blocks = b->numbers,
                                  .block_count = b->member_count,
                                  .added = members,
                                  .added_count = count,
                                  .masked = (void *)masked.data,
                                  .masked_count = masked.len / sizeof(struct weft_mask_entry) });
        inputs_retire(store, c);
    } else {
        weft_file_unlink(path, NULL); /* it says that its inputs are superseded */
    }
    for (uint32_t i = 0; i < count; i++) weft_store_block_unref(members[i]);
    weft_free(members);
    weft_store_container_unref(file);
    weft_buf_release(&masked);
    return rc;
}

int weft_compaction_bundle(struct weft_store *store, const struct weft_compaction *c,
                           struct weft_merge_stats *stats, struct weft_err *err)
{
    struct weft_bundle_stats bundled = { 0 };
    struct bundling b;
    int rc = bundling_init(&b, c, err);

    const struct weft_bundle_input input = { .members = b.members,
                                             .member_count = b.member_count,
                                             .others = b.others,
                                             .other_count = b.other_count,
                                             .superseded_bundles = b.superseded,
                                             .superseded_bundle_count = b.superseded_count };
    const struct weft_bundle_options options = {
        .directory = store->directory,
        .number = atomic_fetch_add(&store->next_number, 1),
        .patch_number = atomic_fetch_add(&store->next_number, 1),
        .cancelled = &store->is_stopping,
    };
    if (rc == WEFT_OK) rc = weft_bundle_write(&input, &options, &bundled, err);
    if (rc == WEFT_OK) rc = bundle_swap_in(store, c, &b, options.number, err);
    stats->bytes = bundled.bytes;
    others_give_up(c);
    bundling_release(&b);
    return rc;
}
