/* zipkin_span.h -- a span as Zipkin shows it: microseconds, lower-case names, two endpoints, tags that are all text.
 *
 * Shape      a view of a span; tags and annotations are made when asked for
 * Units      Unix microseconds, cut; 0: absent
 * Threads    pure
 * Ownership  in the arena and in the span, which both have to live as long
 * Spec       query.md Q12.4.3, Q12.6; spec.md C4.2.3, C4.4
 *
 * A span that came in Zipkin's format goes out as it came. What OpenTelemetry has a place for is stored there (zipkin_internal.h says
 * where); the attribute WEFT_ZIPKIN_MARK of its scope tells such spans from those of other senders, all of whose attributes are tags.
 */
#ifndef WEFT_MODEL_ZIPKIN_SPAN_H
#define WEFT_MODEL_ZIPKIN_SPAN_H
#include "model/span.h"

struct weft_zipkin_endpoint { /* without any of them: there is none */
    struct weft_str service_name, ipv4, ipv6;
    uint16_t port;
};
struct weft_zipkin_tag {
    struct weft_str key, value;
};
struct weft_zipkin_annotation {
    uint64_t timestamp_us;
    struct weft_str value;
};
struct weft_zipkin_span {
    const struct weft_span *span;
    bool is_native; /* came in Zipkin's format */
    bool has_parent;
    bool is_debug, is_shared;
    struct weft_str name;
    uint64_t timestamp_us, duration_us;
    struct weft_zipkin_endpoint local, remote;
};
void weft_zipkin_span_make(struct weft_zipkin_span *out, const struct weft_span *span,
                           struct weft_arena *arena);
/* The same without the rest. */
uint64_t weft_zipkin_timestamp_us(const struct weft_span *span);
bool weft_zipkin_has_parent(const struct weft_span *span);
/* "CLIENT", "SERVER", "PRODUCER", "CONSUMER", or NULL: internal and unspecified spans have none. */
const char *weft_zipkin_kind(const struct weft_zipkin_span *span);

/* The tag of that key; false: there is none. */
bool weft_zipkin_tag_find(const struct weft_zipkin_span *span, struct weft_str key,
                          struct weft_str *value, struct weft_arena *arena);
/* Is there one? Attributes without a value are shown with an empty one, but are not looked for. */
bool weft_zipkin_has_tag(const struct weft_zipkin_span *span, struct weft_str key);
/* All of them by key, each once: the last of several counts. */
struct weft_zipkin_tag *weft_zipkin_tags(const struct weft_zipkin_span *span, uint32_t *count,
                                         struct weft_arena *arena);
/* By time, then value, each once. */
struct weft_zipkin_annotation *weft_zipkin_annotations(const struct weft_zipkin_span *span,
                                                       uint32_t *count, struct weft_arena *arena);
bool weft_zipkin_has_annotation(const struct weft_zipkin_span *span, struct weft_str value,
                                struct weft_arena *arena);

/* A value as the text of a tag (Q12.6.2); may be a view of the value. */
struct weft_str weft_zipkin_plain_text(const struct weft_value *value, struct weft_arena *arena);

/* Scope attribute of spans that came in Zipkin's format, and its value. */
#define WEFT_ZIPKIN_MARK "weft.receiver"
#define WEFT_ZIPKIN_MARK_VALUE "zipkin"
/* Their attribute for the remote service's name where peer.service is a tag. */
#define WEFT_ZIPKIN_REMOTE_SERVICE "zipkin.remoteEndpoint.serviceName"

/* Span attributes that may name the other side: of the first kind for all spans (Q12.6.1), of the others for those that call
 * (C4.4.7). The first that a span has counts. */
#define WEFT_ZIPKIN_PEER_KEYS 4
extern const struct weft_str weft_zipkin_peer_keys[WEFT_ZIPKIN_PEER_KEYS];
/* Tags that are not attributes of the same key: asking the source for such an attribute would miss them. */
bool weft_zipkin_tag_is_made(struct weft_str key);

#endif
