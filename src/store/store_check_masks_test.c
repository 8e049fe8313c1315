/* store_check_masks_test.c -- blocks that mask what is not there, or what nobody has: `weft store check` says so. */
#include "store/block_internal.h"
#include "store/store_fixture.h"
#include "store/store_inspect.h"

enum { TRACES = 6, SPANS = 4, FIRST = 1, SECOND = 2, MASKING = 1000 };

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

/* Two blocks; both have spans of trace 0, of the others one each has half. Returns their numbers. */
static void store_make(const char *directory, uint64_t numbers[static 3])
{
    struct weft_store *store;
    struct weft_err err;
    struct weft_arena arena;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 1,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    struct weft_consumer consumer = weft_store_consumer(store);
    weft_arena_init(&arena, 0);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < TRACES; i++)
            if (i == 0 || i % 2 == round)
                consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, i, round, SPANS),
                                 answered, NULL);
        if (weft_store_seal(store, &err) < 0 || weft_store_compact(store, NULL, &err) < 0)
            fail_msg("%s", err.text);
    }
    weft_arena_release(&arena);
    weft_store_close(store);
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    for (uint32_t n = FIRST; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, "block-", 6) != 0) continue;
        assert_true(n <= SECOND);
        numbers[n++] = strtoull(entry->d_name + 6, NULL, 16);
    }
    closedir(dir);
    if (numbers[FIRST] > numbers[SECOND]) {
        uint64_t first = numbers[SECOND];
        numbers[SECOND] = numbers[FIRST];
        numbers[FIRST] = first;
    }
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

static void masks_test(void **state)
{
    static const struct {
        const char *name;
        struct weft_mask_entry entry; /* block: FIRST, SECOND, or none of ours */
        const char *expected;         /* NULL: nothing */
    } cases[] = {
        { "held by the other block", { FIRST, 0, 0, SPANS }, NULL },
        { "a block that is gone", { 77, 12, 3, 1 }, NULL },
        { "no such row group",
          { FIRST, 9, 0, SPANS },
          "does not have, the first: trace 0 of row group 9" },
        { "no such trace", { SECOND, 0, 100, SPANS }, "does not have, the first: trace 100" },
        { "other spans", { FIRST, 0, 0, SPANS + 1 }, "other numbers of spans" },
        { "held by nobody", { FIRST, 0, 1, SPANS }, "no other block has" },
    };
    char directory[256];
    uint64_t numbers[3] = { 0 };
    struct weft_err err = { 0 };

    fixture_directory_make(directory);
    store_make(directory, numbers);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_mask_entry entry = cases[i].entry;
        struct weft_merge_stats stats;
        struct weft_store_check check;
        struct told t = { 0 };
        if (entry.block <= SECOND) entry.block = numbers[entry.block];
        const struct weft_merge_input input = { .masked = &entry, .masked_count = 1 };
        const struct weft_merge_options options = { .directory = directory, .number = MASKING };
        if (weft_merge(&input, &options, &stats, &err) < 0) fail_msg("%s", err.text);
        weft_store_check(directory, told, &t, &check, NULL);
        if (t.damages != (cases[i].expected != NULL))
            fail_msg("%s: %u findings, %s", cases[i].name, t.damages, t.last);
        if (cases[i].expected != NULL && strstr(t.last, cases[i].expected) == NULL)
            fail_msg("%s: %s", cases[i].name, t.last);
    }
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(masks_test) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
