/* merge_function.c -- finds the columns of a row group that follow from another column of their
 * group: customer names from customer numbers, routes from span kinds, rotating test data.
 *
 * A column may be a source ("root") when it is not such a follower itself, so that reading one value
 * takes one step. Most pairs are refuted by the first few rows: only those that a sample does not
 * refute are looked at whole.
 */
#include "base/alloc.h"
#include "store/merge_internal.h"

enum { ROWS_MIN = 64, ROOTS_MAX = 8, SAMPLE = 128, REPEATS_MIN = 2 };
#define NONE UINT32_MAX

struct root {
    uint32_t column;
    const uint32_t *values;
    uint8_t first[SAMPLE]; /* first row of the sample with the same value */
    uint16_t *codes;       /* of every row, made when a sample was not enough; NULL: not yet */
    uint32_t *distinct;    /* value of each code */
    uint32_t distinct_count;
};

struct finding {
    struct merge *m;
    const struct merge_group *group;
    struct root roots[ROOTS_MAX];
    uint32_t root_count, sample;
    struct weft_function_pair *pairs;
    uint32_t *slots, slot_count;
};

static bool is_candidate(const struct merge_column *c)
{
    return c->numbers != NULL && c->rows == NULL && c->spelt == 0;
}

static void range_of(const uint32_t *v, uint32_t n, uint32_t *low, uint32_t *high)
{
    uint32_t least = v[0], most = v[0];
    for (uint32_t i = 1; i < n; i++) {
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    *low = least;
    *high = most;
}

/* Values that hardly repeat determine everything and save nothing. */
static void root_add(struct finding *f, uint32_t column, const uint32_t *v)
{
    uint8_t table[SAMPLE * 2];
    uint32_t repeats = 0;

    if (f->root_count == ROOTS_MAX) return;
    struct root *r = &f->roots[f->root_count];
    *r = (struct root){ .column = column, .values = v };
    memset(table, 0xff, sizeof table);
    for (uint32_t i = 0; i < f->sample; i++) {
        uint32_t at = v[i] * 0x9e3779b1u >> 24;
        while (table[at] != 0xff && v[table[at]] != v[i]) at = (at + 1) % (SAMPLE * 2);
        if (table[at] == 0xff) table[at] = (uint8_t)i;
        r->first[i] = table[at];
        repeats += table[at] != i;
    }
    if (repeats >= REPEATS_MIN) f->root_count++;
}

static bool sample_agrees(const struct finding *f, const struct root *r, const uint32_t *v)
{
    for (uint32_t i = 0; i < f->sample; i++)
        if (v[i] != v[r->first[i]]) return false;
    return true;
}

static void codes_make(struct finding *f, struct root *r)
{
    uint32_t n = f->group->rows, mask = f->slot_count - 1;

    r->codes = weft_arena_alloc(&f->m->scratch, (size_t)n * 2);
    r->distinct = weft_arena_alloc(&f->m->scratch, (size_t)n * 4);
    memset(f->slots, 0xff, (size_t)f->slot_count * 4);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (r->values[i] * 0x9e3779b1u >> 8) & mask;
        while (f->slots[at] != NONE && r->distinct[f->slots[at]] != r->values[i])
            at = (at + 1) & mask;
        if (f->slots[at] == NONE) {
            f->slots[at] = r->distinct_count;
            r->distinct[r->distinct_count++] = r->values[i];
        }
        r->codes[i] = (uint16_t)f->slots[at];
    }
}

/* One target for every value of the root? Then the pairs are in f->pairs. */
static bool follows(struct finding *f, struct root *r, const uint32_t *v)
{
    uint32_t n = f->group->rows;

    if (r->codes == NULL) codes_make(f, r);
    if ((uint64_t)r->distinct_count * 8 > (uint64_t)n * 7) return false;
    for (uint32_t i = 0; i < r->distinct_count; i++)
        f->pairs[i] = (struct weft_function_pair){ r->distinct[i], NONE };
    for (uint32_t i = 0; i < n; i++) {
        struct weft_function_pair *p = &f->pairs[r->codes[i]];
        if (p->target == v[i]) continue;
        if (p->target != NONE) return false;
        p->target = v[i];
    }
    return true;
}

static bool column_find(struct finding *f, struct merge_column *c, uint32_t low, uint32_t high)
{
    for (uint32_t i = 0; i < f->root_count; i++) {
        struct root *r = &f->roots[i];
        if (!sample_agrees(f, r, c->numbers) || !follows(f, r, c->numbers)) continue;
        unsigned bits = weft_bits_width(high - low), codes = weft_bits_width(r->distinct_count);
        uint64_t saved = (uint64_t)f->group->rows * (codes < bits ? codes : bits);
        c->map = weft_function_set_match(&f->m->functions, f->pairs, r->distinct_count, saved,
                                         (uint64_t)r->distinct_count * 5 < f->group->rows * 4ull);
        c->source = r->column;
        if (c->map != WEFT_FUNCTION_NONE) return true;
    }
    return false;
}

static void group_find(struct finding *f)
{
    uint32_t first = f->group->first_column, low, high;

    f->root_count = 0;
    f->sample = f->group->rows < SAMPLE ? f->group->rows : SAMPLE;
    f->slot_count = 256;
    while (f->slot_count < f->group->rows * 2) f->slot_count *= 2;
    for (uint32_t i = first; i < first + f->group->column_count; i++) {
        struct merge_column *c = &f->m->columns[i];
        if (!is_candidate(c)) continue;
        range_of(c->numbers, c->count, &low, &high);
        if (low == high || column_find(f, c, low, high)) continue;
        root_add(f, i, c->numbers);
    }
}

void weft_merge_functions_find(struct merge *m)
{
    struct finding f = { .m = m };

    weft_function_set_reset(&m->functions);
    for (uint32_t i = 0; i < m->column_count; i++) m->columns[i].map = WEFT_FUNCTION_NONE;
    f.pairs = weft_arena_alloc(&m->scratch, (size_t)m->out_count * sizeof *f.pairs);
    f.slots = weft_arena_alloc(&m->scratch, (size_t)(m->out_count + 256) * 16);
    for (uint32_t g = 0; g < m->group_count; g++) {
        f.group = &m->groups[g];
        if (f.group->is_pool || f.group->rows < ROWS_MIN) continue;
        group_find(&f);
    }
}
