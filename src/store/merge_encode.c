/* merge_encode.c -- a row group's rows and columns to bytes, into the file, with its entry in
 * the directory. */
#include "base/alloc.h"
#include "store/codec_follow.h"
#include "store/merge_internal.h"

/* The row group as it is put together. */
struct build {
    struct merge *m;
    struct weft_buf *out;
    uint32_t *run_order;
    uint64_t *starts; /* a bit per row: first of its trace */
    size_t header;    /* place of the next section entry */
    size_t section;   /* start of the section at hand */
    uint64_t start_min, start_max, duration_max;
    uint32_t errors;
};

static void section_begin(struct build *b)
{
    weft_buf_pad8(b->out);
    b->section = b->out->len;
}

static void section_end_len(struct build *b, unsigned kind, size_t len)
{
    char *e = b->out->data + b->header;
    weft_store_u16(e, (uint16_t)kind);
    weft_store_u16(e + 2, WEFT_BLOCK_SECTION_REQUIRED);
    weft_store_u32(e + 4, (uint32_t)b->section);
    weft_store_u32(e + 8, (uint32_t)len);
    b->header += 12;
}

static void section_end(struct build *b, unsigned kind)
{
    section_end_len(b, kind, b->out->len - b->section);
}

static const struct merge_row *row_out(const struct merge *m, uint32_t out)
{
    return &m->rows[m->order[out]];
}

static uint64_t duration_of(const struct merge_row *row)
{
    return row->start + row->length >= row->start ? row->length : 0;
}

/* ---- traces ---- */

static void paged(struct build *b, unsigned kind, uint32_t count, bool find_divisor)
{
    section_begin(b);
    weft_paged_encode(b->out, b->m->numbers, count, find_divisor);
    section_end(b, kind);
}

static void trace_ids(struct build *b)
{
    struct merge *m = b->m;

    for (uint32_t t = 0; t < m->trace_count; t++)
        m->numbers[t] = weft_load_u64_be(m->rows[m->traces[t].first].trace_id);
    paged(b, WEFT_ROWS_TRACE_PREFIX, m->trace_count, false);
    section_begin(b);
    for (uint32_t t = 0; t < m->trace_count; t++)
        weft_buf_append(b->out, m->rows[m->traces[t].first].trace_id + 8, 8);
    section_end(b, WEFT_ROWS_TRACE_REST);
}

static void trace_rows(struct build *b)
{
    struct merge *m = b->m;

    for (uint32_t t = 0; t < m->trace_count; t++) m->numbers[t] = m->traces[t].out_rows;
    paged(b, WEFT_ROWS_TRACE_SPANS, m->trace_count, false);
    section_begin(b);
    for (uint32_t t = 0; t < m->trace_count; t += WEFT_TRACE_RANK_ROWS)
        weft_buf_append(b->out, &m->traces[t].out_first, 4);
    section_end(b, WEFT_ROWS_TRACE_RANK);
}

static void trace_times(struct build *b)
{
    struct merge *m = b->m;
    uint64_t *excess = weft_arena_alloc(&m->scratch, (size_t)m->trace_count * 16),
             *errors = excess + m->trace_count;

    for (uint32_t t = 0; t < m->trace_count; t++) {
        const struct merge_trace *trace = &m->traces[t];
        uint64_t start = UINT64_MAX, end = 0, failed = 0;
        for (uint32_t i = trace->out_first; i < trace->out_first + trace->out_rows; i++) {
            const struct merge_row *row = row_out(m, i);
            uint64_t duration = duration_of(row);
            start = row->start < start ? row->start : start;
            end = row->start + duration > end ? row->start + duration : end;
            b->start_max = row->start > b->start_max ? row->start : b->start_max;
            b->duration_max = duration > b->duration_max ? duration : b->duration_max;
            failed += (row->flags & WEFT_ROW_STATUS_MASK) == WEFT_STATUS_ERROR;
        }
        m->numbers[t] = start;
        excess[t] = end - start - duration_of(row_out(m, trace->out_first));
        errors[t] = failed;
        b->start_min = start < b->start_min ? start : b->start_min;
        b->errors += (uint32_t)failed;
    }
    paged(b, WEFT_ROWS_TRACE_START, m->trace_count, true);
    memcpy(m->numbers, excess, (size_t)m->trace_count * 8);
    paged(b, WEFT_ROWS_TRACE_EXCESS, m->trace_count, true);
    memcpy(m->numbers, errors, (size_t)m->trace_count * 8);
    paged(b, WEFT_ROWS_TRACE_ERRORS, m->trace_count, false);
}

/* ---- rows ---- */

static void starts_find(struct build *b)
{
    struct merge *m = b->m;

    b->starts = weft_arena_alloc_array(&m->scratch, m->out_count / 64 + 1, 8);
    for (uint32_t t = 0; t < m->trace_count; t++) {
        uint32_t row = m->traces[t].out_first;
        b->starts[row / 64] |= UINT64_C(1) << row % 64;
    }
}

static void row_column(struct build *b, unsigned kind)
{
    section_begin(b);
    weft_follow_encode(b->out, b->m->numbers, b->m->out_count, false, b->starts);
    section_end(b, kind);
}

static void span_ids(struct build *b)
{
    struct merge *m = b->m;

    section_begin(b);
    char *to = weft_buf_reserve(b->out, (size_t)m->out_count * 8);
    for (uint32_t i = 0; i < m->out_count; i++)
        weft_store_u64(to + (size_t)i * 8, row_out(m, i)->span_id);
    b->out->len += (size_t)m->out_count * 8;
    section_end(b, WEFT_ROWS_SPAN_ID);
}

static void row_columns(struct build *b)
{
    struct merge *m = b->m;

    starts_find(b);
    for (uint32_t i = 0; i < m->out_count; i++) m->numbers[i] = row_out(m, i)->depth;
    row_column(b, WEFT_ROWS_DEPTH);
    for (uint32_t i = 0; i < m->out_count; i++) m->numbers[i] = m->group_of[i];
    row_column(b, WEFT_ROWS_GROUP);
    for (uint32_t i = 0; i < m->out_count; i++) {
        const struct merge_row *row = row_out(m, i);
        uint8_t *head = m->heads + (size_t)row->head * WEFT_HEAD_ENTRY_BYTES;
        uint32_t status = row->flags & WEFT_ROW_STATUS_MASK;
        m->numbers[i] = status;
        weft_store_u64(head + 16, weft_load_u64(head + 16) + 1);
        weft_store_u64(head + 24, weft_load_u64(head + 24) + (status == WEFT_STATUS_ERROR));
    }
    row_column(b, WEFT_ROWS_STATUS);
}

static void parents(struct build *b)
{
    struct merge *m = b->m;
    uint32_t count = 0;

    section_begin(b);
    weft_buf_append(b->out, &count, 4);
    for (uint32_t i = 0; i < m->out_count; i++) {
        const struct merge_row *row = row_out(m, i);
        if (row->depth > 0 || row->parent == 0) continue;
        uint16_t number = (uint16_t)i;
        weft_buf_append(b->out, &number, 2);
        count++;
    }
    weft_buf_append_zero(b->out, count % 2 * 2);
    weft_store_u32(b->out->data + b->section, count);
    for (uint32_t i = 0; i < m->out_count; i++) {
        const struct merge_row *row = row_out(m, i);
        if (row->depth == 0 && row->parent != 0) weft_buf_append(b->out, &row->parent, 8);
    }
    m->stats->orphans += count;
    section_end(b, WEFT_ROWS_PARENTS);
}

/* ---- groups and runs ---- */

static int compare_column(const void *a, const void *b, void *arg)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct merge_column *columns = arg, *x = &columns[i], *y = &columns[j];
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return i < j ? -1 : 1;
}

static void groups(struct build *b)
{
    struct merge *m = b->m;
    uint32_t first_run = 0;

    section_begin(b);
    for (uint32_t g = 0; g < m->group_count; g++) {
        const struct merge_group *group = &m->groups[g];
        uint32_t e[8] = {
            group->rows, first_run, group->column_count, group->is_pool ? WEFT_GROUP_POOL : 0, 0,
            0,           0,         group->name
        };
        first_run += group->column_count;
        e[4] = (uint32_t)m->data.len;
        weft_paged_encode(&m->data, group->heads, group->rows, false);
        e[5] = (uint32_t)m->data.len;
        weft_paged_encode(&m->data, group->starts, group->rows, true);
        e[6] = (uint32_t)m->data.len;
        weft_paged_encode(&m->data, group->durations, group->rows, true);
        weft_buf_append(b->out, e, sizeof e);
    }
    section_end(b, WEFT_ROWS_GROUPS);
}

static void ranks(struct build *b)
{
    struct merge *m = b->m;
    uint16_t *counts = weft_arena_alloc_array(&m->scratch, m->group_count, 2);

    section_begin(b);
    for (uint32_t i = 0; i < m->out_count; i++) {
        if (i % WEFT_RANK_ROWS == 0) weft_buf_append(b->out, counts, (size_t)m->group_count * 2);
        counts[m->group_of[i]]++;
    }
    section_end(b, WEFT_ROWS_RANKS);
}

static void maps(struct build *b)
{
    section_begin(b);
    weft_function_set_finish(&b->m->functions, b->out);
    section_end(b, WEFT_ROWS_MAPS);
}

static void run_keys(struct build *b)
{
    struct merge *m = b->m;
    uint32_t entry[2] = { UINT32_MAX, 0 };

    section_begin(b);
    for (uint32_t r = 0; r < m->column_count; r++) {
        uint32_t code = m->columns[b->run_order[r]].code;
        if (code == entry[0]) continue;
        entry[0] = code;
        entry[1] = r;
        weft_buf_append(b->out, entry, 8);
    }
    entry[0] = UINT32_MAX;
    entry[1] = m->column_count;
    weft_buf_append(b->out, entry, 8);
    section_end(b, WEFT_ROWS_RUN_KEYS);
}

/* The directory field by field, where that is shorter: `entries` stand at the end of the section. */
static void run_columns(struct build *b)
{
    struct merge *m = b->m;
    size_t len = b->out->len - b->section;
    uint8_t *entries = weft_arena_alloc(&m->scratch, len + 1);

    if (m->column_count > WEFT_RUN_COLUMNS_MAX || m->column_count == 0) return;
    memcpy(entries, b->out->data + b->section, len);
    b->out->len = b->section;
    uint32_t header[2] = { WEFT_RUN_COLUMNS, m->column_count };
    weft_buf_append(b->out, header, 8);
    for (unsigned field = 0; field < WEFT_RUN_FIELDS; field++) {
        for (uint32_t r = 0; r < m->column_count; r++) {
            const uint8_t *e = entries + (size_t)r * WEFT_RUN_ENTRY_BYTES;
            m->numbers[r] = field < WEFT_RUN_FIELD_GROUP    ? weft_load_u32(e + (size_t)field * 4)
                            : field == WEFT_RUN_FIELD_GROUP ? weft_load_u16(e + 12)
                                                            : e[10 + field];
        }
        weft_paged_encode(b->out, m->numbers, m->column_count, field == WEFT_RUN_FIELD_OFFSET);
    }
    if (b->out->len - b->section < len) return;
    b->out->len = b->section;
    weft_buf_append(b->out, entries, len);
}

static void runs(struct build *b)
{
    struct merge *m = b->m;

    uint32_t *run_of = weft_arena_alloc(&m->scratch, (size_t)m->column_count * 4 + 1);
    for (uint32_t r = 0; r < m->column_count; r++) run_of[b->run_order[r]] = r;
    section_begin(b);
    for (uint32_t r = 0; r < m->column_count; r++) {
        uint8_t entry[WEFT_RUN_ENTRY_BYTES];
        const struct merge_column *c = &m->columns[b->run_order[r]];
        weft_merge_run_encode(m, &m->data, c, run_of[c->source], entry);
        weft_buf_append(b->out, entry, sizeof entry);
    }
    run_columns(b);
    section_end(b, WEFT_ROWS_RUNS);
}

static void local_keys(struct build *b)
{
    struct merge *m = b->m;
    uint32_t header[2] = { m->local_key_count, 0 };

    section_begin(b);
    if (header[0] > 0) {
        weft_buf_append(b->out, header, 8);
        weft_buf_append_str(b->out, weft_buf_str(&m->local_key_ends));
        weft_buf_append_str(b->out, weft_buf_str(&m->local_key_bytes));
    }
    section_end(b, WEFT_ROWS_LOCAL_KEYS);
}

/* Only where there are any. */
static void rest_keys(struct build *b)
{
    section_begin(b);
    if (weft_merge_rest_keys(b->m, b->out)) section_end(b, WEFT_ROWS_REST_KEYS);
}

/* The last section, and most of the bytes: they are written from where they are. */
static void data(struct build *b)
{
    section_begin(b);
    section_end_len(b, WEFT_ROWS_DATA, b->m->data.len);
    weft_buf_pad8(&b->m->data);
}

/* ---- the whole ---- */

static void directory_add(struct build *b, uint64_t offset)
{
    struct merge *m = b->m;
    uint8_t e[WEFT_ROWS_ENTRY_BYTES] = { 0 };
    const uint8_t *first = m->rows[m->traces[0].first].trace_id,
                  *last = m->rows[m->traces[m->trace_count - 1].first].trace_id;

    weft_store_u64(e, offset);
    weft_store_u64(e + 8, b->out->len + m->data.len);
    weft_store_u32(e + 16, m->out_count);
    weft_store_u32(e + 20, m->trace_count);
    memcpy(e + 24, first, 16);
    memcpy(e + 40, last, 16);
    weft_store_u64(e + 56, b->start_min);
    weft_store_u64(e + 64, b->start_max);
    weft_store_u64(e + 72, b->duration_max);
    weft_store_u32(e + 80, b->errors);
    bool is_new = m->directory.len == 0 || memcmp(m->trace_max, first, 16) != 0;
    m->stats->traces += m->trace_count - (is_new ? 0 : 1);
    if (m->directory.len == 0) memcpy(m->trace_min, first, 16);
    memcpy(m->trace_max, last, 16);
    weft_buf_append(&m->directory, e, sizeof e);
    m->start_min = b->start_min < m->start_min ? b->start_min : m->start_min;
    m->start_max = b->start_max > m->start_max ? b->start_max : m->start_max;
    m->error_count += b->errors;
    m->stats->spans_out += m->out_count;
}

int weft_merge_encode(struct merge *m, struct weft_err *err)
{
    struct build b = { .m = m, .out = &m->rows_out, .header = 8, .start_min = UINT64_MAX };
    uint32_t sections = WEFT_ROWS_SECTION_LIMIT - 1 - (m->rest_keys == NULL);
    int rc;

    weft_buf_reset(&m->rows_out);
    weft_buf_reset(&m->data);
    weft_buf_append_zero(&m->rows_out, WEFT_ROWS_HEADER_BYTES(sections));
    weft_store_u32(m->rows_out.data, WEFT_ROWS_MAGIC);
    weft_store_u32(m->rows_out.data + 4, sections);
    b.run_order = weft_arena_alloc(&m->scratch, (size_t)m->column_count * 4 + 1);
    for (uint32_t i = 0; i < m->column_count; i++) b.run_order[i] = i;
    qsort_r(b.run_order, m->column_count, 4, compare_column, m->columns);
    trace_ids(&b);
    trace_rows(&b);
    trace_times(&b);
    span_ids(&b);
    row_columns(&b);
    parents(&b);
    groups(&b);
    ranks(&b);
    maps(&b);
    run_keys(&b);
    runs(&b);
    local_keys(&b);
    rest_keys(&b);
    data(&b);
    if (m->rows_out.len + m->data.len > UINT32_MAX)
        return weft_fail(err, WEFT_TOO_LARGE,
                         "merge: a row group of %zu bytes, at most 4 GiB fit the format",
                         m->rows_out.len + m->data.len);
    if ((rc = weft_block_writer_align(&m->file, err)) < 0) return rc;
    directory_add(&b, weft_block_writer_offset(&m->file));
    rc = weft_block_writer_append(&m->file, m->rows_out.data, m->rows_out.len, err);
    return rc == WEFT_OK ? weft_block_writer_append(&m->file, m->data.data, m->data.len, err) : rc;
}
