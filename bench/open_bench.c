/* open_bench.c -- how long a store with many blocks takes to open: with CATALOG, and without it.
 *
 * usage: open_bench [blocks] [directory]   the directory is made, and emptied at the end
 *
 * The blocks are small ones of ten spans. With CATALOG the size of a block does not matter: nothing of
 * it is read. Without it each footer is. Opened read-only: a writer also makes its first segment file,
 * which takes as long as the disk takes to sync a directory. `bundled`: the same blocks in bundles of 64.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/endian.h"
#include "base/log.h"
#include "store/store.h"

static struct weft_store *open_store(const char *directory, bool is_bundling, bool read_only)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = {
        .directory = directory,
        .writer_count = 1,
        .compact_fan_in = is_bundling ? 64 : 1u << 30,
        .small_block_spans = 1,
        .no_compaction = true,
        .read_only = read_only,
    };

    if (weft_store_open(&store, &options, &err) == WEFT_OK) return store;
    fprintf(stderr, "open_bench: %s\n", err.text);
    exit(1);
}

static void check(int rc, const struct weft_err *err)
{
    if (rc == WEFT_OK) return;
    fprintf(stderr, "open_bench: %s\n", err->text);
    exit(1);
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    if (outcome->status == WEFT_OK) return;
    fprintf(stderr, "open_bench: %.*s\n", (int)outcome->message.len, outcome->message.ptr);
    exit(1);
}

static void make_block(struct weft_store *store, uint32_t number)
{
    static const struct weft_resource resource = { .service_name = { "bench", 5 } };
    struct weft_scope scope = { .resource = &resource };
    struct weft_consumer consumer = weft_store_consumer(store);
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    struct weft_batch batch = { .arena = &arena };
    for (uint32_t i = 0; i < 10; i++) {
        struct weft_span *span = weft_batch_add(&batch);
        weft_store_u32(span->trace_id.bytes, number * 10 + i + 1);
        weft_store_u32(span->span_id.bytes, i + 1);
        span->scope = &scope;
        span->name = WEFT_S("GET /");
        span->start_time_unix_nano = weft_clock_unix_ns();
    }
    consumer.consume(consumer.self, 0, &batch, answered, NULL);
    check(weft_store_seal(store, &err), &err);
    check(weft_store_compact(store, NULL, &err), &err);
    weft_arena_release(&arena);
}

static void measure(const char *what, const char *directory, bool has_catalog)
{
    char catalog[4096];
    struct weft_store_stats stats;
    uint64_t best_ns = UINT64_MAX;

    snprintf(catalog, sizeof catalog, "%s/CATALOG", directory);
    for (int i = 0; i < 5; i++) {
        if (!has_catalog) unlink(catalog);
        uint64_t start_ns = weft_clock_monotonic_ns();
        struct weft_store *store = open_store(directory, false, true);
        uint64_t took_ns = weft_clock_monotonic_ns() - start_ns;
        if (took_ns < best_ns) best_ns = took_ns;
        weft_store_stats(store, &stats);
        weft_store_close(store);
    }
    printf("%-24s %8llu blocks %6llu bundles %10.2f ms\n", what, (unsigned long long)stats.blocks,
           (unsigned long long)stats.bundles, (double)best_ns / 1e6);
}

static void empty(const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    char path[4096 + 300];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.') unlink(path);
    }
    if (dir != NULL) closedir(dir);
    rmdir(directory);
}

int main(int argc, char **argv)
{
    uint32_t blocks = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
    const char *directory = argc > 2 ? argv[2] : "open_bench.store";
    struct weft_err err;

    weft_log_configure(WEFT_LOG_WARN, WEFT_LOG_TEXT, STDERR_FILENO);
    struct weft_store *store = open_store(directory, false, false);
    for (uint32_t i = 0; i < blocks; i++) make_block(store, i);
    weft_store_close(store);
    measure("with CATALOG", directory, true);
    measure("without", directory, false);
    store = open_store(directory, true, false);
    check(weft_store_compact(store, NULL, &err), &err);
    weft_store_close(store);
    measure("bundled, with CATALOG", directory, true);
    measure("bundled, without", directory, false);
    empty(directory);
    return 0;
}
