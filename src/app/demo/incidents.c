/* incidents.c -- what goes wrong in the shop, and when (incidents.h). */
#include "app/demo/incidents.h"
#include "base/clock.h"
#include <math.h>

const struct weft_demo_incident_window weft_demo_incidents[DEMO_INCIDENT_COUNT] = {
    [DEMO_SLOW_QUERY] = { "slow query",
                          "product-catalog 2.15.0 sorts products without an index, and is rolled "
                          "back",
                          3, 7 },
    [DEMO_RETRY_STORM] = { "retry storm",
                           "the card gateway answers 503; payment retries up to five times", 10,
                           13 },
    [DEMO_TIMEOUT_CASCADE] = { "timeout cascade",
                               "inventory stalls; its callers run into their deadlines", 17, 20 },
    [DEMO_CACHE_OUTAGE] = { "cache outage",
                            "Redis refuses connections; cart falls back to PostgreSQL", 24, 28 },
};

bool weft_demo_incident_is_on(enum weft_demo_incident incident, uint64_t unix_ns)
{
    uint64_t minute = unix_ns / (60 * WEFT_NS_PER_SECOND) % 30;
    return minute >= weft_demo_incidents[incident].from_minute &&
           minute < weft_demo_incidents[incident].to_minute;
}

double weft_demo_daily_rhythm(uint64_t unix_ns)
{
    double hour = (double)(unix_ns % (86400 * WEFT_NS_PER_SECOND)) / (3600.0 * 1e9);
    double noon = exp(-(hour - 12.5) * (hour - 12.5) / 8),
           evening = exp(-(hour - 20) * (hour - 20) / 6);
    return 0.3 + 1.2 * noon + 1.8 * evening;
}
