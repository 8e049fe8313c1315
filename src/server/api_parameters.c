/* api_parameters.c -- parameters from a query string and a JSON body (api_parameters.h). */
#include "server/api_parameters.h"
#include "base/clock.h"
#include "base/option.h"
#include "query/search_request.h"
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
        return weft_fail(err, WEFT_INVALID, "body: expected a JSON object of parameters");
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

/* ---- tables ---- */

struct reading {
    struct weft_call *call;
    const struct weft_api_parameter *table;
    char *out;
    uint64_t now_ns;
    uint64_t given; /* bit i: the i-th of the table */
};

static int expected(const struct weft_api_parameter *p, struct weft_str value, const char *what,
                    struct weft_err *err)
{
    return weft_fail(err, WEFT_INVALID, "%s: found \"%.*s\", expected %s", p->name,
                     WEFT_S_ARG(value), what);
}

static int set_count(const struct weft_api_parameter *p, uint32_t *out, struct weft_str value,
                     struct weft_err *err)
{
    uint64_t number, max = p->max > 0 ? p->max : UINT32_MAX;
    if (!weft_str_to_u64(value, &number) || number < p->min || number > max)
        return weft_fail(err, WEFT_INVALID, "%s: found \"%.*s\", expected a number from %u to %llu",
                         p->name, WEFT_S_ARG(value), p->min, (unsigned long long)max);
    *out = (uint32_t)number;
    return WEFT_OK;
}

static int set_choice(const struct weft_api_parameter *p, uint32_t *out, struct weft_str value,
                      struct weft_arena *arena, struct weft_err *err)
{
    struct weft_str all = { 0 };
    for (uint32_t i = 0; p->choices[i] != NULL; i++) {
        if (weft_str_equal_c(value, p->choices[i])) {
            *out = i;
            return WEFT_OK;
        }
        all =
            weft_arena_printf(arena, "%.*s%s%s", WEFT_S_ARG(all), i > 0 ? ", " : "", p->choices[i]);
    }
    return weft_fail(err, WEFT_INVALID, "%s: found \"%.*s\", expected one of %.*s", p->name,
                     WEFT_S_ARG(value), WEFT_S_ARG(all));
}

static int set_text(const struct weft_api_parameter *p, struct weft_api_texts *out,
                    struct weft_str value, struct weft_err *err)
{
    if (out->count == WEFT_API_TEXTS_MAX)
        return weft_fail(err, WEFT_INVALID, "%s: given more than %u times", p->name,
                         WEFT_API_TEXTS_MAX);
    out->items[out->count++] = value;
    return WEFT_OK;
}

static int set_parameter(const struct reading *r, const struct weft_api_parameter *p,
                         struct weft_str value, struct weft_err *err)
{
    void *field = r->out + p->offset;
    int64_t ns;
    switch (p->kind) {
    case WEFT_API_TEXT: *(struct weft_str *)field = value; return WEFT_OK;
    case WEFT_API_TEXTS: return set_text(p, field, value, err);
    case WEFT_API_COUNT: return set_count(p, field, value, err);
    case WEFT_API_TIME:
        if (weft_search_time_parse(field, value, r->now_ns, err) == WEFT_OK) return WEFT_OK;
        return weft_err_wrap(err, "%s", p->name);
    case WEFT_API_DURATION:
        if (!weft_duration_parse(value, &ns) || ns <= 0)
            return expected(p, value, "a duration such as 15m or 250ms", err);
        *(uint64_t *)field = (uint64_t)ns;
        return WEFT_OK;
    case WEFT_API_NUMBER:
        if (weft_str_to_u64(value, field) && *(uint64_t *)field > 0) return WEFT_OK;
        return expected(p, value, "a number from 1", err);
    case WEFT_API_BYTES:
        if (weft_bytes_parse(value, field) && *(uint64_t *)field > 0) return WEFT_OK;
        return expected(p, value, "a number of bytes such as 64MiB", err);
    case WEFT_API_CHOICE: return set_choice(p, field, value, &r->call->arena, err);
    case WEFT_API_BOOL:
        *(bool *)field = weft_str_equal_c(value, "true");
        if (*(bool *)field || weft_str_equal_c(value, "false")) return WEFT_OK;
        return expected(p, value, "true or false", err);
    }
    return WEFT_OK;
}

static int unknown(const struct weft_api_parameter *table, struct weft_str name,
                   struct weft_err *err)
{
    const char *nearest = NULL;
    size_t nearest_distance = 4;
    for (uint32_t i = 0; table[i].name != NULL; i++) {
        size_t distance = weft_str_distance(name, weft_str_from_c(table[i].name));
        if (distance >= nearest_distance) continue;
        nearest_distance = distance;
        nearest = table[i].name;
    }
    if (nearest == NULL)
        return weft_fail(err, WEFT_INVALID, "unknown parameter \"%.*s\"", WEFT_S_ARG(name));
    return weft_fail(err, WEFT_INVALID, "unknown parameter \"%.*s\"; did you mean \"%s\"?",
                     WEFT_S_ARG(name), nearest);
}

static int take_from_table(void *arg, struct weft_str name, struct weft_str value,
                           struct weft_err *err)
{
    struct reading *r = arg;
    for (uint32_t i = 0; r->table[i].name != NULL; i++) {
        if (!weft_str_equal_c(name, r->table[i].name)) continue;
        if (value.len == 0) return WEFT_OK;
        r->given |= UINT64_C(1) << i;
        return set_parameter(r, &r->table[i], value, err);
    }
    return unknown(r->table, name, err);
}

int weft_api_parameter_take(struct weft_call *call, const struct weft_api_parameter *table,
                            void *out, struct weft_str name, struct weft_str value,
                            struct weft_err *err)
{
    const struct reading r = { call, table, out, weft_clock_unix_ns(), 0 };

    for (const struct weft_api_parameter *p = table; p->name != NULL; p++) {
        if (!weft_str_equal_c(name, p->name)) continue;
        int rc = value.len > 0 ? set_parameter(&r, p, value, err) : WEFT_OK;
        return rc < 0 ? rc : 1;
    }
    return 0;
}

int weft_api_parameters_read(struct weft_call *call, const struct weft_api_parameter *table,
                             void *out, struct weft_err *err)
{
    struct reading r = { call, table, out, weft_clock_unix_ns(), 0 };
    int rc = weft_api_each_parameter(call, take_from_table, &r, err);
    for (uint32_t i = 0; rc == WEFT_OK && table[i].name != NULL; i++) {
        if ((r.given & UINT64_C(1) << i) != 0) continue;
        if (table[i].is_required)
            rc = weft_fail(err, WEFT_INVALID, "%s: not given, expected %s", table[i].name,
                           table[i].help);
        else if (table[i].fallback != NULL)
            rc = set_parameter(&r, &table[i], weft_str_from_c(table[i].fallback), err);
    }
    return rc;
}
