/* bundle_split.c -- see bundle_split.h.
 *
 * The blocks' ids are sorted, so all blocks are walked side by side in steps: a step takes what lies up to an id that no
 * block passes with more than its quota, puts the ids into a table and notes those that were there already. Row groups are
 * open one a block; nothing is sorted but what was found.
 */
#include "store/bundle_split.h"
#include "base/alloc.h"
#include "base/hash.h"

enum { STEP_TRACES = 65536, QUOTA_MIN = 32 };

/* Traces of one row group among the step's. */
struct piece {
    uint32_t first, stream, row_group, trace;
};
struct walking {
    struct split *split;
    struct weft_err *err;
    uint64_t *prefixes, *rests, *spans, *starts; /* by trace of the step */
    uint32_t count, capacity;
    struct piece *pieces;
    uint32_t piece_count, piece_capacity;
    uint32_t *slots; /* trace of the step + 1; 0: free */
    uint32_t mask;
    uint64_t seeds[2]; /* ids are foreign: nobody may choose a slot */
};

/* ---- streams ---- */

int weft_split_open(struct split_stream *s, uint32_t number, struct weft_err *err)
{
    int rc;

    weft_arena_reset(&s->arena);
    s->is_open = false;
    s->number = number;
    s->trace = 0;
    if ((rc = weft_rows_open(&s->rows, s->block, number, &s->arena, err)) < 0 ||
        (rc = weft_rows_load_traces(&s->rows, err)) < 0)
        return rc;
    s->is_open = true;
    return WEFT_OK;
}

static bool has_ended(const struct split_stream *s)
{
    return s->number >= s->block->info.row_group_count;
}

/* The last id this stream would take in a step. */
static int last_id(struct split_stream *s, struct weft_trace_id *out, struct weft_err *err)
{
    int rc;

    if (!s->is_open && (rc = weft_split_open(s, s->number, err)) < 0) return rc;
    if (s->rows.trace_count - s->trace <= s->quota)
        *out = s->rows.entry->last;
    else
        weft_rows_trace_id(&s->rows, s->trace + s->quota - 1, out);
    return WEFT_OK;
}

/* ---- the traces of a step ---- */

static void reserve(struct walking *w, uint32_t more)
{
    if (w->capacity - w->count < more) {
        w->capacity = (w->count + more) * 5 / 4 + STEP_TRACES;
        uint64_t **const columns[] = { &w->prefixes, &w->rests, &w->spans, &w->starts };
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            *columns[i] = weft_realloc_array(*columns[i], w->capacity, 8);
    }
    if (w->piece_count < w->piece_capacity) return;
    w->piece_capacity = w->piece_capacity * 2 + 64;
    w->pieces = weft_realloc_array(w->pieces, w->piece_capacity, sizeof *w->pieces);
}

static void piece_take(struct walking *w, uint32_t number, uint32_t end)
{
    struct split_stream *s = &w->split->streams[number];
    uint32_t n = end - s->trace;

    reserve(w, n);
    w->pieces[w->piece_count++] = (struct piece){ w->count, number, s->number, s->trace };
    weft_paged_read(&s->rows.prefix, s->trace, n, w->prefixes + w->count);
    memcpy(w->rests + w->count, s->rows.rest + (size_t)s->trace * 8, (size_t)n * 8);
    weft_paged_read(&s->rows.trace_spans, s->trace, n, w->spans + w->count);
    if (s->near_count > 0) weft_paged_read(&s->rows.trace_start, s->trace, n, w->starts + w->count);
    w->count += n;
}

/* All traces up to `end`, also of the row groups behind: a trace may be cut into several. */
static int stream_take(struct walking *w, uint32_t number, const struct weft_trace_id *end)
{
    struct split_stream *s = &w->split->streams[number];
    int rc;

    while (!has_ended(s) && memcmp(&s->block->rows[s->number].first, end, 16) <= 0) {
        struct weft_trace_id id;
        if (!s->is_open && (rc = weft_split_open(s, s->number, w->err)) < 0) return rc;
        uint32_t to = s->rows.trace_count;
        if (memcmp(&s->rows.entry->last, end, 16) > 0) {
            to = weft_rows_trace_lower(&s->rows, end);
            weft_rows_trace_id(&s->rows, to, &id);
            to += memcmp(&id, end, 16) == 0;
        }
        if (to > s->trace) piece_take(w, number, to);
        s->trace = to;
        if (to < s->rows.trace_count) break;
        s->number++;
        s->trace = 0;
        s->is_open = false;
    }
    return WEFT_OK;
}

/* ---- what is there twice ---- */

__extension__ typedef unsigned __int128 u128;

static uint32_t slot_of(const struct walking *w, uint64_t prefix, uint64_t rest)
{
    u128 product = (u128)(prefix ^ w->seeds[0]) * (rest ^ w->seeds[1]);
    return (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & w->mask;
}

static struct split_part part_of(const struct walking *w, uint32_t i)
{
    uint32_t low = 0, high = w->piece_count;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (w->pieces[middle].first <= i)
            low = middle;
        else
            high = middle;
    }
    const struct piece *p = &w->pieces[low];
    return (
        struct split_part){ w->prefixes[i],          w->rests[i],          p->stream, p->row_group,
                            p->trace + i - p->first, (uint32_t)w->spans[i] };
}

static void part_note(struct walking *w, uint32_t i)
{
    struct split_part part = part_of(w, i);
    weft_buf_append(&w->split->parts, &part, sizeof part);
}

static void twice_find(struct walking *w)
{
    uint32_t slots = 1024;

    while (slots < w->count * 2) slots *= 2;
    if (slots - 1 != w->mask) {
        w->mask = slots - 1;
        w->slots = weft_realloc_array(w->slots, slots, sizeof *w->slots);
    }
    memset(w->slots, 0, (size_t)slots * sizeof *w->slots);
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t at = slot_of(w, w->prefixes[i], w->rests[i]), found;
        while ((found = w->slots[at]) != 0 &&
               (w->prefixes[found - 1] != w->prefixes[i] || w->rests[found - 1] != w->rests[i]))
            at = (at + 1) & w->mask;
        if (found == 0) {
            w->slots[at] = i + 1;
            continue;
        }
        part_note(w, found - 1);
        part_note(w, i);
    }
}

static int late_find(struct walking *w)
{
    int rc = WEFT_OK;

    for (uint32_t p = 0; p < w->piece_count; p++) {
        uint32_t end = p + 1 < w->piece_count ? w->pieces[p + 1].first : w->count;
        if (w->split->streams[w->pieces[p].stream].near_count == 0) continue;
        for (uint32_t i = w->pieces[p].first; i < end && rc == WEFT_OK; i++) {
            struct split_part part = { w->prefixes[i],
                                       w->rests[i],
                                       w->pieces[p].stream,
                                       w->pieces[p].row_group,
                                       w->pieces[p].trace + i - w->pieces[p].first,
                                       (uint32_t)w->spans[i] };
            rc = weft_split_late(w->split, &part, w->starts[i], w->err);
        }
    }
    return rc;
}

static int compare_part(const void *a, const void *b)
{
    const struct split_part *x = a, *y = b;
    if (x->prefix != y->prefix) return x->prefix < y->prefix ? -1 : 1;
    if (x->rest != y->rest) return x->rest < y->rest ? -1 : 1;
    if (x->stream != y->stream) return x->stream < y->stream ? -1 : 1;
    if (x->row_group != y->row_group) return x->row_group < y->row_group ? -1 : 1;
    return (x->trace > y->trace) - (x->trace < y->trace);
}

static bool same_id(const struct split_part *a, const struct split_part *b)
{
    return a->prefix == b->prefix && a->rest == b->rest;
}

/* One id's parts, when they are of several blocks. */
static void trace_emit(struct split *split, const struct split_part *parts, size_t count)
{
    if (count == 0 || parts[0].stream == parts[count - 1].stream) return;
    for (size_t i = 0; i < count; i++) {
        struct weft_mask_entry entry = {
            .block = split->streams[parts[i].stream].block->info.number,
            .row_group = parts[i].row_group,
            .trace = parts[i].trace,
            .spans = parts[i].spans,
        };
        weft_buf_append(split->entries, &entry, sizeof entry);
    }
    split->traces++;
}

/* Parts in order, each once, masked ones left out. */
static void parts_emit(struct split *split)
{
    struct split_part *parts = (void *)split->parts.data;
    size_t n = split->parts.len / sizeof *parts, kept = 0, from = 0;

    if (n == 0) return;
    qsort(parts, n, sizeof *parts, compare_part);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && compare_part(&parts[kept - 1], &parts[i]) == 0) continue;
        if (weft_block_mask_has(split->streams[parts[i].stream].mask, parts[i].row_group,
                                parts[i].trace))
            continue;
        parts[kept++] = parts[i];
    }
    for (size_t end; from < kept; from = end) {
        for (end = from + 1; end < kept && same_id(&parts[from], &parts[end]); end++) {}
        trace_emit(split, parts + from, end - from);
    }
    weft_buf_reset(&split->parts);
}

/* ---- steps ---- */

static int step(struct walking *w, bool *has_more)
{
    struct split *split = w->split;
    struct weft_trace_id end, id;
    int rc;

    *has_more = false;
    w->count = w->piece_count = 0;
    for (uint32_t s = 0; s < split->member_count; s++) {
        if (has_ended(&split->streams[s])) continue;
        if ((rc = last_id(&split->streams[s], &id, w->err)) < 0) return rc;
        if (!*has_more || memcmp(&id, &end, 16) < 0) end = id;
        *has_more = true;
    }
    if (!*has_more) return WEFT_OK;
    for (uint32_t s = 0; s < split->member_count; s++)
        if ((rc = stream_take(w, s, &end)) < 0) return rc;
    twice_find(w);
    if ((rc = late_find(w)) < 0) return rc;
    parts_emit(split);
    return WEFT_OK;
}

static void streams_init(struct split *split, const struct weft_bundle_input *input)
{
    uint64_t traces = 1;

    split->member_count = input->member_count;
    split->stream_count = input->member_count + input->other_count;
    split->streams = weft_alloc_array(split->stream_count + 1, sizeof *split->streams);
    for (uint32_t i = 0; i < split->stream_count; i++) {
        const struct weft_bundle_part *part =
            i < split->member_count ? &input->members[i] : &input->others[i - split->member_count];
        struct split_stream *s = &split->streams[i];
        s->block = part->block;
        s->mask = part->mask;
        weft_arena_init(&s->arena, 0);
        if (i < split->member_count) traces += s->block->info.trace_count;
    }
    for (uint32_t i = 0; i < split->member_count; i++) {
        struct split_stream *s = &split->streams[i];
        s->quota =
            (uint32_t)((double)STEP_TRACES * (double)s->block->info.trace_count / (double)traces);
        if (s->quota < QUOTA_MIN) s->quota = QUOTA_MIN;
    }
    weft_split_meet(split);
}

static void streams_release(struct split *split)
{
    for (uint32_t i = 0; i < split->stream_count; i++) {
        weft_arena_release(&split->streams[i].arena);
        weft_free(split->streams[i].near);
    }
    weft_free(split->streams);
    weft_buf_release(&split->parts);
}

int weft_split_find(const struct weft_bundle_input *input, const _Atomic bool *cancelled,
                    struct weft_buf *entries, uint64_t *traces, struct weft_err *err)
{
    struct split split = { .entries = entries };
    uint64_t seed = weft_hash_process_seed();
    struct walking w = { .split = &split,
                         .err = err,
                         .seeds = { weft_hash_u64(seed), weft_hash_u64(seed + 1) } };
    bool has_more = true;
    int rc = WEFT_OK;

    streams_init(&split, input);
    while (has_more && rc == WEFT_OK) {
        if (cancelled != NULL && atomic_load_explicit(cancelled, memory_order_relaxed))
            rc = weft_fail(err, WEFT_CANCELLED, "bundle: cancelled");
        else
            rc = step(&w, &has_more);
    }
    *traces = split.traces;
    streams_release(&split);
    void *const memory[] = { w.prefixes, w.rests, w.spans, w.starts, w.pieces, w.slots };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) weft_free(memory[i]);
    return rc;
}
