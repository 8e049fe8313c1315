/* block_rows.c -- an open row group: its sections, columns and runs, each checked when first
 * needed. */
#include "store/block_rest.h"
#include "store/codec_follow.h"
#include <inttypes.h>
#include <stdarg.h>

int weft_rows_corrupt(const struct weft_rows *rows, struct weft_err *err, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return weft_fail(err, WEFT_CORRUPT, "block %s: row group %u: %s", rows->block->path,
                     rows->number, text);
}

int weft_rows_section(struct weft_rows *rows, unsigned kind, const uint8_t **out, size_t *len,
                      struct weft_err *err)
{
    int rc;

    if (rows->bases[kind] == NULL) {
        rc = weft_block_bytes(rows->block, rows->entry->offset + rows->sections[kind].offset,
                              rows->sections[kind].bytes, "row group", &rows->bases[kind], err);
        if (rc < 0) {
            rows->bases[kind] = NULL;
            return rc;
        }
        rows->bytes_touched += rows->sections[kind].bytes;
    }
    *out = rows->bases[kind];
    *len = rows->sections[kind].bytes;
    return WEFT_OK;
}

/* A section that is `count` entries of `size`. */
static int array_section(struct weft_rows *rows, unsigned kind, uint64_t count, size_t size,
                         const uint8_t **out, struct weft_err *err)
{
    size_t len;
    int rc = weft_rows_section(rows, kind, out, &len, err);

    if (rc == WEFT_OK && len != count * size)
        return weft_rows_corrupt(rows, err, "section %u has %zu bytes, %" PRIu64 " expected", kind,
                                 len, count * size);
    return rc;
}

static int paged_section(struct weft_rows *rows, unsigned kind, uint32_t count,
                         struct weft_paged *out, struct weft_err *err)
{
    const uint8_t *bytes;
    size_t len, used;
    int rc = weft_rows_section(rows, kind, &bytes, &len, err);

    if (rc == WEFT_OK && !weft_paged_open(out, bytes, len, count, &used))
        return weft_rows_corrupt(rows, err, "section %u is no column of %u numbers", kind, count);
    return rc;
}

/* A column of all rows, which may be told from the row before. */
static int row_column(struct weft_rows *rows, unsigned kind, struct weft_paged *out,
                      struct weft_err *err)
{
    const uint8_t *bytes;
    size_t len, used;
    int rc = weft_rows_section(rows, kind, &bytes, &len, err);

    if (rc == WEFT_OK && !weft_follow_open(out, bytes, len, rows->span_count, &used))
        return weft_rows_corrupt(rows, err, "section %u is no column of %u rows", kind,
                                 rows->span_count);
    return rc;
}

static int contents_read(struct weft_rows *rows, struct weft_err *err)
{
    const uint8_t *h;
    int rc = weft_block_bytes(rows->block, rows->entry->offset, 8, "row group", &h, err);

    if (rc < 0) return rc;
    uint32_t count = weft_load_u32(h + 4);
    if (rows->entry->bytes < 8 || weft_load_u32(h) != WEFT_ROWS_MAGIC || count > 1024 ||
        WEFT_ROWS_HEADER_BYTES(count) > rows->entry->bytes)
        return weft_rows_corrupt(rows, err, "no row group header");
    if ((rc = weft_block_bytes(rows->block, rows->entry->offset, WEFT_ROWS_HEADER_BYTES(count),
                               "row group", &h, err)) < 0)
        return rc;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *e = h + WEFT_ROWS_HEADER_BYTES(i);
        unsigned kind = weft_load_u16(e), flags = weft_load_u16(e + 2);
        uint32_t offset = weft_load_u32(e + 4), bytes = weft_load_u32(e + 8);
        if (kind == 0 || kind >= WEFT_ROWS_SECTION_LIMIT) {
            if (!(flags & WEFT_BLOCK_SECTION_REQUIRED)) continue;
            return weft_fail(err, WEFT_UNSUPPORTED,
                             "block %s: row group %u: section of kind %u is required and not known "
                             "to this version",
                             rows->block->path, rows->number, kind);
        }
        if (offset == 0 || offset > rows->entry->bytes || bytes > rows->entry->bytes - offset ||
            offset % 8 != 0)
            return weft_rows_corrupt(rows, err, "section %u lies outside of it", kind);
        rows->sections[kind].offset = offset;
        rows->sections[kind].bytes = bytes;
    }
    for (unsigned kind = 1; kind < WEFT_ROWS_REST_KEYS; kind++)
        if (rows->sections[kind].offset == 0)
            return weft_rows_corrupt(rows, err, "section %u is missing", kind);
    return WEFT_OK;
}

int weft_rows_open(struct weft_rows *rows, struct weft_block *block, uint32_t number,
                   struct weft_arena *arena, struct weft_err *err)
{
    memset(rows, 0, sizeof *rows);
    rows->block = block;
    rows->entry = &block->rows[number];
    rows->number = number;
    rows->span_count = rows->entry->span_count;
    rows->trace_count = rows->entry->trace_count;
    rows->arena = rows->temporary = arena;
    return contents_read(rows, err);
}

/* ---- traces ---- */

static int trace_ranks_check(struct weft_rows *rows, struct weft_err *err)
{
    _Atomic bool *is_checked = &rows->block->traces_checked[rows->number];
    uint64_t counts[WEFT_TRACE_RANK_ROWS], sum = 0;

    if (atomic_load_explicit(is_checked, memory_order_relaxed)) return WEFT_OK;
    for (uint32_t t = 0; t < rows->trace_count; t += WEFT_TRACE_RANK_ROWS) {
        uint32_t n = rows->trace_count - t < WEFT_TRACE_RANK_ROWS ? rows->trace_count - t
                                                                  : WEFT_TRACE_RANK_ROWS;
        if (weft_load_u32(rows->trace_ranks + (size_t)t / WEFT_TRACE_RANK_ROWS * 4) != sum)
            return weft_rows_corrupt(rows, err, "first rows of traces do not add up at trace %u",
                                     t);
        weft_paged_read(&rows->trace_spans, t, n, counts);
        for (uint32_t i = 0; i < n; i++) {
            if (counts[i] == 0 || counts[i] > rows->span_count)
                return weft_rows_corrupt(rows, err, "trace %u has %" PRIu64 " spans", t + i,
                                         counts[i]);
            sum += counts[i];
        }
    }
    if (sum != rows->span_count)
        return weft_rows_corrupt(rows, err, "spans of its traces do not add up to %u",
                                 rows->span_count);
    atomic_store_explicit(is_checked, true, memory_order_relaxed);
    return WEFT_OK;
}

int weft_rows_load_traces(struct weft_rows *rows, struct weft_err *err)
{
    uint32_t n = rows->trace_count;
    int rc;

    if (rows->has_traces) return WEFT_OK;
    if ((rc = paged_section(rows, WEFT_ROWS_TRACE_PREFIX, n, &rows->prefix, err)) < 0 ||
        (rc = array_section(rows, WEFT_ROWS_TRACE_REST, n, 8, &rows->rest, err)) < 0 ||
        (rc = paged_section(rows, WEFT_ROWS_TRACE_SPANS, n, &rows->trace_spans, err)) < 0 ||
        (rc = array_section(rows, WEFT_ROWS_TRACE_RANK,
                            (n + WEFT_TRACE_RANK_ROWS - 1) / WEFT_TRACE_RANK_ROWS, 4,
                            &rows->trace_ranks, err)) < 0 ||
        (rc = paged_section(rows, WEFT_ROWS_TRACE_START, n, &rows->trace_start, err)) < 0 ||
        (rc = trace_ranks_check(rows, err)) < 0)
        return rc;
    rows->has_traces = true;
    return WEFT_OK;
}

int weft_rows_trace_excess(struct weft_rows *rows, struct weft_paged *out, struct weft_err *err)
{
    return paged_section(rows, WEFT_ROWS_TRACE_EXCESS, rows->trace_count, out, err);
}

uint32_t weft_rows_trace_first(const struct weft_rows *rows, uint32_t trace)
{
    uint32_t page = trace / WEFT_TRACE_RANK_ROWS,
             first = weft_load_u32(rows->trace_ranks + (size_t)page * 4);
    uint64_t counts[WEFT_TRACE_RANK_ROWS];

    weft_paged_read(&rows->trace_spans, page * WEFT_TRACE_RANK_ROWS, trace % WEFT_TRACE_RANK_ROWS,
                    counts);
    for (uint32_t i = 0; i < trace % WEFT_TRACE_RANK_ROWS; i++) first += (uint32_t)counts[i];
    return first;
}

void weft_rows_trace_id(const struct weft_rows *rows, uint32_t trace, struct weft_trace_id *out)
{
    weft_store_u64_be(out->bytes, weft_paged_get(&rows->prefix, trace));
    memcpy(out->bytes + 8, rows->rest + (size_t)trace * 8, 8);
}

uint32_t weft_rows_trace_lower(const struct weft_rows *rows, const struct weft_trace_id *id)
{
    uint32_t low = 0, high = rows->trace_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        struct weft_trace_id at;
        weft_rows_trace_id(rows, middle, &at);
        if (memcmp(&at, id, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- groups ---- */

static int groups_read(struct weft_rows *rows, const uint8_t *bytes, struct weft_err *err)
{
    uint64_t spans = 0, runs = 0;

    rows->groups = weft_arena_alloc_array(rows->arena, rows->group_count + 1, sizeof *rows->groups);
    for (uint32_t g = 0; g < rows->group_count; g++) {
        const uint8_t *e = bytes + (size_t)g * WEFT_GROUP_ENTRY_BYTES;
        struct weft_rows_group *group = &rows->groups[g];
        *group =
            (struct weft_rows_group){ .rows = weft_load_u32(e),
                                      .first_run = weft_load_u32(e + 4),
                                      .run_count = weft_load_u32(e + 8),
                                      .is_pool = weft_load_u32(e + 12) & WEFT_GROUP_POOL,
                                      .offsets = { weft_load_u32(e + 16), weft_load_u32(e + 20),
                                                   weft_load_u32(e + 24) },
                                      .name = weft_load_u32(e + 28) };
        if (group->first_run != runs || group->rows == 0)
            return weft_rows_corrupt(rows, err, "group %u is out of order or empty", g);
        spans += group->rows;
        runs += group->run_count;
    }
    if (spans != rows->span_count || runs != rows->run_count)
        return weft_rows_corrupt(rows, err, "rows or runs of its groups do not add up");
    return WEFT_OK;
}

static int run_keys_check(const struct weft_rows *rows, struct weft_err *err)
{
    for (uint32_t i = 0; i <= rows->run_key_count; i++) {
        const uint8_t *e = rows->run_keys + (size_t)i * 8;
        uint32_t first = weft_load_u32(e + 4);
        if (i == 0 ? first != 0
                   : weft_load_u32(e - 8) >= weft_load_u32(e) || weft_load_u32(e - 4) >= first)
            return weft_rows_corrupt(rows, err, "keys of its runs are out of order");
        if (i == rows->run_key_count && first != rows->run_count)
            return weft_rows_corrupt(rows, err, "keys do not cover all runs");
    }
    return WEFT_OK;
}

static int local_keys_open(struct weft_rows *rows, struct weft_err *err)
{
    struct weft_block_list *list = &rows->local_keys;
    const uint8_t *p;
    size_t len;
    uint32_t before = 0;
    int rc = weft_rows_section(rows, WEFT_ROWS_LOCAL_KEYS, &p, &len, err);

    if (rc < 0 || len == 0) return rc;
    if (len < 8 || (len - 8) / 4 < weft_load_u32(p))
        return weft_rows_corrupt(rows, err, "local keys are too short");
    list->count = weft_load_u32(p);
    list->ends = p + 8;
    list->bytes = list->ends + (size_t)list->count * 4;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t end = weft_load_u32(list->ends + (size_t)i * 4);
        if (end < before || end > len - 8 - (size_t)list->count * 4)
            return weft_rows_corrupt(rows, err, "local key %u is out of bounds", i);
        before = end;
    }
    return WEFT_OK;
}

int weft_rows_load_directory(struct weft_rows *rows, struct weft_err *err)
{
    int rc;

    if (rows->has_directory) return WEFT_OK;
    rows->group_count = rows->sections[WEFT_ROWS_GROUPS].bytes / WEFT_GROUP_ENTRY_BYTES;
    rows->run_key_count = rows->sections[WEFT_ROWS_RUN_KEYS].bytes / 8;
    if (rows->group_count == 0 || rows->group_count > 65535 || rows->run_key_count == 0)
        return weft_rows_corrupt(rows, err, "%u groups, %u keys", rows->group_count,
                                 rows->run_key_count);
    rows->run_key_count--;
    if ((rc = weft_rows_runs_open(rows, err)) < 0 ||
        (rc = array_section(rows, WEFT_ROWS_RUN_KEYS, rows->run_key_count + 1, 8, &rows->run_keys,
                            err)) < 0 ||
        (rc = run_keys_check(rows, err)) < 0 || (rc = local_keys_open(rows, err)) < 0 ||
        (rc = weft_rest_keys_open(rows, err)) < 0)
        return rc;
    rows->has_directory = true;
    return WEFT_OK;
}

int weft_rows_load_groups(struct weft_rows *rows, struct weft_err *err)
{
    const uint8_t *bytes;
    int rc;

    if (rows->groups != NULL) return WEFT_OK;
    if ((rc = weft_rows_load_directory(rows, err)) < 0) return rc;
    uint64_t checkpoints = (rows->span_count + WEFT_RANK_ROWS - 1) / WEFT_RANK_ROWS;
    if ((rc = array_section(rows, WEFT_ROWS_GROUPS, rows->group_count, WEFT_GROUP_ENTRY_BYTES,
                            &bytes, err)) < 0 ||
        (rc = array_section(rows, WEFT_ROWS_RANKS, checkpoints * rows->group_count, 2, &rows->ranks,
                            err)) < 0 ||
        (rc = row_column(rows, WEFT_ROWS_GROUP, &rows->group, err)) < 0)
        return rc;
    rows->open_runs =
        weft_arena_alloc_array(rows->arena, rows->run_count + 1, sizeof *rows->open_runs);
    struct weft_rows_group *none = rows->groups;
    if ((rc = groups_read(rows, bytes, err)) < 0 || (rc = weft_rows_starts_give(rows, err)) < 0)
        rows->groups = none;
    return rc;
}

/* Bytes of the data section from `offset` on, without checking pages: the length is not known
 * yet. */
static const uint8_t *data_at(const struct weft_rows *rows, uint32_t offset, size_t *len)
{
    *len = 0;
    if (offset > rows->sections[WEFT_ROWS_DATA].bytes || offset % 8 != 0) return NULL;
    *len = rows->sections[WEFT_ROWS_DATA].bytes - offset;
    return rows->block->map + rows->entry->offset + rows->sections[WEFT_ROWS_DATA].offset + offset;
}

/* What was found to be `used` bytes at `p` is checked; headers read before are inside, so a wrong
 * one shows here. */
static int data_check(struct weft_rows *rows, const uint8_t *p, size_t used, struct weft_err *err)
{
    const uint8_t *same;
    rows->bytes_touched += used;
    return weft_block_bytes(rows->block, (uint64_t)(p - rows->block->map), used, "row group data",
                            &same, err);
}

/* Check the page a header lies on before believing the header. */
static int data_peek(struct weft_rows *rows, uint32_t offset, size_t want, const uint8_t **p,
                     size_t *len, struct weft_err *err)
{
    const uint8_t *same;

    *p = data_at(rows, offset, len);
    if (*p == NULL) return weft_rows_corrupt(rows, err, "data offset %u is out of bounds", offset);
    return weft_block_bytes(rows->block, (uint64_t)(*p - rows->block->map),
                            want < *len ? want : *len, "row group data", &same, err);
}

static int group_column(struct weft_rows *rows, uint32_t offset, uint32_t count,
                        struct weft_paged *out, struct weft_err *err)
{
    const uint8_t *p;
    size_t len, used;
    int rc = data_peek(rows, offset, 24 + count / WEFT_PAGED_ROWS * 9 + 32, &p, &len, err);

    if (rc < 0) return rc;
    if (!weft_paged_open(out, p, len, count, &used))
        return weft_rows_corrupt(rows, err, "column of a group at %u is malformed", offset);
    return data_check(rows, p, used, err);
}

int weft_rows_load_group_columns(struct weft_rows *rows, uint32_t g, struct weft_err *err)
{
    struct weft_rows_group *group = &rows->groups[g];
    int rc;

    if (group->has_columns) return WEFT_OK;
    if ((rc = group_column(rows, group->offsets[0], group->rows, &group->heads, err)) < 0 ||
        (rc = group_column(rows, group->offsets[1], group->rows, &group->starts, err)) < 0 ||
        (rc = group_column(rows, group->offsets[2], group->rows, &group->durations, err)) < 0)
        return rc;
    group->has_columns = true;
    return WEFT_OK;
}

int weft_rows_load_tree(struct weft_rows *rows, struct weft_err *err)
{
    const uint8_t *p;
    size_t len;
    int rc;

    if (rows->has_tree) return WEFT_OK;
    if ((rc = array_section(rows, WEFT_ROWS_SPAN_ID, rows->span_count, 8, &rows->span_ids, err)) <
            0 ||
        (rc = row_column(rows, WEFT_ROWS_DEPTH, &rows->depth, err)) < 0 ||
        (rc = row_column(rows, WEFT_ROWS_STATUS, &rows->status, err)) < 0 ||
        (rc = weft_rows_section(rows, WEFT_ROWS_PARENTS, &p, &len, err)) < 0)
        return rc;
    uint64_t n = len >= 4 ? weft_load_u32(p) : UINT32_MAX, ids = 4 + (n * 2 + 3) / 4 * 4;
    if (n > rows->span_count || len != ids + n * 8)
        return weft_rows_corrupt(rows, err, "list of parents has %zu bytes", len);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = weft_load_u16(p + 4 + (size_t)i * 2);
        if (row >= rows->span_count || (i > 0 && row <= weft_load_u16(p + 2 + (size_t)i * 2)))
            return weft_rows_corrupt(rows, err, "list of parents is out of order");
    }
    if ((rc = weft_rows_starts_give(rows, err)) < 0) return rc;
    rows->parent_count = (uint32_t)n;
    rows->parent_rows = p + 4;
    rows->parent_ids = p + ids;
    rows->has_tree = true;
    return WEFT_OK;
}

bool weft_rows_orphan_parent(const struct weft_rows *rows, uint32_t row, uint64_t *parent)
{
    uint32_t low = 0, high = rows->parent_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u16(rows->parent_rows + (size_t)middle * 2) < row)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == rows->parent_count || weft_load_u16(rows->parent_rows + (size_t)low * 2) != row)
        return false;
    *parent = weft_load_u64(rows->parent_ids + (size_t)low * 8);
    return true;
}

/* ---- where rows are ---- */

int weft_rows_load_group_numbers(struct weft_rows *rows, struct weft_err *err)
{
    if (rows->group_numbers != NULL) return WEFT_OK;
    uint16_t *numbers = weft_arena_alloc(rows->arena, (size_t)rows->span_count * sizeof *numbers);
    if (!weft_paged_read_u16(&rows->group, 0, rows->span_count, numbers))
        return weft_rows_corrupt(rows, err, "a group number is out of range");
    rows->group_numbers = numbers;
    return WEFT_OK;
}

int weft_rows_places(struct weft_rows *rows, uint32_t from, uint32_t n, uint16_t *group,
                     uint16_t *index, struct weft_err *err)
{
    uint32_t page = from / WEFT_RANK_ROWS, at = page * WEFT_RANK_ROWS;
    uint64_t groups[WEFT_FOLLOW_ROWS];

    if (rows->group_of != NULL) {
        memcpy(group, rows->group_of + from, (size_t)n * sizeof *group);
        memcpy(index, rows->index_of + from, (size_t)n * sizeof *index);
        return WEFT_OK;
    }
    uint32_t *counts = weft_arena_alloc(rows->temporary, rows->group_count * sizeof *counts);
    for (uint32_t g = 0; g < rows->group_count; g++)
        counts[g] = weft_load_u16(rows->ranks + ((size_t)page * rows->group_count + g) * 2);
    while (at < from + n) {
        uint32_t take = from + n - at < WEFT_FOLLOW_ROWS ? from + n - at : WEFT_FOLLOW_ROWS;
        weft_paged_read(&rows->group, at, take, groups);
        for (uint32_t i = 0; i < take; i++, at++) {
            if (groups[i] >= rows->group_count || counts[groups[i]] >= rows->groups[groups[i]].rows)
                return weft_rows_corrupt(rows, err, "row %u: group %" PRIu64 " has no such row", at,
                                         groups[i]);
            uint32_t place = counts[groups[i]]++;
            if (at < from) continue;
            group[at - from] = (uint16_t)groups[i];
            index[at - from] = (uint16_t)place;
        }
    }
    return WEFT_OK;
}

int weft_rows_load_places(struct weft_rows *rows, struct weft_err *err)
{
    int rc;

    if (rows->group_of != NULL) return WEFT_OK;
    if ((rc = weft_rows_load_groups(rows, err)) < 0) return rc;
    uint16_t *group_of = weft_arena_alloc(rows->arena, (size_t)rows->span_count * 4),
             *index_of = group_of + rows->span_count;
    if ((rc = weft_rows_places(rows, 0, rows->span_count, group_of, index_of, err)) < 0) return rc;
    rows->group_of = group_of;
    rows->index_of = index_of;
    return WEFT_OK;
}

/* ---- keys and runs ---- */

bool weft_rows_find_runs(const struct weft_rows *rows, uint32_t code, uint32_t *first,
                         uint32_t *end)
{
    uint32_t low = 0, high = rows->run_key_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(rows->run_keys + (size_t)middle * 8) < code)
            low = middle + 1;
        else
            high = middle;
    }
    const uint8_t *e = rows->run_keys + (size_t)low * 8;
    if (low == rows->run_key_count || weft_load_u32(e) != code) return false;
    *first = weft_load_u32(e + 4);
    *end = weft_load_u32(e + 12);
    return true;
}

int weft_rows_local_key(struct weft_rows *rows, uint32_t number, struct weft_str *out,
                        struct weft_err *err)
{
    const struct weft_block_list *list = &rows->local_keys;

    if (number >= list->count)
        return weft_rows_corrupt(rows, err, "key %u is not in its %u local keys", number,
                                 list->count);
    uint32_t from = number == 0 ? 0 : weft_load_u32(list->ends + (size_t)number * 4 - 4);
    *out = weft_str_make((const char *)list->bytes + from,
                         weft_load_u32(list->ends + (size_t)number * 4) - from);
    return WEFT_OK;
}

bool weft_rows_find_local_key(struct weft_rows *rows, struct weft_str key, uint32_t *number,
                              struct weft_err *err)
{
    struct weft_str name;

    for (uint32_t i = 0; i < rows->local_keys.count; i++) {
        if (weft_rows_local_key(rows, i, &name, err) == WEFT_OK && weft_str_equal(name, key)) {
            *number = i;
            return true;
        }
    }
    return false;
}

uint32_t weft_rows_run_code(const struct weft_rows *rows, uint32_t number)
{
    uint32_t low = 0, high = rows->run_key_count;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(rows->run_keys + (size_t)middle * 8 + 4) <= number)
            low = middle;
        else
            high = middle;
    }
    return weft_load_u32(rows->run_keys + (size_t)low * 8);
}

int weft_run_open(struct weft_rows *rows, struct weft_run *run, uint32_t number, const uint8_t *p,
                  size_t len, size_t *used, struct weft_err *err);

int weft_rows_run(struct weft_rows *rows, uint32_t number, struct weft_run **out,
                  struct weft_err *err)
{
    const uint8_t *p;
    size_t len, used;
    int rc;

    if (number >= rows->run_count)
        return weft_rows_corrupt(rows, err, "run %u of %u", number, rows->run_count);
    if ((*out = rows->open_runs[number]) != NULL) return WEFT_OK;
    struct weft_run_entry e;
    weft_rows_run_entry(rows, number, &e);
    if (e.group >= rows->group_count)
        return weft_rows_corrupt(rows, err, "run %u belongs to group %u, which is not there",
                                 number, e.group);
    struct weft_run *run = weft_arena_alloc_zero(rows->arena, sizeof *run);
    run->code = weft_rows_run_code(rows, number);
    run->base = e.base;
    run->range = e.range;
    run->group = (uint16_t)e.group;
    run->encoding = e.encoding;
    run->bits = e.bits;
    uint32_t pseudo = run->code >> 3;
    if (pseudo < WEFT_PSEUDO_KEYS &&
        (pseudo >= WEFT_PSEUDO_COUNT || weft_pseudo_type(pseudo) != (run->code & 7)))
        return weft_rows_corrupt(rows, err, "run %u has the unknown key code %u", number,
                                 run->code);
    /* The directory at the payload's start tells how long it is: check generously, then exactly. */
    if ((rc = data_peek(rows, e.offset, 64, &p, &len, err)) < 0 ||
        (rc = weft_run_open(rows, run, number, p, len, &used, err)) < 0 ||
        (rc = data_check(rows, p, used, err)) < 0)
        return rc;
    *out = rows->open_runs[number] = run;
    return WEFT_OK;
}
