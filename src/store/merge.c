/* merge.c -- sealed segments and older blocks into one new block: the way from input to file
 * (merge_internal.h has the map). */
#include "base/alloc.h"
#include "base/clock.h"
#include "store/merge_internal.h"

static void sources_init(struct merge *m)
{
    const struct weft_merge_input *in = m->input;

    m->source_count = in->segment_count + in->block_count;
    m->sources = weft_alloc_array(m->source_count + 1, sizeof *m->sources);
    for (uint32_t i = 0; i < in->segment_count; i++) {
        const struct weft_segment_view *v = in->segments[i];
        m->sources[i] = (struct merge_source){ .view = v,
                                               .string_count = v->string_count,
                                               .key_count = v->key_count,
                                               .head_count = v->head_count,
                                               .shape_count = v->shape_count };
        m->chunk_count += v->chunk_count;
        m->spans_total += v->span_count;
    }
    m->chunks = weft_alloc_array(m->chunk_count + in->block_count + 1, sizeof *m->chunks);
    uint32_t at = 0;
    for (uint32_t i = 0; i < in->segment_count; i++) {
        for (uint32_t c = 0; c < in->segments[i]->chunk_count; c++, at++) {
            m->chunks[at].source = i;
            weft_segment_chunk(in->segments[i], c, &m->chunks[at].view);
        }
    }
}

/* A patch reads a few traces: what they need of the tables is found first, so that it is all that is written. */
static int patched_init(struct merge *m, struct merge_source *s, struct weft_err *err)
{
    s->only = weft_block_mask_create(NULL, weft_block_number(s->block), m->input->masked,
                                     m->input->masked_count);
    if (s->only == NULL)
        return weft_fail(err, WEFT_INVALID, "merge: no trace of block %s is named", s->block->path);
    return weft_block_use_find(&s->use, s->block, s->only, MERGE_SAMPLE_ROWS, err);
}

static int blocks_init(struct merge *m, struct weft_err *err)
{
    int rc;

    for (uint32_t i = 0; i < m->input->block_count; i++) {
        struct merge_source *s = &m->sources[m->input->segment_count + i];
        s->block = m->input->blocks[i];
        if ((rc = weft_block_load_tables(s->block, err)) < 0) return rc;
        s->string_count = weft_block_strings(s->block)->count;
        s->key_count = weft_block_key_count(s->block);
        s->head_count = weft_block_head_count(s->block);
        s->mask = m->input->masks != NULL ? m->input->masks[i] : NULL;
        if (m->input->only_masked && (rc = patched_init(m, s, err)) < 0) return rc;
        s->cursor = weft_block_cursor_create(s->block, s->mask, s->only);
        m->spans_total += s->only != NULL
                              ? weft_block_mask_spans(s->only)
                              : s->block->info.span_count - weft_block_mask_spans(s->mask);
    }
    return WEFT_OK;
}

static int row_group(struct merge *m, uint32_t from, uint32_t count, struct weft_err *err)
{
    int rc;

    weft_merge_gather(m, from, count);
    weft_merge_traces_find(m);
    weft_merge_tree_build(m);
    if ((rc = weft_merge_lists_resolve(m, err)) < 0) return rc;
    weft_merge_groups_choose(m);
    weft_merge_scatter(m);
    if (m->blob_rc < 0) {
        if (err != NULL) *err = m->blob_err;
        return m->blob_rc;
    }
    weft_merge_functions_find(m);
    rc = weft_merge_encode(m, err);
    weft_merge_lists_reset(m);
    return rc;
}

/* Rows that one row group takes: all that is left, or as many as fit, cut where a trace ends. */
static uint32_t rows_take(const struct merge *m, uint32_t from)
{
    uint32_t left = m->entry_count - from, take = m->rows_max;

    if (left <= m->rows_max) return left;
    while (take > 0) {
        const struct merge_entry *a = &m->entries[from + take - 1], *b = a + 1;
        const uint8_t *x = m->chunks[a->chunk].view.records + (size_t)a->row * WEFT_RECORD_BYTES;
        const uint8_t *y = m->chunks[b->chunk].view.records + (size_t)b->row * WEFT_RECORD_BYTES;
        if (a->key != b->key) return take;
        /* Inside a long run of one prefix whole ids are sorted; inside a short one they are not,
         * and it is not cut. */
        if (memcmp(x, y, 16) != 0 &&
            (take >= 2048 && m->entries[from + take - 1].key == m->entries[from + take - 1025].key))
            return take;
        take--;
    }
    return m->rows_max; /* one trace with more spans than a row group holds */
}

static int row_groups(struct merge *m, struct weft_err *err)
{
    uint64_t *bounds = NULL, done = 0;
    uint32_t count = 0;
    int rc = weft_merge_range_init(m, &bounds, &count, err);

    for (uint32_t i = 0; i < count && rc == WEFT_OK; i += !m->crowd.has_more) {
        rc = weft_merge_range_collect(m, bounds[i], err);
        for (uint32_t from = 0, take; from < m->entry_count && rc == WEFT_OK; from += take) {
            if (m->options->cancelled != NULL &&
                atomic_load_explicit(m->options->cancelled, memory_order_relaxed)) {
                rc = weft_fail(err, WEFT_CANCELLED, "merge: cancelled after %llu spans",
                               (unsigned long long)done);
                break;
            }
            take = rows_take(m, from);
            rc = row_group(m, from, take, err);
            done += take;
            if (m->options->progress != NULL)
                m->options->progress(m->options->progress_arg, done, m->spans_total);
        }
    }
    m->stats->spans_in = done;
    weft_free(bounds);
    return rc;
}

static int masks_write(struct merge *m, struct weft_err *err)
{
    uint64_t offset = weft_block_writer_offset(&m->file);
    int rc = WEFT_OK;

    if (m->input->masked_count == 0) return WEFT_OK;
    for (uint64_t i = 0; i < m->input->masked_count && rc == WEFT_OK; i++) {
        const struct weft_mask_entry *entry = &m->input->masked[i];
        uint8_t e[WEFT_MASK_ENTRY_BYTES] = { 0 };
        weft_store_u64(e, entry->block);
        weft_store_u32(e + 8, entry->row_group);
        weft_store_u32(e + 12, entry->trace);
        weft_store_u32(e + 16, entry->spans);
        rc = weft_block_writer_append(&m->file, e, sizeof e, err);
    }
    weft_block_writer_section(&m->file, WEFT_BLOCK_MASKS, WEFT_BLOCK_SECTION_REQUIRED, offset);
    return rc;
}

/* Numbers of the segments, then of the blocks; their counts go into the footer's fixed part. */
static void superseded_list(const struct weft_merge_input *in, uint8_t *fixed, struct weft_buf *out)
{
    uint32_t blocks = in->keeps_inputs ? 0 : in->block_count;

    for (uint32_t i = 0; i < in->segment_count; i++) {
        uint64_t number = weft_segment_number(in->segments[i]->segment);
        weft_buf_append(out, &number, 8);
    }
    weft_buf_append(out, in->more_superseded_segments, in->more_superseded_segment_count * 8ull);
    for (uint32_t i = 0; i < blocks; i++) {
        uint64_t number = weft_block_number(in->blocks[i]);
        weft_buf_append(out, &number, 8);
    }
    weft_buf_append(out, in->more_superseded_blocks, in->more_superseded_block_count * 8ull);
    weft_store_u32(fixed + 116, in->segment_count + in->more_superseded_segment_count);
    weft_store_u32(fixed + 120, blocks + in->more_superseded_block_count);
}

/* Zeros in place of a page that the disk could not read must not become somebody's spans. */
static int inputs_intact(const struct merge *m, struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < m->source_count && rc == WEFT_OK; i++)
        rc = m->sources[i].view != NULL ? weft_segment_intact(m->sources[i].view->segment, err)
                                        : weft_block_intact(m->sources[i].block, err);
    return rc;
}

static int finish(struct merge *m, struct weft_err *err)
{
    uint8_t f[WEFT_BLOCK_FOOTER_FIXED] = { 0 };
    struct weft_buf superseded = { 0 };
    struct weft_merge_stats *s = m->stats;
    uint64_t counts[10] = { m->file.number,      m->file.created_unix_ns,
                            s->spans_out,        s->traces,
                            m->error_count,      m->start_min,
                            m->start_max,        s->conflicting_duplicates,
                            s->exact_duplicates, s->orphans };
    int rc;

    if ((rc = weft_merge_tables_write(m, err)) < 0 || (rc = masks_write(m, err)) < 0 ||
        (rc = weft_merge_blobs_write(m, err)) < 0)
        return rc;
    memcpy(f, counts, sizeof counts);
    memcpy(f + 80, m->trace_min, 16);
    memcpy(f + 96, m->trace_max, 16);
    weft_store_u32(f + 112, (uint32_t)(m->directory.len / WEFT_ROWS_ENTRY_BYTES));
    superseded_list(m->input, f, &superseded);
    if ((rc = inputs_intact(m, err)) == WEFT_OK)
        rc = weft_block_writer_finish(&m->file, f, weft_buf_str(&superseded), err);
    s->bytes = m->file.flushed;
    weft_buf_release(&superseded);
    return rc;
}

static void merge_release(struct merge *m)
{
    weft_merge_tables_release(m);
    weft_merge_run_memory_destroy(m->run_memory);
    weft_merge_blobs_destroy(m->blobs);
    weft_function_set_release(&m->functions);
    weft_map_release(&m->list_numbers);
    weft_map_release(&m->local_list_numbers);
    weft_map_release(&m->extra_list_numbers);
    weft_merge_crowd_release(m);
    weft_merge_keys_release(&m->spelt_keys);
    weft_buf_release(&m->inline_offsets);
    weft_buf_release(&m->rest_bytes);
    weft_buf_release(&m->local_key_bytes);
    weft_buf_release(&m->local_key_ends);
    weft_buf_release(&m->directory);
    weft_buf_release(&m->data);
    weft_buf_release(&m->rows_out);
    void *const memory[] = { m->chunks, m->lists,   m->entries,  m->entry_scratch,
                             m->rows,   m->order,   m->group_of, m->traces,
                             m->refs,   m->columns, m->numbers };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) weft_free(memory[i]);
    weft_arena_release(&m->tables);
    weft_arena_release(&m->scratch);
    ZSTD_freeCCtx(m->zstd);
    weft_block_writer_release(&m->file);
    weft_free(m);
}

static int file_create(struct merge *m, struct weft_err *err)
{
    const struct weft_merge_target *target = m->options->target;

    if (target == NULL)
        return weft_block_writer_create(&m->file, m->options->directory, m->options->number,
                                        weft_clock_unix_ns(), err);
    return weft_block_writer_create_inside(&m->file, target->fd, target->path, target->offset,
                                           m->options->number, weft_clock_unix_ns(), err);
}

int weft_merge(const struct weft_merge_input *input, const struct weft_merge_options *options,
               struct weft_merge_stats *stats, struct weft_err *err)
{
    struct merge *m = weft_alloc_zero(sizeof *m);
    int rc;

    memset(stats, 0, sizeof *stats);
    m->input = input, m->options = options, m->stats = stats;
    m->level = options->zstd_level != 0 ? options->zstd_level : 1;
    m->file.fd = -1;
    m->start_min = UINT64_MAX;
    weft_arena_init(&m->tables, 0);
    weft_arena_init(&m->scratch, 1 << 20);
    m->zstd = ZSTD_createCCtx();
    m->blobs = weft_merge_blobs_create();
    m->blob_min = options->blob_min != 0 ? options->blob_min : WEFT_BLOB_BYTES_DEFAULT;
    if (m->blob_min < WEFT_BLOB_BYTES_MIN) m->blob_min = WEFT_BLOB_BYTES_MIN;
    m->run_memory = weft_merge_run_memory_create();
    m->numbers = weft_alloc_array(WEFT_ROWS_MAX, sizeof *m->numbers);
    sources_init(m);
    if ((rc = blocks_init(m, err)) == WEFT_OK && (rc = file_create(m, err)) == WEFT_OK &&
        (rc = weft_merge_tables_build(m, err)) == WEFT_OK && (rc = row_groups(m, err)) == WEFT_OK)
        rc = finish(m, err);
    merge_release(m);
    return rc;
}
