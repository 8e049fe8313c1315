/* api_openapi.c -- the tables of routes as an OpenAPI document (api_docs.h). */
#include "server/api_docs.h"
#include "wire/json.h"

static void put(struct weft_json_writer *w, const char *key, const char *value)
{
    weft_json_key(w, key);
    weft_json_c(w, value);
}

static void put_choices(struct weft_json_writer *w, const char *const *choices)
{
    weft_json_key(w, "enum");
    weft_json_array_start(w);
    for (uint32_t i = 0; choices[i] != NULL; i++) weft_json_c(w, choices[i]);
    weft_json_array_end(w);
}

/* ---- answers ---- */

static void write_object(struct weft_json_writer *w, const struct weft_api_field *fields);

static void put_type(struct weft_json_writer *w, const char *type, bool is_nullable)
{
    weft_json_key(w, "type");
    if (!is_nullable) {
        weft_json_c(w, type);
        return;
    }
    weft_json_array_start(w);
    weft_json_c(w, type);
    weft_json_c(w, "null");
    weft_json_array_end(w);
}

static void write_element(struct weft_json_writer *w, const struct weft_api_field *field)
{
    if (field->type == WEFT_API_OBJECT) {
        write_object(w, field->fields);
        return;
    }
    weft_json_object_start(w);
    switch (field->type) {
    case WEFT_API_STRING: put_type(w, "string", field->is_nullable); break;
    case WEFT_API_NANOS:
    case WEFT_API_TRACE_ID:
    case WEFT_API_SPAN_ID:
        put_type(w, "string", field->is_nullable);
        put(w, "pattern",
            field->type == WEFT_API_NANOS      ? "^[0-9]+$"
            : field->type == WEFT_API_TRACE_ID ? "^[0-9a-f]{32}$"
                                               : "^[0-9a-f]{16}$");
        break;
    case WEFT_API_INTEGER: put_type(w, "integer", field->is_nullable); break;
    case WEFT_API_DOUBLE:
        weft_json_key(w, "type"); /* "Infinity", "-Infinity" */
        weft_json_array_start(w);
        weft_json_c(w, "number");
        weft_json_c(w, "string");
        if (field->is_nullable) weft_json_c(w, "null");
        weft_json_array_end(w);
        break;
    case WEFT_API_BOOLEAN: put_type(w, "boolean", field->is_nullable); break;
    case WEFT_API_OBJECT:
    case WEFT_API_ANY: break;
    }
    if (field->choices != NULL) put_choices(w, field->choices);
    weft_json_object_end(w);
}

static void write_field(struct weft_json_writer *w, const struct weft_api_field *field,
                        uint8_t list_depth)
{
    if (list_depth == 0) {
        write_element(w, field);
        return;
    }
    weft_json_object_start(w);
    put(w, "type", "array");
    weft_json_key(w, "items");
    write_field(w, field, (uint8_t)(list_depth - 1));
    weft_json_object_end(w);
}

static void write_object(struct weft_json_writer *w, const struct weft_api_field *fields)
{
    bool is_open = false;
    weft_json_object_start(w);
    put(w, "type", "object");
    weft_json_key(w, "properties");
    weft_json_object_start(w);
    for (const struct weft_api_field *f = fields; f->name != NULL; f++) {
        is_open |= f->name[0] == '*';
        if (f->name[0] == '*') continue;
        weft_json_key(w, f->name);
        write_field(w, f, f->list_depth);
    }
    weft_json_object_end(w);
    weft_json_key(w, "required");
    weft_json_array_start(w);
    for (const struct weft_api_field *f = fields; f->name != NULL; f++)
        if (!f->is_optional && f->name[0] != '*') weft_json_c(w, f->name);
    weft_json_array_end(w);
    weft_json_key(w, "additionalProperties");
    weft_json_bool(w, is_open);
    weft_json_object_end(w);
}

static void write_answers(struct weft_json_writer *w, const struct weft_api_field *const *answers)
{
    if (answers[1] == NULL) {
        write_object(w, answers[0]);
        return;
    }
    weft_json_object_start(w);
    weft_json_key(w, "anyOf");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < WEFT_API_ANSWERS_MAX && answers[i] != NULL; i++)
        write_object(w, answers[i]);
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static void write_content(struct weft_json_writer *w, const struct weft_api_field *const *answers)
{
    weft_json_key(w, "content");
    weft_json_object_start(w);
    weft_json_key(w, "application/json");
    weft_json_object_start(w);
    weft_json_key(w, "schema");
    write_answers(w, answers);
    weft_json_object_end(w);
    weft_json_object_end(w);
}

static const struct weft_api_field error_inner_fields[] = {
    { "status", WEFT_API_STRING },
    { "message", WEFT_API_STRING },
    { "line", WEFT_API_INTEGER, .is_optional = true },
    { "column", WEFT_API_INTEGER, .is_optional = true },
    { 0 },
};
static const struct weft_api_field error_fields[] = {
    { "error", WEFT_API_OBJECT, .fields = error_inner_fields },
    { 0 },
};

static void write_responses(struct weft_json_writer *w, const struct weft_route_docs *docs)
{
    const struct weft_api_field *const errors[] = { error_fields, NULL };
    weft_json_key(w, "responses");
    weft_json_object_start(w);
    weft_json_key(w, "200");
    weft_json_object_start(w);
    put(w, "description", "The answer.");
    if (docs->answers[0] != NULL) write_content(w, docs->answers);
    weft_json_object_end(w);
    weft_json_key(w, "default");
    weft_json_object_start(w);
    put(w, "description", "What was found, and what was expected.");
    write_content(w, errors);
    weft_json_object_end(w);
    weft_json_object_end(w);
}

/* ---- what is asked ---- */

static void write_parameter_schema(struct weft_json_writer *w, const struct weft_api_parameter *p)
{
    weft_json_object_start(w);
    switch (p->kind) {
    case WEFT_API_TEXT:
    case WEFT_API_CHOICE: put(w, "type", "string"); break;
    case WEFT_API_TEXTS:
        put(w, "type", "array");
        weft_json_key(w, "items");
        weft_json_raw(w, WEFT_S("{\"type\":\"string\"}"));
        break;
    case WEFT_API_COUNT:
        put(w, "type", "integer");
        weft_json_key(w, "minimum");
        weft_json_u64(w, p->min);
        weft_json_key(w, "maximum");
        weft_json_u64(w, p->max > 0 ? p->max : UINT32_MAX);
        break;
    case WEFT_API_NUMBER:
        put(w, "type", "integer");
        weft_json_key(w, "minimum");
        weft_json_u64(w, 1);
        break;
    case WEFT_API_BYTES:
        put(w, "type", "string");
        put(w, "format", "bytes");
        break;
    case WEFT_API_TIME:
        put(w, "type", "string");
        put(w, "format", "time");
        break;
    case WEFT_API_DURATION:
        put(w, "type", "string");
        put(w, "format", "duration");
        break;
    case WEFT_API_BOOL: put(w, "type", "boolean"); break;
    }
    if (p->choices != NULL) put_choices(w, p->choices);
    if (p->fallback != NULL && p->kind == WEFT_API_COUNT) {
        weft_json_key(w, "default");
        weft_json_raw(w, weft_str_from_c(p->fallback));
    } else if (p->fallback != NULL) {
        put(w, "default", p->fallback);
    }
    weft_json_object_end(w);
}

static void write_path_parameter(struct weft_json_writer *w, const char *name)
{
    weft_json_object_start(w);
    put(w, "name", name);
    put(w, "in", "path");
    weft_json_key(w, "required");
    weft_json_bool(w, true);
    weft_json_key(w, "schema");
    weft_json_raw(w, WEFT_S("{\"type\":\"string\"}"));
    weft_json_object_end(w);
}

static void write_parameters(struct weft_json_writer *w, const struct weft_route_docs *docs)
{
    weft_json_key(w, "parameters");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < WEFT_ROUTE_PARAMETERS_MAX && docs->path_names[i] != NULL; i++)
        write_path_parameter(w, docs->path_names[i]);
    for (const struct weft_api_parameter *p = docs->parameters; p != NULL && p->name != NULL; p++) {
        weft_json_object_start(w);
        put(w, "name", p->name);
        put(w, "in", "query");
        put(w, "description", p->help);
        weft_json_key(w, "required");
        weft_json_bool(w, p->is_required);
        weft_json_key(w, "schema");
        write_parameter_schema(w, p);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

/* The same parameters as members of an object; a list repeats one. */
static void write_body(struct weft_json_writer *w, const struct weft_route_docs *docs)
{
    weft_json_key(w, "requestBody");
    weft_json_object_start(w);
    weft_json_key(w, "content");
    weft_json_object_start(w);
    weft_json_key(w, "application/json");
    weft_json_object_start(w);
    weft_json_key(w, "schema");
    weft_json_object_start(w);
    put(w, "type", "object");
    weft_json_key(w, "properties");
    weft_json_object_start(w);
    for (const struct weft_api_parameter *p = docs->parameters; p != NULL && p->name != NULL; p++) {
        weft_json_key(w, p->name);
        write_parameter_schema(w, p);
    }
    weft_json_object_end(w);
    weft_json_object_end(w);
    weft_json_object_end(w);
    weft_json_object_end(w);
    weft_json_object_end(w);
}

static void write_operation(struct weft_json_writer *w, const struct weft_route_docs *docs,
                            bool is_post)
{
    struct weft_buf name = { 0 };
    weft_buf_printf(&name, "%s%s", docs->name, is_post ? "_post" : "");
    weft_json_key(w, is_post ? "post" : "get");
    weft_json_object_start(w);
    weft_json_key(w, "operationId");
    weft_json_string(w, weft_buf_str(&name));
    put(w, "summary", docs->summary);
    if (is_post)
        write_body(w, docs);
    else
        write_parameters(w, docs);
    write_responses(w, docs);
    weft_json_object_end(w);
    weft_buf_release(&name);
}

/* "/api/v1/traces/{}" with the names of what stands for "{}". */
static void write_path(struct weft_json_writer *w, const struct weft_route *route)
{
    struct weft_buf path = { 0 };
    uint32_t parameter = 0;
    for (const char *p = route->pattern; *p != '\0'; p++) {
        weft_buf_append_byte(&path, *p);
        if (*p == '{') weft_buf_append_c(&path, route->docs->path_names[parameter++]);
    }
    weft_json_key_str(w, weft_buf_str(&path));
    weft_buf_release(&path);
    weft_json_object_start(w);
    write_operation(w, route->docs, false);
    if (strstr(route->methods, "POST") != NULL) write_operation(w, route->docs, true);
    weft_json_object_end(w);
}

void weft_api_openapi_write(struct weft_buf *out, const struct weft_route *routes)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    put(&w, "openapi", "3.1.0");
    weft_json_key(&w, "info");
    weft_json_object_start(&w);
    put(&w, "title", "weft: the own API");
    put(&w, "version", WEFT_VERSION);
    weft_json_object_end(&w);
    weft_json_key(&w, "paths");
    weft_json_object_start(&w);
    for (const struct weft_route *route = routes; route->pattern != NULL; route++)
        if (route->docs != NULL) write_path(&w, route);
    weft_json_object_end(&w);
    weft_json_object_end(&w);
}

int weft_api_openapi(struct weft_call *call, struct weft_err *err)
{
    weft_api_openapi_write(&call->body, weft_routes_api_v1);
    return WEFT_OK;
}
