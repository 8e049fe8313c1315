/* serve_store.c -- the store, told how to reach the I/O threads: their loops are its post and its
 * defer. */
#include "app/serve.h"

static void post(void *self, unsigned io_thread, void (*fn)(void *), void *arg)
{
    struct weft_serve *serve = self;
    weft_loop_post(serve->loops[io_thread], fn, arg);
}

static void defer(void *self, unsigned io_thread, void (*fn)(void *), void *arg)
{
    struct weft_serve *serve = self;
    weft_loop_defer(serve->loops[io_thread], fn, arg);
}

int weft_serve_open_store(struct weft_serve *serve, struct weft_err *err)
{
    const struct weft_config_storage *storage = &serve->config->storage;
    struct weft_store_options options = {
        .directory = storage->directory,
        .writer_count = serve->loop_count,
        .post = post,
        .defer = defer,
        .post_self = serve,
        .seal_age_ns = storage->seal_age_ns,
        .compact_segments_min = (uint32_t)storage->compaction_segments_min,
        .compact_segments_max = (uint32_t)storage->compaction_segments_max,
        .blob_min = storage->blob_min,
        .compact_age_ns = storage->compaction_age_ns,
        .compact_fan_in = (uint32_t)storage->compaction_fan_in,
        .small_block_spans = storage->small_block_spans,
        .small_block_bytes = storage->small_block_bytes,
        .bundle_bytes_max = storage->bundle_bytes_max,
        .tail_segments_max = (uint32_t)storage->tail_segments_max,
        .tail_memory_max = storage->tail_memory_max,
        .free_space_min = storage->free_space_min,
        .retention_age_ns = storage->retention_age_ns,
        .retention_bytes = storage->retention_bytes,
        .retention_free_bytes = storage->retention_free_bytes,
    };

    return weft_store_open(&serve->store, &options, err);
}
