/* block_structure.c -- operators between two sets of rows: within traces, by the depths of their pre-order. Parents, children and
 * what is below are found in one pass, which leaves out what no set bit leads to.
 *
 * Depths of a damaged file may jump; the passes read no further than their arrays then, and what they find means nothing.
 */
#include "store/block_select_internal.h"
#include <stdlib.h>

enum { DEPTHS = 65536 };

void weft_bits_fill(uint64_t *bits, uint32_t from, uint32_t end)
{
    while (from < end) {
        uint32_t bit = from % 64, n = 64 - bit < end - from ? 64 - bit : end - from;
        bits[from / 64] |= (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << bit;
        from += n;
    }
}

static bool any_between(const uint64_t *bits, uint32_t from, uint32_t end)
{
    return weft_bits_next(bits, from, end) < end;
}

/* ---- traces ---- */

static int traces_read(struct weft_selecting *s)
{
    struct weft_rows *rows = s->rows;
    uint64_t counts[WEFT_PAGED_ROWS];
    uint32_t row = 0;
    int rc;

    if (s->traces != NULL) return WEFT_OK;
    if ((rc = weft_rows_load_traces(rows, s->err)) < 0) return rc;
    uint32_t *traces = weft_arena_alloc(rows->arena, (rows->trace_count + 1) * sizeof *traces);
    for (uint32_t t = 0; t < rows->trace_count; t += WEFT_PAGED_ROWS) {
        uint32_t left = rows->trace_count - t, n = left < WEFT_PAGED_ROWS ? left : WEFT_PAGED_ROWS;
        weft_paged_read(&rows->trace_spans, t, n, counts);
        for (uint32_t i = 0; i < n; i++) {
            traces[t + i] = row;
            row += (uint32_t)counts[i];
        }
    }
    traces[rows->trace_count] = row;
    s->traces = traces;
    return WEFT_OK;
}

static bool id_is(const struct weft_trace_id *a, const struct weft_trace_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Traces that the row groups beside this one have a piece of. */
static int cut_traces_add(struct weft_selecting *s, uint64_t *doubtful)
{
    const struct weft_rows *rows = s->rows;
    const struct weft_rows_entry *e = rows->entry;
    bool first = rows->number > 0 && id_is(&e[-1].last, &e->first),
         last =
             rows->number + 1 < rows->block->info.row_group_count && id_is(&e[1].first, &e->last);
    int rc;

    if (!first && !last) return WEFT_OK;
    if ((rc = traces_read(s)) < 0) return rc;
    if (first) weft_bits_fill(doubtful, 0, s->traces[1]);
    if (last)
        weft_bits_fill(doubtful, s->traces[rows->trace_count - 1], s->traces[rows->trace_count]);
    return WEFT_OK;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void ids_sort(const uint8_t *bytes, uint32_t count, uint64_t *ids)
{
    memcpy(ids, bytes, (size_t)count * 8);
    qsort(ids, count, sizeof *ids, compare_ids);
}

static bool has_id_twice(const uint8_t *bytes, uint32_t count, uint64_t *ids)
{
    ids_sort(bytes, count, ids);
    for (uint32_t i = 1; i < count; i++)
        if (ids[i] == ids[i - 1]) return true;
    return false;
}

/* Traces in which an id is there twice: whose children are whose depends on the order in which their spans came. */
static int doubled_traces_add(struct weft_selecting *s, uint64_t *doubtful)
{
    struct weft_rows *rows = s->rows;
    int rc;

    if (rows->block->info.conflicting_duplicates == 0) return WEFT_OK;
    if ((rc = traces_read(s)) < 0 || (rc = weft_rows_load_tree(rows, s->err)) < 0) return rc;
    uint64_t *ids = weft_arena_alloc(rows->arena, (size_t)rows->span_count * sizeof *ids);
    for (uint32_t t = 0; t < rows->trace_count; t++) {
        uint32_t from = s->traces[t], end = s->traces[t + 1];
        if (end - from > 1 && has_id_twice(rows->span_ids + (size_t)from * 8, end - from, ids))
            weft_bits_fill(doubtful, from, end);
    }
    return WEFT_OK;
}

/* Does a row of the list of parents, from `first` up to `end`, name one of `count` ids after all? */
static bool names_one(const struct weft_rows *rows, uint32_t first, uint32_t end,
                      const uint8_t *bytes, uint32_t count, uint64_t *ids)
{
    bool is_sorted = end - first > 16;

    if (is_sorted) ids_sort(bytes, count, ids);
    for (; first < end; first++) {
        uint64_t parent = weft_load_u64(rows->parent_ids + (size_t)first * 8);
        if (is_sorted && bsearch(&parent, ids, count, sizeof *ids, compare_ids) != NULL)
            return true;
        for (uint32_t i = 0; !is_sorted && i < count; i++)
            if (memcmp(&parent, bytes + (size_t)i * 8, 8) == 0) return true;
    }
    return false;
}

/* Traces in which parents go in circles: these stand cut open, and what hangs on them may stand before them. */
static int circled_traces_add(struct weft_selecting *s, uint64_t *doubtful)
{
    struct weft_rows *rows = s->rows;
    uint32_t end, t = 0;
    int rc;

    if ((rc = weft_rows_load_tree(rows, s->err)) < 0) return rc;
    if (rows->parent_count == 0) return WEFT_OK;
    if ((rc = traces_read(s)) < 0) return rc;
    uint64_t *ids = weft_arena_alloc(rows->arena, (size_t)rows->span_count * sizeof *ids);
    for (uint32_t first = 0; first < rows->parent_count; first = end) {
        while (s->traces[t + 1] <= weft_load_u16(rows->parent_rows + (size_t)first * 2)) t++;
        uint32_t from = s->traces[t], n = s->traces[t + 1] - from;
        for (end = first; end < rows->parent_count &&
                          weft_load_u16(rows->parent_rows + (size_t)end * 2) < from + n;)
            end++;
        if (names_one(rows, first, end, rows->span_ids + (size_t)from * 8, n, ids))
            weft_bits_fill(doubtful, from, from + n);
    }
    return WEFT_OK;
}

static uint64_t *copy_of(struct weft_selecting *s, const uint64_t *bits)
{
    uint64_t *copy = weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof *copy);

    if (bits != NULL) memcpy(copy, bits, s->words * sizeof *copy);
    return copy;
}

int weft_selecting_doubt(struct weft_selecting *s, bool of_tree)
{
    int rc;

    if (s->doubtful_of_both == NULL) {
        uint64_t *doubtful = copy_of(s, s->loose);
        if ((rc = cut_traces_add(s, doubtful)) < 0) return rc;
        s->doubtful_of_both = doubtful;
    }
    if (of_tree && s->doubtful_of_tree == NULL) {
        uint64_t *doubtful = copy_of(s, s->doubtful_of_both);
        if ((rc = doubled_traces_add(s, doubtful)) < 0 ||
            (rc = circled_traces_add(s, doubtful)) < 0)
            return rc;
        s->doubtful_of_tree = doubtful;
    }
    return WEFT_OK;
}

/* ---- both ---- */

/* `out`, of zeros, gets the rows of traces that have some of left and some of right. */
static int shared_traces(struct weft_selecting *s, const uint64_t *left, const uint64_t *right,
                         uint64_t *out)
{
    uint32_t n = s->rows->span_count, t = 0;
    int rc = traces_read(s);

    if (rc < 0) return rc;
    for (uint32_t row = weft_bits_next(left, 0, n); row < n;
         row = weft_bits_next(left, s->traces[t + 1], n)) {
        while (s->traces[t + 1] <= row) t++;
        if (any_between(right, s->traces[t], s->traces[t + 1]))
            weft_bits_fill(out, s->traces[t], s->traces[t + 1]);
    }
    return WEFT_OK;
}

int weft_select_both(struct weft_selecting *s, const uint64_t *left, uint64_t *right)
{
    uint64_t *out = weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof *out);
    int rc = shared_traces(s, left, right, out);

    if (rc < 0) return rc;
    for (size_t w = 0; w < s->words; w++)
        right[w] = (right[w] | left[w]) & (out[w] | s->doubtful_of_both[w]);
    return WEFT_OK;
}

static uint32_t count_between(const uint64_t *bits, uint32_t from, uint32_t end, uint32_t enough)
{
    uint32_t n = 0;

    for (; n < enough && (from = weft_bits_next(bits, from, end)) < end; from++) n++;
    return n;
}

int weft_select_at_least(struct weft_selecting *s, const uint64_t *left, uint32_t count,
                         uint64_t *right)
{
    int rc = traces_read(s);

    if (rc < 0) return rc;
    uint64_t *out = weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof *out);
    for (uint32_t t = 0; t < s->rows->trace_count; t++)
        if (count_between(left, s->traces[t], s->traces[t + 1], count) >= count)
            weft_bits_fill(out, s->traces[t], s->traces[t + 1]);
    for (size_t w = 0; w < s->words; w++) right[w] &= out[w] | s->doubtful_of_both[w];
    return WEFT_OK;
}

/* ---- downwards ---- */

/* Rows whose parent is in `left`: below each row of it that is not below another one, what stood last at each depth is known. */
static void children_mark(const struct weft_selecting *s, const uint64_t *left, uint64_t *out)
{
    const uint16_t *depths = s->depths;
    uint32_t n = s->rows->span_count, row;
    uint8_t *is_in = weft_arena_alloc_zero(s->rows->arena, DEPTHS);

    for (uint32_t top = weft_bits_next(left, 0, n); top < n; top = weft_bits_next(left, row, n)) {
        is_in[depths[top]] = 1;
        for (row = top + 1; row < n && depths[row] > depths[top]; row++) {
            uint32_t depth = depths[row];
            out[row / 64] |= (uint64_t)is_in[depth - 1] << (row % 64);
            is_in[depth] = weft_bit_get(left, row);
        }
    }
}

static void below_mark(const struct weft_selecting *s, const uint64_t *left, uint64_t *out)
{
    const uint16_t *depths = s->depths;
    uint32_t n = s->rows->span_count, row;

    for (uint32_t top = weft_bits_next(left, 0, n); top < n; top = weft_bits_next(left, row, n)) {
        for (row = top + 1; row < n && depths[row] > depths[top];) row++;
        weft_bits_fill(out, top + 1, row);
    }
}

/* ---- upwards ---- */

/* The last set bit before `end` + 1: its number + 1, or 0. */
static uint32_t last_set(const uint64_t *bits, uint32_t end)
{
    while (end > 0) {
        uint32_t bit = (end - 1) % 64;
        uint64_t word = bits[(end - 1) / 64] << (63 - bit);
        if (word != 0) return end - (uint32_t)__builtin_clzll(word);
        end -= bit + 1;
    }
    return 0;
}

/* Backwards: the parent of a row is the first one met whose depth is one less. Depths at which one is awaited are marked. */
static void above_mark(const struct weft_selecting *s, const uint64_t *left, bool all_above,
                       uint64_t *out)
{
    uint8_t *is_awaited = weft_arena_alloc_zero(s->rows->arena, DEPTHS);
    uint32_t awaited = 0, end = s->rows->span_count;

    while ((end = awaited > 0 ? end : last_set(left, end)) > 0) {
        uint32_t row = --end, depth = s->depths[row];
        bool is_found = is_awaited[depth];
        if (is_found) weft_bit_set(out, row);
        awaited -= is_found;
        is_awaited[depth] = 0;
        if (depth == 0 || !(weft_bit_get(left, row) || (is_found && all_above))) continue;
        awaited += !is_awaited[depth - 1];
        is_awaited[depth - 1] = 1;
    }
}

/* ---- beside ---- */

/* A family: by the parent's row, or what stands at the top of a trace. More than one of `left`, or another one, is beside a row. */
static void trace_siblings_mark(const struct weft_selecting *s, uint32_t from, uint32_t end,
                                const uint64_t *left, const uint64_t *right, uint32_t *last,
                                uint32_t *family, uint8_t *tally, uint64_t *out)
{
    for (uint32_t row = from; row < end; row++) {
        uint32_t depth = s->depths[row];
        last[depth] = row + 1;
        family[row] = depth == 0 ? 0 : last[depth - 1];
        tally[row + 1] = 0;
    }
    tally[0] = 0;
    for (uint32_t row = weft_bits_next(left, from, end); row < end;
         row = weft_bits_next(left, row + 1, end))
        if (tally[family[row]] < 2) tally[family[row]]++;
    for (uint32_t row = weft_bits_next(right, from, end); row < end;
         row = weft_bits_next(right, row + 1, end))
        if (tally[family[row]] > weft_bit_get(left, row)) weft_bit_set(out, row);
}

static void siblings_mark(struct weft_selecting *s, const uint64_t *left, const uint64_t *right,
                          uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    uint32_t *last = weft_arena_alloc_zero(rows->arena, DEPTHS * sizeof *last),
             *family = weft_arena_alloc(rows->arena, (rows->span_count + 1) * sizeof *family);
    uint8_t *tally = weft_arena_alloc_zero(rows->arena, rows->span_count + 1);
    for (uint32_t t = 0; t < rows->trace_count; t++) {
        uint32_t from = s->traces[t], end = s->traces[t + 1];
        if (any_between(left, from, end) && any_between(right, from, end))
            trace_siblings_mark(s, from, end, left, right, last, family, tally, out);
    }
}

/* `out`, of zeros, gets the rows that stand so to one of left; only traces that right has some of count. */
static int related_mark(struct weft_selecting *s, enum weft_selection_op op, const uint64_t *left,
                        const uint64_t *right, uint64_t *out)
{
    uint64_t *shared = weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof *shared);
    int rc = WEFT_OK;

    if (weft_bits_any(right, s->words)) rc = shared_traces(s, left, right, shared);
    if (rc < 0 || !weft_bits_any(shared, s->words)) return rc;
    if ((rc = weft_selecting_depths(s, shared)) < 0) return rc;
    for (size_t w = 0; w < s->words; w++) shared[w] &= left[w];
    switch (op) {
    case WEFT_SELECT_CHILD: children_mark(s, shared, out); break;
    case WEFT_SELECT_DESCENDANT: below_mark(s, shared, out); break;
    case WEFT_SELECT_PARENT: above_mark(s, shared, false, out); break;
    case WEFT_SELECT_ANCESTOR: above_mark(s, shared, true, out); break;
    default: siblings_mark(s, shared, right, out); break;
    }
    return WEFT_OK;
}

int weft_select_structure(struct weft_selecting *s, enum weft_selection_op op, const uint64_t *left,
                          uint64_t *right)
{
    uint64_t *out = weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof *out);
    int rc = related_mark(s, op, left, right, out);

    if (rc < 0) return rc;
    for (size_t w = 0; w < s->words; w++)
        right[w] = (right[w] & out[w]) | ((right[w] | left[w]) & s->doubtful_of_tree[w]);
    return WEFT_OK;
}
