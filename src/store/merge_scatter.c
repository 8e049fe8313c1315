/* merge_scatter.c -- the values of every row into the columns of its group. */
#include "base/alloc.h"
#include "store/codec_uuid.h"
#include "store/merge_internal.h"

enum { AHEAD = 12, TRIES = 64, FOUND_ONE_IN = 16, TRY_AGAIN = 16 };

static uint32_t ref_add(struct merge *m, struct weft_str s)
{
    if (m->ref_count == m->ref_capacity) {
        m->ref_capacity = m->ref_capacity * 2 + 1024;
        m->refs = weft_realloc_array(m->refs, m->ref_capacity, sizeof *m->refs);
    }
    m->refs[m->ref_count] = s;
    return MERGE_REF | m->ref_count++;
}

struct weft_str weft_merge_heap(const struct merge_chunk *chunk, uint32_t word)
{
    const char *p = chunk->view.heap + (word & ~WEFT_WORD_HEAP);
    return weft_str_make(p + 4, weft_load_u32(p));
}

/* A string is spelt out at its first sighting, and when its key brings too many fresh ones. The
 * first kind is in the dictionary
 * by now and worth looking for; the second kind is not, so a key that fails often is asked only now
 * and then. */
bool weft_merge_heap_number(struct merge *m, const struct merge_chunk *chunk, struct weft_str s,
                            uint32_t code, uint32_t *number)
{
    struct merge_source *source = &m->sources[chunk->source];
    uint32_t key = code >> 3, found;

    if (source->view == NULL) return false; /* what a block does not number is spelt out for good */
    struct merge_luck *luck =
        &source->luck[key >= WEFT_PSEUDO_KEYS && key - WEFT_PSEUDO_KEYS < m->key_count
                          ? key - WEFT_PSEUDO_KEYS
                          : m->key_count];
    if (luck->tried >= UINT16_MAX) luck->tried /= 2, luck->found /= 2;
    luck->tried++;
    if (luck->tried > TRIES && luck->found < luck->tried / FOUND_ONE_IN &&
        luck->tried % TRY_AGAIN != 0)
        return false;
    if (!weft_segment_find_string(source->view, s, &found)) return false;
    luck->found++;
    *number = source->strings[found];
    return true;
}

/* Fresh UUIDs are parsed here, where their text has just been touched. */
static void put_spelt(struct merge *m, struct merge_column *c, uint32_t at, struct weft_str s)
{
    if ((c->code & 7) == WEFT_VALUE_STRING && s.len == WEFT_UUID_TEXT && c->spelt == 0)
        c->uuids = weft_arena_alloc(&m->scratch, (size_t)c->capacity * 16);
    if (c->uuids != NULL && !weft_uuid_parse(s, c->uuids + (size_t)c->spelt * 16)) c->uuids = NULL;
    c->numbers[at] = ref_add(m, s);
    c->spelt++;
}

static inline void put(struct merge *m, const struct merge_row *row, struct merge_column *c,
                       uint32_t at, const uint32_t *value)
{
    switch (c->code & 7) {
    case WEFT_VALUE_EMPTY: return;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: c->wide[at] = weft_load_u64(value); return;
    case WEFT_VALUE_BOOL: c->numbers[at] = value[0] != 0; return;
    default: break;
    }
    if (__builtin_expect(!(value[0] & WEFT_WORD_HEAP), 1)) {
        c->numbers[at] = merge_string_number(m, &m->sources[row->chunk->source], value[0]);
        return;
    }
    struct weft_str s = weft_merge_heap(row->chunk, value[0]);
    if (weft_merge_blob(m, &m->sources[row->chunk->source], s, &c->numbers[at])) return;
    if (!weft_merge_heap_number(m, row->chunk, s, c->code, &c->numbers[at])) put_spelt(m, c, at, s);
}

static const uint32_t *offsets_of(const struct merge *m, const struct merge_row *row)
{
    if (row->shape & WEFT_SHAPE_INLINE)
        return (const uint32_t *)(const void *)m->inline_offsets.data + row->offsets;
    return m->sources[row->chunk->source].shapes[row->shape].offsets;
}

static void put_extra(struct merge *m, const struct merge_row *row, struct merge_column *c,
                      uint32_t at, const uint32_t *const found[static WEFT_PSEUDO_COUNT])
{
    uint32_t pseudo = c->code >> 3, extras = (uint32_t)__builtin_popcount(row->extras);
    const struct merge_list *list = &m->lists[row->list];

    switch (pseudo) {
    case WEFT_PSEUDO_FLAGS: c->wide[at] = row->flags >> WEFT_ROW_SPAN_FLAGS_SHIFT & 0x3ff; return;
    case WEFT_PSEUDO_DROPPED_ATTRIBUTES:
    case WEFT_PSEUDO_DROPPED_EVENTS:
    case WEFT_PSEUDO_DROPPED_LINKS: c->wide[at] = *found[pseudo]; return;
    case WEFT_PSEUDO_END: c->wide[at] = row->length; return;
    case WEFT_PSEUDO_EVENTS:
        c->numbers[at] = ref_add(m, weft_merge_events(m, row, found[WEFT_PSEUDO_EVENTS]));
        break;
    case WEFT_PSEUDO_LINKS:
        c->numbers[at] = ref_add(m, weft_merge_links(m, row, found[WEFT_PSEUDO_EVENTS]));
        break;
    case WEFT_PSEUDO_ORDER:
        c->numbers[at] = ref_add(
            m, weft_merge_order(m, list->codes + extras, offsets_of(m, row), list->count - extras));
        break;
    default: put(m, row, c, at, found[pseudo]); return;
    }
    c->spelt++;
}

/* The next place of a pool's column. */
static inline struct merge_column *pool_place(struct merge *m, uint32_t column, uint32_t index,
                                              uint32_t *at)
{
    struct merge_column *c = &m->columns[column];

    *at = c->count;
    if (c->rows != NULL) c->rows[c->count] = (uint16_t)index;
    c->count++;
    return c;
}

static inline struct merge_column *column_of(struct merge *m, const struct merge_list *list,
                                             uint32_t i, uint32_t index, uint32_t *at)
{
    if (list->columns != NULL) return pool_place(m, list->columns[i], index, at);
    *at = index;
    return &m->columns[list->first_column + i];
}

static void put_rest(struct merge *m, const struct merge_row *row, uint32_t index,
                     const uint32_t *attributes, const uint32_t *offsets, uint32_t extras)
{
    uint32_t at, column = m->groups[m->lists[row->list].group].rest_column;
    struct merge_column *c = pool_place(m, column, index, &at);

    c->numbers[at] = ref_add(m, weft_merge_rest(m, row, attributes, offsets, extras));
    c->spelt++;
}

static void row_scatter(struct merge *m, const struct merge_row *row, uint32_t index)
{
    const struct merge_list *list = &m->lists[row->list];
    const uint32_t *attributes = row->words + ((row->flags & WEFT_ROW_NAME_INLINE) != 0), *offsets;
    uint32_t extras = 0, at;

    if (row->extras != 0) {
        const uint32_t *found[WEFT_PSEUDO_COUNT];
        extras = (uint32_t)__builtin_popcount(row->extras);
        weft_merge_extras_find(m, row, found);
        for (uint32_t i = 0; i < extras; i++) {
            struct merge_column *c = column_of(m, list, i, index, &at);
            put_extra(m, row, c, at, found);
        }
    }
    offsets = offsets_of(m, row);
    if (list->columns != NULL && list->rest_count > 0)
        put_rest(m, row, index, attributes, offsets, extras);
    for (uint32_t i = extras; i < list->count; i++) {
        if (list->columns != NULL && list->columns[i] == MERGE_REST) continue;
        struct merge_column *c = column_of(m, list, i, index, &at);
        put(m, row, c, at, attributes + offsets[i - extras]);
    }
}

static bool has_string(uint32_t code)
{
    enum {
        STRINGS = 1 << WEFT_VALUE_STRING | 1 << WEFT_VALUE_BYTES | 1 << WEFT_VALUE_ARRAY |
                  1 << WEFT_VALUE_KVLIST
    };
    return STRINGS >> (code & 7) & 1;
}

/* Values that are spelt out lie elsewhere than the row. */
static void values_prefetch(const struct merge *m, const struct merge_row *row)
{
    const struct merge_list *list = &m->lists[row->list];
    const uint32_t *attributes = row->words + ((row->flags & WEFT_ROW_NAME_INLINE) != 0),
                   *offsets = offsets_of(m, row),
                   extras = (uint32_t)__builtin_popcount(row->extras);

    for (uint32_t i = extras; i < list->count; i++) {
        if (!has_string(list->codes[i])) continue;
        uint32_t word = attributes[offsets[i - extras]];
        if (!(word & WEFT_WORD_HEAP)) continue;
        const char *p = row->chunk->view.heap + (word & ~WEFT_WORD_HEAP);
        __builtin_prefetch(p);
        __builtin_prefetch(p + WEFT_UUID_TEXT + 3);
    }
}

void weft_merge_scatter(struct merge *m)
{
    uint32_t out = 0;

    for (uint32_t t = 0; t < m->trace_count; t++) {
        const struct merge_trace *trace = &m->traces[t];
        uint64_t start = UINT64_MAX;
        for (uint32_t i = 0; i < trace->out_rows; i++) {
            uint64_t s = m->rows[m->order[trace->out_first + i]].start;
            start = s < start ? s : start;
        }
        for (uint32_t i = 0; i < trace->out_rows; i++, out++) {
            const struct merge_row *row = &m->rows[m->order[out]];
            if (out + AHEAD < m->out_count) {
                const char *words = (const char *)m->rows[m->order[out + AHEAD]].words;
                __builtin_prefetch(words);
                __builtin_prefetch(words + 64);
            }
            if (m->has_heaps && out + AHEAD / 2 < m->out_count)
                values_prefetch(m, &m->rows[m->order[out + AHEAD / 2]]);
            uint32_t g = m->lists[row->list].group;
            struct merge_group *group = &m->groups[g];
            uint32_t index = group->filled++;
            m->group_of[out] = (uint16_t)g;
            group->heads[index] = row->head;
            group->starts[index] = row->start - start;
            group->durations[index] = row->start + row->length >= row->start ? row->length : 0;
            row_scatter(m, row, index);
        }
    }
    for (uint32_t c = 0; c < m->column_count; c++)
        if (!m->groups[m->columns[c].group].is_pool) m->columns[c].count = m->columns[c].capacity;
}
