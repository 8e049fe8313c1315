/* api_names.c -- services and their operations, as JSON (api_names.h). */
#include "server/api_names.h"
#include "wire/json.h"

static int load_operations(struct weft_call *call, struct weft_str service,
                           struct weft_operation **operations, uint32_t *count,
                           struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    return source->operations(source->self, service, operations, count, &call->arena, err);
}

static void write_counts(struct weft_json_writer *w, uint64_t spans, uint64_t errors)
{
    weft_json_key(w, "span_count");
    weft_json_u64(w, spans);
    weft_json_key(w, "error_count");
    weft_json_u64(w, errors);
}

int weft_api_services(struct weft_call *call, struct weft_err *err)
{
    struct weft_operation *operations;
    uint32_t count;
    int rc = load_operations(call, (struct weft_str){ 0 }, &operations, &count, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "services");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < count;) { /* sorted by service: one run each */
        uint32_t first = i;
        uint64_t spans = 0, errors = 0;
        for (; i < count &&
               weft_str_equal(operations[i].service_name, operations[first].service_name);
             i++) {
            spans += operations[i].span_count;
            errors += operations[i].error_count;
        }
        weft_json_object_start(&w);
        weft_json_key(&w, "name");
        weft_json_string(&w, operations[first].service_name);
        weft_json_key(&w, "slot");
        weft_json_u64(&w,
                      weft_service_slot(call->face->parts->slots, operations[first].service_name));
        write_counts(&w, spans, errors);
        weft_json_key(&w, "operation_count");
        weft_json_u64(&w, i - first);
        weft_json_object_end(&w);
    }
    weft_json_array_end(&w);
    weft_json_object_end(&w);
    return WEFT_OK;
}

int weft_api_operations(struct weft_call *call, struct weft_err *err)
{
    struct weft_operation *found;
    uint32_t count;
    int rc =
        load_operations(call, weft_call_query(call, WEFT_S("service"), NULL), &found, &count, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "operations");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < count; i++) {
        weft_json_object_start(&w);
        weft_json_key(&w, "service_name");
        weft_json_string(&w, found[i].service_name);
        weft_json_key(&w, "name");
        weft_json_string(&w, found[i].name);
        weft_json_key(&w, "kind");
        weft_json_c(&w, weft_span_kind_name(found[i].kind));
        write_counts(&w, found[i].span_count, found[i].error_count);
        weft_json_object_end(&w);
    }
    weft_json_array_end(&w);
    weft_json_object_end(&w);
    return WEFT_OK;
}
