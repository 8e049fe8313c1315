/* block_operations.c -- spans and errors of every (service, name, kind): counted at the merge by
 * head, row by row where the name is spelt out; rows of masked traces are taken off again. */
#include "base/alloc.h"
#include "store/block_internal.h"

typedef void add_operation(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                           uint64_t spans, uint64_t errors);

struct counting {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    struct weft_block_reader reader;
    struct weft_arena arena; /* of a row group */
    uint64_t *masked;        /* by head: spans, errors; NULL without a mask */
    add_operation *add;
    void *arg;
    struct weft_err *err;
};

/* ---- masked rows ---- */

static int rows_tally(struct counting *c, struct weft_rows *rows, uint32_t from, uint32_t n)
{
    uint16_t *group = weft_arena_alloc(&c->arena, (size_t)n * 4), *index = group + n;
    int rc = weft_rows_places(rows, from, n, group, index, c->err);

    for (uint32_t i = 0; i < n && rc == WEFT_OK; i++) {
        if ((rc = weft_rows_load_group_columns(rows, group[i], c->err)) < 0) break;
        uint64_t head = weft_paged_get(&rows->groups[group[i]].heads, index[i]);
        if (head >= c->block->head_count)
            return weft_rows_corrupt(rows, c->err, "head %llu", (unsigned long long)head);
        c->masked[head * 2]++;
        c->masked[head * 2 + 1] += weft_paged_get(&rows->status, from + i) == WEFT_STATUS_ERROR;
    }
    return rc;
}

static int masked_tally(struct counting *c, uint32_t number)
{
    uint32_t count;
    const uint32_t *traces = weft_block_mask_traces(c->mask, number, &count);
    struct weft_rows rows;
    int rc;

    if (count == 0) return WEFT_OK;
    if ((rc = weft_rows_open(&rows, c->block, number, &c->arena, c->err)) < 0 ||
        (rc = weft_rows_load_traces(&rows, c->err)) < 0 ||
        (rc = weft_rows_load_groups(&rows, c->err)) < 0 ||
        (rc = weft_rows_load_tree(&rows, c->err)) < 0)
        return rc;
    for (uint32_t i = 0; i < count && traces[i] < rows.trace_count && rc == WEFT_OK; i++)
        rc = rows_tally(c, &rows, weft_rows_trace_first(&rows, traces[i]),
                        (uint32_t)weft_paged_get(&rows.trace_spans, traces[i]));
    return rc;
}

/* A bit per row of a masked trace; NULL: there is none. */
static int masked_rows(struct counting *c, struct weft_rows *rows, uint64_t **out)
{
    uint32_t count;
    const uint32_t *traces = weft_block_mask_traces(c->mask, rows->number, &count);
    int rc;

    *out = NULL;
    if (count == 0) return WEFT_OK;
    if ((rc = weft_rows_load_traces(rows, c->err)) < 0) return rc;
    *out = weft_arena_alloc_array(&c->arena, rows->span_count / 64 + 1, sizeof **out);
    for (uint32_t i = 0; i < count && traces[i] < rows->trace_count; i++) {
        uint32_t row = weft_rows_trace_first(rows, traces[i]),
                 end = row + (uint32_t)weft_paged_get(&rows->trace_spans, traces[i]);
        for (; row < end; row++) (*out)[row / 64] |= UINT64_C(1) << (row % 64);
    }
    return WEFT_OK;
}

/* ---- names that are spelt out ---- */

static int row_add(struct counting *c, struct weft_rows *rows, struct weft_run *run, uint32_t row,
                   uint32_t index)
{
    struct weft_run_value v;
    uint32_t position;
    int rc;

    if (!weft_presence_find(&run->presence, index, &position)) return WEFT_OK;
    if ((rc = weft_run_get(rows, run, position, &c->reader, &v, c->err)) < 0) return rc;
    struct weft_str name = v.bytes;
    if (!v.is_spelt && (rc = weft_block_string(&c->reader, v.number, &name, c->err)) < 0) return rc;
    uint64_t head = weft_paged_get(&rows->groups[run->group].heads, index);
    if (head >= c->block->head_count)
        return weft_rows_corrupt(rows, c->err, "head %llu", (unsigned long long)head);
    c->add(c->arg, c->block->scope_of_head[head]->resource->service_name, name,
           weft_block_head(c->block, (uint32_t)head).kind, 1,
           weft_paged_get(&rows->status, row) == WEFT_STATUS_ERROR);
    return WEFT_OK;
}

static int rows_add(struct counting *c, uint32_t number)
{
    struct weft_rows rows;
    uint32_t first, end;
    uint64_t *masked;
    int rc;

    if ((rc = weft_rows_open(&rows, c->block, number, &c->arena, c->err)) < 0 ||
        (rc = weft_rows_load_groups(&rows, c->err)) < 0)
        return rc;
    if (!weft_rows_find_runs(&rows, WEFT_PSEUDO_NAME << 3 | WEFT_VALUE_STRING, &first, &end))
        return WEFT_OK;
    if ((rc = weft_rows_load_tree(&rows, c->err)) < 0 || (rc = masked_rows(c, &rows, &masked)) < 0)
        return rc;
    uint16_t *group = weft_arena_alloc(&c->arena, (size_t)rows.span_count * 4),
             *index = group + rows.span_count;
    struct weft_run **by_group =
        weft_arena_alloc_array(&c->arena, rows.group_count, sizeof *by_group);
    if ((rc = weft_rows_places(&rows, 0, rows.span_count, group, index, c->err)) < 0) return rc;
    for (; first < end; first++) {
        struct weft_run *run;
        if ((rc = weft_rows_run(&rows, first, &run, c->err)) < 0 ||
            (rc = weft_rows_load_group_columns(&rows, run->group, c->err)) < 0)
            return rc;
        by_group[run->group] = run;
    }
    for (uint32_t row = 0; row < rows.span_count && rc == WEFT_OK; row++) {
        struct weft_run *run = by_group[group[row]];
        if (run == NULL || (masked != NULL && masked[row / 64] >> (row % 64) & 1)) continue;
        rc = row_add(c, &rows, run, row, index[row]);
    }
    return rc;
}

/* ---- all of it ---- */

static int each_rows(struct counting *c, int (*step)(struct counting *c, uint32_t number))
{
    int rc = WEFT_OK;

    for (uint32_t r = 0; r < c->block->info.row_group_count && rc == WEFT_OK; r++) {
        rc = step(c, r);
        weft_arena_reset(&c->arena);
    }
    return rc;
}

/* Adds the heads that have a name; true when some have none. */
static int heads_add(struct counting *c, bool *has_spelt)
{
    struct weft_block *b = c->block;

    for (uint32_t i = 0; i < b->head_count; i++) {
        struct weft_head_view h = weft_block_head(b, i);
        const uint8_t *e = b->heads + (size_t)i * WEFT_HEAD_ENTRY_BYTES;
        uint64_t spans = weft_load_u64(e + 16), errors = weft_load_u64(e + 24);
        if (c->masked != NULL) {
            if (c->masked[i * 2] > spans || c->masked[i * 2 + 1] > errors)
                return weft_fail(c->err, WEFT_CORRUPT,
                                 "block %s: head %u counts fewer spans than rows name it", b->path,
                                 i);
            spans -= c->masked[i * 2], errors -= c->masked[i * 2 + 1];
        }
        if (spans == 0) continue;
        if (h.name == WEFT_NO_NAME)
            *has_spelt = true;
        else
            c->add(c->arg, b->scope_of_head[i]->resource->service_name, b->name_of_head[i], h.kind,
                   spans, errors);
    }
    return WEFT_OK;
}

int weft_block_operations(struct weft_block *b, const struct weft_block_mask *mask,
                          add_operation *add, void *arg, struct weft_err *err)
{
    struct counting c = { .block = b, .mask = mask, .add = add, .arg = arg, .err = err };
    bool has_spelt = false;
    int rc = weft_block_load_tables(b, err);

    if (rc < 0) return rc;
    weft_arena_init(&c.arena, 0);
    weft_block_reader_init(&c.reader, b);
    if (weft_block_mask_trace_count(mask) > 0) {
        c.masked = weft_alloc_array((size_t)b->head_count * 2 + 1, sizeof *c.masked);
        rc = each_rows(&c, masked_tally);
    }
    if (rc == WEFT_OK) rc = heads_add(&c, &has_spelt);
    if (rc == WEFT_OK && has_spelt) rc = each_rows(&c, rows_add);
    weft_free(c.masked);
    weft_block_reader_release(&c.reader);
    weft_arena_release(&c.arena);
    return rc;
}
