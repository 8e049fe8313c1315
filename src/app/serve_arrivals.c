/* serve_arrivals.c -- between the receivers and the store stands who looks at what comes in (server/arrivals.h). */
#include "app/serve.h"
#include "base/log.h"

void weft_serve_watch_arrivals(struct weft_serve *serve)
{
    struct weft_buf path = { 0 };
    struct weft_err err;

    weft_buf_printf(&path, "%s/SERVICES", serve->config->storage.directory);
    weft_buf_append_byte(&path, '\0');
    if (weft_service_slots_open(&serve->slots, path.data, &err) < 0)
        weft_log(WEFT_LOG_WARN, "serve", "services get their colours anew: %s", err.text);
    weft_buf_release(&path);
    weft_arrivals_create(&serve->arrivals, &(struct weft_arrivals_options){
                                               .next = weft_store_consumer(serve->store),
                                               .io_thread_count = serve->loop_count,
                                               .slots = serve->slots,
                                               .pool = serve->pool,
                                               .source = weft_store_source(serve->store),
                                           });
    weft_arrivals_start(serve->arrivals);
}
