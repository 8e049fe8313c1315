/* api_parameters.h -- what a request asks for: its query string, and the JSON object of a POST, as names and values; and tables of
 * parameters that check and convert them.
 *
 * Errors     WEFT_INVALID: parameter, what was found, what was expected; unknown names with the nearest known one
 * Ownership  texts live in the call's arena or its body
 */
#ifndef WEFT_SERVER_API_PARAMETERS_H
#define WEFT_SERVER_API_PARAMETERS_H
#include "server/router.h"

typedef int weft_api_take_parameter(void *arg, struct weft_str name, struct weft_str value,
                                    struct weft_err *err);

/* Calls `take` for each, a JSON list once per element; stops at the first error. */
int weft_api_each_parameter(struct weft_call *call, weft_api_take_parameter *take, void *arg,
                            struct weft_err *err);

/* ---- tables: the same for reading and for the OpenAPI document ---- */

enum weft_api_kind {
    WEFT_API_TEXT,     /* struct weft_str */
    WEFT_API_TEXTS,    /* struct weft_api_texts: repeatable */
    WEFT_API_COUNT,    /* uint32_t, from min to max (0: any) */
    WEFT_API_TIME,     /* uint64_t, Unix ns: all that weft_search_time_parse() takes */
    WEFT_API_DURATION, /* uint64_t, ns: 250ms, 1h30m; more than zero */
    WEFT_API_NUMBER,   /* uint64_t, at least 1 */
    WEFT_API_BYTES,    /* uint64_t, at least 1: 64MiB, 4096 */
    WEFT_API_CHOICE,   /* uint32_t: place in `choices` */
    WEFT_API_BOOL,     /* bool */
};
#define WEFT_API_TEXTS_MAX 64u
struct weft_api_texts {
    struct weft_str items[WEFT_API_TEXTS_MAX];
    uint32_t count;
};
struct weft_api_parameter {
    const char *name;
    enum weft_api_kind kind;
    bool is_required;
    size_t offset;        /* of the field in what is filled */
    const char *fallback; /* NULL: the field stays zero */
    uint32_t min, max;
    const char *const *choices; /* ends with NULL */
    const char *help;           /* a sentence */
};
/* One of them. 1: taken; 0: the table has no such name. */
int weft_api_parameter_take(struct weft_call *call, const struct weft_api_parameter *table,
                            void *out, struct weft_str name, struct weft_str value,
                            struct weft_err *err);
/* `table` ends with a NULL name. Empty values count as not given. */
int weft_api_parameters_read(struct weft_call *call, const struct weft_api_parameter *table,
                             void *out, struct weft_err *err);

#endif
