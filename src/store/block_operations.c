/* block_operations.c -- spans and errors of every (service, name, kind): counted at the merge by
 * head, row by row where the name is spelt out. */
#include "base/alloc.h"
#include "store/block_internal.h"

typedef void add_operation(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                           uint64_t spans, uint64_t errors);

static int rows_add(struct weft_block *b, uint32_t number, struct weft_block_reader *reader,
                    struct weft_arena *arena, add_operation *add, void *arg, struct weft_err *err)
{
    struct weft_rows rows;
    uint32_t first, end;
    int rc;

    if ((rc = weft_rows_open(&rows, b, number, arena, err)) < 0 ||
        (rc = weft_rows_load_groups(&rows, err)) < 0)
        return rc;
    if (!weft_rows_find_runs(&rows, WEFT_PSEUDO_NAME << 3 | WEFT_VALUE_STRING, &first, &end))
        return WEFT_OK;
    if ((rc = weft_rows_load_tree(&rows, err)) < 0) return rc;
    uint16_t *group = weft_arena_alloc(arena, (size_t)rows.span_count * 4),
             *index = group + rows.span_count;
    struct weft_run **by_group = weft_arena_alloc_array(arena, rows.group_count, sizeof *by_group);
    if ((rc = weft_rows_places(&rows, 0, rows.span_count, group, index, err)) < 0) return rc;
    for (; first < end; first++) {
        struct weft_run *run;
        if ((rc = weft_rows_run(&rows, first, &run, err)) < 0 ||
            (rc = weft_rows_load_group_columns(&rows, run->group, err)) < 0)
            return rc;
        by_group[run->group] = run;
    }
    for (uint32_t row = 0; row < rows.span_count; row++) {
        struct weft_run *run = by_group[group[row]];
        struct weft_run_value v;
        uint32_t position;
        if (run == NULL || !weft_presence_find(&run->presence, index[row], &position)) continue;
        if ((rc = weft_run_get(&rows, run, position, reader, &v, err)) < 0) return rc;
        struct weft_str name = v.bytes;
        if (!v.is_spelt && (rc = weft_strings_get(&reader->strings, v.number, &name, err)) < 0)
            return rc;
        uint64_t head = weft_paged_get(&rows.groups[run->group].heads, index[row]);
        if (head >= b->head_count)
            return weft_rows_corrupt(&rows, err, "head %llu", (unsigned long long)head);
        add(arg, b->scope_of_head[head]->resource->service_name, name,
            weft_block_head(b, (uint32_t)head).kind, 1,
            weft_paged_get(&rows.status, row) == WEFT_STATUS_ERROR);
    }
    return WEFT_OK;
}

int weft_block_operations(struct weft_block *b, const struct weft_block_mask *mask,
                          add_operation *add, void *arg, struct weft_err *err)
{
    struct weft_block_reader reader;
    struct weft_arena arena;
    bool has_spelt = false;
    int rc = weft_block_load_tables(b, err);

    if (rc < 0) return rc;
    for (uint32_t i = 0; i < b->head_count; i++) {
        struct weft_head_view h = weft_block_head(b, i);
        const uint8_t *e = b->heads + (size_t)i * WEFT_HEAD_ENTRY_BYTES;
        uint64_t spans = weft_load_u64(e + 16);
        if (spans == 0) continue;
        if (h.name == WEFT_NO_NAME)
            has_spelt = true;
        else
            add(arg, b->scope_of_head[i]->resource->service_name, b->name_of_head[i], h.kind, spans,
                weft_load_u64(e + 24));
    }
    if (!has_spelt) return WEFT_OK;
    weft_arena_init(&arena, 0);
    weft_block_reader_init(&reader, b);
    for (uint32_t r = 0; r < b->info.row_group_count && rc == WEFT_OK; r++) {
        rc = rows_add(b, r, &reader, &arena, add, arg, err);
        weft_arena_reset(&arena);
    }
    weft_block_reader_release(&reader);
    weft_arena_release(&arena);
    return rc;
}
