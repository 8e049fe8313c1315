/* zipkin_span.c -- names, endpoints and times of a span as Zipkin has them (zipkin_span.h). Tags and annotations: zipkin_tags.c. */
#include "model/zipkin_internal.h"
#include "wire/text.h"

const struct weft_zipkin_keys weft_zipkin_keys[WEFT_ZIPKIN_SIDES] = {
    [WEFT_ZIPKIN_REMOTE] = { WEFT_S_INIT("peer.service"), WEFT_S_INIT("network.peer.address"),
                             WEFT_S_INIT("network.peer.port"),
                             WEFT_S_INIT(WEFT_ZIPKIN_REMOTE_SERVICE),
                             WEFT_S_INIT("zipkin.remoteEndpoint.ipv4"),
                             WEFT_S_INIT("zipkin.remoteEndpoint.ipv6"),
                             WEFT_S_INIT("zipkin.remoteEndpoint.port") },
    [WEFT_ZIPKIN_LOCAL] = { .address = WEFT_S_INIT("network.local.address"),
                            .port = WEFT_S_INIT("network.local.port"),
                            .own_ipv4 = WEFT_S_INIT("zipkin.localEndpoint.ipv4"),
                            .own_ipv6 = WEFT_S_INIT("zipkin.localEndpoint.ipv6"),
                            .own_port = WEFT_S_INIT("zipkin.localEndpoint.port") },
};
const struct weft_str weft_zipkin_peer_keys[WEFT_ZIPKIN_PEER_KEYS] = {
    WEFT_S_INIT("net.peer.name"),
    WEFT_S_INIT("service.peer.name"),
    WEFT_S_INIT("peer.service"),
    WEFT_S_INIT("server.address"),
};

static bool is_native(const struct weft_scope *scope)
{
    const struct weft_attribute *mark =
        weft_attributes_find(scope->attributes, WEFT_S(WEFT_ZIPKIN_MARK));
    return mark != NULL && mark->type == WEFT_VALUE_STRING &&
           weft_str_equal_c(weft_str_make(mark->ptr, mark->value_len), WEFT_ZIPKIN_MARK_VALUE);
}

/* ---- of spans that came in Zipkin's format ---- */

static bool take_text(struct weft_str key, struct weft_str value,
                      const struct weft_zipkin_keys *keys, struct weft_zipkin_endpoint *own,
                      struct weft_zipkin_endpoint *usual)
{
    if (keys->service.len > 0 && weft_str_equal(key, keys->service))
        usual->service_name = value;
    else if (weft_str_equal(key, keys->address))
        *(weft_str_find(value, ':') >= 0 ? &usual->ipv6 : &usual->ipv4) = value;
    else if (keys->own_service.len > 0 && weft_str_equal(key, keys->own_service))
        own->service_name = value;
    else if (weft_str_equal(key, keys->own_ipv4))
        own->ipv4 = value;
    else if (weft_str_equal(key, keys->own_ipv6))
        own->ipv6 = value;
    else
        return false;
    return true;
}

/* What stands under zipkin's own keys counts; and says that the usual key is a tag, where its pointer is set. */
static void endpoint_finish(struct weft_zipkin_endpoint *out,
                            const struct weft_zipkin_endpoint *own,
                            const struct weft_zipkin_endpoint *usual)
{
    out->service_name = own->service_name.ptr != NULL ? own->service_name : usual->service_name;
    out->ipv4 = own->ipv4.ptr != NULL ? own->ipv4 : usual->ipv4;
    out->ipv6 = own->ipv4.ptr != NULL || own->ipv6.ptr != NULL ? own->ipv6 : usual->ipv6;
}

static void take_flag(struct weft_zipkin_span *out, struct weft_str key)
{
    if (weft_str_equal_c(key, WEFT_ZIPKIN_SHARED)) out->is_shared = true;
    if (weft_str_equal_c(key, WEFT_ZIPKIN_DEBUG)) out->is_debug = true;
}

static void take_port(struct weft_zipkin_endpoint *out, const struct weft_zipkin_keys *keys,
                      struct weft_str key, int64_t port)
{
    if (weft_str_equal(key, keys->port) || weft_str_equal(key, keys->own_port))
        out->port = (uint16_t)port;
}

static void read_native(struct weft_zipkin_span *out)
{
    struct weft_zipkin_endpoint own[WEFT_ZIPKIN_SIDES] = { 0 }, usual[WEFT_ZIPKIN_SIDES] = { 0 };
    struct weft_attributes attributes = out->span->attributes;
    for (uint32_t i = 0; i < attributes.count; i++) {
        const struct weft_attribute *a = &attributes.items[i];
        struct weft_str key = weft_attribute_key(a);
        for (int side = 0; side < WEFT_ZIPKIN_SIDES; side++) {
            const struct weft_zipkin_keys *keys = &weft_zipkin_keys[side];
            if (a->type == WEFT_VALUE_STRING)
                take_text(key, weft_str_make(a->ptr != NULL ? a->ptr : "", a->value_len), keys,
                          &own[side], &usual[side]);
            else if (a->type == WEFT_VALUE_INT)
                take_port(side == WEFT_ZIPKIN_REMOTE ? &out->remote : &out->local, keys, key,
                          a->int_value);
        }
        if (a->type == WEFT_VALUE_BOOL && a->bool_value) take_flag(out, key);
    }
    endpoint_finish(&out->remote, &own[WEFT_ZIPKIN_REMOTE], &usual[WEFT_ZIPKIN_REMOTE]);
    own[WEFT_ZIPKIN_LOCAL].service_name = out->local.service_name;
    endpoint_finish(&out->local, &own[WEFT_ZIPKIN_LOCAL], &usual[WEFT_ZIPKIN_LOCAL]);
}

/* ---- of all others ---- */

static struct weft_str attribute_text(const struct weft_span *span, struct weft_str key,
                                      struct weft_arena *arena)
{
    for (uint32_t i = span->attributes.count; i-- > 0;) {
        const struct weft_attribute *a = &span->attributes.items[i];
        if (weft_str_equal(weft_attribute_key(a), key)) return weft_zipkin_value_text(a, arena);
    }
    return WEFT_S("");
}

static struct weft_str peer_name(const struct weft_span *span, struct weft_arena *arena)
{
    bool calls = span->kind == WEFT_KIND_CLIENT || span->kind == WEFT_KIND_PRODUCER;
    for (int i = 0; i < (calls ? WEFT_ZIPKIN_PEER_KEYS : 1); i++) {
        struct weft_str name = attribute_text(span, weft_zipkin_peer_keys[i], arena);
        if (name.len > 0) return name;
    }
    return WEFT_S("");
}

uint64_t weft_zipkin_timestamp_us(const struct weft_span *span)
{
    if (is_native(span->scope) &&
        weft_attributes_find(span->attributes, WEFT_S(WEFT_ZIPKIN_NO_TIMESTAMP)) != NULL)
        return 0;
    return span->start_time_unix_nano / 1000;
}

bool weft_zipkin_has_parent(const struct weft_span *span)
{
    return !weft_span_id_is_zero(&span->parent_span_id) &&
           memcmp(&span->parent_span_id, &span->span_id, sizeof span->span_id) != 0;
}

void weft_zipkin_span_make(struct weft_zipkin_span *out, const struct weft_span *span,
                           struct weft_arena *arena)
{
    *out = (struct weft_zipkin_span){
        .span = span,
        .is_native = is_native(span->scope),
        .has_parent = weft_zipkin_has_parent(span),
        .name = weft_utf8_lower(span->name, arena),
        .timestamp_us = weft_zipkin_timestamp_us(span),
        .duration_us = weft_span_duration_ns(span) / 1000,
        .local.service_name = weft_utf8_lower(span->scope->resource->service_name, arena),
    };
    if (out->is_native) {
        read_native(out);
    } else {
        if (out->duration_us == 0) out->duration_us = 1;
        out->remote.service_name = peer_name(span, arena);
    }
    out->remote.service_name = weft_utf8_lower(out->remote.service_name, arena);
}

const char *weft_zipkin_kind(const struct weft_zipkin_span *span)
{
    switch (span->span->kind) {
    case WEFT_KIND_CLIENT: return "CLIENT";
    case WEFT_KIND_SERVER: return "SERVER";
    case WEFT_KIND_PRODUCER: return "PRODUCER";
    case WEFT_KIND_CONSUMER: return "CONSUMER";
    default: return NULL;
    }
}
