/* tempo_time.c -- durations, times and ranges as Tempo's API writes them (tempo.h). */
#include "base/clock.h"
#include "server/tempo.h"

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    { "ns", 1 },
    { "us", WEFT_NS_PER_US },
    { "\xc2\xb5s", WEFT_NS_PER_US }, /* micro sign */
    { "\xce\xbcs", WEFT_NS_PER_US }, /* Greek mu */
    { "ms", WEFT_NS_PER_MS },
    { "s", WEFT_NS_PER_SECOND },
    { "m", 60 * WEFT_NS_PER_SECOND },
    { "h", 3600 * WEFT_NS_PER_SECOND },
    { "d", 24 * 3600 * WEFT_NS_PER_SECOND },
    { "w", 7 * 24 * 3600 * WEFT_NS_PER_SECOND },
    { "y", 365 * 24 * 3600 * WEFT_NS_PER_SECOND },
};

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

/* One "12.5ms" off the front of *rest, added to *total. */
static bool duration_part(struct weft_str *rest, double *total)
{
    size_t number = 0, end;
    double value;
    while (number < rest->len && is_of_number(rest->ptr[number])) number++;
    for (end = number; end < rest->len && !is_of_number(rest->ptr[end]);) end++;
    struct weft_str unit = weft_str_make(rest->ptr + number, end - number);
    if (!weft_str_to_double(weft_str_make(rest->ptr, number), &value)) return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!weft_str_equal_c(unit, units[i].name)) continue;
        *total += value * (double)units[i].ns;
        *rest = weft_str_tail(*rest, end);
        return true;
    }
    return false;
}

bool weft_tempo_duration_parse(struct weft_str text, uint64_t *ns)
{
    double total = 0;
    if (text.len == 0) return false;
    if (weft_str_equal_c(text, "0")) text.len = 0;
    while (text.len > 0)
        if (!duration_part(&text, &total)) return false;
    *ns = (uint64_t)(total + 0.5);
    return total < 9e18;
}

bool weft_tempo_time_parse(struct weft_str text, uint64_t *ns)
{
    double seconds;
    uint64_t number;
    enum { SECONDS_DIGITS_MAX = 10 }; /* until the year 2286 */
    if (weft_str_to_u64(text, &number)) {
        *ns = text.len <= SECONDS_DIGITS_MAX ? number * WEFT_NS_PER_SECOND : number;
        return true;
    }
    if (weft_time_parse_rfc3339(text, ns)) return true;
    if (!weft_str_to_double(text, &seconds) || !(seconds >= 0 && seconds < 1e10)) return false;
    uint64_t whole = (uint64_t)seconds; /* apart from the fraction, which then keeps its digits */
    *ns = whole * WEFT_NS_PER_SECOND + (uint64_t)((seconds - (double)whole) * 1e9 + 0.5);
    return true;
}

int weft_tempo_range_make(uint64_t start_s, uint64_t end_s, uint64_t *from_ns, uint64_t *to_ns,
                          struct weft_err *err)
{
    *from_ns = start_s * WEFT_NS_PER_SECOND;
    *to_ns = end_s > 0 ? end_s * WEFT_NS_PER_SECOND + 1 : 0; /* `end` itself belongs to it */
    if ((start_s == 0) != (end_s == 0))
        return weft_fail(err, WEFT_INVALID,
                         "only one of start and end provided: must provide both or neither");
    if (start_s >= end_s && end_s > 0)
        return weft_fail(err, WEFT_INVALID,
                         "http parameter start must be before end. received start=%u end=%u",
                         (unsigned)start_s, (unsigned)end_s);
    return WEFT_OK;
}
