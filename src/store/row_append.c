/* row_append.c -- a span becomes a record and words in the pending chunk. The hottest code of the
 * program: once a span.
 *
 * The common case does, per span: one hash and compare for the name, a compare of each key with the
 * guessed shape's, and for each string value one hash, one probe, one compare. Everything else is
 * behind unlikely branches.
 */
#include "base/endian.h"
#include "store/segment_internal.h"

#define HEAP_BYTES_MAX \
    (1u << 30) /* far beyond a file; keeps offsets within 31 bits until the batch is refused */
#define UNLIKELY(claim) __builtin_expect(!!(claim), 0)
#define LIKELY(claim) __builtin_expect(!!(claim), 1)

/* Room for `more` words behind those there are. */
static inline uint32_t *words_at_end(struct weft_chunk_build *build, size_t more)
{
    if (UNLIKELY(build->word_capacity - build->word_count < more))
        weft_chunk_build_reserve_words(build, more);
    return build->words + build->word_count;
}

static uint32_t heap_put(struct weft_chunk_build *build, const char *ptr, size_t len)
{
    size_t padded = 4 + ((len + 3) & ~(size_t)3), offset = build->heap_bytes;
    if (UNLIKELY(offset + padded > HEAP_BYTES_MAX)) {
        build->heap_bytes =
            HEAP_BYTES_MAX; /* more than any file takes: the batch is refused after this span */
        return WEFT_WORD_HEAP;
    }
    if (UNLIKELY(build->heap_capacity - offset < padded))
        weft_chunk_build_reserve_heap(build, padded);
    char *out = build->heap + offset;
    weft_store_u32(out + padded - 4, 0); /* padding; overwritten by what follows */
    weft_store_u32(out, (uint32_t)len);
    if (len > 0) memcpy(out + 4, ptr, len);
    build->heap_bytes += padded;
    return WEFT_WORD_HEAP | (uint32_t)offset;
}

static inline uint32_t string_word(struct weft_segment_writer *writer, struct weft_key_state *key,
                                   const char *ptr, size_t len)
{
    if (!key->is_plain && LIKELY(len <= writer->limits.string_bytes)) {
        const struct weft_dictionary *strings = &writer->tables->strings;
        uint32_t hash = weft_dictionary_hash(strings->seed, ptr, len);
        uint32_t number = weft_dictionary_find(strings, strings->count, hash, ptr, len);
        key->seen++;
        if (LIKELY(number != WEFT_NONE)) return number;
        number = weft_intern_string_missed(writer, key, hash, ptr, (uint32_t)len);
        if (number != WEFT_NONE) return number;
    }
    return heap_put(writer->pending, ptr, len);
}

/* Slots: what the same place of the same shape held last. Most attributes hardly change (method,
 * host, version), some always do.
 * So each slot has a confidence, up by one when the value was the same, down by eight when not;
 * from SLOT_TRUSTED on the value is compared with the last one before anything is hashed. Below, a
 * comparison would only be a mispredicted branch. */
#define SLOT_NUMBER 0x0fffffffu
#define SLOT_STEP 0x10000000u
#define SLOT_FALL (8 * SLOT_STEP)
#define SLOT_TRUSTED 0x80000000u
#define SLOT_SURE 0xf0000000u

static inline uint32_t slot_after(uint32_t slot, uint32_t word)
{
    if ((slot & SLOT_NUMBER) == word) return slot < SLOT_SURE ? slot + SLOT_STEP : slot;
    if (word > SLOT_NUMBER) word = slot & SLOT_NUMBER; /* in the heap: nothing to remember */
    return (slot >= SLOT_FALL ? (slot & ~SLOT_NUMBER) - SLOT_FALL : 0) | word;
}

static inline uint32_t string_word_in_slot(struct weft_segment_writer *writer,
                                           struct weft_shape_slot *slot, const char *ptr,
                                           size_t len)
{
    uint32_t before = slot->last;
    if (before >= SLOT_TRUSTED) {
        const struct weft_dictionary_entry *entry =
            weft_dictionary_at(&writer->tables->strings, before & SLOT_NUMBER);
        if (LIKELY(entry->len == len && weft_bytes_equal(entry->ptr, ptr, len))) {
            if (before < SLOT_SURE) slot->last = before + SLOT_STEP;
            return before & SLOT_NUMBER;
        }
    }
    uint32_t word = string_word(writer, &writer->interner->keys[slot->number], ptr, len);
    slot->last = slot_after(before, word);
    return word;
}

/* The value of one attribute; the words have room. With a slot where the list has a shape, else
 * with the key. */
static inline uint32_t *put_value(struct weft_segment_writer *writer, struct weft_key_state *key,
                                  struct weft_shape_slot *slot,
                                  const struct weft_attribute *attribute, uint32_t *w)
{
    switch (attribute->type) {
    case WEFT_VALUE_EMPTY: return w;
    case WEFT_VALUE_BOOL: *w = attribute->bool_value; return w + 1;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE:
        weft_store_u64(w, (uint64_t)attribute->int_value); /* the union: both are 64 bits */
        return w + 2;
    default:
        *w = slot != NULL ? string_word_in_slot(writer, slot, attribute->ptr, attribute->value_len)
                          : string_word(writer, key, attribute->ptr, attribute->value_len);
        return w + 1;
    }
}

static bool shape_fits(const struct weft_interner *in, uint32_t shape_number,
                       const struct weft_attributes *attributes)
{
    const struct weft_shape_state *shape = &in->shapes[shape_number];
    const struct weft_shape_slot *slot = &in->slots[shape->slots];
    uint32_t count = attributes->count;
    if (shape->count != count) return false;
    for (uint32_t i = 0; i < count; i++, slot++) {
        const struct weft_attribute *attribute = &attributes->items[i];
        if (weft_attribute_looks(attribute) != slot->looks ||
            !weft_bytes_equal(attribute->key, slot->key, attribute->key_len)) {
            return false;
        }
    }
    return true;
}

/* The guess is the shape that followed this stream's last one when it was last seen: right for the
 * same list again and
 * again, and for lists in rotation. */
static uint32_t find_shape(struct weft_segment_writer *writer, struct weft_shape_guess *guess,
                           const struct weft_attributes *attributes)
{
    uint32_t next =
        guess->last != WEFT_NONE ? writer->interner->shapes[guess->last].next : WEFT_NONE;
    if (LIKELY(next != WEFT_NONE && shape_fits(writer->interner, next, attributes))) {
        guess->last = next;
        return next;
    }
    uint32_t shape = weft_intern_shape(writer, attributes);
    if (shape == WEFT_NONE) return WEFT_NONE;
    if (guess->last != WEFT_NONE) writer->interner->shapes[guess->last].next = shape;
    guess->last = shape;
    return shape;
}

static void put_inline_list(struct weft_segment_writer *writer,
                            const struct weft_attributes *attributes)
{
    struct weft_chunk_build *build = writer->pending;
    uint32_t *w = words_at_end(build, (size_t)attributes->count * 4);
    for (uint32_t i = 0; i < attributes->count; i++) {
        const struct weft_attribute *attribute = &attributes->items[i];
        uint32_t number = weft_intern_key(writer, attribute->key, attribute->key_len);
        struct weft_key_state *key = &writer->interner->unnumbered_key;
        if (number != WEFT_NONE) {
            key = &writer->interner->keys[number];
            *w++ = number << 4 | attribute->type;
        } else {
            *w++ = heap_put(build, attribute->key, attribute->key_len);
            *w++ = attribute->type;
        }
        w = put_value(writer, key, NULL, attribute, w);
    }
    build->word_count = (size_t)(w - build->words);
}

/* Appends the values, returns the list's shape word. */
static inline uint32_t put_list(struct weft_segment_writer *writer, struct weft_shape_guess *guess,
                                const struct weft_attributes *attributes)
{
    struct weft_chunk_build *build = writer->pending;
    if (attributes->count == 0) return WEFT_SHAPE_INLINE;
    uint32_t number = find_shape(writer, guess, attributes);
    if (UNLIKELY(number == WEFT_NONE)) {
        put_inline_list(writer, attributes);
        return WEFT_SHAPE_INLINE | attributes->count;
    }
    uint32_t *w = words_at_end(build, (size_t)attributes->count * 2);
    struct weft_shape_slot *slots =
        &writer->interner->slots[writer->interner->shapes[number].slots];
    for (uint32_t i = 0; i < attributes->count; i++)
        w = put_value(writer, NULL, &slots[i], &attributes->items[i], w);
    build->word_count = (size_t)(w - build->words);
    return number;
}

static void put_word(struct weft_chunk_build *build, uint32_t word)
{
    *words_at_end(build, 1) = word;
    build->word_count++;
}

static void put_u64(struct weft_chunk_build *build, uint64_t value)
{
    weft_store_u64(words_at_end(build, 2), value);
    build->word_count += 2;
}

static void put_string(struct weft_segment_writer *writer, struct weft_key_state *key,
                       struct weft_str s)
{
    put_word(writer->pending, string_word(writer, key, s.ptr, s.len));
}

/* A shape word before its values. */
static void put_list_with_shape(struct weft_segment_writer *writer, struct weft_shape_guess *guess,
                                const struct weft_attributes *attributes)
{
    struct weft_chunk_build *build = writer->pending;
    size_t at = build->word_count;
    put_word(build, 0);
    uint32_t shape = put_list(writer, guess, attributes);
    build->words[at] = shape;
}

static void put_events(struct weft_segment_writer *writer, const struct weft_span *span)
{
    struct weft_chunk_build *build = writer->pending;
    put_word(build, span->event_count);
    for (uint32_t i = 0; i < span->event_count; i++) {
        const struct weft_event *event = &span->events[i];
        put_u64(build, event->time_unix_nano);
        put_string(writer, &writer->interner->event_name, event->name);
        put_word(build, event->attributes.dropped_count);
        put_list_with_shape(writer, &writer->interner->event_guess, &event->attributes);
    }
}

static void put_links(struct weft_segment_writer *writer, const struct weft_span *span)
{
    struct weft_chunk_build *build = writer->pending;
    put_word(build, span->link_count);
    for (uint32_t i = 0; i < span->link_count; i++) {
        const struct weft_link *link = &span->links[i];
        memcpy(words_at_end(build, 6), link->trace_id.bytes, 16);
        memcpy(build->words + build->word_count + 4, link->span_id.bytes, 8);
        build->word_count += 6;
        put_word(build, link->flags);
        put_string(writer, &writer->interner->trace_state, link->trace_state);
        put_word(build, link->attributes.dropped_count);
        put_list_with_shape(writer, &writer->interner->link_guess, &link->attributes);
    }
}

/* What most spans have not; returns the row flags. */
static uint32_t put_rare_parts(struct weft_segment_writer *writer, const struct weft_span *span)
{
    struct weft_chunk_build *build = writer->pending;
    uint32_t flags = 0;
    if (span->status_message.len > 0) {
        put_string(writer, &writer->interner->status_message, span->status_message);
        flags |= WEFT_ROW_STATUS_MESSAGE;
    }
    if (span->trace_state.len > 0) {
        put_string(writer, &writer->interner->trace_state, span->trace_state);
        flags |= WEFT_ROW_TRACE_STATE;
    }
    if ((span->attributes.dropped_count | span->dropped_events_count | span->dropped_links_count) !=
        0) {
        put_word(build, span->attributes.dropped_count);
        put_word(build, span->dropped_events_count);
        put_word(build, span->dropped_links_count);
        flags |= WEFT_ROW_DROPPED;
    }
    if (span->event_count > 0) {
        put_events(writer, span);
        flags |= WEFT_ROW_EVENTS;
    }
    if (span->link_count > 0) {
        put_links(writer, span);
        flags |= WEFT_ROW_LINKS;
    }
    return flags;
}

/* The head's number, or WEFT_NONE when the table is full. */
static inline uint32_t find_head(struct weft_segment_writer *writer, struct weft_name_state *name,
                                 uint32_t pair, uint8_t kind)
{
    if (LIKELY(name->head_pair == pair && name->head_kind == kind)) return name->head;
    uint32_t head = weft_intern_head(writer, pair, name->string, kind);
    if (head == WEFT_NONE) return WEFT_NONE;
    name->head = head;
    name->head_pair = pair;
    name->head_kind = kind;
    return head;
}

static void put_record(struct weft_chunk_build *build, const struct weft_span *span, uint32_t head,
                       uint32_t shape, size_t first_word, uint32_t flags)
{
    size_t at = WEFT_CHUNK_BODY_OFFSET + (size_t)build->span_count * WEFT_RECORD_BYTES;
    if (UNLIKELY(at + WEFT_RECORD_BYTES > build->image_capacity)) {
        weft_chunk_build_reserve_image(build, at + WEFT_RECORD_BYTES);
    }
    char *record = build->image + at;
    uint64_t start = span->start_time_unix_nano;
    memcpy(record, span->trace_id.bytes, 16);
    memcpy(record + 16, span->span_id.bytes, 8);
    memcpy(record + 24, span->parent_span_id.bytes, 8);
    weft_store_u64(record + 32, start);
    weft_store_u64(record + 40, span->end_time_unix_nano - start);
    weft_store_u32(record + 48, head);
    weft_store_u32(record + 52, shape);
    weft_store_u32(record + 56, (uint32_t)first_word);
    weft_store_u32(record + 60, flags);
    build->span_count++;
    if (start < build->start_min) build->start_min = start;
    if (start > build->start_max) build->start_max = start;
}

bool weft_row_append(struct weft_segment_writer *writer, const struct weft_span *span,
                     struct weft_err *err)
{
    struct weft_chunk_build *build = writer->pending;
    uint32_t pair = writer->last_pair;
    if (UNLIKELY(span->scope != writer->last_scope)) {
        pair = weft_intern_scope(writer, span->scope, err);
        if (pair == WEFT_NONE) return false;
    }
    struct weft_name_state *name = weft_intern_name(writer, span->name);
    uint32_t head = find_head(writer, name, pair, span->kind);
    if (UNLIKELY(head == WEFT_NONE)) {
        weft_fail(err, WEFT_FULL,
                  "more than %u combinations of resource, scope, name and kind in one segment",
                  weft_pages_capacity(&writer->tables->heads));
        return false;
    }
    size_t first_word = build->word_count;
    uint32_t flags = (span->status_code & WEFT_ROW_STATUS_MASK) | (span->flags & WEFT_FLAGS_MASK)
                                                                      << WEFT_ROW_SPAN_FLAGS_SHIFT;
    if (UNLIKELY(name->string == WEFT_NO_NAME)) {
        put_string(writer, &writer->interner->plain_name, span->name);
        flags |= WEFT_ROW_NAME_INLINE;
    }
    uint32_t shape = put_list(writer, &name->guess, &span->attributes);
    if (UNLIKELY((span->status_message.len | span->trace_state.len |
                  span->attributes.dropped_count | span->dropped_events_count |
                  span->dropped_links_count | span->event_count | span->link_count) != 0)) {
        flags |= put_rare_parts(writer, span);
    }
    put_record(build, span, head, shape, first_word, flags);
    return true;
}
