/* routes_api_v1.c -- the routes of the own API (docs/api/README.md). */
#include "server/api_docs.h"
#include "server/api_explain.h"
#include "server/api_facets.h"
#include "server/api_names.h"
#include "server/api_query.h"
#include "server/api_search.h"
#include "server/api_suggest.h"
#include "server/api_trace.h"
#include "server/api_value.h"
#include "server/router.h"

static int status(struct weft_call *call, struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    weft_buf_append_c(&call->body, "{\"version\":\"" WEFT_VERSION "\"");
    if (parts->write_status != NULL) {
        weft_buf_append_c(&call->body, ",");
        parts->write_status(parts->status_self, &call->body);
    }
    weft_buf_append_c(&call->body, "}");
    return WEFT_OK;
}

#define DOCS(name) .docs = &weft_api_##name##_docs
const struct weft_route weft_routes_api_v1[] = {
    { "GET POST", "/api/v1/search", false, weft_api_search, DOCS(search) },
    { "GET POST", "/api/v1/query", false, weft_api_query, DOCS(query) },
    { "GET POST", "/api/v1/explain", false, weft_api_explain, DOCS(explain) },
    { "GET POST", "/api/v1/facets", false, weft_api_facets, DOCS(facets) },
    { "GET POST", "/api/v1/histogram", false, weft_api_histogram, DOCS(histogram) },
    { "GET POST", "/api/v1/suggest", false, weft_api_suggest, DOCS(suggest),
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v1/traces/{}", false, weft_api_trace, DOCS(trace), .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v1/traces/{}/spans/{}/value", false, weft_api_value, DOCS(value),
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v1/services", false, weft_api_services, DOCS(services),
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v1/operations", false, weft_api_operations, DOCS(operations),
      .work = WEFT_WORK_LOOKUP },
    { "GET POST", "/api/v1/export", false, weft_api_export, DOCS(export) },
    { "GET", "/api/v1/tail", false, weft_api_tail, DOCS(tail), .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v1/status", true, status, DOCS(status) },
    { "GET", "/api/v1/openapi.json", true, weft_api_openapi, DOCS(openapi) },
    { 0 },
};
