/* tempo_parameters.c -- parameters as Tempo's API takes them (tempo.h). */
#include "server/tempo.h"

const struct weft_tempo_encoder *weft_tempo_encoder_wanted(struct weft_call *call)
{
    const struct weft_tempo_encoder *encoder = &weft_tempo_json;
    if (weft_call_accepts(call, WEFT_S("application/protobuf"))) encoder = &weft_tempo_protobuf;
    call->content_type = weft_str_from_c(encoder->content_type);
    return encoder;
}

static int seconds_parse(struct weft_call *call, const char *name, bool *is_there, uint64_t *out,
                         struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), is_there);
    if (text.len == 0) *is_there = false;
    if (!*is_there) return WEFT_OK;
    if (!weft_str_to_u64(text, out) || *out > UINT32_MAX)
        return weft_fail(err, WEFT_INVALID,
                         "invalid %s: found \"%.*s\", expected whole Unix seconds", name,
                         WEFT_S_ARG(text));
    return WEFT_OK;
}

int weft_tempo_range_parse(struct weft_call *call, uint64_t *from_ns, uint64_t *to_ns,
                           struct weft_err *err)
{
    bool has_start, has_end;
    uint64_t start = 0, end = 0;
    int rc = seconds_parse(call, "start", &has_start, &start, err);
    if (rc < 0 || (rc = seconds_parse(call, "end", &has_end, &end, err)) < 0) return rc;
    return weft_tempo_range_make(start, end, from_ns, to_ns, err);
}

int weft_tempo_count_parse(struct weft_call *call, const char *name, uint32_t *out,
                           struct weft_err *err)
{
    uint64_t number;
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0) return WEFT_OK;
    if (!weft_str_to_u64(text, &number) || number > UINT32_MAX)
        return weft_fail(err, WEFT_INVALID,
                         "invalid %s: found \"%.*s\", expected a whole number from 0", name,
                         WEFT_S_ARG(text));
    *out = (uint32_t)number;
    return WEFT_OK;
}
