/* api_docs.h -- what a route of the own API takes and answers, as tables: the OpenAPI document is written from them, and tests hold every
 * answer against it.
 *
 * Shape      docs stand beside the route they describe, or in api_docs.c; api_openapi.c writes them
 * Spec       OpenAPI 3.1.0
 */
#ifndef WEFT_SERVER_API_DOCS_H
#define WEFT_SERVER_API_DOCS_H
#include "server/api_parameters.h"

enum weft_api_type {
    WEFT_API_STRING,
    WEFT_API_NANOS,    /* a time: digits in a string */
    WEFT_API_TRACE_ID, /* 32 hex digits */
    WEFT_API_SPAN_ID,  /* 16 */
    WEFT_API_INTEGER,
    WEFT_API_DOUBLE, /* infinities are strings */
    WEFT_API_BOOLEAN,
    WEFT_API_OBJECT, /* of `fields` */
    WEFT_API_ANY,    /* an AnyValue of OTLP, or what else it may be */
};
struct weft_api_field {
    const char *name; /* "*": other members may be there */
    enum weft_api_type type;
    uint8_t list_depth; /* 1: a list of it, 2: a list of lists */
    bool is_optional, is_nullable /* in a list: its elements */;
    const struct weft_api_field *fields; /* ends with a NULL name */
    const char *const *choices;          /* of a STRING; ends with NULL */
    const char *help;                    /* NULL: the name says it */
};
#define WEFT_API_ANSWERS_MAX 3
struct weft_route_docs {
    const char *name;                                           /* of the operation: "query" */
    const char *summary;                                        /* a sentence */
    const char *path_names[WEFT_ROUTE_PARAMETERS_MAX];          /* of each "{}" */
    const struct weft_api_parameter *parameters;                /* NULL: none */
    const struct weft_api_field *answers[WEFT_API_ANSWERS_MAX]; /* one of them; none: no JSON */
};

/* Parts that several answers have. */
extern const struct weft_api_field weft_api_inspected_fields[], weft_api_service_fields[],
    weft_api_typed_fields[], weft_api_any_fields[];
/* "partial" and "inspected", the end of an answer. */
#define WEFT_API_INSPECTED                                                 \
    { "partial", WEFT_API_STRING, .is_nullable = true,                     \
      .help = "The limit that cut the answer short; null: it is whole." }, \
    {                                                                      \
        "inspected", WEFT_API_OBJECT, .fields = weft_api_inspected_fields  \
    }

extern const struct weft_route_docs weft_api_search_docs, weft_api_query_docs, weft_api_facets_docs,
    weft_api_histogram_docs, weft_api_suggest_docs, weft_api_trace_docs, weft_api_value_docs,
    weft_api_services_docs, weft_api_operations_docs, weft_api_tail_docs, weft_api_status_docs,
    weft_api_openapi_docs, weft_api_explain_docs, weft_api_export_docs;

/* GET /api/v1/openapi.json */
int weft_api_openapi(struct weft_call *call, struct weft_err *err);
/* The document of a table of routes. */
void weft_api_openapi_write(struct weft_buf *out, const struct weft_route *routes);

#endif
