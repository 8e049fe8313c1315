/* zipkin_search.c -- conditions on the spans of a trace, and the newest traces that meet them (zipkin_search.h). */
#include "query/zipkin_search.h"
#include "base/clock.h"
#include "base/map.h"
#include "model/zipkin_span.h"

/* ---- conditions ---- */

/* What no span met yet. */
struct left {
    bool service, name, remote_service, duration;
    bool terms[WEFT_ZIPKIN_TERMS_MAX];
};

static bool term_holds(const struct weft_zipkin_term *term, const struct weft_zipkin_span *span,
                       struct weft_arena *arena)
{
    struct weft_str value;
    if (term->value.len > 0)
        return weft_zipkin_tag_find(span, term->key, &value, arena) &&
               weft_str_equal(value, term->value);
    return weft_zipkin_has_tag(span, term->key) ||
           weft_zipkin_has_annotation(span, term->key, arena);
}

static void take_span(const struct weft_zipkin_query *query, struct left *left,
                      const struct weft_zipkin_span *span, struct weft_arena *arena)
{
    if (query->service.len > 0 && !weft_str_equal(span->local.service_name, query->service)) return;
    left->service = false;
    if (left->name && weft_str_equal(span->name, query->name)) left->name = false;
    if (left->remote_service && weft_str_equal(span->remote.service_name, query->remote_service))
        left->remote_service = false;
    if (span->duration_us >= query->duration_min_us &&
        (query->duration_max_us == 0 || span->duration_us <= query->duration_max_us))
        left->duration = false;
    for (uint32_t i = 0; i < query->term_count; i++)
        if (left->terms[i] && term_holds(&query->terms[i], span, arena)) left->terms[i] = false;
}

static bool is_nothing_left(const struct weft_zipkin_query *query, const struct left *left)
{
    for (uint32_t i = 0; i < query->term_count; i++)
        if (left->terms[i]) return false;
    return !left->service && !left->name && !left->remote_service && !left->duration;
}

uint64_t weft_zipkin_trace_start_us(const struct weft_batch *trace)
{
    uint64_t first_us = 0;
    for (uint32_t i = 0; i < trace->span_count; i++) {
        uint64_t us = weft_zipkin_timestamp_us(&trace->spans[i]);
        if (us == 0) continue;
        if (!weft_zipkin_has_parent(&trace->spans[i])) return us;
        if (first_us == 0 || us < first_us) first_us = us;
    }
    return first_us;
}

/* ---- the newest ---- */

struct looking {
    const struct weft_zipkin_query *query;
    struct weft_arena *arena;
    struct weft_newest newest;
    struct weft_map known; /* ids that `newest` had before the scan at hand */
};

static bool matches(struct looking *looking, const struct weft_batch *trace)
{
    const struct weft_zipkin_query *query = looking->query;
    struct left left = {
        .service = query->service.len > 0,
        .name = query->name.len > 0,
        .remote_service = query->remote_service.len > 0,
        .duration = query->duration_min_us > 0,
    };
    uint64_t start_us = weft_zipkin_trace_start_us(trace);
    if (start_us == 0 || start_us < query->from_us || start_us > query->to_us) return false;
    memset(left.terms, true, query->term_count);
    for (uint32_t i = 0; i < trace->span_count && !is_nothing_left(query, &left); i++) {
        struct weft_arena_mark mark = weft_arena_mark(looking->arena);
        struct weft_zipkin_span span;
        weft_zipkin_span_make(&span, &trace->spans[i], looking->arena);
        take_span(query, &left, &span, looking->arena);
        weft_arena_rewind(looking->arena, mark);
    }
    return is_nothing_left(query, &left);
}

static struct weft_str id_text(const struct weft_trace_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct looking *looking = arg;
    struct weft_newest_trace found = { .start_ns = 0 };
    if (!matches(looking, trace)) return true;
    for (uint32_t i = 0; i < trace->span_count; i++) { /* the newest that is not behind the range */
        const struct weft_span *span = &trace->spans[i];
        uint64_t us = weft_zipkin_timestamp_us(span);
        if (us > 0 && us <= looking->query->to_us && span->start_time_unix_nano > found.start_ns)
            found.start_ns = span->start_time_unix_nano;
    }
    found.trace_id = trace->spans[0].trace_id;
    if (weft_map_get(&looking->known, id_text(&found.trace_id)) != NULL) return true;
    weft_newest_offer(&looking->newest, &found);
    return true;
}

static uint64_t us_to_ns(uint64_t us)
{
    return us > UINT64_MAX / WEFT_NS_PER_US ? UINT64_MAX : us * WEFT_NS_PER_US;
}

/* From where to look at first, so far from the end; then it is WIDER times as far. */
#define WIDTH_FIRST_NS WEFT_NS_PER_SECOND
#define WIDER 8u

/* The newest are wanted. Whoever has a span that starts in the last piece of the range overlaps it: when enough such traces are found,
 * the others need not be looked at. If not, then the piece before it, which is longer; what lies in both was seen. */
static int scan_backwards(struct looking *looking, const struct weft_source *source,
                          const struct weft_trace_scan *range,
                          struct weft_trace_scan_result *scanned, struct weft_err *err)
{
    struct weft_newest *newest = &looking->newest;
    struct weft_trace_scan piece = *range;
    uint64_t to_ns = range->to_ns != 0 ? range->to_ns : UINT64_MAX;
    if (to_ns <= range->from_ns) return WEFT_OK;
    for (uint64_t width_ns = WIDTH_FIRST_NS;; width_ns *= WIDER) {
        bool is_last = width_ns >= to_ns - range->from_ns;
        piece.from_ns = is_last ? range->from_ns : to_ns - width_ns;
        int rc = source->traces(source->self, &piece, visit, looking, scanned, err);
        bool is_enough =
            newest->count == newest->limit && newest->heap[0].start_ns >= piece.from_ns;
        if (rc < 0 || is_last || is_enough || scanned->partial_reason != NULL) return rc;
        piece.to_ns = piece.from_ns;
        weft_map_reset(&looking->known);
        for (uint32_t i = 0; i < newest->count; i++)
            weft_map_put(&looking->known, id_text(&newest->heap[i].trace_id), 0, NULL);
        if (width_ns > UINT64_MAX / WIDER) width_ns = UINT64_MAX / WIDER;
    }
}

int weft_zipkin_search(const struct weft_source *source, const struct weft_zipkin_query *query,
                       struct weft_zipkin_result *out, struct weft_arena *arena,
                       struct weft_err *err)
{
    struct looking looking = { .query = query, .arena = arena, .newest.limit = query->limit };
    struct weft_trace_scan_result scanned = { 0 };
    struct weft_trace_scan scan = {
        .from_ns = us_to_ns(query->from_us),
        .to_ns = query->to_us >= UINT64_MAX / WEFT_NS_PER_US ? 0 : us_to_ns(query->to_us + 1),
        .deadline_monotonic_ns = query->deadline_monotonic_ns,
        .cancelled = query->cancelled,
        .reads = query->reads,
    };
    *out = (struct weft_zipkin_result){ 0 };
    int rc = weft_zipkin_select(source, query, &scan.selection, arena, err);
    if (rc <= 0) return rc;
    rc = scan_backwards(&looking, source, &scan, &scanned, err);
    if (rc >= 0) {
        out->partial_reason = scanned.partial_reason;
        out->trace_count = looking.newest.count;
        out->traces = weft_newest_finish(&looking.newest, arena);
    }
    weft_newest_release(&looking.newest);
    weft_map_release(&looking.known);
    return rc;
}
