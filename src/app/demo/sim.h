/* sim.h -- a simulated shop: spans of one request at a time, with a clock of its own.
 *
 * Shape      code that plays a service opens spans, lets time pass, calls other services, closes
 *            its spans
 * Units      Unix nanoseconds on the simulated clock
 * Threads    one owner
 * Ownership  spans and texts live in the trace's arena, resources and scopes as long as the
 *            simulation
 *
 * Everything drawn at random comes from the trace's own generator (seed and trace number), so a
 * trace is the same whatever was made before it.
 */
#ifndef WEFT_APP_DEMO_SIM_H
#define WEFT_APP_DEMO_SIM_H
#include "base/random.h"
#include "model/span.h"

struct weft_demo_service {
    const char *name, *language, *sdk_version, *scope_name, *scope_version;
    const char *const *resource; /* further key, value pairs; NULL ends */
    const char *versions[2];     /* before and after the release */
    uint32_t
        release_minute; /* of the day in which the second version goes out; instances follow one by one */
    uint32_t trial_from, trial_to; /* minutes of every half hour: the second version runs only then,
                                      and is rolled back; equal: it stays */
    unsigned instances;
};

/* A trace's position in the tree: what a call hands on. */
struct weft_demo_context {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    uint32_t flags;
};

#define DEMO_ATTRIBUTES_MAX 32
#define DEMO_EVENTS_MAX 4
#define DEMO_LINKS_MAX 16

/* A span being made. */
struct weft_demo_span {
    struct weft_span span;
    struct weft_attribute attributes[DEMO_ATTRIBUTES_MAX];
    struct weft_event events[DEMO_EVENTS_MAX];
    struct weft_link links[DEMO_LINKS_MAX];
    const struct weft_demo_service *service;
    struct weft_demo_context context;
};

struct weft_demo_sim {
    struct weft_arena
        arena; /* of the trace being played; whoever takes its spans takes the arena */
    struct weft_random random;
    uint64_t seed;
    uint64_t clock_ns; /* now, in the simulation */
    uint64_t begin_ns; /* when the simulation began */
    double speed;      /* of the story: hours, releases and incidents pass that many times faster */
    struct weft_span **finished; /* in order of ending, as exporters send */
    uint32_t finished_count, finished_capacity;
    struct weft_demo_scope_cache *scopes;
    uint64_t kafka_offset;
    /* Orders placed but not yet consumed: their contexts, for the consumers' links. */
    struct weft_demo_context orders[64];
    uint64_t order_times_ns[64];
    uint32_t order_count;
};

void weft_demo_sim_init(struct weft_demo_sim *sim, uint64_t seed, uint64_t begin_ns, double speed);
void weft_demo_sim_release(struct weft_demo_sim *sim);
/* Begin trace `number` at `start_ns`, with an arena of its own. */
void weft_demo_trace_begin(struct weft_demo_sim *sim, uint64_t number, uint64_t start_ns);
/* The time in the story: what decides on incidents, releases and the hour of the day. */
uint64_t weft_demo_story_ns(const struct weft_demo_sim *sim);

/* Open a span now. `parent` NULL: a root with a new trace id. */
struct weft_demo_span *weft_demo_span_begin(struct weft_demo_sim *sim,
                                            const struct weft_demo_service *service,
                                            const struct weft_demo_context *parent,
                                            const char *name, enum weft_span_kind kind);
/* Close it now. */
void weft_demo_span_end(struct weft_demo_sim *sim, struct weft_demo_span *span);

void weft_demo_text(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *key,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
void weft_demo_int(struct weft_demo_span *span, const char *key, int64_t value);
void weft_demo_double(struct weft_demo_span *span, const char *key, double value);
void weft_demo_bool(struct weft_demo_span *span, const char *key, bool value);
void weft_demo_texts(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *key,
                     const char *const *texts, unsigned count);
void weft_demo_error(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *error_type,
                     const char *message);
/* An event "exception" with a stack trace in the service's language. */
void weft_demo_exception(struct weft_demo_sim *sim, struct weft_demo_span *span, const char *type,
                         const char *message);
struct weft_event *weft_demo_event(struct weft_demo_sim *sim, struct weft_demo_span *span,
                                   const char *name);
void weft_demo_event_text(struct weft_demo_sim *sim, struct weft_event *event, const char *key,
                          const char *value);
void weft_demo_link(struct weft_demo_span *span, const struct weft_demo_context *to);

/* Time passes: about `ms`, with the long tail real systems have. */
void weft_demo_work(struct weft_demo_sim *sim, double ms);
/* Exactly that long. */
void weft_demo_wait_ns(struct weft_demo_sim *sim, uint64_t ns);
bool weft_demo_chance(struct weft_demo_sim *sim, double probability);
unsigned weft_demo_pick(struct weft_demo_sim *sim, unsigned count);
/* Small numbers far more often than large ones: users, products. */
unsigned weft_demo_pick_popular(struct weft_demo_sim *sim, unsigned count);

#endif
