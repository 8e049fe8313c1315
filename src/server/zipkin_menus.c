/* zipkin_menus.c -- what Zipkin's menus offer.
 *
 * Spec  query.md Q12.1.2, Q12.2
 */
#include "query/zipkin_names.h"
#include "server/zipkin_parameters.h"
#include "server/zipkin_routes.h"
#include "wire/json.h"

#define FEW_SERVICES 3 /* so many change at any moment: browsers ask again */

static struct weft_zipkin_ask ask_of(struct weft_call *call)
{
    return (struct weft_zipkin_ask){
        .source = &call->face->parts->source,
        .arena = &call->arena,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
    };
}

static void allow_caching(struct weft_call *call)
{
    weft_call_add_header(call, WEFT_S("cache-control"), WEFT_S("max-age=300, must-revalidate"));
}

static void answer(struct weft_call *call, const struct weft_zipkin_names *names, bool may_cache)
{
    struct weft_json_writer w = { .out = &call->body };
    if (names->partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"),
                             weft_str_from_c(names->partial_reason));
    else if (may_cache)
        allow_caching(call);
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < names->count; i++) weft_json_string(&w, names->items[i]);
    weft_json_array_end(&w);
}

int weft_zipkin_route_services(struct weft_call *call, struct weft_err *err)
{
    struct weft_zipkin_ask ask = ask_of(call);
    struct weft_zipkin_names services;
    int rc = weft_zipkin_services(&ask, &services, err);
    if (rc < 0) return rc;
    answer(call, &services, services.count > FEW_SERVICES);
    return WEFT_OK;
}

static int names_of_service(struct weft_call *call,
                            int (*load)(const struct weft_zipkin_ask *ask, struct weft_str service,
                                        struct weft_zipkin_names *out, struct weft_err *err),
                            struct weft_err *err)
{
    struct weft_zipkin_ask ask = ask_of(call);
    struct weft_zipkin_names services, names = { 0 };
    struct weft_str service;
    int rc;
    if ((rc = weft_zipkin_required(call, "serviceName", &service, err)) < 0 ||
        (rc = weft_zipkin_services(&ask, &services, err)) < 0)
        return rc;
    service = weft_zipkin_name(call, "serviceName");
    if (service.len > 0 && (rc = load(&ask, service, &names, err)) < 0) return rc;
    answer(call, &names, services.count > FEW_SERVICES);
    return WEFT_OK;
}

int weft_zipkin_route_spans(struct weft_call *call, struct weft_err *err)
{
    return names_of_service(call, weft_zipkin_span_names, err);
}

int weft_zipkin_route_remote_services(struct weft_call *call, struct weft_err *err)
{
    return names_of_service(call, weft_zipkin_remote_services, err);
}

int weft_zipkin_route_autocomplete_keys(struct weft_call *call, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < parts->zipkin_key_count; i++)
        weft_json_string(&w, parts->zipkin_keys[i]);
    weft_json_array_end(&w);
    allow_caching(call);
    return WEFT_OK;
}

int weft_zipkin_route_autocomplete_values(struct weft_call *call, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_zipkin_ask ask = ask_of(call);
    struct weft_zipkin_names values = { 0 };
    struct weft_str key;
    int rc = weft_zipkin_required(call, "key", &key, err);
    for (uint32_t i = 0; rc >= 0 && i < parts->zipkin_key_count; i++)
        if (weft_str_equal(parts->zipkin_keys[i], key))
            rc = weft_zipkin_tag_values(&ask, key, &values, err);
    if (rc < 0) return rc;
    answer(call, &values, true);
    return WEFT_OK;
}
