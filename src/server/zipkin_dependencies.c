/* zipkin_dependencies.c -- who calls whom.
 *
 * Spec  query.md Q12.5.1
 */
#include "query/zipkin_links.h"
#include "server/zipkin_parameters.h"
#include "server/zipkin_routes.h"
#include "wire/json.h"

static void put_link(struct weft_json_writer *w, const struct weft_service_link *link)
{
    weft_json_object_start(w);
    weft_json_key(w, "parent");
    weft_json_string(w, link->parent);
    weft_json_key(w, "child");
    weft_json_string(w, link->child);
    weft_json_key(w, "callCount");
    weft_json_u64(w, link->call_count);
    if (link->error_count > 0) {
        weft_json_key(w, "errorCount");
        weft_json_u64(w, link->error_count);
    }
    weft_json_object_end(w);
}

int weft_zipkin_route_dependencies(struct weft_call *call, struct weft_err *err)
{
    struct weft_json_writer w = { .out = &call->body };
    struct weft_zipkin_links_query query = {
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    struct weft_zipkin_links links;
    struct weft_str ignored;
    int rc;
    if ((rc = weft_zipkin_required(call, "endTs", &ignored, err)) < 0 ||
        (rc = weft_zipkin_range(call, &query.from_us, &query.to_us, err)) < 0 ||
        (rc = weft_zipkin_find_links(&call->face->parts->source, &query, &links, &call->arena,
                                     err)) < 0)
        return rc;
    if (links.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"), weft_str_from_c(links.partial_reason));
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < links.count; i++) put_link(&w, &links.items[i]);
    weft_json_array_end(&w);
    return WEFT_OK;
}
