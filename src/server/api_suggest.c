/* api_suggest.c -- completion as JSON (api_suggest.h). */
#include "server/api_suggest.h"
#include "query/suggest.h"
#include "server/api_docs.h"
#include "server/api_question.h"

struct asked {
    struct weft_str query;
    struct weft_api_range range;
    uint32_t position, limit;
};
#define AT(field) offsetof(struct asked, field)
static const struct weft_api_parameter parameters[] = {
    { .name = "q",
      .kind = WEFT_API_TEXT,
      .offset = AT(query),
      .help = "The query as far as it is written." },
    { .name = "position",
      .kind = WEFT_API_COUNT,
      .offset = AT(position),
      .fallback = "4294967295",
      .help = "Where the cursor stands, in characters from 0; the end when not given." },
    WEFT_API_RANGE(struct asked),
    { .name = "limit",
      .kind = WEFT_API_COUNT,
      .offset = AT(limit),
      .fallback = "20",
      .min = 1,
      .max = 1000,
      .help = "Suggestions at most." },
    { 0 },
};

static void write_suggestion(struct weft_json_writer *w, const struct weft_suggestion *suggestion)
{
    static const char *const kinds[] = {
        [WEFT_SUGGESTION_ATTRIBUTE] = "attribute", [WEFT_SUGGESTION_INTRINSIC] = "intrinsic",
        [WEFT_SUGGESTION_VALUE] = "value",         [WEFT_SUGGESTION_OPERATOR] = "operator",
        [WEFT_SUGGESTION_STAGE] = "stage",
    };
    weft_json_object_start(w);
    weft_api_put_text(w, "text", suggestion->text);
    weft_json_key(w, "kind");
    weft_json_c(w, kinds[suggestion->kind]);
    weft_api_put_u64(w, "span_count", suggestion->span_count);
    weft_json_object_end(w);
}

int weft_api_suggest(struct weft_call *call, struct weft_err *err)
{
    struct asked asked = { 0 };
    struct weft_suggestions found;
    int rc = weft_api_parameters_read(call, parameters, &asked, err);
    if (rc < 0 || (rc = weft_api_range_finish(&asked.range, err)) < 0) return rc;
    const struct weft_suggest_question question = {
        .text = asked.query,
        .position = asked.position,
        .from_ns = asked.range.from_ns,
        .to_ns = asked.range.to_ns,
        .limit = asked.limit,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
    };
    rc = weft_suggest(&call->face->parts->source, &question, &found, &call->arena, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_api_put_u64(&w, "start", found.start);
    weft_api_put_u64(&w, "end", found.end);
    weft_json_key(&w, "suggestions");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < found.count; i++) write_suggestion(&w, &found.items[i]);
    weft_json_array_end(&w);
    weft_json_key(&w, "partial");
    if (found.partial_reason != NULL)
        weft_json_c(&w, found.partial_reason);
    else
        weft_json_null(&w);
    weft_json_object_end(&w);
    return WEFT_OK;
}

static const struct weft_api_field suggestion_fields[] = {
    { "text", WEFT_API_STRING },
    { "kind", WEFT_API_STRING },
    { "span_count", WEFT_API_INTEGER },
    { 0 },
};
static const struct weft_api_field suggest_fields[] = {
    { "start", WEFT_API_INTEGER },
    { "end", WEFT_API_INTEGER },
    { "suggestions", WEFT_API_OBJECT, 1, .fields = suggestion_fields },
    { "partial", WEFT_API_STRING, .is_nullable = true },
    { 0 },
};
const struct weft_route_docs weft_api_suggest_docs = {
    .name = "suggest",
    .summary = "What may be written at a place of a TraceQL query.",
    .parameters = parameters,
    .answers = { suggest_fields },
};
