/* traceql_scope.h -- scopes of attributes: TraceQL's, and those a source is asked by. */
#ifndef WEFT_QUERY_TRACEQL_SCOPE_H
#define WEFT_QUERY_TRACEQL_SCOPE_H
#include "model/predicate.h"
#include "query/traceql.h"

static inline enum weft_traceql_scope weft_traceql_scope_of(enum weft_attribute_scope scope)
{
    switch (scope) {
    case WEFT_SCOPE_SPAN: return WEFT_TRACEQL_SCOPE_SPAN;
    case WEFT_SCOPE_RESOURCE: return WEFT_TRACEQL_SCOPE_RESOURCE;
    case WEFT_SCOPE_EVENT: return WEFT_TRACEQL_SCOPE_EVENT;
    case WEFT_SCOPE_LINK: return WEFT_TRACEQL_SCOPE_LINK;
    case WEFT_SCOPE_INSTRUMENTATION: return WEFT_TRACEQL_SCOPE_INSTRUMENTATION;
    default: return WEFT_TRACEQL_SCOPE_ANY;
    }
}

/* Of scopes that have no attributes (intrinsics ...): any. */
static inline enum weft_attribute_scope weft_attribute_scope_of(enum weft_traceql_scope scope)
{
    switch (scope) {
    case WEFT_TRACEQL_SCOPE_SPAN: return WEFT_SCOPE_SPAN;
    case WEFT_TRACEQL_SCOPE_RESOURCE: return WEFT_SCOPE_RESOURCE;
    case WEFT_TRACEQL_SCOPE_EVENT: return WEFT_SCOPE_EVENT;
    case WEFT_TRACEQL_SCOPE_LINK: return WEFT_SCOPE_LINK;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: return WEFT_SCOPE_INSTRUMENTATION;
    default: return WEFT_SCOPE_ANY;
    }
}

#endif
