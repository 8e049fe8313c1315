/* incidents.h -- what goes wrong in the shop, and when: windows on the simulated clock, the same in
 * every run. */
#ifndef WEFT_APP_DEMO_INCIDENTS_H
#define WEFT_APP_DEMO_INCIDENTS_H
#include <stdbool.h>
#include <stdint.h>

enum weft_demo_incident {
    DEMO_SLOW_QUERY,  /* the catalogue's new release sorts without an index */
    DEMO_RETRY_STORM, /* the card gateway answers 503, payment tries again and again */
    DEMO_TIMEOUT_CASCADE, /* inventory stalls; checkout, gateway and frontend run into their deadlines */
    DEMO_CACHE_OUTAGE, /* Redis refuses connections; the cart falls back to PostgreSQL */
    DEMO_INCIDENT_COUNT,
};
struct weft_demo_incident_window {
    const char *name, *summary;
    uint32_t from_minute, to_minute; /* of every half hour */
};
extern const struct weft_demo_incident_window weft_demo_incidents[DEMO_INCIDENT_COUNT];

bool weft_demo_incident_is_on(enum weft_demo_incident incident, uint64_t unix_ns);
/* Requests a second at this time of day, relative to the mean: quiet nights, a lunch and an evening
 * peak. */
double weft_demo_daily_rhythm(uint64_t unix_ns);

#endif
