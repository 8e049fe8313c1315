/* log.h -- the program's log: text on a terminal, one JSON object a line otherwise.
 *
 * Threads    any; a line is written with one write(2)
 * Errors     none: a log that cannot be written is dropped and counted
 *
 * Log an error once, where it is handled. What happens per span is a counter, not a line.
 */
#ifndef WEFT_BASE_LOG_H
#define WEFT_BASE_LOG_H
#include "base/str.h"

enum weft_log_level { WEFT_LOG_DEBUG, WEFT_LOG_INFO, WEFT_LOG_WARN, WEFT_LOG_ERROR };
enum weft_log_format { WEFT_LOG_AUTO, WEFT_LOG_TEXT, WEFT_LOG_JSON };

void weft_log_configure(enum weft_log_level level, enum weft_log_format format,
                        int fd); /* before threads start */
bool weft_log_level_parse(struct weft_str text, enum weft_log_level *level);
/* `part` is who speaks: "store", "otlp". Message without newline. */
void weft_log(enum weft_log_level level, const char *part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* At most one line per `interval_ns` for this call site; says how many were left out. *state is a
 * static zero. */
struct weft_log_limit {
    uint64_t next_ns;
    uint64_t left_out;
};
void weft_log_limited(struct weft_log_limit *state, uint64_t interval_ns, enum weft_log_level level,
                      const char *part, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
