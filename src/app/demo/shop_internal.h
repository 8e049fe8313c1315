/* shop_internal.h -- parts of the shop that several requests use. */
#ifndef WEFT_APP_DEMO_SHOP_INTERNAL_H
#define WEFT_APP_DEMO_SHOP_INTERNAL_H
#include "app/demo/calls.h"

/* A customer's request: the page, its call, the gateway behind. */
struct weft_demo_visit {
    struct weft_demo_http_call api;
    struct weft_demo_span *page, *call, *gateway;
};
struct weft_demo_visit weft_demo_visit_begin(struct weft_demo_sim *sim, const char *method,
                                             const char *route, const char *path);
void weft_demo_visit_end(struct weft_demo_sim *sim, struct weft_demo_visit *visit, int status,
                         const char *error_type);

const char *weft_demo_product(struct weft_demo_sim *sim);
void weft_demo_get_products(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                            const struct weft_demo_context *parent, bool is_list);
void weft_demo_convert_currency(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                                const struct weft_demo_context *parent);
void weft_demo_load_cart(struct weft_demo_sim *sim, const struct weft_demo_service *caller,
                         const struct weft_demo_context *parent, const char *method);

#endif
