/* waterfall_details.c -- the lines under a span: why it failed, its attributes, events and
 * links. */
#include "app/cell_text.h"
#include "app/waterfall_internal.h"
#include "base/clock.h"
#include "model/otlp.h"

static void line_start(struct weft_waterfall *x, uint32_t node, unsigned *room)
{
    unsigned used = weft_waterfall_indent(x, node, true);
    *room = x->width > used + 20 ? x->width - used : 20;
}

static void line(struct weft_waterfall *x, uint32_t node, const char *colour, struct weft_str text)
{
    unsigned room;
    line_start(x, node, &room);
    weft_buf_append_c(x->out, weft_waterfall_colour(x, colour));
    weft_cell_put(x->out, text, room);
    weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[0m"));
    weft_buf_append_byte(x->out, '\n');
}

enum { LONG = 4096, PREVIEW = 256 };

static bool is_long(const struct weft_attribute *a)
{
    return (a->type == WEFT_VALUE_STRING || a->type == WEFT_VALUE_BYTES ||
            a->type == WEFT_VALUE_ARRAY || a->type == WEFT_VALUE_KVLIST) &&
           a->value_len >= LONG;
}

/* Cut into pieces that fit a line, never inside a character. */
static void whole_lines(struct weft_waterfall *x, uint32_t node, struct weft_str text)
{
    unsigned room;

    while (text.len > 0) {
        line_start(x, node, &room);
        size_t take = text.len < room ? text.len : room;
        while (take < text.len && take > 1 && ((uint8_t)text.ptr[take] & 0xc0) == 0x80) take--;
        weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[2m"));
        weft_cell_put(x->out, weft_str_make(text.ptr, take), room * 8);
        weft_buf_append_c(x->out, weft_waterfall_colour(x, "\033[0m"));
        weft_buf_append_byte(x->out, '\n');
        text.ptr += take, text.len -= take;
    }
}

static void attribute_lines(struct weft_waterfall *x, uint32_t node,
                            struct weft_attributes attributes, const char *indent)
{
    struct weft_buf text = { 0 };
    for (uint32_t i = 0; i < attributes.count; i++) {
        const struct weft_attribute *a = &attributes.items[i];
        struct weft_value value = weft_attribute_value(a);
        weft_buf_reset(&text);
        weft_buf_printf(&text, "%s%.*s = ", indent, WEFT_S_ARG(weft_attribute_key(a)));
        if (is_long(a) && !x->options->shows_full) {
            weft_buf_printf(&text, "(%u bytes; --full shows them) ", a->value_len);
            value = (struct weft_value){ .type = WEFT_VALUE_STRING,
                                         .bytes = weft_str_make(a->ptr, PREVIEW) };
        }
        weft_value_to_plain_json(&text, &value);
        if (x->options->shows_full)
            whole_lines(x, node, weft_buf_str(&text));
        else
            line(x, node, "\033[2m", weft_buf_str(&text));
    }
    weft_buf_release(&text);
}

static void event_lines(struct weft_waterfall *x, uint32_t node, const struct weft_span *span)
{
    struct weft_buf text = { 0 };
    char offset[32];
    for (uint32_t i = 0; i < span->event_count; i++) {
        const struct weft_event *event = &span->events[i];
        weft_duration_format(offset, sizeof offset,
                             (int64_t)(event->time_unix_nano - span->start_time_unix_nano));
        weft_buf_reset(&text);
        weft_buf_printf(&text, "◆ %.*s  %s%s", WEFT_S_ARG(event->name), offset[0] == '-' ? "" : "+",
                        offset);
        line(x, node, "\033[33m", weft_buf_str(&text));
        attribute_lines(x, node, event->attributes, "    ");
    }
    weft_buf_release(&text);
}

static void link_lines(struct weft_waterfall *x, uint32_t node, const struct weft_span *span)
{
    struct weft_buf text = { 0 };
    char trace_id[33], span_id[17];
    for (uint32_t i = 0; i < span->link_count; i++) {
        weft_trace_id_format(&span->links[i].trace_id, trace_id);
        weft_span_id_format(&span->links[i].span_id, span_id);
        weft_buf_reset(&text);
        weft_buf_printf(&text, "→ trace %s span %s", trace_id, span_id);
        line(x, node, "\033[36m", weft_buf_str(&text));
        attribute_lines(x, node, span->links[i].attributes, "    ");
    }
    weft_buf_release(&text);
}

void weft_waterfall_details(struct weft_waterfall *x, uint32_t node)
{
    const struct weft_span *span = &x->batch->spans[x->tree.nodes[node].span];
    if (span->status_code == WEFT_STATUS_ERROR && span->status_message.len > 0)
        line(x, node, "\033[31m", span->status_message);
    if (x->options->shows_attributes) attribute_lines(x, node, span->attributes, "");
    if (x->options->shows_events) event_lines(x, node, span);
    if (x->options->shows_events) link_lines(x, node, span);
}
