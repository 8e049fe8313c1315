/* store_repair_patch_test.c -- bundles whose patches are damaged: every span that any member still holds is there once after the
 * repair, also when members are damaged too, when patches took over from patches, and when the repair breaks off. */
#include "base/map.h"
#include "store/bundle.h"
#include "store/salvage.h"
#include "store/store_files.h"
#include "store/store_fixture.h"
#include "store/store_repair.h"

enum { ROUNDS = 4, SPANS = 3, MEMBERS_MAX = 16 };

/* ---- a bundle of bundles: patches of blocks, and a patch of these ---- */

static struct weft_store *store_open(const char *directory)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .small_block_spans = 1, /* all are full */
                                                .compact_fan_in = 2,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

/* The traces of a store and the rounds in which each gets spans: some within a pair of blocks, across pairs, in one alone; or
 * all in all, then the later patch has every trace of the earlier. */
struct shape {
    uint32_t traces;
    uint8_t rounds[8];
};
static const struct shape few = { 24, { 3, 12, 15, 5, 8, 14, 2, 7 } },
                          many = { 3000, { 3, 12, 15, 5, 8, 14, 2, 7 } },
                          nested = { 24, { 15, 15, 15, 15, 15, 15, 15, 15 } };

static void store_make(const char *directory, const struct shape *shape)
{
    struct weft_store *store = store_open(directory);
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct weft_batch *all = fixture_trace_batch(&arena, 0, round, 0);
        for (uint32_t i = 0; i < shape->traces; i++) {
            if (!(shape->rounds[i % 8] >> round & 1)) continue;
            const struct weft_batch *one = fixture_trace_batch(&arena, i, round, SPANS);
            for (uint32_t s = 0; s < SPANS; s++) *weft_batch_add(all) = one->spans[s];
        }
        consumer.consume(consumer.self, 0, all, answered, NULL);
        if (weft_store_seal(store, &err) < 0 || weft_store_compact(store, NULL, &err) < 0)
            fail_msg("%s", err.text);
    }
    weft_arena_release(&arena);
    weft_store_close(store);
}

struct members {
    char path[512];
    struct weft_bundle_member at[MEMBERS_MAX];
    bool is_patch[MEMBERS_MAX];
    uint32_t count;
};

static void members_find(const char *directory, struct members *out)
{
    struct weft_store_files files;
    struct weft_bundle *bundle;
    struct weft_bundle_info info;
    struct weft_block *block;
    struct weft_block_info member;

    assert_int_equal(weft_store_files_list(&files, directory, NULL), WEFT_OK);
    for (uint32_t i = 0; i < files.count; i++)
        if (files.items[i].kind == WEFT_STORE_FILE_BUNDLE)
            snprintf(out->path, sizeof out->path, "%s/%s", directory, files.items[i].name);
    weft_store_files_release(&files);
    assert_int_equal(weft_bundle_open(&bundle, out->path, NULL), WEFT_OK);
    weft_bundle_info(bundle, &info);
    out->count = info.member_count;
    assert_int_equal(out->count, 6); /* four blocks, a patch of the first two, a patch of all */
    for (uint32_t i = 0; i < out->count; i++) {
        out->at[i] = info.members[i];
        assert_int_equal(weft_bundle_block(bundle, i, &block, NULL), WEFT_OK);
        weft_block_info(block, &member);
        out->is_patch[i] = member.masked_count > 0;
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
}

static void flip(const char *path, uint64_t at)
{
    int fd;
    uint8_t byte;

    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, at, NULL), 0);
    byte ^= 0x10;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, at, NULL), 0);
    weft_file_close(&fd);
}

/* ---- the judge ---- */

static struct weft_str id_of(const struct weft_span *span)
{
    return (struct weft_str){ (const char *)span->span_id.bytes, sizeof span->span_id.bytes };
}

/* The trace and the number of the span, which the fixture's ids tell apart. */
static uint64_t key_of(const struct weft_span *span)
{
    return (uint64_t)weft_load_u32(span->trace_id.bytes) << 32 |
           weft_load_u32((const uint8_t *)id_of(span).ptr) << 8 |
           weft_load_u32((const uint8_t *)id_of(span).ptr + 4);
}

static int held_take(void *arg, const struct weft_batch *batch, struct weft_err *err)
{
    for (uint32_t i = 0; i < batch->span_count; i++) {
        uint64_t key = key_of(&batch->spans[i]);
        weft_map_put(arg, (struct weft_str){ (const char *)&key, sizeof key }, 0, NULL);
    }
    return WEFT_OK;
}

/* Every span that is anywhere in the bundle and can be read, masked or not. */
static void held_find(const char *path, struct weft_map *held)
{
    const struct weft_salvage_to to = { .take = held_take, .arg = held };
    struct weft_bundle *bundle;
    struct weft_bundle_info info;
    struct weft_block *block;
    struct weft_salvage salvage;

    assert_int_equal(weft_bundle_open(&bundle, path, NULL), WEFT_OK);
    weft_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.member_count; i++) {
        if (weft_bundle_block(bundle, i, &block, NULL) < 0) continue;
        assert_int_equal(weft_block_salvage(block, NULL, &to, &salvage, NULL), WEFT_OK);
        weft_block_unref(block);
    }
    weft_bundle_unref(bundle);
}

static void assert_served_once(const char *directory, struct weft_map *held, uint32_t traces)
{
    struct weft_store *store = store_open(directory);
    struct weft_source source = weft_store_source(store);
    const struct weft_map_slot *slot;
    struct weft_arena arena;
    struct weft_err err;
    uint32_t found = 0;

    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < traces; i++) {
        const struct weft_batch *asked = fixture_trace_batch(&arena, i, 0, 1);
        struct weft_batch got = { .arena = &arena };
        int rc = source.trace(source.self, &asked->spans[0].trace_id, &got, &err);
        if (rc < 0 && rc != WEFT_NOT_FOUND) fail_msg("trace %u: %s", i, err.text);
        for (uint32_t s = 0; s < got.span_count; s++) {
            uint64_t key = key_of(&got.spans[s]);
            uint64_t *times = weft_map_get(held, (struct weft_str){ (const char *)&key, 8 });
            if (times == NULL || ++*times > 1) fail_msg("trace %u: a span that is none", i);
        }
        found += got.span_count;
        weft_arena_reset(&arena);
    }
    if (found != held->count) fail_msg("%u spans found, %zu were held", found, held->count);
    struct weft_store_stats stats; /* questions see equal spans once */
    weft_store_stats(store, &stats);
    if (stats.block_spans + stats.sealed_spans != found)
        fail_msg("%llu spans, of %u in traces: some are there twice",
                 (unsigned long long)(stats.block_spans + stats.sealed_spans), found);
    weft_arena_release(&arena);
    weft_store_close(store);
    for (size_t at = 0; (slot = weft_map_next(held, &at)) != NULL;)
        *weft_map_get(held, slot->key) = 0;
}

static void compacted(const char *directory)
{
    struct weft_store *store = store_open(directory);
    struct weft_err err;

    if (weft_store_compact(store, NULL, &err) < 0) fail_msg("%s", err.text);
    weft_store_close(store);
}

struct told {
    uint32_t damages;
    char last[1024];
};

static void told(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    struct told *t = arg;

    if (kind != WEFT_FINDING_DAMAGE) return;
    t->damages++;
    snprintf(t->last, sizeof t->last, "%s", sentence);
}

static void assert_clean(const char *directory)
{
    struct weft_store_check check;
    struct told t = { 0 };

    weft_store_check(directory, told, &t, &check, NULL);
    if (t.damages > 0) fail_msg("%s", t.last);
}

static void directory_remove(const char *directory)
{
    char path[512];

    snprintf(path, sizeof path, "%s/lost+found/work", directory);
    fixture_directory_remove(path);
    snprintf(path, sizeof path, "%s/lost+found", directory);
    fixture_directory_remove(path);
    fixture_directory_remove(directory);
}

/* ---- damage ---- */

struct damage {
    uint32_t member;
    uint64_t at; /* in it */
};

static void repaired(const char *master, uint32_t traces, const struct damage *damages,
                     uint32_t count)
{
    char directory[256];
    struct members members = { 0 };
    struct weft_store_repair plan, done;
    struct weft_map held = { 0 };
    struct told ignored = { 0 };
    struct weft_err err;

    fixture_directory_make(directory);
    fixture_directory_copy(master, directory, "");
    members_find(directory, &members);
    for (uint32_t i = 0; i < count; i++)
        flip(members.path, members.at[damages[i].member].offset + damages[i].at);
    held_find(members.path, &held);
    if (weft_store_repair(directory, true, told, &ignored, &plan, &err) < 0 ||
        weft_store_repair(directory, false, told, &ignored, &done, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(plan.spans_saved, done.spans_saved);
    assert_int_equal(plan.spans_lost, done.spans_lost);
    assert_int_equal(done.files, 1);
    assert_clean(directory);
    assert_served_once(directory, &held, traces);
    if (traces < 100)
        compacted(directory); /* what repair has made is merged and bundled like anything else */
    assert_clean(directory);
    assert_served_once(directory, &held, traces);
    weft_map_release(&held);
    directory_remove(directory);
}

static void everywhere(const struct shape *shape, uint64_t pieces)
{
    char master[256];
    struct members members = { 0 };

    fixture_directory_make(master);
    store_make(master, shape);
    members_find(master, &members);
    for (uint32_t m = 0; m < members.count; m++) {
        if (!members.is_patch[m]) continue;
        for (uint64_t k = 0; k < pieces; k++) {
            uint32_t other = (m + 1 + (uint32_t)k % (members.count - 1)) % members.count;
            const struct damage damages[] = {
                { m, members.at[m].bytes * k / pieces + 40 },
                { other, members.at[other].bytes * ((k * 5 + m) % pieces) / pieces + 40 },
            };
            repaired(master, shape->traces, damages, 1);
            repaired(master, shape->traces, damages, 2);
        }
    }
    fixture_directory_remove(master);
}

static void few_pages_test(void **state)
{
    everywhere(&few, 5);
}

static void nested_test(void **state)
{
    everywhere(&nested, 5);
}

static void many_pages_test(void **state)
{
    everywhere(&many, 4);
}

/* ---- broken off ---- */

struct breaking {
    _Atomic uint64_t calls; /* the store's own threads make some */
    uint64_t at;
};

static int break_at(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    struct breaking *b = self;
    return b->calls++ >= b->at ? EIO : 0; /* and everything after it: as a crash */
}

static void broken_off_test(void **state)
{
    char master[256], directory[256];
    struct members members = { 0 };
    struct weft_map held = { 0 };

    fixture_directory_make(master);
    store_make(master, &few);
    members_find(master, &members);
    flip(members.path,
         members.at[1].offset + 40); /* a block, and the patch that has taken over from it */
    flip(members.path, members.at[2].offset + 40);
    held_find(members.path, &held);
    for (uint64_t n = 0, rc = 1; rc != 0; n += n < 40 ? 1 : 3) {
        struct breaking breaking = { .at = n };
        const struct weft_file_faults faults = { .before = break_at, .self = &breaking };
        struct weft_store_repair done;
        struct told t = { 0 };
        fixture_directory_make(directory);
        fixture_directory_copy(master, directory, "");
        weft_file_set_faults(&faults);
        rc = weft_store_repair(directory, false, told, &t, &done, NULL) < 0;
        weft_file_set_faults(NULL);
        assert_int_equal(weft_store_repair(directory, false, told, &t, &done, NULL), WEFT_OK);
        assert_clean(directory);
        assert_served_once(directory, &held, few.traces);
        directory_remove(directory);
    }
    weft_map_release(&held);
    fixture_directory_remove(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_pages_test),
        cmocka_unit_test(nested_test),
        cmocka_unit_test(many_pages_test),
        cmocka_unit_test(broken_off_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
