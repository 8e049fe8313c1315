/* zipkin_internal.h -- where a span that came in Zipkin's format keeps what is not OpenTelemetry's.
 *
 *      endpoint's field      attribute                  when a tag has that key
 *      remote serviceName    peer.service               zipkin.remoteEndpoint.serviceName
 *      remote ipv4 or ipv6   network.peer.address       zipkin.remoteEndpoint.ipv4, .ipv6
 *      remote port           network.peer.port          zipkin.remoteEndpoint.port
 *      local ipv4 or ipv6    network.local.address      zipkin.localEndpoint.ipv4, .ipv6
 *      local port            network.local.port         zipkin.localEndpoint.port
 *
 * Of both addresses ipv6 goes under its zipkin key. Where a tag has the first key, the zipkin key is always there, empty if need be:
 * so the tag is not taken for the endpoint's field. Ports are ints and tags strings: nothing to tell apart.
 * Flags are bools under the keys below. All string attributes but these are tags.
 */
#ifndef WEFT_MODEL_ZIPKIN_INTERNAL_H
#define WEFT_MODEL_ZIPKIN_INTERNAL_H
#include "model/zipkin_span.h"

#define WEFT_ZIPKIN_SHARED "zipkin.shared"
#define WEFT_ZIPKIN_DEBUG "zipkin.debug"
/* The sender gave no time: the span's start was made up. The Collector's name. */
#define WEFT_ZIPKIN_NO_TIMESTAMP "otel.zipkin.absentField.startTime"

enum weft_zipkin_side { WEFT_ZIPKIN_REMOTE, WEFT_ZIPKIN_LOCAL, WEFT_ZIPKIN_SIDES };
struct weft_zipkin_keys {
    struct weft_str service, address, port; /* service: of the remote side only */
    struct weft_str own_service, own_ipv4, own_ipv6, own_port;
};
extern const struct weft_zipkin_keys weft_zipkin_keys[WEFT_ZIPKIN_SIDES];

/* ---- zipkin_value.c ---- */

struct weft_str weft_zipkin_value_text(const struct weft_attribute *a, struct weft_arena *arena);
/* Name and attributes of an event as one text (Q12.6.2). */
struct weft_str weft_zipkin_event_text(const struct weft_event *event, struct weft_arena *arena);
/* And back: false when the text is none that an event with attributes would give. Written with ": " between name and attributes it is
 * understood too. */
bool weft_zipkin_event_parse(struct weft_str text, struct weft_event *event,
                             struct weft_arena *arena);

#endif
