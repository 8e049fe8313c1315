/* bundle_write.c -- blocks into a bundle: members copied as they are, the traces that were split between them written once
 * more, then the directory. */
#include "base/alloc.h"
#include "base/file.h"
#include "store/bundle_split.h"

struct writing {
    const struct weft_bundle_input *input;
    const struct weft_bundle_options *options;
    struct weft_bundle_stats *stats;
    struct weft_bundle_writer file;
    struct weft_buf entries; /* parts of split traces */
};

static int members_copy(struct writing *w, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < w->input->member_count && rc == WEFT_OK; i++) {
        rc = weft_bundle_writer_copy(&w->file, w->input->members[i].block, err);
        w->stats->copied_bytes += w->input->members[i].block->file_bytes;
        w->stats->members++;
    }
    return rc;
}

static int compare_number(const void *a, const void *b)
{
    uint64_t x = ((const struct weft_mask_entry *)a)->block,
             y = ((const struct weft_mask_entry *)b)->block;
    return (x > y) - (x < y);
}

static int compare_place(const void *a, const void *b)
{
    const struct weft_mask_entry *x = a, *y = b;
    int c = compare_number(a, b);
    if (c != 0) return c;
    if (x->row_group != y->row_group) return x->row_group < y->row_group ? -1 : 1;
    return (x->trace > y->trace) - (x->trace < y->trace);
}

static bool is_named(const struct weft_mask_entry *entries, uint64_t count,
                     const struct weft_block *block)
{
    struct weft_mask_entry key = { .block = weft_block_number(block) };
    return bsearch(&key, entries, count, sizeof *entries, compare_number) != NULL;
}

/* The patch goes right into the bundle's file, behind the members. */
static int patch_merge(struct writing *w, struct weft_block *const *blocks, uint32_t block_count,
                       struct weft_err *err)
{
    struct weft_merge_target target = { w->file.fd, w->file.temporary, w->file.offset };
    struct weft_merge_input input = { .blocks = blocks,
                                      .block_count = block_count,
                                      .masked = (const void *)w->entries.data,
                                      .masked_count =
                                          w->entries.len / sizeof(struct weft_mask_entry),
                                      .only_masked = true,
                                      .keeps_inputs = true };
    struct weft_merge_options options = { .directory = w->options->directory,
                                          .number = w->options->patch_number,
                                          .cancelled = w->options->cancelled,
                                          .target = &target };
    struct weft_merge_stats merged;
    int rc = weft_merge(&input, &options, &merged, err);

    if (rc < 0) return rc;
    weft_bundle_writer_member_end(&w->file, options.number, merged.bytes);
    w->stats->patch_spans = merged.spans_out;
    w->stats->exact_duplicates = merged.exact_duplicates;
    w->stats->conflicting_duplicates = merged.conflicting_duplicates;
    w->stats->members++;
    return WEFT_OK;
}

static int patch_write(struct writing *w, struct weft_err *err)
{
    const struct weft_bundle_input *in = w->input;
    struct weft_mask_entry *entries = (void *)w->entries.data;
    uint64_t count = w->entries.len / sizeof *entries;
    uint32_t block_count = 0;
    int rc;

    if (count == 0) return WEFT_OK;
    if ((rc = weft_bundle_writer_member_start(&w->file, err)) < 0) return rc;
    qsort(entries, count, sizeof *entries, compare_place);
    struct weft_block **blocks =
        weft_alloc_array((size_t)in->member_count + in->other_count, sizeof *blocks);
    for (uint32_t i = 0; i < in->member_count; i++)
        if (is_named(entries, count, in->members[i].block))
            blocks[block_count++] = in->members[i].block;
    for (uint32_t i = 0; i < in->other_count; i++)
        if (is_named(entries, count, in->others[i].block))
            blocks[block_count++] = in->others[i].block;
    rc = patch_merge(w, blocks, block_count, err);
    weft_free(blocks);
    return rc;
}

static int parts_intact(const struct weft_bundle_part *parts, uint32_t count, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < count && rc == WEFT_OK; i++)
        rc = weft_block_intact(parts[i].block, err);
    return rc;
}

int weft_bundle_write(const struct weft_bundle_input *input,
                      const struct weft_bundle_options *options, struct weft_bundle_stats *stats,
                      struct weft_err *err)
{
    struct writing w = { .input = input, .options = options, .stats = stats, .file = { .fd = -1 } };
    int rc;

    *stats = (struct weft_bundle_stats){ 0 };
    if (input->member_count == 0)
        return weft_fail(err, WEFT_INVALID, "bundle: no blocks to put into it");
    if ((rc = weft_bundle_writer_create(&w.file, options, err)) == WEFT_OK &&
        (rc = weft_split_find(input, options->cancelled, &w.entries, &stats->split_traces, err)) ==
            WEFT_OK &&
        (rc = members_copy(&w, err)) == WEFT_OK && (rc = patch_write(&w, err)) == WEFT_OK &&
        (rc = parts_intact(input->members, input->member_count, err)) == WEFT_OK &&
        (rc = parts_intact(input->others, input->other_count, err)) == WEFT_OK)
        rc = weft_bundle_writer_finish(&w.file, input->superseded_bundles,
                                       input->superseded_bundle_count, err);
    stats->bytes = w.file.offset;
    weft_bundle_writer_release(&w.file);
    weft_buf_release(&w.entries);
    return rc;
}
