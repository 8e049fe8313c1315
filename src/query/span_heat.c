/* span_heat.c -- counting into a grid (span_heat.h). */
#include "query/span_heat.h"

struct run {
    const struct weft_heat_question *question;
    struct weft_heat *out;
    struct weft_heat_cell *grid; /* row by row within a column */
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

static bool visit(void *arg, struct weft_trace_view *view, uint32_t number)
{
    struct run *run = arg;
    const struct weft_span *span = &view->batch->spans[number];
    uint64_t start = span->start_time_unix_nano, duration = weft_span_duration_ns(span);
    if (start < run->question->walk.from_ns || start >= run->question->walk.to_ns) return true;
    uint32_t column = (uint32_t)((start - run->out->start_ns) / run->out->step_ns);
    struct weft_heat_cell *cell =
        &run->grid[(size_t)column * WEFT_HEAT_ROWS + weft_heat_row_of(duration)];
    bool is_error = span->status_code == WEFT_STATUS_ERROR;
    if (cell->span_count == 0 || duration > cell->duration_ns_max) {
        cell->trace_id = span->trace_id;
        cell->span_id = span->span_id;
        cell->duration_ns_max = duration;
    }
    cell->span_count++;
    cell->error_count += is_error;
    run->out->span_count++;
    run->out->error_count += is_error;
    return true;
}

int weft_heat(const struct weft_source *source, const struct weft_heat_question *question,
              struct weft_heat *out, struct weft_arena *arena, struct weft_err *err)
{
    struct run run = { .question = question, .out = out };
    const struct weft_span_walk *walk = &question->walk;
    size_t count = (size_t)question->columns * WEFT_HEAT_ROWS;
    *out = (struct weft_heat){ .start_ns = walk->from_ns };
    out->step_ns = (walk->to_ns - walk->from_ns + question->columns - 1) / question->columns;
    run.grid = weft_arena_alloc_zero(arena, count * sizeof *run.grid);
    int rc = weft_span_walk(source, walk, visit, &run, &out->inspected, err);
    out->cells = run.grid;
    for (size_t i = 0; i < count; i++) {
        if (run.grid[i].span_count == 0) continue;
        struct weft_heat_cell *cell = &out->cells[out->cell_count++];
        *cell = run.grid[i]; /* moves down, or stays */
        cell->column = (uint32_t)(i / WEFT_HEAT_ROWS);
        cell->row = (uint32_t)(i % WEFT_HEAT_ROWS);
    }
    return rc;
}
