/* block_code_runs.c -- codes of attributes: of each run of a group, and of the rests of its rows. */
#include "store/block_codes.h"
#include "store/block_rest.h"

enum { BATCH = 1024 };

/* One run being read. */
struct reading {
    struct weft_codes *codes;
    struct weft_rows *rows;
    struct weft_run *run;
    const uint16_t *row; /* of each value; NULL: the n-th value is the n-th row's */
    struct weft_err *err;
};

static bool is_wide(const struct weft_run *run)
{
    return (run->code & 7) == WEFT_VALUE_INT || (run->code & 7) == WEFT_VALUE_DOUBLE;
}

static void put(const struct reading *r, uint32_t position, uint32_t code)
{
    weft_codes_put(r->codes, r->row != NULL ? r->row[position] : position, code);
}

static int put_value(const struct reading *r, uint32_t position, const struct weft_run_value *v)
{
    uint32_t type = r->run->code & 7, code;
    int rc = WEFT_OK;

    if (v->is_spelt)
        code = weft_codes_of_text(r->codes, type, v->bytes);
    else
        rc = weft_codes_of_number(r->codes, type, is_wide(r->run) ? v->wide : v->number, &code,
                                  r->err);
    if (rc == WEFT_OK) put(r, position, code);
    return rc;
}

/* The dictionary is looked up once. */
static int read_dictionary(const struct reading *r)
{
    const struct weft_run *run = r->run;
    uint32_t *of_entry = weft_arena_alloc(r->rows->temporary,
                                          ((size_t)run->dictionary_count + 1) * sizeof *of_entry),
             entries[BATCH];
    int rc;

    for (uint32_t i = 0; i < run->dictionary_count; i++) {
        uint64_t number = is_wide(run) ? weft_load_u64(run->dictionary + (size_t)i * 8)
                                       : weft_load_u32(run->dictionary + (size_t)i * 4);
        if ((rc = weft_codes_of_number(r->codes, run->code & 7, number, &of_entry[i], r->err)) < 0)
            return rc;
    }
    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack_u32(entries, run->data, at, n, run->bits, 0);
        for (uint32_t i = 0; i < n; i++) {
            if (entries[i] >= run->dictionary_count)
                return weft_rows_corrupt(r->rows, r->err, "run of key %u: code %u of %u", run->code,
                                         entries[i], run->dictionary_count);
            put(r, at + i, of_entry[entries[i]]);
        }
    }
    return WEFT_OK;
}

static int read_packed(const struct reading *r)
{
    const struct weft_run *run = r->run;
    uint64_t wide[BATCH];
    uint32_t narrow[BATCH], code;
    int rc;

    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        if (is_wide(run))
            weft_bits_unpack(wide, run->data, at, n, run->bits, run->wide_base);
        else
            weft_bits_unpack_u32(narrow, run->data, at, n, run->bits, run->base);
        for (uint32_t i = 0; i < n; i++) {
            if ((rc = weft_codes_of_number(r->codes, run->code & 7,
                                           is_wide(run) ? wide[i] : narrow[i], &code, r->err)) < 0)
                return rc;
            put(r, at + i, code);
        }
    }
    return WEFT_OK;
}

static int read_constant(const struct reading *r)
{
    uint32_t code;
    int rc;

    if (r->run->count == 0) return WEFT_OK;
    if ((rc = weft_codes_of_number(r->codes, r->run->code & 7,
                                   is_wide(r->run) ? r->run->wide_base : r->run->base, &code,
                                   r->err)) < 0)
        return rc;
    for (uint32_t i = 0; i < r->run->count; i++) put(r, i, code);
    return WEFT_OK;
}

static int read_each(const struct reading *r)
{
    struct weft_run_value v;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < r->run->count && rc == WEFT_OK; i++) {
        rc = weft_run_get(r->rows, r->run, i, r->codes->reader, &v, r->err);
        if (rc == WEFT_OK) rc = put_value(r, i, &v);
    }
    return rc;
}

static int run_read(struct reading *r)
{
    if (r->run->presence.mode != WEFT_PRESENCE_ALL) {
        uint16_t *row = weft_arena_alloc(r->rows->temporary, (size_t)r->run->count * 2 + 2);
        weft_presence_rows(&r->run->presence, row);
        r->row = row;
    }
    switch (r->run->encoding) {
    case WEFT_RUN_CONSTANT: return read_constant(r);
    case WEFT_RUN_DICTIONARY: return read_dictionary(r);
    case WEFT_RUN_PACKED: return read_packed(r);
    default: return read_each(r);
    }
}

int weft_codes_read_runs(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                         uint32_t code, struct weft_err *err)
{
    uint32_t at, end;
    int rc = weft_rows_find_group_runs(rows, code, g, &at, &end, err);

    for (; rc == WEFT_OK && at < end; at++) {
        struct reading r = { .codes = codes, .rows = rows, .err = err };
        if ((rc = weft_rows_run(rows, at, &r.run, err)) == WEFT_OK) rc = run_read(&r);
    }
    return rc;
}

/* ---- rests ---- */

/* One row's: the attributes of the key. */
static int rest_row_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t row,
                         struct weft_str bytes, struct weft_err *err)
{
    struct weft_rest rest;
    int rc = weft_rest_init(&rest, rows, bytes, err);

    while (rc >= 0 && (rc = weft_rest_next(&rest, err)) > 0) {
        struct weft_run of_code = { .code = rest.code };
        struct reading r = { .codes = codes, .rows = rows, .run = &of_code, .err = err };
        if (rest.code >= weft_key_code(codes->key + 1, 0)) return WEFT_OK;
        if (rest.code > weft_key_code(codes->key, WEFT_VALUE_EMPTY))
            rc = put_value(&r, row, &rest.value);
    }
    return rc < 0 ? rc : WEFT_OK;
}

int weft_codes_read_rest(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                         struct weft_err *err)
{
    uint32_t first, end;
    struct weft_run_value v;
    struct weft_run *run;
    int rc;

    if (!weft_rest_may_have(rows, codes->key)) return WEFT_OK;
    if ((rc = weft_rows_find_group_runs(rows,
                                        WEFT_PSEUDO_REST << 3 | weft_pseudo_type(WEFT_PSEUDO_REST),
                                        g, &first, &end, err)) < 0 ||
        first == end)
        return rc;
    if ((rc = weft_rows_run(rows, first, &run, err)) < 0) return rc;
    uint16_t *row = weft_arena_alloc(rows->temporary, (size_t)run->count * 2 + 2);
    weft_presence_rows(&run->presence, row);
    for (uint32_t i = 0; i < run->count; i++) {
        if ((rc = weft_run_get(rows, run, i, codes->reader, &v, err)) < 0) return rc;
        if (!v.is_spelt) return weft_rows_corrupt(rows, err, "rare keys are not spelt out");
        if ((rc = rest_row_read(codes, rows, row[i], v.bytes, err)) < 0) return rc;
    }
    return WEFT_OK;
}
