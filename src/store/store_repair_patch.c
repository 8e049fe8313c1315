/* store_repair_patch.c -- damaged patches get back what they lost: the rows of their traces still lie in the blocks that they
 * took them over from, as long as these exist.
 *
 * All damaged patches become one block, because patches take over from each other: what one has lost may lie behind the mask
 * of another that has lost it too. It masks what they masked, and is made before any block that it masks is touched:
 *   1. what can be read of the patches themselves
 *   2. the spans that sound patches took over from these before they were damaged are noted: nobody needs them
 *   3. the masked places are read, and what is not noted is taken; the merge drops what 1 has given already
 *   4. where a patch cannot say any more what it masked: every place whose spans are all here or in a later patch is masked
 *      again. What is not here comes to light at its old place
 */
#include "base/alloc.h"
#include "store/block_internal.h"
#include "store/store_repair_internal.h"
#include <inttypes.h>

/* What tells spans apart for counting; the merge that writes the block compares them in whole. */
struct span_key {
    struct weft_trace_id trace;
    struct weft_span_id span;
    uint64_t start, end;
};
#define NEW_BLOCK UINT64_MAX /* its number, for now: later than all others */
struct healing {
    struct repair *r;
    uint64_t holder;         /* of what is read now: NEW_BLOCK, or a later patch */
    bool is_elsewhere;       /* read from the places that are masked */
    struct weft_map spans;   /* struct span_key; number of the latest block that will have it */
    struct weft_buf entries; /* struct weft_mask_entry: what the patches mask in other blocks */
    uint64_t healed;
    bool masks_are_lost;    /* of one of them at least */
    struct weft_map traces; /* their ids, when masks are lost: those of `spans` */
};

static uint32_t patch_count(const struct repair *r)
{
    return (uint32_t)(r->patches.len / sizeof(struct repair_patch));
}

static const struct repair_patch *patch_at(const struct repair *r, uint32_t i)
{
    return (const struct repair_patch *)(const void *)r->patches.data + i;
}

static bool is_patch(const struct repair *r, uint64_t number)
{
    for (uint32_t i = 0; i < patch_count(r); i++)
        if (patch_at(r, i)->number == number) return true;
    return false;
}

/* ---- spans ---- */

static struct weft_str id_of(const struct weft_trace_id *id)
{
    return (struct weft_str){ (const char *)id->bytes, sizeof id->bytes };
}

static struct span_key key_of(const struct weft_span *span)
{
    return (struct span_key){ .trace = span->trace_id,
                              .span = span->span_id,
                              .start = span->start_time_unix_nano,
                              .end = span->end_time_unix_nano };
}

static uint64_t holder_of(struct healing *h, const struct weft_span *span, bool *is_new)
{
    const struct span_key key = key_of(span);

    if (h->masks_are_lost) weft_map_put(&h->traces, id_of(&span->trace_id), 1, NULL);
    uint64_t *holder = weft_map_put(&h->spans, (struct weft_str){ (const char *)&key, sizeof key },
                                    h->holder, is_new);
    if (h->holder != NEW_BLOCK && *holder < h->holder) *holder = h->holder;
    return *holder;
}

static int heal_take(void *arg, const struct weft_batch *batch, struct weft_err *err)
{
    struct healing *h = arg;
    struct weft_batch ours = *batch;
    int rc = WEFT_OK;

    ours.spans = weft_alloc_array(batch->span_count + 1, sizeof *ours.spans);
    ours.span_count = 0;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        bool is_new;
        if (holder_of(h, &batch->spans[i], &is_new) != NEW_BLOCK || h->holder != NEW_BLOCK)
            continue;
        h->healed += h->is_elsewhere && is_new;
        ours.spans[ours.span_count++] = batch->spans[i];
    }
    if (ours.span_count > 0 && !h->r->dry_run) rc = weft_repair_spans_take(h->r, &ours, err);
    weft_free(ours.spans);
    return rc;
}

static void place_lost(void *arg, const char *sentence)
{
    const struct healing *h = arg;
    weft_repair_say(h->r, WEFT_FINDING_DAMAGE, "%s: %s", h->r->path, sentence);
}

/* ---- the three readings ---- */

static int own_read(struct healing *h, const struct repair_patch *patch, struct weft_salvage *sum)
{
    const struct weft_salvage_to to = { .take = heal_take, .report = place_lost, .arg = h };
    struct weft_salvage salvage;

    if (patch->block == NULL) return WEFT_OK; /* told when it is the file's turn */
    struct weft_block_mask *mask = weft_repair_mask(h->r, patch->number);
    int rc = weft_block_salvage(patch->block, mask, &to, &salvage, h->r->err);

    weft_block_mask_unref(mask);
    if (rc < 0) return rc;
    sum->spans_saved += salvage.spans_saved;
    if (patch->masks_are_lost && salvage.spans_lost > 0) {
        weft_repair_say(h->r, WEFT_FINDING_NOTE,
                        "%s: what cannot be read of block %016" PRIx64
                        " is served from where it was taken over, as far as that is there",
                        h->r->path, patch->number);
        sum->is_uncounted = true;
        return WEFT_OK;
    }
    sum->spans_lost += salvage.spans_lost;
    sum->traces_lost += salvage.traces_lost;
    if (salvage.start_max > 0) weft_salvage_range(sum, salvage.start_min, salvage.start_max);
    return WEFT_OK;
}

static bool masks_a_patch(const struct repair *r, struct weft_block *block)
{
    struct weft_buf masked = { 0 };
    bool found = false;

    if (weft_block_masked(block, &masked, NULL) == WEFT_OK) {
        const struct weft_mask_entry *entries = (const void *)masked.data;
        uint64_t count = masked.len / sizeof *entries;
        for (uint64_t i = 0; i < count && !found; i++) found = is_patch(r, entries[i].block);
    }
    weft_buf_release(&masked);
    return found;
}

static int later_read(struct repair *r, struct weft_block *block,
                      const struct weft_store_file *file, void *arg)
{
    struct healing *h = arg;
    const struct weft_salvage_to to = { .take = heal_take, .arg = h };
    struct weft_salvage salvage;

    if (is_patch(r, weft_block_number(block)) || !masks_a_patch(r, block)) return WEFT_OK;
    h->holder = weft_block_number(block);
    return weft_block_salvage(block, NULL, &to, &salvage, r->err);
}

static int source_read(struct repair *r, struct weft_block *block,
                       const struct weft_store_file *file, void *arg)
{
    struct healing *h = arg;
    const struct weft_salvage_to to = { .take = heal_take, .arg = h, .only_masked = true };
    struct weft_salvage salvage;
    struct weft_block_mask *mask =
        weft_block_mask_create(NULL, weft_block_number(block), (const void *)h->entries.data,
                               h->entries.len / sizeof(struct weft_mask_entry));
    int rc = mask == NULL ? WEFT_OK : weft_block_salvage(block, mask, &to, &salvage, r->err);

    weft_block_mask_unref(mask);
    return rc;
}

static void healed(const struct healing *h, struct weft_salvage *sum)
{
    if (h->healed == 0) return;
    weft_repair_say(h->r, WEFT_FINDING_NOTE,
                    "%s: %" PRIu64 " of these spans still lie where they were taken over from",
                    h->r->path, h->healed);
    sum->spans_saved += h->healed;
    sum->spans_lost -= h->healed < sum->spans_lost ? h->healed : sum->spans_lost;
    if (sum->spans_lost == 0) sum->traces_lost = sum->start_min = sum->start_max = 0;
}

/* ---- masks that cannot be read ---- */

/* Only what a later block has counts: otherwise two blocks could mask a span in each other. */
static bool is_had(const struct healing *h, const struct weft_span *span, uint64_t block)
{
    const struct span_key key = key_of(span);
    const uint64_t *holder =
        weft_map_get(&h->spans, (struct weft_str){ (const char *)&key, sizeof key });

    return holder != NULL && block < *holder;
}

/* Where it is not readable it stays as it is. */
static bool has_all_of(const struct healing *h, struct weft_rows *rows, uint32_t trace,
                       struct weft_block_reader *reader)
{
    struct weft_arena arena;
    uint32_t n = (uint32_t)weft_paged_get(&rows->trace_spans, trace);
    struct weft_span *spans = weft_alloc_array(n, sizeof *spans);
    bool all = true;

    weft_arena_init(&arena, 0);
    if (weft_rows_spans(rows, weft_rows_trace_first(rows, trace), n, spans, reader, &arena, NULL) <
        0)
        all = false;
    for (uint32_t i = 0; i < n && all; i++) all = is_had(h, &spans[i], reader->block->info.number);
    weft_arena_release(&arena);
    weft_free(spans);
    return all;
}

static void places_mask(struct healing *h, struct weft_rows *rows, struct weft_block_mask *known,
                        struct weft_block_reader *reader)
{
    for (uint32_t t = 0; t < rows->trace_count; t++) {
        struct weft_mask_entry entry = { rows->block->info.number, rows->number, t,
                                         (uint32_t)weft_paged_get(&rows->trace_spans, t) };
        struct weft_trace_id id;
        weft_rows_trace_id(rows, t, &id);
        if (weft_map_get(&h->traces, id_of(&id)) == NULL ||
            weft_block_mask_has(known, rows->number, t) || !has_all_of(h, rows, t, reader))
            continue;
        weft_buf_append(&h->entries, &entry, sizeof entry);
        weft_buf_append(&h->r->masked, &entry, sizeof entry);
    }
}

static int masks_rebuild(struct repair *r, struct weft_block *block,
                         const struct weft_store_file *file, void *arg)
{
    struct weft_block_reader reader;
    struct weft_arena scratch;
    struct weft_rows rows;
    uint64_t number = block->info.number;

    if (weft_repair_is_replaced(r, number) || weft_block_load_tables(block, NULL) < 0)
        return WEFT_OK;
    struct weft_block_mask *known = weft_repair_mask(r, number);
    weft_arena_init(&scratch, 0);
    weft_block_reader_init(&reader, block);
    for (uint32_t g = 0; g < block->info.row_group_count; g++) {
        if (weft_rows_open(&rows, block, g, &scratch, NULL) == WEFT_OK &&
            weft_rows_load_traces(&rows, NULL) == WEFT_OK)
            places_mask(arg, &rows, known, &reader);
        weft_arena_reset(&scratch);
    }
    weft_block_reader_release(&reader);
    weft_arena_release(&scratch);
    weft_block_mask_unref(known);
    return WEFT_OK;
}

/* ---- all together ---- */

static int patches_read(struct healing *h, struct weft_salvage *sum)
{
    struct repair *r = h->r;
    int rc = WEFT_OK;

    for (uint32_t i = 0; rc == WEFT_OK && i < patch_count(r); i++) {
        const struct repair_patch *patch = patch_at(r, i);
        snprintf(r->path, sizeof r->path, "%s/%s", r->directory, patch->file->name);
        if (!r->dry_run) rc = weft_repair_keep_original(r);
        if (rc == WEFT_OK) rc = own_read(h, patch, sum);
    }
    if (rc == WEFT_OK && (sum->spans_lost > 0 || h->masks_are_lost))
        rc = weft_repair_each_block(r, later_read, h);
    h->holder = NEW_BLOCK;
    h->is_elsewhere = true;
    if (rc == WEFT_OK && sum->spans_lost > 0) rc = weft_repair_each_block(r, source_read, h);
    healed(h, sum);
    if (rc == WEFT_OK && h->masks_are_lost) rc = weft_repair_each_block(r, masks_rebuild, h);
    return rc;
}

/* ---- the new block ---- */

/* Without those in the patches themselves: they go. */
static int replace(struct healing *h)
{
    struct repair *r = h->r;
    struct weft_mask_entry *entries = (void *)h->entries.data;
    uint64_t count = h->entries.len / sizeof *entries, kept = 0;
    struct weft_block **blocks = weft_alloc_array(patch_count(r), sizeof *blocks);
    uint32_t block_count = 0;
    int rc = WEFT_OK;

    for (uint64_t i = 0; i < count; i++)
        if (!is_patch(r, entries[i].block)) entries[kept++] = entries[i];
    for (uint32_t i = 0; i < patch_count(r); i++)
        if (patch_at(r, i)->block != NULL) blocks[block_count++] = patch_at(r, i)->block;
    if (block_count > 0 || kept > 0)
        rc = weft_repair_replace_blocks(r, blocks, block_count, entries, kept);
    weft_free(blocks);
    return rc;
}

/* A block that cannot be opened may be a patch. What matters then is that later patches took over from it: their spans must
 * not come to light at the places that it masked. */
static void unreadable_add(struct repair *r)
{
    const struct repair_patch *lost = (const void *)r->unreadable.data;
    const struct weft_mask_entry *entries = (const void *)r->masked.data;
    uint64_t count = r->masked.len / sizeof *entries;

    for (size_t i = 0; i < r->unreadable.len / sizeof *lost; i++) {
        bool is_named = false;
        for (uint64_t k = 0; k < count && !is_named; k++)
            is_named = entries[k].block == lost[i].number;
        if (is_named && !weft_repair_is_replaced(r, lost[i].number) &&
            weft_map_get(&r->superseded, weft_str_from_c(lost[i].file->name)) == NULL)
            weft_buf_append(&r->patches, &lost[i], sizeof *lost);
    }
}

static void patch_look(struct healing *h, const struct repair_patch *patch)
{
    size_t before = h->entries.len;

    h->masks_are_lost |= patch->masks_are_lost;
    if (patch->block == NULL) return;
    if (weft_block_masked(patch->block, &h->entries, NULL) < 0) h->entries.len = before;
    weft_repair_replace(h->r, patch->number);
}

int weft_repair_patches(struct repair *r)
{
    struct healing h = { .r = r, .holder = NEW_BLOCK };
    struct weft_salvage sum = { 0 };

    unreadable_add(r);
    if (patch_count(r) == 0) return WEFT_OK;
    for (uint32_t i = 0; i < patch_count(r); i++) patch_look(&h, patch_at(r, i));
    int rc = patches_read(&h, &sum);
    if (rc == WEFT_OK) weft_repair_count(r, &sum);
    if (rc == WEFT_OK && !r->dry_run) rc = replace(&h);
    weft_map_release(&h.spans);
    weft_map_release(&h.traces);
    weft_buf_release(&h.entries);
    return rc;
}
