/* shapes_shop.c -- s, s10, s30: what a shop of 15 services sends: traces of 5 to 60 spans, 38 kinds
 * of span, 70-odd keys whose values come from short lists, counters, ports, users, SQL texts and
 * uuids (shapes.h). Not the demo: no story, only its statistics, and fast to make. */
#include "app/load/shapes_internal.h"
#include "base/buf.h"
#include "base/hash.h"
#include <math.h>

enum { SERVICES = 15, INSTANCES = 3, TRACE_MIN = 5, TRACE_MAX = 60, USERS = 100000, SQLS = 400 };

/* How a key's value is drawn; `range` says from how many. */
enum drawing {
    CONSTANT, /* the text */
    CHOICE,   /* the text and a number below range, the same few again and again */
    NUMBER,   /* int below range */
    SMALL,    /* int below range, small ones far more often */
    STATUS,   /* an HTTP status */
    PORT,
    RATIO, /* double with two decimals */
    FLAG,
    USER, /* Zipf */
    SQL,
    UUID,
    PATH, /* the text and a fresh number */
};
struct key {
    const char *key;
    enum drawing drawing;
    uint32_t range;
    const char *text;
};
static const struct key http_server_keys[] = {
    { "http.request.method", CHOICE, 3, "METHOD-" },
    { "http.route", CHOICE, 20, "/api/route/" },
    { "http.response.status_code", STATUS, 0, NULL },
    { "url.path", PATH, 5000, "/api/route/item/" },
    { "url.scheme", CONSTANT, 0, "https" },
    { "server.address", CHOICE, 15, "shop-node-" },
    { "server.port", CHOICE, 2, "808" },
    { "client.address", CHOICE, 2000, "10.20.30." },
    { "client.port", PORT, 0, NULL },
    { "user_agent.original", CHOICE, 60, "Mozilla/5.0 (X11; Linux x86_64) Browser/" },
    { "network.protocol.version", CHOICE, 3, "1." },
    { "http.request.body.size", SMALL, 20000, NULL },
    { "http.response.body.size", SMALL, 100000, NULL },
    { "enduser.id", USER, 0, NULL },
    { "session.id", UUID, 0, NULL },
};
static const struct key http_client_keys[] = {
    { "http.request.method", CHOICE, 3, "METHOD-" },
    { "http.response.status_code", STATUS, 0, NULL },
    { "url.full", PATH, 20000, "https://partner.example/v2/object/" },
    { "server.address", CHOICE, 15, "shop-node-" },
    { "server.port", CHOICE, 2, "808" },
    { "network.peer.port", PORT, 0, NULL },
    { "http.request.resend_count", SMALL, 4, NULL },
    { "peer.service", CHOICE, 15, "service-" },
};
static const struct key rpc_keys[] = {
    { "rpc.system", CONSTANT, 0, "grpc" },
    { "rpc.service", CHOICE, 12, "shop.Service" },
    { "rpc.method", CHOICE, 30, "Method" },
    { "rpc.grpc.status_code", SMALL, 16, NULL },
    { "network.peer.address", CHOICE, 45, "10.4.0." },
    { "network.peer.port", PORT, 0, NULL },
    { "rpc.message.size", SMALL, 4000, NULL },
};
static const struct key database_keys[] = {
    { "db.system.name", CHOICE, 3, "database-" },
    { "db.namespace", CHOICE, 8, "shop_" },
    { "db.collection.name", CHOICE, 40, "table_" },
    { "db.operation.name", CHOICE, 4, "OPERATION-" },
    { "db.query.text", SQL, 0, NULL },
    { "db.response.returned_rows", SMALL, 500, NULL },
    { "server.address", CHOICE, 6, "db-node-" },
    { "db.client.connection.pool.name", CHOICE, 8, "pool-" },
    { "db.query.parameter.id", NUMBER, 1000000, NULL },
};
static const struct key cache_keys[] = {
    { "db.system.name", CONSTANT, 0, "redis" },
    { "db.operation.name", CHOICE, 6, "CACHE-" },
    { "cache.hit", FLAG, 0, NULL },
    { "cache.key", PATH, 50000, "item:" },
    { "cache.ttl", SMALL, 3600, NULL },
};
static const struct key message_keys[] = {
    { "messaging.system", CONSTANT, 0, "kafka" },
    { "messaging.destination.name", CHOICE, 10, "topic-" },
    { "messaging.operation.type", CHOICE, 3, "operation-" },
    { "messaging.message.id", UUID, 0, NULL },
    { "messaging.kafka.offset", NUMBER, 2000000, NULL },
    { "messaging.destination.partition.id", CHOICE, 24, "" },
    { "messaging.message.body.size", SMALL, 9000, NULL },
    { "messaging.consumer.group.name", CHOICE, 6, "group-" },
    { "messaging.batch.message_count", SMALL, 100, NULL },
};
static const struct key order_keys[] = {
    { "app.order.id", UUID, 0, NULL },
    { "app.order.items.count", SMALL, 20, NULL },
    { "app.order.amount", RATIO, 500, NULL },
    { "app.order.currency", CHOICE, 12, "CUR" },
    { "app.shipping.method", CHOICE, 4, "method-" },
    { "app.shipping.zip", NUMBER, 90000, NULL },
    { "app.payment.card_type", CHOICE, 4, "card-" },
    { "app.payment.risk", RATIO, 1, NULL },
    { "app.user.tier", CHOICE, 3, "tier-" },
    { "enduser.id", USER, 0, NULL },
};
static const struct key work_keys[] = {
    { "code.function.name", CHOICE, 80, "shop.module.function" },
    { "code.line.number", CHOICE, 300, "" },
    { "thread.id", NUMBER, 64, NULL },
    { "thread.name", CHOICE, 64, "worker-" },
    { "app.retry", SMALL, 4, NULL },
};
static const struct key search_keys[] = {
    { "app.search.query", CHOICE, 3000, "looking for thing " },
    { "app.search.results", SMALL, 200, NULL },
    { "app.search.page", SMALL, 20, NULL },
    { "app.feature_flag.key", CHOICE, 12, "flag-" },
    { "app.feature_flag.variant", CHOICE, 3, "variant-" },
    { "app.ad.category", CHOICE, 15, "category-" },
    { "app.recommendation.score", RATIO, 1, NULL },
    { "app.product.id", CHOICE, 2000, "product-" },
    { "app.product.price", RATIO, 300, NULL },
};

#define KEYS(list) list, sizeof list / sizeof list[0]
struct kind {
    uint8_t service, kind;
    const char *name;
    const struct key *keys;
    uint32_t key_count;
};
enum { S = WEFT_KIND_SERVER, C = WEFT_KIND_CLIENT, P = WEFT_KIND_PRODUCER, R = WEFT_KIND_CONSUMER };
#define I WEFT_KIND_INTERNAL
static const struct kind kinds[] = {
    /* the first stands at the root */
    { 0, S, "GET /api/products/{id}", KEYS(http_server_keys) },
    { 0, C, "GET", KEYS(http_client_keys) },
    { 0, I, "render", KEYS(work_keys) },
    { 1, S, "shop.Cart/GetCart", KEYS(rpc_keys) },
    { 1, S, "shop.Cart/AddItem", KEYS(rpc_keys) },
    { 1, C, "HGET", KEYS(cache_keys) },
    { 1, C, "HMSET", KEYS(cache_keys) },
    { 2, S, "POST /api/checkout", KEYS(http_server_keys) },
    { 2, I, "prepare order", KEYS(order_keys) },
    { 2, C, "shop.Payment/Charge", KEYS(rpc_keys) },
    { 2, P, "orders publish", KEYS(message_keys) },
    { 3, S, "shop.Payment/Charge", KEYS(rpc_keys) },
    { 3, I, "risk", KEYS(order_keys) },
    { 3, C, "SELECT shop.cards", KEYS(database_keys) },
    { 4, S, "shop.Catalogue/Get", KEYS(rpc_keys) },
    { 4, S, "shop.Catalogue/List", KEYS(rpc_keys) },
    { 4, C, "SELECT shop.products", KEYS(database_keys) },
    { 5, S, "shop.Currency/Convert", KEYS(rpc_keys) },
    { 6, S, "shop.Shipping/Quote", KEYS(rpc_keys) },
    { 6, C, "POST", KEYS(http_client_keys) },
    { 7, R, "orders process", KEYS(message_keys) },
    { 7, C, "INSERT shop.orders", KEYS(database_keys) },
    { 7, I, "validate", KEYS(work_keys) },
    { 8, S, "GET /search", KEYS(http_server_keys) },
    { 8, I, "rank", KEYS(search_keys) },
    { 8, C, "SEARCH", KEYS(database_keys) },
    { 9, S, "shop.Recommend/List", KEYS(rpc_keys) },
    { 9, I, "score", KEYS(search_keys) },
    { 10, S, "shop.Ads/Get", KEYS(rpc_keys) },
    { 10, C, "GET ads", KEYS(cache_keys) },
    { 11, R, "mails process", KEYS(message_keys) },
    { 11, C, "POST /send", KEYS(http_client_keys) },
    { 12, S, "POST /login", KEYS(http_server_keys) },
    { 12, C, "SELECT shop.users", KEYS(database_keys) },
    { 13, R, "billing process", KEYS(message_keys) },
    { 13, C, "UPDATE shop.accounts", KEYS(database_keys) },
    { 14, S, "shop.Stock/Reserve", KEYS(rpc_keys) },
    { 14, C, "UPDATE shop.stock", KEYS(database_keys) },
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

struct making {
    struct weft_arena *arena;
    struct weft_random random;
    uint32_t missing_percent;
};
static uint32_t below(struct making *x, uint32_t limit)
{
    return (uint32_t)weft_random_below(&x->random, limit);
}

/* As many columns and conditions as its number says: 400 texts, equal in every run. */
static struct weft_str sql_text(struct making *x)
{
    uint32_t number = below(x, SQLS);
    struct weft_buf text = { 0 };
    weft_buf_printf(&text, "SELECT id, created_at, column_%u", number % 37);
    for (uint32_t i = 0; i < number % 9; i++) weft_buf_printf(&text, ", field_%u", number + i);
    weft_buf_printf(&text,
                    " FROM table_%u WHERE id = ? AND state_%u = ? ORDER BY created_at LIMIT 50",
                    number % 40, number);
    struct weft_str copy = weft_arena_copy(x->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

static struct weft_str number_text(struct making *x, const char *prefix, uint64_t number)
{
    unsigned digits = 1;
    for (uint64_t rest = number; rest >= 10; rest /= 10) digits++;
    return weft_load_numbered(x->arena, weft_str_from_c(prefix), number, digits);
}

/* Numbers of which small ones come far more often. */
static uint64_t small_below(struct making *x, uint32_t range)
{
    double u = weft_random_unit(&x->random);
    return (uint64_t)(u * u * u * u * range);
}

static void text_set(struct weft_attribute *a, struct weft_str text)
{
    a->type = WEFT_VALUE_STRING;
    a->ptr = text.ptr;
    a->value_len = (uint32_t)text.len;
}

static void int_set(struct weft_attribute *a, uint64_t number)
{
    a->type = WEFT_VALUE_INT;
    a->int_value = (int64_t)number;
}

static void value_draw(struct making *x, struct weft_attribute *a, const struct key *k)
{
    static const uint16_t statuses[16] = { 200, 200, 200, 200, 200, 200, 200, 200,
                                           200, 201, 204, 302, 304, 400, 404, 500 };
    switch (k->drawing) {
    case CONSTANT: text_set(a, weft_str_from_c(k->text)); return;
    case CHOICE: text_set(a, number_text(x, k->text, below(x, k->range))); return;
    case PATH: text_set(a, number_text(x, k->text, small_below(x, k->range))); return;
    case SQL: text_set(a, sql_text(x)); return;
    case UUID: text_set(a, weft_load_uuid(x->arena, &x->random)); return;
    case USER: { /* 1/x over the users: Zipf of exponent one */
        double user = exp(weft_random_unit(&x->random) * log(USERS));
        text_set(a, number_text(x, "user-", (uint64_t)user));
        return;
    }
    case NUMBER: int_set(a, below(x, k->range)); return;
    case SMALL: int_set(a, small_below(x, k->range)); return;
    case STATUS: int_set(a, statuses[below(x, 16)]); return;
    case PORT: int_set(a, 32768 + below(x, 28232)); return;
    case RATIO:
        a->type = WEFT_VALUE_DOUBLE;
        a->double_value = below(x, k->range * 100) / 100.0;
        return;
    case FLAG:
        a->type = WEFT_VALUE_BOOL;
        a->bool_value = below(x, 4) != 0;
        return;
    }
}

static void attributes_draw(struct making *x, struct weft_span *span, const struct kind *kind)
{
    struct weft_attribute *a = weft_arena_alloc_array(x->arena, kind->key_count, sizeof *a);
    uint32_t count = 0;
    for (uint32_t i = 0; i < kind->key_count; i++) {
        if (x->missing_percent > 0 && below(x, 100) < x->missing_percent) continue;
        struct weft_str key = weft_str_from_c(kind->keys[i].key);
        a[count] = (struct weft_attribute){ .key = key.ptr, .key_len = (uint32_t)key.len & 0xffff };
        value_draw(x, &a[count++], &kind->keys[i]);
    }
    span->attributes = (struct weft_attributes){ a, count, 0 };
}

/* What a span is before it has attributes: drawn trace by trace, made service by service. */
struct plan {
    uint32_t trace, parent, next; /* next: of the same scope */
    uint8_t kind;
    uint32_t offset_ns, duration_ns;
};

static void plan_trace(struct making *x, struct plan *plans, uint32_t first, uint32_t count,
                       uint32_t trace)
{
    for (uint32_t i = 0; i < count; i++) {
        struct plan *p = &plans[first + i];
        uint32_t near = i < 6 ? i : 6; /* parents are recent: depth grows with the trace */
        *p = (struct plan){ .trace = trace, .parent = WEFT_LOAD_NO_PARENT };
        if (i > 0) {
            p->parent = first + i - 1 - below(x, near);
            p->kind = (uint8_t)(1 + below(x, KIND_COUNT - 1));
            p->offset_ns = plans[p->parent].offset_ns + below(x, 200000);
            p->duration_ns = plans[p->parent].duration_ns / 10 * (1 + below(x, 9)) + below(x, 997);
        } else {
            p->duration_ns = 2000000 + (uint32_t)small_below(x, 900000000);
        }
    }
}

static const struct weft_scope *shop_scope(struct making *x, uint32_t service, uint32_t instance)
{
    struct weft_scope *scope = weft_load_scope(x->arena, number_text(x, "shop-service-", service),
                                               number_text(x, "instrumentation-", service % 4));
    struct weft_resource *resource = weft_arena_alloc_zero(x->arena, sizeof *resource);
    struct weft_attribute *a = weft_arena_alloc_array(x->arena, 4, sizeof *a);
    *resource = *scope->resource;
    a[0] = resource->attributes.items[0];
    a[1] = weft_attribute_text(WEFT_S("service.instance.id"),
                               number_text(x, "instance-", service * INSTANCES + instance));
    a[2] = weft_attribute_text(WEFT_S("service.version"), WEFT_S("2.14.1"));
    a[3] = weft_attribute_text(WEFT_S("host.name"), number_text(x, "shop-node-", service));
    resource->attributes = (struct weft_attributes){ a, 4, 0 };
    scope->resource = resource;
    return scope;
}

static void span_make(struct making *x, struct weft_batch *batch, const struct plan *plan,
                      uint32_t number, const struct weft_scope *scope)
{
    const struct kind *kind = &kinds[plan->kind];
    struct weft_span *span = weft_batch_add(batch);
    span->scope = scope;
    span->name = weft_str_from_c(kind->name);
    span->kind = kind->kind;
    if (below(x, 50) == 0) {
        span->status_code = WEFT_STATUS_ERROR;
        span->status_message = number_text(x, "failed with code ", below(x, 20));
    }
    weft_load_place_ids(span, plan->trace, number, plan->parent, plan->offset_ns,
                        plan->duration_ns);
    attributes_draw(x, span, kind);
}

static int fill(struct weft_batch *batch, const struct weft_load_draw *draw,
                uint32_t missing_percent)
{
    struct making x = { .arena = batch->arena, .missing_percent = missing_percent };
    uint32_t count = draw->span_count, heads[SERVICES * INSTANCES];
    struct plan *plans = weft_arena_alloc_array(batch->arena, count, sizeof *plans);

    weft_load_random_init(&x.random, draw);
    for (uint32_t first = 0, trace = 0; first < count; trace++) {
        uint32_t spans = TRACE_MIN + below(&x, TRACE_MAX - TRACE_MIN + 1);
        if (spans > count - first) spans = count - first;
        plan_trace(&x, plans, first, spans, trace);
        first += spans;
    }
    memset(heads, 0xff, sizeof heads);
    for (uint32_t i = count; i-- > 0;) {
        uint32_t instance = (uint32_t)(weft_hash_u64(plans[i].trace + draw->number) % INSTANCES);
        uint32_t *head = &heads[kinds[plans[i].kind].service * INSTANCES + instance];
        plans[i].next = *head;
        *head = i;
    }
    for (uint32_t s = 0; s < SERVICES * INSTANCES; s++) {
        if (heads[s] == UINT32_MAX) continue;
        const struct weft_scope *scope = shop_scope(&x, s / INSTANCES, s % INSTANCES);
        for (uint32_t i = heads[s]; i != UINT32_MAX; i = plans[i].next)
            span_make(&x, batch, &plans[i], i, scope);
    }
    return WEFT_OK;
}

int weft_load_fill_shop(struct weft_batch *batch, const struct weft_load_draw *draw,
                        struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, 0);
}
int weft_load_fill_shop_10(struct weft_batch *batch, const struct weft_load_draw *draw,
                           struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, 10);
}
int weft_load_fill_shop_30(struct weft_batch *batch, const struct weft_load_draw *draw,
                           struct weft_err *err)
{
    (void)err;
    return fill(batch, draw, 30);
}
