/* query_reading.h -- JSON into structs: what the readers of the own API's answers share.
 *
 * Ownership  in the arena; texts may point into the answer
 */
#ifndef WEFT_APP_QUERY_QUERY_READING_H
#define WEFT_APP_QUERY_QUERY_READING_H
#include "base/arena.h"
#include "wire/json.h"

struct reading {
    struct weft_json_reader json;
    struct weft_arena *arena;
};

/* A list that grows in the arena: room for one more. */
static inline void *next_item(struct reading *r, void *items, uint32_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0; /* at 0, 1, 2, 4, ... */
    if (!is_full) return items;
    return weft_arena_grow(r->arena, items, count * size, (count == 0 ? 1 : 2 * count) * size);
}

/* Calls `element` for each object of a list. */
static inline bool each_object(struct reading *r, bool (*element)(struct reading *r, void *to),
                               void *to)
{
    enum weft_json_token token;
    if (weft_json_next(&r->json) != WEFT_JSON_ARRAY_START) return false;
    while ((token = weft_json_next(&r->json)) != WEFT_JSON_ARRAY_END)
        if (token != WEFT_JSON_OBJECT_START || !element(r, to)) return false;
    return true;
}

/* Calls `member` for each member of the object that was begun; what it does not know it returns as 0, what is wrong as -1. */
static inline bool each_member(struct reading *r,
                               int (*member)(struct reading *r, struct weft_str, void *), void *to)
{
    enum weft_json_token token;
    while ((token = weft_json_next(&r->json)) != WEFT_JSON_OBJECT_END) {
        if (token != WEFT_JSON_KEY) return false;
        int rc = member(r, r->json.text, to);
        if (rc < 0 || (rc == 0 && !weft_json_skip(&r->json, weft_json_next(&r->json))))
            return false;
    }
    return true;
}

static inline int read_text(struct reading *r, struct weft_str *out)
{
    enum weft_json_token token = weft_json_next(&r->json);
    *out = (struct weft_str){ 0 };
    if (token == WEFT_JSON_NULL) return 1;
    *out = r->json.text;
    return token == WEFT_JSON_STRING ? 1 : -1;
}

static inline int read_u64(struct reading *r, uint64_t *out)
{
    enum weft_json_token token = weft_json_next(&r->json);
    return (token == WEFT_JSON_NUMBER || token == WEFT_JSON_STRING) &&
                   weft_str_to_u64(r->json.text, out)
               ? 1
               : -1;
}

#endif
