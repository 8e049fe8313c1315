/* block_codes.c -- see block_codes.h: what a column is read from. */
#include "store/block_codes.h"
#include "base/alloc.h"

enum { SCOPES = 256 };
enum { HEAD_UNKNOWN = -1, HEAD_SPELT = -2 }; /* the name stands with the row */

static bool is_of_head(const struct weft_span_column *column)
{
    switch (column->field) {
    case WEFT_FIELD_SERVICE:
    case WEFT_FIELD_NAME:
    case WEFT_FIELD_KIND:
    case WEFT_FIELD_SCOPE_NAME:
    case WEFT_FIELD_SCOPE_VERSION: return true;
    case WEFT_FIELD_ATTRIBUTE: return column->scope != WEFT_SCOPE_SPAN;
    default: return false;
    }
}

void weft_codes_init(struct weft_codes *codes, const struct weft_span_column *column,
                     struct weft_block_reader *reader)
{
    *codes = (struct weft_codes){ .column = column, .reader = reader };
    weft_code_table_init(&codes->table);
    codes->codes = weft_alloc((size_t)WEFT_ROWS_MAX * sizeof *codes->codes);
    codes->repeated = weft_alloc_array(WEFT_ROWS_MAX / 64, sizeof *codes->repeated);
    if (column->field == WEFT_FIELD_STATUS) codes->status = weft_alloc(WEFT_ROWS_MAX);
    if (!is_of_head(column)) return;
    if (reader == NULL) {
        codes->by_scope = weft_alloc_array(SCOPES, sizeof *codes->by_scope);
        return;
    }
    size_t bytes = ((size_t)reader->block->head_count + 1) * sizeof *codes->by_head;
    codes->by_head = memset(weft_alloc(bytes), 0xff, bytes);
}

void weft_codes_release(struct weft_codes *codes)
{
    weft_code_table_release(&codes->table);
    weft_free(codes->codes);
    weft_free(codes->repeated);
    weft_free(codes->status);
    weft_free(codes->by_head);
    weft_free(codes->by_scope);
}

size_t weft_codes_bytes(const struct weft_codes *codes)
{
    const struct weft_code_table *t = &codes->table;
    return t->texts.total_bytes + t->slot_count * sizeof *t->slots +
           t->value_capacity * sizeof *t->values;
}

void weft_codes_forget(struct weft_codes *codes)
{
    weft_code_table_release(&codes->table);
    weft_code_table_init(&codes->table);
    if (codes->by_head != NULL)
        memset(codes->by_head, 0xff, codes->reader->block->head_count * sizeof *codes->by_head);
    if (codes->by_scope != NULL) memset(codes->by_scope, 0, SCOPES * sizeof *codes->by_scope);
}

static int status_read(struct weft_codes *codes, struct weft_rows *rows, struct weft_err *err)
{
    uint64_t page[WEFT_PAGED_ROWS];
    int rc = weft_rows_load_tree(rows, err);

    for (uint32_t at = 0; rc == WEFT_OK && at < rows->span_count; at += WEFT_PAGED_ROWS) {
        uint32_t left = rows->span_count - at, n = left < WEFT_PAGED_ROWS ? left : WEFT_PAGED_ROWS;
        weft_paged_read(&rows->status, at, n, page);
        for (uint32_t i = 0; i < n; i++) codes->status[at + i] = (uint8_t)page[i];
    }
    return rc;
}

int weft_codes_enter(struct weft_codes *codes, struct weft_rows *rows, struct weft_err *err)
{
    uint32_t local;

    if (codes->column->field == WEFT_FIELD_STATUS) return status_read(codes, rows, err);
    if (codes->column->field != WEFT_FIELD_ATTRIBUTE || codes->by_head != NULL) return WEFT_OK;
    if (weft_block_find_key(rows->block, codes->column->key, &codes->key)) return WEFT_OK;
    codes->key = WEFT_NO_NAME;
    if (weft_rows_find_local_key(rows, codes->column->key, &local, err))
        codes->key = rows->block->keys.count + local;
    return WEFT_OK;
}

/* ---- values that are at hand as such ---- */

static int of_value(struct weft_codes *codes, const struct weft_value *value, uint32_t *code,
                    struct weft_err *err)
{
    uint64_t number = value->type == WEFT_VALUE_BOOL ? value->bool_value : 0;

    switch (value->type) {
    case WEFT_VALUE_EMPTY: *code = 0; return WEFT_OK;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: memcpy(&number, &value->int_value, 8); /* fall through */
    case WEFT_VALUE_BOOL: return weft_codes_of_number(codes, value->type, number, code, err);
    default: *code = weft_codes_of_text(codes, value->type, value->bytes); return WEFT_OK;
    }
}

static struct weft_value first_of_key(struct weft_attributes attributes, struct weft_str key)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        if (attributes.items[i].type != WEFT_VALUE_EMPTY &&
            weft_str_equal(weft_attribute_key(&attributes.items[i]), key))
            return weft_attribute_value(&attributes.items[i]);
    return (struct weft_value){ .type = WEFT_VALUE_EMPTY };
}

/* ---- heads ---- */

static struct weft_value text_value(struct weft_str text)
{
    struct weft_value value = { .type = WEFT_VALUE_STRING };
    value.bytes = text;
    return value;
}

/* What a span with this scope, name and kind says; of columns that these decide. */
static struct weft_value head_value(const struct weft_span_column *column,
                                    const struct weft_scope *scope, struct weft_str name,
                                    uint8_t kind)
{
    switch (column->field) {
    case WEFT_FIELD_SERVICE: return text_value(scope->resource->service_name);
    case WEFT_FIELD_NAME: return text_value(name);
    case WEFT_FIELD_SCOPE_NAME: return text_value(scope->name);
    case WEFT_FIELD_SCOPE_VERSION: return text_value(scope->version);
    case WEFT_FIELD_KIND: return (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = kind };
    default:
        return first_of_key(column->scope == WEFT_SCOPE_RESOURCE ? scope->resource->attributes
                                                                 : scope->attributes,
                            column->key);
    }
}

/* Scopes of segments stay where they are, one for each pair of scope and resource. */
static int of_scope(struct weft_codes *codes, const struct weft_span *span, uint32_t *out,
                    struct weft_err *err)
{
    struct weft_code_of_scope *known =
        &codes->by_scope[weft_hash_u64((uintptr_t)span->scope) % SCOPES];
    int rc;

    if (known->scope != span->scope) {
        struct weft_value value = head_value(codes->column, span->scope, span->name, span->kind);
        if ((rc = of_value(codes, &value, &known->code, err)) < 0) return rc;
        known->scope = span->scope;
    }
    *out = known->code;
    return WEFT_OK;
}

int weft_codes_of_span(struct weft_codes *codes, const struct weft_span *span, uint32_t *out,
                       struct weft_err *err)
{
    const struct weft_span_column *column = codes->column;
    struct weft_value value = { .type = WEFT_VALUE_INT, .int_value = span->status_code };

    if (column->field == WEFT_FIELD_NAME || column->field == WEFT_FIELD_KIND)
        value = head_value(column, span->scope, span->name, span->kind);
    else if (codes->by_scope != NULL)
        return of_scope(codes, span, out, err);
    else if (column->field == WEFT_FIELD_STATUS_MESSAGE)
        value = text_value(span->status_message);
    else if (column->field == WEFT_FIELD_ATTRIBUTE)
        value = first_of_key(span->attributes, column->key);
    return of_value(codes, &value, out, err);
}

static int head_look(struct weft_codes *codes, uint32_t head, struct weft_err *err)
{
    bool is_spelt = codes->column->field == WEFT_FIELD_NAME &&
                    codes->reader->block->name_of_head[head].ptr == NULL;

    if (is_spelt) {
        codes->by_head[head] = (uint32_t)HEAD_SPELT;
        return WEFT_OK;
    }
    const struct weft_block *block = codes->reader->block;
    struct weft_value value =
        head_value(codes->column, block->scope_of_head[head], block->name_of_head[head],
                   weft_block_head(block, head).kind);
    return of_value(codes, &value, &codes->by_head[head], err);
}

/* The code of each row's head; spelt-out names are 0 for now. */
static int heads_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g, bool *any_spelt,
                      struct weft_err *err)
{
    const struct weft_rows_group *group = &rows->groups[g];
    uint64_t heads[WEFT_PAGED_ROWS];
    int rc;

    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++) {
            if (heads[i] >= rows->block->head_count)
                return weft_rows_corrupt(rows, err, "head %llu in group %u",
                                         (unsigned long long)heads[i], g);
            uint32_t *code = &codes->by_head[heads[i]];
            if (*code == (uint32_t)HEAD_UNKNOWN &&
                (rc = head_look(codes, (uint32_t)heads[i], err)) < 0)
                return rc;
            bool is_spelt = *code == (uint32_t)HEAD_SPELT;
            codes->codes[at + i] = is_spelt ? 0 : *code;
            *any_spelt |= is_spelt;
        }
    }
    return WEFT_OK;
}

/* ---- attributes of spans ---- */

/* Of rows that have the key more than once, the order in which they came decides. */
static int repeated_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                         const uint16_t *row_of, struct weft_err *err)
{
    struct weft_span span;
    uint32_t row;
    int rc;

    for (uint32_t i = 0; i < rows->groups[g].rows; i++) {
        if (!(codes->repeated[i / 64] >> i % 64 & 1)) continue;
        if (row_of != NULL)
            row = row_of[i];
        else if ((rc = weft_rows_find_row(rows, g, i, &row, err)) < 0)
            return rc;
        if ((rc = weft_rows_spans(rows, row, 1, &span, codes->reader, rows->temporary, err)) < 0)
            return rc;
        struct weft_value value = first_of_key(span.attributes, codes->column->key);
        if ((rc = of_value(codes, &value, &codes->codes[i], err)) < 0) return rc;
    }
    return WEFT_OK;
}

static int attribute_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                          const uint16_t *row_of, struct weft_err *err)
{
    int rc;

    if (codes->key == WEFT_NO_NAME) return WEFT_OK;
    for (uint32_t type = WEFT_VALUE_STRING; type <= WEFT_VALUE_BYTES; type++)
        if ((rc = weft_codes_read_runs(codes, rows, g, weft_key_code(codes->key, type), err)) < 0)
            return rc;
    if ((rc = weft_codes_read_rest(codes, rows, g, err)) < 0) return rc;
    return codes->has_repeated ? repeated_read(codes, rows, g, row_of, err) : WEFT_OK;
}

/* ---- a group ---- */

static int group_status(struct weft_codes *codes, uint32_t n, const uint16_t *row_of,
                        struct weft_err *err)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < n && rc == WEFT_OK; i++)
        rc = weft_codes_of_number(codes, WEFT_VALUE_INT, codes->status[row_of[i]], &codes->codes[i],
                                  err);
    return rc;
}

static int pseudo_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                       uint32_t pseudo, struct weft_err *err)
{
    return weft_codes_read_runs(codes, rows, g, pseudo << 3 | weft_pseudo_type(pseudo), err);
}

int weft_codes_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                    const uint16_t *row_of, struct weft_err *err)
{
    uint32_t n = rows->groups[g].rows;
    bool any_spelt = false;
    int rc;

    if (codes->column->field == WEFT_FIELD_STATUS) return group_status(codes, n, row_of, err);
    if (codes->by_head != NULL) {
        rc = heads_read(codes, rows, g, &any_spelt, err);
        return rc < 0 || !any_spelt ? rc : pseudo_read(codes, rows, g, WEFT_PSEUDO_NAME, err);
    }
    memset(codes->codes, 0, (size_t)n * sizeof *codes->codes);
    if (codes->has_repeated) memset(codes->repeated, 0, WEFT_ROWS_MAX / 8);
    codes->has_repeated = false;
    if (codes->column->field == WEFT_FIELD_STATUS_MESSAGE)
        return pseudo_read(codes, rows, g, WEFT_PSEUDO_STATUS_MESSAGE, err);
    return attribute_read(codes, rows, g, row_of, err);
}
