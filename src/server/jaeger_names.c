/* jaeger_names.c -- services and operations, in the classic API and api_v3.
 *
 * Spec  query.md Q10.2, Q11.1.2
 */
#include "server/jaeger_names.h"
#include "model/jaeger_trace.h"
#include "server/jaeger_reply.h"
#include "server/jaeger_routes.h"

static int operation_compare(const void *a, const void *b)
{
    const struct weft_operation *x = a, *y = b;
    int order = weft_str_compare(x->service_name, y->service_name);
    if (order == 0) order = weft_str_compare(x->name, y->name);
    return order != 0 ? order : (int)x->kind - (int)y->kind;
}

/* All that is known, with Jaeger's words for names that are missing, sorted again. */
static int load(struct weft_call *call, struct weft_operation **out, uint32_t *count,
                struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    int rc = source->operations(source->self, WEFT_S(""), out, count, &call->arena, err);
    if (rc < 0) return rc;
    for (uint32_t i = 0; i < *count; i++) {
        struct weft_operation *operation = &(*out)[i];
        if (operation->service_name.len == 0)
            operation->service_name = WEFT_S(WEFT_JAEGER_NO_SERVICE);
        operation->name = weft_jaeger_name(operation->name);
    }
    if (*count > 1) qsort(*out, *count, sizeof **out, operation_compare);
    return WEFT_OK;
}

int weft_jaeger_load_services(struct weft_call *call, struct weft_str **out, uint32_t *count,
                              struct weft_err *err)
{
    struct weft_operation *all;
    uint32_t all_count;
    int rc = load(call, &all, &all_count, err);
    if (rc < 0) return rc;
    *count = 0;
    *out = weft_arena_alloc_array(&call->arena, all_count, sizeof **out);
    for (uint32_t i = 0; i < all_count; i++)
        if (i == 0 || !weft_str_equal(all[i].service_name, all[i - 1].service_name))
            (*out)[(*count)++] = all[i].service_name;
    return WEFT_OK;
}

int weft_jaeger_load_operations(struct weft_call *call, struct weft_str service,
                                struct weft_str kind, struct weft_operation **out, uint32_t *count,
                                struct weft_err *err)
{
    uint32_t all_count;
    int rc = load(call, out, &all_count, err);
    if (rc < 0) return rc;
    *count = 0;
    for (uint32_t i = 0; i < all_count; i++) {
        struct weft_operation *at = &(*out)[i];
        if (!weft_str_equal(at->service_name, service)) continue;
        if (kind.len > 0 && !weft_str_equal_c(kind, weft_jaeger_kind(at->kind))) continue;
        if (*count > 0 && operation_compare(at, &(*out)[*count - 1]) == 0) continue;
        (*out)[(*count)++] = *at;
    }
    return WEFT_OK;
}

/* ---- classic ---- */

int weft_jaeger_services(struct weft_call *call, struct weft_err *err)
{
    struct weft_str *services;
    uint32_t count;
    struct weft_jaeger_reply reply;
    int rc = weft_jaeger_load_services(call, &services, &count, err);
    if (rc < 0) return rc;
    weft_jaeger_reply_start(&reply, call);
    weft_json_array_start(&reply.w);
    for (uint32_t i = 0; i < count; i++) weft_json_string(&reply.w, services[i]);
    weft_json_array_end(&reply.w);
    weft_jaeger_reply_finish(&reply, count, WEFT_S(""));
    return WEFT_OK;
}

int weft_jaeger_operation_names(struct weft_call *call, struct weft_err *err)
{
    struct weft_operation *operations;
    uint32_t count, names = 0;
    struct weft_jaeger_reply reply;
    int rc = weft_jaeger_load_operations(call, call->parameters[0], WEFT_S(""), &operations, &count,
                                         err);
    if (rc < 0) return rc;
    weft_jaeger_reply_start(&reply, call);
    weft_json_array_start(&reply.w);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && weft_str_equal(operations[i].name, operations[i - 1].name)) continue;
        weft_json_string(&reply.w, operations[i].name);
        names++;
    }
    weft_json_array_end(&reply.w);
    weft_jaeger_reply_finish(&reply, names, WEFT_S(""));
    return WEFT_OK;
}

static void write_operations(struct weft_json_writer *w, const struct weft_operation *operations,
                             uint32_t count, const char *kind_unspecified)
{
    weft_json_array_start(w);
    for (uint32_t i = 0; i < count; i++) {
        const char *kind = weft_jaeger_kind(operations[i].kind);
        weft_json_object_start(w);
        weft_json_key(w, "name");
        weft_json_string(w, operations[i].name);
        weft_json_key(w, "spanKind");
        weft_json_c(w, kind[0] != '\0' ? kind : kind_unspecified);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

int weft_jaeger_operations(struct weft_call *call, struct weft_err *err)
{
    struct weft_str service = weft_call_query(call, WEFT_S("service"), NULL);
    struct weft_str kind = weft_call_query(call, WEFT_S("spanKind"), NULL);
    struct weft_operation *operations;
    uint32_t count;
    struct weft_jaeger_reply reply;
    if (service.len == 0) return weft_fail(err, WEFT_INVALID, "parameter 'service' is required");
    int rc = weft_jaeger_load_operations(call, service, kind, &operations, &count, err);
    if (rc < 0) return rc;
    weft_jaeger_reply_start(&reply, call);
    write_operations(&reply.w, operations, count, "");
    weft_jaeger_reply_finish(&reply, count, WEFT_S(""));
    return WEFT_OK;
}

/* ---- api_v3 ---- */

int weft_jaeger_v3_services(struct weft_call *call, struct weft_err *err)
{
    struct weft_str *services;
    uint32_t count;
    struct weft_json_writer w = { .out = &call->body };
    int rc = weft_jaeger_load_services(call, &services, &count, err);
    if (rc < 0) return rc;
    weft_json_object_start(&w);
    weft_json_key(&w, "services");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < count; i++) weft_json_string(&w, services[i]);
    weft_json_array_end(&w);
    weft_json_object_end(&w);
    return WEFT_OK;
}

int weft_jaeger_v3_operations(struct weft_call *call, struct weft_err *err)
{
    struct weft_str kind = weft_call_query(call, WEFT_S("spanKind"), NULL);
    struct weft_operation *operations;
    uint32_t count;
    struct weft_json_writer w = { .out = &call->body };
    if (kind.len == 0) kind = weft_call_query(call, WEFT_S("span_kind"), NULL);
    int rc = weft_jaeger_load_operations(call, weft_call_query(call, WEFT_S("service"), NULL), kind,
                                         &operations, &count, err);
    if (rc < 0) return rc;
    weft_json_object_start(&w);
    weft_json_key(&w, "operations");
    write_operations(&w, operations, count, "internal");
    weft_json_object_end(&w);
    return WEFT_OK;
}
