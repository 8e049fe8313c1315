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
    if (rows->run_columns == NULL) {
        for (uint32_t r = 0; r < rows->run_count; r++)
            rows->run_groups[r] = weft_load_u16(bytes + (size_t)r * WEFT_RUN_ENTRY_BYTES + 12);
    } else if (!weft_paged_read_u16(&rows->run_columns[WEFT_RUN_FIELD_GROUP], 0, rows->run_count,
                                    rows->run_groups)) {
        return weft_rows_corrupt(rows, err, "directory of runs names groups beyond 65,535");
    }
    return WEFT_OK;
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
        rows->run_groups[number],
        (uint8_t)weft_paged_get(&c[WEFT_RUN_FIELD_ENCODING], number),
        (uint8_t)weft_paged_get(&c[WEFT_RUN_FIELD_BITS], number),
    };
}
