/* segment_threads_test.c -- one thread appends and commits, two read what is published; for the
 * thread sanitizer, too. */
#include "store/segment_fixture.h"
#include <pthread.h>

#define READERS 2
#define COMMITS 60

struct shared {
    struct fixture *f;
    struct weft_segment *segment;
    const struct weft_batch *batch; /* everything that will be appended */
    _Atomic bool is_done;
    _Atomic uint32_t acknowledged; /* spans */
    _Atomic uint64_t rows_read;
};

/* Views only grow, hold what was acknowledged, and every row is right. */
static void *read_all_the_time(void *arg)
{
    struct shared *shared = arg;
    struct weft_arena arena;
    uint32_t before = 0;
    bool is_last = false;
    weft_arena_init(&arena, 0);
    while (!is_last) {
        struct weft_segment_view view;
        is_last = shared->is_done;
        uint32_t acknowledged = shared->acknowledged, at = 0, number;
        weft_segment_view_init(&view, shared->segment);
        assert_true(view.span_count >= acknowledged && view.span_count >= before);
        before = view.span_count;
        for (uint32_t c = 0; c < view.chunk_count; c++) {
            struct weft_chunk_view chunk;
            weft_segment_chunk(&view, c, &chunk);
            for (uint32_t row = 0; row < chunk.span_count; row++, at++) {
                struct weft_span span;
                if ((at & 7) != 0 && c + 1 < view.chunk_count)
                    continue; /* the newest chunk whole, of others some */
                weft_row_read(&view, &chunk, row, &span, &arena);
                assert_span(&span, &shared->batch->spans[at]);
                shared->rows_read++;
            }
            weft_arena_reset(&arena);
        }
        for (uint32_t i = 0; i < view.string_count; i += 17) {
            assert_true(weft_segment_find_string(&view, weft_segment_string(&view, i), &number));
            assert_int_equal(number, i);
        }
        for (uint32_t i = 0; i < view.key_count; i += 5) {
            assert_true(weft_segment_find_key(&view, weft_segment_key(&view, i), &number));
        }
        weft_segment_view_release(&view);
    }
    weft_arena_release(&arena);
    return NULL;
}

/* The committer is a thread of its own, as in the store: the appender goes on while it works. */
static void *commit_one(void *chunk)
{
    struct weft_err err;
    assert_int_equal(weft_chunk_commit(chunk, &err), WEFT_OK);
    return NULL;
}

static void append_all(struct shared *shared, struct weft_segment_writer *writer,
                       uint32_t spans_a_batch)
{
    struct weft_chunk_build *out = NULL;
    pthread_t committer;
    uint32_t out_end = 0;
    for (uint32_t i = 0; i < COMMITS; i++) {
        bool must_seal;
        struct weft_err err;
        struct weft_batch part = { .spans = shared->batch->spans + i * spans_a_batch,
                                   .span_count = spans_a_batch };
        if (weft_segment_writer_append(writer, &part, &must_seal, &err) < 0)
            fail_msg("%s", err.text);
        if (i % 3 ==
            2) { /* a batch that does not fit: what it put into the tables is taken back under the readers' eyes */
            struct weft_batch all = { .spans = shared->batch->spans,
                                      .span_count = shared->batch->span_count };
            assert_int_equal(weft_segment_writer_append(writer, &all, &must_seal, &err), WEFT_FULL);
        }
        if (out != NULL) {
            pthread_join(committer, NULL);
            weft_segment_writer_give_back(writer, out);
            shared->acknowledged = out_end;
        }
        out = weft_segment_writer_take(writer);
        out_end = (i + 1) * spans_a_batch;
        pthread_create(&committer, NULL, commit_one, out);
    }
    pthread_join(committer, NULL);
    weft_segment_writer_give_back(writer, out);
    shared->acknowledged = out_end;
}

static void readers_see_whole_rows(void **state)
{
    struct fixture *f = *state;
    static const struct fixture_variety variety = { .spans = COMMITS * 40,
                                                    .resources = 9,
                                                    .names = 60,
                                                    .keys = 60,
                                                    .values = 700,
                                                    .attributes_max = 8,
                                                    .is_rich = true };
    fixture_batch(&f->random, &variety, &f->batch);
    f->limits.file_bytes = 8 << 20;
    f->limits.chunk_bytes =
        192 << 10; /* the whole does not fit in one chunk more, piece by piece it does */
    f->limits.segment_spans = 2 * COMMITS * 40;
    struct weft_segment_writer *writer = fixture_writer(f, 1, NULL);
    struct shared shared = { .f = f,
                             .segment = weft_segment_writer_segment(writer),
                             .batch = &f->batch };
    pthread_t readers[READERS];
    weft_segment_ref(shared.segment);
    for (int i = 0; i < READERS; i++) pthread_create(&readers[i], NULL, read_all_the_time, &shared);
    append_all(&shared, writer, 40);
    shared.is_done = true;
    for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    assert_true(shared.rows_read > variety.spans);
    assert_segment_holds(shared.segment, &f->batch, f->batch.span_count);
    weft_segment_writer_destroy(writer);
    weft_segment_unref(shared.segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_see_whole_rows, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
