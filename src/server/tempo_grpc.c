/* tempo_grpc.c -- tempopb.StreamingQuerier: the questions of the HTTP API over gRPC, as Grafana asks them when streaming is switched on.
 *
 * Each answer is a stream of one message, the complete one. Streams exist so that an answer can be shown while further blocks are being
 * read; the newest traces are only known when all have been looked at.
 *
 * Spec       query.md Q8.8.4
 */
#include "base/clock.h"
#include "server/call_grpc.h"
#include "server/tempo.h"
#include "wire/protobuf.h"

#define VARINT(number) ((number) << 3 | WEFT_PB_VARINT)
#define BYTES(number) ((number) << 3 | WEFT_PB_BYTES)

static int message_read(struct weft_call *call, struct weft_pb_reader *r, struct weft_err *err)
{
    struct weft_str message = { 0 };
    int rc = weft_call_grpc_message(call, &message, err);
    *r = weft_pb_reader_make(message);
    return rc;
}

static int message_check(const struct weft_pb_reader *r, struct weft_err *err)
{
    return r->is_broken ? weft_fail(err, WEFT_INVALID, "the message is no protobuf") : WEFT_OK;
}

static uint32_t clamped(uint64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* What an answering function wrote goes out as one message. */
static int message_send(struct weft_call *call, struct weft_buf *message, int rc)
{
    if (rc >= 0) weft_call_grpc_send(call, weft_buf_str(message));
    weft_buf_release(message);
    return rc;
}

/* ---- Search ---- */

/* An entry of map<string, string>, as logfmt. */
static void tag_read(struct weft_buf *tags, struct weft_str entry)
{
    struct weft_pb_reader r = weft_pb_reader_make(entry);
    struct weft_str key = { 0 }, value = { 0 };
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag == BYTES(1))
            key = weft_pb_bytes(&r);
        else if (tag == BYTES(2))
            value = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    if (tags->len > 0) weft_buf_append_byte(tags, ' ');
    weft_buf_append_str(tags, key);
    weft_buf_append_c(tags, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\') weft_buf_append_byte(tags, '\\');
        weft_buf_append_byte(tags, value.ptr[i]);
    }
    weft_buf_append_byte(tags, '"');
}

/* SearchRequest{Tags = 1, MinDurationMs = 2, MaxDurationMs = 3, Limit = 4, start = 5, end = 6, Query = 8, SpansPerSpanSet = 9} */
static int search_read(struct weft_call *call, struct weft_tempo_search *search,
                       struct weft_buf *tags, struct weft_err *err)
{
    struct weft_pb_reader r;
    uint64_t start = 0, end = 0;
    uint32_t tag;
    int rc = message_read(call, &r, err);
    while (rc >= 0 && weft_pb_next(&r, &tag)) {
        switch (tag) {
        case BYTES(1): tag_read(tags, weft_pb_bytes(&r)); break;
        case VARINT(2):
            search->duration_min_ns = clamped(weft_pb_varint(&r)) * WEFT_NS_PER_MS;
            break;
        case VARINT(3):
            search->duration_max_ns = clamped(weft_pb_varint(&r)) * WEFT_NS_PER_MS;
            break;
        case VARINT(4): search->traces = clamped(weft_pb_varint(&r)); break;
        case VARINT(5): start = clamped(weft_pb_varint(&r)); break;
        case VARINT(6): end = clamped(weft_pb_varint(&r)); break;
        case BYTES(8): search->query = weft_pb_bytes(&r); break;
        case VARINT(9): search->spans_per_spanset = clamped(weft_pb_varint(&r)); break;
        default: weft_pb_skip(&r, tag);
        }
    }
    if (rc < 0 || (rc = message_check(&r, err)) < 0) return rc;
    if (search->traces == 0) search->traces = WEFT_TEMPO_TRACES_DEFAULT;
    if (search->spans_per_spanset == 0) search->spans_per_spanset = WEFT_TEMPO_SPANS_DEFAULT;
    return weft_tempo_range_make(start, end, &search->from_ns, &search->to_ns, err);
}

static int search(struct weft_call *call, struct weft_err *err)
{
    struct weft_tempo_search asked = { 0 };
    struct weft_buf tags = { 0 }, out = { 0 };
    int rc = search_read(call, &asked, &tags, err);
    asked.tags = weft_buf_str(&tags);
    if (rc >= 0) rc = weft_tempo_search_answer(call, &asked, &weft_tempo_protobuf, &out, err);
    weft_buf_release(&tags);
    return message_send(call, &out, rc);
}

/* ---- tags and their values ---- */

/* SearchTagsRequest{scope = 1, query = 2, start = 3, end = 4, maxTagsPerScope = 5, staleValuesThreshold = 6} and
 * SearchTagValuesRequest{tagName = 1, query = 2, start = 4, end = 5, maxTagValues = 6, staleValueThreshold = 7}: the numbers of the
 * second are one higher from `start` on. */
static int names_read(struct weft_call *call, struct weft_tempo_names *names, bool is_values,
                      struct weft_err *err)
{
    struct weft_pb_reader r;
    uint64_t numbers[3] = { 0 }; /* start, end, limit */
    uint32_t tag, first = is_values ? 4 : 3;
    int rc = message_read(call, &r, err);
    while (rc >= 0 && weft_pb_next(&r, &tag)) {
        if (tag == BYTES(1))
            *(is_values ? &names->tag : &names->scope) = weft_pb_bytes(&r);
        else if (tag == BYTES(2))
            names->query = weft_pb_bytes(&r);
        else if ((tag & 7) == WEFT_PB_VARINT && tag >> 3 >= first && tag >> 3 < first + 3)
            numbers[(tag >> 3) - first] = clamped(weft_pb_varint(&r));
        else
            weft_pb_skip(&r, tag);
    }
    if (rc < 0 || (rc = message_check(&r, err)) < 0) return rc;
    names->limit = (uint32_t)numbers[2];
    return weft_tempo_range_make(numbers[0], numbers[1], &names->from_ns, &names->to_ns, err);
}

static int tags_send(struct weft_call *call, bool is_v1, struct weft_err *err)
{
    struct weft_tempo_names names = { .is_v1 = is_v1 };
    struct weft_buf out = { 0 };
    int rc = names_read(call, &names, false, err);
    if (rc >= 0) rc = weft_tempo_tags_answer(call, &names, &weft_tempo_protobuf, &out, err);
    return message_send(call, &out, rc);
}

static int values_send(struct weft_call *call, bool is_v1, struct weft_err *err)
{
    struct weft_tempo_names names = { .is_v1 = is_v1 };
    struct weft_buf out = { 0 };
    int rc = names_read(call, &names, true, err);
    if (rc >= 0 && names.tag.len == 0)
        rc = weft_fail(err, WEFT_INVALID, "tagName: found nothing, expected the name of a tag");
    if (rc >= 0) rc = weft_tempo_values_answer(call, &names, &weft_tempo_protobuf, &out, err);
    return message_send(call, &out, rc);
}

static int search_tags(struct weft_call *call, struct weft_err *err)
{
    return tags_send(call, true, err);
}

static int search_tags_v2(struct weft_call *call, struct weft_err *err)
{
    return tags_send(call, false, err);
}

static int search_tag_values(struct weft_call *call, struct weft_err *err)
{
    return values_send(call, true, err);
}

static int search_tag_values_v2(struct weft_call *call, struct weft_err *err)
{
    return values_send(call, false, err);
}

/* ---- metrics ---- */

/* QueryRangeRequest{query = 1, start = 2, end = 3, step = 4, exemplars = 16, maxSeries = 17}, times in ns; QueryInstantRequest has the
 * first three. */
static int metrics_read(struct weft_call *call, struct weft_tempo_metrics *metrics,
                        struct weft_err *err)
{
    struct weft_pb_reader r;
    uint32_t tag;
    int rc = message_read(call, &r, err);
    while (rc >= 0 && weft_pb_next(&r, &tag)) {
        switch (tag) {
        case BYTES(1): metrics->query = weft_pb_bytes(&r); break;
        case VARINT(2): metrics->start_ns = weft_pb_varint(&r); break;
        case VARINT(3): metrics->end_ns = weft_pb_varint(&r); break;
        case VARINT(4): metrics->step_ns = weft_pb_varint(&r); break;
        case VARINT(16): metrics->exemplars = clamped(weft_pb_varint(&r)); break;
        case VARINT(17): metrics->series_max = clamped(weft_pb_varint(&r)); break;
        default: weft_pb_skip(&r, tag);
        }
    }
    if (metrics->exemplars > WEFT_TEMPO_EXEMPLARS_MAX)
        metrics->exemplars = WEFT_TEMPO_EXEMPLARS_MAX;
    return rc < 0 ? rc : message_check(&r, err);
}

static int metrics_send(struct weft_call *call, bool is_instant, struct weft_err *err)
{
    struct weft_tempo_metrics metrics = { .is_instant = is_instant };
    struct weft_buf out = { 0 };
    int rc = metrics_read(call, &metrics, err);
    if (rc >= 0) rc = weft_tempo_metrics_answer(call, &metrics, &weft_tempo_protobuf, &out, err);
    return message_send(call, &out, rc);
}

static int metrics_query_range(struct weft_call *call, struct weft_err *err)
{
    return metrics_send(call, false, err);
}

static int metrics_query_instant(struct weft_call *call, struct weft_err *err)
{
    return metrics_send(call, true, err);
}

const struct weft_route weft_routes_tempo_grpc[] = {
    { "POST", "/tempopb.StreamingQuerier/Search", false, search },
    { "POST", "/tempopb.StreamingQuerier/SearchTags", false, search_tags },
    { "POST", "/tempopb.StreamingQuerier/SearchTagsV2", false, search_tags_v2 },
    { "POST", "/tempopb.StreamingQuerier/SearchTagValues", false, search_tag_values },
    { "POST", "/tempopb.StreamingQuerier/SearchTagValuesV2", false, search_tag_values_v2 },
    { "POST", "/tempopb.StreamingQuerier/MetricsQueryRange", false, metrics_query_range },
    { "POST", "/tempopb.StreamingQuerier/MetricsQueryInstant", false, metrics_query_instant },
    { 0 },
};
