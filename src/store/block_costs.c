/* block_costs.c -- what keys and services cost: bytes of runs by key, bytes of row groups by the resource that sent the spans.
 *
 * The pieces of a row group's data section (columns of groups, payloads of runs) lie there without gaps and without their
 * lengths, so a piece ends where the next one begins.
 */
#include "base/alloc.h"
#include "store/block_internal.h"

static const char *const encoding_names[WEFT_RUN_ENCODINGS] = {
    [WEFT_RUN_CONSTANT] = "constant",
    [WEFT_RUN_PACKED] = "packed",
    [WEFT_RUN_DICTIONARY] = "dictionary",
    [WEFT_RUN_PLAIN] = "plain",
    [WEFT_RUN_UUID] = "uuid",
    [WEFT_RUN_DECIMAL] = "decimal",
    [WEFT_RUN_MIXED] = "mixed",
    [WEFT_RUN_FUNCTION] = "function",
};

const char *weft_block_encoding_name(unsigned encoding)
{
    return encoding < WEFT_RUN_ENCODINGS ? encoding_names[encoding] : "unknown";
}

int weft_rows_key_name(struct weft_rows *rows, uint32_t code, struct weft_str *out,
                       struct weft_err *err)
{
    static const char *const pseudo[WEFT_PSEUDO_COUNT] = {
        "(name)",           "(status message)", "(trace state)", "(flags)",  "(dropped attributes)",
        "(dropped events)", "(dropped links)",  "(end)",         "(events)", "(links)",
        "(order)",          "(rare keys)"
    };
    uint32_t number = code >> 3, key = number - WEFT_PSEUDO_KEYS;

    if (number < WEFT_PSEUDO_KEYS) {
        *out = weft_str_from_c(number < WEFT_PSEUDO_COUNT ? pseudo[number] : "(unknown)");
        return WEFT_OK;
    }
    if (key >= weft_block_key_count(rows->block))
        return weft_rows_local_key(rows, key - weft_block_key_count(rows->block), out, err);
    *out = weft_block_key(rows->block, key);
    return WEFT_OK;
}

static int compare_offset(const void *a, const void *b)
{
    const struct weft_rows_piece *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

struct weft_rows_piece *weft_rows_pieces(struct weft_rows *rows, uint32_t *count)
{
    uint32_t n = 0, data_bytes = rows->sections[WEFT_ROWS_DATA].bytes;
    struct weft_rows_piece *pieces = weft_arena_alloc_array(
        rows->arena, (size_t)rows->run_count + rows->group_count * 3 + 1, sizeof *pieces);

    for (uint32_t r = 0; r < rows->run_count; r++) {
        struct weft_run_entry e;
        weft_rows_run_entry(rows, r, &e);
        pieces[n++] = (struct weft_rows_piece){ .offset = e.offset, .owner = r };
    }
    for (uint32_t g = 0; g < rows->group_count; g++)
        for (uint32_t i = 0; i < 3; i++)
            pieces[n++] = (struct weft_rows_piece){ .offset = rows->groups[g].offsets[i],
                                                    .owner = rows->run_count + g };
    qsort(pieces, n, sizeof *pieces, compare_offset);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t end = i + 1 < n ? pieces[i + 1].offset : data_bytes;
        pieces[i].bytes = end > pieces[i].offset ? end - pieces[i].offset : 0;
    }
    *count = n;
    return pieces;
}

/* Exact for most encodings; for numbers that are packed as they come, no more than this. */
static uint64_t distinct_values(const struct weft_run *run)
{
    switch (run->encoding) {
    case WEFT_RUN_CONSTANT: return run->count > 0;
    case WEFT_RUN_DICTIONARY: return run->dictionary_count;
    case WEFT_RUN_PACKED:
        return run->range > 0 && (uint64_t)run->range + 1 < run->count ? (uint64_t)run->range + 1
                                                                       : run->count;
    case WEFT_RUN_FUNCTION: return distinct_values(run->source);
    default: return run->count;
    }
}

static int run_cost(struct weft_rows *rows, const struct weft_rows_piece *piece,
                    uint64_t *group_bytes, const struct weft_block_costs *costs,
                    struct weft_err *err)
{
    struct weft_run *run;
    struct weft_str key;
    int rc = weft_rows_run(rows, piece->owner, &run, err);

    if (rc == WEFT_OK) rc = weft_rows_key_name(rows, run->code, &key, err);
    if (rc < 0) return rc;
    group_bytes[run->group] += piece->bytes;
    costs->run(costs->arg, key, run->encoding, piece->bytes, run->count, distinct_values(run));
    return WEFT_OK;
}

/* ---- who sent them ---- */

struct head_cost {
    uint64_t spans;
    double bytes;
};

static int shares_add(struct weft_rows *rows, const uint64_t *group_bytes, struct head_cost *heads,
                      struct weft_err *err)
{
    uint64_t rest = rows->entry->bytes, head[1024];
    int rc;

    for (uint32_t g = 0; g < rows->group_count; g++) rest -= group_bytes[g];
    for (uint32_t g = 0; g < rows->group_count; g++) {
        const struct weft_rows_group *group = &rows->groups[g];
        if (group->rows == 0) continue;
        if ((rc = weft_rows_load_group_columns(rows, g, err)) < 0) return rc;
        double per_row = (double)group_bytes[g] / group->rows + (double)rest / rows->span_count;
        for (uint32_t at = 0; at < group->rows;) {
            uint32_t n = group->rows - at < 1024 ? group->rows - at : 1024;
            weft_paged_read(&group->heads, at, n, head);
            for (uint32_t i = 0; i < n; i++) {
                if (head[i] >= rows->block->head_count)
                    return weft_rows_corrupt(rows, err, "a row has a head that is not there");
                heads[head[i]].spans++;
                heads[head[i]].bytes += per_row;
            }
            at += n;
        }
    }
    return WEFT_OK;
}

static struct weft_str by_value(const struct weft_block *block, uint32_t head, struct weft_str by)
{
    const struct weft_attributes *attributes = &block->scope_of_head[head]->resource->attributes;

    for (uint32_t i = 0; i < attributes->count; i++) {
        const struct weft_attribute *a = &attributes->items[i];
        if (a->type == WEFT_VALUE_STRING && weft_str_equal(weft_str_make(a->key, a->key_len), by))
            return weft_str_make(a->ptr, a->value_len);
    }
    return WEFT_S("(none)");
}

static int rows_costs(struct weft_block *block, uint32_t number, struct head_cost *heads,
                      const struct weft_block_costs *costs, struct weft_err *err)
{
    struct weft_arena arena;
    struct weft_rows rows;
    uint32_t n;
    int rc;

    weft_arena_init(&arena, 0);
    if ((rc = weft_rows_open(&rows, block, number, &arena, err)) == WEFT_OK &&
        (rc = weft_rows_load_groups(&rows, err)) == WEFT_OK) {
        uint64_t *group_bytes =
            weft_arena_alloc_array(&arena, rows.group_count + 1, sizeof *group_bytes);
        const struct weft_rows_piece *pieces = weft_rows_pieces(&rows, &n);
        for (uint32_t i = 0; i < n && rc == WEFT_OK; i++) {
            if (pieces[i].owner >= rows.run_count)
                group_bytes[pieces[i].owner - rows.run_count] += pieces[i].bytes;
            else
                rc = run_cost(&rows, &pieces[i], group_bytes, costs, err);
        }
        if (rc == WEFT_OK) rc = shares_add(&rows, group_bytes, heads, err);
    }
    weft_arena_release(&arena);
    return rc;
}

int weft_block_costs(struct weft_block *block, const struct weft_block_costs *costs,
                     struct weft_err *err)
{
    int rc = weft_block_load_tables(block, err);

    if (rc < 0) return rc;
    struct head_cost *heads = weft_alloc_array((size_t)block->head_count + 1, sizeof *heads);
    for (uint32_t r = 0; r < block->info.row_group_count && rc == WEFT_OK; r++)
        rc = rows_costs(block, r, heads, costs, err);
    for (uint32_t h = 0; h < block->head_count && rc == WEFT_OK; h++)
        if (heads[h].spans > 0)
            costs->share(costs->arg, by_value(block, h, costs->by), heads[h].spans, heads[h].bytes);
    weft_free(heads);
    return rc;
}
