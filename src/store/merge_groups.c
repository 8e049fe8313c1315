/* merge_groups.c -- rows of one key list form a group when there are enough; rarer lists are pooled
 * by span name, the rest together.
 * Lays out the columns of every group: their sizes are known, so scattering never grows
 * anything. */
#include "base/alloc.h"
#include "store/merge_internal.h"

#define NONE UINT32_MAX
enum { ROWS_MIN = 256, ROWS_MIN_SMALL = 8 };
/* A key of a pool with fewer values has no run: its directory entry and headers would be larger than the values. */
enum { VALUES_MIN = 32, PSEUDO_CODES = WEFT_PSEUDO_KEYS << 3 };

/* Rare lists by the name of their first row. */
struct pool {
    uint32_t name, rows, group, list;
};

static int compare_pool(const void *a, const void *b)
{
    const struct pool *x = a, *y = b;
    if (x->name != y->name) return x->name < y->name ? -1 : 1;
    return x->list < y->list ? -1 : x->list > y->list;
}

static uint32_t group_add(struct merge *m, uint32_t rows, uint32_t name, bool is_pool)
{
    m->groups[m->group_count] =
        (struct merge_group){ .rows = rows, .name = name, .is_pool = is_pool };
    return m->group_count++;
}

static struct merge_column *column_add(struct merge *m, uint32_t code, uint32_t group,
                                       uint32_t capacity)
{
    if (m->column_count == m->column_capacity) {
        m->column_capacity = m->column_capacity * 2 + 256;
        m->columns = weft_realloc_array(m->columns, m->column_capacity, sizeof *m->columns);
    }
    struct merge_column *c = &m->columns[m->column_count++];
    *c = (struct merge_column){ .code = code, .group = group, .capacity = capacity };
    return c;
}

static void column_allocate(struct merge *m, struct merge_column *c, bool has_rows)
{
    uint32_t type = c->code & 7;
    if (type == WEFT_VALUE_INT || type == WEFT_VALUE_DOUBLE)
        c->wide = weft_arena_alloc(&m->scratch, (size_t)c->capacity * 8);
    else if (type != WEFT_VALUE_EMPTY)
        c->numbers = weft_arena_alloc(&m->scratch, (size_t)c->capacity * 4);
    if (has_rows) c->rows = weft_arena_alloc(&m->scratch, (size_t)c->capacity * 2);
}

static void exact_columns(struct merge *m, struct merge_list *list)
{
    list->first_column = m->column_count;
    m->groups[list->group].first_column = m->column_count;
    m->groups[list->group].column_count = list->count;
    for (uint32_t i = 0; i < list->count; i++)
        column_allocate(m, column_add(m, list->codes[i], list->group, list->rows), false);
}

/* Columns of a pool: found by code in a table as wide as there are codes; a code that is twice in a
 * list has a second column,
 * behind the first in the chain `next`. */
struct layout {
    uint32_t *by_code; /* NONE or the first column */
    uint8_t *values;   /* by code: values in the pool, VALUES_MIN when there are more */
    uint32_t *next;    /* by column - base */
    uint32_t next_capacity, base;
};

static uint32_t pool_column(struct merge *m, struct layout *l, uint32_t code, uint32_t group,
                            uint32_t occurrence)
{
    uint32_t column = l->by_code[code], before = NONE;

    for (; occurrence > 0 && column != NONE; occurrence--) {
        before = column;
        column = l->next[column - l->base];
    }
    if (column != NONE) return column;
    column = m->column_count;
    column_add(m, code, group, 0);
    if (column - l->base >= l->next_capacity) {
        l->next_capacity = l->next_capacity * 2 + 256;
        l->next = weft_realloc_array(l->next, l->next_capacity, sizeof *l->next);
    }
    l->next[column - l->base] = NONE;
    if (before != NONE)
        l->next[before - l->base] = column;
    else
        l->by_code[code] = column;
    return column;
}

static void pool_list(struct merge *m, struct layout *l, struct merge_list *list, uint32_t group)
{
    uint32_t *columns = weft_arena_alloc(&m->scratch, (size_t)list->count * 4 + 1), occurrence = 0;

    list->group = group;
    list->columns = columns;
    list->rest_count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->codes[i] >= PSEUDO_CODES && l->values[list->codes[i]] < VALUES_MIN) {
            weft_merge_rest_key(m, (list->codes[i] >> 3) - WEFT_PSEUDO_KEYS);
            columns[i] = MERGE_REST;
            list->rest_count++;
            continue;
        }
        occurrence = i > 0 && list->codes[i - 1] == list->codes[i] ? occurrence + 1 : 0;
        columns[i] = pool_column(m, l, list->codes[i], group, occurrence);
        m->columns[columns[i]].capacity += list->rows;
    }
}

static void values_count(struct layout *l, const struct merge_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t sum = l->values[list->codes[i]] + list->rows;
        l->values[list->codes[i]] = (uint8_t)(sum < VALUES_MIN ? sum : VALUES_MIN);
    }
}

static void values_forget(struct layout *l, const struct merge_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) l->values[list->codes[i]] = 0;
}

static void pool_columns(struct merge *m, struct layout *l, const struct pool *pools,
                         uint32_t count, uint32_t group)
{
    struct merge_group *g = &m->groups[group];
    uint32_t rest_rows = 0;

    l->base = g->first_column = m->column_count;
    for (uint32_t i = 0; i < count; i++) values_count(l, &m->lists[pools[i].list]);
    for (uint32_t i = 0; i < count; i++) {
        struct merge_list *list = &m->lists[pools[i].list];
        pool_list(m, l, list, group);
        if (list->rest_count > 0) rest_rows += list->rows;
    }
    for (uint32_t i = 0; i < count; i++) values_forget(l, &m->lists[pools[i].list]);
    g->rest_column = m->column_count;
    if (rest_rows > 0)
        column_add(m, WEFT_PSEUDO_REST << 3 | weft_pseudo_type(WEFT_PSEUDO_REST), group, rest_rows);
    g->column_count = m->column_count - g->first_column;
    for (uint32_t c = g->first_column; c < m->column_count; c++) {
        l->by_code[m->columns[c].code] = NONE;
        column_allocate(m, &m->columns[c], m->columns[c].capacity < g->rows);
    }
}

static void pools_build(struct merge *m, struct pool *pools, uint32_t count, uint32_t rows_min)
{
    uint32_t codes = (m->key_count + m->local_key_count + WEFT_PSEUDO_KEYS) * 8, rest = 0,
             rest_rows = 0;
    struct layout l = { .by_code = weft_alloc((size_t)codes * 4),
                        .values = weft_alloc_zero(codes) };

    memset(l.by_code, 0xff, (size_t)codes * 4);
    qsort(pools, count, sizeof *pools, compare_pool);
    for (uint32_t i = 0, end; i < count; i = end) {
        uint32_t rows = 0;
        for (end = i; end < count && pools[end].name == pools[i].name; end++)
            rows += pools[end].rows;
        if (rows >= rows_min) {
            pool_columns(m, &l, pools + i, end - i, group_add(m, rows, pools[i].name, true));
            continue;
        }
        rest_rows += rows;
        memmove(pools + rest, pools + i, (end - i) * sizeof *pools);
        rest += end - i;
    }
    if (rest > 0) pool_columns(m, &l, pools, rest, group_add(m, rest_rows, WEFT_NO_NAME, true));
    weft_free(l.by_code);
    weft_free(l.values);
    weft_free(l.next);
}

void weft_merge_groups_choose(struct merge *m)
{
    uint32_t rows_min = m->out_count / 256, rare = 0;

    if (rows_min > ROWS_MIN) rows_min = ROWS_MIN;
    if (rows_min < ROWS_MIN_SMALL) rows_min = ROWS_MIN_SMALL;
    m->group_count = m->column_count = 0;
    weft_merge_rest_begin(m);
    m->groups = weft_arena_alloc(&m->scratch, (m->out_count / rows_min + 2) * sizeof *m->groups);
    struct pool *pools = weft_arena_alloc(&m->scratch, m->list_count * sizeof *pools);
    for (uint32_t i = 0; i < m->list_count; i++) {
        struct merge_list *list = &m->lists[i];
        list->columns = NULL;
        if (list->rows == 0) continue;
        if (list->rows >= rows_min) {
            list->group = group_add(m, list->rows, WEFT_NO_NAME, false);
            exact_columns(m, list);
        } else {
            pools[rare++] = (struct pool){ list->pool_name, list->rows, 0, i };
        }
    }
    if (rare > 0) pools_build(m, pools, rare, rows_min);
    for (uint32_t g = 0; g < m->group_count; g++) {
        uint64_t *memory = weft_arena_alloc(&m->scratch, (size_t)m->groups[g].rows * 24);
        m->groups[g].heads = memory;
        m->groups[g].starts = memory + m->groups[g].rows;
        m->groups[g].durations = memory + (size_t)m->groups[g].rows * 2;
    }
}
