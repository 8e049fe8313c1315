/* api_parameters.c -- parameters from a query string and a JSON body (api_parameters.h). */
#include "server/api_parameters.h"
#include "wire/json.h"
#include "wire/text.h"

static int json_value(struct weft_json_reader *r, enum weft_json_token token, struct weft_str *text)
{
    switch (token) {
    case WEFT_JSON_STRING:
    case WEFT_JSON_NUMBER: *text = r->text; return WEFT_OK;
    case WEFT_JSON_TRUE: *text = WEFT_S("true"); return WEFT_OK;
    case WEFT_JSON_FALSE: *text = WEFT_S("false"); return WEFT_OK;
    default: return WEFT_INVALID;
    }
}

static int json_member(struct weft_json_reader *r, struct weft_str name,
                       weft_api_take_parameter *take, void *arg, struct weft_err *err)
{
    struct weft_str text;
    enum weft_json_token token = weft_json_next(r);
    bool is_list = token == WEFT_JSON_ARRAY_START;
    if (token == WEFT_JSON_NULL) return WEFT_OK;
    if (is_list) token = weft_json_next(r);
    while (!is_list || token != WEFT_JSON_ARRAY_END) {
        if (token == WEFT_JSON_ERROR) return weft_json_fail(r, err);
        if (json_value(r, token, &text) < 0)
            return weft_fail(err, WEFT_INVALID,
                             "%.*s: expected a text, a number, true, false or a list of them",
                             WEFT_S_ARG(name));
        int rc = take(arg, name, text, err);
        if (rc < 0 || !is_list) return rc;
        token = weft_json_next(r);
    }
    return WEFT_OK;
}

static int json_parameters(struct weft_call *call, weft_api_take_parameter *take, void *arg,
                           struct weft_err *err)
{
    struct weft_json_reader r;
    enum weft_json_token token;
    int rc = WEFT_OK;
    weft_json_reader_init(&r, call->exchange->body, &call->arena);
    if (weft_json_next(&r) != WEFT_JSON_OBJECT_START)
        return weft_fail(err, WEFT_INVALID, "body: expected a JSON object of search parameters");
    while (rc == WEFT_OK && (token = weft_json_next(&r)) == WEFT_JSON_KEY)
        rc = json_member(&r, r.text, take, arg, err);
    if (rc == WEFT_OK && token == WEFT_JSON_ERROR) rc = weft_json_fail(&r, err);
    return rc;
}

int weft_api_each_parameter(struct weft_call *call, weft_api_take_parameter *take, void *arg,
                            struct weft_err *err)
{
    struct weft_str name, value;
    size_t at = 0;
    int rc = WEFT_OK;
    while (rc == WEFT_OK &&
           weft_query_string_next(call->exchange->query, &at, &call->arena, &name, &value))
        rc = take(arg, name, value, err);
    if (rc == WEFT_OK && call->exchange->method == WEFT_HTTP_POST && call->exchange->body.len > 0)
        rc = json_parameters(call, take, arg, err);
    return rc;
}
