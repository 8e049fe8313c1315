/* compaction_items.c -- the files of a set that may be compacted, for the policy to choose from; and holding those chosen. */
#include "base/clock.h"
#include "store/compaction_run.h"

static int item_compare(const void *a, const void *b)
{
    const struct weft_compaction_item *x = a, *y = b;
    if (x->file.source != y->file.source) return x->file.source < y->file.source ? -1 : 1;
    if (x->file.source != WEFT_COMPACT_SEGMENT && x->file.time_max != y->file.time_max)
        return x->file.time_max < y->file.time_max ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void item_from_segment(struct weft_compaction_item *item,
                              const struct weft_store_segment *segment, uint64_t now_ns)
{
    struct weft_segment_bytes bytes;

    weft_segment_bytes(segment->segment, &bytes);
    *item = (struct weft_compaction_item){
        .number = segment->number,
        .segment = segment,
        .file = { .source = WEFT_COMPACT_SEGMENT,
                  .bytes = bytes.used,
                  .waits_ns = now_ns > segment->sealed_ns ? now_ns - segment->sealed_ns : 0 },
    };
}

/* A block adds itself to its file's item. Those of one file follow each other: sorted by file. */
static void item_add_block(struct weft_compaction_item *item, const struct weft_store_block *block)
{
    uint64_t time_ns = weft_store_block_time(block);

    if (item->container == NULL) {
        *item = (struct weft_compaction_item){
            .number = block->file->number,
            .container = block->file,
            .file = { .source = block->file->is_bundle ? WEFT_COMPACT_BUNDLE : WEFT_COMPACT_BLOCK,
                      .bytes = block->file->bytes,
                      .time_min = time_ns },
        };
    }
    item->file.spans += weft_store_block_spans(block);
    item->file.members++;
    if (time_ns < item->file.time_min) item->file.time_min = time_ns;
    if (time_ns > item->file.time_max) item->file.time_max = time_ns;
}

static int by_file(const void *a, const void *b)
{
    const struct weft_store_block *x = *(struct weft_store_block *const *)a,
                                  *y = *(struct weft_store_block *const *)b;
    if (x->file->number != y->file->number) return x->file->number < y->file->number ? -1 : 1;
    return (x->summary.member > y->summary.member) - (x->summary.member < y->summary.member);
}

static bool item_is_damaged(const struct weft_compaction_item *item)
{
    if (atomic_load(&item->container->compaction_failures) >= WEFT_STORE_FAILURES_MAX) return true;
    for (uint32_t i = 0; i < item->file.members; i++)
        if (weft_store_block_is_damaged(item->blocks[i])) return true;
    return false;
}

static void items_from_blocks(struct weft_compaction *c, const struct weft_store_set *set)
{
    c->blocks = weft_alloc_array(set->block_count + 1, sizeof *c->blocks);
    if (set->block_count > 0) memcpy(c->blocks, set->blocks, set->block_count * sizeof *c->blocks);
    if (set->block_count > 1) qsort(c->blocks, set->block_count, sizeof *c->blocks, by_file);
    for (uint32_t i = 0; i < set->block_count;) {
        struct weft_compaction_item *item = &c->items[c->item_count];
        const struct weft_store_container *file = c->blocks[i]->file;
        uint32_t first = i;
        *item = (struct weft_compaction_item){ 0 };
        for (; i < set->block_count && c->blocks[i]->file == file; i++)
            item_add_block(item, c->blocks[i]);
        item->blocks = &c->blocks[first];
        /* One that is not whole, or not readable, stays as it is. */
        c->item_count += item->file.members == file->member_count && !item_is_damaged(item);
    }
}

void weft_compaction_init(struct weft_compaction *c, struct weft_store_set *set,
                          uint64_t number_max)
{
    uint64_t now_ns = weft_clock_monotonic_ns();

    *c = (struct weft_compaction){ .set = set };
    c->items = weft_alloc_array(set->segment_count + set->block_count + 1, sizeof *c->items);
    for (uint32_t i = 0; i < set->segment_count; i++)
        /* A damaged segment stays as it is, for repair: a merge would keep what can be read and
         * remove the rest. */
        if (!set->segments[i].is_live && set->segments[i].number <= number_max &&
            !weft_store_segment_is_set_aside(&set->segments[i]))
            item_from_segment(&c->items[c->item_count++], &set->segments[i], now_ns);
    items_from_blocks(c, set);
    if (c->item_count > 1) qsort(c->items, c->item_count, sizeof *c->items, item_compare);
}

void weft_compaction_release(struct weft_compaction *c)
{
    weft_free(c->items);
    weft_free(c->blocks);
    weft_store_set_release(c->set);
}

/* ---- holding them ---- */

static void give_up_first(const struct weft_compaction *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (c->items[i].container != NULL) weft_store_container_give_up(c->items[i].container);
}

void weft_compaction_give_up(const struct weft_compaction *c)
{
    give_up_first(c, c->item_count);
}

static bool has_block(const struct weft_store_set *set, const struct weft_store_block *block)
{
    for (uint32_t i = 0; i < set->block_count; i++)
        if (set->blocks[i] == block) return true;
    return false;
}

/* Bundling may have masked a block of the set that we took: under its old mask, traces would come back that are in a patch now. */
static bool is_current(struct weft_store *store, const struct weft_compaction *c)
{
    struct weft_store_set *set = weft_store_set_take(store);
    bool is_same = true;

    for (uint32_t i = 0; i < c->item_count && is_same; i++)
        for (uint32_t k = 0; c->items[i].container != NULL && k < c->items[i].file.members; k++)
            is_same = is_same && has_block(set, c->items[i].blocks[k]);
    weft_store_set_release(set);
    return is_same;
}

bool weft_compaction_claim(struct weft_store *store, const struct weft_compaction *c)
{
    for (uint32_t i = 0; i < c->item_count; i++) {
        if (c->items[i].container == NULL ||
            weft_store_container_claim(c->items[i].container, WEFT_CLAIM_INPUT))
            continue;
        give_up_first(c, i);
        return false;
    }
    if (is_current(store, c)) return true;
    weft_compaction_give_up(c);
    return false;
}
