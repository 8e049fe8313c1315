/* suggest_internal.h -- what the files of suggest.h share. */
#ifndef WEFT_QUERY_SUGGEST_INTERNAL_H
#define WEFT_QUERY_SUGGEST_INTERNAL_H
#include "query/suggest.h"

struct weft_suggest_listing {
    const struct weft_source *source;
    const struct weft_suggest_question *question;
    struct weft_suggest_place place;
    struct weft_suggestions *out;
    uint32_t capacity;
    struct weft_arena *arena;
};
/* Lists `text` unless `matched` has nothing of what was typed. */
void weft_suggest_offer(struct weft_suggest_listing *l, enum weft_suggestion_kind kind,
                        struct weft_str text, struct weft_str matched, uint64_t span_count,
                        uint32_t rank);
struct weft_str weft_suggest_attribute_text(struct weft_suggest_listing *l,
                                            enum weft_traceql_scope scope, struct weft_str name);
/* A value as it is written in a query. */
struct weft_str weft_suggest_literal_text(struct weft_suggest_listing *l,
                                          const struct weft_traceql_value *value);

/* suggest_narrow.c: of the keys or values that are listed those stay that spans have which meet the conditions before; values that
 * were not listed come in. What cannot be told in a moment stands behind what can. */
int weft_suggest_narrow(struct weft_suggest_listing *l, struct weft_err *err);

#endif
