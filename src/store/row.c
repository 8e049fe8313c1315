/* row.c -- rows read back: where their parts are, and whole spans. Rows were checked when written
 * or opened: no bounds here. */
#include "store/row.h"

#include "store/segment_internal.h"

static inline struct weft_str word_str(const struct weft_segment_tables *tables,
                                       const struct weft_chunk_view *chunk, uint32_t word)
{
    if ((word & WEFT_WORD_HEAP) == 0) return weft_dictionary_str(&tables->strings, word);
    const char *entry = chunk->heap + (word & ~WEFT_WORD_HEAP);
    return weft_str_make(entry + 4, weft_load_u32(entry));
}

struct weft_str weft_segment_value(const struct weft_segment_view *view,
                                   const struct weft_chunk_view *chunk, uint32_t word)
{
    return word_str(&view->segment->tables, chunk, word);
}

/* ---- skipping ---- */

static const uint32_t *skip_list(const struct weft_segment_tables *tables, uint32_t shape_word,
                                 const uint32_t *w)
{
    if ((shape_word & WEFT_SHAPE_INLINE) == 0) {
        const struct weft_shape_view *shape = weft_segment_tables_shape(tables, shape_word);
        for (uint32_t i = 0; i < shape->count; i++) w += weft_value_word_count(shape->keys[i] & 15);
        return w;
    }
    for (uint32_t i = shape_word & ~WEFT_SHAPE_INLINE; i > 0; i--) {
        uint32_t key_word = *w++;
        uint32_t type = (key_word & WEFT_WORD_HEAP) != 0 ? *w++ : key_word & 15;
        w += weft_value_word_count(type);
    }
    return w;
}

static const uint32_t *skip_events(const struct weft_segment_tables *tables, const uint32_t *w)
{
    for (uint32_t i = *w++; i > 0; i--) {
        w += 4; /* time, name, dropped attributes */
        w = skip_list(tables, *w, w + 1);
    }
    return w;
}

void weft_row_parts(const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                    uint32_t row, struct weft_row_parts *out)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    const struct weft_segment_tables *tables = &view->segment->tables;
    const uint32_t *w = chunk->words + weft_record_words(record);
    uint32_t flags = weft_record_flags(record);
    *out = (struct weft_row_parts){ 0 };
    if ((flags & WEFT_ROW_NAME_INLINE) != 0) out->name = w++;
    out->attributes = w;
    if ((flags & (WEFT_ROW_STATUS_MESSAGE | WEFT_ROW_TRACE_STATE | WEFT_ROW_DROPPED |
                  WEFT_ROW_EVENTS | WEFT_ROW_LINKS)) == 0) {
        return;
    }
    w = skip_list(tables, weft_record_shape(record), w);
    if ((flags & WEFT_ROW_STATUS_MESSAGE) != 0) out->status_message = w++;
    if ((flags & WEFT_ROW_TRACE_STATE) != 0) out->trace_state = w++;
    if ((flags & WEFT_ROW_DROPPED) != 0) {
        out->dropped = w;
        w += 3;
    }
    if ((flags & WEFT_ROW_EVENTS) != 0) {
        out->events = w;
        w = skip_events(tables, w);
    }
    if ((flags & WEFT_ROW_LINKS) != 0) out->links = w;
}

struct weft_str weft_row_name(const struct weft_segment_view *view,
                              const struct weft_chunk_view *chunk, uint32_t row)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    const struct weft_segment_tables *tables = &view->segment->tables;
    if ((weft_record_flags(record) & WEFT_ROW_NAME_INLINE) != 0) {
        return word_str(tables, chunk, chunk->words[weft_record_words(record)]);
    }
    uint32_t name = weft_segment_tables_head(tables, weft_record_head(record))->view.name;
    return name != WEFT_NO_NAME ? weft_dictionary_str(&tables->strings, name)
                                : weft_str_make(NULL, 0);
}

/* ---- reading ---- */

struct row_reader {
    const struct weft_segment_tables *tables;
    const struct weft_chunk_view *chunk;
    struct weft_arena *arena;
    const uint32_t *w;
};

static inline void read_value(struct row_reader *in, struct weft_attribute *out, uint32_t type)
{
    out->type = type;
    out->value_len = 0;
    switch (type) {
    case WEFT_VALUE_EMPTY: out->int_value = 0; return;
    case WEFT_VALUE_BOOL:
        out->int_value = 0;
        out->bool_value = *in->w++ != 0;
        return;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE:
        out->int_value = (int64_t)weft_load_u64(in->w);
        in->w += 2;
        return;
    default: {
        struct weft_str s = word_str(in->tables, in->chunk, *in->w++);
        out->ptr = s.ptr;
        out->value_len = (uint32_t)s.len;
    }
    }
}

static void set_key(struct weft_attribute *out, struct weft_str key)
{
    out->key = key.ptr;
    out->key_len = (uint32_t)key.len & 0xffffffu;
}

static void read_list(struct row_reader *in, uint32_t shape_word, struct weft_attributes *out)
{
    bool is_inline = (shape_word & WEFT_SHAPE_INLINE) != 0;
    const struct weft_shape_view *shape =
        is_inline ? NULL : weft_segment_tables_shape(in->tables, shape_word);
    uint32_t count = is_inline ? shape_word & ~WEFT_SHAPE_INLINE : shape->count;
    struct weft_attribute *items =
        count > 0 ? weft_arena_alloc(in->arena, count * sizeof *items) : NULL;
    out->items = items;
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key_word = is_inline ? *in->w++ : shape->keys[i], type = key_word & 15;
        if ((key_word & WEFT_WORD_HEAP) != 0) {
            type = *in->w++;
            set_key(&items[i], word_str(in->tables, in->chunk, key_word));
        } else {
            set_key(&items[i], weft_dictionary_str(&in->tables->keys, key_word >> 4));
        }
        read_value(in, &items[i], type);
    }
}

static uint64_t read_u64(struct row_reader *in)
{
    in->w += 2;
    return weft_load_u64(in->w - 2);
}

static struct weft_str read_str(struct row_reader *in)
{
    return word_str(in->tables, in->chunk, *in->w++);
}

static void read_events(struct row_reader *in, struct weft_span *out)
{
    out->event_count = *in->w++;
    struct weft_event *events = weft_arena_alloc_array(in->arena, out->event_count, sizeof *events);
    out->events = events;
    for (uint32_t i = 0; i < out->event_count; i++) {
        events[i].time_unix_nano = read_u64(in);
        events[i].name = read_str(in);
        events[i].attributes.dropped_count = *in->w++;
        uint32_t shape_word = *in->w++;
        read_list(in, shape_word, &events[i].attributes);
    }
}

static void read_links(struct row_reader *in, struct weft_span *out)
{
    out->link_count = *in->w++;
    struct weft_link *links = weft_arena_alloc_array(in->arena, out->link_count, sizeof *links);
    out->links = links;
    for (uint32_t i = 0; i < out->link_count; i++) {
        memcpy(links[i].trace_id.bytes, in->w, 16);
        memcpy(links[i].span_id.bytes, in->w + 4, 8);
        in->w += 6;
        links[i].flags = *in->w++;
        links[i].trace_state = read_str(in);
        links[i].attributes.dropped_count = *in->w++;
        uint32_t shape_word = *in->w++;
        read_list(in, shape_word, &links[i].attributes);
    }
}

static void read_rare_parts(struct row_reader *in, uint32_t flags, struct weft_span *out)
{
    if ((flags & WEFT_ROW_STATUS_MESSAGE) != 0) out->status_message = read_str(in);
    if ((flags & WEFT_ROW_TRACE_STATE) != 0) out->trace_state = read_str(in);
    if ((flags & WEFT_ROW_DROPPED) != 0) {
        out->attributes.dropped_count = *in->w++;
        out->dropped_events_count = *in->w++;
        out->dropped_links_count = *in->w++;
    }
    if ((flags & WEFT_ROW_EVENTS) != 0) read_events(in, out);
    if ((flags & WEFT_ROW_LINKS) != 0) read_links(in, out);
}

/* What the record and the head say; attributes and the rest are left empty. */
static const struct weft_table_head *read_record(const struct weft_segment_tables *tables,
                                                 const uint8_t *record, struct weft_span *out)
{
    const struct weft_table_head *head = weft_segment_tables_head(tables, weft_record_head(record));
    uint32_t flags = weft_record_flags(record);
    *out = (struct weft_span){
        .scope = head->scope,
        .start_time_unix_nano = weft_record_start(record),
        .end_time_unix_nano = weft_record_end(record),
        .flags = flags >> WEFT_ROW_SPAN_FLAGS_SHIFT & WEFT_FLAGS_MASK,
        .kind = head->view.kind,
        .status_code = flags & WEFT_ROW_STATUS_MASK,
    };
    memcpy(out->trace_id.bytes, record, 16);
    memcpy(out->span_id.bytes, record + 16, 8);
    memcpy(out->parent_span_id.bytes, record + 24, 8);
    return head;
}

void weft_row_read(const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                   uint32_t row, struct weft_span *out, struct weft_arena *arena)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    struct row_reader in = { .tables = &view->segment->tables,
                             .chunk = chunk,
                             .arena = arena,
                             .w = chunk->words + weft_record_words(record) };
    uint32_t flags = weft_record_flags(record);
    const struct weft_table_head *head = read_record(in.tables, record, out);
    if ((flags & WEFT_ROW_NAME_INLINE) != 0) {
        out->name = read_str(&in);
    } else if (head->view.name != WEFT_NO_NAME) {
        out->name = weft_dictionary_str(&in.tables->strings, head->view.name);
    }
    read_list(&in, weft_record_shape(record), &out->attributes);
    read_rare_parts(&in, flags, out);
}

/* ---- one trace ---- */

/* First entry of the index that is not below `key`. */
static uint32_t index_from(const struct weft_chunk_view *chunk, uint64_t key)
{
    uint32_t low = 0, high = chunk->span_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk->trace_index[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int weft_segment_trace(const struct weft_segment_view *view, const struct weft_trace_id *id,
                       struct weft_batch *out, struct weft_err *err)
{
    uint64_t prefix = weft_trace_index_prefix(id->bytes);
    for (uint32_t c = 0; c < view->chunk_count; c++) {
        const struct weft_chunk_view *chunk = &weft_segment_chunk_at(view->segment, c)->view;
        for (uint32_t i = index_from(chunk, prefix); i < chunk->span_count; i++) {
            uint64_t key = chunk->trace_index[i];
            uint32_t row = key & 0xffffff;
            if ((key ^ row) != prefix) break;
            if (memcmp(chunk->records + (size_t)row * WEFT_RECORD_BYTES, id->bytes, 16) != 0)
                continue;
            weft_row_read(view, chunk, row, weft_batch_add(out), out->arena);
        }
    }
    return WEFT_OK;
}

void weft_segment_operations(const struct weft_segment_view *view,
                             void (*add)(void *arg, struct weft_str service, struct weft_str name,
                                         uint8_t kind, uint64_t spans, uint64_t errors),
                             void *arg)
{
    struct weft_arena counts_arena;
    weft_arena_init(&counts_arena, 0);
    struct {
        uint64_t spans, errors;
    } *counts = weft_arena_alloc_array(&counts_arena, view->head_count, sizeof *counts);
    for (uint32_t c = 0; c < view->chunk_count; c++) {
        const struct weft_chunk_view *chunk = &weft_segment_chunk_at(view->segment, c)->view;
        for (uint32_t row = 0; row < chunk->span_count; row++) {
            const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
            uint32_t head_number = weft_record_head(record), flags = weft_record_flags(record);
            bool is_error = (flags & WEFT_ROW_STATUS_MASK) == WEFT_STATUS_ERROR;
            if ((flags & WEFT_ROW_NAME_INLINE) == 0) {
                counts[head_number].spans++;
                counts[head_number].errors += is_error;
                continue;
            }
            const struct weft_table_head *head =
                weft_segment_tables_head(&view->segment->tables, head_number);
            add(arg, head->scope->resource->service_name, weft_row_name(view, chunk, row),
                head->view.kind, 1, is_error);
        }
    }
    for (uint32_t i = 0; i < view->head_count; i++) {
        if (counts[i].spans == 0) continue;
        const struct weft_table_head *head = weft_segment_tables_head(&view->segment->tables, i);
        struct weft_str name = { 0 };
        if (head->view.name != WEFT_NO_NAME)
            name = weft_dictionary_str(&view->segment->tables.strings, head->view.name);
        add(arg, head->scope->resource->service_name, name, head->view.kind, counts[i].spans,
            counts[i].errors);
    }
    weft_arena_release(&counts_arena);
}
