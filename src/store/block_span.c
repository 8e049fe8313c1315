/* block_span.c -- whole spans again from the columns of a row group. */
#include "base/alloc.h"
#include "store/block_blob.h"
#include "store/block_rest.h"
#include "store/codec_varint.h"

/* What reading a range of rows needs at hand. */
struct reading {
    struct weft_rows *rows;
    struct weft_block_reader *reader;
    struct weft_arena *arena;
    struct weft_err *err;
    struct weft_str *blobs; /* copied so far, by number; NULL: none yet */
};

/* A blob is copied once however many rows have it: a trace may have one stack dump a hundred
 * times. */
static int string_get(struct reading *r, uint32_t number, struct weft_str *out)
{
    struct weft_block *block = r->rows->block;
    uint32_t blob = number - block->strings.count;
    struct weft_str s;
    int rc;

    if (number >= block->strings.count && blob < block->blob_count) {
        if (r->blobs == NULL) r->blobs = weft_alloc_array(block->blob_count, sizeof *r->blobs);
        if (r->blobs[blob].ptr != NULL) {
            *out = r->blobs[blob];
            return WEFT_OK;
        }
    }
    if ((rc = weft_block_string(r->reader, number, &s, r->err)) < 0) return rc;
    *out = weft_arena_copy(r->arena, s);
    if (number >= block->strings.count) r->blobs[blob] = *out;
    return WEFT_OK;
}

static int value_bytes(struct reading *r, const struct weft_run_value *v, struct weft_str *out)
{
    if (!v->is_spelt) return string_get(r, v->number, out);
    *out = weft_arena_copy(r->arena, v->bytes);
    return WEFT_OK;
}

/* ---- events and links ---- */

struct cursor {
    struct reading *r;
    const uint8_t *at, *end;
};

static int malformed(struct cursor *c, const char *what)
{
    return weft_rows_corrupt(c->r->rows, c->r->err, "events or links: %s is malformed", what);
}

static int take_token(struct cursor *c, struct weft_str *out)
{
    uint64_t v;

    if (!weft_varint_get(&c->at, c->end, &v)) return malformed(c, "a string");
    if (!(v & 1))
        return v >> 1 <= UINT32_MAX ? string_get(c->r, (uint32_t)(v >> 1), out)
                                    : malformed(c, "a string number");
    if (v >> 1 > (uint64_t)(c->end - c->at)) return malformed(c, "a string's length");
    *out = weft_arena_copy(c->r->arena, weft_str_make((const char *)c->at, (size_t)(v >> 1)));
    c->at += v >> 1;
    return WEFT_OK;
}

static int take_key(struct cursor *c, struct weft_attribute *a)
{
    const struct weft_block *block = c->r->rows->block;
    struct weft_str key;
    uint64_t v;

    if (!weft_varint_get(&c->at, c->end, &v)) return malformed(c, "a key");
    if (!(v & 1)) {
        if (v >> 1 >= block->keys.count) return malformed(c, "a key number");
        key = weft_block_key(block, (uint32_t)(v >> 1));
    } else {
        if (v >> 1 > (uint64_t)(c->end - c->at)) return malformed(c, "a key's length");
        key = weft_arena_copy(c->r->arena, weft_str_make((const char *)c->at, (size_t)(v >> 1)));
        c->at += v >> 1;
    }
    a->key = key.ptr;
    a->key_len = (uint32_t)key.len & 0xffffff;
    return WEFT_OK;
}

static int take_value(struct cursor *c, struct weft_attribute *a)
{
    struct weft_str s;
    uint64_t v;
    int rc;

    switch (a->type) {
    case WEFT_VALUE_EMPTY: return WEFT_OK;
    case WEFT_VALUE_BOOL:
        if (c->at == c->end) return malformed(c, "a bool");
        a->bool_value = *c->at++ != 0;
        return WEFT_OK;
    case WEFT_VALUE_INT:
        if (!weft_varint_get(&c->at, c->end, &v)) return malformed(c, "an int");
        a->int_value = weft_unzigzag(v);
        return WEFT_OK;
    case WEFT_VALUE_DOUBLE:
        if (c->end - c->at < 8) return malformed(c, "a double");
        memcpy(&a->double_value, c->at, 8);
        c->at += 8;
        return WEFT_OK;
    default:
        if ((rc = take_token(c, &s)) < 0) return rc;
        a->ptr = s.ptr;
        a->value_len = (uint32_t)s.len;
        return WEFT_OK;
    }
}

static int take_attributes(struct cursor *c, struct weft_attributes *out)
{
    uint64_t n;
    int rc;

    if (!weft_varint_get(&c->at, c->end, &n) || n > (uint64_t)(c->end - c->at))
        return malformed(c, "a list of attributes");
    struct weft_attribute *items = weft_arena_alloc_array(c->r->arena, (size_t)n, sizeof *items);
    for (uint64_t i = 0; i < n; i++) {
        if (c->at == c->end || *c->at > WEFT_VALUE_BYTES) return malformed(c, "a value's type");
        items[i].type = *c->at++;
        if ((rc = take_key(c, &items[i])) < 0 || (rc = take_value(c, &items[i])) < 0) return rc;
    }
    out->items = items;
    out->count = (uint32_t)n;
    return WEFT_OK;
}

static int take_u32(struct cursor *c, uint32_t *out)
{
    uint64_t v;
    if (!weft_varint_get(&c->at, c->end, &v) || v > UINT32_MAX) return malformed(c, "a count");
    *out = (uint32_t)v;
    return WEFT_OK;
}

static int events_decode(struct reading *r, struct weft_str bytes, struct weft_span *span)
{
    struct cursor c = { r, (const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len };
    uint64_t time;
    int rc;

    if ((rc = take_u32(&c, &span->event_count)) < 0) return rc;
    if (span->event_count > bytes.len) return malformed(&c, "the count of events");
    struct weft_event *events = weft_arena_alloc_array(r->arena, span->event_count, sizeof *events);
    span->events = events;
    for (uint32_t i = 0; i < span->event_count; i++) {
        if (!weft_varint_get(&c.at, c.end, &time)) return malformed(&c, "an event's time");
        events[i].time_unix_nano = span->start_time_unix_nano + (uint64_t)weft_unzigzag(time);
        if ((rc = take_token(&c, &events[i].name)) < 0 ||
            (rc = take_u32(&c, &events[i].attributes.dropped_count)) < 0 ||
            (rc = take_attributes(&c, &events[i].attributes)) < 0)
            return rc;
    }
    return c.at == c.end ? WEFT_OK : malformed(&c, "the end of the events");
}

static int links_decode(struct reading *r, struct weft_str bytes, struct weft_span *span)
{
    struct cursor c = { r, (const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len };
    int rc;

    if ((rc = take_u32(&c, &span->link_count)) < 0) return rc;
    if (span->link_count > bytes.len) return malformed(&c, "the count of links");
    struct weft_link *links = weft_arena_alloc_array(r->arena, span->link_count, sizeof *links);
    span->links = links;
    for (uint32_t i = 0; i < span->link_count; i++) {
        if (c.end - c.at < 24) return malformed(&c, "a link's ids");
        memcpy(&links[i].trace_id, c.at, 16);
        memcpy(&links[i].span_id, c.at + 16, 8);
        c.at += 24;
        if ((rc = take_u32(&c, &links[i].flags)) < 0 ||
            (rc = take_token(&c, &links[i].trace_state)) < 0 ||
            (rc = take_u32(&c, &links[i].attributes.dropped_count)) < 0 ||
            (rc = take_attributes(&c, &links[i].attributes)) < 0)
            return rc;
    }
    return c.at == c.end ? WEFT_OK : malformed(&c, "the end of the links");
}

int weft_block_events(struct weft_rows *rows, struct weft_str bytes, struct weft_span *span,
                      struct weft_block_reader *reader, struct weft_arena *arena,
                      struct weft_err *err)
{
    struct reading r = { rows, reader, arena, err };
    int rc = events_decode(&r, bytes, span);
    weft_free(r.blobs);
    return rc;
}

int weft_block_links(struct weft_rows *rows, struct weft_str bytes, struct weft_span *span,
                     struct weft_block_reader *reader, struct weft_arena *arena,
                     struct weft_err *err)
{
    struct reading r = { rows, reader, arena, err };
    int rc = links_decode(&r, bytes, span);
    weft_free(r.blobs);
    return rc;
}

/* ---- attributes ---- */

static int pseudo_set(struct reading *r, struct weft_span *span, uint32_t pseudo,
                      const struct weft_run_value *v)
{
    struct weft_str bytes;
    int rc;

    switch (pseudo) {
    case WEFT_PSEUDO_NAME: return value_bytes(r, v, &span->name);
    case WEFT_PSEUDO_STATUS_MESSAGE: return value_bytes(r, v, &span->status_message);
    case WEFT_PSEUDO_TRACE_STATE: return value_bytes(r, v, &span->trace_state);
    case WEFT_PSEUDO_FLAGS: span->flags = (uint32_t)v->wide & WEFT_FLAGS_MASK; return WEFT_OK;
    case WEFT_PSEUDO_DROPPED_ATTRIBUTES:
        span->attributes.dropped_count = (uint32_t)v->wide;
        return WEFT_OK;
    case WEFT_PSEUDO_DROPPED_EVENTS: span->dropped_events_count = (uint32_t)v->wide; return WEFT_OK;
    case WEFT_PSEUDO_DROPPED_LINKS: span->dropped_links_count = (uint32_t)v->wide; return WEFT_OK;
    case WEFT_PSEUDO_END:
        span->end_time_unix_nano = span->start_time_unix_nano + v->wide;
        return WEFT_OK;
    case WEFT_PSEUDO_EVENTS:
        if ((rc = value_bytes(r, v, &bytes)) < 0) return rc;
        return events_decode(r, bytes, span);
    case WEFT_PSEUDO_LINKS:
        if ((rc = value_bytes(r, v, &bytes)) < 0) return rc;
        return links_decode(r, bytes, span);
    default: return weft_rows_corrupt(r->rows, r->err, "unknown pseudo key %u", pseudo);
    }
}

static int attribute_key(struct reading *r, uint32_t key, struct weft_attribute *a)
{
    const struct weft_block *block = r->rows->block;
    struct weft_str name;
    int rc;

    if (key < block->keys.count) {
        name = weft_block_key(block, key);
    } else {
        if ((rc = weft_rows_local_key(r->rows, key - block->keys.count, &name, r->err)) < 0)
            return rc;
        name = weft_arena_copy(
            r->arena,
            name); /* row groups are opened and left; the mapping stays, but is no owner */
    }
    a->key = name.ptr;
    a->key_len = (uint32_t)name.len & 0xffffff;
    return WEFT_OK;
}

static int attribute_set(struct reading *r, uint32_t code, const struct weft_run_value *v,
                         struct weft_attribute *a)
{
    struct weft_str bytes;
    int rc = attribute_key(r, (code >> 3) - WEFT_PSEUDO_KEYS, a);

    if (rc < 0) return rc;
    a->type = code & 7;
    switch (a->type) {
    case WEFT_VALUE_EMPTY: return WEFT_OK;
    case WEFT_VALUE_BOOL: a->bool_value = v->number != 0; return WEFT_OK;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: memcpy(&a->int_value, &v->wide, 8); return WEFT_OK;
    default:
        rc = v->is_spelt ? value_bytes(r, v, &bytes) : string_get(r, v->number, &bytes);
        if (rc < 0) return rc;
        a->ptr = bytes.ptr;
        a->value_len = (uint32_t)bytes.len;
        return WEFT_OK;
    }
}

/* Attributes of a repeated key with several types: back into the order in which they came. */
static int order_restore(struct reading *r, struct weft_str order, struct weft_attributes *list)
{
    const uint8_t *at = (const uint8_t *)order.ptr, *end = at + order.len;
    struct weft_attribute *items = weft_arena_alloc_array(r->arena, list->count, sizeof *items);
    uint64_t place;

    for (uint32_t i = 0; i < list->count; i++) {
        if (!weft_varint_get(&at, end, &place) || place >= list->count)
            return weft_rows_corrupt(r->rows, r->err, "order of attributes is malformed");
        items[i] = list->items[place];
    }
    list->items = items;
    return WEFT_OK;
}

/* Attributes of a row, as they come. */
struct listing {
    struct weft_attribute *items;
    uint32_t count, capacity;
};

static struct weft_attribute *listing_add(struct reading *r, struct listing *l)
{
    if (l->count == l->capacity) {
        struct weft_attribute *more =
            weft_arena_alloc_array(r->arena, l->capacity * 2 + 16, sizeof *more);
        if (l->count > 0) memcpy(more, l->items, l->count * sizeof *more);
        l->items = more;
        l->capacity = l->capacity * 2 + 16;
    }
    return &l->items[l->count++];
}

/* The row's rare attributes whose codes come before `code`. */
static int rest_read(struct reading *r, struct weft_rest *rest, bool *has_rest, uint32_t code,
                     struct listing *l)
{
    int rc = 1;

    while (*has_rest && rest->code < code) {
        if ((rc = attribute_set(r, rest->code, &rest->value, listing_add(r, l))) < 0 ||
            (rc = weft_rest_next(rest, r->err)) < 0)
            return rc;
        *has_rest = rc > 0;
    }
    return WEFT_OK;
}

static int rest_start(struct reading *r, const struct weft_run_value *v, struct weft_rest *rest,
                      bool *has_rest)
{
    struct weft_str bytes;
    int rc = value_bytes(r, v, &bytes); /* copied: the reader goes on to other pages */

    if (rc < 0 || (rc = weft_rest_init(rest, r->rows, bytes, r->err)) < 0 ||
        (rc = weft_rest_next(rest, r->err)) < 0)
        return rc;
    *has_rest = rc > 0;
    return WEFT_OK;
}

/* Runs of the group, one value each. Pseudo keys come first, and among them the end time before
 * events: they need the start only. */
static int values_read(struct reading *r, uint32_t g, uint32_t index, struct weft_span *span)
{
    const struct weft_rows_group *group = &r->rows->groups[g];
    struct listing l = { .capacity = group->is_pool ? 0 : group->run_count };
    struct weft_str order = { NULL, 0 };
    struct weft_rest rest;
    bool has_rest = false;
    int rc;

    l.items = weft_arena_alloc_array(r->arena, l.capacity, sizeof *l.items);
    for (uint32_t i = 0; i < group->run_count; i++) {
        struct weft_run_value v;
        struct weft_run *run;
        uint32_t position, number = r->rows->group_runs[group->first_run + i];
        if ((rc = weft_rows_run(r->rows, number, &run, r->err)) < 0) return rc;
        if (!weft_presence_find(&run->presence, index, &position)) continue;
        if ((rc = weft_run_get(r->rows, run, position, r->reader, &v, r->err)) < 0) return rc;
        uint32_t pseudo = run->code >> 3;
        if (pseudo == WEFT_PSEUDO_ORDER)
            rc = value_bytes(r, &v, &order);
        else if (pseudo == WEFT_PSEUDO_REST)
            rc = rest_start(r, &v, &rest, &has_rest);
        else if (pseudo < WEFT_PSEUDO_KEYS)
            rc = pseudo_set(r, span, pseudo, &v);
        else if (!has_rest || (rc = rest_read(r, &rest, &has_rest, run->code, &l)) == WEFT_OK)
            rc = attribute_set(r, run->code, &v, listing_add(r, &l));
        if (rc < 0) return rc;
    }
    if ((rc = rest_read(r, &rest, &has_rest, UINT32_MAX, &l)) < 0) return rc;
    span->attributes.items = l.items;
    span->attributes.count = l.count;
    return order.len > 0 ? order_restore(r, order, &span->attributes) : WEFT_OK;
}

/* ---- rows ---- */

static int head_set(struct reading *r, uint64_t head, struct weft_span *span)
{
    const struct weft_block *block = r->rows->block;

    if (head >= block->head_count)
        return weft_rows_corrupt(r->rows, r->err, "head %llu of %u", (unsigned long long)head,
                                 block->head_count);
    span->scope = block->scope_of_head[head];
    span->name = block->name_of_head[head];
    span->kind = weft_block_head(block, (uint32_t)head).kind;
    return WEFT_OK;
}

/* Span ids of the rows above, by depth: the nearest earlier row one level up is the parent. */
static int parent_set(struct reading *r, uint32_t row, uint32_t depth, uint64_t *above,
                      uint32_t *levels, struct weft_span *span)
{
    uint64_t parent = 0, id = weft_load_u64(r->rows->span_ids + (size_t)row * 8);

    if (depth > *levels)
        return weft_rows_corrupt(r->rows, r->err, "row %u: depth %u below a row of depth %d", row,
                                 depth, (int)*levels - 1);
    if (depth > 0)
        parent = above[depth - 1];
    else
        weft_rows_orphan_parent(r->rows, row, &parent);
    above[depth] = id;
    *levels = depth + 1;
    memcpy(&span->span_id, &id, 8);
    memcpy(&span->parent_span_id, &parent, 8);
    return WEFT_OK;
}

/* Rows of one trace, which starts at row `first`: `from` .. `from + n - 1` are wanted, those before
 * are walked for their depths. */
static int trace_spans(struct reading *r, uint32_t trace, uint32_t first, uint32_t from, uint32_t n,
                       struct weft_span *out)
{
    struct weft_rows *rows = r->rows;
    uint32_t all = from + n - first, levels = 0;
    uint64_t *depths = weft_arena_alloc(rows->temporary, (size_t)all * 24), *above = depths + all,
             *statuses = above + all;
    uint16_t *group = weft_arena_alloc(rows->temporary, (size_t)n * 4), *index = group + n;
    struct weft_trace_id id;
    int rc;

    weft_paged_read(&rows->depth, first, all, depths);
    weft_paged_read(&rows->status, from, n, statuses);
    if ((rc = weft_rows_places(rows, from, n, group, index, r->err)) < 0) return rc;
    weft_rows_trace_id(rows, trace, &id);
    uint64_t start = weft_paged_get(&rows->trace_start, trace);
    for (uint32_t i = 0; i < all; i++) {
        uint32_t row = first + i;
        struct weft_span ignored, *span = row < from ? &ignored : &out[row - from];
        if (depths[i] >= all)
            return weft_rows_corrupt(rows, r->err, "row %u: depth %llu", row,
                                     (unsigned long long)depths[i]);
        memset(span, 0, sizeof *span);
        if ((rc = parent_set(r, row, (uint32_t)depths[i], above, &levels, span)) < 0) return rc;
        if (row < from) continue;
        uint32_t g = group[row - from], at = index[row - from];
        if ((rc = weft_rows_load_group_columns(rows, g, r->err)) < 0) return rc;
        span->trace_id = id;
        span->start_time_unix_nano = start + weft_paged_get(&rows->groups[g].starts, at);
        span->end_time_unix_nano =
            span->start_time_unix_nano + weft_paged_get(&rows->groups[g].durations, at);
        uint64_t status = statuses[row - from];
        if (status > WEFT_ROW_STATUS_MASK)
            return weft_rows_corrupt(rows, r->err, "row %u: status %llu", row,
                                     (unsigned long long)status);
        span->status_code = (uint8_t)status;
        if ((rc = head_set(r, weft_paged_get(&rows->groups[g].heads, at), span)) < 0 ||
            (rc = values_read(r, g, at, span)) < 0)
            return rc;
    }
    return WEFT_OK;
}

int weft_rows_spans(struct weft_rows *rows, uint32_t from, uint32_t n, struct weft_span *out,
                    struct weft_block_reader *reader, struct weft_arena *arena,
                    struct weft_err *err)
{
    struct reading r = { rows, reader, arena, err };
    int rc;

    if (from >= rows->span_count || n > rows->span_count - from)
        return weft_rows_corrupt(rows, err, "row %u of %u", from, rows->span_count);
    if ((rc = weft_block_load_tables(rows->block, err)) < 0 ||
        (rc = weft_rows_load_traces(rows, err)) < 0 ||
        (rc = weft_rows_load_groups(rows, err)) < 0 || (rc = weft_rows_load_tree(rows, err)) < 0 ||
        (rc = weft_rows_deal_runs(rows, err)) < 0)
        return rc;
    uint32_t trace = weft_rows_trace_of(rows, from);
    while (n > 0 && rc == WEFT_OK) {
        uint32_t first = weft_rows_trace_first(rows, trace);
        uint32_t end = trace + 1 < rows->trace_count ? weft_rows_trace_first(rows, trace + 1)
                                                     : rows->span_count;
        uint32_t take = end - from < n ? end - from : n;
        rc = trace_spans(&r, trace, first, from, take, out);
        out += take, from += take, n -= take;
        trace++;
    }
    weft_free(r.blobs);
    return rc;
}
