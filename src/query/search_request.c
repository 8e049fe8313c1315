/* search_request.c -- parameters of a search (search_request.h): one table of names. */
#include "query/search_request.h"
#include "base/clock.h"

struct setter {
    struct weft_search_request *request;
    const struct weft_search_limits *limits;
    uint64_t now_ns;
    struct weft_arena *arena;
    struct weft_err *err;
    struct weft_str name;
};

static struct weft_predicate *add_predicate(struct setter *s)
{
    struct weft_search_request *request = s->request;
    if (request->predicate_count == WEFT_SEARCH_PREDICATES_MAX) {
        weft_fail(s->err, WEFT_INVALID, "%.*s: more than %d conditions", WEFT_S_ARG(s->name),
                  WEFT_SEARCH_PREDICATES_MAX);
        return NULL;
    }
    return &request->predicates[request->predicate_count++];
}

static int set_text_field(struct setter *s, enum weft_field field, struct weft_str value)
{
    struct weft_predicate *p = add_predicate(s);
    if (p == NULL) return WEFT_INVALID;
    *p = (struct weft_predicate){ .field = field, .op = WEFT_OP_EQ };
    p->value.type = WEFT_VALUE_STRING;
    p->value.bytes = value;
    return WEFT_OK;
}

static int set_service(struct setter *s, struct weft_str value)
{
    return set_text_field(s, WEFT_FIELD_SERVICE, value);
}
static int set_operation(struct setter *s, struct weft_str value)
{
    return set_text_field(s, WEFT_FIELD_NAME, value);
}

static int set_enum_field(struct setter *s, enum weft_field field,
                          bool (*parse)(struct weft_str, uint8_t *), struct weft_str value,
                          const char *expected)
{
    uint8_t number;
    if (!parse(value, &number))
        return weft_fail(s->err, WEFT_INVALID, "%.*s: found \"%.*s\", expected %s",
                         WEFT_S_ARG(s->name), WEFT_S_ARG(value), expected);
    struct weft_predicate *p = add_predicate(s);
    if (p == NULL) return WEFT_INVALID;
    *p = (struct weft_predicate){ .field = field, .op = WEFT_OP_EQ };
    p->value.type = WEFT_VALUE_INT;
    p->value.int_value = number;
    return WEFT_OK;
}

static int set_kind(struct setter *s, struct weft_str value)
{
    return set_enum_field(s, WEFT_FIELD_KIND, weft_span_kind_parse, value,
                          "unspecified, internal, server, client, producer or consumer");
}

static int set_status(struct setter *s, struct weft_str value)
{
    return set_enum_field(s, WEFT_FIELD_STATUS, weft_status_code_parse, value,
                          "unset, ok or error");
}

static int set_duration(struct setter *s, enum weft_op op, struct weft_str value)
{
    int64_t ns;
    if (!weft_duration_parse(value, &ns) || ns < 0)
        return weft_fail(s->err, WEFT_INVALID,
                         "%.*s: found \"%.*s\", expected a duration such as 250ms or 1.5s",
                         WEFT_S_ARG(s->name), WEFT_S_ARG(value));
    struct weft_predicate *p = add_predicate(s);
    if (p == NULL) return WEFT_INVALID;
    *p = (struct weft_predicate){ .field = WEFT_FIELD_DURATION, .op = op };
    p->value.type = WEFT_VALUE_INT;
    p->value.int_value = ns;
    return WEFT_OK;
}

static int set_min_duration(struct setter *s, struct weft_str v)
{
    return set_duration(s, WEFT_OP_GE, v);
}
static int set_max_duration(struct setter *s, struct weft_str v)
{
    return set_duration(s, WEFT_OP_LE, v);
}

static int set_where(struct setter *s, struct weft_str value)
{
    struct weft_predicate *p = add_predicate(s);
    return p == NULL ? WEFT_INVALID : weft_predicate_parse(p, value, s->arena, s->err);
}

static int set_event(struct setter *s, struct weft_str v)
{
    return set_text_field(s, WEFT_FIELD_EVENT_NAME, v);
}
static int set_scope(struct setter *s, struct weft_str v)
{
    return set_text_field(s, WEFT_FIELD_SCOPE_NAME, v);
}

static int set_root(struct setter *s, struct weft_str value)
{
    if (!weft_str_equal_c(value, "true") && !weft_str_equal_c(value, "false"))
        return weft_fail(s->err, WEFT_INVALID, "root: found \"%.*s\", expected true or false",
                         WEFT_S_ARG(value));
    struct weft_predicate *p = add_predicate(s);
    if (p == NULL) return WEFT_INVALID;
    *p = (struct weft_predicate){ .field = WEFT_FIELD_IS_ROOT, .op = WEFT_OP_EQ };
    p->value.type = WEFT_VALUE_BOOL;
    p->value.bool_value = value.len == 4;
    return WEFT_OK;
}

static int set_from(struct setter *s, struct weft_str value)
{
    return weft_search_time_parse(&s->request->search.from_ns, value, s->now_ns, s->err);
}

static int set_to(struct setter *s, struct weft_str value)
{
    return weft_search_time_parse(&s->request->search.to_ns, value, s->now_ns, s->err);
}

static int set_since(struct setter *s, struct weft_str value)
{
    int64_t ns;
    if (!weft_duration_parse(value, &ns) || ns < 0)
        return weft_fail(s->err, WEFT_INVALID,
                         "since: found \"%.*s\", expected a duration such as 15m or 24h",
                         WEFT_S_ARG(value));
    s->request->search.from_ns = s->now_ns > (uint64_t)ns ? s->now_ns - (uint64_t)ns : 0;
    return WEFT_OK;
}

static int set_limit(struct setter *s, struct weft_str value)
{
    uint64_t limit;
    if (!weft_str_to_u64(value, &limit) || limit == 0 || limit > s->limits->limit_max)
        return weft_fail(s->err, WEFT_INVALID,
                         "limit: found \"%.*s\", expected a number from 1 to %u", WEFT_S_ARG(value),
                         s->limits->limit_max);
    s->request->search.limit = (uint32_t)limit;
    return WEFT_OK;
}

static int set_order(struct setter *s, struct weft_str value)
{
    if (weft_str_equal_c(value, "newest"))
        s->request->search.order = WEFT_ORDER_NEWEST;
    else if (weft_str_equal_c(value, "slowest"))
        s->request->search.order = WEFT_ORDER_SLOWEST;
    else
        return weft_fail(s->err, WEFT_INVALID, "order: found \"%.*s\", expected newest or slowest",
                         WEFT_S_ARG(value));
    return WEFT_OK;
}

static int set_view(struct setter *s, struct weft_str value)
{
    if (!weft_str_equal_c(value, "traces") && !weft_str_equal_c(value, "spans"))
        return weft_fail(s->err, WEFT_INVALID, "view: found \"%.*s\", expected traces or spans",
                         WEFT_S_ARG(value));
    s->request->wants_spans = weft_str_equal_c(value, "spans");
    return WEFT_OK;
}

static int set_count(struct setter *s, struct weft_str value)
{
    if (!weft_str_equal_c(value, "exact"))
        return weft_fail(s->err, WEFT_INVALID, "count: found \"%.*s\", expected exact",
                         WEFT_S_ARG(value));
    s->request->search.wants_total = true;
    return WEFT_OK;
}

static int set_cursor(struct setter *s, struct weft_str value)
{
    struct weft_search *search = &s->request->search;
    int rc = weft_cursor_parse(&s->request->cursor_order, &search->after, value, s->err);
    search->has_after = rc == WEFT_OK;
    return rc;
}

static const struct {
    const char *name;
    int (*set)(struct setter *, struct weft_str);
} parameters[] = {
    { "service", set_service },
    { "operation", set_operation },
    { "name", set_operation },
    { "kind", set_kind },
    { "status", set_status },
    { "min_duration", set_min_duration },
    { "max_duration", set_max_duration },
    { "where", set_where },
    { "event", set_event },
    { "scope", set_scope },
    { "root", set_root },
    { "from", set_from },
    { "to", set_to },
    { "since", set_since },
    { "limit", set_limit },
    { "order", set_order },
    { "view", set_view },
    { "cursor", set_cursor },
    { "count", set_count },
};

void weft_search_request_init(struct weft_search_request *request,
                              const struct weft_search_limits *limits, struct weft_arena *arena)
{
    *request = (struct weft_search_request){ 0 };
    request->search.limit = limits->limit_default;
    request->predicates =
        weft_arena_alloc_array(arena, WEFT_SEARCH_PREDICATES_MAX, sizeof *request->predicates);
}

int weft_search_request_set(struct weft_search_request *request, struct weft_str name,
                            struct weft_str value, const struct weft_search_limits *limits,
                            uint64_t now_unix_ns, struct weft_arena *arena, struct weft_err *err)
{
    struct setter s = { request, limits, now_unix_ns, arena, err, name };
    const char *nearest = NULL;
    size_t nearest_distance = 4;
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (weft_str_equal_c(name, parameters[i].name)) return parameters[i].set(&s, value);
        size_t distance = weft_str_distance(name, weft_str_from_c(parameters[i].name));
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = parameters[i].name;
        }
    }
    if (nearest != NULL)
        return weft_fail(err, WEFT_INVALID, "unknown parameter \"%.*s\"; did you mean \"%s\"?",
                         WEFT_S_ARG(name), nearest);
    return weft_fail(err, WEFT_INVALID, "unknown parameter \"%.*s\"", WEFT_S_ARG(name));
}

int weft_search_request_finish(struct weft_search_request *request, struct weft_arena *arena,
                               struct weft_err *err)
{
    struct weft_search *search = &request->search;
    if (search->to_ns != 0 && search->from_ns >= search->to_ns)
        return weft_fail(err, WEFT_INVALID, "from (%llu ns) must lie before to (%llu ns)",
                         (unsigned long long)search->from_ns, (unsigned long long)search->to_ns);
    if (search->has_after && request->cursor_order != search->order)
        return weft_fail(err, WEFT_INVALID, "cursor: it was made for another order");
    search->selection = weft_selection_all_of(request->predicates, request->predicate_count, arena);
    return WEFT_OK;
}
