/* search_options.c -- the options that choose spans, as parameters of the API
 * (search_options.h). */
#include "app/search_options.h"
#include "app/ask.h"

static void add(struct weft_buf *path, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') weft_ask_add(path, name, weft_str_from_c(value));
}

void weft_search_options_add(struct weft_buf *path, const struct weft_search_options *o)
{
    add(path, "service", o->service);
    add(path, "operation", o->operation);
    add(path, "kind", o->kind);
    add(path, "status", o->errors ? "error" : o->status);
    add(path, "min_duration", o->min_duration);
    add(path, "max_duration", o->max_duration);
    add(path, "event", o->event);
    if (o->roots) add(path, "root", "true");
    for (uint32_t i = 0; i < o->where.count; i++) weft_ask_add(path, "where", o->where.items[i]);
}
