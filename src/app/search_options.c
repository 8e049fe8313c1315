/* search_options.c -- the options that choose spans, as parameters of the API
 * (search_options.h). */
#include "app/search_options.h"
#include "app/ask.h"

void weft_search_options_add(struct weft_buf *path, const struct weft_search_options *o)
{
    weft_ask_add_text(path, "service", o->service);
    weft_ask_add_text(path, "operation", o->operation);
    weft_ask_add_text(path, "kind", o->kind);
    weft_ask_add_text(path, "status", o->errors ? "error" : o->status);
    weft_ask_add_text(path, "min_duration", o->min_duration);
    weft_ask_add_text(path, "max_duration", o->max_duration);
    weft_ask_add_text(path, "event", o->event);
    if (o->roots) weft_ask_add_text(path, "root", "true");
    for (uint32_t i = 0; i < o->where.count; i++) weft_ask_add(path, "where", o->where.items[i]);
}
