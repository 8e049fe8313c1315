/* merge_events.c -- what stands behind a row's attributes: status message, trace state,
 * counts, events, links; and whole rows as
 * bytes, to see whether two are the same. */
#include "base/alloc.h"
#include "base/hash.h"
#include "store/block_blob.h"
#include "store/codec_varint.h"
#include "store/merge_internal.h"

/* One attribute of a segment's list, walked in its order. */
struct walk {
    const struct merge *m;
    const struct merge_chunk *chunk;
    const uint32_t *at; /* next word */
    struct weft_shape_view shape;
    uint32_t left, done;
    bool is_inline;
    /* the attribute at hand */
    uint32_t type;
    uint32_t key; /* source's key number, or WEFT_WORD_HEAP | offset */
    const uint32_t *value;
};

static void walk_init(struct walk *w, const struct merge *m, const struct merge_chunk *chunk,
                      uint32_t shape, const uint32_t *words)
{
    *w = (struct walk){
        .m = m, .chunk = chunk, .at = words, .is_inline = (shape & WEFT_SHAPE_INLINE) != 0
    };
    if (w->is_inline) {
        w->left = shape & ~WEFT_SHAPE_INLINE;
    } else {
        w->shape = weft_segment_shape(m->sources[chunk->source].view, shape);
        w->left = w->shape.count;
    }
}

static bool walk_next(struct walk *w)
{
    if (w->left-- == 0) {
        w->left = 0;
        return false;
    }
    if (w->is_inline) {
        uint32_t word = *w->at++;
        w->key = word & WEFT_WORD_HEAP ? word : word >> 4;
        w->type = (word & WEFT_WORD_HEAP ? *w->at++ : word) & 7;
    } else {
        uint32_t key = w->shape.keys[w->done++];
        w->key = key >> 4;
        w->type = key & 7;
    }
    w->value = w->at;
    w->at += weft_merge_type_words[w->type];
    return true;
}

uint32_t weft_merge_list_words(const struct merge *m, const struct merge_chunk *chunk,
                               uint32_t shape, const uint32_t *words)
{
    struct walk w;

    if (!(shape & WEFT_SHAPE_INLINE) && m->sources[chunk->source].shapes != NULL)
        return m->sources[chunk->source].shapes[shape].words;
    walk_init(&w, m, chunk, shape, words);
    while (walk_next(&w)) {}
    return (uint32_t)(w.at - words);
}

void weft_merge_extras_find(const struct merge *m, const struct merge_row *row,
                            const uint32_t *found[static WEFT_PSEUDO_COUNT])
{
    const uint32_t *at = row->words, flags = row->flags;

    memset(found, 0, WEFT_PSEUDO_COUNT * sizeof *found);
    if (flags & WEFT_ROW_NAME_INLINE) found[WEFT_PSEUDO_NAME] = at++;
    at += weft_merge_list_words(m, row->chunk, row->shape, at);
    if (flags & WEFT_ROW_STATUS_MESSAGE) found[WEFT_PSEUDO_STATUS_MESSAGE] = at++;
    if (flags & WEFT_ROW_TRACE_STATE) found[WEFT_PSEUDO_TRACE_STATE] = at++;
    if (flags & WEFT_ROW_DROPPED) {
        found[WEFT_PSEUDO_DROPPED_ATTRIBUTES] = at++;
        found[WEFT_PSEUDO_DROPPED_EVENTS] = at++;
        found[WEFT_PSEUDO_DROPPED_LINKS] = at++;
    }
    if (flags & (WEFT_ROW_EVENTS | WEFT_ROW_LINKS)) found[WEFT_PSEUDO_EVENTS] = at;
}

/* ---- events and links: tokens for the block, spelt out for comparing ---- */

struct sink {
    struct merge *m;
    const struct merge_chunk *chunk;
    struct weft_buf *out;
    bool is_spelt; /* bytes of every string: equal content gives equal bytes */
    struct weft_strings_reader *reader;
};

static struct weft_str source_string(const struct sink *s, uint32_t number)
{
    const struct merge_source *source = &s->m->sources[s->chunk->source];
    struct weft_str text = { NULL, 0 };

    if (source->view != NULL) return weft_segment_string(source->view, number);
    weft_block_cursor_string(source->cursor, number,
                             &text); /* unfolded just now, so it can be read */
    return text;
}

static void put_spelt(struct sink *s, struct weft_str text)
{
    weft_varint_put(s->out, (uint64_t)text.len << 1 | 1);
    weft_buf_append_str(s->out, text);
}

/* For comparing, a long text is its length and hash, whether it is spelt out or a blob. */
static void put_content(struct sink *s, uint32_t word)
{
    const struct merge_source *source = &s->m->sources[s->chunk->source];
    uint8_t hash[16];
    struct weft_str text;

    if (!(word & WEFT_WORD_HEAP) && word >= source->string_count) {
        struct weft_blob blob = weft_block_blob(source->block, word - source->string_count);
        weft_varint_put(s->out, (uint64_t)blob.raw_bytes << 1);
        weft_buf_append(s->out, blob.hash, sizeof hash);
        return;
    }
    text = word & WEFT_WORD_HEAP ? weft_merge_heap(s->chunk, word) : source_string(s, word);
    if (text.len < WEFT_BLOB_BYTES_MIN) {
        put_spelt(s, text);
        return;
    }
    weft_hash_128(text.ptr, text.len, hash);
    weft_varint_put(s->out, (uint64_t)text.len << 1);
    weft_buf_append(s->out, hash, sizeof hash);
}

static void put_string(struct sink *s, uint32_t word)
{
    struct merge_source *source = &s->m->sources[s->chunk->source];
    struct weft_str text;
    uint32_t number;

    if (s->is_spelt) {
        put_content(s, word);
    } else if (!(word & WEFT_WORD_HEAP)) {
        weft_varint_put(s->out, (uint64_t)merge_string_number(s->m, source, word) << 1);
    } else {
        text = weft_merge_heap(s->chunk, word);
        if (weft_merge_blob(s->m, source, text, &number))
            weft_varint_put(s->out, (uint64_t)number << 1);
        else
            put_spelt(s, text);
    }
}

static void put_key(struct sink *s, uint32_t key)
{
    const struct merge_source *source = &s->m->sources[s->chunk->source];

    if (key & WEFT_WORD_HEAP)
        put_spelt(s, weft_merge_heap(s->chunk, key));
    else if (s->is_spelt)
        put_spelt(s, s->m->keys[(source->keys[key] >> 3) - WEFT_PSEUDO_KEYS]);
    else
        weft_varint_put(s->out, (uint64_t)((source->keys[key] >> 3) - WEFT_PSEUDO_KEYS) << 1);
}

static void put_value(struct sink *s, uint32_t type, const uint32_t *value)
{
    switch (type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: weft_buf_append_byte(s->out, value[0] != 0); break;
    case WEFT_VALUE_INT: weft_varint_put(s->out, weft_zigzag((int64_t)weft_load_u64(value))); break;
    case WEFT_VALUE_DOUBLE: weft_buf_append(s->out, value, 8); break;
    default: put_string(s, value[0]);
    }
}

static void put_attribute(struct sink *s, const struct walk *w)
{
    weft_buf_append_byte(s->out, (char)w->type);
    put_key(s, w->key);
    put_value(s, w->type, w->value);
}

static const uint32_t *put_list(struct sink *s, const uint32_t *at)
{
    struct walk w;
    walk_init(&w, s->m, s->chunk, at[0], at + 1);
    weft_varint_put(s->out, w.left);
    while (walk_next(&w)) put_attribute(s, &w);
    return w.at;
}

static const uint32_t *put_events(struct sink *s, uint64_t start, const uint32_t *at)
{
    uint32_t count = *at++;
    weft_varint_put(s->out, count);
    for (uint32_t i = 0; i < count; i++) {
        weft_varint_put(s->out, weft_zigzag((int64_t)(weft_load_u64(at) - start)));
        put_string(s, at[2]);
        weft_varint_put(s->out, at[3]);
        at = put_list(s, at + 4);
    }
    return at;
}

static const uint32_t *put_links(struct sink *s, const uint32_t *at)
{
    uint32_t count = *at++;
    weft_varint_put(s->out, count);
    for (uint32_t i = 0; i < count; i++) {
        weft_buf_append(s->out, at, 24);
        weft_varint_put(s->out, at[6]);
        put_string(s, at[7]);
        weft_varint_put(s->out, at[8]);
        at = put_list(s, at + 9);
    }
    return at;
}

/* As put_events, without writing. */
static const uint32_t *skip_events(const struct merge *m, const struct merge_chunk *chunk,
                                   const uint32_t *at)
{
    uint32_t count = *at++;
    for (uint32_t i = 0; i < count; i++) at += 5 + weft_merge_list_words(m, chunk, at[4], at + 5);
    return at;
}

static struct weft_str to_scratch(struct merge *m, struct weft_buf *bytes)
{
    struct weft_str copy = weft_arena_copy(&m->scratch, weft_buf_str(bytes));
    weft_buf_release(bytes);
    return copy;
}

struct weft_str weft_merge_events(struct merge *m, const struct merge_row *row,
                                  const uint32_t *words)
{
    struct weft_buf bytes = { 0 };
    struct sink s = { .m = m, .chunk = row->chunk, .out = &bytes };
    put_events(&s, row->start, words);
    return to_scratch(m, &bytes);
}

/* `words` is where events would start; links stand behind them. */
struct weft_str weft_merge_links(struct merge *m, const struct merge_row *row,
                                 const uint32_t *words)
{
    struct weft_buf bytes = { 0 };
    struct sink s = { .m = m, .chunk = row->chunk, .out = &bytes };
    if (row->flags & WEFT_ROW_EVENTS) words = skip_events(m, row->chunk, words);
    put_links(&s, words);
    return to_scratch(m, &bytes);
}

/* ---- whole rows ---- */

static int compare_piece(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

/* Attributes one by one, then in order of their bytes. */
static void content_attributes(struct sink *s, const struct merge_row *row, const uint32_t *words)
{
    struct weft_buf bytes = { 0 }, *out = s->out, ends = { 0 };
    struct walk w;
    uint32_t count = 0;

    s->out = &bytes;
    walk_init(&w, s->m, row->chunk, row->shape, words);
    while (walk_next(&w)) {
        put_attribute(s, &w);
        weft_buf_append(&ends, &bytes.len, sizeof bytes.len);
        count++;
    }
    struct weft_str *pieces = weft_alloc_array(count, sizeof *pieces);
    size_t from = 0, end;
    for (uint32_t i = 0; i < count; i++, from = end) {
        memcpy(&end, ends.data + i * sizeof end, sizeof end);
        pieces[i] = weft_str_make(bytes.data + from, end - from);
    }
    qsort(pieces, count, sizeof *pieces, compare_piece);
    weft_varint_put(out, count);
    for (uint32_t i = 0; i < count; i++) weft_buf_append_str(out, pieces[i]);
    s->out = out;
    weft_free(pieces);
    weft_buf_release(&bytes);
    weft_buf_release(&ends);
}

void weft_merge_row_content(struct merge *m, const struct merge_row *row, struct weft_buf *out)
{
    struct sink s = { .m = m, .chunk = row->chunk, .out = out, .is_spelt = true };
    const uint32_t *found[WEFT_PSEUDO_COUNT];
    const uint8_t *head = m->heads + (size_t)row->head * WEFT_HEAD_ENTRY_BYTES;
    const uint32_t *events;
    uint32_t flags = row->flags & ~WEFT_ROW_NAME_INLINE;

    weft_merge_extras_find(m, row, found);
    weft_buf_append(out, &row->start, 8);
    weft_buf_append(out, &row->length, 8);
    weft_buf_append(out, &row->parent, 8);
    weft_buf_append(out, &flags, 4);
    weft_buf_append(out, head, 8); /* resource, scope */
    weft_buf_append(out, head + 12, 4);
    if (found[WEFT_PSEUDO_NAME] != NULL) {
        put_string(&s, *found[WEFT_PSEUDO_NAME]);
    } else {
        struct weft_head_view view = weft_merge_source_head(m, row);
        put_string(&s, view.name);
    }
    content_attributes(&s, row, row->words + (found[WEFT_PSEUDO_NAME] != NULL));
    if (flags & WEFT_ROW_STATUS_MESSAGE) put_string(&s, *found[WEFT_PSEUDO_STATUS_MESSAGE]);
    if (flags & WEFT_ROW_TRACE_STATE) put_string(&s, *found[WEFT_PSEUDO_TRACE_STATE]);
    if (flags & WEFT_ROW_DROPPED) weft_buf_append(out, found[WEFT_PSEUDO_DROPPED_ATTRIBUTES], 12);
    events = found[WEFT_PSEUDO_EVENTS];
    if (flags & WEFT_ROW_EVENTS) events = put_events(&s, row->start, events);
    if (flags & WEFT_ROW_LINKS) put_links(&s, events);
}
