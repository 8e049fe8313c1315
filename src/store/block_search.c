/* block_search.c -- a search over a block: row groups ruled out by times, groups filtered column by
 * column, hits made last. */
#include "base/alloc.h"
#include "base/clock.h"
#include "store/block_filter.h"

/* Finding a row costs about as much as dealing out that many. */
enum { FEW_ONE_IN = 512 };

struct searching {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    const struct weft_search *search;
    struct weft_filter *filters;
    struct weft_block_reader reader;
    struct weft_top *top;
    struct weft_search_result *stats;
    struct weft_arena scratch; /* of a row group */
    uint64_t tag_base;
    struct weft_err *err;
    /* Made at the first hit, kept for the next row group (0.9 MB). */
    uint16_t *row_of;   /* rows of every group, one group after the other */
    uint16_t *trace_of; /* by row */
    uint64_t *starts;   /* by trace */
};

static int check_time(const struct weft_search *search, struct weft_err *err)
{
    if (search->cancelled != NULL && atomic_load_explicit(search->cancelled, memory_order_relaxed))
        return weft_fail(err, WEFT_CANCELLED, "the search was cancelled");
    if (search->deadline_monotonic_ns != 0 &&
        weft_clock_monotonic_ns() >= search->deadline_monotonic_ns)
        return weft_fail(err, WEFT_TIMEOUT, "the search took longer than it may");
    return WEFT_OK;
}

static bool times_miss(const struct weft_search *search, uint64_t start_min, uint64_t start_max)
{
    return start_max < search->from_ns || (search->to_ns != 0 && start_min >= search->to_ns);
}

/* Once more hits are known than asked for, rows that all sort behind the worst of them change
 * nothing. */
static bool cannot_matter(const struct weft_top *top, const struct weft_rows_entry *e)
{
    if (!top->overflowed || top->count < top->limit || top->count == 0) return false;
    if (top->order == WEFT_ORDER_NEWEST)
        return e->start_max < top->heap[0].position.start_time_unix_nano;
    return e->duration_max < top->heap[0].position.duration_ns;
}

/* ---- rows that are left ---- */

/* The row group in row order, with what the last predicates and the sort key need. */
struct walking {
    struct searching *s;
    struct weft_rows *rows;
    uint64_t **selected; /* by group; NULL: none left */
    uint64_t *status;    /* of the row group, when asked for; else NULL */
    uint64_t *masked;    /* a bit per trace; NULL: none is masked here */
    bool is_inside;      /* all start times are in range */
    bool is_counting;    /* each row that holds, here */
};

static bool row_filters_hold(const struct walking *w, uint32_t row, const struct weft_trace_id *id)
{
    for (uint32_t i = 0; i < w->s->search->predicate_count; i++) {
        const struct weft_filter *f = &w->s->filters[i];
        if (!weft_filter_is_row(f)) continue;
        struct weft_span span = { .trace_id = *id };
        if (f->predicate->field == WEFT_FIELD_STATUS) {
            span.status_code = (uint8_t)w->status[row];
        } else if (f->predicate->field == WEFT_FIELD_IS_ROOT) {
            uint64_t parent = weft_paged_get(&w->rows->depth, row);
            if (parent == 0) weft_rows_orphan_parent(w->rows, row, &parent);
            memcpy(&span.parent_span_id, &parent, 8); /* any number but 0 says that there is one */
        }
        if (!weft_predicate_holds_span(f->predicate, &span)) return false;
    }
    return true;
}

/* More is known than asked for, and this sorts behind all of it by its first key alone. */
static bool is_behind(const struct weft_top *top, uint64_t start, uint64_t duration)
{
    if (!top->overflowed || top->count < top->limit || top->count == 0) return false;
    const struct weft_search_position *worst = &top->heap[0].position;
    return top->order == WEFT_ORDER_NEWEST ? start < worst->start_time_unix_nano
                                           : duration < worst->duration_ns;
}

/* Where a hit is. */
struct place {
    uint32_t row, trace;
    uint64_t trace_start;
};

/* `row_of`: rows of the group, when all were dealt out. */
static int place_find(struct walking *w, uint32_t g, uint32_t index, const uint16_t *row_of,
                      struct place *out)
{
    const struct searching *s = w->s;
    int rc;

    if (row_of != NULL) {
        out->row = row_of[index];
        out->trace = s->trace_of[out->row];
        out->trace_start = s->starts[out->trace];
        return WEFT_OK;
    }
    if ((rc = weft_rows_find_row(w->rows, g, index, &out->row, s->err)) < 0) return rc;
    out->trace = weft_rows_trace_of(w->rows, out->row);
    out->trace_start = weft_paged_get(&w->rows->trace_start, out->trace);
    return WEFT_OK;
}

/* The trace id is unpacked only for rows that come so far: most of many hits sort behind what is
 * known already. */
static int row_offer(struct walking *w, const struct place *place, uint32_t g, uint32_t index,
                     uint64_t start, uint64_t duration)
{
    struct searching *s = w->s;
    const struct weft_rows_group *group = &w->rows->groups[g];
    struct weft_search_position position = { .start_time_unix_nano = start,
                                             .duration_ns = duration };
    uint32_t row = place->row;

    weft_rows_trace_id(w->rows, place->trace, &position.trace_id);
    if (!w->is_counting && !row_filters_hold(w, row, &position.trace_id)) return WEFT_OK;
    uint64_t head = weft_paged_get(&group->heads, index);
    if (head >= s->block->head_count)
        return weft_rows_corrupt(w->rows, s->err, "head %llu", (unsigned long long)head);
    position.kind = weft_block_head(s->block, (uint32_t)head).kind;
    memcpy(&position.span_id, w->rows->span_ids + (size_t)row * 8, 8);
    weft_top_offer(s->top, &position, s->tag_base | (uint64_t)w->rows->number << 20 | row);
    return WEFT_OK;
}

static bool is_masked(const struct walking *w, uint32_t trace)
{
    return w->masked[trace / 64] >> (trace % 64) & 1;
}

/* Count the row when its filters hold too. */
static bool row_counts(struct walking *w, const struct place *place)
{
    struct weft_trace_id id;

    weft_rows_trace_id(w->rows, place->trace, &id);
    if (!row_filters_hold(w, place->row, &id)) return false;
    w->s->stats->total++;
    return true;
}

static int group_walk(struct walking *w, uint32_t g, const uint16_t *row_of)
{
    struct searching *s = w->s;
    const struct weft_search *search = s->search;
    const struct weft_rows_group *group = &w->rows->groups[g];
    struct weft_paged_view starts = { .column = &group->starts },
                           durations = { .column = &group->durations };
    int rc;

    for (uint32_t word = 0; word * 64 < group->rows; word++) {
        for (uint64_t bits = w->selected[g][word]; bits != 0; bits &= bits - 1) {
            uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
            struct place place;
            if ((rc = place_find(w, g, index, row_of, &place)) < 0) return rc;
            uint64_t start = place.trace_start + weft_paged_view_get(&starts, index),
                     duration = weft_paged_view_get(&durations, index);
            if (w->masked != NULL && is_masked(w, place.trace)) continue;
            if (!w->is_inside &&
                (start < search->from_ns || (search->to_ns != 0 && start >= search->to_ns)))
                continue;
            if (w->is_counting && !row_counts(w, &place)) continue;
            if (is_behind(s->top, start, duration)) continue;
            if ((rc = row_offer(w, &place, g, index, start, duration)) < 0) return rc;
        }
    }
    return WEFT_OK;
}

/* Row numbers of every group's rows, one group after the other: rows are dealt out in order. The
 * array has room for twice the
 * rows, so that wrong group numbers are found at the end instead of at every row. */
static int rows_deal(struct searching *s, struct weft_rows *rows, uint32_t *first)
{
    uint32_t *next = weft_arena_alloc(rows->arena, rows->group_count * sizeof *next), sum = 0;

    if (!weft_paged_read_u16(&rows->group, 0, rows->span_count, s->trace_of))
        goto wrong; /* borrowed for the group numbers */
    for (uint32_t g = 0; g < rows->group_count; g++) {
        first[g] = next[g] = sum;
        sum += rows->groups[g].rows;
    }
    for (uint32_t row = 0; row < rows->span_count; row++) {
        uint16_t g = s->trace_of[row];
        if (g >= rows->group_count) goto wrong;
        s->row_of[next[g]++] = (uint16_t)row;
    }
    for (uint32_t g = 0; g < rows->group_count; g++)
        if (next[g] != first[g] + rows->groups[g].rows) goto wrong;
    return WEFT_OK;
wrong:
    return weft_rows_corrupt(rows, s->err, "group numbers of its rows do not fit its groups");
}

static void traces_spread(struct searching *s, const struct weft_rows *rows)
{
    uint64_t counts[WEFT_PAGED_ROWS];

    for (uint32_t t = 0, row = 0; t < rows->trace_count; t += WEFT_PAGED_ROWS) {
        uint32_t n =
            rows->trace_count - t < WEFT_PAGED_ROWS ? rows->trace_count - t : WEFT_PAGED_ROWS;
        weft_paged_read(&rows->trace_spans, t, n, counts);
        for (uint32_t i = 0; i < n; i++)
            for (uint64_t k = 0; k < counts[i]; k++) s->trace_of[row++] = (uint16_t)(t + i);
    }
    weft_paged_read(&rows->trace_start, 0, rows->trace_count, s->starts);
}

static uint64_t *masked_traces(const struct weft_block_mask *mask, const struct weft_rows *rows)
{
    uint32_t count;
    const uint32_t *traces = weft_block_mask_traces(mask, rows->number, &count);

    if (count == 0) return NULL;
    uint64_t *bits = weft_arena_alloc_array(rows->arena, rows->trace_count / 64 + 1, sizeof *bits);
    for (uint32_t i = 0; i < count && traces[i] < rows->trace_count; i++)
        bits[traces[i] / 64] |= UINT64_C(1) << (traces[i] % 64);
    return bits;
}

/* Few enough to be found one by one. */
static bool is_few_rows(const struct walking *w)
{
    uint32_t left = w->rows->span_count / FEW_ONE_IN;

    for (uint32_t g = 0; g < w->rows->group_count; g++) {
        for (uint32_t i = 0; w->selected[g] != NULL && i * 64 < w->rows->groups[g].rows; i++) {
            uint32_t here = (uint32_t)__builtin_popcountll(w->selected[g][i]);
            if (here > left) return false;
            left -= here;
        }
    }
    return true;
}

static int rows_walk(struct walking *w)
{
    struct searching *s = w->s;
    struct weft_rows *rows = w->rows;
    uint32_t *first = weft_arena_alloc(rows->arena, rows->group_count * sizeof *first);
    bool is_few = is_few_rows(w);
    int rc;

    if (!is_few && s->row_of == NULL) {
        s->row_of = weft_alloc((size_t)WEFT_ROWS_MAX * 6);
        s->trace_of = s->row_of + (size_t)WEFT_ROWS_MAX * 2;
        s->starts = weft_alloc((size_t)WEFT_ROWS_MAX * 8);
    }
    if ((rc = weft_rows_load_traces(rows, s->err)) < 0 ||
        (rc = weft_rows_load_tree(rows, s->err)) < 0 ||
        (!is_few && (rc = rows_deal(s, rows, first)) < 0))
        return rc;
    if (!is_few) traces_spread(s, rows);
    w->masked = masked_traces(s->mask, rows);
    for (uint32_t g = 0; g < rows->group_count; g++)
        if (w->selected[g] != NULL &&
            (rc = group_walk(w, g, is_few ? NULL : s->row_of + first[g])) < 0)
            return rc;
    return WEFT_OK;
}

/* ---- groups ---- */

static bool is_empty(const uint64_t *bits, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if (bits[w] != 0) return false;
    return true;
}

static int group_filter(struct searching *s, struct weft_rows *rows, uint32_t g,
                        uint64_t **selected)
{
    uint32_t n = rows->groups[g].rows;
    size_t words = ((size_t)n + 63) / 64;
    uint64_t *bits = weft_arena_alloc(rows->arena, (words + 2) * 8);
    int rc;

    memset(bits, 0xff, words * 8);
    bits[words] = bits[words + 1] = 0;
    if (n % 64 != 0) bits[words - 1] = (UINT64_C(1) << (n % 64)) - 1;
    for (uint32_t i = 0; i < s->search->predicate_count; i++) {
        if (weft_filter_is_row(&s->filters[i])) continue;
        if ((rc = weft_filter_group(&s->filters[i], rows, g, &s->reader, bits, s->err)) < 0)
            return rc;
        if (is_empty(bits, words)) return WEFT_OK;
    }
    *selected = bits;
    return WEFT_OK;
}

/* When groups alone decide, the bits are counted, and rows are looked at only for the best of them. */
static bool is_counted_by_bits(const struct walking *w)
{
    const struct searching *s = w->s;
    uint32_t masked;

    for (uint32_t i = 0; i < s->search->predicate_count; i++)
        if (weft_filter_is_row(&s->filters[i])) return false;
    weft_block_mask_traces(s->mask, w->rows->number, &masked);
    return w->is_inside && masked == 0;
}

static uint64_t bits_count(const struct walking *w)
{
    uint64_t n = 0;

    for (uint32_t g = 0; g < w->rows->group_count; g++)
        for (uint32_t i = 0; w->selected[g] != NULL && i * 64 < w->rows->groups[g].rows; i++)
            n += (uint64_t)__builtin_popcountll(w->selected[g][i]);
    return n;
}

/* Row predicates that rule the whole row group out. */
static int row_filters_prepare(struct walking *w, bool *is_possible)
{
    struct searching *s = w->s;
    int rc;

    for (uint32_t i = 0; i < s->search->predicate_count; i++) {
        const struct weft_predicate *p = s->filters[i].predicate;
        if (p->field == WEFT_FIELD_TRACE_ID && p->op == WEFT_OP_EQ &&
            p->value.type == WEFT_VALUE_BYTES && p->value.bytes.len == 16 &&
            (memcmp(p->value.bytes.ptr, &w->rows->entry->first, 16) < 0 ||
             memcmp(p->value.bytes.ptr, &w->rows->entry->last, 16) > 0))
            *is_possible = false;
        if (p->field != WEFT_FIELD_STATUS || w->status != NULL || !*is_possible) continue;
        if ((rc = weft_rows_load_tree(w->rows, s->err)) < 0) return rc;
        if (weft_paged_is_constant(&w->rows->status)) {
            struct weft_span span = { .status_code = (uint8_t)w->rows->status.base };
            if (!weft_predicate_holds_span(p, &span)) *is_possible = false;
        }
        w->status = weft_arena_alloc(w->rows->arena, (size_t)w->rows->span_count * 8);
        weft_paged_read(&w->rows->status, 0, w->rows->span_count, w->status);
    }
    return WEFT_OK;
}

static int rows_search(struct searching *s, uint32_t number)
{
    struct weft_rows rows;
    struct walking w = { .s = s, .rows = &rows };
    bool is_possible = true, any = false;
    int rc;

    if ((rc = weft_rows_open(&rows, s->block, number, &s->scratch, s->err)) < 0 ||
        (rc = row_filters_prepare(&w, &is_possible)) < 0)
        return rc;
    s->stats->inspected_spans += rows.span_count;
    if (!is_possible) return WEFT_OK;
    if ((rc = weft_rows_load_groups(&rows, s->err)) < 0) return rc;
    w.is_inside = rows.entry->start_min >= s->search->from_ns &&
                  (s->search->to_ns == 0 || rows.entry->start_max < s->search->to_ns);
    w.selected = weft_arena_alloc_array(&s->scratch, rows.group_count, sizeof *w.selected);
    for (uint32_t g = 0; g < rows.group_count; g++) {
        if ((rc = check_time(s->search, s->err)) < 0 ||
            (rc = group_filter(s, &rows, g, &w.selected[g])) < 0)
            return rc;
        if (w.selected[g] == NULL) continue;
        any = true;
    }
    if (any && s->search->wants_total) {
        w.is_counting = !is_counted_by_bits(&w);
        if (!w.is_counting) s->stats->total += bits_count(&w);
        if (!w.is_counting && cannot_matter(s->top, rows.entry)) any = false;
    }
    for (uint32_t g = 0; any && g < rows.group_count; g++)
        if (w.selected[g] != NULL && (rc = weft_rows_load_group_columns(&rows, g, s->err)) < 0)
            return rc;
    if (any) rc = rows_walk(&w);
    s->stats->inspected_bytes += rows.bytes_touched;
    return rc;
}

/* A predicate that no row of the block can meet. */
static bool is_hopeless(const struct searching *s)
{
    for (uint32_t i = 0; i < s->search->predicate_count; i++) {
        const struct weft_filter *f = &s->filters[i];
        if (!weft_filter_is_head(f)) continue;
        bool any = false;
        for (uint32_t h = 0; h < s->block->head_count && !any; h++) any = f->by_head[h] != 0;
        if (!any) return true;
    }
    return false;
}

int weft_block_search(struct weft_block *block, const struct weft_block_mask *mask,
                      const struct weft_search *search, uint64_t tag_base, struct weft_top *top,
                      struct weft_search_result *stats, struct weft_err *err)
{
    struct searching s = { .block = block,
                           .mask = mask,
                           .search = search,
                           .top = top,
                           .stats = stats,
                           .tag_base = tag_base,
                           .err = err };
    struct weft_arena arena;
    int rc = check_time(search, err);

    if (rc < 0 || times_miss(search, block->info.start_min, block->info.start_max)) return rc;
    if ((rc = weft_block_load_tables(block, err)) < 0) return rc;
    weft_arena_init(&arena, 0);
    weft_arena_init(&s.scratch, 1 << 20);
    weft_block_reader_init(&s.reader, block);
    s.filters = weft_arena_alloc_array(&arena, search->predicate_count, sizeof *s.filters);
    for (uint32_t i = 0; i < search->predicate_count && rc == WEFT_OK; i++)
        rc = weft_filter_init(&s.filters[i], block, &search->predicates[i], &s.reader, &arena, err);
    bool is_possible = rc == WEFT_OK && !is_hopeless(&s);
    for (uint32_t r = 0; is_possible && rc == WEFT_OK && r < block->info.row_group_count; r++) {
        if ((rc = check_time(search, err)) < 0) break;
        if (times_miss(search, block->rows[r].start_min, block->rows[r].start_max) ||
            (!search->wants_total && cannot_matter(top, &block->rows[r])))
            continue;
        rc = rows_search(&s, r);
        weft_arena_reset(&s.scratch);
    }
    weft_block_reader_release(&s.reader);
    weft_free(s.row_of);
    weft_free(s.starts);
    weft_arena_release(&s.scratch);
    weft_arena_release(&arena);
    return rc;
}
