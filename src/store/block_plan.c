/* block_plan.c -- a predicate made ready for a block: its key's number, its value as a range of
 * numbers, the heads it holds for. */
#include "store/block_filter.h"

bool weft_filter_is_head(const struct weft_filter *f)
{
    const struct weft_predicate *p = f->predicate;

    switch (p->field) {
    case WEFT_FIELD_SERVICE:
    case WEFT_FIELD_NAME:
    case WEFT_FIELD_KIND:
    case WEFT_FIELD_SCOPE_NAME:
    case WEFT_FIELD_SCOPE_VERSION: return true;
    case WEFT_FIELD_ATTRIBUTE:
        return p->scope == WEFT_SCOPE_RESOURCE || p->scope == WEFT_SCOPE_INSTRUMENTATION;
    default: return false;
    }
}

bool weft_filter_is_row(const struct weft_filter *f)
{
    enum weft_field field = f->predicate->field;
    return field == WEFT_FIELD_STATUS || field == WEFT_FIELD_IS_ROOT ||
           field == WEFT_FIELD_TRACE_ID;
}

/* Answers by head; for an attribute of any scope only the resource's part (presence, when absence
 * is asked). */
static void heads_ask(struct weft_filter *f, struct weft_block *block, struct weft_arena *arena)
{
    struct weft_predicate p = *f->predicate;
    bool any = false;

    if (p.field == WEFT_FIELD_ATTRIBUTE && p.scope == WEFT_SCOPE_ANY) {
        p.scope = WEFT_SCOPE_RESOURCE;
        if (p.op == WEFT_OP_NOT_EXISTS) p.op = WEFT_OP_EXISTS;
    }
    f->by_head = weft_arena_alloc_zero(arena, block->head_count + 1);
    for (uint32_t i = 0; i < block->head_count; i++) {
        struct weft_head_view h = weft_block_head(block, i);
        struct weft_span span = { .scope = block->scope_of_head[i],
                                  .name = block->name_of_head[i],
                                  .kind = h.kind };
        bool is_unnamed = p.field == WEFT_FIELD_NAME && h.name == WEFT_NO_NAME;
        f->by_head[i] = is_unnamed ? 2 : weft_predicate_holds_span(&p, &span);
        any |= f->by_head[i] != 0;
    }
    if (!any && !weft_filter_is_head(f))
        f->by_head = NULL; /* no resource has it: span attributes alone decide */
}

/* The smallest string that is behind all with this prefix; false when there is none (all bytes
 * 0xff). */
static bool prefix_end(struct weft_str prefix, struct weft_arena *arena, struct weft_str *out)
{
    struct weft_str end = weft_arena_copy(arena, prefix);

    while (end.len > 0 && (uint8_t)end.ptr[end.len - 1] == 0xff) end.len--;
    if (end.len == 0) return false;
    char *copy = weft_arena_alloc(arena, end.len);
    memcpy(copy, end.ptr, end.len);
    copy[end.len - 1] = (char)((uint8_t)copy[end.len - 1] + 1);
    *out = weft_str_make(copy, end.len);
    return true;
}

static int string_range(struct weft_filter *f, struct weft_block *block,
                        struct weft_block_reader *reader, struct weft_arena *arena,
                        struct weft_err *err)
{
    const struct weft_predicate *p = f->predicate;
    struct weft_str end;
    uint32_t lower;
    bool found;
    int rc = weft_strings_lower(&reader->strings, p->value.bytes, &lower, &found, err);

    if (rc < 0) return rc;
    f->low = 0, f->high = block->strings.count;
    f->has_range = true;
    switch (p->op) {
    case WEFT_OP_NE: f->is_outside = true; /* fall through */
    case WEFT_OP_EQ: f->low = lower, f->high = lower + found; break;
    case WEFT_OP_LT: f->high = lower; break;
    case WEFT_OP_LE: f->high = lower + found; break;
    case WEFT_OP_GT: f->low = lower + found; break;
    case WEFT_OP_GE: f->low = lower; break;
    case WEFT_OP_PREFIX:
        f->low = lower;
        if (prefix_end(p->value.bytes, arena, &end))
            rc = weft_strings_lower(&reader->strings, end, &f->high, &found, err);
        break;
    default: f->has_range = false;
    }
    return rc;
}

static void int_range(struct weft_filter *f)
{
    const struct weft_predicate *p = f->predicate;
    int64_t v = p->value.int_value;

    f->wide_low = INT64_MIN, f->wide_high = INT64_MAX;
    f->has_wide_range = true;
    switch (p->op) {
    case WEFT_OP_NE: f->is_outside = true; /* fall through */
    case WEFT_OP_EQ: f->wide_low = f->wide_high = v; break;
    case WEFT_OP_LE: f->wide_high = v; break;
    case WEFT_OP_GE: f->wide_low = v; break;
    case WEFT_OP_LT:
        if (v == INT64_MIN)
            f->has_wide_range = false;
        else
            f->wide_high = v - 1;
        break;
    case WEFT_OP_GT:
        if (v == INT64_MAX)
            f->has_wide_range = false;
        else
            f->wide_low = v + 1;
        break;
    default: f->has_wide_range = false;
    }
}

int weft_filter_init(struct weft_filter *f, struct weft_block *block,
                     const struct weft_predicate *predicate, struct weft_block_reader *reader,
                     struct weft_arena *arena, struct weft_err *err)
{
    bool is_any = predicate->field == WEFT_FIELD_ATTRIBUTE && predicate->scope == WEFT_SCOPE_ANY;
    int rc;

    *f = (struct weft_filter){ .predicate = predicate, .key = WEFT_NO_NAME };
    if (is_any || weft_filter_is_head(f)) heads_ask(f, block, arena);
    if (predicate->field == WEFT_FIELD_ATTRIBUTE &&
        !weft_block_find_key(block, predicate->key, &f->key))
        f->key = WEFT_NO_NAME;
    if (weft_op_is_match(predicate->op) && predicate->field == WEFT_FIELD_ATTRIBUTE)
        f->by_string = weft_arena_alloc_zero(arena, (size_t)block->strings.count + 1);
    bool compares = !weft_op_is_presence(predicate->op) && !weft_op_is_match(predicate->op);
    if (compares && predicate->value.type == WEFT_VALUE_INT) int_range(f);
    if (compares && predicate->value.type == WEFT_VALUE_STRING &&
        predicate->field == WEFT_FIELD_ATTRIBUTE &&
        (rc = string_range(f, block, reader, arena, err)) < 0)
        return rc;
    return WEFT_OK;
}
