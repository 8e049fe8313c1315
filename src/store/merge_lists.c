/* merge_lists.c -- which key list has each row: shapes by table, inline rows and rows with extras
 * by interning. */
#include "base/alloc.h"
#include "store/codec_varint.h"
#include "store/merge_internal.h"
#include <stddef.h>

const uint8_t weft_merge_type_words[8] = {
    [WEFT_VALUE_STRING] = 1, [WEFT_VALUE_BOOL] = 1,  [WEFT_VALUE_INT] = 2,
    [WEFT_VALUE_DOUBLE] = 2, [WEFT_VALUE_ARRAY] = 1, [WEFT_VALUE_KVLIST] = 1,
    [WEFT_VALUE_BYTES] = 1
};

static uint32_t list_add(struct merge *m, const uint32_t *codes, uint32_t count)
{
    if (m->list_count == m->list_capacity) {
        m->list_capacity = m->list_capacity * 2 + 64;
        m->lists = weft_realloc_array(m->lists, m->list_capacity, sizeof *m->lists);
    }
    m->lists[m->list_count] = (struct merge_list){ .codes = codes, .count = count };
    return m->list_count++;
}

uint32_t weft_merge_list_intern(struct merge *m, const uint32_t *codes, uint32_t count,
                                bool is_local)
{
    struct weft_str key = { (const char *)codes, (size_t)count * 4 };
    const uint64_t *known = weft_map_get(&m->list_numbers, key);
    bool is_new;

    if (known != NULL) return (uint32_t)*known;
    uint64_t *number = weft_map_put(is_local ? &m->local_list_numbers : &m->list_numbers, key,
                                    m->list_count, &is_new);
    if (!is_new) return (uint32_t)*number;
    uint32_t *copy = weft_arena_alloc(is_local ? &m->scratch : &m->tables, (size_t)count * 4 + 1);
    if (count > 0) memcpy(copy, codes, (size_t)count * 4);
    return list_add(m, copy, count);
}

/* Stable: values of one key and type keep their order. Lists are short and nearly sorted the second
 * time. */
static void sort_codes(uint32_t *codes, uint32_t *offsets, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t code = codes[i], offset = offsets[i], at = i;
        for (; at > 0 && codes[at - 1] > code; at--) {
            codes[at] = codes[at - 1];
            offsets[at] = offsets[at - 1];
        }
        codes[at] = code;
        offsets[at] = offset;
    }
}

struct pair {
    uint32_t code, offset;
};
static int compare_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Insertion is quadratic: an inline list of thousands goes through qsort. Offsets rise, so they
 * keep the order of equals;
 * values without words (EMPTY) are all alike. */
static void sort_list(struct merge *m, uint32_t *codes, uint32_t *offsets, uint32_t count)
{
    if (count <= 64) {
        sort_codes(codes, offsets, count);
        return;
    }
    struct pair *pairs = weft_arena_alloc(&m->scratch, count * sizeof *pairs);
    for (uint32_t i = 0; i < count; i++) pairs[i] = (struct pair){ codes[i], offsets[i] };
    qsort(pairs, count, sizeof *pairs, compare_pair);
    for (uint32_t i = 0; i < count; i++) codes[i] = pairs[i].code, offsets[i] = pairs[i].offset;
}

/* Did the value at place i of the list come before that at place j? EMPTY takes no words, so it
 * shares its offset with the next. */
static bool came_before(const uint32_t *codes, const uint32_t *offsets, uint32_t i, uint32_t j)
{
    if (offsets[i] != offsets[j]) return offsets[i] < offsets[j];
    return (codes[i] & 7) == WEFT_VALUE_EMPTY && (codes[j] & 7) != WEFT_VALUE_EMPTY;
}

/* A key that is there with several types: readers take the first as the value, so their order is
 * kept. */
static bool is_reordered(const uint32_t *codes, const uint32_t *offsets, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (codes[i - 1] >> 3 == codes[i] >> 3 && came_before(codes, offsets, i, i - 1))
            return true;
    return false;
}

struct weft_str weft_merge_order(struct merge *m, const uint32_t *codes, const uint32_t *offsets,
                                 uint32_t count)
{
    struct pair *pairs = weft_arena_alloc(&m->scratch, count * sizeof *pairs);
    struct weft_buf bytes = { 0 };

    for (uint32_t i = 0; i < count; i++)
        pairs[i] = (struct pair){ offsets[i] * 2 + ((codes[i] & 7) != WEFT_VALUE_EMPTY), i };
    qsort(pairs, count, sizeof *pairs, compare_pair);
    for (uint32_t i = 0; i < count; i++) weft_varint_put(&bytes, pairs[i].offset);
    struct weft_str copy = weft_arena_copy(&m->scratch, weft_buf_str(&bytes));
    weft_buf_release(&bytes);
    return copy;
}

void weft_merge_shapes_build(struct merge *m)
{
    for (uint32_t s = 0; s < m->source_count; s++) {
        struct merge_source *source = &m->sources[s];
        if (source->view == NULL) continue;
        source->shapes = weft_alloc_array(source->shape_count, sizeof *source->shapes);
        for (uint32_t i = 0; i < source->shape_count; i++) {
            struct weft_shape_view view = weft_segment_shape(source->view, i);
            uint32_t *offsets = weft_arena_alloc(&m->tables, (size_t)view.count * 4 + 1), words = 0;
            uint32_t *codes = weft_arena_alloc(&m->scratch, (size_t)view.count * 4 + 1);
            for (uint32_t k = 0; k < view.count; k++) {
                uint32_t type = view.keys[k] & 7;
                codes[k] = source->keys[view.keys[k] >> 4] | type;
                offsets[k] = words;
                words += weft_merge_type_words[type];
            }
            sort_list(m, codes, offsets, view.count);
            source->shapes[i] =
                (struct merge_shape){ weft_merge_list_intern(m, codes, view.count, false), words,
                                      is_reordered(codes, offsets, view.count), offsets };
            weft_arena_reset(&m->scratch);
        }
    }
    m->global_list_count = m->list_count;
}

/* ---- inline rows ---- */

/* The codes of an inline row, and the offsets of its values, in canonical order. */
static uint32_t *inline_codes(struct merge *m, struct merge_row *row, const uint32_t *attributes)
{
    const struct merge_source *source = &m->sources[row->chunk->source];
    uint32_t count = row->shape & ~WEFT_SHAPE_INLINE, at = 0;
    uint32_t *codes = weft_arena_alloc(&m->scratch, (size_t)count * 4 + 1);

    row->offsets = (uint32_t)(m->inline_offsets.len / 4);
    uint32_t *offsets =
        (uint32_t *)(void *)weft_buf_reserve(&m->inline_offsets, (size_t)count * 4 + 1);
    m->inline_offsets.len += (size_t)count * 4;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = attributes[at++], type;
        if (word & WEFT_WORD_HEAP) {
            type = attributes[at++] & 7;
            codes[i] =
                weft_key_code(weft_merge_spelt_key(m, weft_merge_heap(row->chunk, word)), type);
        } else {
            type = word & 7;
            codes[i] = source->keys[word >> 4] | type;
        }
        offsets[i] = at;
        at += weft_merge_type_words[type];
    }
    sort_list(m, codes, offsets, count);
    if (is_reordered(codes, offsets, count)) row->extras |= 1u << WEFT_PSEUDO_ORDER;
    return codes;
}

/* ---- extras ---- */

/* A spelt-out name whose head is known after all takes that head. */
static bool name_resolve(struct merge *m, struct merge_row *row)
{
    uint32_t number;
    const uint8_t *e = m->heads + (size_t)row->head * WEFT_HEAD_ENTRY_BYTES;

    if (weft_load_u32(e + 8) != WEFT_NO_NAME) return true;
    if (row->words[0] & WEFT_WORD_HEAP) {
        if (!weft_merge_heap_number(m, row->chunk, weft_merge_heap(row->chunk, row->words[0]),
                                    WEFT_PSEUDO_NAME << 3, &number))
            return false;
    } else {
        const struct merge_source *source = &m->sources[row->chunk->source];
        if (row->words[0] >= source->string_count) return false; /* a blob: no head has it */
        number = source->strings[row->words[0]];
    }
    uint32_t head = weft_merge_head_find(m, weft_load_u32(e), weft_load_u32(e + 4), number,
                                         weft_load_u32(e + 12));
    if (head == UINT32_MAX) return false;
    row->head = head;
    return true;
}

static uint16_t extras_of(struct merge *m, struct merge_row *row)
{
    uint32_t flags = row->flags, extras = 0;

    if ((flags & WEFT_ROW_NAME_INLINE) && !name_resolve(m, row)) extras |= 1u << WEFT_PSEUDO_NAME;
    if (flags >> WEFT_ROW_SPAN_FLAGS_SHIFT & 0x3ff) extras |= 1u << WEFT_PSEUDO_FLAGS;
    if (flags & WEFT_ROW_STATUS_MESSAGE) extras |= 1u << WEFT_PSEUDO_STATUS_MESSAGE;
    if (flags & WEFT_ROW_TRACE_STATE) extras |= 1u << WEFT_PSEUDO_TRACE_STATE;
    if (flags & WEFT_ROW_DROPPED)
        extras |= 1u << WEFT_PSEUDO_DROPPED_ATTRIBUTES | 1u << WEFT_PSEUDO_DROPPED_EVENTS |
                  1u << WEFT_PSEUDO_DROPPED_LINKS;
    if (row->start + row->length < row->start) extras |= 1u << WEFT_PSEUDO_END;
    if (flags & WEFT_ROW_EVENTS) extras |= 1u << WEFT_PSEUDO_EVENTS;
    if (flags & WEFT_ROW_LINKS) extras |= 1u << WEFT_PSEUDO_LINKS;
    return (uint16_t)extras;
}

static uint32_t extra_codes(uint16_t extras, uint32_t *codes)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < WEFT_PSEUDO_COUNT; k++)
        if (extras >> k & 1) codes[count++] = k << 3 | weft_pseudo_type(k);
    return count;
}

static uint32_t with_extras(struct merge *m, uint32_t base, uint16_t extras)
{
    uint32_t key[2] = { base, extras }, count;
    struct weft_str name = { (const char *)key, sizeof key };
    const uint64_t *known = weft_map_get(&m->extra_list_numbers, name);

    if (known != NULL) return (uint32_t)*known;
    uint32_t *codes =
        weft_arena_alloc(&m->scratch, (size_t)(m->lists[base].count + WEFT_PSEUDO_COUNT) * 4);
    count = extra_codes(extras, codes);
    memcpy(codes + count, m->lists[base].codes, (size_t)m->lists[base].count * 4);
    uint32_t list = weft_merge_list_intern(m, codes, count + m->lists[base].count, true);
    weft_map_put(&m->extra_list_numbers, name, list, NULL);
    return list;
}

/* A list of this row alone. A segment's rows are inline because their list is rare, so looking for an equal
 * one among thousands costs more than it saves; pools take any number of lists. */
static uint32_t own_list(struct merge *m, uint16_t extras, const uint32_t *codes, uint32_t count)
{
    uint32_t *all =
        weft_arena_alloc(&m->scratch, ((size_t)count + WEFT_PSEUDO_COUNT) * sizeof *all);
    uint32_t n = extra_codes(extras, all);

    memcpy(all + n, codes, (size_t)count * 4);
    return list_add(m, all, n + count);
}

static uint32_t inline_list(struct merge *m, struct merge_row *row)
{
    uint32_t count = row->shape & ~WEFT_SHAPE_INLINE;
    const uint32_t *codes =
        inline_codes(m, row, row->words + ((row->flags & WEFT_ROW_NAME_INLINE) != 0));
    const uint64_t *known =
        weft_map_get(&m->list_numbers, weft_str_make((const char *)codes, (size_t)count * 4));

    if (known == NULL && m->sources[row->chunk->source].view != NULL)
        return own_list(m, row->extras, codes, count);
    /* Rows of a block are all inline here, whether their list is rare or not. */
    uint32_t list =
        known != NULL ? (uint32_t)*known : weft_merge_list_intern(m, codes, count, true);
    return row->extras != 0 ? with_extras(m, list, row->extras) : list;
}

int weft_merge_lists_resolve(struct merge *m, struct weft_err *err)
{
    bool has_many_keys = m->spelt_keys.count >= MERGE_KEYS_MANY;

    m->row_group_number++;
    for (uint32_t i = 0; i < m->out_count; i++) {
        struct merge_row *row = &m->rows[m->order[i]];
        if (i + 12 < m->out_count) __builtin_prefetch(m->rows[m->order[i + 12]].words);
        if (has_many_keys && i + 8 < m->out_count)
            weft_merge_keys_prefetch(m, &m->rows[m->order[i + 8]], false);
        if (has_many_keys && i + 4 < m->out_count)
            weft_merge_keys_prefetch(m, &m->rows[m->order[i + 4]], true);
        uint32_t list;
        row->extras =
            (row->flags & ~WEFT_ROW_STATUS_MASK) != 0 || row->start + row->length < row->start
                ? extras_of(m, row)
                : 0;
        if (row->shape & WEFT_SHAPE_INLINE) {
            list = inline_list(m, row);
        } else {
            const struct merge_shape *shape = &m->sources[row->chunk->source].shapes[row->shape];
            list = shape->list;
            if (shape->is_reordered) row->extras |= 1u << WEFT_PSEUDO_ORDER;
            if (row->extras != 0) list = with_extras(m, list, row->extras);
        }
        row->list = list;
        if (m->lists[list].rows++ == 0)
            m->lists[list].pool_name =
                weft_load_u32(m->heads + (size_t)row->head * WEFT_HEAD_ENTRY_BYTES + 8);
    }
    if (m->local_key_bytes.len > UINT32_MAX || m->inline_offsets.len / 4 > UINT32_MAX)
        return weft_fail(err, WEFT_TOO_LARGE,
                         "merge: a row group with more than 4 GiB of inline attributes");
    return WEFT_OK;
}

void weft_merge_lists_reset(struct merge *m)
{
    for (uint32_t i = 0; i < m->global_list_count; i++) m->lists[i].rows = 0;
    m->list_count = m->global_list_count;
    weft_map_reset(&m->local_list_numbers);
    weft_map_reset(&m->extra_list_numbers);
    weft_merge_keys_forget(m);
    m->local_key_count = 0;
    weft_buf_reset(&m->local_key_bytes);
    weft_buf_reset(&m->local_key_ends);
    weft_buf_reset(&m->inline_offsets);
    m->ref_count = 0;
    weft_arena_reset(&m->scratch);
}
