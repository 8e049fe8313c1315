/* time_text.c -- times and durations as people write them (declared in clock.h).
 *
 * Spec       RFC 3339 §5.6; durations as in the OpenTelemetry Collector's configuration, with days
 */
#include "base/clock.h"

#define NS_PER_MINUTE (60 * WEFT_NS_PER_SECOND)
#define NS_PER_HOUR (60 * NS_PER_MINUTE)
#define NS_PER_DAY (24 * NS_PER_HOUR)

static const struct duration_unit {
    struct weft_str name;
    uint64_t ns;
} units[] = {
    { WEFT_S_INIT("ns"), 1 },
    { WEFT_S_INIT("us"), WEFT_NS_PER_US },
    { WEFT_S_INIT("\xc2\xb5s"), WEFT_NS_PER_US }, /* micro sign */
    { WEFT_S_INIT("\xce\xbcs"), WEFT_NS_PER_US }, /* Greek mu */
    { WEFT_S_INIT("ms"), WEFT_NS_PER_MS },
    { WEFT_S_INIT("s"), WEFT_NS_PER_SECOND },
    { WEFT_S_INIT("m"), NS_PER_MINUTE },
    { WEFT_S_INIT("h"), NS_PER_HOUR },
    { WEFT_S_INIT("d"), NS_PER_DAY },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The unit at the front of *rest: the letters up to the next digit. */
static uint64_t unit_take(struct weft_str *rest)
{
    size_t len = 0;
    while (len < rest->len && !is_digit(rest->ptr[len]) && rest->ptr[len] != '.') len++;
    struct weft_str name = weft_str_make(rest->ptr, len);
    *rest = weft_str_tail(*rest, len);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (weft_str_equal(name, units[i].name)) return units[i].ns;
    return 0;
}

/* One "12.5ms" off the front of *rest, in ns. What is finer than a nanosecond is cut. */
static bool part_take(struct weft_str *rest, uint64_t *ns)
{
    size_t at = 0;
    while (at < rest->len && is_digit(rest->ptr[at])) at++;
    struct weft_str whole = weft_str_make(rest->ptr, at);
    struct weft_str fraction = { NULL, 0 };
    if (at < rest->len && rest->ptr[at] == '.') {
        size_t from = ++at;
        while (at < rest->len && is_digit(rest->ptr[at])) at++;
        fraction = weft_str_make(rest->ptr + from, at - from);
        if (fraction.len == 0) return false;
    }
    uint64_t value;
    if (!weft_str_to_u64(whole, &value)) return false;
    *rest = weft_str_tail(*rest, at);
    uint64_t unit = unit_take(rest);
    if (unit == 0 || __builtin_mul_overflow(value, unit, &value)) return false;
    uint64_t step = unit;
    uint64_t below = 0; /* the fraction in units of 1/10^n of `unit`, summed digit by digit */
    for (size_t i = 0; i < fraction.len && step > 0; i++) {
        below += (uint64_t)(fraction.ptr[i] - '0') * step / 10;
        step /= 10;
    }
    return !__builtin_add_overflow(value, below, ns);
}

bool weft_duration_parse(struct weft_str text, int64_t *ns)
{
    uint64_t total = 0;
    if (weft_str_equal(text, WEFT_S("0"))) {
        *ns = 0;
        return true;
    }
    if (text.len == 0) return false;
    while (text.len > 0) {
        uint64_t part;
        if (!part_take(&text, &part) || __builtin_add_overflow(total, part, &total)) return false;
    }
    if (total > INT64_MAX) return false;
    *ns = (int64_t)total;
    return true;
}

/* snprintf's result as the length that is really there. */
static size_t written(int len, size_t size)
{
    if (len < 0 || size == 0) return 0;
    return (size_t)len < size ? (size_t)len : size - 1;
}

/* "1.24ms": `value` in units of `unit`, three significant digits, no zeros at the end of a
 * fraction.
 * Returns 0 when rounding up gives 1000, which the next unit says better. */
static size_t format_small(char *out, size_t size, const char *sign, uint64_t ns, uint64_t unit,
                           const char *name)
{
    unsigned digits = unit == 1 ? 0 : ns < 10 * unit ? 2 : ns < 100 * unit ? 1 : 0;
    uint64_t scale = digits == 2 ? 100 : digits == 1 ? 10 : 1;
    uint64_t step = unit / scale;
    uint64_t rounded = step <= 1 ? ns : (ns + step / 2) / step;
    if (rounded >= 1000 * scale) return 0;
    uint64_t fraction = rounded % scale;
    while (digits > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    if (digits == 0)
        return written(
            snprintf(out, size, "%s%llu%s", sign, (unsigned long long)(rounded / scale), name),
            size);
    return written(snprintf(out, size, "%s%llu.%0*llu%s", sign,
                            (unsigned long long)(rounded / scale), (int)digits,
                            (unsigned long long)fraction, name),
                   size);
}

/* "2m 4s": two neighbouring units, the smaller rounded down and left out when zero. */
static size_t format_large(char *out, size_t size, const char *sign, uint64_t ns)
{
    static const struct {
        uint64_t ns, below_ns;
        const char *name, *below;
    } pairs[] = {
        { NS_PER_DAY, NS_PER_HOUR, "d", "h" },
        { NS_PER_HOUR, NS_PER_MINUTE, "h", "m" },
        { NS_PER_MINUTE, WEFT_NS_PER_SECOND, "m", "s" },
    };
    unsigned i = 0;
    while (i < 2 && ns < pairs[i].ns) i++;
    unsigned long long big = ns / pairs[i].ns, small = ns % pairs[i].ns / pairs[i].below_ns;
    if (small == 0) return written(snprintf(out, size, "%s%llu%s", sign, big, pairs[i].name), size);
    return written(
        snprintf(out, size, "%s%llu%s %llu%s", sign, big, pairs[i].name, small, pairs[i].below),
        size);
}

size_t weft_duration_format(char *out, size_t size, int64_t ns)
{
    const char *sign = ns < 0 ? "-" : "";
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    static const char *const names[] = { "ns", "us", "ms", "s" };
    uint64_t unit = 1;
    for (unsigned i = 0; i < 4 && rest < NS_PER_MINUTE; i++, unit *= 1000) {
        if (rest >= 1000 * unit && i < 3) continue;
        size_t len = format_small(out, size, sign, rest, unit, names[i]);
        if (len != 0 || size == 0) return len;
    }
    return format_large(out, size, sign, rest);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; years are counted from March, so the
 * leap day is last. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year =
        (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* The number of `count` digits at the front of *rest. */
static bool digits_take(struct weft_str *rest, unsigned count, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (rest->len < count) return false;
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(rest->ptr[i])) return false;
        value = value * 10 + (unsigned)(rest->ptr[i] - '0');
    }
    *rest = weft_str_tail(*rest, count);
    *out = value;
    return value <= max;
}

static bool byte_take(struct weft_str *rest, const char *allowed)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || strchr(allowed, rest->ptr[0]) == NULL)
        return false;
    *rest = weft_str_tail(*rest, 1);
    return true;
}

/* ".123" as nanoseconds; nothing there is 0; digits past the ninth are cut. */
static bool fraction_take(struct weft_str *rest, uint64_t *ns)
{
    *ns = 0;
    if (!byte_take(rest, ".")) return true;
    uint64_t step = WEFT_NS_PER_SECOND;
    size_t count = 0;
    for (; count < rest->len && is_digit(rest->ptr[count]); count++) {
        step /= 10;
        *ns += (uint64_t)(rest->ptr[count] - '0') * step;
    }
    *rest = weft_str_tail(*rest, count);
    return count > 0;
}

static bool offset_take(struct weft_str *rest, int64_t *seconds)
{
    *seconds = 0;
    if (byte_take(rest, "Zz")) return true;
    bool is_negative = rest->len > 0 && rest->ptr[0] == '-';
    unsigned hours, minutes;
    if (!byte_take(rest, "+-") || !digits_take(rest, 2, 23, &hours) || !byte_take(rest, ":") ||
        !digits_take(rest, 2, 59, &minutes))
        return false;
    *seconds = (int64_t)(hours * 3600 + minutes * 60) * (is_negative ? -1 : 1);
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1u : 0u);
}

bool weft_time_parse_rfc3339(struct weft_str text, uint64_t *unix_ns)
{
    unsigned year, month, day, hour, minute, second;
    uint64_t fraction_ns;
    int64_t offset;
    if (!digits_take(&text, 4, 9999, &year) || !byte_take(&text, "-") ||
        !digits_take(&text, 2, 12, &month) || !byte_take(&text, "-") ||
        !digits_take(&text, 2, 31, &day) || !byte_take(&text, "Tt ") ||
        !digits_take(&text, 2, 23, &hour) || !byte_take(&text, ":") ||
        !digits_take(&text, 2, 59, &minute) || !byte_take(&text, ":") ||
        !digits_take(&text, 2, 60, &second)) /* 60: a leap second is the next one's zero */
        return false;
    if (month == 0 || day == 0 || day > days_in_month(year, month)) return false;
    if (!fraction_take(&text, &fraction_ns) || !offset_take(&text, &offset) || text.len != 0)
        return false;
    int64_t seconds = days_from_date(year, month, day) * 86400 +
                      (int64_t)(hour * 3600 + minute * 60 + second) - offset;
    uint64_t ns;
    if (seconds < 0 || __builtin_mul_overflow((uint64_t)seconds, WEFT_NS_PER_SECOND, &ns))
        return false;
    return !__builtin_add_overflow(ns, fraction_ns, unix_ns);
}

size_t weft_time_format_rfc3339(char *out, size_t size, uint64_t unix_ns, unsigned digits)
{
    time_t seconds = (time_t)(unix_ns / WEFT_NS_PER_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char fraction[11] = "";
    if (digits > 9) digits = 9;
    if (digits > 0) {
        snprintf(fraction, sizeof fraction, ".%09u", (unsigned)(unix_ns % WEFT_NS_PER_SECOND));
        fraction[digits + 1] = '\0';
    }
    return written(snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900,
                            tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction),
                   size);
}

/* `fraction` of a unit that has `digits` decimals, without zeros at the end. */
static void print_fraction(struct weft_buf *out, uint64_t fraction, int digits)
{
    if (fraction == 0) return;
    for (; fraction % 10 == 0; digits--) fraction /= 10;
    weft_buf_printf(out, ".%0*llu", digits, (unsigned long long)fraction);
}

void weft_duration_print(struct weft_buf *out, int64_t ns)
{
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (ns < 0) weft_buf_append_byte(out, '-');
    if (rest < UINT64_C(1000000000)) {
        static const struct {
            uint64_t ns;
            int digits;
            const char *name;
        } small[] = { { 1000000, 6, "ms" }, { 1000, 3, "\u00b5s" }, { 1, 0, "ns" } };
        size_t u = 0;
        while (rest < small[u].ns && u < 2) u++;
        weft_buf_printf(out, "%llu", (unsigned long long)(rest / small[u].ns));
        print_fraction(out, rest % small[u].ns, small[u].digits);
        weft_buf_append_c(out, rest == 0 ? "s" : small[u].name);
        return;
    }
    uint64_t seconds = rest / 1000000000;
    if (seconds >= 3600) weft_buf_printf(out, "%lluh", (unsigned long long)(seconds / 3600));
    if (seconds >= 60) weft_buf_printf(out, "%llum", (unsigned long long)(seconds / 60 % 60));
    weft_buf_printf(out, "%llu", (unsigned long long)(seconds % 60));
    print_fraction(out, rest % 1000000000, 9);
    weft_buf_append_byte(out, 's');
}
