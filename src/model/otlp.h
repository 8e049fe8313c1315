/* otlp.h -- OTLP traces to batches and back, protobuf and JSON.
 *
 * Errors     WEFT_INVALID with the path of the field:
 *            "resource_spans[0].scope_spans[1].spans[7].name: not UTF-8 at byte 3"; WEFT_TOO_LARGE
 *            for counts and depths beyond the stated bounds
 * Threads    pure functions
 * Ownership  decoded strings point into `body`, or into the batch's arena where bytes had to change
 *            (JSON escapes, base64)
 * Spec       OTLP 1.5; checklist C3.1 - C3.10
 *
 * What a decoder does with odd spans (docs/otlp.md has the table):
 *  kept as they are   unknown fields (skipped), end before start, times of 1970 or 2200, empty
 *  names, unknown parent
 *  mended, counted    invalid UTF-8 (bad bytes become U+FFFD), unknown enum values (become
 *  UNSPECIFIED / UNSET), parent id all
 *                     zero (none), parent id of wrong length (none), flags beyond bit 9 (masked)
 *  rejected, counted  trace or span id of wrong length or all zero: partial success says how many
 *  and why refuses the batch  bytes that are no protobuf or JSON, JSON values of the wrong kind,
 *  values nested deeper than
 *                     WEFT_OTLP_DEPTH_MAX, bodies that would grow more than 16-fold
 */
#ifndef WEFT_MODEL_OTLP_H
#define WEFT_MODEL_OTLP_H
#include "base/buf.h"
#include "base/err.h"
#include "model/span.h"

#define WEFT_OTLP_DEPTH_MAX 32        /* nesting of arrays and kvlists */
#define WEFT_OTLP_KEY_BYTES_MAX 65535 /* longer attribute keys reject the span */

struct weft_otlp_result {
    uint64_t rejected_spans; /* not in the batch */
    uint64_t mended_fields;
    char reason[256]; /* about the first rejected span; terminated; empty when none */
};
/* Append the spans of an ExportTraceServiceRequest (TracesData) to `out`. */
int weft_otlp_decode_protobuf(struct weft_batch *out, struct weft_str body,
                              struct weft_otlp_result *result, struct weft_err *err);
int weft_otlp_decode_json(struct weft_batch *out, struct weft_str body,
                          struct weft_otlp_result *result, struct weft_err *err);

/* A whole batch as TracesData; spans of one scope must stand together (weft_batch says so). */
void weft_otlp_encode_protobuf(struct weft_buf *out, const struct weft_batch *batch);
enum weft_otlp_json_form {
    WEFT_OTLP_JSON, /* OTLP: hex ids, enum numbers, {"resourceSpans": [...]} */
    WEFT_OTLP_JSON_SPARSE, /* the same without empty lists in values, as the Collector and Jaeger write it */
    WEFT_OTLP_JSON_TEMPO, /* proto3 JSON as Tempo writes it: base64 ids, enum names (query.md Q8.2.2) */
};
/* The ResourceSpans array alone ("[...]"), so that callers put it under "resourceSpans" or
 * "batches". */
void weft_otlp_encode_json(struct weft_buf *out, const struct weft_batch *batch,
                           enum weft_otlp_json_form form);
/* One AnyValue as OTLP JSON, and as plain JSON (1, "x", [..], {..}) for our own API. */
void weft_otlp_value_to_json(struct weft_buf *out, const struct weft_value *value);
void weft_value_to_plain_json(struct weft_buf *out, const struct weft_value *value);

/* Parts on their own, for the store's tables: a Resource and its schema_url, a scope and its, as
 * one message
 * (ResourceSpans / ScopeSpans without spans), in canonical form: equal parts give equal bytes. */
void weft_otlp_encode_resource(struct weft_buf *out, const struct weft_resource *resource);
void weft_otlp_encode_scope(struct weft_buf *out, const struct weft_scope *scope);
int weft_otlp_decode_resource(struct weft_resource *out, struct weft_str bytes,
                              struct weft_arena *arena, struct weft_err *err);
int weft_otlp_decode_scope(struct weft_scope *out, struct weft_str bytes, struct weft_arena *arena,
                           struct weft_err *err);

/* Walk the elements of a checked array value (kvlists alike, then *key is set). Start with *at = 0;
 * false at the end. */
bool weft_value_next(struct weft_str encoded, size_t *at, struct weft_str *key,
                     struct weft_value *element, bool is_kvlist);

/* ExportTraceServiceResponse: nothing when rejected is 0 and the message empty. Spec C3.3 */
void weft_otlp_encode_response_protobuf(struct weft_buf *out, uint64_t rejected_spans,
                                        struct weft_str message);
void weft_otlp_encode_response_json(struct weft_buf *out, uint64_t rejected_spans,
                                    struct weft_str message);
/* google.rpc.Status, with RetryInfo when retry_after_ns > 0. Spec C3.3.4, C3.5.2 */
void weft_otlp_encode_status_protobuf(struct weft_buf *out, int code, struct weft_str message,
                                      uint64_t retry_after_ns);
void weft_otlp_encode_status_json(struct weft_buf *out, int code, struct weft_str message,
                                  uint64_t retry_after_ns);

#endif
