/* block_filter.c -- evaluating one predicate over the rows of one group. */
#include "store/block_filter_internal.h"
#include "store/block_rest.h"
#include "store/codec_scan.h"

/* ---- pseudo keys: spelt-out names, events, links ---- */

static struct weft_run *pseudo_run(struct weft_rows *rows, uint32_t g, uint32_t pseudo,
                                   uint32_t type, int *rc, struct weft_err *err)
{
    uint32_t first, end;
    struct weft_run *run = NULL;

    *rc = weft_rows_find_group_runs(rows, pseudo << 3 | type, g, &first, &end, err);
    if (*rc == WEFT_OK && first < end) *rc = weft_rows_run(rows, first, &run, err);
    return *rc < 0 ? NULL : run;
}

static int pseudo_holds(const struct weft_filter *f, struct weft_rows *rows, struct weft_run *run,
                        uint32_t position, struct weft_block_reader *reader,
                        struct weft_arena *arena, bool *holds, struct weft_err *err)
{
    struct weft_span span = { 0 };
    struct weft_run_value v;
    int rc = weft_run_get(rows, run, position, reader, &v, err);

    if (rc < 0) return rc;
    struct weft_str bytes = v.bytes;
    if (!v.is_spelt && (rc = weft_block_string(reader, v.number, &bytes, err)) < 0) return rc;
    uint32_t pseudo = run->code >> 3;
    if (pseudo == WEFT_PSEUDO_EVENTS)
        rc = weft_block_events(rows, bytes, &span, reader, arena, err);
    else if (pseudo == WEFT_PSEUDO_LINKS)
        rc = weft_block_links(rows, bytes, &span, reader, arena, err);
    else if (pseudo == WEFT_PSEUDO_STATUS_MESSAGE)
        span.status_message = bytes;
    else
        span.name = bytes;
    *holds = rc == WEFT_OK && weft_predicate_holds_span(f->predicate, &span);
    return rc;
}

/* Rows with the pseudo key are asked; those without hold as an empty span does. */
static int pseudo_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                         uint32_t pseudo, uint32_t type, struct weft_block_reader *reader,
                         uint64_t *selected, struct weft_err *err)
{
    struct weft_span nothing = { 0 };
    uint32_t position, n = rows->groups[g].rows;
    bool without = pseudo != WEFT_PSEUDO_NAME && weft_predicate_holds_span(f->predicate, &nothing),
         holds;
    struct weft_arena arena;
    int rc;

    struct weft_run *run = pseudo_run(rows, g, pseudo, type, &rc, err);
    if (rc < 0) return rc;
    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < n && rc == WEFT_OK; i++) {
        if (!weft_filter_bit_get(selected, i)) continue;
        holds = without;
        if (run != NULL && weft_presence_find(&run->presence, i, &position)) {
            rc = pseudo_holds(f, rows, run, position, reader, &arena, &holds, err);
            weft_arena_reset(&arena);
        }
        if (!holds) selected[i / 64] &= ~(UINT64_C(1) << (i % 64));
    }
    weft_arena_release(&arena);
    return rc;
}

/* ---- attributes of rare keys ---- */

/* Does an attribute of this key in the row's rest hold? */
static int rest_row_holds(struct weft_filter_run *e, uint32_t key, uint32_t position, bool *holds)
{
    bool is_presence = weft_op_is_presence(e->f->predicate->op);
    struct weft_run_value v;
    struct weft_rest rest;
    int rc = weft_run_get(e->rows, e->run, position, e->reader, &v, e->err);

    *holds = false;
    if (rc < 0) return rc;
    if (!v.is_spelt) return weft_rows_corrupt(e->rows, e->err, "rare keys are not spelt out");
    if ((rc = weft_rest_init(&rest, e->rows, v.bytes, e->err)) < 0) return rc;
    while (!*holds && (rc = weft_rest_next(&rest, e->err)) > 0) {
        struct weft_run code_only = { .code = rest.code };
        struct weft_filter_run one = { e->f, e->rows, &code_only, e->reader, e->err, NULL };
        if (rest.code >= weft_key_code(key + 1, 0)) return WEFT_OK;
        if (rest.code < weft_key_code(key, 0) || !weft_filter_can_hold(e->f, &code_only)) continue;
        if (is_presence)
            *holds = true;
        else if ((rc = weft_filter_read_value(&one, &rest.value, holds)) < 0)
            return rc;
    }
    return rc < 0 ? rc : WEFT_OK;
}

static int rest_evaluate(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                         uint32_t key, struct weft_block_reader *reader, const uint64_t *selected,
                         uint64_t *out, struct weft_err *err)
{
    struct weft_filter_run e = { f, rows, NULL, reader, err, NULL };
    bool holds;
    int rc;

    if (!weft_rest_may_have(rows, key)) return WEFT_OK;
    e.run = pseudo_run(rows, g, WEFT_PSEUDO_REST, weft_pseudo_type(WEFT_PSEUDO_REST), &rc, err);
    if (e.run == NULL) return rc;
    uint16_t *row = weft_arena_alloc(rows->arena, (size_t)e.run->count * 2 + 1);
    weft_presence_rows(&e.run->presence, row);
    for (uint32_t i = 0; i < e.run->count; i++) {
        if (!weft_filter_bit_get(selected, row[i])) continue;
        if ((rc = rest_row_holds(&e, key, i, &holds)) < 0) return rc;
        if (holds) weft_filter_bit_set(out, row[i]);
    }
    return WEFT_OK;
}

/* ---- heads, durations ---- */

/* keep[i]: does row i's head say `wanted`? Calls back with batches. */
static int heads_apply(const struct weft_filter *f, struct weft_rows *rows, uint32_t g, bool is_or,
                       uint64_t *bits, bool *maybe, struct weft_err *err)
{
    struct weft_rows_group *group = &rows->groups[g];
    uint64_t heads[WEFT_PAGED_ROWS];
    int rc = weft_rows_load_group_columns(rows, g, err);

    if (rc < 0) return rc;
    *maybe = false;
    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        uint64_t holds[WEFT_PAGED_ROWS / 64] = { 0 }, *words = bits + at / 64;
        uint8_t answers = 0;
        if (!is_or && (words[0] | words[n > 64]) == 0) continue;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++) {
            if (heads[i] >= rows->block->head_count)
                return weft_rows_corrupt(rows, err, "head %llu in group %u",
                                         (unsigned long long)heads[i], g);
            uint8_t answer = f->by_head[heads[i]];
            answers |= answer;
            holds[i / 64] |= (uint64_t)(answer != 0) << (i % 64);
        }
        *maybe |= (answers & 2) != 0;
        for (uint32_t w = 0; w * 64 < n; w++)
            words[w] = is_or ? words[w] | holds[w] : words[w] & holds[w];
    }
    return WEFT_OK;
}

static int name_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                       struct weft_block_reader *reader, uint64_t *selected, struct weft_err *err)
{
    size_t words = weft_filter_words(rows->groups[g].rows);
    uint64_t *spelt = weft_arena_alloc_zero(rows->arena, words * 8);
    uint64_t heads[WEFT_PAGED_ROWS];
    const struct weft_rows_group *group = &rows->groups[g];
    int rc;

    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++)
            /* Heads of pages without a selected row were not checked. */
            if (weft_filter_bit_get(selected, at + i) && f->by_head[heads[i]] == 2)
                weft_filter_bit_set(spelt, at + i);
    }
    for (size_t w = 0; w < words; w++) selected[w] &= ~spelt[w];
    if ((rc = pseudo_filter(f, rows, g, WEFT_PSEUDO_NAME, WEFT_VALUE_STRING, reader, spelt, err)) <
        0)
        return rc;
    for (size_t w = 0; w < words; w++) selected[w] |= spelt[w];
    return WEFT_OK;
}

static inline bool duration_holds(const struct weft_filter *f, uint64_t duration)
{
    struct weft_value value = { .type = WEFT_VALUE_INT,
                                .int_value = duration > INT64_MAX ? INT64_MAX : (int64_t)duration };
    return f->has_wide_range ? weft_filter_wide_range(f, value.int_value)
                             : weft_predicate_holds_value(f->predicate, &value);
}

static int duration_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                           uint64_t *selected, struct weft_err *err)
{
    struct weft_rows_group *group = &rows->groups[g];
    uint64_t v[WEFT_PAGED_ROWS];
    int rc = weft_rows_load_group_columns(rows, g, err);

    if (rc < 0) return rc;
    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        uint64_t *words = selected + at / 64, holds[2] = { 0, 0 };
        if ((words[0] | words[n > 64]) == 0) continue;
        uint64_t limit = weft_paged_page_limit(&group->durations, at / WEFT_PAGED_ROWS);
        bool is_below =
            f->has_wide_range && !f->is_outside && f->wide_low > 0 && limit < (uint64_t)f->wide_low;
        if (!is_below) {
            weft_paged_read(&group->durations, at, n, v);
            for (uint32_t i = 0; i < n; i++)
                holds[i / 64] |= (uint64_t)duration_holds(f, v[i]) << (i % 64);
        }
        words[0] &= holds[0];
        if (n > 64) words[1] &= holds[1];
    }
    return WEFT_OK;
}

/* ---- one predicate over one group ---- */

static int attribute_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                            struct weft_block_reader *reader, uint64_t *selected,
                            struct weft_err *err)
{
    size_t words = weft_filter_words(rows->groups[g].rows);
    uint64_t *bits = weft_arena_alloc_zero(rows->arena, words * 8 + 8);
    bool is_absence = f->predicate->op == WEFT_OP_NOT_EXISTS, maybe;
    uint32_t key = f->key, local;
    int rc;

    if (key == WEFT_NO_NAME && rows->local_keys.count > 0 &&
        weft_rows_find_local_key(rows, f->predicate->key, &local, err))
        key = rows->block->keys.count + local;
    if (key != WEFT_NO_NAME &&
        ((rc = weft_filter_key(f, rows, g, key, reader, bits, err)) < 0 ||
         (rc = rest_evaluate(f, rows, g, key, reader, selected, bits, err)) < 0))
        return rc;
    if (f->by_head != NULL && (rc = heads_apply(f, rows, g, true, bits, &maybe, err)) < 0)
        return rc;
    for (size_t w = 0; w < words; w++) selected[w] &= is_absence ? ~bits[w] : bits[w];
    return WEFT_OK;
}

int weft_filter_group(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                      struct weft_block_reader *reader, uint64_t *selected, struct weft_err *err)
{
    const struct weft_predicate *p = f->predicate;
    bool maybe;
    int rc;

    if (weft_filter_is_head(f)) {
        if ((rc = heads_apply(f, rows, g, false, selected, &maybe, err)) < 0) return rc;
        return maybe ? name_filter(f, rows, g, reader, selected, err) : WEFT_OK;
    }
    if (p->field == WEFT_FIELD_DURATION) return duration_filter(f, rows, g, selected, err);
    if (p->field == WEFT_FIELD_EVENT_NAME ||
        (p->field == WEFT_FIELD_ATTRIBUTE && p->scope == WEFT_SCOPE_EVENT))
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_EVENTS, WEFT_VALUE_BYTES, reader, selected,
                             err);
    if (p->field == WEFT_FIELD_ATTRIBUTE && p->scope == WEFT_SCOPE_LINK)
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_LINKS, WEFT_VALUE_BYTES, reader, selected,
                             err);
    if (p->field == WEFT_FIELD_STATUS_MESSAGE)
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_STATUS_MESSAGE, WEFT_VALUE_STRING, reader,
                             selected, err);
    return attribute_filter(f, rows, g, reader, selected, err);
}
