/* append_bench.c -- what a span costs between the decoder and the disk: rows, dictionary, chunk,
 * checksum, write, sync.
 *
 * usage: append_bench [directory] [rounds] [shapes]   from the top of the tree
 *
 * Shapes: the 66 of semconv_shapes.tsv, 12.5 attributes a span, values drawn from short lists,
 * fresh ids. CPU time of this thread; the sync's wall time is shown apart.
 *   same    one request again and again: in the cache, and its values as good as learnt by the
 *   branch predictor
 *   fresh   values drawn again before each append: in the cache, as after decoding; not predictable
 *   memory  16 requests of 1,000 spans in rotation: neither
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "store/segment_internal.h"
#include "wire/protobuf.h"

#define SHAPES 66u
#define SPANS 1000u
#define REQUESTS 16u
#define ATTRIBUTES_MAX 64u
#define VALUES_MAX 48u

struct value_list {
    struct weft_attribute values[VALUES_MAX];
    uint32_t count;
};
struct shape {
    struct weft_str name;
    struct weft_str keys[ATTRIBUTES_MAX];
    struct value_list lists[ATTRIBUTES_MAX];
    uint32_t count;
};

static struct weft_random rng;
static struct shape shapes[SHAPES];

static void die(const struct weft_err *err)
{
    fprintf(stderr, "append_bench: %s\n", err->text);
    exit(1);
}

static struct weft_attribute value_of(struct weft_str type, struct weft_str text,
                                      struct weft_arena *arena)
{
    struct weft_attribute out = { .type = WEFT_VALUE_STRING,
                                  .ptr = text.ptr,
                                  .value_len = (uint32_t)text.len };
    if (weft_str_equal_c(type, "int")) out.type = WEFT_VALUE_INT;
    if (weft_str_equal_c(type, "double")) out.type = WEFT_VALUE_DOUBLE;
    if (weft_str_equal_c(type, "bool")) out.type = WEFT_VALUE_BOOL;
    if (weft_str_equal_c(type, "array")) {
        /* As the decoder leaves it: an encoded ArrayValue, here of one string. */
        struct weft_buf encoded = { 0 };
        size_t mark = weft_pb_open(&encoded, 1);
        weft_pb_put_bytes(&encoded, WEFT_VALUE_STRING, text);
        weft_pb_close(&encoded, mark);
        struct weft_str bytes = weft_arena_copy(arena, weft_buf_str(&encoded));
        weft_buf_release(&encoded);
        out.type = WEFT_VALUE_ARRAY;
        out.ptr = bytes.ptr;
        out.value_len = (uint32_t)bytes.len;
    }
    if (out.type == WEFT_VALUE_INT || out.type == WEFT_VALUE_DOUBLE ||
        out.type == WEFT_VALUE_BOOL) {
        out.int_value =
            out.type == WEFT_VALUE_BOOL ? weft_str_equal_c(text, "true") : (int64_t)text.len * 1000;
        out.value_len = 0;
    }
    return out;
}

/* bench/semconv_shapes.tsv */
static void read_shapes(const char *path, struct weft_arena *arena)
{
    struct weft_buf file = { 0 };
    struct weft_err err;
    uint32_t s = 0;
    if (weft_file_read_all(&file, path, 1 << 20, &err) < 0) die(&err);
    struct weft_str rest = weft_buf_str(&file); /* the values point into it: it stays */
    while (rest.len > 0) {
        struct weft_str line = weft_str_split(&rest, '\n'), first = weft_str_split(&line, '\t');
        if (first.len == 0 || first.ptr[0] == '#') continue;
        if (weft_str_equal_c(first, "span") && s < SHAPES) {
            shapes[s++].name = weft_str_split(&line, '\t');
            continue;
        }
        struct shape *shape = &shapes[s - 1];
        struct weft_str type = weft_str_split(&line, '\t');
        struct value_list *list = &shape->lists[shape->count];
        shape->keys[shape->count++] = first;
        while (line.len > 0 && list->count < VALUES_MAX) {
            list->values[list->count++] = value_of(type, weft_str_split(&line, '\t'), arena);
        }
    }
}

/* Like a decoded request: keys and values of a span stand together in one body. */
struct request {
    struct weft_batch batch;
    char *body;
    struct weft_attribute *items;
};

static void draw_request(struct request *request, const struct weft_scope *scope)
{
    struct weft_batch *batch = &request->batch;
    char *body = request->body;
    struct weft_attribute *items = request->items;
    batch->span_count = SPANS;
    for (uint32_t i = 0; i < SPANS; i++) {
        const struct shape *shape = &shapes[i % SHAPES];
        struct weft_span *span = &batch->spans[i];
        *span = (struct weft_span){ .scope = scope,
                                    .kind = (uint8_t)(1 + i % 3),
                                    .start_time_unix_nano = 1700000000u + i,
                                    .end_time_unix_nano = 1700005000u + i,
                                    .flags = 0x101 };
        memcpy(body, shape->name.ptr, shape->name.len);
        span->name = weft_str_make(body, shape->name.len);
        body += shape->name.len + 50;
        span->attributes = (struct weft_attributes){ .items = items, .count = shape->count };
        for (uint32_t a = 0; a < shape->count; a++, items++) {
            *items = shape->lists[a].values[weft_random_below(&rng, shape->lists[a].count)];
            memcpy(body, shape->keys[a].ptr, shape->keys[a].len);
            items->key = body;
            items->key_len = (uint32_t)shape->keys[a].len & 0xffffff;
            body += items->key_len + 6;
            if (items->type != WEFT_VALUE_STRING && items->type != WEFT_VALUE_ARRAY) continue;
            memcpy(body, items->ptr, items->value_len);
            items->ptr = body;
            body += items->value_len + 4;
        }
    }
}

static void make_request(struct request *request, const struct weft_scope *scope)
{
    request->body = weft_alloc(4 << 20);
    request->items = weft_alloc_array(SPANS * ATTRIBUTES_MAX, sizeof *request->items);
    request->batch.spans = weft_alloc_array(SPANS, sizeof *request->batch.spans);
    draw_request(request, scope);
}

static void fresh_ids(struct weft_batch *batch)
{
    for (uint32_t i = 0; i < batch->span_count; i++) {
        uint64_t *id = (uint64_t *)(void *)batch->spans[i].trace_id.bytes;
        id[0] = weft_random_u64(&rng);
        id[1] = weft_random_u64(&rng);
        memcpy(batch->spans[i].span_id.bytes, &id[1], 8);
    }
}

struct times {
    uint64_t append_ns, commit_ns, commit_wall_ns, spans, bytes, create_ns;
};

static void commit(struct weft_segment_writer *writer, struct times *times)
{
    struct weft_err err;
    uint64_t wall = weft_clock_monotonic_ns(), begin = weft_clock_thread_cpu_ns();
    struct weft_chunk_build *chunk = weft_segment_writer_take(writer);

    if (weft_chunk_commit(chunk, &err) < 0) die(&err);
    weft_segment_writer_give_back(writer, chunk);
    times->commit_ns += weft_clock_thread_cpu_ns() - begin;
    times->commit_wall_ns += weft_clock_monotonic_ns() - wall;
}

/* One segment of 256 Ki spans, `batches` requests a commit, or as many as fit. */
static void fill_segment(const char *directory, uint64_t number, struct request *requests,
                         uint32_t request_count, uint32_t batches, bool is_drawn_again,
                         char spare[static 256], struct times *times)
{
    struct weft_err err;
    bool must_seal;
    struct weft_segment_writer *writer;
    struct weft_segment_bytes bytes;
    struct weft_segment_options options = { .directory = directory,
                                            .number = number,
                                            .recycle = spare[0] != 0 ? spare : NULL };
    uint64_t begin = weft_clock_thread_cpu_ns();
    if (weft_segment_writer_create(&writer, &options, &err) < 0) die(&err);
    times->create_ns += weft_clock_thread_cpu_ns() - begin;
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    weft_segment_ref(segment);
    for (uint32_t i = 0; i < WEFT_SEGMENT_SPANS_MAX / SPANS; i++) {
        struct request *request = &requests[i % request_count];
        struct weft_batch *batch = &request->batch;
        if (is_drawn_again) draw_request(request, batch->spans[0].scope);
        fresh_ids(batch);
        begin = weft_clock_thread_cpu_ns();
        int rc = weft_segment_writer_append(writer, batch, &must_seal, &err);
        if (rc == WEFT_FULL && !must_seal) { /* the chunk, not the segment */
            commit(writer, times);
            begin = weft_clock_thread_cpu_ns();
            rc = weft_segment_writer_append(writer, batch, &must_seal, &err);
        }
        if (rc < 0 && must_seal) break;
        if (rc < 0) die(&err);
        times->append_ns += weft_clock_thread_cpu_ns() - begin;
        times->spans += SPANS;
        if (i % batches == batches - 1) commit(writer, times);
    }
    if (weft_segment_writer_pending_spans(writer) > 0) commit(writer, times);
    weft_segment_bytes(segment, &bytes);
    times->bytes += bytes.used;
    begin = weft_clock_thread_cpu_ns();
    weft_segment_writer_seal(writer, &err);
    snprintf(spare, 256, "%s/spare.weft", directory);
    weft_segment_mark_obsolete(segment, spare);
    weft_segment_unref(segment);
    times->create_ns += weft_clock_thread_cpu_ns() - begin;
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "/tmp";
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 4;
    struct weft_arena arena;
    char spare[256] = "";
    uint64_t number = 1;
    weft_arena_init(&arena, 0);
    weft_random_init(&rng, 1);
    read_shapes(argc > 3 ? argv[3] : "bench/semconv_shapes.tsv", &arena);
    struct weft_resource resource = { 0 };
    struct weft_scope scope = { .resource = &resource, .name = WEFT_S("bench") };
    struct request requests[REQUESTS];
    for (uint32_t i = 0; i < REQUESTS; i++) make_request(&requests[i], &scope);
    struct times warm = { 0 };
    fill_segment(directory, number++, requests, REQUESTS, 8, false, spare, &warm);
    static const struct {
        const char *name;
        uint32_t requests, batches;
        bool is_drawn_again;
    } cases[] = {
        { "same, 8 k spans a commit", 1, 8, false },
        { "fresh, 8 k spans a commit", 1, 8, true },
        { "memory, 8 k spans a commit", REQUESTS, 8, false },
        { "memory, 1 k spans a commit", REQUESTS, 1, false },
        { "memory, 32 k or a full chunk", REQUESTS, 32, false },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct times times = { 0 };
        for (int r = 0; r < rounds; r++) {
            fill_segment(directory, number++, requests, cases[c].requests, cases[c].batches,
                         cases[c].is_drawn_again, spare, &times);
        }
        double n = (double)times.spans;
        printf("%-28s append %6.1f  commit %6.1f (wall %6.1f)  create+seal %5.1f ns/span  %6.1f "
               "B/span\n",
               cases[c].name, (double)times.append_ns / n, (double)times.commit_ns / n,
               (double)times.commit_wall_ns / n, (double)times.create_ns / n,
               (double)times.bytes / n);
    }
    weft_file_unlink(spare, NULL);
    return 0;
}
