/* span_heat.c -- counting into a grid (span_heat.h). */
#include "query/span_heat.h"

struct run {
    const struct weft_source *source;
    const struct weft_heat_question *question;
    struct weft_heat *out;
    struct weft_heat_cell *grid; /* row by row within a column */
    double columns_per_ns;
    uint64_t row_ns[WEFT_HEAT_ROWS];
    uint8_t first_row[65]; /* by the bits of a duration: where the least such is */
    uint8_t status;        /* its column */
};

uint64_t weft_heat_row_ns(uint32_t row)
{
    /* 10^(i/8) with twelve digits: the same on every machine. */
    static const uint64_t steps[8] = { 100000000000, 133352143216, 177827941004, 237137370566,
                                       316227766017, 421696503429, 562341325190, 749894209332 };
    uint64_t value = steps[row % 8];
    uint32_t power = row / 8;
    if (row == 0) return 0;
    for (; power > 11; power--) value *= 10;
    uint64_t divisor = 1;
    for (; power < 11; power++) divisor *= 10;
    return (value + divisor - 1) / divisor;
}

uint32_t weft_heat_row_of(uint64_t duration_ns)
{
    uint32_t low = 0, high = WEFT_HEAT_ROWS; /* row low begins at or below it, row high above */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (weft_heat_row_ns(middle) <= duration_ns)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- one span ---- */

/* Of a column a reciprocal finds, what rounding did is mended. */
static uint32_t column_of(const struct run *run, uint64_t start)
{
    uint64_t delta = start - run->out->start_ns, step = run->out->step_ns;
    uint64_t column = (uint64_t)((double)delta * run->columns_per_ns);
    while (column > 0 && column * step > delta) column--;
    while ((column + 1) * step <= delta) column++;
    return (uint32_t)column;
}

static struct weft_heat_cell *cell_add(struct run *run, uint64_t start, uint64_t duration,
                                       bool is_error)
{
    uint32_t row = run->first_row[duration == 0 ? 0 : 64 - __builtin_clzll(duration)];
    while (row + 1 < WEFT_HEAT_ROWS && run->row_ns[row + 1] <= duration) row++;
    struct weft_heat_cell *cell = &run->grid[(size_t)column_of(run, start) * WEFT_HEAT_ROWS + row];
    cell->span_count++;
    cell->error_count += is_error;
    return cell;
}

static bool is_slowest(const struct weft_heat_cell *cell, uint64_t duration)
{
    return cell->span_count == 1 || duration > cell->duration_ns_max;
}

static bool visit(void *arg, struct weft_trace_view *view, uint32_t number)
{
    struct run *run = arg;
    const struct weft_span *span = &view->batch->spans[number];
    uint64_t duration = weft_span_duration_ns(span);
    struct weft_heat_cell *cell =
        cell_add(run, span->start_time_unix_nano, duration, span->status_code == WEFT_STATUS_ERROR);
    if (!is_slowest(cell, duration)) return true;
    cell->trace_id = span->trace_id;
    cell->span_id = span->span_id;
    cell->duration_ns_max = duration;
    return true;
}

static bool vector_visit(void *arg, const struct weft_span_vector *vector)
{
    struct run *run = arg;
    const struct weft_span_codes *status = &vector->columns[run->status];
    struct weft_span_identity who;
    for (uint32_t i = 0; i < vector->count; i++) {
        uint64_t duration = vector->duration_ns[i];
        uint32_t code = status->codes[i];
        bool is_error = code > 0 && status->values[code - 1].int_value == WEFT_STATUS_ERROR;
        struct weft_heat_cell *cell =
            cell_add(run, vector->start_time_unix_nano[i], duration, is_error);
        if (!is_slowest(cell, duration)) continue;
        run->source->identify(run->source->self, vector, i, &who);
        cell->trace_id = who.trace_id;
        cell->span_id = who.span_id;
        cell->duration_ns_max = duration;
    }
    return true;
}

/* ---- the whole ---- */

static void run_begin(struct run *run, struct weft_arena *arena)
{
    const struct weft_heat_question *question = run->question;
    uint64_t length = question->walk.to_ns - question->walk.from_ns;
    run->out->step_ns = (length + question->columns - 1) / question->columns;
    run->columns_per_ns = 1 / (double)run->out->step_ns;
    run->grid = weft_arena_alloc_array(arena, (size_t)question->columns * WEFT_HEAT_ROWS,
                                       sizeof *run->grid);
    for (uint32_t i = 0; i < WEFT_HEAT_ROWS; i++) run->row_ns[i] = weft_heat_row_ns(i);
    for (uint32_t bits = 1; bits <= 64; bits++)
        run->first_row[bits] = (uint8_t)weft_heat_row_of(UINT64_C(1) << (bits - 1));
}

static int spans_count(struct run *run, struct weft_err *err)
{
    const struct weft_span_walk *walk = &run->question->walk;
    struct weft_span_columns columns = { 0 };
    struct weft_span_walk_columns by = { .columns = &columns, .vector = vector_visit };
    struct weft_trace_scan_result *found = &run->out->inspected;
    if (!weft_span_walk_has_columns(run->source, walk))
        return weft_span_walk(run->source, walk, visit, run, found, err);
    weft_span_columns_put(&columns, WEFT_FIELD_DURATION, WEFT_SCOPE_ANY, WEFT_S(""));
    run->status = weft_span_columns_put(&columns, WEFT_FIELD_STATUS, WEFT_SCOPE_ANY, WEFT_S(""));
    return weft_span_walk_by_columns(run->source, walk, &by, visit, run, found, err);
}

int weft_heat(const struct weft_source *source, const struct weft_heat_question *question,
              struct weft_heat *out, struct weft_arena *arena, struct weft_err *err)
{
    struct run run = { .source = source, .question = question, .out = out };
    size_t count = (size_t)question->columns * WEFT_HEAT_ROWS;
    *out = (struct weft_heat){ .start_ns = question->walk.from_ns };
    run_begin(&run, arena);
    int rc = spans_count(&run, err);
    out->cells = run.grid;
    for (size_t i = 0; i < count; i++) {
        if (run.grid[i].span_count == 0) continue;
        struct weft_heat_cell *cell = &out->cells[out->cell_count++];
        *cell = run.grid[i]; /* moves down, or stays */
        cell->column = (uint32_t)(i / WEFT_HEAT_ROWS);
        cell->row = (uint32_t)(i % WEFT_HEAT_ROWS);
        out->span_count += cell->span_count;
        out->error_count += cell->error_count;
    }
    return rc;
}
