/* block_fuzz.c -- a block file of any bytes, its checksums made right: opening, checking, searching
 * merging it, explaining and salvaging it must only ever refuse.
 *
 * The input is a whole file; where its trailer points inside it, sums and footer are summed again,
 * so that mutations reach the code behind the checksums.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "store/block_internal.h"
#include "store/block_mask.h"
#include "store/block_mend.h"
#include "store/block_select.h"
#include "store/block_vectors.h"
#include "store/file_explain.h"
#include "store/salvage.h"
#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                uint64_t spans, uint64_t errors)
{
}

static bool likes(const void *self, struct weft_str text)
{
    return text.len % 2 == 0;
}

/* Every operator once, over leaves of all kinds. */
static void select_rows(struct weft_block *block)
{
    static const struct weft_matcher matcher = { .matches = likes };
    static const struct weft_predicate predicates[] = {
        { .scope = WEFT_SCOPE_ANY,
          .op = WEFT_OP_MATCH,
          .key = WEFT_S_INIT("some.key.1"),
          .matcher = &matcher },
        { .field = WEFT_FIELD_STATUS,
          .op = WEFT_OP_NE,
          .value = { .type = WEFT_VALUE_INT, .int_value = 2 } },
        { .field = WEFT_FIELD_IS_ROOT, .op = WEFT_OP_EQ, .value = { .type = WEFT_VALUE_BOOL } },
        { .field = WEFT_FIELD_DURATION,
          .op = WEFT_OP_GT,
          .value = { .type = WEFT_VALUE_INT, .int_value = 1000 } },
        { .field = WEFT_FIELD_NAME, .op = WEFT_OP_NOT_MATCH, .matcher = &matcher },
        { .field = WEFT_FIELD_STATUS_MESSAGE, .op = WEFT_OP_NOT_EXISTS },
    };
    enum { LEAVES = sizeof predicates / sizeof *predicates };
    struct weft_selection nodes[LEAVES], joins[WEFT_SELECT_SIBLING + 1];
    struct weft_block_reader reader;
    struct weft_select *select;
    struct weft_arena arena;
    struct weft_rows rows;
    uint32_t count;

    for (uint32_t i = 0; i < LEAVES; i++)
        nodes[i] =
            (struct weft_selection){ .op = WEFT_SELECT_PREDICATE, .predicate = &predicates[i] };
    for (uint32_t op = WEFT_SELECT_INTERSECT; op <= WEFT_SELECT_SIBLING; op++)
        joins[op] =
            (struct weft_selection){ .op = (enum weft_selection_op)op,
                                     .count = 2,
                                     .left = &nodes[op % LEAVES],
                                     .right =
                                         op == WEFT_SELECT_INTERSECT ? &nodes[0] : &joins[op - 1] };
    if (block->info.row_group_count == 0 || weft_block_load_tables(block, NULL) < 0) return;
    uint64_t *bits = weft_alloc(WEFT_ROWS_MAX / 8);
    weft_arena_init(&arena, 0);
    weft_block_reader_init(&reader, block);
    for (uint32_t op = WEFT_SELECT_INTERSECT; op <= WEFT_SELECT_SIBLING; op++) {
        if (weft_select_init(&select, block, &joins[op], &reader, &arena, NULL) == WEFT_OK &&
            weft_rows_open(&rows, block, 0, &arena, NULL) == WEFT_OK)
            weft_select_rows(select, &rows, bits, &count, NULL);
        weft_arena_reset(&arena);
    }
    weft_block_reader_release(&reader);
    weft_arena_release(&arena);
    weft_free(bits);
}

/* Codes may be wrong in such a file, but never beyond the values. */
static bool count_codes(void *arg, const struct weft_span_vector *vector)
{
    const struct weft_span_scan *scan = arg;
    struct weft_span_identity who;

    for (uint32_t c = 0; c < scan->column_count; c++)
        for (uint32_t i = 0; vector->columns[c].codes != NULL && i < vector->count; i++)
            if (vector->columns[c].codes[i] > vector->columns[c].value_count) abort();
    const struct weft_vector_place *place = vector->place;
    place->identify(vector, vector->count - 1, &who);
    return true;
}

static void columns_read(struct weft_block *block)
{
    static const struct weft_span_column columns[] = {
        { .field = WEFT_FIELD_ATTRIBUTE,
          .scope = WEFT_SCOPE_SPAN,
          .key = WEFT_S_INIT("some.key.1") },
        { .field = WEFT_FIELD_ATTRIBUTE,
          .scope = WEFT_SCOPE_SPAN,
          .key = WEFT_S_INIT("some.key.2") },
        { .field = WEFT_FIELD_ATTRIBUTE,
          .scope = WEFT_SCOPE_RESOURCE,
          .key = WEFT_S_INIT("some.key.1") },
        { .field = WEFT_FIELD_NAME },
        { .field = WEFT_FIELD_STATUS },
        { .field = WEFT_FIELD_STATUS_MESSAGE },
        { .field = WEFT_FIELD_SCOPE_VERSION },
        { .field = WEFT_FIELD_DURATION },
    };
    struct weft_span_scan scan = { .columns = columns,
                                   .column_count = sizeof columns / sizeof *columns,
                                   .vector = count_codes };
    uint64_t numbering = 0;
    const struct weft_apart apart = { .count = 0 };
    struct weft_block_vectors vectors = {
        .block = block, .scan = &scan, .apart = &apart, .numbering = &numbering
    };
    bool is_enough = false;
    int rc = weft_block_vectors_init(&vectors, NULL);

    scan.arg = &scan;
    if (rc < 0) return;
    do rc = weft_block_vectors_next(&vectors, &is_enough, NULL);
    while (rc > 0 || rc == WEFT_CORRUPT || rc == WEFT_UNSUPPORTED);
    weft_block_vectors_release(&vectors);
}

static int take(void *arg, const struct weft_batch *batch, struct weft_err *err)
{
    return WEFT_OK;
}

static void report(void *arg, const char *sentence) {}

/* What is said about a file that is damaged: it must stand it even more. */
static void examine(const char *path, uint64_t bytes)
{
    struct weft_buf text = { 0 };

    weft_file_explain(path, 0, bytes, &text, NULL);
    weft_buf_release(&text);
}

static void salvage(struct weft_block *block)
{
    struct weft_salvage_to to = { .take = take, .report = report };
    struct weft_salvage found;
    struct weft_mask_entry masked = { .block = weft_block_number(block), .trace = 1, .spans = 1 };
    struct weft_block_mask *mask = weft_block_mask_create(NULL, masked.block, &masked, 1);

    weft_block_salvage(block, mask, &to, &found, NULL);
    weft_block_mask_unref(mask);
}

static void merge(struct weft_block *block, const char *directory)
{
    struct weft_merge_input input = { .blocks = &block, .block_count = 1 };
    struct weft_merge_options options = { .directory = directory, .number = 2 };
    struct weft_merge_stats stats;
    char path[128];

    if (weft_merge(&input, &options, &stats, NULL) < 0) return;
    snprintf(path, sizeof path, "%s/block-%016x.weft", directory, 2);
    weft_file_unlink(path, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64];
    struct weft_block *block;
    char path[128];
    int fd;

    if (directory[0] == 0) {
        snprintf(directory, sizeof directory, "/tmp/weft-block-fuzz-XXXXXX");
        if (mkdtemp(directory) == NULL) return 0;
    }
    uint8_t *copy = weft_alloc(size + 1);
    memcpy(copy, data, size);
    weft_block_mend(copy, size);
    snprintf(path, sizeof path, "%s/block-0000000000000001.weft", directory);
    if (weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL) == 0) {
        weft_file_write_at(fd, path, copy, size, 0, NULL);
        weft_file_close(&fd);
        examine(path, size);
        if (weft_block_open(&block, path, NULL) == 0) {
            struct weft_arena arena;
            struct weft_batch batch = { .arena = &arena };
            struct weft_buf dump = { 0 };
            weft_arena_init(&arena, 0);
            weft_block_check(block, NULL, NULL, NULL);
            weft_block_operations(block, NULL, add, NULL, NULL);
            weft_block_trace(block, NULL, &block->info.trace_min, &batch, NULL);
            weft_block_dump(block, &dump, NULL);
            select_rows(block);
            columns_read(block);
            salvage(block);
            merge(block, directory);
            weft_buf_release(&dump);
            weft_arena_release(&arena);
            weft_block_unref(block);
        }
    }
    weft_free(copy);
    return 0;
}
