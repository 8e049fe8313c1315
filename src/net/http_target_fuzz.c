/* http_target_fuzz.c -- request targets: whatever comes out has no "..", ".", empty segment or control character. */
#include "base/assert.h"
#include "net/http_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_str path = { NULL, 0 }, rest;
    weft_arena_init(&arena, 0);
    if (weft_http_path_normalise(&arena, weft_str_make((const char *)data, size), &path)) {
        WEFT_ASSERT(path.len > 0 && path.ptr[0] == '/' && path.len <= size, "path of %zu bytes",
                    path.len);
        for (size_t i = 0; i < path.len; i++)
            WEFT_ASSERT((unsigned char)path.ptr[i] >= 0x20, "control character at %zu", i);
        for (rest = weft_str_tail(path, 1); rest.len > 0;) {
            struct weft_str segment = weft_str_split(&rest, '/');
            WEFT_ASSERT(segment.len > 0 && !weft_str_equal(segment, WEFT_S("..")) &&
                            !weft_str_equal(segment, WEFT_S(".")),
                        "segment \"%.*s\"", WEFT_S_ARG(segment));
        }
    }
    weft_arena_release(&arena);
    return 0;
}
