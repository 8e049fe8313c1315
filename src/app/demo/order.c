/* order.c -- placing an order: inventory, shipping, payment with its retries, the message that
 * others follow (shop.h). */
#include "app/demo/calls.h"
#include "app/demo/incidents.h"
#include "app/demo/shop.h"
#include "app/demo/shop_internal.h"
#include "base/clock.h"

enum outcome { ORDER_PLACED, ORDER_TIMED_OUT, ORDER_PAYMENT_DOWN, ORDER_CARD_DECLINED };

static const struct {
    const char *grpc_code, *message;
    int http_status;
    const char *error_type;
} outcomes[] = {
    [ORDER_PLACED] = { "OK", NULL, 200, NULL },
    [ORDER_TIMED_OUT] = { "DEADLINE_EXCEEDED", "reserve stock: context deadline exceeded", 504,
                          NULL },
    [ORDER_PAYMENT_DOWN] = { "UNAVAILABLE", "charge card: gateway answered 503 five times", 503,
                             NULL },
    [ORDER_CARD_DECLINED] = { "FAILED_PRECONDITION", "card declined: insufficient funds", 402,
                              NULL },
};

/* Stock is reserved over HTTP with a deadline of 2 s, which the stalled service passes. */
static enum outcome reserve_stock(struct weft_demo_sim *sim, const struct weft_demo_context *parent)
{
    struct weft_demo_http_call call = { "POST", "/reservations", "/reservations", "inventory", 8080,
                                        0 };
    bool is_stalled = weft_demo_incident_is_on(DEMO_TIMEOUT_CASCADE, weft_demo_story_ns(sim));
    struct weft_demo_span *client =
        weft_demo_http_client_begin(sim, &weft_demo_checkout, parent, &call);
    uint64_t sent = sim->clock_ns;
    weft_demo_work(sim, 0.4);
    struct weft_demo_span *server =
        weft_demo_http_server_begin(sim, &weft_demo_inventory, &client->context, &call);
    weft_demo_query(sim, &weft_demo_inventory, &server->context,
                    &(struct weft_demo_query){ "postgresql", "stock", "pg-stock", "UPDATE", "stock",
                                               "UPDATE stock SET reserved = reserved + $2 WHERE "
                                               "product_id = $1 AND available - reserved >= $2",
                                               5432 },
                    is_stalled ? 4200 : 2.4, 1);
    weft_demo_http_end(sim, server, 200, NULL); /* it finishes, too late for anyone to hear */
    if (!is_stalled) {
        weft_demo_work(sim, 0.3);
        weft_demo_http_end(sim, client, 200, NULL);
        return ORDER_PLACED;
    }
    sim->clock_ns = sent + 2 * WEFT_NS_PER_SECOND;
    weft_demo_exception(sim, client, "context.deadlineExceededError",
                        "Post \"http://inventory:8080/reservations\": context deadline exceeded");
    weft_demo_http_end(sim, client, 0, "context.deadlineExceededError");
    return ORDER_TIMED_OUT;
}

static void quote_shipping(struct weft_demo_sim *sim, const struct weft_demo_context *parent)
{
    struct weft_demo_http_call call = { "POST", "/quote", "/quote", "shipping", 50050, 0 };
    struct weft_demo_span *client =
        weft_demo_http_client_begin(sim, &weft_demo_checkout, parent, &call);
    struct weft_demo_span *server =
        weft_demo_http_server_begin(sim, &weft_demo_shipping, &client->context, &call);
    weft_demo_double(server, "app.shipping.cost", 4.9 + weft_demo_pick(sim, 20));
    weft_demo_work(sim, 3);
    weft_demo_http_end(sim, server, 200, NULL);
    weft_demo_http_end(sim, client, 200, NULL);
}

/* One try at the card gateway, which is somebody else's: only the client span is ours. */
static int try_card_gateway(struct weft_demo_sim *sim, const struct weft_demo_context *parent,
                            int attempt)
{
    struct weft_demo_http_call call = { "POST",        "/v2/charges",
                                        "/v2/charges", "api.cardgateway.example",
                                        443,           attempt };
    bool is_down = weft_demo_incident_is_on(DEMO_RETRY_STORM, weft_demo_story_ns(sim));
    struct weft_demo_span *client =
        weft_demo_http_client_begin(sim, &weft_demo_payment, parent, &call);
    weft_demo_work(sim, is_down ? 55 : 120);
    int status = is_down ? 503 : weft_demo_chance(sim, 0.03) ? 402 : 201;
    weft_demo_http_end(sim, client, status, NULL);
    return status;
}

static enum outcome charge_card(struct weft_demo_sim *sim, const struct weft_demo_context *parent)
{
    enum outcome outcome = ORDER_PAYMENT_DOWN;
    struct weft_demo_span *client = weft_demo_grpc_client_begin(sim, &weft_demo_checkout, parent,
                                                                "shop.Payment/Charge", "payment");
    struct weft_demo_span *server = weft_demo_grpc_server_begin(
        sim, &weft_demo_payment, &client->context, "shop.Payment/Charge");
    weft_demo_text(sim, server, "app.payment.card_type", "%s",
                   weft_demo_chance(sim, 0.6) ? "visa" : "mastercard");
    weft_demo_double(server, "app.payment.amount", 10 + weft_demo_pick(sim, 40000) / 100.0);
    weft_demo_work(sim, 1);
    for (int attempt = 0; attempt < 5 && outcome == ORDER_PAYMENT_DOWN; attempt++) {
        if (attempt > 0) weft_demo_wait_ns(sim, (UINT64_C(100) << attempt) * WEFT_NS_PER_MS);
        int status = try_card_gateway(sim, &server->context, attempt);
        if (status < 500) outcome = status == 201 ? ORDER_PLACED : ORDER_CARD_DECLINED;
    }
    if (outcome == ORDER_PAYMENT_DOWN)
        weft_demo_exception(sim, server, "shop.payment.GatewayUnavailableException",
                            "card gateway answered 503 five times");
    weft_demo_grpc_end(sim, server, outcomes[outcome].grpc_code, outcomes[outcome].message);
    weft_demo_grpc_end(sim, client, outcomes[outcome].grpc_code, outcomes[outcome].message);
    return outcome;
}

static void confirm(struct weft_demo_sim *sim, const struct weft_demo_context *parent,
                    const char *order_id)
{
    struct weft_demo_http_call call = {
        "POST", "/confirmations", "/confirmations", "email", 6060, 0
    };
    struct weft_demo_context sent =
        weft_demo_kafka_send(sim, &weft_demo_checkout, parent, "orders", order_id);
    if (sim->order_count < sizeof sim->orders / sizeof sim->orders[0]) {
        sim->order_times_ns[sim->order_count] = sim->clock_ns;
        sim->orders[sim->order_count++] = sent;
    }
    struct weft_demo_span *client =
        weft_demo_http_client_begin(sim, &weft_demo_checkout, parent, &call);
    struct weft_demo_span *server =
        weft_demo_http_server_begin(sim, &weft_demo_email, &client->context, &call);
    weft_demo_work(sim, 18);
    bool is_failed = weft_demo_chance(sim, 0.01);
    if (is_failed)
        weft_demo_exception(sim, server, "Net::SMTPServerBusy",
                            "451 4.7.1 Greylisting in action, please come back later");
    weft_demo_http_end(sim, server, is_failed ? 500 : 200,
                       is_failed ? "Net::SMTPServerBusy" : NULL);
    weft_demo_http_end(sim, client, is_failed ? 500 : 200,
                       NULL); /* the order stands without its mail */
}

void weft_demo_place_order(struct weft_demo_sim *sim)
{
    char order_id[24];
    struct weft_demo_visit visit = weft_demo_visit_begin(sim, "POST", "/checkout", "/checkout");
    struct weft_demo_span *client = weft_demo_grpc_client_begin(
        sim, &weft_demo_gateway, &visit.gateway->context, "shop.Checkout/PlaceOrder", "checkout");
    weft_demo_work(sim, 0.4);
    struct weft_demo_span *server = weft_demo_grpc_server_begin(
        sim, &weft_demo_checkout, &client->context, "shop.Checkout/PlaceOrder");
    snprintf(order_id, sizeof order_id, "ord-%010llx",
             (unsigned long long)(weft_random_u64(&sim->random) >> 24));
    weft_demo_text(sim, server, "app.order.id", "%s", order_id);
    weft_demo_load_cart(sim, &weft_demo_checkout, &server->context, "shop.Cart/GetCart");
    unsigned items = 1 + weft_demo_pick(sim, 6);
    for (unsigned i = 0; i < items; i++)
        weft_demo_get_products(sim, &weft_demo_checkout, &server->context,
                               false); /* one by one: N+1 */
    weft_demo_convert_currency(sim, &weft_demo_checkout, &server->context);
    enum outcome outcome = reserve_stock(sim, &server->context);
    if (outcome == ORDER_PLACED) {
        quote_shipping(sim, &server->context);
        outcome = charge_card(sim, &server->context);
    }
    if (outcome == ORDER_PLACED) confirm(sim, &server->context, order_id);
    weft_demo_int(server, "app.order.items.count", items);
    weft_demo_grpc_end(sim, server, outcomes[outcome].grpc_code, outcomes[outcome].message);
    weft_demo_work(sim, 0.3);
    weft_demo_grpc_end(sim, client, outcomes[outcome].grpc_code, outcomes[outcome].message);
    weft_demo_visit_end(sim, &visit, outcomes[outcome].http_status, outcomes[outcome].error_type);
}
