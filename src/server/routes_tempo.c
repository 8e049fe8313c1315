/* routes_tempo.c -- Tempo's HTTP API: its paths.
 *
 * Spec       query.md Q8
 */
#include "server/tempo.h"

const struct weft_route weft_routes_tempo[] = {
    { "GET", "/api/traces/{}", false, weft_tempo_trace_v1, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v2/traces/{}", false, weft_tempo_trace_v2, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/search", false, weft_tempo_search_route },
    { "GET", "/api/search/tags", false, weft_tempo_tags_v1, .work = WEFT_WORK_LOOKUP_UNLESS_Q },
    { "GET", "/api/v2/search/tags", false, weft_tempo_tags_v2, .work = WEFT_WORK_LOOKUP_UNLESS_Q },
    { "GET", "/api/search/tag/{*}/values", false, weft_tempo_values_v1,
      .work = WEFT_WORK_LOOKUP_UNLESS_Q },
    { "GET", "/api/v2/search/tag/{*}/values", false, weft_tempo_values_v2,
      .work = WEFT_WORK_LOOKUP_UNLESS_Q },
    { "GET", "/api/metrics/query_range", false, weft_tempo_query_range },
    { "GET", "/api/metrics/query", false, weft_tempo_query_instant },
    { "GET", "/api/echo", true, weft_tempo_echo },
    { "GET", "/api/status/buildinfo", true, weft_tempo_buildinfo },
    { "GET", "/status", true, weft_tempo_status },
    { "GET", "/status/{}", true, weft_tempo_status_page },
    { "GET", "/ready", true, weft_route_ready },
    { 0 },
};
