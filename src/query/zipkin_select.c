/* zipkin_select.c -- Zipkin's conditions as a selection: what the source has to look for (zipkin_search.h). What comes back is judged
 * anyway.
 *
 * Each condition may be met by another span of the trace, but with a service each by one of the service. Names are shown in lower
 * case: the spellings that the source has are looked up among its operations.
 */
#include "model/zipkin_span.h"
#include "query/selection_build.h"
#include "query/zipkin_search.h"
#include "wire/text.h"

#define SPELLINGS_MAX 32u /* of more nothing is said */

typedef const struct weft_selection *selection;

/* Different texts that are the same in lower case. */
struct spellings {
    struct weft_str texts[SPELLINGS_MAX];
    uint32_t count; /* may be one more than there is room for */
};

static void spell(struct spellings *out, struct weft_str text)
{
    for (uint32_t i = 0; i < out->count && i < SPELLINGS_MAX; i++)
        if (weft_str_equal(out->texts[i], text)) return;
    if (out->count < SPELLINGS_MAX) out->texts[out->count] = text;
    if (out->count <= SPELLINGS_MAX) out->count++;
}

static int look_up(const struct weft_source *source, const struct weft_zipkin_query *query,
                   struct spellings *service, struct spellings *name, struct weft_arena *arena,
                   struct weft_err *err)
{
    struct weft_operation *all;
    uint32_t count;
    int rc = source->operations(source->self, WEFT_S(""), &all, &count, arena, err);
    for (uint32_t i = 0; rc >= 0 && i < count; i++) {
        if (query->service.len > 0) {
            if (!weft_str_equal(weft_utf8_lower(all[i].service_name, arena), query->service))
                continue;
            spell(service, all[i].service_name);
        }
        if (query->name.len > 0 && weft_str_equal(weft_utf8_lower(all[i].name, arena), query->name))
            spell(name, all[i].name);
    }
    return rc;
}

static selection spelt(struct weft_arena *arena, enum weft_field field,
                       const struct spellings *spellings)
{
    if (spellings->count == 0 || spellings->count > SPELLINGS_MAX) return NULL;
    selection found = weft_selection_text(arena, field, spellings->texts[0]);
    for (uint32_t i = 1; i < spellings->count; i++)
        found = weft_selection_either(arena, found,
                                      weft_selection_text(arena, field, spellings->texts[i]));
    return found;
}

static selection has_attribute(struct weft_arena *arena, struct weft_str key)
{
    return weft_selection_one(arena, (struct weft_predicate){ .field = WEFT_FIELD_ATTRIBUTE,
                                                              .scope = WEFT_SCOPE_SPAN,
                                                              .op = WEFT_OP_EXISTS,
                                                              .key = key });
}

/* Not empty. */
static selection has_field(struct weft_arena *arena, enum weft_field field)
{
    return weft_selection_one(arena,
                              (struct weft_predicate){ .field = field, .op = WEFT_OP_EXISTS });
}

static selection has_remote(struct weft_arena *arena)
{
    selection found = has_attribute(arena, WEFT_S(WEFT_ZIPKIN_REMOTE_SERVICE));
    for (int i = 0; i < WEFT_ZIPKIN_PEER_KEYS; i++)
        found = weft_selection_either(arena, found, has_attribute(arena, weft_zipkin_peer_keys[i]));
    return found;
}

/* What a tag is made of beside an attribute of its name; NULL: anything. */
static selection made_of(struct weft_arena *arena, const struct weft_zipkin_term *term)
{
    if (weft_str_equal_c(term->key, "error"))
        return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_EQ, WEFT_STATUS_ERROR);
    if (weft_str_equal_c(term->key, "otel.status_code"))
        return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_EQ,
                                  weft_str_equal_c(term->value, "OK") ? WEFT_STATUS_OK
                                                                      : WEFT_STATUS_ERROR);
    if (weft_str_equal_c(term->key, "otel.scope.name"))
        return weft_selection_text(arena, WEFT_FIELD_SCOPE_NAME, term->value);
    if (weft_str_equal_c(term->key, "otel.scope.version"))
        return weft_selection_text(arena, WEFT_FIELD_SCOPE_VERSION, term->value);
    return NULL;
}

/* The same, whatever its value. */
static selection has_made(struct weft_arena *arena, struct weft_str key)
{
    if (weft_str_equal_c(key, "error"))
        return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_EQ, WEFT_STATUS_ERROR);
    if (weft_str_equal_c(key, "otel.status_code"))
        return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_NE, WEFT_STATUS_UNSET);
    if (weft_str_equal_c(key, "otel.scope.name")) return has_field(arena, WEFT_FIELD_SCOPE_NAME);
    if (weft_str_equal_c(key, "otel.scope.version"))
        return has_field(arena, WEFT_FIELD_SCOPE_VERSION);
    return NULL;
}

/* A tag of that key, or an annotation of that text; of an event with attributes it is JSON. */
static selection word_is(struct weft_arena *arena, struct weft_str word)
{
    selection found = weft_selection_either(
        arena, has_attribute(arena, word), weft_selection_text(arena, WEFT_FIELD_EVENT_NAME, word));
    if (word.len == 0 || word.ptr[0] == '"') return NULL;
    if (!weft_zipkin_tag_is_made(word)) return found;
    return weft_selection_either(arena, found, has_made(arena, word));
}

static selection term_is(struct weft_arena *arena, const struct weft_zipkin_term *term)
{
    if (term->value.len == 0) return word_is(arena, term->key);
    selection found = weft_selection_attribute_text(arena, WEFT_SCOPE_SPAN, term->key, term->value);
    if (!weft_zipkin_tag_is_made(term->key)) return found;
    return weft_selection_either(arena, found, made_of(arena, term));
}

static selection duration_is(struct weft_arena *arena, const struct weft_zipkin_query *query)
{
    const uint64_t us_max = INT64_MAX / 1000 - 1;
    uint64_t min = query->duration_min_us, max = query->duration_max_us;
    selection found = NULL;
    if (min > us_max) min = us_max;
    if (min > 1) /* what took no time is shown as 1 us */
        found = weft_selection_int(arena, WEFT_FIELD_DURATION, WEFT_OP_GE, (int64_t)min * 1000);
    if (max > 0 && max < us_max)
        found = weft_selection_together(
            arena, found,
            weft_selection_int(arena, WEFT_FIELD_DURATION, WEFT_OP_LT, (int64_t)(max + 1) * 1000));
    return found;
}

int weft_zipkin_select(const struct weft_source *source, const struct weft_zipkin_query *query,
                       const struct weft_selection **out, struct weft_arena *arena,
                       struct weft_err *err)
{
    struct spellings service = { .count = 0 }, name = { .count = 0 };
    int rc = WEFT_OK;
    *out = NULL;
    if (query->service.len + query->name.len > 0)
        rc = look_up(source, query, &service, &name, arena, err);
    if (rc < 0) return rc;
    if ((query->service.len > 0 && service.count == 0) || (query->name.len > 0 && name.count == 0))
        return 0;
    selection of_service = spelt(arena, WEFT_FIELD_SERVICE, &service), all = of_service;
    selection conditions[3 + WEFT_ZIPKIN_TERMS_MAX];
    uint32_t count = 0;
    conditions[count++] = spelt(arena, WEFT_FIELD_NAME, &name);
    conditions[count++] = query->remote_service.len > 0 ? has_remote(arena) : NULL;
    conditions[count++] = duration_is(arena, query);
    for (uint32_t i = 0; i < query->term_count; i++)
        conditions[count++] = term_is(arena, &query->terms[i]);
    for (uint32_t i = 0, used = 0; i < count; i++) {
        if (conditions[i] == NULL) continue;
        selection one = weft_selection_together(arena, of_service, conditions[i]);
        all = used++ == 0 ? one : weft_selection_both(arena, all, one);
    }
    *out = all;
    return 1;
}
