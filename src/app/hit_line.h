/* hit_line.h -- one line a trace or span, for search and tail: read from the own API's JSON,
 * printed in columns. */
#ifndef WEFT_APP_HIT_LINE_H
#define WEFT_APP_HIT_LINE_H
#include "app/terminal.h"
#include "wire/json.h"

/* A trace of a search answer, or a span of one: fields that are not in it stay empty. */
struct weft_hit_line {
    struct weft_str trace_id, service_name, name, status, kind;
    uint64_t start_time_unix_nano, duration_ns;
    uint64_t
        match_time_unix_nano; /* of a trace: when the span began that made it found; what it is sorted by */
    uint64_t span_count, error_count, matched_span_count, service_count;
};
/* Reads the object whose start was just read. Unknown members are passed over. */
bool weft_hit_line_read(struct weft_hit_line *line, struct weft_json_reader *reader);
void weft_hit_line_write_trace(struct weft_buf *out, const struct weft_hit_line *line,
                               const struct weft_terminal *terminal);
void weft_hit_line_write_span(struct weft_buf *out, const struct weft_hit_line *line,
                              const struct weft_terminal *terminal);

#endif
