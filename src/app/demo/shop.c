/* shop.c -- what happens between a customer's click and the answer (shop.h). The long order is in
 * order.c. */
#include "app/demo/shop.h"
#include "app/demo/calls.h"
#include "app/demo/incidents.h"
#include "app/demo/shop_internal.h"

static const char *const products[] = {
    "OLJCESPC7Z", "66VCHSJNUP", "1YMWWN1N4O", "L9ECAV7KIM", "2ZYFJ3GM2N",
    "0PUK6V6EV0", "LS4PSXUNUM", "9SIQT8TOJO", "6E92ZMYYFZ",
};

const char *weft_demo_product(struct weft_demo_sim *sim)
{
    return products[weft_demo_pick_popular(sim, sizeof products / sizeof products[0])];
}

/* A customer's request arrives: frontend, then the gateway behind it. */
struct weft_demo_visit weft_demo_visit_begin(struct weft_demo_sim *sim, const char *method,
                                             const char *route, const char *path)
{
    struct weft_demo_visit visit = { .api = { .method = method,
                                              .route = route,
                                              .path = path,
                                              .host = "api-gateway",
                                              .port = 8080 } };
    struct weft_demo_http_call page = {
        .method = method, .route = route, .path = path, .host = "shop.example", .port = 443
    };
    visit.page = weft_demo_http_server_begin(sim, &weft_demo_frontend, NULL, &page);
    weft_demo_text(sim, visit.page, "session.id", "%08x", weft_demo_pick_popular(sim, 40000));
    weft_demo_text(sim, visit.page, "user.id", "u-%05u", weft_demo_pick_popular(sim, 20000));
    weft_demo_work(sim, 0.8);
    visit.call =
        weft_demo_http_client_begin(sim, &weft_demo_frontend, &visit.page->context, &visit.api);
    weft_demo_work(sim, 0.4);
    visit.gateway =
        weft_demo_http_server_begin(sim, &weft_demo_gateway, &visit.call->context, &visit.api);
    weft_demo_work(sim, 0.5);
    return visit;
}

void weft_demo_visit_end(struct weft_demo_sim *sim, struct weft_demo_visit *visit, int status,
                         const char *error_type)
{
    weft_demo_work(sim, 0.3);
    weft_demo_http_end(sim, visit->gateway, status, error_type);
    weft_demo_work(sim, 0.3);
    weft_demo_http_end(sim, visit->call, status, error_type);
    weft_demo_work(sim, 1.1);
    weft_demo_http_end(sim, visit->page, status, error_type);
}

/* ---- catalogue ---- */

void weft_demo_get_products(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                            const struct weft_demo_context *parent, bool is_list)
{
    const char *method =
        is_list ? "shop.ProductCatalog/ListProducts" : "shop.ProductCatalog/GetProduct";
    struct weft_demo_span *client =
        weft_demo_grpc_client_begin(sim, caller, parent, method, "product-catalog");
    weft_demo_work(sim, 0.3);
    struct weft_demo_span *server =
        weft_demo_grpc_server_begin(sim, &weft_demo_catalog, &client->context, method);
    weft_demo_work(sim, 0.2);
    if (is_list) {
        bool is_slow = weft_demo_incident_is_on(DEMO_SLOW_QUERY, weft_demo_story_ns(sim));
        weft_demo_query(
            sim, &weft_demo_catalog, &server->context,
            &(struct weft_demo_query){
                "postgresql", "catalog", "pg-catalog", "SELECT", "products",
                is_slow ? "SELECT id, name, price, popularity FROM products ORDER BY "
                          "popularity_score($1) DESC LIMIT $2"
                        : "SELECT id, name, price FROM products WHERE category = $1 LIMIT $2",
                5432 },
            is_slow ? 900 : 3.2, 24);
    } else {
        weft_demo_text(sim, server, "app.product.id", "%s", weft_demo_product(sim));
        weft_demo_query(
            sim, &weft_demo_catalog, &server->context,
            &(struct weft_demo_query){
                "postgresql", "catalog", "pg-catalog", "SELECT", "products",
                "SELECT id, name, description, price, currency FROM products WHERE id = $1", 5432 },
            0.9, 1);
    }
    weft_demo_grpc_end(sim, server, "OK", NULL);
    weft_demo_work(sim, 0.2);
    weft_demo_grpc_end(sim, client, "OK", NULL);
}

void weft_demo_convert_currency(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                                const struct weft_demo_context *parent)
{
    static const char *const currencies[] = { "EUR", "USD", "CHF", "GBP", "JPY" };
    struct weft_demo_span *client =
        weft_demo_grpc_client_begin(sim, caller, parent, "shop.Currency/Convert", "currency");
    struct weft_demo_span *server = weft_demo_grpc_server_begin(
        sim, &weft_demo_currency, &client->context, "shop.Currency/Convert");
    weft_demo_text(sim, server, "app.currency.to", "%s",
                   currencies[weft_demo_pick_popular(sim, 5)]);
    weft_demo_work(sim, 0.15);
    weft_demo_grpc_end(sim, server, "OK", NULL);
    weft_demo_work(sim, 0.1);
    weft_demo_grpc_end(sim, client, "OK", NULL);
}

static void recommend(struct weft_demo_sim *sim, const struct weft_demo_context *parent)
{
    struct weft_demo_span *client = weft_demo_grpc_client_begin(
        sim, &weft_demo_gateway, parent, "shop.Recommendation/List", "recommendation");
    weft_demo_work(sim, 0.3);
    struct weft_demo_span *server = weft_demo_grpc_server_begin(
        sim, &weft_demo_recommendation, &client->context, "shop.Recommendation/List");
    struct weft_demo_span *rank = weft_demo_span_begin(
        sim, &weft_demo_recommendation, &server->context, "rank_products", WEFT_KIND_INTERNAL);
    weft_demo_bool(rank, "app.recommendation.cache_hit", weft_demo_chance(sim, 0.7));
    weft_demo_double(rank, "app.recommendation.score_max",
                     0.5 + weft_random_unit(&sim->random) / 2);
    weft_demo_get_products(sim, &weft_demo_recommendation, &rank->context, true);
    weft_demo_work(sim, 4);
    weft_demo_span_end(sim, rank);
    weft_demo_grpc_end(sim, server, "OK", NULL);
    weft_demo_grpc_end(sim, client, "OK", NULL);
}

static void show_ads(struct weft_demo_sim *sim, const struct weft_demo_context *parent)
{
    static const char *const words[] = { "cameras", "binoculars", "books" };
    struct weft_demo_span *client =
        weft_demo_grpc_client_begin(sim, &weft_demo_gateway, parent, "shop.Ads/Get", "ad");
    struct weft_demo_span *server =
        weft_demo_grpc_server_begin(sim, &weft_demo_ad, &client->context, "shop.Ads/Get");
    weft_demo_texts(sim, server, "app.ads.context_keys", words, 1 + weft_demo_pick(sim, 3));
    struct weft_event *flag = weft_demo_event(sim, server, "feature_flag.evaluation");
    weft_demo_event_text(sim, flag, "feature_flag.key", "ad-ranking-v2");
    weft_demo_event_text(sim, flag, "feature_flag.provider.name", "flagd");
    weft_demo_event_text(sim, flag, "feature_flag.result.variant",
                         weft_demo_chance(sim, 0.3) ? "on" : "off");
    weft_demo_work(sim, 2.5);
    bool is_failed = weft_demo_chance(sim, 0.004);
    if (is_failed)
        weft_demo_exception(sim, server, "java.lang.IllegalStateException",
                            "ad inventory snapshot is empty");
    weft_demo_grpc_end(sim, server, is_failed ? "UNAVAILABLE" : "OK",
                       is_failed ? "ad inventory snapshot is empty" : NULL);
    weft_demo_grpc_end(sim, client, is_failed ? "UNAVAILABLE" : "OK",
                       is_failed ? "ad inventory snapshot is empty" : NULL);
}

/* Run `second` beside what has just run since `from`: both began at the same time, the later end
 * counts. */
static void beside(struct weft_demo_sim *sim, uint64_t from,
                   void (*second)(struct weft_demo_sim *, const struct weft_demo_context *),
                   const struct weft_demo_context *parent)
{
    uint64_t first_end = sim->clock_ns;
    sim->clock_ns = from;
    second(sim, parent);
    if (sim->clock_ns < first_end) sim->clock_ns = first_end;
}

void weft_demo_browse(struct weft_demo_sim *sim)
{
    char path[64];
    bool is_home = weft_demo_chance(sim, 0.35);
    snprintf(path, sizeof path, "/product/%s", weft_demo_product(sim));
    struct weft_demo_visit visit =
        weft_demo_visit_begin(sim, "GET", is_home ? "/" : "/product/{id}", is_home ? "/" : path);
    const struct weft_demo_context *gateway = &visit.gateway->context;
    uint64_t from = sim->clock_ns;
    weft_demo_get_products(sim, &weft_demo_gateway, gateway, is_home);
    beside(sim, from, recommend, gateway);
    beside(sim, from, show_ads, gateway);
    weft_demo_convert_currency(sim, &weft_demo_gateway, gateway);
    bool is_missing = !is_home && weft_demo_chance(sim, 0.01);
    weft_demo_visit_end(sim, &visit, is_missing ? 404 : 200, NULL);
}

void weft_demo_find_products(struct weft_demo_sim *sim)
{
    static const char *const words[] = { "telescope",     "camera bag",   "lens",
                                         "red dot sight", "solar filter", "flashlight" };
    struct weft_demo_visit visit = weft_demo_visit_begin(sim, "GET", "/search", "/search");
    struct weft_demo_http_call call = { "GET", "/v1/search", "/v1/search?q=?", "search", 8000, 0 };
    struct weft_demo_span *client =
        weft_demo_http_client_begin(sim, &weft_demo_gateway, &visit.gateway->context, &call);
    struct weft_demo_span *server =
        weft_demo_http_server_begin(sim, &weft_demo_search, &client->context, &call);
    const char *word = words[weft_demo_pick_popular(sim, 6)];
    weft_demo_text(sim, server, "app.search.text", "%s", word);
    weft_demo_query(sim, &weft_demo_search, &server->context,
                    &(struct weft_demo_query){ "elasticsearch", "products", "es-search", "search",
                                               "products",
                                               "{\"query\":{\"multi_match\":{\"query\":\"?\","
                                               "\"fields\":[\"name^3\",\"description\"]}}}",
                                               9200 },
                    14, (int)weft_demo_pick(sim, 60));
    weft_demo_work(sim, 2);
    weft_demo_http_end(sim, server, 200, NULL);
    weft_demo_http_end(sim, client, 200, NULL);
    weft_demo_visit_end(sim, &visit, 200, NULL);
}

/* ---- cart ---- */

void weft_demo_load_cart(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                         const struct weft_demo_context *parent, const char *method)
{
    char key[32];
    bool writes = strcmp(method, "shop.Cart/AddItem") == 0;
    struct weft_demo_span *client =
        weft_demo_grpc_client_begin(sim, caller, parent, method, "cart");
    weft_demo_work(sim, 0.3);
    struct weft_demo_span *server =
        weft_demo_grpc_server_begin(sim, &weft_demo_cart, &client->context, method);
    snprintf(key, sizeof key, "cart:u-%05u", weft_demo_pick_popular(sim, 20000));
    bool is_cached = weft_demo_redis(sim, &weft_demo_cart, &server->context, "HGET", key, 0.4);
    if (!is_cached) { /* the slow way, straight from the database */
        weft_demo_query(sim, &weft_demo_cart, &server->context,
                        &(struct weft_demo_query){
                            "postgresql", "carts", "pg-carts", "SELECT", "cart_items",
                            "SELECT product_id, quantity FROM cart_items WHERE user_id = $1",
                            5432 },
                        38, 3);
        weft_demo_event(sim, server, "cache.fallback");
    }
    if (writes && is_cached)
        weft_demo_redis(sim, &weft_demo_cart, &server->context, "HSET", key, 0.5);
    weft_demo_int(server, "app.cart.items.count", 1 + weft_demo_pick(sim, 7));
    weft_demo_work(sim, 0.6);
    weft_demo_grpc_end(sim, server, "OK", NULL);
    weft_demo_grpc_end(sim, client, "OK", NULL);
}

void weft_demo_add_to_cart(struct weft_demo_sim *sim)
{
    struct weft_demo_visit visit = weft_demo_visit_begin(sim, "POST", "/cart", "/cart");
    weft_demo_get_products(sim, &weft_demo_gateway, &visit.gateway->context, false);
    weft_demo_load_cart(sim, &weft_demo_gateway, &visit.gateway->context, "shop.Cart/AddItem");
    weft_demo_visit_end(sim, &visit, 303, NULL);
}

void weft_demo_play(struct weft_demo_sim *sim)
{
    static const struct {
        unsigned share;
        void (*play)(struct weft_demo_sim *);
    } kinds[] = {
        { 48, weft_demo_browse },        { 14, weft_demo_find_products },
        { 16, weft_demo_add_to_cart },   { 10, weft_demo_place_order },
        { 4, weft_demo_consume_orders }, { 5, weft_demo_resize_image },
        { 3, weft_demo_ask_agent },
    };
    unsigned draw = weft_demo_pick(sim, 100);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (draw < kinds[i].share) {
            kinds[i].play(sim);
            return;
        }
        draw -= kinds[i].share;
    }
}
