/* block_vectors_fixture.h -- for the tests: the spans that a selection has of a block, as its vectors give them. */
#ifndef WEFT_STORE_BLOCK_VECTORS_FIXTURE_H
#define WEFT_STORE_BLOCK_VECTORS_FIXTURE_H
#include "store/block_vectors.h"

/* Compared as bytes, so everything in it is set. */
struct fixture_row {
    struct weft_span_identity who;
    uint64_t start, duration;
    uint64_t service, name; /* hashes */
    uint64_t kind, status;
};
struct fixture_rows {
    struct weft_buf rows; /* struct fixture_row */
    uint32_t count;
    uint64_t start_min, duration_min;
    void (*given)(struct fixture_rows *rows); /* after each vector; may be NULL */
    uint32_t keep;                            /* for it */
};

static inline uint64_t fixture_text_hash(struct weft_str text)
{
    return text.len > 0 ? weft_hash(text.ptr, text.len) : 0;
}

static inline struct fixture_row fixture_row_of(const struct weft_span *span)
{
    struct fixture_row row;

    memset(&row, 0, sizeof row);
    row.who.trace_id = span->trace_id;
    row.who.span_id = span->span_id;
    row.who.parent_span_id = span->parent_span_id;
    row.start = span->start_time_unix_nano;
    row.duration = weft_span_duration_ns(span);
    row.service = fixture_text_hash(span->scope->resource->service_name);
    row.name = fixture_text_hash(span->name);
    row.kind = span->kind;
    row.status = span->status_code;
    return row;
}

static inline const struct weft_value *fixture_code_value(const struct weft_span_vector *vector,
                                                          uint32_t column, uint32_t i)
{
    static const struct weft_value none = { .type = WEFT_VALUE_EMPTY };
    uint32_t code = vector->columns[column].codes[i];

    assert_true(code <= vector->columns[column].value_count);
    return code > 0 ? &vector->columns[column].values[code - 1] : &none;
}

static inline bool fixture_rows_vector(void *arg, const struct weft_span_vector *vector)
{
    struct fixture_rows *rows = arg;
    const struct weft_vector_place *place = vector->place;

    for (uint32_t i = 0; i < vector->count; i++) {
        struct fixture_row row;
        memset(&row, 0, sizeof row);
        place->identify(vector, i, &row.who);
        row.start = vector->start_time_unix_nano[i];
        row.duration = vector->duration_ns[i];
        row.service = fixture_text_hash(fixture_code_value(vector, 1, i)->bytes);
        row.name = fixture_text_hash(fixture_code_value(vector, 2, i)->bytes);
        row.kind = (uint64_t)fixture_code_value(vector, 3, i)->int_value;
        row.status = (uint64_t)fixture_code_value(vector, 4, i)->int_value;
        weft_buf_append(&rows->rows, &row, sizeof row);
    }
    rows->count = (uint32_t)(rows->rows.len / sizeof(struct fixture_row));
    if (rows->given != NULL) rows->given(rows);
    return true;
}

/* `scan` says selection, times and bounds. */
static inline int fixture_rows_read(struct fixture_rows *out, struct weft_block *block,
                                    const struct weft_block_mask *mask,
                                    const struct weft_span_scan *scan, struct weft_err *err)
{
    static const struct weft_span_column columns[] = { { .field = WEFT_FIELD_DURATION },
                                                       { .field = WEFT_FIELD_SERVICE },
                                                       { .field = WEFT_FIELD_NAME },
                                                       { .field = WEFT_FIELD_KIND },
                                                       { .field = WEFT_FIELD_STATUS } };
    struct weft_span_scan asked = *scan;
    struct weft_apart nobody = { 0 };
    uint64_t numbering = 0;
    bool is_enough = false;
    int rc;

    asked.columns = columns;
    asked.column_count = sizeof columns / sizeof *columns;
    asked.vector = fixture_rows_vector;
    asked.arg = out;
    struct weft_block_vectors vectors = {
        .block = block, .mask = mask, .scan = &asked, .apart = &nobody, .numbering = &numbering
    };
    if ((rc = weft_block_vectors_init(&vectors, err)) < 0) return rc;
    do rc = weft_block_vectors_next(&vectors, &is_enough, err);
    while (rc > 0);
    weft_block_vectors_release(&vectors);
    return rc;
}

#endif
