/* suggest_fuzz.c -- a query that is being written, with the cursor anywhere (suggest.h). */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "query/suggest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_suggest_place place;
    struct weft_str text = weft_str_make((const char *)data, size);

    weft_arena_init(&arena, 0);
    for (size_t cursor = 0; cursor <= size && cursor < 200; cursor++) {
        weft_suggest_place_find(&place, text, cursor, &arena);
        WEFT_ASSERT(place.start <= cursor && cursor <= place.end && place.end <= size,
                    "cursor %zu, replaced %zu to %zu of %zu", cursor, place.start, place.end, size);
        WEFT_ASSERT(place.filter.len == 0 ||
                        (place.filter.ptr > text.ptr &&
                         place.filter.ptr + place.filter.len <= text.ptr + place.start),
                    "cursor %zu: conditions of %zu bytes", cursor, place.filter.len);
        weft_arena_reset(&arena);
    }
    weft_arena_release(&arena);
    return 0;
}
