/* block_filter_absent.c -- predicates against the directory of a row group: where it has no such key, or no number that the value could
 * have, nothing is asked row by row.
 */
#include "store/block_filter.h"
#include "store/block_rest.h"

static bool is_numbers(uint8_t encoding)
{
    switch (encoding & 15) {
    case WEFT_RUN_CONSTANT:
    case WEFT_RUN_PACKED:
    case WEFT_RUN_DICTIONARY:
    case WEFT_RUN_FUNCTION: return true;
    default: return false;
    }
}

/* Strings whose numbers all lie beside those that are wanted. Numbers of blobs say nothing. */
static bool string_run_is_beside(const struct weft_filter *f, const struct weft_rows *rows,
                                 uint32_t number)
{
    struct weft_run_entry e;

    weft_rows_run_entry(rows, number, &e);
    uint64_t last = (uint64_t)e.base + e.range;
    return is_numbers(e.encoding) && last < rows->block->strings.count &&
           (f->low >= f->high || e.base >= f->high || last < f->low);
}

static bool runs_may_hold(const struct weft_filter *f, const struct weft_rows *rows, uint32_t key,
                          uint32_t type)
{
    bool has_numbers = type == WEFT_VALUE_STRING && f->has_range && !f->is_outside &&
                       !weft_op_is_presence(f->predicate->op);
    uint32_t first, end;

    if (!weft_rows_find_runs(rows, weft_key_code(key, type), &first, &end)) return false;
    if (!has_numbers) return true;
    while (first < end && string_run_is_beside(f, rows, first)) first++;
    return first < end;
}

static bool attribute_is_absent(const struct weft_filter *f, struct weft_rows *rows)
{
    uint32_t key = f->key, local;

    if (key == WEFT_NO_NAME && rows->local_keys.count > 0 &&
        weft_rows_find_local_key(rows, f->predicate->key, &local, NULL))
        key = rows->block->keys.count + local;
    if (key == WEFT_NO_NAME) return true;
    for (uint32_t type = WEFT_VALUE_STRING; type <= WEFT_VALUE_BYTES; type++)
        if (runs_may_hold(f, rows, key, type)) return false;
    return !weft_rest_may_have(rows, key);
}

static bool pseudo_is_absent(const struct weft_filter *f, const struct weft_rows *rows,
                             uint32_t pseudo)
{
    const struct weft_span nothing = { 0 };
    uint32_t first, end;

    return !weft_predicate_holds_span(f->predicate, &nothing) &&
           !weft_rows_find_runs(rows, pseudo << 3 | weft_pseudo_type(pseudo), &first, &end);
}

bool weft_filter_may_be_absent(const struct weft_filter *f)
{
    const struct weft_predicate *p = f->predicate;

    if (p->field == WEFT_FIELD_EVENT_NAME || p->field == WEFT_FIELD_STATUS_MESSAGE) return true;
    return p->field == WEFT_FIELD_ATTRIBUTE && f->by_head == NULL && p->op != WEFT_OP_NOT_EXISTS;
}

bool weft_filter_is_absent(const struct weft_filter *f, struct weft_rows *rows)
{
    const struct weft_predicate *p = f->predicate;

    if (!weft_filter_may_be_absent(f)) return false;
    if (p->field == WEFT_FIELD_STATUS_MESSAGE)
        return pseudo_is_absent(f, rows, WEFT_PSEUDO_STATUS_MESSAGE);
    if (p->field == WEFT_FIELD_EVENT_NAME || p->scope == WEFT_SCOPE_EVENT)
        return pseudo_is_absent(f, rows, WEFT_PSEUDO_EVENTS);
    if (p->scope == WEFT_SCOPE_LINK) return pseudo_is_absent(f, rows, WEFT_PSEUDO_LINKS);
    return attribute_is_absent(f, rows);
}
