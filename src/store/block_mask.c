/* block_mask.c -- masks: sorted (row group, trace) pairs, with the first pair of every row group that has any. */
#include "store/block_mask.h"
#include "base/alloc.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct group {
    uint32_t row_group, first, count;
    uint64_t spans;
};
struct weft_block_mask {
    _Atomic uint32_t references;
    uint64_t spans;
    uint32_t *traces; /* of all row groups, one after the other */
    uint32_t trace_count;
    struct group *groups;
    uint32_t group_count;
};

static int entry_compare(const void *a, const void *b)
{
    const struct weft_mask_entry *x = a, *y = b;
    if (x->row_group != y->row_group) return x->row_group < y->row_group ? -1 : 1;
    return (x->trace > y->trace) - (x->trace < y->trace);
}

static uint64_t entries_from(struct weft_mask_entry *out, const struct weft_block_mask *older)
{
    uint64_t n = 0;

    for (uint32_t g = 0; older != NULL && g < older->group_count; g++)
        for (uint32_t i = 0; i < older->groups[g].count; i++)
            out[n++] =
                (struct weft_mask_entry){ .row_group = older->groups[g].row_group,
                                          .trace = older->traces[older->groups[g].first + i] };
    return n;
}

/* Of the older mask only the sum of each row group is known. */
static void mask_spans(struct weft_block_mask *mask, const struct weft_block_mask *older)
{
    for (uint32_t g = 0; g < mask->group_count; g++)
        mask->groups[g].spans += weft_block_mask_group_spans(older, mask->groups[g].row_group);
}

/* Sorted and without repetitions, into the mask's lists. */
static void mask_fill(struct weft_block_mask *mask, const struct weft_mask_entry *entries,
                      uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct weft_mask_entry *e = &entries[i];
        if (i > 0 && entry_compare(e, e - 1) == 0) continue;
        if (i == 0 || e->row_group != e[-1].row_group)
            mask->groups[mask->group_count++] =
                (struct group){ .row_group = e->row_group, .first = mask->trace_count };
        mask->groups[mask->group_count - 1].count++;
        mask->groups[mask->group_count - 1].spans += e->spans;
        mask->traces[mask->trace_count++] = e->trace;
    }
}

struct weft_block_mask *weft_block_mask_create(const struct weft_block_mask *older, uint64_t block,
                                               const struct weft_mask_entry *entries,
                                               uint64_t entry_count)
{
    uint64_t count = weft_block_mask_trace_count(older);
    struct weft_mask_entry *all = weft_alloc_array(count + entry_count + 1, sizeof *all);
    struct weft_block_mask *mask = weft_alloc_zero(sizeof *mask);

    atomic_init(&mask->references, 1);
    mask->spans = weft_block_mask_spans(older);
    entries_from(all, older);
    for (uint64_t i = 0; i < entry_count; i++) {
        if (entries[i].block != block ||
            weft_block_mask_has(older, entries[i].row_group, entries[i].trace))
            continue;
        all[count++] = entries[i];
        mask->spans += entries[i].spans;
    }
    if (count > 1) qsort(all, count, sizeof *all, entry_compare);
    mask->traces = weft_alloc_array(count + 1, sizeof *mask->traces);
    mask->groups = weft_alloc_array(count + 1, sizeof *mask->groups);
    mask_fill(mask, all, count);
    mask_spans(mask, older);
    weft_free(all);
    if (count > 0) return mask;
    weft_block_mask_unref(mask);
    return NULL;
}

void weft_block_mask_ref(struct weft_block_mask *mask)
{
    if (mask != NULL) atomic_fetch_add_explicit(&mask->references, 1, memory_order_relaxed);
}

void weft_block_mask_unref(struct weft_block_mask *mask)
{
    if (mask == NULL || atomic_fetch_sub_explicit(&mask->references, 1, memory_order_acq_rel) != 1)
        return;
    weft_free(mask->traces);
    weft_free(mask->groups);
    weft_free(mask);
}

static int group_compare(const void *key, const void *item)
{
    uint32_t wanted = *(const uint32_t *)key, have = ((const struct group *)item)->row_group;
    return (wanted > have) - (wanted < have);
}

const uint32_t *weft_block_mask_traces(const struct weft_block_mask *mask, uint32_t row_group,
                                       uint32_t *count)
{
    const struct group *group = mask == NULL ? NULL
                                             : bsearch(&row_group, mask->groups, mask->group_count,
                                                       sizeof *mask->groups, group_compare);

    *count = group == NULL ? 0 : group->count;
    return group == NULL ? NULL : mask->traces + group->first;
}

uint64_t weft_block_mask_group_spans(const struct weft_block_mask *mask, uint32_t row_group)
{
    const struct group *group = mask == NULL ? NULL
                                             : bsearch(&row_group, mask->groups, mask->group_count,
                                                       sizeof *mask->groups, group_compare);
    return group == NULL ? 0 : group->spans;
}

static int trace_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

bool weft_block_mask_has(const struct weft_block_mask *mask, uint32_t row_group, uint32_t trace)
{
    uint32_t count;
    const uint32_t *traces = weft_block_mask_traces(mask, row_group, &count);
    return count > 0 && bsearch(&trace, traces, count, sizeof *traces, trace_compare) != NULL;
}

uint64_t weft_block_mask_spans(const struct weft_block_mask *mask)
{
    return mask == NULL ? 0 : mask->spans;
}

uint64_t weft_block_mask_trace_count(const struct weft_block_mask *mask)
{
    return mask == NULL ? 0 : mask->trace_count;
}
