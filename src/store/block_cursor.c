/* block_cursor.c -- a block's rows as a segment's chunk again, range by range of trace ids, so that
 * the merge knows one kind of row.
 *
 * Attributes become inline lists with the block's key and string numbers; strings without a number
 * are spelt out in the heap.
 */
#include "store/block_cursor.h"
#include "base/alloc.h"
#include "store/block_rest.h"
#include "store/codec_varint.h"

/* A row on its way. */
struct unfolding {
    struct weft_block_cursor *c;
    struct weft_err *err;
    struct weft_run_value pseudo[WEFT_PSEUDO_COUNT];
    bool has[WEFT_PSEUDO_COUNT];
    uint64_t start;
    size_t attributes_from; /* in the words */
    uint32_t attribute_count;
    bool has_name; /* a spelt-out name has its word */
    bool has_rest;
    struct weft_rest rest; /* attributes of rare keys */
};

struct weft_block_cursor *weft_block_cursor_create(struct weft_block *block,
                                                   const struct weft_block_mask *mask,
                                                   const struct weft_block_mask *only)
{
    struct weft_block_cursor *c = weft_alloc_zero(sizeof *c);
    c->block = block;
    c->mask = mask;
    c->only = only;
    weft_block_reader_init(&c->reader, block);
    weft_arena_init(&c->scratch, 1 << 18);
    weft_arena_init(&c->span, 0);
    return c;
}

void weft_block_cursor_destroy(struct weft_block_cursor *c)
{
    if (c == NULL) return;
    weft_block_reader_release(&c->reader);
    weft_arena_release(&c->scratch);
    weft_arena_release(&c->span);
    weft_buf_release(&c->places);
    weft_buf_release(&c->records);
    weft_buf_release(&c->words);
    weft_buf_release(&c->heap);
    weft_free(c);
}

int weft_block_cursor_string(struct weft_block_cursor *c, uint32_t number, struct weft_str *out)
{
    return weft_strings_get(&c->reader.strings, number, out, NULL);
}

/* ---- attributes ---- */

static int key_words(struct unfolding *u, uint32_t code)
{
    struct weft_block_cursor *c = u->c;
    uint32_t key = (code >> 3) - WEFT_PSEUDO_KEYS;
    struct weft_str name;
    int rc;

    if (key < c->block->keys.count) {
        weft_cursor_key(c, key, code & 7);
        return WEFT_OK;
    }
    if ((rc = weft_rows_local_key(&c->rows, key - c->block->keys.count, &name, u->err)) < 0)
        return rc;
    weft_cursor_spelt(c, name);
    weft_cursor_word(c, code & 7);
    return WEFT_OK;
}

/* A spelt-out name stands before the attributes. */
static void name_word(struct unfolding *u)
{
    if (!u->has[WEFT_PSEUDO_NAME] || u->has_name) return;
    weft_cursor_string_word(u->c, &u->pseudo[WEFT_PSEUDO_NAME]);
    u->has_name = true;
}

static int attribute_words(struct unfolding *u, uint32_t code, const struct weft_run_value *v)
{
    struct weft_block_cursor *c = u->c;
    int rc;

    name_word(u);
    if (u->attribute_count++ == 0) u->attributes_from = c->words.len;
    weft_buf_append(&c->places, &c->words.len, sizeof c->words.len);
    if ((rc = key_words(u, code)) < 0) return rc;
    switch (code & 7) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: weft_cursor_word(c, v->number); break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: weft_cursor_wide(c, v->wide); break;
    default: weft_cursor_string_word(c, v);
    }
    return WEFT_OK;
}

/* Words of the attributes into the order in which they came. */
static int order_restore(struct unfolding *u, size_t from, struct weft_str order)
{
    struct weft_block_cursor *c = u->c;
    const uint8_t *at = (const uint8_t *)order.ptr, *end = at + order.len;
    size_t len = c->words.len - from;
    char *copy = weft_arena_alloc(&c->span, len + 1);
    const size_t *starts = (const size_t *)(const void *)u->c->places.data;
    uint64_t place;

    memcpy(copy, c->words.data + from, len);
    c->words.len = from;
    for (uint32_t i = 0; i < u->attribute_count; i++) {
        if (!weft_varint_get(&at, end, &place) || place >= u->attribute_count)
            return weft_rows_corrupt(&c->rows, u->err, "order of attributes is malformed");
        size_t start = starts[place],
               stop = place + 1 < u->attribute_count ? starts[place + 1] : from + len;
        if (c->words.len + (stop - start) > from + len)
            return weft_rows_corrupt(&c->rows, u->err, "order of attributes is malformed");
        weft_buf_append(&c->words, copy + (start - from), stop - start);
    }
    return WEFT_OK;
}

/* ---- rows ---- */

/* The row's rare attributes whose codes come before `code`. */
static int rest_unfold(struct unfolding *u, uint32_t code)
{
    int rc;

    while (u->has_rest && u->rest.code < code) {
        if ((rc = attribute_words(u, u->rest.code, &u->rest.value)) < 0 ||
            (rc = weft_rest_next(&u->rest, u->err)) < 0)
            return rc;
        u->has_rest = rc > 0;
    }
    return WEFT_OK;
}

static int rest_start(struct unfolding *u)
{
    const struct weft_run_value *v = &u->pseudo[WEFT_PSEUDO_REST];
    int rc;

    if (!v->is_spelt)
        return weft_rows_corrupt(&u->c->rows, u->err, "attributes of rare keys are malformed");
    if ((rc = weft_rest_init(&u->rest, &u->c->rows, v->bytes, u->err)) < 0 ||
        (rc = weft_rest_next(&u->rest, u->err)) < 0)
        return rc;
    u->has_rest = rc > 0;
    return WEFT_OK;
}

static int value_check(struct unfolding *u, uint32_t code, const struct weft_run_value *v)
{
    const struct weft_block *block = u->c->block;
    uint32_t type = code & 7;
    bool is_string = type != WEFT_VALUE_EMPTY && type != WEFT_VALUE_BOOL &&
                     type != WEFT_VALUE_INT && type != WEFT_VALUE_DOUBLE;

    if (is_string && !v->is_spelt &&
        v->number >= (uint64_t)block->strings.count + block->blob_count)
        return weft_rows_corrupt(&u->c->rows, u->err, "string %u of %u", v->number,
                                 block->strings.count);
    return WEFT_OK;
}

/* Pseudo keys stand first in a group's runs; what belongs behind the attributes waits in
 * `pseudo`. */
static int pseudo_unfold(struct unfolding *u, struct weft_run *run, uint32_t position)
{
    uint32_t pseudo = run->code >> 3;
    struct weft_run_value *v = &u->pseudo[pseudo];
    int rc;

    u->has[pseudo] = true;
    if ((rc = weft_run_get(&u->c->rows, run, position, &u->c->reader, v, u->err)) < 0 ||
        (rc = value_check(u, run->code, v)) < 0)
        return rc;
    /* The reader's page may be replaced before it is used. */
    if (v->is_spelt) v->bytes = weft_arena_copy(&u->c->span, v->bytes);
    return pseudo == WEFT_PSEUDO_REST ? rest_start(u) : WEFT_OK;
}

static int attribute_unfold(struct unfolding *u, struct weft_run *run, uint32_t position)
{
    struct weft_run_value v;
    int rc;

    if ((rc = rest_unfold(u, run->code)) < 0 ||
        (rc = weft_run_get(&u->c->rows, run, position, &u->c->reader, &v, u->err)) < 0 ||
        (rc = value_check(u, run->code, &v)) < 0)
        return rc;
    return attribute_words(u, run->code, &v);
}

static int values_unfold(struct unfolding *u, uint32_t g, uint32_t index)
{
    struct weft_rows *rows = &u->c->rows;
    const struct weft_rows_group *group = &rows->groups[g];
    int rc;

    for (uint32_t i = 0; i < group->run_count; i++) {
        struct weft_run *run;
        uint32_t position;
        if ((rc = weft_rows_run(rows, rows->group_runs[group->first_run + i], &run, u->err)) < 0)
            return rc;
        if (!weft_presence_find(&run->presence, index, &position)) continue;
        rc = run->code >> 3 < WEFT_PSEUDO_KEYS ? pseudo_unfold(u, run, position)
                                               : attribute_unfold(u, run, position);
        if (rc < 0) return rc;
    }
    if ((rc = rest_unfold(u, UINT32_MAX)) < 0) return rc;
    name_word(u);
    if (!u->has[WEFT_PSEUDO_ORDER] || u->attribute_count == 0) return WEFT_OK;
    if (!u->pseudo[WEFT_PSEUDO_ORDER].is_spelt)
        return weft_rows_corrupt(rows, u->err, "order of attributes is malformed");
    return order_restore(u, u->attributes_from, u->pseudo[WEFT_PSEUDO_ORDER].bytes);
}

static int payload(struct unfolding *u, unsigned pseudo, struct weft_str *out)
{
    *out = u->pseudo[pseudo].bytes;
    if (u->pseudo[pseudo].is_spelt) return WEFT_OK;
    return weft_block_string(&u->c->reader, u->pseudo[pseudo].number, out, u->err);
}

static int extras_unfold(struct unfolding *u, uint32_t *flags)
{
    struct weft_block_cursor *c = u->c;
    struct weft_str bytes;
    int rc;

    if (u->has[WEFT_PSEUDO_NAME]) *flags |= WEFT_ROW_NAME_INLINE;
    if (u->has[WEFT_PSEUDO_FLAGS])
        *flags |= ((uint32_t)u->pseudo[WEFT_PSEUDO_FLAGS].wide & 0x3ff)
                  << WEFT_ROW_SPAN_FLAGS_SHIFT;
    if (u->has[WEFT_PSEUDO_STATUS_MESSAGE]) {
        *flags |= WEFT_ROW_STATUS_MESSAGE;
        weft_cursor_string_word(c, &u->pseudo[WEFT_PSEUDO_STATUS_MESSAGE]);
    }
    if (u->has[WEFT_PSEUDO_TRACE_STATE]) {
        *flags |= WEFT_ROW_TRACE_STATE;
        weft_cursor_string_word(c, &u->pseudo[WEFT_PSEUDO_TRACE_STATE]);
    }
    if (u->has[WEFT_PSEUDO_DROPPED_ATTRIBUTES]) {
        *flags |= WEFT_ROW_DROPPED;
        weft_cursor_word(c, (uint32_t)u->pseudo[WEFT_PSEUDO_DROPPED_ATTRIBUTES].wide);
        weft_cursor_word(c, u->has[WEFT_PSEUDO_DROPPED_EVENTS]
                                ? (uint32_t)u->pseudo[WEFT_PSEUDO_DROPPED_EVENTS].wide
                                : 0);
        weft_cursor_word(c, u->has[WEFT_PSEUDO_DROPPED_LINKS]
                                ? (uint32_t)u->pseudo[WEFT_PSEUDO_DROPPED_LINKS].wide
                                : 0);
    }
    if (u->has[WEFT_PSEUDO_EVENTS]) {
        *flags |= WEFT_ROW_EVENTS;
        if ((rc = payload(u, WEFT_PSEUDO_EVENTS, &bytes)) < 0) return rc;
        if ((rc = weft_cursor_events(c, u->start, bytes, u->err)) < 0) return rc;
    }
    if (u->has[WEFT_PSEUDO_LINKS]) {
        *flags |= WEFT_ROW_LINKS;
        if ((rc = payload(u, WEFT_PSEUDO_LINKS, &bytes)) < 0) return rc;
        if ((rc = weft_cursor_links(c, bytes, u->err)) < 0) return rc;
    }
    return WEFT_OK;
}

/* Few rows are spread over a column: a page for each would be unpacked in vain. */
static uint64_t column_get(const struct weft_block_cursor *c, struct weft_paged_view *view,
                           uint32_t index)
{
    return c->only != NULL ? weft_paged_get(view->column, index) : weft_paged_view_get(view, index);
}

/* Field by field: the values stay as they are until `has` says otherwise, they are most of the struct. */
static void unfolding_init(struct unfolding *u, struct weft_block_cursor *c, struct weft_err *err)
{
    u->c = c;
    u->err = err;
    u->attribute_count = 0;
    u->has_name = u->has_rest = false;
    memset(u->has, 0, sizeof u->has);
    weft_buf_reset(&c->places);
    weft_arena_reset(&c->span);
}

static int columns_open(struct weft_block_cursor *c, uint32_t g, struct weft_err *err)
{
    struct weft_rows_group *group = &c->rows.groups[g];
    struct weft_paged_view *columns;
    int rc = weft_rows_load_group_columns(&c->rows, g, err);

    if (rc < 0) return rc;
    c->columns[g] = columns = weft_arena_alloc_array(&c->scratch, 3, sizeof *columns);
    columns[0].column = &group->heads;
    columns[1].column = &group->starts;
    columns[2].column = &group->durations;
    return WEFT_OK;
}

static int row_unfold(struct weft_block_cursor *c, uint32_t row, uint32_t g, uint32_t index,
                      uint64_t trace_start, uint8_t record[static WEFT_RECORD_BYTES],
                      struct weft_err *err)
{
    struct unfolding u;
    int rc;

    unfolding_init(&u, c, err);
    if (c->columns[g] == NULL && (rc = columns_open(c, g, err)) < 0) return rc;
    struct weft_paged_view *columns = c->columns[g];
    uint64_t head = column_get(c, &columns[0], index), status = column_get(c, &c->status, row);
    u.start = trace_start + column_get(c, &columns[1], index);
    if (head >= c->block->head_count || status > WEFT_ROW_STATUS_MASK)
        return weft_rows_corrupt(&c->rows, err, "row %u: head or status", row);
    if (c->use != NULL) weft_block_use_head(c->use, c->block, (uint32_t)head);
    uint32_t flags = (uint32_t)status;
    weft_store_u32(record + 56, (uint32_t)(c->words.len / 4));
    if ((rc = values_unfold(&u, g, index)) < 0 || (rc = extras_unfold(&u, &flags)) < 0) return rc;
    weft_store_u64(record + 32, u.start);
    weft_store_u64(record + 40, u.has[WEFT_PSEUDO_END] ? u.pseudo[WEFT_PSEUDO_END].wide
                                                       : column_get(c, &columns[2], index));
    weft_store_u32(record + 48, (uint32_t)head);
    weft_store_u32(record + 52, WEFT_SHAPE_INLINE | u.attribute_count);
    weft_store_u32(record + 60, flags);
    if (c->heap.len >= WEFT_WORD_HEAP || c->words.len / 4 >= UINT32_MAX)
        return weft_fail(err, WEFT_TOO_LARGE,
                         "block %s: rows of one range of trace ids take more than 2 GiB",
                         c->block->path);
    return WEFT_OK;
}

/* Rows from .. end - 1 of the open row group, which are whole traces. */
static int rows_unfold(struct weft_block_cursor *c, uint32_t trace, uint32_t from, uint32_t end,
                       struct weft_err *err)
{
    uint32_t n = end - from, levels = 0;
    uint64_t start = 0;
    struct weft_trace_id id = { { 0 } };
    uint64_t *depths = weft_alloc_array(n, 16), *above = depths + n;
    uint16_t *own = c->group_of == NULL ? weft_alloc_array(n, 4) : NULL,
             *group = own != NULL ? own : c->group_of + from,
             *index = own != NULL ? own + n : c->index_of + from;
    int rc = own == NULL ? WEFT_OK : weft_rows_places(&c->rows, from, n, group, index, err);

    weft_paged_read(&c->rows.depth, from, n, depths);
    for (uint32_t row = from, next = from; row < end && rc == WEFT_OK; row++) {
        uint8_t record[WEFT_RECORD_BYTES] = { 0 };
        uint64_t parent = 0, depth = depths[row - from];
        if (row == next) {
            next += (uint32_t)weft_paged_get(&c->rows.trace_spans, trace);
            levels = 0;
            weft_rows_trace_id(&c->rows, trace, &id);
            start = column_get(c, &c->trace_start, trace++);
        }
        if (depth > levels || depth >= n) {
            rc = weft_rows_corrupt(&c->rows, err, "row %u: depth %llu", row,
                                   (unsigned long long)depth);
            break;
        }
        if (depth > 0)
            parent = above[depth - 1];
        else
            weft_rows_orphan_parent(&c->rows, row, &parent);
        above[depth] = weft_load_u64(c->rows.span_ids + (size_t)row * 8);
        levels = (uint32_t)depth + 1;
        memcpy(record, &id, 16);
        weft_store_u64(record + 16, above[depth]);
        weft_store_u64(record + 24, parent);
        rc = row_unfold(c, row, group[row - from], index[row - from], start, record, err);
        weft_buf_append(&c->records, record, sizeof record);
    }
    weft_free(depths);
    weft_free(own);
    return rc;
}

/* A row's place is found by counting from every 2,048th row on: for more than a few traces it pays to count once. */
enum { FEW_TRACES = 16 };
static int places_unpack(struct weft_block_cursor *c, struct weft_err *err)
{
    c->group_of = weft_arena_alloc(&c->scratch, (size_t)c->rows.span_count * 4);
    c->index_of = c->group_of + c->rows.span_count;
    return weft_rows_places(&c->rows, 0, c->rows.span_count, c->group_of, c->index_of, err);
}

static int rows_open(struct weft_block_cursor *c, struct weft_err *err)
{
    int rc;

    weft_arena_reset(&c->scratch);
    if ((rc = weft_rows_open(&c->rows, c->block, c->number, &c->scratch, err)) < 0 ||
        (rc = weft_rows_load_traces(&c->rows, err)) < 0 ||
        (rc = weft_rows_load_groups(&c->rows, err)) < 0 ||
        (rc = weft_rows_load_tree(&c->rows, err)) < 0 ||
        (rc = weft_rows_deal_runs(&c->rows, err)) < 0)
        return rc;
    c->is_open = true;
    c->trace = c->row = 0;
    c->listed =
        weft_block_mask_traces(c->only != NULL ? c->only : c->mask, c->number, &c->listed_count);
    c->status = (struct weft_paged_view){ .column = &c->rows.status };
    c->trace_start = (struct weft_paged_view){ .column = &c->rows.trace_start };
    c->columns = weft_arena_alloc_array(&c->scratch, c->rows.group_count, sizeof *c->columns);
    c->group_of = NULL;
    return c->only != NULL && c->listed_count < FEW_TRACES ? WEFT_OK : places_unpack(c, err);
}

/* Who asks what is used wants no rows. */
static void rows_drop(struct weft_block_cursor *c)
{
    for (size_t at = 0; at < c->records.len; at += WEFT_RECORD_BYTES) {
        if (c->use->rows++ % c->use->step != 0) continue;
        uint64_t prefix = weft_load_u64_be((const uint8_t *)c->records.data + at) >> 24;
        weft_buf_append(&c->use->samples, &prefix, 8);
    }
    weft_buf_reset(&c->records);
    weft_buf_reset(&c->words);
    weft_buf_reset(&c->heap);
}

/* Traces up to `end` of the open row group, in runs of those that are listed (masked, or the only ones wanted) and those
 * that are not. */
static int traces_unfold(struct weft_block_cursor *c, uint32_t end, struct weft_err *err)
{
    bool gives_listed = c->only != NULL;
    int rc = WEFT_OK;

    while (c->trace < end && rc == WEFT_OK) {
        while (c->listed_count > 0 && *c->listed < c->trace) c->listed++, c->listed_count--;
        uint32_t next = c->listed_count > 0 ? *c->listed : UINT32_MAX,
                 to = next == c->trace ? next + 1 : (next < end ? next : end),
                 row = to < c->rows.trace_count ? weft_rows_trace_first(&c->rows, to)
                                                : c->rows.span_count;
        if ((next == c->trace) == gives_listed) rc = rows_unfold(c, c->trace, c->row, row, err);
        if (c->use != NULL) rows_drop(c);
        c->trace = to;
        c->row = row;
    }
    return rc;
}

static bool has_wanted(const struct weft_block_cursor *c)
{
    uint32_t count;

    if (c->only == NULL) return true;
    weft_block_mask_traces(c->only, c->number, &count);
    return count > 0;
}

int weft_block_cursor_range(struct weft_block_cursor *c, uint64_t end_prefix,
                            struct weft_chunk_view *out, struct weft_err *err)
{
    struct weft_trace_id end = { { 0 } };
    bool is_all = end_prefix >> 40 != 0;
    int rc;

    if (!is_all) weft_store_u64_be(end.bytes, end_prefix << 24);
    weft_buf_reset(&c->records);
    weft_buf_reset(&c->words);
    weft_buf_reset(&c->heap);
    for (; c->number < c->block->info.row_group_count; c->number++, c->is_open = false) {
        if (!is_all && memcmp(&c->block->rows[c->number].first, &end, 16) >= 0) break;
        if (!has_wanted(c)) continue;
        if (!c->is_open && (rc = rows_open(c, err)) < 0) return rc;
        uint32_t trace_end = is_all ? c->rows.trace_count : weft_rows_trace_lower(&c->rows, &end);
        if ((rc = traces_unfold(c, trace_end, err)) < 0) return rc;
        if (trace_end < c->rows.trace_count) break;
    }
    *out = (struct weft_chunk_view){ .records = (const uint8_t *)c->records.data,
                                     .words = (const uint32_t *)(const void *)c->words.data,
                                     .heap = c->heap.data,
                                     .span_count = (uint32_t)(c->records.len / WEFT_RECORD_BYTES),
                                     .word_count = (uint32_t)(c->words.len / 4),
                                     .heap_bytes = (uint32_t)c->heap.len };
    return WEFT_OK;
}
