/* service_links.c -- pairs of services in a map (service_links.h). */
#include "query/service_links.h"
#include <stdlib.h>

void weft_link_counter_add(struct weft_link_counter *counter, struct weft_str parent,
                           struct weft_str child, bool is_error)
{
    weft_buf_reset(&counter->key);
    weft_buf_append(&counter->key, &parent.len, sizeof parent.len);
    weft_buf_append_str(&counter->key, parent);
    weft_buf_append_str(&counter->key, child);
    struct weft_str key = weft_buf_str(&counter->key);
    const uint64_t *place = weft_map_get(&counter->places, key);
    if (place == NULL) {
        uint32_t count = (uint32_t)counter->places.count;
        if (count >= WEFT_SERVICE_LINKS_MAX) {
            counter->has_too_many = true;
            return;
        }
        if (count == counter->capacity) {
            counter->capacity = count == 0 ? 64 : 2 * count;
            counter->counts =
                weft_realloc_array(counter->counts, counter->capacity, sizeof *counter->counts);
        }
        counter->counts[count] = (struct weft_link_count){ 0, 0 };
        place = weft_map_put(&counter->places, key, count, NULL);
    }
    counter->counts[*place].calls++;
    counter->counts[*place].errors += is_error;
}

static int link_compare(const void *a, const void *b)
{
    const struct weft_service_link *x = a, *y = b;
    int order = weft_str_compare(x->parent, y->parent);
    return order != 0 ? order : weft_str_compare(x->child, y->child);
}

struct weft_service_link *weft_link_counter_finish(const struct weft_link_counter *counter,
                                                   uint32_t *count, struct weft_arena *arena)
{
    size_t at = 0;
    struct weft_service_link *links =
        weft_arena_alloc_array(arena, counter->places.count, sizeof *links);
    *count = 0;
    for (const struct weft_map_slot *slot; (slot = weft_map_next(&counter->places, &at)) != NULL;) {
        struct weft_str names = weft_arena_copy(arena, slot->key), parent;
        memcpy(&parent.len, names.ptr, sizeof parent.len);
        names = weft_str_tail(names, sizeof parent.len);
        parent.ptr = names.ptr;
        const struct weft_link_count *counts = &counter->counts[slot->value];
        links[(*count)++] = (struct weft_service_link){ parent, weft_str_tail(names, parent.len),
                                                        counts->calls, counts->errors };
    }
    if (*count > 1) qsort(links, *count, sizeof *links, link_compare);
    return links;
}

void weft_link_counter_release(struct weft_link_counter *counter)
{
    weft_map_release(&counter->places);
    weft_free(counter->counts);
    weft_buf_release(&counter->key);
    *counter = (struct weft_link_counter){ 0 };
}
