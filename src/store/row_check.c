/* row_check.c -- every number and offset in a chunk's rows, checked once when a file is opened, so
 * that readers need not. */
#include "store/segment_internal.h"

struct checker {
    const struct weft_chunk_view *chunk;
    const struct weft_segment_tables *tables;
    const struct weft_table_holes *holes; /* NULL: every entry is what was written */
    const uint32_t *w, *end;
    const char *what; /* the first thing found wrong */
};

static bool wrong(struct checker *in, const char *what)
{
    in->what = what;
    return false;
}

static bool is_there(const struct checker *in, enum weft_table table, uint32_t number,
                     uint32_t count)
{
    return number < count &&
           (in->holes == NULL || !weft_table_holes_have(in->holes, table, number));
}

static bool check_words(struct checker *in, size_t count)
{
    return (size_t)(in->end - in->w) >= count || wrong(in, "its words end too early");
}

static bool check_heap(struct checker *in, uint32_t word)
{
    uint32_t offset = word & ~WEFT_WORD_HEAP, heap_bytes = in->chunk->heap_bytes;
    if (offset > heap_bytes || heap_bytes - offset < 4 ||
        heap_bytes - offset - 4 < weft_load_u32(in->chunk->heap + offset)) {
        return wrong(in, "a value lies outside of the heap");
    }
    return true;
}

/* A value word: a string's number or a heap offset. */
static bool check_value_word(struct checker *in)
{
    if (!check_words(in, 1)) return false;
    uint32_t word = *in->w++;
    if ((word & WEFT_WORD_HEAP) != 0) return check_heap(in, word);
    return is_there(in, WEFT_TABLE_STRINGS, word, in->tables->strings.count) ||
           wrong(in, "a string number is not in the table");
}

static bool check_value(struct checker *in, uint32_t type)
{
    switch (type) {
    case WEFT_VALUE_EMPTY: return true;
    case WEFT_VALUE_BOOL:
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE:
        if (!check_words(in, weft_value_word_count(type))) return false;
        in->w += weft_value_word_count(type);
        return true;
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST:
    case WEFT_VALUE_BYTES: return check_value_word(in);
    default: return wrong(in, "a value has an unknown type");
    }
}

static bool check_inline_list(struct checker *in, uint32_t count)
{
    /* Each attribute has a word at least: a count beyond the words is refused before the loop
     * believes it. */
    if (!check_words(in, count)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!check_words(in, 1)) return false;
        uint32_t key_word = *in->w++, type = key_word & 15;
        if ((key_word & WEFT_WORD_HEAP) != 0) {
            if (!check_heap(in, key_word) || !check_words(in, 1)) return false;
            type = *in->w++;
        } else if (!is_there(in, WEFT_TABLE_KEYS, key_word >> 4, in->tables->keys.count)) {
            return wrong(in, "a key number is not in the table");
        }
        if (!check_value(in, type)) return false;
    }
    return true;
}

static bool check_list(struct checker *in, uint32_t shape_word)
{
    if ((shape_word & WEFT_SHAPE_INLINE) != 0)
        return check_inline_list(in, shape_word & ~WEFT_SHAPE_INLINE);
    if (!is_there(in, WEFT_TABLE_SHAPES, shape_word, in->tables->shape_count))
        return wrong(in, "a shape number is not in the table");
    const struct weft_shape_view *shape = weft_segment_tables_shape(in->tables, shape_word);
    for (uint32_t i = 0; i < shape->count; i++) {
        if (in->holes != NULL &&
            weft_table_holes_have(in->holes, WEFT_TABLE_KEYS, shape->keys[i] >> 4))
            return wrong(in, "a key of its shape is lost");
        if (!check_value(in, shape->keys[i] & 15)) return false;
    }
    return true;
}

static bool check_list_with_shape(struct checker *in)
{
    if (!check_words(in, 1)) return false;
    uint32_t shape_word = *in->w++;
    return check_list(in, shape_word);
}

static bool check_events(struct checker *in)
{
    if (!check_words(in, 1)) return false;
    uint32_t count = *in->w++;
    if (!check_words(in, (size_t)count * 5))
        return false; /* at least: time, name, dropped, shape */
    for (uint32_t i = 0; i < count; i++) {
        if (!check_words(in, 5)) return false;
        in->w += 2;
        if (!check_value_word(in)) return false;
        in->w++;
        if (!check_list_with_shape(in)) return false;
    }
    return true;
}

static bool check_links(struct checker *in)
{
    if (!check_words(in, 1)) return false;
    uint32_t count = *in->w++;
    if (!check_words(in, (size_t)count * 10))
        return false; /* at least: ids, flags, trace state, dropped, shape */
    for (uint32_t i = 0; i < count; i++) {
        if (!check_words(in, 10)) return false;
        in->w += 7;
        if (!check_value_word(in)) return false;
        in->w++;
        if (!check_list_with_shape(in)) return false;
    }
    return true;
}

/* Only what a head refers to can be lost: its own numbers were checked when it was decoded. */
static bool check_head(struct checker *in, uint32_t number)
{
    if (!is_there(in, WEFT_TABLE_HEADS, number, in->tables->head_count))
        return wrong(in, "its head is not in the table");
    if (in->holes == NULL) return true;
    const struct weft_head_view *head = &weft_segment_tables_head(in->tables, number)->view;
    if (weft_table_holes_have(in->holes, WEFT_TABLE_RESOURCES, head->resource) ||
        weft_table_holes_have(in->holes, WEFT_TABLE_SCOPES, head->scope) ||
        (head->name != WEFT_NO_NAME &&
         weft_table_holes_have(in->holes, WEFT_TABLE_STRINGS, head->name)))
        return wrong(in, "resource, scope or name of its head is lost");
    return true;
}

static bool check_row(struct checker *in, const uint8_t *record)
{
    uint32_t flags = weft_record_flags(record);
    if (!check_head(in, weft_record_head(record))) return false;
    /* Rows follow each other: words shared by rows would let a small file ask for endless work. */
    if (in->chunk->words + weft_record_words(record) != in->w)
        return wrong(in, "its words do not follow the row before");
    if ((flags & WEFT_ROW_NAME_INLINE) != 0 && !check_value_word(in)) return false;
    if (!check_list(in, weft_record_shape(record))) return false;
    if ((flags & WEFT_ROW_STATUS_MESSAGE) != 0 && !check_value_word(in)) return false;
    if ((flags & WEFT_ROW_TRACE_STATE) != 0 && !check_value_word(in)) return false;
    if ((flags & WEFT_ROW_DROPPED) != 0) {
        if (!check_words(in, 3)) return false;
        in->w += 3;
    }
    if ((flags & WEFT_ROW_EVENTS) != 0 && !check_events(in)) return false;
    return (flags & WEFT_ROW_LINKS) == 0 || check_links(in);
}

/* Strictly ascending, right prefixes, rows that exist: then it is a permutation of the rows. */
static bool check_trace_index(struct checker *in)
{
    const struct weft_chunk_view *chunk = in->chunk;
    for (uint32_t i = 0; i < chunk->span_count; i++) {
        uint64_t key = chunk->trace_index[i];
        uint32_t row = key & 0xffffff;
        if (row >= chunk->span_count || (i > 0 && chunk->trace_index[i - 1] >= key) ||
            weft_trace_index_prefix(chunk->records + (size_t)row * WEFT_RECORD_BYTES) !=
                (key ^ row)) {
            return wrong(in, "the trace index does not fit the records");
        }
    }
    return true;
}

int weft_chunk_check_rows(const struct weft_chunk_view *chunk,
                          const struct weft_segment_tables *tables, struct weft_err *err)
{
    struct checker in = {
        .chunk = chunk, .tables = tables, .w = chunk->words, .end = chunk->words + chunk->word_count
    };
    if (!check_trace_index(&in)) return weft_fail(err, WEFT_CORRUPT, "%s", in.what);
    for (uint32_t row = 0; row < chunk->span_count; row++) {
        const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
        uint64_t start = weft_record_start(record);
        if (start < chunk->start_min || start > chunk->start_max) {
            return weft_fail(err, WEFT_CORRUPT, "row %u starts outside of the chunk's time range",
                             row);
        }
        if (!check_row(&in, record))
            return weft_fail(err, WEFT_CORRUPT, "row %u: %s", row, in.what);
    }
    if (in.w != in.end) return weft_fail(err, WEFT_CORRUPT, "words of no row stand at the end");
    return WEFT_OK;
}

bool weft_table_holes_have(const struct weft_table_holes *holes, enum weft_table table,
                           uint32_t number)
{
    for (uint32_t i = 0; i < holes->count; i++)
        if (number >= holes->items[i].from.of[table] && number < holes->items[i].to.of[table])
            return true;
    return false;
}

bool weft_row_check(const struct weft_chunk_view *chunk, const struct weft_segment_tables *tables,
                    const struct weft_table_holes *holes, uint32_t row)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    struct checker in = { .chunk = chunk, .tables = tables, .holes = holes };

    if (weft_record_words(record) > chunk->word_count) return false;
    in.w = chunk->words + weft_record_words(record);
    in.end = chunk->words + chunk->word_count;
    return check_row(&in, record);
}
