/* jaeger_names.h -- services and operations with Jaeger's words for names that are missing: sorted, each once.
 *
 * Ownership  in the call's arena
 * Spec       query.md Q10.2
 */
#ifndef WEFT_SERVER_JAEGER_NAMES_H
#define WEFT_SERVER_JAEGER_NAMES_H
#include "server/router.h"

int weft_jaeger_load_services(struct weft_call *call, struct weft_str **out, uint32_t *count,
                              struct weft_err *err);
/* Of one service; kind as in weft_jaeger_kind(), empty: all. */
int weft_jaeger_load_operations(struct weft_call *call, struct weft_str service,
                                struct weft_str kind, struct weft_operation **out, uint32_t *count,
                                struct weft_err *err);

#endif
