/* api_value.c -- previews of long values, and the whole value for who asks for it. */
#include "server/api_value.h"
#include "model/otlp.h"
#include "wire/text.h"

static const char *const type_names[] = {
    [WEFT_VALUE_STRING] = "string",
    [WEFT_VALUE_BYTES] = "bytes",
    [WEFT_VALUE_ARRAY] = "array",
    [WEFT_VALUE_KVLIST] = "kvlist",
};

static bool is_long(const struct weft_attribute *a)
{
    switch (a->type) {
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_BYTES:
    case WEFT_VALUE_ARRAY:
    case WEFT_VALUE_KVLIST: return a->value_len >= WEFT_API_PREVIEW_MIN;
    default: return false;
    }
}

/* The first bytes, ending where a character ends. */
static struct weft_str text_start(struct weft_str text)
{
    size_t len = text.len < WEFT_API_PREVIEW_BYTES ? text.len : WEFT_API_PREVIEW_BYTES;

    if (len < text.len)
        for (unsigned back = 0; back < 3 && len > 0 && ((uint8_t)text.ptr[len] & 0xc0) == 0x80;
             back++)
            len--;
    return weft_str_make(text.ptr, len);
}

/* Strings and bytes keep their type; of arrays and kvlists the start of their JSON is shown. */
static void write_preview(struct weft_json_writer *w, const struct weft_attribute *a)
{
    struct weft_value value = weft_attribute_value(a);
    struct weft_buf json = { 0 };

    if (a->type == WEFT_VALUE_BYTES) {
        value.bytes.len = WEFT_API_PREVIEW_BYTES;
    } else if (a->type == WEFT_VALUE_STRING) {
        value.bytes = text_start(value.bytes);
    } else {
        weft_value_to_plain_json(&json, &value);
        value = (struct weft_value){ .type = WEFT_VALUE_STRING,
                                     .bytes = text_start(weft_buf_str(&json)) };
    }
    weft_otlp_value_to_json(w->out, &value);
    weft_buf_release(&json);
}

static uint32_t occurrence_of(struct weft_attributes attributes, uint32_t i)
{
    uint32_t before = 0;
    for (uint32_t k = 0; k < i; k++)
        before += weft_str_equal(weft_attribute_key(&attributes.items[k]),
                                 weft_attribute_key(&attributes.items[i]));
    return before;
}

static void write_address(struct weft_json_writer *w, const struct weft_api_place *place,
                          struct weft_attributes attributes, uint32_t i)
{
    struct weft_buf address = { 0 };
    char trace_id[33], span_id[17];
    uint32_t nth = occurrence_of(attributes, i);

    weft_trace_id_format(place->trace_id, trace_id);
    weft_span_id_format(&place->span->span_id, span_id);
    weft_buf_printf(&address, "/api/v1/traces/%s/spans/%s/value?key=", trace_id, span_id);
    weft_percent_encode(&address, weft_attribute_key(&attributes.items[i]));
    if (place->event >= 0) weft_buf_printf(&address, "&event=%lld", (long long)place->event);
    if (nth > 0) weft_buf_printf(&address, "&nth=%u", nth);
    weft_json_string(w, weft_buf_str(&address));
    weft_buf_release(&address);
}

void weft_api_write_attributes(struct weft_json_writer *w, struct weft_attributes attributes,
                               const struct weft_api_place *place)
{
    weft_json_array_start(w);
    for (uint32_t i = 0; i < attributes.count; i++) {
        const struct weft_attribute *a = &attributes.items[i];
        struct weft_value value = weft_attribute_value(a);
        bool is_preview = place != NULL && is_long(a);
        weft_json_object_start(w);
        weft_json_key(w, "key");
        weft_json_string(w, weft_attribute_key(a));
        weft_json_key(w, "value");
        if (is_preview)
            write_preview(w, a);
        else
            weft_otlp_value_to_json(w->out, &value);
        w->needs_comma = true;
        if (is_preview) {
            weft_json_key(w, "preview_of");
            weft_json_c(w, type_names[a->type]);
            weft_json_key(w, "length");
            weft_json_u64(w, a->value_len);
            weft_json_key(w, "href");
            write_address(w, place, attributes, i);
        }
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

/* ---- one value ---- */

struct wanted {
    struct weft_span_id span_id;
    struct weft_str key;
    uint64_t event, nth;
    bool has_event;
};

static int number_parameter(struct weft_call *call, const char *name, uint64_t *out, bool *is_there,
                            struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), is_there);

    *out = 0;
    if (*is_there && !weft_str_to_u64(text, out))
        return weft_fail(err, WEFT_INVALID, "%s: found \"%.*s\", expected a number from 0", name,
                         WEFT_S_ARG(text));
    return WEFT_OK;
}

static int wanted_read(struct weft_call *call, struct wanted *out, struct weft_err *err)
{
    bool is_there;
    int rc;

    if (!weft_span_id_parse(call->parameters[1], &out->span_id))
        return weft_fail(err, WEFT_INVALID, "span id \"%.*s\": expected 16 hex digits",
                         WEFT_S_ARG(call->parameters[1]));
    out->key = weft_call_query(call, WEFT_S("key"), &is_there);
    if (!is_there) return weft_fail(err, WEFT_INVALID, "key: not given; expected an attribute's");
    if ((rc = number_parameter(call, "event", &out->event, &out->has_event, err)) < 0) return rc;
    return number_parameter(call, "nth", &out->nth, &is_there, err);
}

static const struct weft_attribute *find_in(struct weft_attributes list,
                                            const struct wanted *wanted)
{
    uint64_t left = wanted->nth;

    for (uint32_t i = 0; i < list.count; i++)
        if (weft_str_equal(weft_attribute_key(&list.items[i]), wanted->key) && left-- == 0)
            return &list.items[i];
    return NULL;
}

/* Two spans may have one id (a client's and its server's, a duplicate with other content): the first
 * that has the attribute. */
static const struct weft_attribute *find(const struct weft_batch *batch,
                                         const struct wanted *wanted, bool *has_span)
{
    const struct weft_attribute *found = NULL;

    *has_span = false;
    for (uint32_t i = 0; i < batch->span_count && found == NULL; i++) {
        const struct weft_span *span = &batch->spans[i];
        if (memcmp(&span->span_id, &wanted->span_id, 8) != 0) continue;
        *has_span = true;
        if (!wanted->has_event)
            found = find_in(span->attributes, wanted);
        else if (wanted->event < span->event_count)
            found = find_in(span->events[wanted->event].attributes, wanted);
    }
    return found;
}

static void write_value(struct weft_call *call, const struct weft_attribute *a)
{
    struct weft_value value = weft_attribute_value(a);

    switch (a->type) {
    case WEFT_VALUE_STRING:
        call->content_type = WEFT_S("text/plain; charset=utf-8");
        weft_buf_append_str(&call->body, value.bytes);
        break;
    case WEFT_VALUE_BYTES:
        call->content_type = WEFT_S("application/octet-stream");
        weft_buf_append_str(&call->body, value.bytes);
        break;
    default: weft_otlp_value_to_json(&call->body, &value);
    }
}

int weft_api_value(struct weft_call *call, struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    struct weft_batch batch = { .arena = &call->arena };
    struct weft_trace_id id;
    struct wanted wanted;
    bool has_span;
    int rc;

    if (!weft_trace_id_parse(call->parameters[0], &id))
        return weft_fail(err, WEFT_INVALID, "trace id \"%.*s\": expected 1 to 32 hex digits",
                         WEFT_S_ARG(call->parameters[0]));
    if ((rc = wanted_read(call, &wanted, err)) < 0) return rc;
    rc = source->trace(source->self, &id, &batch, err);
    if (rc == WEFT_NOT_FOUND)
        return weft_fail(err, rc, "trace %.*s is not here", WEFT_S_ARG(call->parameters[0]));
    if (rc < 0) return rc;
    const struct weft_attribute *a = find(&batch, &wanted, &has_span);
    if (!has_span)
        return weft_fail(err, WEFT_NOT_FOUND, "trace %.*s has no span %.*s",
                         WEFT_S_ARG(call->parameters[0]), WEFT_S_ARG(call->parameters[1]));
    if (a == NULL)
        return weft_fail(err, WEFT_NOT_FOUND, "span %.*s has no such value of \"%.*s\"",
                         WEFT_S_ARG(call->parameters[1]), WEFT_S_ARG(wanted.key));
    write_value(call, a);
    return WEFT_OK;
}
