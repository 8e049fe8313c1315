/* store_states.c -- see store_states.h. */
#include "store_states.h"
#include "store/store_fixture.h"

/* ---- steps ---- */

static struct weft_store *open_store(const char *directory, bool are_full)
{
    struct weft_store *store;
    struct weft_err err;
    const struct weft_store_options options = { .directory = directory,
                                                .writer_count = 2,
                                                .small_block_spans = are_full ? 1 : 0,
                                                .compact_fan_in = are_full ? 2 : 0,
                                                .no_compaction = true };

    if (weft_store_open(&store, &options, &err) < 0) fail_msg("%s", err.text);
    return store;
}

static void consumed(void *arg, const struct weft_outcome *outcome)
{
    if (outcome->status != WEFT_OK) fail_msg("%.*s", WEFT_S_ARG(outcome->message));
    ++*(uint32_t *)arg;
}

void store_consume_all(struct weft_store *store, unsigned io_thread,
                       const struct weft_batch *batches, uint32_t count)
{
    struct weft_consumer consumer = weft_store_consumer(store);
    uint32_t done = 0;

    for (uint32_t i = 0; i < count; i++)
        consumer.consume(consumer.self, io_thread, &batches[i], consumed, &done);
    assert_int_equal(done, count);
}

static void seal(struct weft_store *store)
{
    struct weft_err err;
    if (weft_store_seal(store, &err) < 0) fail_msg("%s", err.text);
}

static void compact(struct weft_store *store)
{
    struct weft_err err;
    if (weft_store_compact(store, NULL, &err) < 0) fail_msg("%s", err.text);
}

/* A part of the batches, half of them through each writer. */
static void feed(struct weft_store *store, const struct conformance_data *data, uint32_t part,
                 uint32_t parts)
{
    uint32_t from = data->batch_count * part / parts, to = data->batch_count * (part + 1) / parts;
    uint32_t middle = from + (to - from) / 2;

    store_consume_all(store, 0, data->batches + from, middle - from);
    store_consume_all(store, 1, data->batches + middle, to - middle);
}

/* ---- states ---- */

static void live(struct store_state *state, const struct conformance_data *data)
{
    feed(state->store, data, 0, 1);
}

static void sealed(struct store_state *state, const struct conformance_data *data)
{
    for (uint32_t i = 0; i < 3; i++) {
        feed(state->store, data, i, 3);
        seal(state->store);
    }
}

static void compacted(struct store_state *state, const struct conformance_data *data)
{
    sealed(state, data);
    compact(state->store);
}

static void reopen(struct store_state *state)
{
    weft_store_close(state->store);
    state->store = open_store(state->directory, state->are_full);
}

static void crash(struct store_state *state)
{
    char copy[256];

    fixture_directory_make(copy);
    fixture_directory_copy(state->directory, copy, "");
    weft_store_close(state->store);
    fixture_directory_remove(state->directory);
    memcpy(state->directory, copy, sizeof copy);
    state->store = open_store(state->directory, state->are_full);
}

static void segments_reopened(struct store_state *state, const struct conformance_data *data)
{
    sealed(state, data);
    reopen(state);
}

static void segments_crashed(struct store_state *state, const struct conformance_data *data)
{
    feed(state->store, data, 0, 2);
    seal(state->store);
    feed(state->store, data, 1, 2);
    crash(state);
}

/* Two blocks, sealed segments and live ones: most traces lie in several of them. */
static void mixed(struct store_state *state, const struct conformance_data *data)
{
    for (uint32_t i = 0; i < 5; i++) {
        feed(state->store, data, i, 5);
        if (i < 4) seal(state->store);
        if (i < 2) compact(state->store);
    }
}

static void reopened(struct store_state *state, const struct conformance_data *data)
{
    mixed(state, data);
    reopen(state);
}

static void compacted_reopened(struct store_state *state, const struct conformance_data *data)
{
    reopened(state, data);
    compact(state->store);
}

static void crashed(struct store_state *state, const struct conformance_data *data)
{
    mixed(state, data);
    crash(state);
}

/* Four blocks, counted as full, in bundles whose patches have the traces that were split, more blocks
 * with late spans of them, and live segments. */
static void bundled(struct store_state *state, const struct conformance_data *data)
{
    struct weft_store_stats stats;

    weft_store_close(state->store);
    state->are_full = true;
    state->store = open_store(state->directory, state->are_full);
    for (uint32_t i = 0; i < 6; i++) {
        feed(state->store, data, i, 6);
        if (i < 5) seal(state->store);
        if (i < 5) compact(state->store);
    }
    weft_store_stats(state->store, &stats);
    assert_true(stats.bundlings > 0);
}

static void bundled_reopened(struct store_state *state, const struct conformance_data *data)
{
    bundled(state, data);
    reopen(state);
}

static const struct {
    const char *name;
    void (*arrange)(struct store_state *state, const struct conformance_data *data);
} states[] = {
    { "live", live },
    { "sealed", sealed },
    { "segments reopened", segments_reopened },
    { "segments after a crash", segments_crashed },
    { "compacted", compacted },
    { "mixed", mixed },
    { "mixed, reopened", reopened },
    { "mixed, reopened, compacted", compacted_reopened },
    { "mixed, after a crash", crashed },
    { "bundled", bundled },
    { "bundled, reopened", bundled_reopened },
};
const char *const store_state_names[] = { "live",
                                          "sealed",
                                          "segments reopened",
                                          "segments after a crash",
                                          "compacted",
                                          "mixed",
                                          "mixed, reopened",
                                          "mixed, reopened, compacted",
                                          "mixed, after a crash",
                                          "bundled",
                                          "bundled, reopened",
                                          NULL };

void store_state_open(struct store_state *state, const char *name,
                      const struct conformance_data *data)
{
    *state = (struct store_state){ .name = name };
    fixture_directory_make(state->directory);
    state->store = open_store(state->directory, state->are_full);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].name, name) == 0) states[i].arrange(state, data);
}

void store_state_close(struct store_state *state)
{
    weft_store_close(state->store);
    fixture_directory_remove(state->directory);
}
