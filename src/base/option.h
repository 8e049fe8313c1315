/* option.h -- what can be set, as tables: one table feeds parsing, defaults, checks, --help and the
 * manual.
 *
 * Shape      an array ending with a NULL name; each line tells a field of a plain struct how it is
 *            written
 * Units      sizes become bytes, durations nanoseconds, whatever unit they were written in
 * Errors     WEFT_INVALID; the sentence says what was found and what was expected, the caller puts
 *            before it where
 * Threads    tables are const; a struct being filled belongs to its caller
 * Ownership  strings are copied into the arena given
 */
#ifndef WEFT_BASE_OPTION_H
#define WEFT_BASE_OPTION_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum weft_option_kind {
    WEFT_OPT_BOOL,     /* bool */
    WEFT_OPT_COUNT,    /* uint64_t */
    WEFT_OPT_NUMBER,   /* double */
    WEFT_OPT_BYTES,    /* uint64_t: "20MiB", "64KiB", "500MB", "4096" */
    WEFT_OPT_MIB,      /* uint64_t bytes, written as a count of MiB */
    WEFT_OPT_DURATION, /* uint64_t nanoseconds: "30s", "1h30m" */
    WEFT_OPT_SECONDS,  /* uint64_t nanoseconds, written as a count of seconds or as a duration */
    WEFT_OPT_STRING,   /* const char *; NULL without a fallback */
    WEFT_OPT_ENUM,     /* int: place in `choices` */
    WEFT_OPT_ENDPOINT, /* const char *: "host:port", "[::1]:port", "unix:/path", "" */
    WEFT_OPT_STRINGS,  /* struct weft_option_strings; each of `choices` unless that is NULL */
    WEFT_OPT_TABLE,    /* another table, whose offsets start at this offset */
    WEFT_OPT_REFUSED, /* a key that others know and weft does not honour; `help` says why. No field */
};
struct weft_option_strings {
    struct weft_str *items;
    uint32_t count;
};

struct weft_option {
    const char *name;
    enum weft_option_kind kind;
    size_t offset;                     /* of the field */
    const char *fallback;              /* as it would be written; NULL: zero, empty, NULL */
    const char *help;                  /* one or two sentences */
    uint64_t min, max;                 /* of numbers, in the field's unit; max 0: no limit */
    const char *const *choices;        /* ENUM, STRINGS; ends with NULL */
    const struct weft_option *options; /* TABLE */
    const char *part; /* TABLE whose keys are parts: "receiver"; for sentences about unknown ones */
    const char *hint; /* TABLE: what to say besides when a key is unknown here */
    /* On a command line */
    char letter;            /* -s; 0: none */
    const char *value_name; /* "FILE" in "--config FILE"; NULL: from the kind */
    const char
        *environment; /* a variable whose value, when set and not empty, goes before the fallback */
};

/* Every field gets its fallback. A fallback that does not parse is a bug in the table. */
void weft_options_init(const struct weft_option *table, void *base, struct weft_arena *arena);
/* The same, environment variables first; WEFT_INVALID when one of them cannot be read. */
int weft_options_init_from_environment(const struct weft_option *table, void *base,
                                       struct weft_arena *arena, struct weft_err *err);
/* Read `text` into the option's field. STRINGS: separated by commas, replaces the list. */
int weft_option_set(const struct weft_option *option, void *base, struct weft_str text,
                    struct weft_arena *arena, struct weft_err *err);
/* STRINGS: one more item, taken as it is. */
int weft_option_add(const struct weft_option *option, void *base, struct weft_str item,
                    struct weft_arena *arena, struct weft_err *err);
/* NULL when there is none of that name. */
const struct weft_option *weft_option_find(const struct weft_option *table, struct weft_str name);
/* The name a typing error was probably meant to be, or NULL. */
const char *weft_option_nearest(const struct weft_option *table, struct weft_str name);
/* WEFT_INVALID: `unknown key; did you mean "endpoint"?`, or what is known there. `in` is the TABLE
 * option, NULL at the top. */
int weft_option_fail_unknown(const struct weft_option *table, const struct weft_option *in,
                             struct weft_str name, struct weft_err *err);
/* The option at "receivers.otlp.protocols.grpc.endpoint"; *base moves from the struct of the
 * outermost table to its own. */
int weft_option_at(const struct weft_option *table, struct weft_str path,
                   const struct weft_option **option, void **base, struct weft_err *err);
/* "a whole number from 1 to 100": for sentences and the manual. */
void weft_option_write_expected(const struct weft_option *option, struct weft_buf *out);
/* The field as it would be written. */
void weft_option_write_value(const struct weft_option *option, const void *base,
                             struct weft_buf *out);

/* Sizes, as options write them. */
bool weft_bytes_parse(struct weft_str text, uint64_t *bytes);
void weft_bytes_write(uint64_t bytes, struct weft_buf *out);
/* "host:port", "[::1]:port", "unix:/path"; "" is fine (not listening). */
int weft_option_check_endpoint(struct weft_str text, struct weft_err *err);

#endif
