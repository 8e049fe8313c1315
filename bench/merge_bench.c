/* merge_bench.c -- what compaction costs a span and what a span takes on disk: segments are filled,
 * merged, and the block is asked.
 *
 * usage: merge_bench [a1|a2|a2r|SHAPE] [segments] [directory] [bundle]   from the top of the tree
 *
 * a1   the 66 shapes of semconv_shapes.tsv, 12.5 attributes, one span a trace, clock of 1 us, a
 * million spans a second
 * a2   ten-span traces, 11 of 97 keys in rotation, values a counter mod 1,000; a2r: the values at
 * random CPU time of this thread; the files are in the page cache.
 * SHAPE   any other shape of `weft load` (s, h, keys, uuid, ...): merged, and its bytes shown
 *
 * bundle   each segment becomes a block of its own, these one bundle, that once more, and the blocks one block; one span in
 * 200 comes a segment later than its trace
 */
#include <inttypes.h>
#include <stdio.h>

#include "app/load/template.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "store/block_internal.h"
#include "store/block_vectors.h"
#include "store/bundle.h"

enum { SPANS = 4000, SHAPES = 66, KEYS = 97, VALUES = 1000 };

struct list {
    struct weft_attribute values[48];
    uint32_t count;
};
struct shape {
    struct weft_str name;
    struct weft_str keys[64];
    struct list lists[64];
    uint32_t count;
};

static struct weft_random rng;
static struct shape shapes[SHAPES];
static struct weft_arena names;
static uint64_t counter;
static struct weft_str a2_values[VALUES], a2_keys[KEYS], a2_names[KEYS];

static void die(const struct weft_err *err)
{
    fprintf(stderr, "merge_bench: %s\n", err->text);
    exit(1);
}

static struct weft_attribute value_of(struct weft_str type, struct weft_str text)
{
    struct weft_attribute out = { .type = WEFT_VALUE_STRING,
                                  .ptr = text.ptr,
                                  .value_len = (uint32_t)text.len };

    if (weft_str_equal_c(type, "int") || weft_str_equal_c(type, "double"))
        out = (struct weft_attribute){ .type = WEFT_VALUE_INT,
                                       .int_value = (int64_t)weft_random_below(&rng, 2000) };
    if (weft_str_equal_c(type, "bool"))
        out = (struct weft_attribute){ .type = WEFT_VALUE_BOOL, .bool_value = text.len == 4 };
    return out;
}

static void shapes_read(void)
{
    struct weft_buf file = { 0 };
    struct weft_err err;
    uint32_t s = 0;

    if (weft_file_read_all(&file, "bench/semconv_shapes.tsv", 1 << 20, &err) < 0) die(&err);
    struct weft_str rest = weft_buf_str(&file);
    while (rest.len > 0) {
        struct weft_str line = weft_str_split(&rest, '\n'), first = weft_str_split(&line, '\t');
        if (first.len == 0 || first.ptr[0] == '#') continue;
        if (weft_str_equal_c(first, "span") && s < SHAPES) {
            shapes[s++].name = weft_str_split(&line, '\t');
            continue;
        }
        struct shape *shape = &shapes[s - 1];
        struct weft_str type = weft_str_split(&line, '\t');
        struct list *list = &shape->lists[shape->count];
        shape->keys[shape->count++] = first;
        while (line.len > 0 && list->count < 48)
            list->values[list->count++] = value_of(type, weft_str_split(&line, '\t'));
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        a2_keys[i] = weft_arena_printf(&names, "attribute.key.%u", i);
        a2_names[i] = weft_arena_printf(&names, "operation-%u", i);
    }
    for (uint32_t i = 0; i < VALUES; i++) a2_values[i] = weft_arena_printf(&names, "value-%u", i);
}

static void attributes_a1(struct weft_batch *batch, struct weft_span *span)
{
    const struct shape *shape = &shapes[weft_random_below(&rng, SHAPES)];
    struct weft_attribute *items = weft_arena_alloc(batch->arena, shape->count * sizeof *items);

    for (uint32_t i = 0; i < shape->count; i++) {
        items[i] = shape->lists[i].values[weft_random_below(&rng, shape->lists[i].count)];
        items[i].key = shape->keys[i].ptr;
        items[i].key_len = (uint32_t)shape->keys[i].len & 0xffffff;
    }
    span->name = shape->name;
    span->attributes = (struct weft_attributes){ .items = items, .count = shape->count };
}

static void attributes_a2(struct weft_batch *batch, struct weft_span *span, bool is_random)
{
    struct weft_attribute *items = weft_arena_alloc(batch->arena, 11 * sizeof *items);

    for (uint32_t i = 0; i < 11; i++) {
        struct weft_str
            key = a2_keys[(counter + i) % KEYS],
            value = a2_values[is_random ? weft_random_below(&rng, VALUES) : (counter + i) % VALUES];
        items[i] = (struct weft_attribute){ .key = key.ptr,
                                            .key_len = (uint32_t)key.len & 0xffffff,
                                            .type = WEFT_VALUE_STRING,
                                            .ptr = value.ptr,
                                            .value_len = (uint32_t)value.len };
    }
    span->name = a2_names[counter / 7 % 90];
    span->attributes = (struct weft_attributes){ .items = items, .count = 11 };
}

/* Every 20th trace of ten spans: its last span comes that many such traces later. */
enum { LATE_EVERY = 20, LATE_BEHIND = 1500 };
static bool has_late;
struct late {
    struct weft_trace_id trace;
    struct weft_span_id root;
    uint64_t start;
};

/* The trace that the last span of this one, the `number`-th, belongs to. */
static struct late late_swap(uint64_t number, struct late now)
{
    static struct late waiting[LATE_BEHIND];
    struct late *place = &waiting[number / LATE_EVERY % LATE_BEHIND], before = *place;

    if (!has_late || number % LATE_EVERY != 0) return now;
    *place = now;
    return before.start != 0 ? before : now;
}

static void batch_fill(struct weft_batch *batch, const struct weft_scope *scope, const char *kind)
{
    static struct weft_trace_id trace;
    static struct weft_span_id root;
    static uint64_t trace_start;
    bool is_a1 = strcmp(kind, "a1") == 0;

    for (uint32_t i = 0; i < SPANS; i++, counter++) {
        struct weft_span *span = weft_batch_add(batch);
        uint64_t now = UINT64_C(1700000000000000000) + counter * 1000,
                 place = is_a1 ? 0 : counter % 10;
        weft_random_bytes(&rng, &span->span_id, 8);
        if (place == 0) {
            weft_random_bytes(&rng, &trace, 16);
            root = span->span_id;
            trace_start = now;
        }
        struct late of = { trace, root, trace_start };
        if (place == 9) of = late_swap(counter / 10, of);
        if (place != 0) span->parent_span_id = of.root;
        span->trace_id = of.trace;
        span->scope = scope;
        span->kind = WEFT_KIND_SERVER;
        span->start_time_unix_nano = of.start + place * 123000;
        span->end_time_unix_nano =
            span->start_time_unix_nano + (is_a1 ? 1000 * weft_random_below(&rng, 16000) : 123000);
        if (is_a1)
            attributes_a1(batch, span);
        else
            attributes_a2(batch, span, strcmp(kind, "a2r") == 0);
    }
}

/* ---- shapes of the load generator ---- */

static struct weft_load_template generator;
static bool has_generator;

static void generator_init(const char *kind)
{
    const struct weft_load_shape *shape = weft_load_shapes;
    struct weft_load_draw draw = { .seed = 1, .trace_spans = 500000 };
    struct weft_err err;

    if (kind[0] == 'a') return; /* made here, so that figures stay comparable */
    while (shape->name != NULL && strcmp(shape->name, kind) != 0) shape++;
    if (shape->name == NULL) {
        fprintf(stderr, "merge_bench: no shape '%s'\n", kind);
        exit(1);
    }
    draw.span_count = shape->spans_per_request;
    if (weft_load_template_init(&generator, shape, &draw, &err) < 0) die(&err);
    has_generator = true;
}

static void batch_generate(struct weft_batch *batch)
{
    struct weft_err err;

    while (batch->span_count < generator.draw.span_count * 4) {
        uint64_t now = UINT64_C(1700000000000000000) + counter * 1000000;
        if (weft_load_template_batch(&generator, counter++, now, batch, &err) < 0) die(&err);
    }
}

static struct weft_segment *segment_fill(const char *directory, uint64_t number,
                                         const struct weft_scope *scope, const char *kind)
{
    struct weft_segment_options options = { .directory = directory,
                                            .number = number,
                                            .created_unix_ns = 1 };
    struct weft_segment_writer *writer;
    struct weft_arena arena;
    struct weft_err err;
    bool must_seal = false;

    if (weft_segment_writer_create(&writer, &options, &err) < 0) die(&err);
    struct weft_segment *segment = weft_segment_writer_segment(writer);
    weft_segment_ref(segment);
    weft_arena_init(&arena, 1 << 20);
    for (;;) {
        struct weft_batch batch = { .arena = &arena };
        if (has_generator)
            batch_generate(&batch);
        else
            batch_fill(&batch, scope, kind);
        int rc = weft_segment_writer_append(writer, &batch, &must_seal, &err);
        weft_arena_reset(&arena);
        if (rc == WEFT_FULL && must_seal) break;
        if (rc < 0) die(&err);
        struct weft_chunk_build *chunk = weft_segment_writer_take(writer);
        if (weft_chunk_commit(chunk, &err) < 0) die(&err);
        weft_segment_writer_give_back(writer, chunk);
    }
    weft_arena_release(&arena);
    if (weft_segment_writer_seal(writer, &err) < 0) die(&err);
    return segment;
}

/* Private memory at its highest: what the merge has beyond the mapped input. */
static long anon_kb(void)
{
    struct weft_buf status = { 0 };
    long kb = 0;

    if (weft_file_read_all(&status, "/proc/self/status", 1 << 16, NULL) < 0) return 0;
    weft_buf_append_byte(&status, 0);
    const char *line = strstr(status.data, "RssAnon:");
    if (line != NULL) kb = strtol(line + 8, NULL, 10);
    weft_buf_release(&status);
    return kb;
}

static long anon_peak;
static void progress(void *arg, uint64_t done, uint64_t total)
{
    long now = anon_kb();
    if (now > anon_peak) anon_peak = now;
}

static void sizes_show(struct weft_block *block, double spans)
{
    struct weft_block_size sizes[64];
    uint32_t count;

    if (weft_block_sizes(block, sizes, 64, &count) < 0) exit(1);
    for (uint32_t i = 0; i < count; i++)
        printf("  %8.3f B/span  %s\n", (double)sizes[i].bytes / spans, sizes[i].what);
}

static bool hits_count(void *arg, const struct weft_span_vector *vector)
{
    *(uint64_t *)arg += vector->count;
    return true;
}

static void spans_show(struct weft_block *block, const char *what,
                       const struct weft_predicate *predicates, uint32_t count)
{
    uint64_t best = UINT64_MAX, hits = 0;

    for (unsigned round = 0; round < 3; round++) {
        struct weft_arena arena;
        struct weft_err err;
        struct weft_apart nobody = { 0 };
        uint64_t numbering = 0;
        bool is_enough;
        int rc;
        weft_arena_init(&arena, 0);
        hits = 0;
        const struct weft_span_scan scan = { .selection =
                                                 weft_selection_all_of(predicates, count, &arena),
                                             .vector = hits_count,
                                             .arg = &hits };
        struct weft_block_vectors vectors = {
            .block = block, .scan = &scan, .apart = &nobody, .numbering = &numbering
        };
        uint64_t from = weft_clock_thread_cpu_ns();
        if (weft_block_vectors_init(&vectors, &err) < 0) die(&err);
        do rc = weft_block_vectors_next(&vectors, &is_enough, &err);
        while (rc > 0);
        if (rc < 0) die(&err);
        weft_block_vectors_release(&vectors);
        uint64_t took = weft_clock_thread_cpu_ns() - from;
        best = took < best ? took : best;
        weft_arena_release(&arena);
    }
    printf("spans %-28s %8.3f ms, %" PRIu64 " found\n", what, (double)best / 1e6, hits);
}

static void block_ask(const char *path, const char *kind)
{
    struct weft_block *block;
    struct weft_block_info info;
    struct weft_err err;

    if (weft_block_open(&block, path, &err) < 0) die(&err);
    weft_block_info(block, &info);
    sizes_show(block, (double)info.span_count);
    if (has_generator) {
        weft_block_unref(block);
        return;
    }
    struct weft_predicate p = { .op = WEFT_OP_EQ,
                                .key = a2_keys[5],
                                .value = { .type = WEFT_VALUE_STRING, .bytes = a2_values[7] } };
    if (strcmp(kind, "a1") == 0) {
        p.key = shapes[1].keys[0];
        p.value.bytes =
            weft_str_make(shapes[1].lists[0].values[0].ptr, shapes[1].lists[0].values[0].value_len);
    }
    spans_show(block, "key = frequent value", &p, 1);
    p.value.bytes = WEFT_S("not there");
    spans_show(block, "key = absent value", &p, 1);
    p = (struct weft_predicate){ .field = WEFT_FIELD_DURATION,
                                 .op = WEFT_OP_GT,
                                 .value = { .type = WEFT_VALUE_INT, .int_value = 15990000 } };
    spans_show(block, "duration > rare", &p, 1);
    spans_show(block, "all", &p, 0);
    struct weft_arena arena;
    uint64_t worst = 0, sum = 0;
    weft_arena_init(&arena, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct weft_batch batch = { .arena = &arena };
        struct weft_trace_id id;
        struct weft_span span;
        uint64_t group = weft_random_below(&rng, info.row_group_count),
                 row = weft_random_below(&rng, block->rows[group].span_count);
        if (weft_block_span(block, group << 20 | row, &span, &arena, &err) < 0) die(&err);
        id = span.trace_id;
        uint64_t from = weft_clock_thread_cpu_ns();
        if (weft_block_trace(block, NULL, &id, &batch, &err) < 0) die(&err);
        uint64_t took = weft_clock_thread_cpu_ns() - from;
        worst = took > worst ? took : worst;
        sum += took;
        weft_arena_reset(&arena);
    }
    weft_arena_release(&arena);
    printf("trace by id: mean %.1f us, worst %.1f us\n", (double)sum / 1e6, (double)worst / 1e3);
    weft_block_unref(block);
}

/* ---- bundles ---- */

static struct weft_block *block_open(const char *directory, uint64_t number)
{
    char path[512];
    struct weft_block *block;
    struct weft_err err;

    snprintf(path, sizeof path, "%s/block-%016" PRIx64 ".weft", directory, number);
    if (weft_block_open(&block, path, &err) < 0) die(&err);
    weft_block_mark_obsolete(block);
    return block;
}

static uint64_t merge_to(const struct weft_merge_input *input, const char *directory,
                         uint64_t number, struct weft_merge_stats *stats)
{
    struct weft_merge_options options = { .directory = directory,
                                          .number = number,
                                          .progress = progress };
    struct weft_err err;
    uint64_t from = weft_clock_thread_cpu_ns();
    if (weft_merge(input, &options, stats, &err) < 0) die(&err);
    return weft_clock_thread_cpu_ns() - from;
}

/* The bundle of `parts`, and its members instead of them. */
static uint32_t bundle_to(struct weft_bundle_part *parts, uint32_t count, uint64_t spans,
                          const char *directory, uint64_t number, const char *what)
{
    struct weft_bundle_input input = { .members = parts, .member_count = count };
    struct weft_bundle_options options = { .directory = directory,
                                           .number = number,
                                           .patch_number = 1000 + number };
    struct weft_bundle_stats stats;
    struct weft_bundle_info info;
    struct weft_bundle *bundle;
    struct weft_buf masked = { 0 };
    struct weft_err err;
    char path[512];
    uint64_t from = weft_clock_thread_cpu_ns();

    if (weft_bundle_write(&input, &options, &stats, &err) < 0) die(&err);
    uint64_t took = weft_clock_thread_cpu_ns() - from;
    printf("%s: %.1f ns CPU/span; %" PRIu64 " bytes copied, %" PRIu64 " traces split, %" PRIu64
           " spans and %.2f B/span in the patch\n",
           what, (double)took / (double)spans, stats.copied_bytes, stats.split_traces,
           stats.patch_spans,
           stats.patch_spans == 0
               ? 0.0
               : (double)(stats.bytes - stats.copied_bytes) / (double)stats.patch_spans);
    snprintf(path, sizeof path, "%s/bundle-%016" PRIx64 ".weft", directory, number);
    if (weft_bundle_open(&bundle, path, &err) < 0) die(&err);
    weft_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.member_count; i++) {
        if (i < count) weft_block_unref(parts[i].block);
        if (weft_bundle_block(bundle, i, &parts[i].block, &err) < 0 ||
            weft_block_masked(parts[i].block, &masked, &err) < 0)
            die(&err);
    }
    for (uint32_t i = 0; i < info.member_count; i++) {
        struct weft_block_info b;
        weft_block_info(parts[i].block, &b);
        parts[i].mask = weft_block_mask_create(NULL, b.number, (const void *)masked.data,
                                               masked.len / sizeof(struct weft_mask_entry));
    }
    weft_buf_release(&masked);
    weft_bundle_mark_obsolete(bundle);
    weft_bundle_unref(bundle);
    return info.member_count;
}

static void bundles_show(const struct weft_segment_view *const *segments, uint32_t count,
                         const char *directory)
{
    struct weft_bundle_part *parts = weft_alloc_array(count + 2, sizeof *parts);
    struct weft_block **blocks = weft_alloc_array(count + 2, sizeof *blocks);
    const struct weft_block_mask **masks = weft_alloc_array(count + 2, sizeof *masks);
    struct weft_merge_stats stats;
    uint64_t took = 0, spans = 0, bytes = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct weft_merge_input input = { .segments = &segments[i], .segment_count = 1 };
        took += merge_to(&input, directory, 100 + i, &stats);
        spans += stats.spans_out;
        bytes += stats.bytes;
        parts[i].block = block_open(directory, 100 + i);
    }
    printf("a block from each segment: %.1f ns CPU/span, %.2f B/span\n",
           (double)took / (double)spans, (double)bytes / (double)spans);
    count = bundle_to(parts, count, spans, directory, 200, "a bundle of them");
    count = bundle_to(parts, count, spans, directory, 201, "a bundle of its members");
    for (uint32_t i = 0; i < count; i++) blocks[i] = parts[i].block, masks[i] = parts[i].mask;
    struct weft_merge_input input = { .blocks = blocks, .masks = masks, .block_count = count };
    anon_peak = 0;
    long before = anon_kb();
    took = merge_to(&input, directory, 202, &stats);
    printf("the members merged: %.1f ns CPU/span, %.2f B/span; private memory + %ld MB\n",
           (double)took / (double)stats.spans_in, (double)stats.bytes / (double)stats.spans_out,
           (anon_peak - before) / 1024);
    weft_block_unref(block_open(directory, 202));
    for (uint32_t i = 0; i < count; i++) weft_block_unref(blocks[i]);
    weft_free(parts);
    weft_free(blocks);
    weft_free(masks);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "a1",
               *directory = argc > 3 ? argv[3] : "/tmp/weft-merge-bench";
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 4;
    struct weft_attribute service = { .key = "service.name",
                                      .key_len = 12,
                                      .type = WEFT_VALUE_STRING,
                                      .ptr = "bench",
                                      .value_len = 5 };
    struct weft_resource resource = { .attributes = { &service, 1, 0 },
                                      .service_name = WEFT_S("bench") };
    struct weft_scope scope = { .resource = &resource, .name = WEFT_S("bench") };
    struct weft_err err;

    has_late = argc > 4 && strcmp(argv[4], "bundle") == 0;
    weft_random_init(&rng, 1);
    weft_arena_init(&names, 0);
    if (weft_file_make_directory(directory, &err) < 0) die(&err);
    shapes_read();
    generator_init(kind);
    struct weft_segment_view *views = weft_alloc_array(count, sizeof *views);
    const struct weft_segment_view **inputs = weft_alloc_array(count, sizeof *inputs);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_segment *segment = segment_fill(directory, i + 1, &scope, kind);
        weft_segment_view_init(&views[i], segment);
        weft_segment_mark_obsolete(segment, NULL);
        weft_segment_unref(segment);
        inputs[i] = &views[i];
    }
    struct weft_merge_input input = { inputs, count, NULL, 0 };
    struct weft_merge_options options = { .directory = directory,
                                          .number = 1,
                                          .progress = progress };
    struct weft_merge_stats stats;
    long anon_before = anon_kb();
    uint64_t from = weft_clock_thread_cpu_ns();
    if (weft_merge(&input, &options, &stats, &err) < 0) die(&err);
    uint64_t took = weft_clock_thread_cpu_ns() - from;
    printf("%s: %" PRIu64 " spans, %" PRIu64
           " traces: %.1f ns CPU/span, %.2f B/span; private memory + %ld MB\n",
           kind, stats.spans_out, stats.traces, (double)took / (double)stats.spans_in,
           (double)stats.bytes / (double)stats.spans_out, (anon_peak - anon_before) / 1024);
    char path[512];
    snprintf(path, sizeof path, "%s/block-%016x.weft", directory, 1);
    if (has_late)
        bundles_show(inputs, count, directory);
    else
        block_ask(path, kind);
    for (uint32_t i = 0; i < count; i++) weft_segment_view_release(&views[i]);
    weft_file_unlink(path, NULL);
    weft_free(views);
    weft_free(inputs);
    weft_arena_release(&names);
    weft_load_template_release(&generator);
    return 0;
}
