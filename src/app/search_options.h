/* search_options.h -- the options that choose spans, the same in weft search and weft tail. */
#ifndef WEFT_APP_SEARCH_OPTIONS_H
#define WEFT_APP_SEARCH_OPTIONS_H
#include "app/command.h"

struct weft_search_options {
    const char *service, *operation, *kind, *status, *min_duration, *max_duration, *event;
    struct weft_option_strings where;
    bool errors, roots;
};

#define WEFT_SEARCH_OPTIONS(type, field)                                                        \
    { .name = "service",                                                                        \
      .kind = WEFT_OPT_STRING,                                                                  \
      .offset = offsetof(type, field.service),                                                  \
      .letter = 'S',                                                                            \
      .value_name = "NAME",                                                                     \
      .help = "Spans of this service (service.name)." },                                        \
        { .name = "operation",                                                                  \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.operation),                                            \
          .letter = 'O',                                                                        \
          .value_name = "NAME",                                                                 \
          .help = "Spans of this name." },                                                      \
        { .name = "kind",                                                                       \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.kind),                                                 \
          .value_name = "KIND",                                                                 \
          .help = "server, client, producer, consumer or internal." },                          \
        { .name = "status",                                                                     \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.status),                                               \
          .value_name = "STATUS",                                                               \
          .help = "error, ok or unset." },                                                      \
        { .name = "errors",                                                                     \
          .kind = WEFT_OPT_BOOL,                                                                \
          .offset = offsetof(type, field.errors),                                               \
          .letter = 'E',                                                                        \
          .help = "Short for --status error." },                                                \
        { .name = "min-duration",                                                               \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.min_duration),                                         \
          .letter = 'd',                                                                        \
          .value_name = "DURATION",                                                             \
          .help = "Spans at least that long: 250ms, 1.5s." },                                   \
        { .name = "max-duration",                                                               \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.max_duration),                                         \
          .value_name = "DURATION",                                                             \
          .help = "Spans at most that long." },                                                 \
        { .name = "where",                                                                      \
          .kind = WEFT_OPT_STRINGS,                                                             \
          .offset = offsetof(type, field.where),                                                \
          .letter = 'w',                                                                        \
          .value_name = "CONDITION",                                                            \
          .help =                                                                               \
              "An attribute: key, !key, key=value, !=, <, <=, >, >=, ^= (prefix); scopes "      \
              "span., resource., event., link., instrumentation. Repeatable; all must hold." }, \
        { .name = "event",                                                                      \
          .kind = WEFT_OPT_STRING,                                                              \
          .offset = offsetof(type, field.event),                                                \
          .value_name = "NAME",                                                                 \
          .help = "Spans with an event of this name." },                                        \
    {                                                                                           \
        .name = "roots", .kind = WEFT_OPT_BOOL, .offset = offsetof(type, field.roots),          \
        .help = "Only spans without a parent."                                                  \
    }

#define WEFT_SEARCH_TIMES(type)                                                            \
    WEFT_OPTION_TIMES(type, "The last 15m, 24h, ...; all there is when no time is given.", \
                      "Started then or later: Unix time, RFC 3339, now-2h.",               \
                      "Started before then.")

/* Append them to an API path as its parameters. */
void weft_search_options_add(struct weft_buf *path, const struct weft_search_options *options);

#endif
