/* shop_internal.h -- parts of the shop that several requests use. */
#ifndef WEFT_APP_DEMO_SHOP_INTERNAL_H
#define WEFT_APP_DEMO_SHOP_INTERNAL_H
#include "app/demo/calls.h"

/* A customer's request: the page, its call, the gateway behind. */
struct demo_visit {
    struct demo_http_call api;
    struct demo_span *page, *call, *gateway;
};
struct demo_visit demo_visit_begin(struct demo_sim *sim, const char *method, const char *route, const char *path);
void demo_visit_end(struct demo_sim *sim, struct demo_visit *visit, int status, const char *error_type);

const char *demo_product(struct demo_sim *sim);
void demo_get_products(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent, bool is_list);
void demo_convert_currency(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent);
void demo_load_cart(struct demo_sim *sim, const struct demo_service *caller, const struct demo_context *parent,
                    const char *method);

#endif
