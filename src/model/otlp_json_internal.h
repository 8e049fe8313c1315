/* otlp_json_internal.h -- shared by otlp_json_decode.c (request to span) and otlp_json_value.c
 * (scalars, AnyValue). */
#ifndef WEFT_MODEL_OTLP_JSON_INTERNAL_H
#define WEFT_MODEL_OTLP_JSON_INTERNAL_H
#include "model/otlp_internal.h"
#include "wire/json.h"

struct weft_otlp_json {
    struct weft_json_reader r;
    struct weft_batch *batch;
    struct weft_arena *arena;
    struct weft_otlp_result *result;
    struct weft_err *err;
    struct weft_otlp_growth growth;
    uint32_t resource_number, scope_number,
        span_number; /* where we are, from 1; 0: not inside one */
    bool is_failed;
    size_t long_key_bytes;  /* of an attribute that was left out because of its key; 0: none */
    struct weft_buf nested; /* protobuf of the array or kvlist being read; owned */
};

/* All of these return false when the batch is refused; the error is filled then. `field` is the
 * key, for the error. */
bool weft_otlp_json_refuse(struct weft_otlp_json *d, int status, const char *field,
                           const char *why);
bool weft_otlp_json_broken(struct weft_otlp_json *d); /* the reader stopped */
/* "expected X" with what stands there instead. */
bool weft_otlp_json_wrong(struct weft_otlp_json *d, const char *field, enum weft_json_token found,
                          const char *expected);
/* True, and refused, when `more` bytes would pass the bound of WEFT_OTLP_GROWTH_MAX. */
bool weft_otlp_json_grown(struct weft_otlp_json *d, size_t more);

/* Next member that is not null: false at the end of the object, or when refused (is_failed). */
bool weft_otlp_json_member(struct weft_otlp_json *d, struct weft_str *key,
                           enum weft_json_token *token);
/* Next element that is not null. */
bool weft_otlp_json_element(struct weft_otlp_json *d, enum weft_json_token *token);
bool weft_otlp_json_skip(struct weft_otlp_json *d, enum weft_json_token token);
static inline bool weft_otlp_json_open(struct weft_otlp_json *d, enum weft_json_token token,
                                       const char *field)
{
    return token == WEFT_JSON_OBJECT_START || weft_otlp_json_wrong(d, field, token, "an object");
}
static inline bool weft_otlp_json_open_array(struct weft_otlp_json *d, enum weft_json_token token,
                                             const char *field)
{
    return token == WEFT_JSON_ARRAY_START || weft_otlp_json_wrong(d, field, token, "an array");
}

bool weft_otlp_json_string(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                           struct weft_str *out);
bool weft_otlp_json_u64(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        uint64_t *out);
bool weft_otlp_json_u32(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                        uint32_t *out);
/* Number, digits in a string, or a name with `prefix` ("SPAN_KIND_"); the latter two and unknown
 * ones count as mended. */
bool weft_otlp_json_enum(struct weft_otlp_json *d, enum weft_json_token token, const char *field,
                         struct weft_str prefix, bool (*parse)(struct weft_str name, uint8_t *out),
                         uint8_t count, uint8_t *out);

/* The array of KeyValues that `token` opens; replaces what *out holds. */
bool weft_otlp_json_attributes(struct weft_otlp_json *d, enum weft_json_token token,
                               struct weft_attributes *out);

#endif
