/* block_filter_value.c -- does one value of a run hold? Strings are judged once a block, by their number. */
#include "store/block_blob.h"
#include "store/block_filter_internal.h"

static int string_holds(struct weft_filter_run *e, uint32_t number, bool *holds)
{
    struct weft_value value = { .type = e->run->code & 7 };
    const struct weft_block *block = e->rows->block;
    uint32_t blob = number - block->strings.count;
    int rc;

    if (number >= block->strings.count && blob < block->blob_count)
        return weft_block_blob_holds(e->reader, blob, value.type, e->f->predicate, holds, e->err);
    uint8_t *answer =
        value.type == WEFT_VALUE_STRING && e->f->by_string != NULL && number < block->strings.count
            ? &e->f->by_string[number]
            : NULL;
    if (answer != NULL && *answer != 0) {
        *holds = *answer == 2;
        return WEFT_OK;
    }
    rc = weft_strings_get(&e->reader->strings, number, &value.bytes, e->err);
    *holds = rc == WEFT_OK && weft_predicate_holds_value(e->f->predicate, &value);
    if (answer != NULL && rc == WEFT_OK) *answer = *holds ? 2 : 1;
    return rc;
}

bool weft_filter_wide(const struct weft_filter_run *e, uint64_t bits)
{
    struct weft_value value = { .type = e->run->code & 7, .int_value = (int64_t)bits };
    if (value.type == WEFT_VALUE_INT && e->f->has_wide_range)
        return weft_filter_wide_range(e->f, (int64_t)bits);
    return weft_predicate_holds_value(e->f->predicate,
                                      &value); /* the union's double has the same bits */
}

int weft_filter_number(struct weft_filter_run *e, uint32_t number, bool *holds)
{
    uint32_t type = e->run->code & 7;

    if (type == WEFT_VALUE_BOOL) {
        struct weft_value value = { .type = WEFT_VALUE_BOOL, .bool_value = number != 0 };
        *holds = weft_predicate_holds_value(e->f->predicate, &value);
        return WEFT_OK;
    }
    if (type == WEFT_VALUE_STRING && e->f->has_range && number < e->rows->block->strings.count) {
        *holds = weft_filter_range(e->f, number);
        return WEFT_OK;
    }
    return string_holds(e, number, holds);
}

int weft_filter_read_value(struct weft_filter_run *e, const struct weft_run_value *v, bool *holds)
{
    if (v->is_spelt) {
        struct weft_value value = { .type = e->run->code & 7, .bytes = v->bytes };
        *holds = weft_predicate_holds_value(e->f->predicate, &value);
        return WEFT_OK;
    }
    if (weft_filter_is_wide(e->run)) {
        *holds = weft_filter_wide(e, v->wide);
        return WEFT_OK;
    }
    return weft_filter_number(e, v->number, holds);
}

int weft_filter_value(struct weft_filter_run *e, uint32_t position, bool *holds)
{
    struct weft_run_value v;
    int rc = weft_run_get(e->rows, e->run, position, e->reader, &v, e->err);

    return rc < 0 ? rc : weft_filter_read_value(e, &v, holds);
}
