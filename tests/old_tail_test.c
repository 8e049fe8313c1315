/* old_tail_test.c -- recycled files: what an earlier life of the file left behind the last commit
 * never completes a chunk that was torn.
 *
 * A file lives twice, with chunks of exactly the same layout, so that the new chunk number i lies
 * where the old one lay. Of the last write any set of sectors came to the disk, the others are the
 * old ones: the chunk counts only when each of its bytes is a new one.
 */
#include "base/random.h"
#include "store/segment.h"
#include "store/segment_format.h"
#include "store/store_fixture.h"

#define CHUNKS 4
#define CHUNK_SPANS 40

static void file_read(const char *path, struct weft_buf *out)
{
    uint64_t used = WEFT_SEGMENT_PAGE * 64;
    int fd;

    assert_int_equal(weft_file_open(&fd, path, O_RDONLY, NULL), WEFT_OK);
    weft_buf_reset(out);
    assert_int_equal(weft_file_read_at(fd, path, weft_buf_reserve(out, used), used, 0, NULL),
                     WEFT_OK);
    out->len = used;
    weft_file_close(&fd);
}

enum likeness {
    OTHER_TRACES, /* the two lives have nothing in common but their layout */
    OTHER_SPANS, /* the same traces: of their rows only checksums can say from which life they are */
    SAME_SPANS,  /* the same bytes, but for the numbers in the headers */
    LIKENESS_COUNT
};

/* A life of a segment file: CHUNKS commits, all of one layout. */
static void fill_file(const char *directory, uint64_t number, const char *recycle,
                      enum likeness likeness)
{
    const struct weft_segment_options options = { .directory = directory,
                                                  .number = number,
                                                  .recycle = recycle };
    struct weft_segment_writer *writer;
    bool must_seal;

    assert_int_equal(weft_segment_writer_create(&writer, &options, NULL), WEFT_OK);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        struct weft_arena arena;
        weft_arena_init(&arena, 0);
        uint32_t life_number = (uint32_t)number;
        struct weft_batch *batch =
            fixture_trace_batch(&arena, likeness == OTHER_TRACES ? life_number * 100 + i : i,
                                likeness == OTHER_SPANS ? life_number : 0, CHUNK_SPANS);
        /* The same times too, or the range in the header would tell the lives apart. */
        for (uint32_t k = 0; likeness == OTHER_SPANS && k < CHUNK_SPANS; k++) {
            batch->spans[k].start_time_unix_nano = fixture_start(i, 0, k);
            batch->spans[k].end_time_unix_nano = fixture_start(i, 0, k) + 500;
        }
        assert_int_equal(weft_segment_writer_append(writer, batch, &must_seal, NULL), WEFT_OK);
        struct weft_chunk_build *chunk = weft_segment_writer_take(writer);
        assert_int_equal(weft_chunk_commit(chunk, NULL), WEFT_OK);
        weft_segment_writer_give_back(writer, chunk);
        weft_arena_release(&arena);
    }
    weft_segment_writer_destroy(writer);
}

struct lives {
    char directory[256], path[512];
    struct weft_buf old, new; /* the file after each life */
    uint32_t end[CHUNKS + 1]; /* where the chunks of the new one end */
    uint32_t used[CHUNKS];    /* and the last byte of each that means something */
};

static void lives_make(struct lives *lives, enum likeness likeness)
{
    char spare[512];

    *lives = (struct lives){ .end = { WEFT_SEGMENT_PAGE } };
    fixture_directory_make(lives->directory);
    snprintf(lives->path, sizeof lives->path, "%s/segment-0000000000000001.weft", lives->directory);
    snprintf(spare, sizeof spare, "%s/spare-0000000000000003.weft", lives->directory);
    fill_file(lives->directory, 1, NULL, likeness);
    file_read(lives->path, &lives->old);
    assert_int_equal(weft_file_rename(lives->path, spare, NULL), WEFT_OK);
    fill_file(lives->directory, 2, spare, likeness);
    snprintf(lives->path, sizeof lives->path, "%s/segment-0000000000000002.weft", lives->directory);
    file_read(lives->path, &lives->new);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        struct weft_chunk_header header;
        const uint8_t *at = (const uint8_t *)lives->new.data + lives->end[i];
        assert_true(weft_chunk_header_decode(&header, at));
        lives->end[i + 1] = lives->end[i] + (uint32_t)header.chunk_bytes;
        const struct weft_section_place *last = &header.sections[WEFT_SECTION_COUNT - 1];
        lives->used[i] = lives->end[i] + last->offset + last->bytes;
    }
}

static void lives_release(struct lives *lives)
{
    weft_buf_release(&lives->old);
    weft_buf_release(&lives->new);
    fixture_directory_remove(lives->directory);
}

/* New chunks before `chunk`; of this one the sectors of the mask; the old file behind. */
static void tear_and_open(const struct lives *lives, uint32_t chunk, uint64_t sectors)
{
    uint32_t from = lives->end[chunk];
    struct weft_segment *segment;
    struct weft_segment_view view;
    struct weft_err err;
    struct weft_buf torn = { 0 };
    int fd;

    weft_buf_append(&torn, lives->new.data, from);
    weft_buf_append(&torn, lives->old.data + from, lives->old.len - from);
    for (uint32_t i = 0; i < (lives->end[chunk + 1] - from) / 512; i++)
        if ((sectors >> i & 1) != 0)
            memcpy(torn.data + from + i * 512, lives->new.data + from + i * 512, 512);
    bool is_whole =
        memcmp(torn.data + from, lives->new.data + from, lives->used[chunk] - from) == 0;
    assert_int_equal(weft_file_open(&fd, lives->path, O_RDWR, NULL), WEFT_OK);
    assert_int_equal(weft_file_write_at(fd, lives->path, torn.data, torn.len, 0, NULL), WEFT_OK);
    weft_file_close(&fd);
    assert_int_equal(weft_segment_open(&segment, lives->path, NULL, &err), WEFT_OK);
    weft_segment_view_init(&view, segment);
    if (view.chunk_count != chunk + is_whole || view.span_count != view.chunk_count * CHUNK_SPANS)
        fail_msg("chunk %u, sectors %llx: %u chunks and %u spans found", chunk,
                 (unsigned long long)sectors, view.chunk_count, view.span_count);
    weft_segment_view_release(&view);
    weft_segment_unref(segment);
    weft_buf_release(&torn);
}

static void old_tail_test(void **state)
{
    for (enum likeness likeness = 0; likeness < LIKENESS_COUNT; likeness++) {
        struct lives lives;
        struct weft_random random;
        weft_random_init(&random, 1);
        lives_make(&lives, likeness);
        for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
            uint32_t sectors = (lives.end[chunk + 1] - lives.end[chunk]) / 512;
            assert_in_range(sectors, 8, 63);
            for (uint32_t i = 0; i <= sectors; i++) {
                uint64_t head = (UINT64_C(1) << i) - 1;
                tear_and_open(&lives, chunk, head);                /* the first ones came */
                tear_and_open(&lives, chunk, ~head);               /* the last ones */
                tear_and_open(&lives, chunk, ~(UINT64_C(1) << i)); /* all but one */
                tear_and_open(&lives, chunk, UINT64_C(1) << i);
            }
            for (uint32_t i = 0; i < 100; i++)
                tear_and_open(&lives, chunk, weft_random_u64(&random) | (i & 1));
        }
        lives_release(&lives);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(old_tail_test) };
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2); /* torn tails by the thousand */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
