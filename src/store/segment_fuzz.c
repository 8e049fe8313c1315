/* segment_fuzz.c -- a segment file of any bytes is opened and everything in it read.
 *
 * Checksums would stop the fuzzer at the door, so they are made right first: file header, then each
 * chunk's sections and header, chained as they should be. What is left to find is everything behind
 * the checksums. The first byte says whether.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "store/file_explain.h"
#include "store/salvage.h"
#include "store/segment_internal.h"
#include "store/segment_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The format's own code encodes headers from structs; here the bytes stay as they are but for the
 * checksums. */
static void mend_checksums(uint8_t *file, size_t size)
{
    if (size < WEFT_SEGMENT_PAGE) return;
    memcpy(file, "weftseg1", 8);
    weft_store_u64(file + 48, weft_hash(file, 48));
    uint64_t previous = weft_load_u64(file + 48), number = weft_load_u64(file + 16),
             offset = WEFT_SEGMENT_PAGE;
    for (uint32_t chunk_number = 0; size - offset >= WEFT_SEGMENT_PAGE; chunk_number++) {
        uint8_t *chunk = file + offset;
        memcpy(chunk, "weftchnk", 8);
        weft_store_u64(chunk + 16, number);
        weft_store_u32(chunk + 24, chunk_number);
        weft_store_u64(chunk + 104, previous);
        for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
            uint8_t *place = chunk + 112 + 24 * i;
            uint64_t at = weft_load_u32(place + 8), bytes = weft_load_u32(place + 12);
            if (at <= size - offset && bytes <= size - offset - at)
                weft_store_u64(place + 16, weft_hash(chunk + at, bytes));
        }
        weft_store_u64(chunk + 248, weft_hash(chunk, 248));
        previous = weft_load_u64(chunk + 248);
        uint64_t chunk_bytes = weft_load_u64(chunk + 32);
        if (chunk_bytes == 0 || chunk_bytes % WEFT_SEGMENT_PAGE != 0 || chunk_bytes > size - offset)
            return;
        offset += chunk_bytes;
    }
}

static void count(void *arg, struct weft_str service, struct weft_str name, uint8_t kind,
                  uint64_t spans, uint64_t errors)
{
    *(uint64_t *)arg += service.len + name.len + kind + spans + errors;
}

static void select_rows(const struct weft_segment_view *view)
{
    struct weft_arena arena;
    struct weft_value value = { .type = WEFT_VALUE_STRING, .bytes = WEFT_S("value.1") };
    const struct weft_predicate predicates[] = {
        { .field = WEFT_FIELD_ATTRIBUTE,
          .scope = WEFT_SCOPE_ANY,
          .op = WEFT_OP_NE,
          .key = WEFT_S("some.key.1"),
          .value = value },
        { .field = WEFT_FIELD_NAME, .op = WEFT_OP_NE, .value = value },
        { .field = WEFT_FIELD_EVENT_NAME, .op = WEFT_OP_NE, .value = value },
    };
    weft_arena_init(&arena, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        const struct weft_selection *selection = weft_selection_all_of(predicates, i, &arena);
        struct weft_segment_select *select = weft_segment_select_init(view, selection, &arena);
        for (uint32_t c = 0; select != NULL && c < view->chunk_count; c++) {
            struct weft_chunk_view chunk;
            weft_segment_chunk(view, c, &chunk);
            for (uint32_t row = 0; row < chunk.span_count; row++)
                weft_segment_select_holds(select, &chunk, row);
        }
        weft_segment_select_release(select);
    }
    weft_arena_release(&arena);
}

static void read_everything(struct weft_segment *segment)
{
    struct weft_arena arena;
    struct weft_segment_view view;
    uint64_t sum = 0;
    weft_arena_init(&arena, 0);
    weft_segment_view_init(&view, segment);
    for (uint32_t c = 0; c < view.chunk_count; c++) {
        struct weft_chunk_view chunk;
        weft_segment_chunk(&view, c, &chunk);
        for (uint32_t row = 0; row < chunk.span_count; row++) {
            struct weft_span span;
            struct weft_row_parts parts;
            weft_row_read(&view, &chunk, row, &span, &arena);
            weft_row_parts(&view, &chunk, row, &parts);
            for (uint32_t i = 0; i < span.attributes.count; i++) {
                struct weft_str key = weft_attribute_key(&span.attributes.items[i]);
                sum += weft_hash(key.ptr, key.len);
            }
            sum += weft_hash(span.name.ptr, span.name.len) +
                   weft_hash(span.trace_state.ptr, span.trace_state.len);
            if (row < 8) {
                struct weft_batch batch = { .arena = &arena };
                weft_segment_trace(&view, &span.trace_id, &batch, NULL);
            }
            if (arena.total_bytes > 64 << 20) weft_arena_reset(&arena);
        }
    }
    weft_segment_operations(&view, count, &sum);
    select_rows(&view);
    weft_segment_view_release(&view);
    weft_arena_release(&arena);
}

static int take(void *arg, const struct weft_batch *batch, struct weft_err *err)
{
    uint64_t *sum = arg;
    for (uint32_t i = 0; i < batch->span_count; i++) *sum += batch->spans[i].name.len;
    return WEFT_OK;
}

/* What is said about a file that is damaged: this reads on where opening gives up. */
static void examine(const char *path, uint64_t number, size_t bytes)
{
    struct weft_buf text = { 0 };
    struct weft_salvage found;
    uint64_t sum = 0;
    struct weft_salvage_to to = { .take = take, .arg = &sum };

    weft_file_explain(path, 0, bytes, &text, NULL);
    weft_segment_salvage(path, number, &to, &found, NULL);
    weft_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct weft_segment *segment;
    static int null = -1;
    if (size < 1) return 0;
    if (null < 0) {
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        weft_log_configure(WEFT_LOG_ERROR, WEFT_LOG_AUTO, null);
    }
    int fd = memfd_create("segment", MFD_CLOEXEC);
    uint8_t *copy = malloc(size);
    if (fd < 0 || copy == NULL) abort();
    memcpy(copy, data, size);
    if (data[0] != 0)
        mend_checksums(copy, size); /* 'w' of the magic, too: only a leading 0 leaves them alone */
    if (write(fd, copy, size) != (ssize_t)size) abort();
    free(copy);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (weft_segment_open(&segment, path, NULL, NULL) == WEFT_OK) {
        read_everything(segment);
        weft_segment_unref(segment);
    }
    examine(path, size >= 24 ? weft_load_u64(data + 16) : 0, size);
    close(fd);
    return 0;
}
