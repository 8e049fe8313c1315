/* shop.c -- what happens between a customer's click and the answer (shop.h). The long order is in order.c. */
#include "app/demo/shop.h"
#include "app/demo/calls.h"
#include "app/demo/incidents.h"
#include "app/demo/shop_internal.h"

static const char *const products[] = {
    "OLJCESPC7Z", "66VCHSJNUP", "1YMWWN1N4O", "L9ECAV7KIM", "2ZYFJ3GM2N", "0PUK6V6EV0", "LS4PSXUNUM", "9SIQT8TOJO", "6E92ZMYYFZ",
};

const char *demo_product(struct demo_sim *sim)
{
    return products[demo_pick_popular(sim, sizeof products / sizeof products[0])];
}

/* A customer's request arrives: frontend, then the gateway behind it. */
struct demo_visit demo_visit_begin(struct demo_sim *sim, const char *method, const char *route, const char *path)
{
    struct demo_visit visit = { .api = { .method = method, .route = route, .path = path, .host = "api-gateway", .port = 8080 } };
    struct demo_http_call page = { .method = method, .route = route, .path = path, .host = "shop.example", .port = 443 };
    visit.page = demo_http_server_begin(sim, &demo_frontend, NULL, &page);
    demo_text(sim, visit.page, "session.id", "%08x", demo_pick_popular(sim, 40000));
    demo_text(sim, visit.page, "user.id", "u-%05u", demo_pick_popular(sim, 20000));
    demo_work(sim, 0.8);
    visit.call = demo_http_client_begin(sim, &demo_frontend, &visit.page->context, &visit.api);
    demo_work(sim, 0.4);
    visit.gateway = demo_http_server_begin(sim, &demo_gateway, &visit.call->context, &visit.api);
    demo_work(sim, 0.5);
    return visit;
}

void demo_visit_end(struct demo_sim *sim, struct demo_visit *visit, int status, const char *error_type)
{
    demo_work(sim, 0.3);
    demo_http_end(sim, visit->gateway, status, error_type);
    demo_work(sim, 0.3);
    demo_http_end(sim, visit->call, status, error_type);
    demo_work(sim, 1.1);
    demo_http_end(sim, visit->page, status, error_type);
}

/* ---- catalogue ---- */

void demo_get_products(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent, bool is_list)
{
    const char *method = is_list ? "shop.ProductCatalog/ListProducts" : "shop.ProductCatalog/GetProduct";
    struct demo_span *client = demo_grpc_client_begin(sim, caller, parent, method, "product-catalog");
    demo_work(sim, 0.3);
    struct demo_span *server = demo_grpc_server_begin(sim, &demo_catalog, &client->context, method);
    demo_work(sim, 0.2);
    if (is_list) {
        bool is_slow = demo_incident_is_on(DEMO_SLOW_QUERY, demo_story_ns(sim));
        demo_query(sim, &demo_catalog, &server->context,
                   &(struct demo_query){ "postgresql", "catalog", "pg-catalog", "SELECT", "products",
                                         is_slow ? "SELECT id, name, price, popularity FROM products ORDER BY popularity_score($1) DESC LIMIT $2"
                                                 : "SELECT id, name, price FROM products WHERE category = $1 LIMIT $2", 5432 },
                   is_slow ? 900 : 3.2, 24);
    } else {
        demo_text(sim, server, "app.product.id", "%s", demo_product(sim));
        demo_query(sim, &demo_catalog, &server->context,
                   &(struct demo_query){ "postgresql", "catalog", "pg-catalog", "SELECT", "products",
                                         "SELECT id, name, description, price, currency FROM products WHERE id = $1", 5432 },
                   0.9, 1);
    }
    demo_grpc_end(sim, server, "OK", NULL);
    demo_work(sim, 0.2);
    demo_grpc_end(sim, client, "OK", NULL);
}

void demo_convert_currency(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent)
{
    static const char *const currencies[] = { "EUR", "USD", "CHF", "GBP", "JPY" };
    struct demo_span *client = demo_grpc_client_begin(sim, caller, parent, "shop.Currency/Convert", "currency");
    struct demo_span *server = demo_grpc_server_begin(sim, &demo_currency, &client->context, "shop.Currency/Convert");
    demo_text(sim, server, "app.currency.to", "%s", currencies[demo_pick_popular(sim, 5)]);
    demo_work(sim, 0.15);
    demo_grpc_end(sim, server, "OK", NULL);
    demo_work(sim, 0.1);
    demo_grpc_end(sim, client, "OK", NULL);
}

static void recommend(struct demo_sim *sim, const struct demo_context *parent)
{
    struct demo_span *client = demo_grpc_client_begin(sim, &demo_gateway, parent, "shop.Recommendation/List", "recommendation");
    demo_work(sim, 0.3);
    struct demo_span *server = demo_grpc_server_begin(sim, &demo_recommendation, &client->context, "shop.Recommendation/List");
    struct demo_span *rank = demo_span_begin(sim, &demo_recommendation, &server->context, "rank_products", WEFT_KIND_INTERNAL);
    demo_bool(rank, "app.recommendation.cache_hit", demo_chance(sim, 0.7));
    demo_double(rank, "app.recommendation.score_max", 0.5 + weft_random_unit(&sim->random) / 2);
    demo_get_products(sim, &demo_recommendation, &rank->context, true);
    demo_work(sim, 4);
    demo_span_end(sim, rank);
    demo_grpc_end(sim, server, "OK", NULL);
    demo_grpc_end(sim, client, "OK", NULL);
}

static void show_ads(struct demo_sim *sim, const struct demo_context *parent)
{
    static const char *const words[] = { "cameras", "binoculars", "books" };
    struct demo_span *client = demo_grpc_client_begin(sim, &demo_gateway, parent, "shop.Ads/Get", "ad");
    struct demo_span *server = demo_grpc_server_begin(sim, &demo_ad, &client->context, "shop.Ads/Get");
    demo_texts(sim, server, "app.ads.context_keys", words, 1 + demo_pick(sim, 3));
    struct weft_event *flag = demo_event(sim, server, "feature_flag.evaluation");
    demo_event_text(sim, flag, "feature_flag.key", "ad-ranking-v2");
    demo_event_text(sim, flag, "feature_flag.provider.name", "flagd");
    demo_event_text(sim, flag, "feature_flag.result.variant", demo_chance(sim, 0.3) ? "on" : "off");
    demo_work(sim, 2.5);
    bool is_failed = demo_chance(sim, 0.004);
    if (is_failed) demo_exception(sim, server, "java.lang.IllegalStateException", "ad inventory snapshot is empty");
    demo_grpc_end(sim, server, is_failed ? "UNAVAILABLE" : "OK", is_failed ? "ad inventory snapshot is empty" : NULL);
    demo_grpc_end(sim, client, is_failed ? "UNAVAILABLE" : "OK", is_failed ? "ad inventory snapshot is empty" : NULL);
}

/* Run `second` beside what has just run since `from`: both began at the same time, the later end counts. */
static void beside(struct demo_sim *sim, uint64_t from, void (*second)(struct demo_sim *, const struct demo_context *),
                   const struct demo_context *parent)
{
    uint64_t first_end = sim->clock_ns;
    sim->clock_ns = from;
    second(sim, parent);
    if (sim->clock_ns < first_end) sim->clock_ns = first_end;
}

void demo_browse(struct demo_sim *sim)
{
    char path[64];
    bool is_home = demo_chance(sim, 0.35);
    snprintf(path, sizeof path, "/product/%s", demo_product(sim));
    struct demo_visit visit = demo_visit_begin(sim, "GET", is_home ? "/" : "/product/{id}", is_home ? "/" : path);
    const struct demo_context *gateway = &visit.gateway->context;
    uint64_t from = sim->clock_ns;
    demo_get_products(sim, &demo_gateway, gateway, is_home);
    beside(sim, from, recommend, gateway);
    beside(sim, from, show_ads, gateway);
    demo_convert_currency(sim, &demo_gateway, gateway);
    bool is_missing = !is_home && demo_chance(sim, 0.01);
    demo_visit_end(sim, &visit, is_missing ? 404 : 200, NULL);
}

void demo_find_products(struct demo_sim *sim)
{
    static const char *const words[] = { "telescope", "camera bag", "lens", "red dot sight", "solar filter", "flashlight" };
    struct demo_visit visit = demo_visit_begin(sim, "GET", "/search", "/search");
    struct demo_http_call call = { "GET", "/v1/search", "/v1/search?q=?", "search", 8000, 0 };
    struct demo_span *client = demo_http_client_begin(sim, &demo_gateway, &visit.gateway->context, &call);
    struct demo_span *server = demo_http_server_begin(sim, &demo_search, &client->context, &call);
    const char *word = words[demo_pick_popular(sim, 6)];
    demo_text(sim, server, "app.search.text", "%s", word);
    demo_query(sim, &demo_search, &server->context,
               &(struct demo_query){ "elasticsearch", "products", "es-search", "search", "products",
                                     "{\"query\":{\"multi_match\":{\"query\":\"?\",\"fields\":[\"name^3\",\"description\"]}}}", 9200 },
               14, (int)demo_pick(sim, 60));
    demo_work(sim, 2);
    demo_http_end(sim, server, 200, NULL);
    demo_http_end(sim, client, 200, NULL);
    demo_visit_end(sim, &visit, 200, NULL);
}

/* ---- cart ---- */

void demo_load_cart(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent,
                    const char *method)
{
    char key[32];
    bool writes = strcmp(method, "shop.Cart/AddItem") == 0;
    struct demo_span *client = demo_grpc_client_begin(sim, caller, parent, method, "cart");
    demo_work(sim, 0.3);
    struct demo_span *server = demo_grpc_server_begin(sim, &demo_cart, &client->context, method);
    snprintf(key, sizeof key, "cart:u-%05u", demo_pick_popular(sim, 20000));
    bool is_cached = demo_redis(sim, &demo_cart, &server->context, "HGET", key, 0.4);
    if (!is_cached) { /* the slow way, straight from the database */
        demo_query(sim, &demo_cart, &server->context,
                   &(struct demo_query){ "postgresql", "carts", "pg-carts", "SELECT", "cart_items",
                                         "SELECT product_id, quantity FROM cart_items WHERE user_id = $1", 5432 }, 38, 3);
        demo_event(sim, server, "cache.fallback");
    }
    if (writes && is_cached) demo_redis(sim, &demo_cart, &server->context, "HSET", key, 0.5);
    demo_int(server, "app.cart.items.count", 1 + demo_pick(sim, 7));
    demo_work(sim, 0.6);
    demo_grpc_end(sim, server, "OK", NULL);
    demo_grpc_end(sim, client, "OK", NULL);
}

void demo_add_to_cart(struct demo_sim *sim)
{
    struct demo_visit visit = demo_visit_begin(sim, "POST", "/cart", "/cart");
    demo_get_products(sim, &demo_gateway, &visit.gateway->context, false);
    demo_load_cart(sim, &demo_gateway, &visit.gateway->context, "shop.Cart/AddItem");
    demo_visit_end(sim, &visit, 303, NULL);
}

void demo_play(struct demo_sim *sim)
{
    static const struct { unsigned share; void (*play)(struct demo_sim *); } kinds[] = {
        { 48, demo_browse }, { 14, demo_find_products }, { 16, demo_add_to_cart }, { 10, demo_place_order },
        { 4, demo_consume_orders }, { 5, demo_resize_image }, { 3, demo_ask_agent },
    };
    unsigned draw = demo_pick(sim, 100);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (draw < kinds[i].share) {
            kinds[i].play(sim);
            return;
        }
        draw -= kinds[i].share;
    }
}
