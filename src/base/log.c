/* log.c -- one line, one write(2). */
#include "base/log.h"

#include "base/clock.h"
#include "base/metric.h"
#include <stdarg.h>
#include <unistd.h>

/* A line longer than this is cut: the log is for sentences, and PIPE_BUF (4096) bytes reach a pipe
 * in one piece. */
enum { LINE_BYTES_MAX = 4096, MESSAGE_BYTES_MAX = 2048 };

static enum weft_log_level least_level = WEFT_LOG_INFO;
static bool is_json;
static bool is_configured;
static int log_fd = STDERR_FILENO;

static struct weft_metric dropped_lines = {
    .name = "weft_log_dropped_lines_total",
    .help = "Log lines that could not be written.",
    .kind = WEFT_METRIC_COUNTER,
};

static const struct {
    struct weft_str name;
    const char *column;
} levels[] = {
    [WEFT_LOG_DEBUG] = { WEFT_S_INIT("debug"), "DEBUG" },
    [WEFT_LOG_INFO] = { WEFT_S_INIT("info"), "INFO " },
    [WEFT_LOG_WARN] = { WEFT_S_INIT("warn"), "WARN " },
    [WEFT_LOG_ERROR] = { WEFT_S_INIT("error"), "ERROR" },
};

void weft_log_configure(enum weft_log_level level, enum weft_log_format format, int fd)
{
    least_level = level;
    log_fd = fd;
    is_json = format == WEFT_LOG_JSON || (format == WEFT_LOG_AUTO && !isatty(fd));
    is_configured = true;
    weft_metric_register(&dropped_lines);
}

bool weft_log_level_parse(struct weft_str text, enum weft_log_level *level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (!weft_str_equal_ignoring_case(text, levels[i].name)) continue;
        *level = (enum weft_log_level)i;
        return true;
    }
    return false;
}

struct line {
    char text[LINE_BYTES_MAX];
    size_t len;
};

static void line_add(struct line *line, const char *bytes, size_t len)
{
    size_t room = sizeof line->text - 8 - line->len; /* 8: what ends a line must always fit */
    if (len > room) len = room;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void line_add_c(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

/* Length of the UTF-8 character at the front of s, or 0 when there is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80) return 1;
    size_t want = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
                  : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                  : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                : 0;
    if (want == 0 || want > len) return 0;
    for (size_t i = 1; i < want; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f) || (s[0] == 0xed && s[1] > 0x9f))
        return 0;
    return want;
}

/* Messages quote foreign input: what would break the line, the JSON or the terminal is escaped. */
static void line_add_escaped(struct line *line, const char *text, bool quote)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        const unsigned char *at = (const unsigned char *)text + i;
        size_t part = utf8_len(at, len - i);
        if (line->len + 8 > sizeof line->text - 8) return; /* never half an escape */
        if (part == 0) {
            line_add_c(line, "\xef\xbf\xbd"); /* U+FFFD */
            part = 1;
        } else if (*at < 0x20 || *at == 0x7f) {
            char escape[8];
            line_add(line, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *at));
        } else if (quote && (*at == '"' || *at == '\\')) {
            line_add(line, (const char[]){ '\\', (char)*at }, 2);
        } else {
            line_add(line, text + i, part);
        }
        i += part;
    }
}

static void line_write(const struct line *line)
{
    if (write(log_fd, line->text, line->len) != (ssize_t)line->len)
        weft_metric_add(&dropped_lines, 1);
}

static void log_line(enum weft_log_level level, const char *part, const char *message)
{
    char time[40];
    struct line line;
    line.len = 0;
    weft_time_format_rfc3339(time, sizeof time, weft_clock_unix_ns(), 3);
    if (is_json) {
        line_add_c(&line, "{\"time\":\"");
        line_add_c(&line, time);
        line_add_c(&line, "\",\"level\":\"");
        line_add(&line, levels[level].name.ptr, levels[level].name.len);
        line_add_c(&line, "\",\"part\":\"");
        line_add_escaped(&line, part, true);
        line_add_c(&line, "\",\"message\":\"");
        line_add_escaped(&line, message, true);
        memcpy(line.text + line.len, "\"}\n", 3);
        line.len += 3;
    } else {
        line_add_c(&line, time);
        line_add_c(&line, " ");
        line_add_c(&line, levels[level].column);
        line_add_c(&line, " ");
        line_add_escaped(&line, part, false);
        line_add_c(&line, ": ");
        line_add_escaped(&line, message, false);
        line.text[line.len++] = '\n';
    }
    line_write(&line);
}

static bool is_wanted(enum weft_log_level level)
{
    if (!is_configured) weft_log_configure(WEFT_LOG_INFO, WEFT_LOG_AUTO, STDERR_FILENO);
    return level >= least_level;
}

void weft_log(enum weft_log_level level, const char *part, const char *format, ...)
{
    if (!is_wanted(level)) return;
    char message[MESSAGE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    log_line(level, part, message);
}

void weft_log_limited(struct weft_log_limit *state, uint64_t interval_ns, enum weft_log_level level,
                      const char *part, const char *format, ...)
{
    if (!is_wanted(level)) return;
    uint64_t now = weft_clock_monotonic_ns();
    uint64_t next = __atomic_load_n(&state->next_ns, __ATOMIC_RELAXED);
    if (now < next || !__atomic_compare_exchange_n(&state->next_ns, &next, now + interval_ns, false,
                                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&state->left_out, 1, __ATOMIC_RELAXED);
        return;
    }
    uint64_t left_out = __atomic_exchange_n(&state->left_out, 0, __ATOMIC_RELAXED);
    char message[MESSAGE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (left_out > 0 && len >= 0 && (size_t)len < sizeof message)
        snprintf(message + len, sizeof message - (size_t)len, " (and %llu more like this)",
                 (unsigned long long)left_out);
    log_line(level, part, message);
}
