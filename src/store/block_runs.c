/* block_runs.c -- the directory of a row group's runs: entries as they are, or field by field as
 * paged columns. */
#include "store/block_internal.h"

static int columns_open(struct weft_rows *rows, const uint8_t *bytes, size_t len,
                        struct weft_err *err)
{
    size_t at = 8, used = 0;

    rows->run_count = weft_load_u32(bytes + 4);
    if (rows->run_count > WEFT_RUN_COLUMNS_MAX)
        return weft_rows_corrupt(rows, err, "%u runs in columns, at most %u", rows->run_count,
                                 WEFT_RUN_COLUMNS_MAX);
    rows->run_columns =
        weft_arena_alloc_array(rows->arena, WEFT_RUN_FIELDS, sizeof *rows->run_columns);
    for (unsigned i = 0; i < WEFT_RUN_FIELDS; i++, at += used)
        if (!weft_paged_open(&rows->run_columns[i], bytes + at, len - at, rows->run_count, &used))
            return weft_rows_corrupt(rows, err, "directory of runs: field %u is malformed", i);
    if (at != len)
        return weft_rows_corrupt(rows, err, "directory of runs has %zu bytes, %zu expected", len,
                                 at);
    return WEFT_OK;
}

int weft_rows_runs_open(struct weft_rows *rows, struct weft_err *err)
{
    const uint8_t *bytes;
    size_t len;
    int rc = weft_rows_section(rows, WEFT_ROWS_RUNS, &bytes, &len, err);

    if (rc < 0) return rc;
    if (len >= 8 && weft_load_u32(bytes) == WEFT_RUN_COLUMNS) {
        if ((rc = columns_open(rows, bytes, len, err)) < 0) return rc;
    } else if (len % WEFT_RUN_ENTRY_BYTES == 0) {
        rows->runs = bytes;
        rows->run_count = (uint32_t)(len / WEFT_RUN_ENTRY_BYTES);
    } else {
        return weft_rows_corrupt(rows, err, "directory of runs has %zu bytes", len);
    }
    rows->run_groups = weft_arena_alloc(rows->arena, ((size_t)rows->run_count + 1) * 2);
    rows->has_run_groups =
        weft_arena_alloc_array(rows->arena, rows->run_count / WEFT_PAGED_ROWS / 64 + 1, 8);
    return WEFT_OK;
}

static bool page_read(struct weft_rows *rows, uint32_t first, uint32_t n)
{
    if (rows->run_columns != NULL)
        return weft_paged_read_u16(&rows->run_columns[WEFT_RUN_FIELD_GROUP], first, n,
                                   rows->run_groups + first);
    for (uint32_t r = first; r < first + n; r++)
        rows->run_groups[r] = weft_load_u16(rows->runs + (size_t)r * WEFT_RUN_ENTRY_BYTES + 12);
    return true;
}

int weft_rows_run_groups(struct weft_rows *rows, uint32_t first, uint32_t end, struct weft_err *err)
{
    for (uint32_t at = first / WEFT_PAGED_ROWS * WEFT_PAGED_ROWS; at < end; at += WEFT_PAGED_ROWS) {
        uint32_t page = at / WEFT_PAGED_ROWS, n = rows->run_count - at < WEFT_PAGED_ROWS
                                                      ? rows->run_count - at
                                                      : WEFT_PAGED_ROWS;
        if (rows->has_run_groups[page / 64] >> page % 64 & 1) continue;
        if (!page_read(rows, at, n))
            return weft_rows_corrupt(rows, err, "directory of runs names groups beyond 65,535");
        rows->has_run_groups[page / 64] |= UINT64_C(1) << page % 64;
    }
    return WEFT_OK;
}

/* The first of the runs from .. end - 1 that is of group g or a later one. */
static uint32_t group_lower(const struct weft_rows *rows, uint32_t from, uint32_t end, uint32_t g)
{
    while (from < end) {
        uint32_t middle = (from + end) / 2;
        if (rows->run_groups[middle] < g)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

int weft_rows_find_group_runs(struct weft_rows *rows, uint32_t code, uint32_t g, uint32_t *first,
                              uint32_t *end, struct weft_err *err)
{
    int rc;

    *first = *end = 0;
    if (!weft_rows_find_runs(rows, code, first, end)) return WEFT_OK;
    if ((rc = weft_rows_run_groups(rows, *first, *end, err)) < 0) return rc;
    uint32_t last = *end;
    *end = *first = group_lower(rows, *first, last, g);
    while (*end < last && rows->run_groups[*end] == g) ++*end;
    return WEFT_OK;
}

/* Runs stand by key; every group's own, in canonical key order, are found by dealing them out. */
int weft_rows_deal_runs(struct weft_rows *rows, struct weft_err *err)
{
    int rc;

    if (rows->group_runs != NULL) return WEFT_OK;
    if ((rc = weft_rows_run_groups(rows, 0, rows->run_count, err)) < 0) return rc;
    uint32_t *filled =
        weft_arena_alloc_array(rows->arena, (size_t)rows->group_count + 1, sizeof *filled);
    uint32_t *dealt = weft_arena_alloc(rows->arena, ((size_t)rows->run_count + 1) * sizeof *dealt);
    for (uint32_t r = 0; r < rows->run_count; r++) {
        uint32_t g = rows->run_groups[r];
        if (g >= rows->group_count || filled[g] == rows->groups[g].run_count)
            return weft_rows_corrupt(rows, err, "run %u belongs to group %u, which has no such run",
                                     r, g);
        dealt[rows->groups[g].first_run + filled[g]++] = r;
    }
    rows->group_runs = dealt;
    return WEFT_OK;
}

static uint32_t group_of(const struct weft_rows *rows, uint32_t number)
{
    uint32_t page = number / WEFT_PAGED_ROWS;

    if (rows->has_run_groups[page / 64] >> page % 64 & 1) return rows->run_groups[number];
    if (rows->runs != NULL)
        return weft_load_u16(rows->runs + (size_t)number * WEFT_RUN_ENTRY_BYTES + 12);
    return (uint32_t)weft_paged_get(&rows->run_columns[WEFT_RUN_FIELD_GROUP], number);
}

bool weft_rows_run_is(const struct weft_rows *rows, uint32_t number, uint32_t group,
                      uint8_t *encoding)
{
    *encoding = rows->runs != NULL
                    ? rows->runs[(size_t)number * WEFT_RUN_ENTRY_BYTES + 14]
                    : (uint8_t)weft_paged_get(&rows->run_columns[WEFT_RUN_FIELD_ENCODING], number);
    return group_of(rows, number) == group;
}

void weft_rows_run_entry(const struct weft_rows *rows, uint32_t number, struct weft_run_entry *out)
{
    const struct weft_paged *c = rows->run_columns;

    if (c == NULL) {
        const uint8_t *e = rows->runs + (size_t)number * WEFT_RUN_ENTRY_BYTES;
        *out = (struct weft_run_entry){ weft_load_u32(e),
                                        weft_load_u32(e + 4),
                                        weft_load_u32(e + 8),
                                        weft_load_u16(e + 12),
                                        e[14],
                                        e[15] };
        return;
    }
    *out = (struct weft_run_entry){
        (uint32_t)weft_paged_get(&c[WEFT_RUN_FIELD_OFFSET], number),
        (uint32_t)weft_paged_get(&c[WEFT_RUN_FIELD_BASE], number),
        (uint32_t)weft_paged_get(&c[WEFT_RUN_FIELD_RANGE], number),
        group_of(rows, number),
        (uint8_t)weft_paged_get(&c[WEFT_RUN_FIELD_ENCODING], number),
        (uint8_t)weft_paged_get(&c[WEFT_RUN_FIELD_BITS], number),
    };
}
