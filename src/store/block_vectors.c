/* block_vectors.c -- see block_vectors.h. A group's columns are read whole, then given in pieces; where every row of a piece is selected
 * nothing is moved. Rows are dealt out to their groups only where something is asked of rows: times, since these belong to traces. */
#include "store/block_vectors.h"
#include "base/alloc.h"
#include "base/clock.h"

#define VALUE_BYTES_MAX (16u << 20) /* of all columns: then codes begin anew */

/* Kept from row group to row group. */
struct weft_vector_room {
    uint16_t row_of[2 * WEFT_ROWS_MAX]; /* rows of every group, one group after the other */
    uint16_t trace_of[WEFT_ROWS_MAX];   /* by row */
    uint64_t trace_start[WEFT_ROWS_MAX];
    /* Of a piece. */
    uint64_t start[WEFT_SPAN_VECTOR_MAX], duration[WEFT_SPAN_VECTOR_MAX];
    uint16_t index[WEFT_SPAN_VECTOR_MAX]; /* of those selected in the piece */
    uint32_t codes[WEFT_SPAN_COLUMNS_MAX][WEFT_SPAN_VECTOR_MAX];
};

/* A row group at work. */
struct rows_walk {
    struct weft_block_vectors *v;
    struct weft_rows *rows;
    struct weft_group_bits selected; /* without traces that are left out */
    bool is_inside; /* all starts are in range, and nothing else is asked of times */
    bool has_duration;
    bool is_hopeless;     /* its directory says that nothing is selected */
    uint64_t bytes_found; /* read to find out which rows */
    uint32_t *first;      /* of each group, in row_of; NULL: rows are not dealt out */
};

/* What identify() needs. */
struct place {
    struct weft_vector_place head; /* first */
    struct weft_rows *rows;
    const uint16_t *row_of, *trace_of;
    const uint16_t *index; /* NULL: all of the piece */
};

/* The longest first, or the newest. */
static int row_group_compare(const void *a, const void *b, void *arg)
{
    const struct weft_block_vectors *v = arg;
    const struct weft_rows_entry *x = &v->block->rows[*(const uint32_t *)a],
                                 *y = &v->block->rows[*(const uint32_t *)b];
    bool is_by_start = v->scan->start_min != NULL;
    uint64_t p = is_by_start ? x->start_max : x->duration_max,
             q = is_by_start ? y->start_max : y->duration_max;

    return (p < q) - (p > q);
}

static void row_groups_rank(struct weft_block_vectors *v)
{
    uint32_t count = v->block->info.row_group_count;

    v->ranked = weft_arena_alloc_array(&v->arena, count, sizeof *v->ranked);
    for (uint32_t i = 0; i < count; i++) v->ranked[i] = i;
    if (count > 1) qsort_r(v->ranked, count, sizeof *v->ranked, row_group_compare, v);
}

int weft_block_vectors_init(struct weft_block_vectors *v, struct weft_err *err)
{
    int rc = weft_block_load_tables(v->block, err);

    if (rc < 0) return rc;
    weft_arena_init(&v->arena, 0);
    weft_arena_init(&v->scratch, 1 << 20);
    weft_arena_init(&v->temporary, 1 << 16);
    weft_block_reader_init(&v->reader, v->block);
    v->room = weft_alloc(sizeof *v->room);
    v->codes = weft_arena_alloc_array(&v->arena, v->scan->column_count, sizeof *v->codes);
    for (uint32_t i = 0; i < v->scan->column_count; i++)
        if (v->scan->columns[i].field != WEFT_FIELD_DURATION)
            weft_codes_init(&v->codes[i], &v->scan->columns[i], &v->reader);
    if (weft_vectors_are_ranked(v->scan)) row_groups_rank(v);
    if (v->scan->wanted != NULL)
        weft_block_wanted_init(&v->wanted, v->scan->wanted, &v->reader, &v->arena);
    ++*v->numbering;
    rc = weft_select_init(&v->select, v->block, v->scan->selection, &v->reader, &v->arena, err);
    if (rc == WEFT_OK && v->scan->report != NULL)
        weft_select_report(v->select, v->scan->report, &v->arena);
    if (rc < 0) weft_block_vectors_release(v);
    return rc;
}

void weft_block_vectors_release(struct weft_block_vectors *v)
{
    for (uint32_t i = 0; i < v->scan->column_count; i++)
        if (v->codes[i].column != NULL) weft_codes_release(&v->codes[i]);
    weft_block_reader_release(&v->reader);
    weft_free(v->room);
    weft_arena_release(&v->arena);
    weft_arena_release(&v->scratch);
    weft_arena_release(&v->temporary);
}

/* ---- which rows ---- */

static int trace_clear(struct rows_walk *w, uint32_t trace, struct weft_err *err)
{
    enum { PLACES = 256 };
    uint16_t group[PLACES], index[PLACES];
    uint32_t row = weft_rows_trace_first(w->rows, trace),
             end = row + (uint32_t)weft_paged_get(&w->rows->trace_spans, trace);
    int rc;

    for (uint32_t n; row < end; row += n) {
        n = end - row < PLACES ? end - row : PLACES;
        if ((rc = weft_rows_places(w->rows, row, n, group, index, err)) < 0) return rc;
        for (uint32_t i = 0; i < n; i++)
            w->selected.bits[w->selected.first[group[i]] + index[i] / 64] &=
                ~(UINT64_C(1) << index[i] % 64);
    }
    return WEFT_OK;
}

/* First of the ids that is not before `id`. */
static uint32_t apart_lower(const struct weft_block_vectors *v, const struct weft_trace_id *id)
{
    uint32_t low = 0, high = v->apart->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(&v->apart->ids[middle], id, sizeof *id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where some are looked for by halving, many are met by going along. */
enum { MANY_ONE_IN = 16 };

static int apart_clear(struct rows_walk *w, struct weft_err *err)
{
    const struct weft_block_vectors *v = w->v;
    struct weft_rows *rows = w->rows;
    uint32_t i = apart_lower(v, &rows->entry->first), end = i, trace = 0;
    struct weft_trace_id id;
    int rc;

    const struct weft_apart *apart = v->apart;
    while (end < apart->count && memcmp(&apart->ids[end], &rows->entry->last, sizeof id) <= 0)
        end++;
    bool are_many = end - i > rows->trace_count / MANY_ONE_IN;
    if (are_many && (rc = weft_rows_load_places(rows, err)) < 0) return rc;
    for (; i < end; i++) {
        if (!are_many) trace = weft_rows_trace_lower(rows, &apart->ids[i]);
        for (; trace < rows->trace_count; trace++) {
            weft_rows_trace_id(rows, trace, &id);
            if (memcmp(&id, &apart->ids[i], sizeof id) >= 0) break;
        }
        if (trace == rows->trace_count || memcmp(&id, &apart->ids[i], sizeof id) != 0) continue;
        if ((rc = trace_clear(w, trace, err)) < 0) return rc;
        weft_apart_meet(apart, i);
    }
    return WEFT_OK;
}

static int rows_select(struct rows_walk *w, bool *any, struct weft_err *err)
{
    struct weft_block_vectors *v = w->v;
    uint32_t masked;
    enum weft_scan_step step = weft_scan_enter(v->scan->report, WEFT_STEP_FIND);
    int rc = weft_select_enter(v->select, w->rows, &w->is_hopeless, err);

    if (rc == WEFT_OK && !w->is_hopeless)
        rc = weft_select_groups(v->select, w->rows, &w->selected, err);
    weft_scan_count(v->scan->report, WEFT_STEP_FIND, w->is_hopeless ? 0 : w->rows->span_count,
                    w->selected.count, w->rows->bytes_touched);
    w->bytes_found = w->rows->bytes_touched;
    weft_scan_enter(v->scan->report, step);
    *any = rc == WEFT_OK && w->selected.count > 0;
    if (!*any) return rc;
    if ((rc = weft_rows_load_traces(w->rows, err)) < 0) return rc;
    const uint32_t *traces = weft_block_mask_traces(v->mask, w->rows->number, &masked);
    for (uint32_t i = 0; i < masked && traces[i] < w->rows->trace_count; i++)
        if ((rc = trace_clear(w, traces[i], err)) < 0) return rc;
    return apart_clear(w, err);
}

/* ---- rows to their groups ---- */

/* row_of has room for twice the rows, so that wrong group numbers are found at the end instead of at every row. */
static int rows_deal(struct rows_walk *w, struct weft_err *err)
{
    struct weft_vector_room *room = w->v->room;
    struct weft_rows *rows = w->rows;
    uint32_t *next = weft_arena_alloc(&w->v->scratch, rows->group_count * sizeof *next), sum = 0;

    int rc = weft_rows_load_group_numbers(rows, err);

    if (rc < 0) return rc;
    w->first = weft_arena_alloc(&w->v->scratch, rows->group_count * sizeof *w->first);
    for (uint32_t g = 0; g < rows->group_count; g++) {
        w->first[g] = next[g] = sum;
        sum += rows->groups[g].rows;
    }
    for (uint32_t row = 0; row < rows->span_count; row++) {
        uint16_t g = rows->group_numbers[row];
        if (g >= rows->group_count) goto wrong;
        room->row_of[next[g]++] = (uint16_t)row;
    }
    for (uint32_t g = 0; g < rows->group_count; g++)
        if (next[g] != w->first[g] + rows->groups[g].rows) goto wrong;
    return WEFT_OK;
wrong:
    return weft_rows_corrupt(rows, err, "group numbers of its rows do not fit its groups");
}

static void traces_spread(struct rows_walk *w)
{
    struct weft_vector_room *room = w->v->room;
    const struct weft_rows *rows = w->rows;
    uint64_t counts[WEFT_PAGED_ROWS];

    for (uint32_t t = 0, row = 0; t < rows->trace_count; t += WEFT_PAGED_ROWS) {
        uint32_t left = rows->trace_count - t, n = left < WEFT_PAGED_ROWS ? left : WEFT_PAGED_ROWS;
        weft_paged_read(&rows->trace_spans, t, n, counts);
        for (uint32_t i = 0; i < n; i++)
            for (uint64_t k = 0; k < counts[i]; k++) room->trace_of[row++] = (uint16_t)(t + i);
    }
    weft_paged_read(&rows->trace_start, 0, rows->trace_count, room->trace_start);
}

/* ---- a piece of a group ---- */

/* Bits of `bits` from .. from + n - 1; how many. Pieces begin at whole words. */
static uint32_t piece_choose(struct weft_vector_room *room, const uint64_t *bits, uint32_t from,
                             uint32_t n)
{
    uint32_t count = 0;

    for (uint32_t w = 0; w * 64 < n; w++)
        for (uint64_t word = bits[from / 64 + w]; word != 0; word &= word - 1)
            room->index[count++] = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(word));
    return count;
}

static void piece_starts(const struct rows_walk *w, uint32_t g, uint32_t at, uint32_t n)
{
    struct weft_vector_room *room = w->v->room;
    const uint16_t *row_of = room->row_of + w->first[g] + at;

    weft_paged_read(&w->rows->groups[g].starts, at, n, room->start);
    for (uint32_t i = 0; i < n; i++) room->start[i] += room->trace_start[room->trace_of[row_of[i]]];
}

static uint32_t piece_length(uint32_t at, uint32_t n)
{
    return n - at < WEFT_SPAN_VECTOR_MAX ? n - at : WEFT_SPAN_VECTOR_MAX;
}

/* Clears the bits of rows that are too short. */
static void group_durations(const struct rows_walk *w, uint32_t g)
{
    struct weft_vector_room *room = w->v->room;
    uint64_t duration_min = weft_vectors_duration_min(w->v->scan),
             *bits = w->selected.bits + w->selected.first[g];

    for (uint32_t at = 0, n; duration_min > 0 && at < w->rows->groups[g].rows; at += n) {
        n = piece_length(at, w->rows->groups[g].rows);
        weft_paged_read(&w->rows->groups[g].durations, at, n, room->duration);
        for (uint32_t i = 0; i < n; i += 64) {
            uint64_t word = 0;
            for (uint32_t k = 0; k < 64 && i + k < n; k++)
                word |= (uint64_t)(room->duration[i + k] >= duration_min) << k;
            bits[(at + i) / 64] &= word;
        }
    }
}

/* Clears the bits of rows that do not start in range. */
static void group_range(const struct rows_walk *w, uint32_t g)
{
    const struct weft_span_scan *scan = w->v->scan;
    struct weft_vector_room *room = w->v->room;
    uint64_t from = weft_vectors_from(scan), last = scan->to_ns == 0 ? UINT64_MAX : scan->to_ns - 1,
             *bits = w->selected.bits + w->selected.first[g];

    for (uint32_t at = 0, n; at < w->rows->groups[g].rows; at += n) {
        n = piece_length(at, w->rows->groups[g].rows);
        piece_starts(w, g, at, n);
        for (uint32_t i = 0; i < n; i++)
            bits[(at + i) / 64] &=
                ~((uint64_t)(room->start[i] < from || room->start[i] > last) << (at + i) % 64);
    }
}

/* Together, in place: index rises. */
static void piece_gather(const struct rows_walk *w, uint32_t at, uint32_t count)
{
    struct weft_vector_room *room = w->v->room;

    if (!w->v->scan->without_times)
        for (uint32_t k = 0; k < count; k++) room->start[k] = room->start[room->index[k]];
    if (w->has_duration)
        for (uint32_t k = 0; k < count; k++) room->duration[k] = room->duration[room->index[k]];
    for (uint32_t c = 0; c < w->v->scan->column_count; c++) {
        if (w->v->codes[c].column == NULL) continue;
        const uint32_t *from = w->v->codes[c].codes + at;
        for (uint32_t k = 0; k < count; k++) room->codes[c][k] = from[room->index[k]];
    }
}

static void columns_set(const struct rows_walk *w, struct weft_span_vector *out, uint32_t at,
                        bool is_whole)
{
    for (uint32_t c = 0; c < w->v->scan->column_count; c++) {
        const struct weft_codes *codes = &w->v->codes[c];
        if (codes->column == NULL) continue;
        out->columns[c] =
            (struct weft_span_codes){ is_whole ? codes->codes + at : w->v->room->codes[c],
                                      codes->table.values, codes->table.value_count };
    }
}

/* Nothing is given of a file that lost a page since its bytes were read. */
static int still_intact(struct weft_block_vectors *v, struct weft_err *err)
{
    uint64_t lost_pages = weft_file_lost_pages();

    if (lost_pages == v->lost_pages) return WEFT_OK;
    v->lost_pages = lost_pages;
    return weft_block_intact(v->block, err);
}

/* The nearest earlier row one level up; of the first level what stands apart. */
static uint64_t parent_of(const struct weft_rows *rows, uint32_t row)
{
    uint64_t depth = weft_paged_get(&rows->depth, row), parent = 0, above[256];

    if (depth == 0) {
        weft_rows_orphan_parent(rows, row, &parent);
        return parent;
    }
    while (row > 0) {
        uint32_t n = row < 256 ? row : 256;
        row -= n;
        weft_paged_read(&rows->depth, row, n, above);
        for (uint32_t i = n; i > 0; i--)
            if (above[i - 1] < depth)
                return weft_load_u64(rows->span_ids + (size_t)(row + i - 1) * 8);
    }
    return 0;
}

static void identify(const struct weft_span_vector *vector, uint32_t index,
                     struct weft_span_identity *out)
{
    const struct place *place = vector->place;
    uint16_t row = place->row_of[place->index != NULL ? place->index[index] : index];

    *out = (struct weft_span_identity){ 0 };
    weft_rows_trace_id(place->rows, place->trace_of[row], &out->trace_id);
    if (weft_rows_load_tree(place->rows, NULL) < 0) return;
    uint64_t parent = parent_of(place->rows, row);
    memcpy(&out->span_id, place->rows->span_ids + (size_t)row * 8, 8);
    memcpy(&out->parent_span_id, &parent, 8);
}

/* Rows at .. at + n - 1 of the group. 1: go on; 0: enough. */
static int piece_give(const struct rows_walk *w, uint32_t g, uint32_t at, uint32_t n,
                      struct weft_err *err)
{
    struct weft_block_vectors *v = w->v;
    struct weft_vector_room *room = v->room;
    uint32_t count = piece_choose(room, w->selected.bits + w->selected.first[g], at, n);
    int rc;

    if (count == 0) return 1;
    bool is_whole = count == n, has_times = !v->scan->without_times;
    if (has_times) piece_starts(w, g, at, n);
    if (w->has_duration) weft_paged_read(&w->rows->groups[g].durations, at, n, room->duration);
    if (!is_whole) piece_gather(w, at, count);
    struct place place = { { identify },
                           w->rows,
                           has_times ? room->row_of + w->first[g] + at : NULL,
                           room->trace_of,
                           is_whole ? NULL : room->index };
    struct weft_span_vector vector = { .count = count,
                                       .numbering = *v->numbering,
                                       .start_time_unix_nano = has_times ? room->start : NULL,
                                       .duration_ns = w->has_duration ? room->duration : NULL,
                                       .place = &place };
    columns_set(w, &vector, at, is_whole);
    if ((rc = still_intact(v, err)) < 0) return rc;
    weft_scan_count(v->scan->report, WEFT_STEP_COLUMNS, 0, count, 0);
    weft_scan_count(v->scan->report, WEFT_STEP_COUNT, count, 0, 0);
    enum weft_scan_step step = weft_scan_enter(v->scan->report, WEFT_STEP_COUNT);
    bool goes_on = v->scan->vector(v->scan->arg, &vector);
    weft_scan_enter(v->scan->report, step);
    return goes_on;
}

/* ---- a group, a row group ---- */

static bool group_is_empty(const struct rows_walk *w, uint32_t g)
{
    const uint64_t *bits = w->selected.bits + w->selected.first[g];

    for (size_t i = 0; i < WEFT_SELECT_WORDS(w->rows->groups[g].rows); i++)
        if (bits[i] != 0) return false;
    return true;
}

static void codes_trim(struct weft_block_vectors *v)
{
    size_t bytes = 0;

    for (uint32_t c = 0; c < v->scan->column_count; c++) bytes += weft_codes_bytes(&v->codes[c]);
    if (bytes <= VALUE_BYTES_MAX) return;
    for (uint32_t c = 0; c < v->scan->column_count; c++)
        if (v->codes[c].column != NULL) weft_codes_forget(&v->codes[c]);
    ++*v->numbering;
}

static int group_look(const struct rows_walk *w, uint32_t g, struct weft_err *err)
{
    struct weft_block_vectors *v = w->v;
    int rc = weft_block_wanted_look(&v->wanted, w->rows, g, w->selected.bits + w->selected.first[g],
                                    err);

    if (rc < 0 || (rc = still_intact(v, err)) < 0) return rc;
    return v->scan->wanted->left > 0;
}

static int group_give(const struct rows_walk *w, uint32_t g, struct weft_err *err)
{
    struct weft_block_vectors *v = w->v;
    const uint16_t *row_of = w->first != NULL ? v->room->row_of + w->first[g] : NULL;
    uint32_t n = w->rows->groups[g].rows;
    int rc = 1;

    if (group_is_empty(w, g)) return 1;
    weft_arena_reset(&v->temporary);
    codes_trim(v);
    if ((rc = weft_rows_load_group_columns(w->rows, g, err)) < 0) return rc;
    group_durations(w, g); /* the bound may have risen */
    if (group_is_empty(w, g)) return 1;
    if (!w->is_inside) group_range(w, g);
    if (!w->is_inside && group_is_empty(w, g)) return 1;
    if (v->scan->wanted != NULL) return group_look(w, g, err);
    for (uint32_t c = 0; c < v->scan->column_count; c++)
        if (v->codes[c].column != NULL &&
            (rc = weft_codes_read(&v->codes[c], w->rows, g, row_of, err)) < 0)
            return rc;
    rc = 1;
    for (uint32_t at = 0; at < n && rc > 0; at += WEFT_SPAN_VECTOR_MAX)
        rc = piece_give(w, g, at, piece_length(at, n), err);
    return rc;
}

/* Whether some row is long enough: most row groups end here when the longest are wanted. */
static int rows_durations(struct rows_walk *w, bool *any, struct weft_err *err)
{
    int rc;

    *any = weft_vectors_duration_min(w->v->scan) == 0;
    for (uint32_t g = 0; g < w->rows->group_count && !*any; g++) {
        if (group_is_empty(w, g)) continue;
        weft_arena_reset(&w->v->temporary);
        if ((rc = weft_rows_load_group_columns(w->rows, g, err)) < 0) return rc;
        group_durations(w, g);
        *any = !group_is_empty(w, g);
    }
    return WEFT_OK;
}

static bool needs_rows(const struct rows_walk *w)
{
    const struct weft_span_scan *scan = w->v->scan;

    for (uint32_t c = 0; c < scan->column_count; c++)
        if (scan->columns[c].field == WEFT_FIELD_STATUS) return true;
    return !w->is_inside || !scan->without_times;
}

static int rows_give(struct rows_walk *w, struct weft_err *err)
{
    struct weft_block_vectors *v = w->v;
    struct weft_rows *rows = w->rows;
    bool any = true;
    int rc = WEFT_OK;

    if (v->scan->wanted != NULL) rc = weft_block_wanted_enter(&v->wanted, rows, &any, err);
    w->is_hopeless = !any;
    if (rc == WEFT_OK && any) rc = rows_select(w, &any, err);
    if (rc < 0 || !any) return rc < 0 ? rc : 1;
    if ((rc = rows_durations(w, &any, err)) < 0 || !any) return rc < 0 ? rc : 1;
    if (needs_rows(w)) {
        if ((rc = rows_deal(w, err)) < 0) return rc;
        traces_spread(w);
    }
    for (uint32_t c = 0; c < v->scan->column_count; c++) {
        w->has_duration |= v->codes[c].column == NULL;
        if (v->codes[c].column != NULL && (rc = weft_codes_enter(&v->codes[c], rows, err)) < 0)
            return rc;
    }
    rc = 1;
    for (uint32_t g = 0; g < rows->group_count && rc > 0; g++) rc = group_give(w, g, err);
    return rc;
}

int weft_vectors_check_time(const struct weft_span_scan *scan, struct weft_err *err)
{
    if (scan->cancelled != NULL && atomic_load_explicit(scan->cancelled, memory_order_relaxed))
        return weft_fail(err, WEFT_CANCELLED, "cancelled");
    if (scan->deadline_monotonic_ns != 0 &&
        weft_clock_monotonic_ns() >= scan->deadline_monotonic_ns)
        return weft_fail(err, WEFT_TIMEOUT, "time limit");
    const char *reached = weft_read_limits_reached(scan->reads);
    return reached != NULL ? weft_fail(err, WEFT_FULL, "%s", reached) : WEFT_OK;
}

static bool rows_are_outside(const struct weft_span_scan *scan, const struct weft_rows_entry *e)
{
    return e->start_max < weft_vectors_from(scan) ||
           (scan->to_ns != 0 && e->start_min >= scan->to_ns) ||
           e->duration_max < weft_vectors_duration_min(scan);
}

static void fate_note(struct weft_block_vectors *v, enum weft_fate fate)
{
    weft_scan_piece(v->scan->report, WEFT_PIECE_ROW_GROUP, fate, 1);
    if (fate > v->fate) v->fate = fate;
}

int weft_block_vectors_next(struct weft_block_vectors *v, bool *is_enough, struct weft_err *err)
{
    const struct weft_span_scan *scan = v->scan;
    const struct weft_rows_entry *e;
    struct weft_rows rows;
    uint32_t number;
    int rc = weft_vectors_check_time(scan, err);

    *is_enough = false;
    if (rc < 0) return rc;
    do {
        if (v->next == v->block->info.row_group_count || weft_select_is_hopeless(v->select))
            return 0;
        number = v->ranked != NULL ? v->ranked[v->next] : v->next;
        v->next++;
        e = &v->block->rows[number];
        if (rows_are_outside(scan, e)) fate_note(v, WEFT_FATE_OUT_OF_RANGE);
    } while (rows_are_outside(scan, e));
    weft_arena_reset(&v->scratch);
    v->lost_pages = weft_file_lost_pages();
    if ((rc = weft_rows_open(&rows, v->block, number, &v->scratch, err)) < 0) {
        fate_note(v, WEFT_FATE_DAMAGED);
        return rc;
    }
    rows.temporary = &v->temporary;
    struct rows_walk w = { .v = v, .rows = &rows };
    w.is_inside = !weft_vectors_are_ranked(scan) && e->start_min >= scan->from_ns &&
                  (scan->to_ns == 0 || e->start_max < scan->to_ns);
    enum weft_scan_step step = weft_scan_enter(scan->report, WEFT_STEP_COLUMNS);
    rc = rows_give(&w, err);
    weft_scan_enter(scan->report, step);
    weft_scan_count(scan->report, WEFT_STEP_COLUMNS, 0, 0, rows.bytes_touched - w.bytes_found);
    fate_note(v, rc < 0 ? WEFT_FATE_DAMAGED : w.is_hopeless ? WEFT_FATE_HOPELESS : WEFT_FATE_READ);
    uint32_t spans = w.is_hopeless ? 0 : rows.span_count;
    v->spans += spans;
    v->bytes += rows.bytes_touched;
    weft_read_limits_add(scan->reads, rows.bytes_touched, spans);
    *is_enough = rc == 0;
    return rc;
}
