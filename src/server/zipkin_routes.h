/* zipkin_routes.h -- the routes of Zipkin's API; routes_zipkin.c has their paths. */
#ifndef WEFT_SERVER_ZIPKIN_ROUTES_H
#define WEFT_SERVER_ZIPKIN_ROUTES_H
#include "server/router.h"

/* zipkin_menus.c */
int weft_zipkin_route_services(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_spans(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_remote_services(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_autocomplete_keys(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_autocomplete_values(struct weft_call *call, struct weft_err *err);
/* zipkin_traces.c */
int weft_zipkin_route_traces(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_trace(struct weft_call *call, struct weft_err *err);
int weft_zipkin_route_trace_many(struct weft_call *call, struct weft_err *err);
/* zipkin_dependencies.c */
int weft_zipkin_route_dependencies(struct weft_call *call, struct weft_err *err);

#endif
