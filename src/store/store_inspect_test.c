/* store_inspect_test.c -- a directory looked at while it is served, and with a byte changed. */
#include "store/store_fixture.h"
#include "store/store_inspect.h"

struct findings {
    uint32_t ok, note, damage;
    char text[8192];
};

static void found(void *arg, enum weft_finding_kind kind, const char *sentence)
{
    struct findings *findings = arg;
    size_t len = strlen(findings->text);

    findings->ok += kind == WEFT_FINDING_OK;
    findings->note += kind == WEFT_FINDING_NOTE;
    findings->damage += kind == WEFT_FINDING_DAMAGE;
    snprintf(findings->text + len, sizeof findings->text - len, "%s\n", sentence);
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    assert_int_equal(outcome->status, WEFT_OK);
}

static struct weft_store *open_filled(const char *directory, bool with_block)
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
    for (uint32_t i = 0; i < 9; i++) {
        consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, i, 0, 4), answered, NULL);
        if (i % 3 == 2 && weft_store_seal(store, &err) < 0) fail_msg("%s", err.text);
        if (i == 5 && with_block && weft_store_compact(store, NULL, &err) < 0)
            fail_msg("%s", err.text);
    }
    consumer.consume(consumer.self, 0, fixture_trace_batch(&arena, 100, 0, 4), answered, NULL);
    weft_arena_release(&arena);
    return store;
}

static void check_test(void **state)
{
    for (int with_block = 0; with_block < 2; with_block++) {
        char directory[256];
        struct findings findings = { 0 };
        struct weft_store_check check;
        struct weft_err err;

        fixture_directory_make(directory);
        struct weft_store *store = open_filled(directory, with_block);
        if (weft_store_check(directory, found, &findings, &check, &err) < 0)
            fail_msg("%s\n%s", err.text, findings.text);
        assert_int_equal(check.spans, 40);
        assert_int_equal(check.blocks, with_block);
        assert_int_equal(findings.damage, 0);
        weft_store_close(store);
        fixture_directory_remove(directory);
    }
}

/* The file of that kind with the smallest number. */
static void first_file(const char *directory, const char *kind, char out[static 512])
{
    for (uint32_t number = 1; number < 1000; number++) {
        snprintf(out, 512, "%s/%s-%016x.weft", directory, kind, number);
        if (access(out, F_OK) == 0) return;
    }
    fail_msg("no %s file", kind);
}

static void change_byte(const char *path, uint64_t at)
{
    int fd;
    uint8_t byte;

    assert_int_equal(weft_file_open(&fd, path, O_RDWR, NULL), 0);
    assert_int_equal(weft_file_read_at(fd, path, &byte, 1, at, NULL), 0);
    byte ^= 0x40;
    assert_int_equal(weft_file_write_at(fd, path, &byte, 1, at, NULL), 0);
    weft_file_close(&fd);
}

static void changed_byte_test(void **state)
{
    static const struct {
        const char *kind;
        uint64_t at;
    } cases[] = {
        { "segment", 9 },
        { "segment", 4096 + 600 },
        { "block", 9 },
        { "block", 300 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char directory[256], path[512];
        struct findings findings = { 0 };
        struct weft_store_check check;
        struct weft_err err;

        fixture_directory_make(directory);
        weft_store_close(open_filled(directory, true));
        first_file(directory, cases[i].kind, path);
        change_byte(path, cases[i].at);
        int rc = weft_store_check(directory, found, &findings, &check, &err);
        /* A sealed segment that ends too early is told by the bytes that are missing from it. */
        if (rc == WEFT_OK && check.torn_bytes == 0)
            fail_msg("%s byte %llu: not noticed\n%s", cases[i].kind,
                     (unsigned long long)cases[i].at, findings.text);
        assert_non_null(strstr(findings.text, path));
        fixture_directory_remove(directory);
    }
}

static void sizes_and_dump_test(void **state)
{
    char directory[256], path[512];
    struct weft_store_sizes sizes;
    struct weft_arena arena;
    struct weft_buf text = { 0 };
    struct weft_err err;

    fixture_directory_make(directory);
    struct weft_store *store = open_filled(directory, true);
    weft_arena_init(&arena, 0);
    if (weft_store_sizes(directory, &sizes, &arena, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(sizes.stats.block_spans, 24);
    assert_int_equal(sizes.stats.sealed_spans,
                     16); /* also what is live in the other process: a snapshot */
    assert_true(sizes.part_count > 0 && sizes.parts[0].bytes > 0);
    assert_int_equal(sizes.share_count, 0); /* not asked for */
    sizes.by = "service.name";
    assert_int_equal(weft_store_sizes(directory, &sizes, &arena, &err), WEFT_OK);
    assert_int_equal(sizes.share_count, 1);
    assert_string_equal(sizes.shares[0].value, "shop");
    assert_int_equal(sizes.shares[0].spans, 24);
    assert_true(sizes.shares[0].bytes > 24 * 8 && sizes.shares[0].bytes < sizes.stats.block_bytes);
    assert_true(sizes.start_min < sizes.start_max);

    assert_int_equal(weft_store_dump(directory, WEFT_S(""), &text, &err), WEFT_OK);
    assert_int_equal(weft_store_dump(directory, WEFT_S("CATALOG"), &text, &err), WEFT_OK);
    first_file(directory, "segment", path);
    assert_int_equal(
        weft_store_dump(directory, weft_str_from_c(strrchr(path, '/') + 1), &text, &err), WEFT_OK);
    first_file(directory, "block", path);
    assert_int_equal(
        weft_store_dump(directory, weft_str_from_c(strrchr(path, '/') + 1), &text, &err), WEFT_OK);
    weft_buf_append_byte(&text, '\0');
    assert_non_null(strstr(text.data, "LOCK"));
    assert_non_null(strstr(text.data, "next number"));
    assert_non_null(strstr(text.data, "12 spans in 3 chunks"));
    assert_int_equal(weft_store_dump(directory, WEFT_S("../LOCK"), &text, &err), WEFT_INVALID);
    assert_int_equal(weft_store_dump(directory, WEFT_S("LOCK"), &text, &err), WEFT_INVALID);
    assert_int_equal(weft_store_dump("/nowhere/weft", WEFT_S(""), &text, &err), WEFT_NOT_FOUND);
    weft_buf_release(&text);
    weft_arena_release(&arena);
    weft_store_close(store);
    fixture_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_test),
        cmocka_unit_test(changed_byte_test),
        cmocka_unit_test(sizes_and_dump_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
