/* shop.h -- the shop's services and what they do for a customer.
 *
 * One function of these plays one request from its first span to its last, on the simulation's
 * clock.
 */
#ifndef WEFT_APP_DEMO_SHOP_H
#define WEFT_APP_DEMO_SHOP_H
#include "app/demo/sim.h"

extern const struct weft_demo_service weft_demo_frontend, weft_demo_gateway, weft_demo_cart,
    weft_demo_catalog, weft_demo_recommendation, weft_demo_search, weft_demo_checkout,
    weft_demo_payment, weft_demo_currency, weft_demo_shipping, weft_demo_inventory, weft_demo_email,
    weft_demo_accounting, weft_demo_fraud, weft_demo_image_resizer, weft_demo_agent, weft_demo_ad;

/* Draw one kind of request by its share and play it. */
void weft_demo_play(struct weft_demo_sim *sim);

void weft_demo_browse(struct weft_demo_sim *sim);        /* the home page or a product page */
void weft_demo_find_products(struct weft_demo_sim *sim); /* full-text search */
void weft_demo_add_to_cart(struct weft_demo_sim *sim);
void weft_demo_place_order(struct weft_demo_sim *sim); /* the long one; ends in a Kafka message */
void weft_demo_consume_orders(
    struct weft_demo_sim *sim); /* accounting and fraud detection, linked to orders */
void weft_demo_resize_image(struct weft_demo_sim *sim); /* a cloud function */
void weft_demo_ask_agent(struct weft_demo_sim *sim); /* an assistant that calls a model and tools */

#endif
