/* jaeger_reply.c -- see jaeger_reply.h. */
#include "server/jaeger_reply.h"

void weft_jaeger_reply_start(struct weft_jaeger_reply *reply, struct weft_call *call)
{
    struct weft_str pretty = weft_call_query(call, WEFT_S("prettyPrint"), NULL);
    *reply = (struct weft_jaeger_reply){ .call = call };
    reply->is_pretty = pretty.len > 0 && !weft_str_equal_c(pretty, "false");
    reply->w.out = reply->is_pretty ? &reply->text : &call->body;
    weft_json_object_start(&reply->w);
    weft_json_key(&reply->w, "data");
}

void weft_jaeger_reply_flush(struct weft_jaeger_reply *reply)
{
    if (!reply->is_pretty) return;
    weft_json_indent(&reply->indent, &reply->call->body, weft_buf_str(&reply->text));
    weft_buf_reset(&reply->text);
}

void weft_jaeger_reply_finish(struct weft_jaeger_reply *reply, uint64_t total,
                              struct weft_str errors)
{
    struct weft_json_writer *w = &reply->w;
    weft_json_key(w, "total");
    weft_json_u64(w, total);
    weft_json_key(w, "limit");
    weft_json_u64(w, 0);
    weft_json_key(w, "offset");
    weft_json_u64(w, 0);
    weft_json_key(w, "errors");
    if (errors.len > 0)
        weft_json_raw(w, errors);
    else
        weft_json_null(w);
    weft_json_object_end(w);
    weft_jaeger_reply_flush(reply);
    weft_jaeger_reply_release(reply);
}

void weft_jaeger_reply_finish_partial(struct weft_jaeger_reply *reply, const char *partial_reason)
{
    struct weft_str errors = { 0 };
    if (partial_reason != NULL)
        errors = weft_arena_printf(&reply->call->arena, "[{\"msg\":\"%s\"}]", partial_reason);
    weft_jaeger_reply_finish(reply, 0, errors);
}

void weft_jaeger_reply_release(struct weft_jaeger_reply *reply)
{
    weft_buf_release(&reply->text);
    reply->text = (struct weft_buf){ 0 };
}
