/* shop.h -- the shop's services and what they do for a customer.
 *
 * One function of these plays one request from its first span to its last, on the simulation's clock.
 */
#ifndef WEFT_APP_DEMO_SHOP_H
#define WEFT_APP_DEMO_SHOP_H
#include "app/demo/sim.h"

extern const struct demo_service demo_frontend, demo_gateway, demo_cart, demo_catalog, demo_recommendation, demo_search,
    demo_checkout, demo_payment, demo_currency, demo_shipping, demo_inventory, demo_email, demo_accounting, demo_fraud,
    demo_image_resizer, demo_agent, demo_ad;

/* Draw one kind of request by its share and play it. */
void demo_play(struct demo_sim *sim);

void demo_browse(struct demo_sim *sim);       /* the home page or a product page */
void demo_find_products(struct demo_sim *sim); /* full-text search */
void demo_add_to_cart(struct demo_sim *sim);
void demo_place_order(struct demo_sim *sim);  /* the long one; ends in a Kafka message */
void demo_consume_orders(struct demo_sim *sim); /* accounting and fraud detection, linked to orders */
void demo_resize_image(struct demo_sim *sim); /* a cloud function */
void demo_ask_agent(struct demo_sim *sim);    /* an assistant that calls a model and tools */

#endif
