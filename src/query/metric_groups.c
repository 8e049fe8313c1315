/* metric_groups.c -- a table of groups, with cells by pages. */
#include "query/metric_groups.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "model/span.h"

#define PAGE_CELLS WEFT_METRIC_PAGE_CELLS

void weft_metric_groups_init(struct weft_metric_groups *groups, uint32_t bucket_count)
{
    *groups = (struct weft_metric_groups){ .bucket_count = bucket_count };
    weft_arena_init(&groups->arena, 0);
}

void weft_metric_groups_release(struct weft_metric_groups *groups)
{
    weft_map_release(&groups->numbers);
    weft_arena_release(&groups->arena);
    weft_free(groups->items);
    *groups = (struct weft_metric_groups){ 0 };
}

static struct weft_metric_group *add(struct weft_metric_groups *groups, struct weft_str key)
{
    if (groups->count == groups->capacity) {
        groups->capacity = groups->capacity != 0 ? groups->capacity * 2 : 16;
        groups->items = weft_realloc_array(groups->items, groups->capacity, sizeof *groups->items);
    }
    struct weft_metric_group *group = &groups->items[groups->count++];
    *group = (struct weft_metric_group){ .key = weft_arena_copy(&groups->arena, key) };
    return group;
}

struct weft_metric_group *weft_metric_groups_find(struct weft_metric_groups *groups,
                                                  struct weft_str key, bool may_add)
{
    uint64_t *number;
    bool is_new = false;
    if (may_add)
        number = weft_map_put(&groups->numbers, key, groups->count, &is_new);
    else
        number = weft_map_get(&groups->numbers, key);
    if (number == NULL) return NULL;
    return is_new ? add(groups, key) : &groups->items[*number];
}

static struct weft_metric_cell *paged_cell(struct weft_metric_groups *groups,
                                           struct weft_metric_group *group, uint32_t bucket)
{
    struct weft_metric_cells **page = &group->cells[bucket / PAGE_CELLS];
    if (*page == NULL) *page = weft_arena_alloc_zero(&groups->arena, sizeof **page);
    return &(*page)->items[bucket % PAGE_CELLS];
}

struct weft_metric_cell *weft_metric_group_cell(struct weft_metric_groups *groups,
                                                struct weft_metric_group *group, uint32_t bucket)
{
    WEFT_ASSERT(bucket < groups->bucket_count, "bucket %u of %u", bucket, groups->bucket_count);
    if (group->cells == NULL) {
        if (group->only.weight == 0) group->only_bucket = bucket;
        if (group->only_bucket == bucket) return &group->only;
        group->cells =
            weft_arena_alloc_array(&groups->arena, (groups->bucket_count - 1) / PAGE_CELLS + 1,
                                   sizeof(struct weft_metric_cells *));
        *paged_cell(groups, group, group->only_bucket) = group->only;
    }
    return paged_cell(groups, group, bucket);
}

const struct weft_metric_cell *weft_metric_group_next(const struct weft_metric_groups *groups,
                                                      const struct weft_metric_group *group,
                                                      uint32_t *bucket)
{
    if (group->cells == NULL) {
        if (group->only.weight == 0 || group->only_bucket < *bucket) return NULL;
        *bucket = group->only_bucket;
        return &group->only;
    }
    for (; *bucket < groups->bucket_count; ++*bucket) {
        const struct weft_metric_cells *page = group->cells[*bucket / PAGE_CELLS];
        if (page == NULL)
            *bucket |= PAGE_CELLS - 1; /* on to the next page */
        else if (page->items[*bucket % PAGE_CELLS].weight != 0)
            return &page->items[*bucket % PAGE_CELLS];
    }
    return NULL;
}

size_t weft_metric_groups_bytes(const struct weft_metric_groups *groups)
{
    return groups->arena.total_bytes + groups->numbers.keys.total_bytes +
           groups->numbers.capacity * sizeof *groups->numbers.slots +
           groups->capacity * sizeof *groups->items;
}

/* ---- keys: a byte for the type, then 8 bytes, or 4 of length and the text, or nothing for nil ---- */

static void append_text(struct weft_buf *key, struct weft_str text)
{
    uint32_t len = (uint32_t)text.len;
    weft_buf_append_byte(key, WEFT_TRACEQL_STRING);
    weft_buf_append(key, &len, sizeof len);
    weft_buf_append(key, text.ptr, len);
}

void weft_metric_key_append(struct weft_buf *key, const struct weft_traceql_value *value)
{
    int64_t word = value->int_value;
    switch (value->type) {
    case WEFT_TRACEQL_STRING: append_text(key, value->text); return;
    case WEFT_TRACEQL_BOOL: word = value->bool_value; break;
    case WEFT_TRACEQL_FLOAT: {
        /* One zero, and one that is no number, or they would be several series of one label. */
        double number = value->float_value == 0 ? 0 : value->float_value;
        if (number != number) number = __builtin_nan("");
        memcpy(&word, &number, sizeof word);
        break;
    }
    case WEFT_TRACEQL_STATUS:
        append_text(key, weft_str_from_c(weft_status_code_name((unsigned)value->int_value)));
        return;
    case WEFT_TRACEQL_KIND:
        append_text(key, weft_str_from_c(weft_span_kind_name((unsigned)value->int_value)));
        return;
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION: break;
    default: weft_buf_append_byte(key, WEFT_TRACEQL_NIL); return;
    }
    weft_buf_append_byte(key, (char)value->type);
    weft_buf_append(key, &word, sizeof word);
}

void weft_metric_key_read(struct weft_str *rest, struct weft_traceql_value *value)
{
    int64_t word;
    *value = (struct weft_traceql_value){ .type = (enum weft_traceql_type)rest->ptr[0] };
    if (value->type == WEFT_TRACEQL_NIL) {
        *rest = weft_str_tail(*rest, 1);
        return;
    }
    if (value->type == WEFT_TRACEQL_STRING) {
        uint32_t len;
        memcpy(&len, rest->ptr + 1, sizeof len);
        value->text = weft_str_make(rest->ptr + 1 + sizeof len, len);
        *rest = weft_str_tail(*rest, 1 + sizeof len + len);
        return;
    }
    memcpy(&word, rest->ptr + 1, sizeof word);
    *rest = weft_str_tail(*rest, 1 + sizeof word);
    if (value->type == WEFT_TRACEQL_BOOL)
        value->bool_value = word != 0;
    else if (value->type == WEFT_TRACEQL_FLOAT)
        memcpy(&value->float_value, &word, sizeof word);
    else
        value->int_value = word;
}
