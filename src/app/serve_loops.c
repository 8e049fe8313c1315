/* serve_loops.c -- the I/O threads: one event loop each. */
#include "app/serve.h"

#include "base/alloc.h"
#include "base/thread.h"

int weft_serve_create_loops(struct weft_serve *serve, struct weft_err *err)
{
    unsigned count =
        serve->config->io_threads > 0 ? (unsigned)serve->config->io_threads : weft_cpu_count();

    serve->loops = weft_alloc_array(count, sizeof *serve->loops);
    serve->threads = weft_alloc_array(count, sizeof *serve->threads);
    for (serve->loop_count = 0; serve->loop_count < count; serve->loop_count++) {
        int rc = weft_loop_create(&serve->loops[serve->loop_count], serve->loop_count, err);
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}

static void run_loop(void *arg)
{
    weft_loop_run(arg);
}

int weft_serve_start_loops(struct weft_serve *serve, struct weft_err *err)
{
    for (unsigned i = 0; i < serve->loop_count; i++) {
        char name[16];
        snprintf(name, sizeof name, "weft-io-%u", i % 1000);
        int rc = weft_thread_start(&serve->threads[i], name, run_loop, serve->loops[i], err);
        if (rc < 0) return rc;
        serve->running_threads = i + 1;
    }
    return WEFT_OK;
}

void weft_serve_stop_loops(struct weft_serve *serve)
{
    for (unsigned i = 0; i < serve->running_threads; i++) weft_loop_stop(serve->loops[i]);
    for (unsigned i = 0; i < serve->running_threads; i++) pthread_join(serve->threads[i], NULL);
    serve->running_threads = 0;
}

void weft_serve_destroy_loops(struct weft_serve *serve)
{
    for (unsigned i = 0; i < serve->loop_count; i++) weft_loop_destroy(serve->loops[i]);
    weft_free(serve->loops);
    weft_free(serve->threads);
    serve->loops = NULL;
    serve->threads = NULL;
    serve->loop_count = 0;
}
