/* block_inspect.c -- a block from outside: every page and value read (check), bytes by column
 * (sizes), the file explained (dump). */
#include "base/alloc.h"
#include "store/block_blob.h"
#include <inttypes.h>

/* ---- check ---- */

struct checking {
    struct weft_block *block;
    void (*report)(void *arg, const char *sentence);
    void *arg;
    struct weft_err err;
    uint64_t findings;
};

static bool finding(struct checking *c, int rc)
{
    if (rc == WEFT_OK) return false;
    c->findings++;
    if (c->report != NULL) c->report(c->arg, c->err.text);
    return true;
}

static void pages_check(struct checking *c)
{
    const uint8_t *bytes;

    for (uint64_t at = 0; at < c->block->data_bytes; at += WEFT_BLOCK_PAGE_BYTES) {
        uint64_t len = c->block->data_bytes - at < WEFT_BLOCK_PAGE_BYTES ? c->block->data_bytes - at
                                                                         : WEFT_BLOCK_PAGE_BYTES;
        finding(c, weft_block_bytes(c->block, at, len, "page", &bytes, &c->err));
    }
}

static void strings_check(struct checking *c, struct weft_block_reader *reader)
{
    struct weft_buf last = { 0 };

    for (uint32_t i = 0; i < c->block->strings.count; i++) {
        struct weft_str s;
        if (finding(c, weft_strings_get(&reader->strings, i, &s, &c->err))) break;
        if (i > 0 && weft_str_compare(weft_buf_str(&last), s) >= 0 &&
            finding(c, weft_fail(&c->err, WEFT_CORRUPT,
                                 "block %s: string %u does not sort behind the one before",
                                 c->block->path, i)))
            break;
        weft_buf_reset(&last);
        weft_buf_append_str(&last, s);
    }
    weft_buf_release(&last);
}

/* Whole spans of every row, in steps, so that every value is decoded once. */
static void rows_check(struct checking *c, uint32_t number, struct weft_block_reader *reader)
{
    enum { STEP = 1024 };
    struct weft_arena scratch, spans;
    struct weft_rows rows;
    struct weft_span *out = weft_alloc_array(STEP, sizeof *out);

    weft_arena_init(&scratch, 0);
    weft_arena_init(&spans, 0);
    if (!finding(c, weft_rows_open(&rows, c->block, number, &scratch, &c->err))) {
        for (uint32_t at = 0; at < rows.span_count; at += STEP) {
            uint32_t n = rows.span_count - at < STEP ? rows.span_count - at : STEP;
            if (finding(c, weft_rows_spans(&rows, at, n, out, reader, &spans, &c->err))) break;
            for (uint32_t i = 0; i < n; i++)
                if (out[i].start_time_unix_nano < rows.entry->start_min ||
                    out[i].start_time_unix_nano > rows.entry->start_max)
                    finding(c, weft_rows_corrupt(
                                   &rows, &c->err,
                                   "row %u starts outside of the times of its directory entry",
                                   at + i));
            weft_arena_reset(&spans);
        }
    }
    weft_arena_release(&spans);
    weft_arena_release(&scratch);
    weft_free(out);
}

/* What the entries say about other blocks is for the store to judge. */
static void masks_check(struct checking *c)
{
    struct weft_buf entries = { 0 };

    if (!finding(c, weft_block_masked(c->block, &entries, &c->err))) {
        const struct weft_mask_entry *e = (const void *)entries.data;
        for (uint64_t i = 0; i < c->block->info.masked_count; i++)
            if (e[i].block == c->block->info.number || e[i].spans == 0 ||
                e[i].spans > WEFT_ROWS_MAX || e[i].row_group >> 20 != 0 ||
                e[i].trace >= WEFT_ROWS_MAX)
                finding(c, weft_fail(&c->err, WEFT_CORRUPT,
                                     "block %s: masks: entry %" PRIu64
                                     " names its own block, no span or no place",
                                     c->block->path, i));
    }
    weft_buf_release(&entries);
}

int weft_block_check(struct weft_block *block, void (*report)(void *arg, const char *sentence),
                     void *arg, struct weft_err *err)
{
    struct checking c = { .block = block, .report = report, .arg = arg };
    struct weft_block_reader reader;

    pages_check(&c);
    bool has_pages = c.findings == 0;
    finding(&c, weft_block_tail_check(block, &c.err));
    if (has_pages) masks_check(&c);
    if (has_pages && !finding(&c, weft_block_load_tables(block, &c.err))) {
        weft_block_reader_init(&reader, block);
        strings_check(&c, &reader);
        finding(&c, weft_block_blobs_check(block, &c.err));
        for (uint32_t r = 0; r < block->info.row_group_count; r++) rows_check(&c, r, &reader);
        weft_block_reader_release(&reader);
    }
    if (c.findings == 0) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "block %s: %" PRIu64 " findings; the last: %s", block->path,
                     c.findings, c.err.text);
}

/* ---- sizes ---- */

static const char *const section_names[WEFT_ROWS_SECTION_LIMIT] = {
    [WEFT_ROWS_TRACE_PREFIX] = "trace id, first half",
    [WEFT_ROWS_TRACE_REST] = "trace id, second half",
    [WEFT_ROWS_TRACE_SPANS] = "trace spans",
    [WEFT_ROWS_TRACE_RANK] = "trace ranks",
    [WEFT_ROWS_TRACE_START] = "trace start",
    [WEFT_ROWS_TRACE_EXCESS] = "trace excess",
    [WEFT_ROWS_TRACE_ERRORS] = "trace errors",
    [WEFT_ROWS_SPAN_ID] = "span id",
    [WEFT_ROWS_DEPTH] = "depth",
    [WEFT_ROWS_GROUP] = "group number",
    [WEFT_ROWS_STATUS] = "status",
    [WEFT_ROWS_PARENTS] = "parents",
    [WEFT_ROWS_GROUPS] = "groups",
    [WEFT_ROWS_RANKS] = "group ranks",
    [WEFT_ROWS_MAPS] = "maps between columns",
    [WEFT_ROWS_RUN_KEYS] = "run keys",
    [WEFT_ROWS_RUNS] = "run directory",
    [WEFT_ROWS_LOCAL_KEYS] = "local keys",
    [WEFT_ROWS_REST_KEYS] = "rare keys",
};
enum {
    SIZE_HEADS = WEFT_ROWS_SECTION_LIMIT,
    SIZE_STARTS,
    SIZE_DURATIONS,
    SIZE_VALUES,
    SIZE_LIMIT = SIZE_VALUES + WEFT_RUN_ENCODINGS
};
static const char *const data_names[SIZE_LIMIT - WEFT_ROWS_SECTION_LIMIT] = {
    "heads of rows",   "start in trace",     "duration",         "values, constant",
    "values, packed",  "values, dictionary", "values, plain",    "values, uuid",
    "values, decimal", "values, mixed",      "values, function",
};

/* Bytes of the data section by kind: what lies between one offset and the next. */
struct piece {
    uint32_t offset, kind;
};
static int compare_piece(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int rows_sizes(struct weft_block *b, uint32_t number, uint64_t *sizes, struct weft_err *err)
{
    struct weft_arena arena;
    struct weft_rows rows;
    uint32_t n = 0;
    int rc;

    weft_arena_init(&arena, 0);
    if ((rc = weft_rows_open(&rows, b, number, &arena, err)) == WEFT_OK &&
        (rc = weft_rows_load_groups(&rows, err)) == WEFT_OK) {
        struct piece *pieces =
            weft_arena_alloc(&arena, (rows.group_count * 3 + rows.run_count + 1) * sizeof *pieces);
        for (unsigned k = 1; k < WEFT_ROWS_SECTION_LIMIT; k++)
            if (k != WEFT_ROWS_DATA) sizes[k] += rows.sections[k].bytes;
        for (uint32_t g = 0; g < rows.group_count; g++)
            for (uint32_t i = 0; i < 3; i++)
                pieces[n++] = (struct piece){ rows.groups[g].offsets[i], SIZE_HEADS + i };
        for (uint32_t r = 0; r < rows.run_count; r++) {
            struct weft_run_entry e;
            weft_rows_run_entry(&rows, r, &e);
            uint32_t encoding = e.encoding & 15;
            pieces[n++] =
                (struct piece){ e.offset,
                                SIZE_VALUES + (encoding < WEFT_RUN_ENCODINGS ? encoding : 0) };
        }
        qsort(pieces, n, sizeof *pieces, compare_piece);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t end = i + 1 < n ? pieces[i + 1].offset : rows.sections[WEFT_ROWS_DATA].bytes;
            if (end >= pieces[i].offset) sizes[pieces[i].kind] += end - pieces[i].offset;
        }
    }
    weft_arena_release(&arena);
    return rc;
}

int weft_block_sizes(struct weft_block *b, struct weft_block_size *out, uint32_t capacity,
                     uint32_t *count)
{
    uint64_t sizes[SIZE_LIMIT] = { 0 };
    struct weft_err err;
    int rc = WEFT_OK;

    *count = 0;
    for (uint32_t r = 0; r < b->info.row_group_count && rc == WEFT_OK; r++)
        rc = rows_sizes(b, r, sizes, &err);
    for (unsigned k = 1; k < SIZE_LIMIT; k++) {
        const char *name = k < WEFT_ROWS_SECTION_LIMIT ? section_names[k]
                                                       : data_names[k - WEFT_ROWS_SECTION_LIMIT];
        if (name != NULL && sizes[k] > 0 && *count < capacity)
            out[(*count)++] = (struct weft_block_size){ name, sizes[k] };
    }
    static const char *const tables[] = {
        NULL,        "strings", "string index",        "keys",  "heads",
        "resources", "scopes",  "row group directory", "masks", "table of blobs"
    };
    for (unsigned k = 1; k < WEFT_BLOCK_SECTION_LIMIT; k++)
        if (b->sections[k].is_there && *count < capacity)
            out[(*count)++] = (struct weft_block_size){ tables[k], b->sections[k].bytes };
    if (*count < capacity)
        out[(*count)++] =
            (struct weft_block_size){ "checksums and footer", b->file_bytes - b->data_bytes };
    return rc;
}

/* ---- dump ---- */

static int rows_dump(struct weft_block *b, uint32_t number, struct weft_buf *out,
                     struct weft_err *err)
{
    struct weft_arena arena;
    struct weft_rows rows;
    int rc;

    weft_arena_init(&arena, 0);
    if ((rc = weft_rows_open(&rows, b, number, &arena, err)) == WEFT_OK &&
        (rc = weft_rows_load_groups(&rows, err)) == WEFT_OK) {
        weft_buf_printf(out,
                        "row group %u: offset %" PRIu64 ", %" PRIu64
                        " bytes, %u spans, %u traces, %u errors\n",
                        number, rows.entry->offset, rows.entry->bytes, rows.span_count,
                        rows.trace_count, rows.entry->error_count);
        for (uint32_t g = 0; g < rows.group_count; g++)
            weft_buf_printf(out, "  group %u: %u rows, %u runs%s\n", g, rows.groups[g].rows,
                            rows.groups[g].run_count, rows.groups[g].is_pool ? ", pool" : "");
        for (uint32_t r = 0; r < rows.run_count && rc == WEFT_OK; r++) {
            struct weft_run *run = NULL;
            struct weft_str name;
            if ((rc = weft_rows_run(&rows, r, &run, err)) < 0) break;
            if ((rc = weft_rows_key_name(&rows, run->code, &name, err)) < 0) break;
            weft_buf_printf(out,
                            "  run %u: group %u, key %.*s, type %u, %s, %u bits, %u of %u rows\n",
                            r, run->group, WEFT_S_ARG(name), run->code & 7,
                            weft_block_encoding_name(run->encoding), run->bits, run->count,
                            rows.groups[run->group].rows);
        }
    }
    weft_arena_release(&arena);
    return rc;
}

int weft_block_dump(struct weft_block *b, struct weft_buf *out, struct weft_err *err)
{
    struct weft_block_size sizes[SIZE_LIMIT + 16];
    uint32_t count;
    int rc;

    weft_buf_printf(out,
                    "block %016" PRIx64 ": %" PRIu64 " bytes, %" PRIu64 " spans, %" PRIu64
                    " traces, %" PRIu64 " errors, %" PRIu64 " orphans, %" PRIu64
                    " conflicting and %" PRIu64 " dropped duplicates\n",
                    b->info.number, b->file_bytes, b->info.span_count, b->info.trace_count,
                    b->info.error_count, b->orphans, b->info.conflicting_duplicates,
                    b->exact_duplicates);
    if ((rc = weft_block_load_tables(b, err)) < 0) return rc;
    weft_buf_printf(out, "tables: %u strings, %u keys, %u heads, %u resources, %u scopes\n",
                    b->strings.count, b->keys.count, b->head_count, b->resources.count,
                    b->scopes.count);
    for (uint32_t i = 0; i < b->info.superseded_segment_count; i++)
        weft_buf_printf(out, "supersedes segment %016" PRIx64 "\n", b->info.superseded_segments[i]);
    for (uint32_t i = 0; i < b->info.superseded_block_count; i++)
        weft_buf_printf(out, "supersedes block %016" PRIx64 "\n", b->info.superseded_blocks[i]);
    if ((rc = weft_block_sizes(b, sizes, SIZE_LIMIT + 16, &count)) < 0)
        return weft_fail(err, rc, "block %s: sizes cannot be read", b->path);
    for (uint32_t i = 0; i < count; i++)
        weft_buf_printf(out, "%12" PRIu64 " bytes  %s\n", sizes[i].bytes, sizes[i].what);
    for (uint32_t r = 0; r < b->info.row_group_count && rc == WEFT_OK; r++)
        rc = rows_dump(b, r, out, err);
    return rc;
}
