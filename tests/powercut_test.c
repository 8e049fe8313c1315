/* powercut_test.c -- the power fails: what was acknowledged is there, whole and once, and nothing
 * else.
 *
 * One life of a store is recorded (disk_record.h): commits into new and recycled files, seals,
 * merges, bundles, deletion by age, closing and opening. For every moment of it directories are
 * built that a power cut could have left (disk_replay.h). Each is checked, opened and asked for
 * every batch that was ever sent. Some are opened under the recorder again: the power fails once
 * more, at every moment of the recovery.
 *
 *   powercut_test [SEED RUNS]     RUNS random directories a moment beside the fixed ones; default 3
 */
#include "disk_replay.h"
#include "store/store_fixture.h"
#include "store/store_inspect.h"
#include "store/store_internal.h"
#include <stdlib.h>

#define BATCHES_MAX 256
#define RETENTION_NS (3600 * WEFT_NS_PER_SECOND)

enum mark {
    MARK_SENT,
    MARK_ACKNOWLEDGED,
    MARK_MAY_GO, /* retention begins to delete: traces with smaller numbers */
    MARK_NOTHING
};

/* One request: `spans` spans of a trace; a trace may come in several parts. */
struct batch {
    uint32_t trace, part, spans;
};
static struct {
    struct batch batches[BATCHES_MAX];
    uint32_t batch_count, trace_count;
    uint64_t seed;
    uint32_t runs;
    uint64_t clock_ns, deleted_files;
} life = { .seed = 1, .runs = 3 };

/* ---- the life of a store ---- */

static void answered(void *arg, const struct weft_outcome *outcome)
{
    if (outcome->status == WEFT_OK) disk_record_mark(MARK_ACKNOWLEDGED, *(uint32_t *)arg);
}

static void send_batch(struct weft_store *store, unsigned writer, struct batch batch)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    uint32_t number = life.batch_count++;

    assert_true(number < BATCHES_MAX);
    life.batches[number] = batch;
    if (batch.trace >= life.trace_count) life.trace_count = batch.trace + 1;
    disk_record_mark(MARK_SENT, number);
    weft_arena_init(&arena, 0);
    consumer.consume(consumer.self, writer,
                     fixture_trace_batch(&arena, batch.trace, batch.part, batch.spans), answered,
                     &number);
    weft_arena_release(&arena);
}

static uint64_t unix_ns(void *self)
{
    return life.clock_ns;
}

static struct weft_store *store_open(const char *directory, unsigned writers)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = writers,
                                                .segment_file_bytes = 1u << 20,
                                                .compact_segments_min = 2,
                                                .compact_segments_max = 2,
                                                .compact_fan_in = 2,
                                                .small_block_spans = 1,
                                                .unix_ns = unix_ns,
                                                .housekeeping_ns = UINT64_MAX,
                                                .no_compaction = true };
    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    weft_store_housekeeping_stop(store); /* deletes when we say so */
    store->options.retention_age_ns = RETENTION_NS;
    return store;
}

/* New traces, sizes from one span to a few pages; every fourth also gets spans for an old one. */
static void send_some(struct weft_store *store, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t trace = life.trace_count;
        send_batch(store, i & 1,
                   (struct batch){ trace, 0, 1 + trace * 37 % (trace % 7 == 0 ? 190 : 40) });
        if (i % 4 == 3 && trace > 8)
            send_batch(store, i & 1, (struct batch){ trace - 8, 1 + i / 4, 5 });
    }
}

/* Files go whose traces all have smaller numbers. */
static void delete_below(struct weft_store *store, uint32_t trace)
{
    struct weft_store_stats stats;

    disk_record_mark(MARK_MAY_GO, trace);
    life.clock_ns = fixture_start(trace, 0, 0) + RETENTION_NS;
    weft_store_retention_run(store);
    weft_store_stats(store, &stats);
    life.deleted_files += stats.retention_files;
}

static void live(const char *directory)
{
    struct weft_err err;
    uint32_t merged = 0; /* traces before the last merge */

    for (unsigned session = 0; session < 3; session++) {
        struct weft_store *store = store_open(directory, 2);
        if (session > 0) delete_below(store, merged);
        for (unsigned round = 0; round < 3; round++) {
            send_some(store, 5);
            assert_int_equal(weft_store_seal(store, &err), WEFT_OK);
            if (round != 1) continue;
            assert_int_equal(weft_store_compact(store, NULL, &err), WEFT_OK);
            merged = life.trace_count;
        }
        send_some(store, 2); /* closing seals these */
        weft_store_close(store);
    }
}

/* ---- the judge ---- */

struct verdict {
    const struct disk_log *log;
    uint32_t cut;
    char what[128];
    bool is_sent[BATCHES_MAX], is_acknowledged[BATCHES_MAX];
    uint32_t gone_below; /* traces with smaller numbers may be deleted */
    uint64_t found_spans;
    uint32_t damages; /* only when `counts` */
    bool counts;      /* instead of failing */
    char sentence[256];
};

__attribute__((format(printf, 2, 3))) static void wrong(struct verdict *verdict, const char *format,
                                                        ...)
{
    va_list args;

    verdict->damages++;
    va_start(args, format);
    vsnprintf(verdict->sentence, sizeof verdict->sentence, format, args);
    va_end(args);
    if (!verdict->counts) fail_msg("%s: %s", verdict->what, verdict->sentence);
}

static void read_marks(struct verdict *verdict)
{
    for (uint32_t i = 0; i <= verdict->cut; i++) {
        const struct disk_event *event = &verdict->log->events[i];
        if (event->kind != DISK_MARK) continue;
        if (event->mark == MARK_SENT) verdict->is_sent[event->value] = true;
        if (event->mark == MARK_ACKNOWLEDGED) verdict->is_acknowledged[event->value] = true;
        if (event->mark == MARK_MAY_GO) verdict->gone_below = event->value;
    }
}

/* A batch is there whole, or (unless it was acknowledged, and is not too old) not at all. */
static void judge_count(struct verdict *verdict, uint32_t number, uint32_t count)
{
    const struct batch *batch = &life.batches[number];
    bool must_be = verdict->is_acknowledged[number] && batch->trace >= verdict->gone_below;

    verdict->found_spans += count;
    if (count == batch->spans && verdict->is_sent[number]) return;
    if (count != 0 || must_be)
        wrong(verdict, "trace %u, part %u: %u spans found, %u sent, %s", batch->trace, batch->part,
              count, verdict->is_sent[number] ? batch->spans : 0,
              verdict->is_acknowledged[number] ? "acknowledged" : "not acknowledged");
}

static uint32_t batch_number(uint32_t trace, uint32_t part)
{
    uint32_t i = 0;
    while (i < life.batch_count && (life.batches[i].trace != trace || life.batches[i].part != part))
        i++;
    return i;
}

/* Which batch a span is of; its ids, time and name must be those sent. */
static uint32_t judge_span(struct verdict *verdict, const uint8_t *trace_id, const uint8_t *span_id,
                           uint64_t start_time_unix_nano, struct weft_str name)
{
    uint32_t trace = weft_load_u32(trace_id) - 1, part = weft_load_u32(span_id) - 1,
             place = weft_load_u32(span_id + 4) - 1, number = batch_number(trace, part);
    bool is_true = number < life.batch_count && place < life.batches[number].spans &&
                   weft_load_u32(trace_id + 12) == trace + 1 &&
                   start_time_unix_nano == fixture_start(trace, part, place) &&
                   weft_str_equal_c(name, "GET /");

    if (!is_true) wrong(verdict, "trace %u, part %u: span %u was never sent", trace, part, place);
    return number;
}

static void judge_trace(struct verdict *verdict, const struct weft_source *source, uint32_t trace)
{
    struct weft_arena arena;
    struct weft_err err;
    uint32_t counts[BATCHES_MAX + 1] = { 0 };

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    if (rc < 0 && rc != WEFT_NOT_FOUND) wrong(verdict, "trace %u: %s", trace, err.text);
    for (uint32_t i = 0; i < found.span_count; i++) {
        const struct weft_span *span = &found.spans[i];
        counts[judge_span(verdict, span->trace_id.bytes, span->span_id.bytes,
                          span->start_time_unix_nano, span->name)]++;
    }
    for (uint32_t i = 0; i < life.batch_count; i++)
        if (life.batches[i].trace == trace) judge_count(verdict, i, counts[i]);
    weft_arena_release(&arena);
}

/* Every batch by its trace. All spans counted in two other ways agree with that: none is there
 * twice, and none of another trace. */
static void judge_store(struct verdict *verdict, struct weft_store *store)
{
    struct weft_source source = weft_store_source(store);
    struct weft_store_stats stats;
    struct weft_operation *operations;
    struct weft_arena arena;
    struct weft_err err;
    uint32_t count = 0;
    uint64_t counted = 0;

    verdict->found_spans = 0;
    for (uint32_t i = 0; i < life.trace_count; i++) judge_trace(verdict, &source, i);
    weft_arena_init(&arena, 0);
    if (source.operations(source.self, WEFT_S(""), &operations, &count, &arena, &err) < 0)
        wrong(verdict, "operations: %s", err.text);
    for (uint32_t i = 0; i < count; i++) counted += operations[i].span_count;
    weft_arena_release(&arena);
    weft_store_stats(store, &stats);
    uint64_t stored = stats.live_spans + stats.sealed_spans + stats.block_spans;
    if (counted != verdict->found_spans || stored != counted || stats.damaged_files > 0)
        wrong(verdict, "%llu spans in traces, %llu in operations, %llu stored, %llu damaged files",
              (unsigned long long)verdict->found_spans, (unsigned long long)counted,
              (unsigned long long)stored, (unsigned long long)stats.damaged_files);
}

/* By columns there are as many. */
static void judge_spans(struct verdict *verdict, struct weft_store *store)
{
    struct weft_source source = weft_store_source(store);
    uint32_t found = fixture_all_spans(&source);

    if (found != verdict->found_spans)
        wrong(verdict, "%llu spans in traces, %u by columns",
              (unsigned long long)verdict->found_spans, found);
}

static void check_finding(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    if (kind == WEFT_FINDING_DAMAGE) wrong(arg, "check: %s", sentence);
}

static void judge_files(struct verdict *verdict, const char *directory)
{
    struct weft_store_check check;
    weft_store_check(directory, check_finding, verdict, &check, NULL);
}

static void judge_opened(struct verdict *verdict, const char *directory, unsigned writers,
                         bool goes_on)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = writers,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) {
        wrong(verdict, "opening: %s", err.text);
        return;
    }
    judge_store(verdict, store);
    if (goes_on) {
        if (weft_store_compact(store, NULL, &err) < 0) wrong(verdict, "merging: %s", err.text);
        judge_store(verdict, store);
        judge_spans(verdict, store);
    }
    weft_store_close(store);
}

/* The files as they lie, the store opened; now and then it also works on and is opened again. */
static void judge_directory(struct verdict *verdict, const char *directory, uint32_t state)
{
    bool goes_on = state % 8 == 0;

    judge_files(verdict, directory);
    judge_opened(verdict, directory, 0, goes_on);
    judge_files(verdict, directory);
    if (goes_on) judge_opened(verdict, directory, 0, false);
}

/* ---- every moment ---- */

/* In memory where that is possible: the directories are thousands, and small. */
static void state_directory_make(char out[static 256])
{
    snprintf(out, 256, "/dev/shm/weft-test-XXXXXX");
    if (mkdtemp(out) == NULL) fixture_directory_make(out);
}

struct tally {
    uint32_t states, moments, wrong_states;
    char sentence[256]; /* of the first wrong one */
};

/* The power goes behind event `cut` of `log`. What must be there is told by the marks in `life` up
 * to `life_cut`: the same log, unless this is a recovery from an earlier cut. */
struct moment {
    const struct disk_log *log, *life;
    uint32_t cut, life_cut;
};

static void try_state(struct tally *tally, const struct moment *moment, enum disk_fate fate,
                      uint64_t seed, bool counts)
{
    char directory[256];
    struct weft_random random;
    struct verdict verdict = { .log = moment->life, .cut = moment->life_cut, .counts = counts };

    snprintf(verdict.what, sizeof verdict.what,
             "event %u of %u%s, event %u of %u, fate %d, seed %llu", moment->life_cut,
             moment->life->count, moment->log != moment->life ? ", recovering" : "", moment->cut,
             moment->log->count, (int)fate, (unsigned long long)seed);
    weft_random_init(&random, seed);
    read_marks(&verdict);
    state_directory_make(directory);
    disk_replay(moment->log, moment->cut, fate, &random, directory);
    judge_directory(&verdict, directory, tally->states++);
    fixture_directory_remove(directory);
    if (verdict.damages > 0 && tally->wrong_states++ == 0)
        snprintf(tally->sentence, sizeof tally->sentence, "%s", verdict.sentence);
}

static void try_moment(struct tally *tally, const struct moment *moment, enum disk_fate fixed_end,
                       uint32_t runs)
{
    uint64_t seed = life.seed * 1000003 + moment->cut * UINT64_C(1009);

    tally->moments++;
    if (!disk_is_open(moment->log, moment->cut)) {
        try_state(tally, moment, DISK_ALL_KEPT, seed, false);
        return;
    }
    for (enum disk_fate fate = 0; fate < fixed_end; fate++)
        try_state(tally, moment, fate, seed, false);
    for (uint32_t i = 0; i < runs; i++)
        try_state(tally, moment, i % 3 == 0 ? DISK_JOURNALLED : DISK_BY_CHANCE, seed + i, false);
}

static void record_life(struct disk_log *log, char directory[static 256])
{
    life.batch_count = life.trace_count = 0;
    life.deleted_files = 0;
    fixture_directory_make(directory);
    disk_record_start(log, directory);
    live(directory);
    disk_record_stop();
}

static void every_moment_test(void **state)
{
    struct disk_log log;
    struct tally tally = { 0 };
    char directory[256];

    bool has_bundle = false;

    record_life(&log, directory);
    for (uint32_t i = log.begin; i < log.count; i++)
        has_bundle |= log.events[i].to != NULL && strncmp(log.events[i].to, "bundle-", 7) == 0;
    assert_true(has_bundle && life.deleted_files >= 2);
    for (uint32_t cut = log.begin; cut < log.count; cut++) {
        bool changed = log.events[cut].kind != DISK_MARK;
        if (changed || log.events[cut].mark == MARK_ACKNOWLEDGED)
            try_moment(&tally, &(struct moment){ &log, &log, cut, cut }, DISK_JOURNALLED,
                       life.runs);
    }
    print_message("%u events, %u batches, %llu files deleted: %u directories at %u moments, seed "
                  "%llu\n",
                  log.count, life.batch_count, (unsigned long long)life.deleted_files, tally.states,
                  tally.moments, (unsigned long long)life.seed);
    disk_log_release(&log);
    fixture_directory_remove(directory);
}

/* ---- the power fails again, during recovery ---- */

/* Opened as the crash left it, merged, closed; cut at every moment of that. */
static void try_recovery(struct tally *tally, const struct disk_log *before, uint32_t cut)
{
    char directory[256];
    struct weft_random random;
    struct disk_log log;
    struct weft_err err;

    weft_random_init(&random, life.seed + cut);
    state_directory_make(directory);
    disk_replay(before, cut, DISK_BY_CHANCE, &random, directory);
    disk_record_start(&log, directory);
    struct weft_store *store = store_open(directory, 1);
    if (weft_store_compact(store, NULL, &err) < 0) fail_msg("event %u: %s", cut, err.text);
    weft_store_close(store);
    disk_record_stop();
    for (uint32_t i = log.begin; i < log.count; i++)
        if (log.events[i].kind != DISK_MARK)
            try_moment(tally, &(struct moment){ &log, before, i, cut }, DISK_ALL_KEPT + 1,
                       1 + life.runs / 10);
    disk_log_release(&log);
    fixture_directory_remove(directory);
}

static void recovery_test(void **state)
{
    struct disk_log log;
    struct tally tally = { 0 };
    char directory[256];
    uint32_t recoveries = 0, step = life.runs < 10 ? 61 : 13;

    record_life(&log, directory);
    for (uint32_t cut = log.begin + life.seed % step; cut < log.count; cut += step, recoveries++)
        try_recovery(&tally, &log, cut);
    print_message("%u recoveries: %u directories at %u moments\n", recoveries, tally.states,
                  tally.moments);
    assert_true(recoveries > 10 && tally.moments > 20 * recoveries);
    disk_log_release(&log);
    fixture_directory_remove(directory);
}

/* ---- the judge can say no ---- */

/* A disk that says "synced" and is not: acknowledged batches are lost, and we must see that. */
static void lying_disk_test(void **state)
{
    struct disk_log log;
    struct tally tally = { 0 };
    char directory[256];

    record_life(&log, directory);
    for (uint32_t i = log.begin; i < log.count; i++)
        if (log.events[i].kind == DISK_SYNC)
            log.events[i] = (struct disk_event){ .kind = DISK_MARK, .mark = MARK_NOTHING };
    for (uint32_t cut = log.begin; cut < log.count; cut += 7)
        if (log.events[cut].kind != DISK_MARK)
            try_state(&tally, &(struct moment){ &log, &log, cut, cut }, DISK_ALL_LOST, 1, true);
    assert_true(tally.states > 20);
    assert_true(tally.wrong_states > tally.states / 2);
    disk_log_release(&log);
    fixture_directory_remove(directory);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_moment_test),
        cmocka_unit_test(recovery_test),
        cmocka_unit_test(lying_disk_test),
    };
    if (argc > 2) {
        life.seed = strtoull(argv[1], NULL, 10);
        life.runs = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2); /* torn tails by the thousand */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
