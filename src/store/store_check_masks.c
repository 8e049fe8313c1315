/* store_check_masks.c -- see store_check_masks.h. */
#include "store/store_check_masks.h"
#include "base/alloc.h"
#include "store/block_internal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct known {
    struct weft_block *block;
    struct weft_block_mask *mask;
};
struct claim {
    struct weft_mask_entry entry;
    uint32_t by; /* which block says so */
};
struct tally {
    uint64_t missing, different, unheld, unheld_spans;
    struct weft_mask_entry first_missing, first_different;
    struct weft_trace_id first_unheld;
};
struct comparing {
    struct known *known; /* by number */
    uint32_t count;
    bool all_readable;
    void (*report)(void *arg, const char *sentence);
    void *arg;
};

static int known_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct known *)a)->block->info.number,
             y = ((const struct known *)b)->block->info.number;
    return (x > y) - (x < y);
}

static int claim_compare(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    if (x->entry.block != y->entry.block) return x->entry.block < y->entry.block ? -1 : 1;
    if (x->by != y->by) return x->by < y->by ? -1 : 1;
    if (x->entry.row_group != y->entry.row_group)
        return x->entry.row_group < y->entry.row_group ? -1 : 1;
    return (x->entry.trace > y->entry.trace) - (x->entry.trace < y->entry.trace);
}

static struct known *known_find(const struct comparing *c, uint64_t number)
{
    uint32_t low = 0, high = c->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (c->known[middle].block->info.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->count && c->known[low].block->info.number == number ? &c->known[low] : NULL;
}

/* What cannot be read may have it. */
static bool has_trace(const struct known *k, const struct weft_trace_id *id)
{
    uint64_t spans = 0;
    return weft_block_trace_spans(k->block, k->mask, id, &spans, NULL) < 0 || spans > 0;
}

/* The block that masks it has it, unless a later one has taken it over from there. */
static bool is_held(const struct comparing *c, const struct known *masked, uint32_t by,
                    const struct weft_trace_id *id)
{
    if (has_trace(&c->known[by], id)) return true;
    for (uint32_t i = 0; i < c->count; i++)
        if (&c->known[i] != masked && has_trace(&c->known[i], id)) return true;
    return false;
}

/* The claims of one block about one row group of another. */
static void group_compare(const struct comparing *c, const struct known *masked,
                          const struct claim *claims, uint64_t count, struct tally *tally)
{
    struct weft_arena scratch;
    struct weft_rows rows;
    uint32_t number = claims->entry.row_group;
    bool exists = number < masked->block->info.row_group_count;

    weft_arena_init(&scratch, 0);
    bool is_open = exists &&
                   weft_rows_open(&rows, masked->block, number, &scratch, NULL) == WEFT_OK &&
                   weft_rows_load_traces(&rows, NULL) == WEFT_OK;
    for (uint64_t i = 0; i < count && (is_open || !exists); i++) {
        const struct weft_mask_entry *e = &claims[i].entry;
        struct weft_trace_id id;
        if (!exists || e->trace >= rows.trace_count) {
            if (tally->missing++ == 0) tally->first_missing = *e;
            continue;
        }
        if (weft_paged_get(&rows.trace_spans, e->trace) != e->spans && tally->different++ == 0)
            tally->first_different = *e;
        weft_rows_trace_id(&rows, e->trace, &id);
        if (!c->all_readable || is_held(c, masked, claims[i].by, &id)) continue;
        if (tally->unheld++ == 0) tally->first_unheld = id;
        tally->unheld_spans += weft_paged_get(&rows.trace_spans, e->trace);
    }
    weft_arena_release(&scratch);
}

__attribute__((format(printf, 2, 3))) static void say(const struct comparing *c, const char *format,
                                                      ...)
{
    char sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    c->report(c->arg, sentence);
}

static void tell(const struct comparing *c, const struct known *masked, uint32_t by,
                 const struct tally *t)
{
    const char *path = c->known[by].block->path;
    uint64_t number = masked->block->info.number;
    char id[33];

    if (t->missing > 0)
        say(c,
            "%s: masks %" PRIu64 " places that block %016" PRIx64
            " does not have, the first: trace %u of row group %u; what was meant may be found "
            "twice",
            path, t->missing, number, t->first_missing.trace, t->first_missing.row_group);
    if (t->different > 0)
        say(c,
            "%s: masks %" PRIu64 " traces of block %016" PRIx64
            " that have other numbers of spans there, the first: trace %u of row group %u, with %u "
            "expected; some spans may be found twice, others not at all",
            path, t->different, number, t->first_different.trace, t->first_different.row_group,
            t->first_different.spans);
    if (t->unheld == 0) return;
    weft_trace_id_format(&t->first_unheld, id);
    say(c,
        "%s: masks %" PRIu64 " traces of block %016" PRIx64
        " that no other block has, the first: %s; their %" PRIu64
        " spans lie there and are not found",
        path, t->unheld, number, id, t->unheld_spans);
}

/* All claims of one block about another. */
static void pair_compare(const struct comparing *c, const struct claim *claims, uint64_t count)
{
    const struct known *masked = known_find(c, claims->entry.block);
    struct tally tally = { 0 };

    if (masked == NULL) return;
    for (uint64_t at = 0, end; at < count; at = end) {
        for (end = at + 1;
             end < count && claims[end].entry.row_group == claims[at].entry.row_group;)
            end++;
        group_compare(c, masked, claims + at, end - at, &tally);
    }
    tell(c, masked, claims->by, &tally);
}

static void claims_gather(const struct comparing *c, struct weft_buf *claims)
{
    struct weft_buf entries = { 0 };

    for (uint32_t i = 0; i < c->count; i++) {
        weft_buf_reset(&entries);
        if (c->known[i].block->info.masked_count == 0 ||
            weft_block_masked(c->known[i].block, &entries, NULL) < 0)
            continue;
        const struct weft_mask_entry *e = (const void *)entries.data;
        for (uint64_t k = 0; k < entries.len / sizeof *e; k++)
            weft_buf_append(claims, &(struct claim){ e[k], i }, sizeof(struct claim));
    }
    weft_buf_release(&entries);
}

/* What all together mask in each. */
static void masks_make(const struct comparing *c, const struct claim *claims, uint64_t count)
{
    struct weft_buf entries = { 0 };

    for (uint64_t at = 0, end; at < count; at = end) {
        weft_buf_reset(&entries);
        for (end = at; end < count && claims[end].entry.block == claims[at].entry.block; end++)
            weft_buf_append(&entries, &claims[end].entry, sizeof claims[end].entry);
        struct known *masked = known_find(c, claims[at].entry.block);
        if (masked != NULL)
            masked->mask = weft_block_mask_create(NULL, claims[at].entry.block,
                                                  (const void *)entries.data, end - at);
    }
    weft_buf_release(&entries);
}

void weft_store_check_masks(struct weft_block *const *blocks, uint32_t count, bool all_readable,
                            void (*report)(void *arg, const char *sentence), void *arg)
{
    struct comparing c = {
        .count = count, .all_readable = all_readable, .report = report, .arg = arg
    };
    struct weft_buf buf = { 0 };

    c.known = weft_alloc_array(count + 1, sizeof *c.known);
    for (uint32_t i = 0; i < count; i++) c.known[i] = (struct known){ .block = blocks[i] };
    if (count > 1) qsort(c.known, count, sizeof *c.known, known_compare);
    claims_gather(&c, &buf);
    struct claim *claims = (void *)buf.data;
    uint64_t claim_count = buf.len / sizeof *claims;
    if (claim_count > 1) qsort(claims, claim_count, sizeof *claims, claim_compare);
    masks_make(&c, claims, claim_count);
    for (uint64_t at = 0, end; at < claim_count; at = end) {
        for (end = at + 1; end < claim_count && claims[end].by == claims[at].by &&
                           claims[end].entry.block == claims[at].entry.block;)
            end++;
        pair_compare(&c, claims + at, end - at);
    }
    for (uint32_t i = 0; i < count; i++) weft_block_mask_unref(c.known[i].mask);
    weft_free(c.known);
    weft_buf_release(&buf);
}
