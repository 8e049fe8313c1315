/* option.c -- reading texts into fields, and saying what would have been right. */
#include "base/option.h"

#include "base/assert.h"
#include "base/clock.h"
#include <inttypes.h>

static void *field(const struct weft_option *option, void *base)
{
    return (char *)base + option->offset;
}

static const void *field_const(const struct weft_option *option, const void *base)
{
    return (const char *)base + option->offset;
}

static int fail_found(const struct weft_option *option, struct weft_str text, struct weft_err *err)
{
    struct weft_buf expected = { 0 };

    weft_option_write_expected(option, &expected);
    int rc = weft_fail(err, WEFT_INVALID, "found \"%.*s\", expected %.*s",
                       text.len > 80 ? 80 : (int)text.len, text.ptr != NULL ? text.ptr : "",
                       WEFT_S_ARG(weft_buf_str(&expected)));
    weft_buf_release(&expected);
    return rc;
}

static bool in_range(const struct weft_option *option, uint64_t value)
{
    return value >= option->min && (option->max == 0 || value <= option->max);
}

static int choice_of(const struct weft_option *option, struct weft_str text)
{
    for (int i = 0; option->choices[i] != NULL; i++)
        if (weft_str_equal_c(text, option->choices[i])) return i;
    return -1;
}

static bool bool_parse(struct weft_str text, bool *out)
{
    *out = weft_str_equal_c(text, "true");
    return *out || weft_str_equal_c(text, "false");
}

static bool number_parse(const struct weft_option *option, struct weft_str text, uint64_t *out)
{
    int64_t ns;

    switch (option->kind) {
    case WEFT_OPT_COUNT: return weft_str_to_u64(text, out);
    case WEFT_OPT_BYTES: return weft_bytes_parse(text, out);
    case WEFT_OPT_MIB:
        if (!weft_str_to_u64(text, out) || *out > UINT64_MAX >> 21) return false;
        *out <<= 20;
        return true;
    case WEFT_OPT_SECONDS:
        if (weft_str_to_u64(text, out)) {
            if (*out > INT64_MAX / UINT64_C(1000000000)) return false;
            *out *= UINT64_C(1000000000);
            return true;
        }
        break;
    default: break;
    }
    if (!weft_duration_parse(text, &ns) || ns < 0) return false;
    *out = (uint64_t)ns;
    return true;
}

static int set_number(const struct weft_option *option, void *base, struct weft_str text,
                      struct weft_err *err)
{
    uint64_t value;

    if (!number_parse(option, text, &value) || !in_range(option, value))
        return fail_found(option, text, err);
    *(uint64_t *)field(option, base) = value;
    return WEFT_OK;
}

static int set_double(const struct weft_option *option, void *base, struct weft_str text,
                      struct weft_err *err)
{
    double value;

    if (!weft_str_to_double(text, &value) || !(value >= (double)option->min) ||
        (option->max != 0 && value > (double)option->max))
        return fail_found(option, text, err);
    *(double *)field(option, base) = value;
    return WEFT_OK;
}

static int set_text(const struct weft_option *option, void *base, struct weft_str text,
                    struct weft_arena *arena, struct weft_err *err)
{
    if (text.len > 0 && memchr(text.ptr, 0, text.len) != NULL)
        return weft_fail(err, WEFT_INVALID, "found a zero byte, expected text without one");
    if (option->kind == WEFT_OPT_ENDPOINT && weft_option_check_endpoint(text, err) < 0)
        return WEFT_INVALID;
    *(const char **)field(option, base) = weft_arena_copy_c(arena, text);
    return WEFT_OK;
}

static int set_strings(const struct weft_option *option, void *base, struct weft_str text,
                       struct weft_arena *arena, struct weft_err *err)
{
    int rc = WEFT_OK;

    *(struct weft_option_strings *)field(option, base) = (struct weft_option_strings){ 0 };
    while (rc == WEFT_OK && text.len > 0) {
        struct weft_str item = weft_str_trim(weft_str_split(&text, ','));
        if (item.len > 0) rc = weft_option_add(option, base, item, arena, err);
    }
    return rc;
}

int weft_option_add(const struct weft_option *option, void *base, struct weft_str item,
                    struct weft_arena *arena, struct weft_err *err)
{
    struct weft_option_strings *list = field(option, base);

    WEFT_ASSERT(option->kind == WEFT_OPT_STRINGS, "option %s, kind %d", option->name,
                (int)option->kind);
    if (option->choices != NULL && choice_of(option, item) < 0)
        return fail_found(option, item, err);
    if (list->count >= 1000)
        return weft_fail(err, WEFT_INVALID, "found more than 1000 items, expected fewer");
    /* Grown one by one: lists are short, and the arena goes with the configuration. */
    struct weft_str *items = weft_arena_alloc_array(arena, list->count + 1, sizeof *items);
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    items[list->count] = weft_str_make(weft_arena_copy_c(arena, item), item.len);
    list->items = items;
    list->count++;
    return WEFT_OK;
}

int weft_option_set(const struct weft_option *option, void *base, struct weft_str text,
                    struct weft_arena *arena, struct weft_err *err)
{
    switch (option->kind) {
    case WEFT_OPT_BOOL:
        return bool_parse(text, field(option, base)) ? WEFT_OK : fail_found(option, text, err);
    case WEFT_OPT_COUNT:
    case WEFT_OPT_BYTES:
    case WEFT_OPT_MIB:
    case WEFT_OPT_DURATION:
    case WEFT_OPT_SECONDS: return set_number(option, base, text, err);
    case WEFT_OPT_NUMBER: return set_double(option, base, text, err);
    case WEFT_OPT_STRING:
    case WEFT_OPT_ENDPOINT: return set_text(option, base, text, arena, err);
    case WEFT_OPT_STRINGS: return set_strings(option, base, text, arena, err);
    case WEFT_OPT_ENUM: {
        int choice = choice_of(option, text);
        if (choice < 0) return fail_found(option, text, err);
        *(int *)field(option, base) = choice;
        return WEFT_OK;
    }
    case WEFT_OPT_TABLE: return text.len == 0 ? WEFT_OK : fail_found(option, text, err);
    case WEFT_OPT_REFUSED: break;
    }
    return weft_fail(err, WEFT_INVALID, "weft does not have this: %s", option->help);
}

void weft_options_init(const struct weft_option *table, void *base, struct weft_arena *arena)
{
    for (const struct weft_option *option = table; option != NULL && option->name != NULL;
         option++) {
        struct weft_err err = { 0 };
        if (option->kind == WEFT_OPT_TABLE) {
            weft_options_init(option->options, field(option, base), arena);
        } else if (option->fallback != NULL) {
            int rc = weft_option_set(option, base, weft_str_from_c(option->fallback), arena, &err);
            WEFT_ASSERT(rc == WEFT_OK, "fallback of %s: %s", option->name, err.text);
        }
    }
}

int weft_options_init_from_environment(const struct weft_option *table, void *base,
                                       struct weft_arena *arena, struct weft_err *err)
{
    weft_options_init(table, base, arena);
    for (const struct weft_option *option = table; option != NULL && option->name != NULL;
         option++) {
        const char *value = option->environment != NULL ? getenv(option->environment) : NULL;
        if (value == NULL || value[0] == '\0') continue;
        if (weft_option_set(option, base, weft_str_from_c(value), arena, err) < 0)
            return weft_err_wrap(err, "environment variable %s", option->environment);
    }
    return WEFT_OK;
}

const struct weft_option *weft_option_find(const struct weft_option *table, struct weft_str name)
{
    for (const struct weft_option *option = table; option != NULL && option->name != NULL; option++)
        if (weft_str_equal_c(name, option->name)) return option;
    return NULL;
}

const char *weft_option_nearest(const struct weft_option *table, struct weft_str name)
{
    const char *nearest = NULL;
    size_t least =
        name.len / 3 < 1 ? 2 : name.len / 3 + 1; /* further apart is another word, not a slip */

    for (const struct weft_option *option = table; option != NULL && option->name != NULL;
         option++) {
        if (option->kind == WEFT_OPT_REFUSED) continue;
        size_t distance = weft_str_distance(name, weft_str_from_c(option->name));
        if (distance <= least && (nearest == NULL || distance < least)) {
            nearest = option->name;
            least = distance;
        }
    }
    return nearest;
}

static void write_names(const struct weft_option *table, struct weft_buf *out)
{
    bool is_first = true;

    for (const struct weft_option *option = table; option != NULL && option->name != NULL;
         option++) {
        if (option->kind == WEFT_OPT_REFUSED) continue;
        weft_buf_printf(out, "%s%s", is_first ? "" : ", ", option->name);
        is_first = false;
    }
    if (is_first) weft_buf_append_c(out, "none");
}

int weft_option_fail_unknown(const struct weft_option *table, const struct weft_option *in,
                             struct weft_str name, struct weft_err *err)
{
    struct weft_buf names = { 0 };
    const char *nearest = weft_option_nearest(table, name);
    const char *part = in != NULL ? in->part : NULL;
    const char *hint = in != NULL ? in->hint : NULL;
    int rc;

    write_names(table, &names);
    if (part != NULL)
        rc = weft_fail(err, WEFT_INVALID, "weft has no %s \"%.*s\"; it has: %.*s%s%s", part,
                       name.len > 60 ? 60 : (int)name.len, name.ptr,
                       WEFT_S_ARG(weft_buf_str(&names)), hint != NULL ? "; " : "",
                       hint != NULL ? hint : "");
    else if (nearest != NULL)
        rc = weft_fail(err, WEFT_INVALID, "unknown key; did you mean \"%s\"?", nearest);
    else
        rc = weft_fail(err, WEFT_INVALID, "unknown key; known here: %.*s",
                       WEFT_S_ARG(weft_buf_str(&names)));
    weft_buf_release(&names);
    return rc;
}

int weft_option_at(const struct weft_option *table, struct weft_str path,
                   const struct weft_option **option, void **base, struct weft_err *err)
{
    const struct weft_option *in = NULL;
    struct weft_str rest = path;

    for (;;) {
        struct weft_str name = weft_str_split(&rest, '.');
        const struct weft_option *found = weft_option_find(table, name);
        if (found == NULL) {
            struct weft_str upto = { path.ptr, (size_t)(name.ptr + name.len - path.ptr) };
            weft_option_fail_unknown(table, in, name, err);
            return weft_err_wrap(err, "%.*s", WEFT_S_ARG(upto));
        }
        if (rest.len == 0 || found->kind != WEFT_OPT_TABLE) {
            if (rest.len > 0)
                return weft_fail(err, WEFT_INVALID, "%.*s: \"%s\" has no keys below it",
                                 WEFT_S_ARG(path), found->name);
            *option = found;
            return WEFT_OK;
        }
        *base = field(found, *base);
        in = found;
        table = found->options;
    }
}

static void write_range(const struct weft_option *option, struct weft_buf *out,
                        void (*write)(uint64_t, struct weft_buf *))
{
    if (option->min > 0 && option->max > 0) {
        weft_buf_append_c(out, " from ");
        write(option->min, out);
        weft_buf_append_c(out, " to ");
        write(option->max, out);
    } else if (option->min > 0) {
        weft_buf_append_c(out, ", at least ");
        write(option->min, out);
    } else if (option->max > 0) {
        weft_buf_append_c(out, ", at most ");
        write(option->max, out);
    }
}

static void write_count(uint64_t value, struct weft_buf *out)
{
    weft_buf_printf(out, "%" PRIu64, value);
}

static void write_mib(uint64_t value, struct weft_buf *out)
{
    weft_buf_printf(out, "%" PRIu64, value >> 20);
}

/* Exact, in a form that reads back: the largest unit that divides, so "90s", never "1m 30s". */
static void write_duration(uint64_t ns, struct weft_buf *out)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {
        { "h", UINT64_C(3600000000000) },
        { "m", UINT64_C(60000000000) },
        { "s", 1000000000 },
        { "ms", 1000000 },
        { "us", 1000 },
        { "ns", 1 },
    };
    size_t i = 0;

    if (ns == 0) {
        weft_buf_append_c(out, "0");
        return;
    }
    while (ns % units[i].ns != 0) i++;
    weft_buf_printf(out, "%" PRIu64 "%s", ns / units[i].ns, units[i].unit);
}

static void write_choices(const struct weft_option *option, struct weft_buf *out)
{
    if (option->choices[0] == NULL) weft_buf_append_c(out, "nothing, there are none yet");
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (i > 0) weft_buf_append_c(out, option->choices[i + 1] == NULL ? " or " : ", ");
        weft_buf_append_c(out, option->choices[i]);
    }
}

void weft_option_write_expected(const struct weft_option *option, struct weft_buf *out)
{
    switch (option->kind) {
    case WEFT_OPT_BOOL: weft_buf_append_c(out, "true or false"); break;
    case WEFT_OPT_COUNT:
        weft_buf_append_c(out, "a whole number");
        write_range(option, out, write_count);
        break;
    case WEFT_OPT_NUMBER:
        weft_buf_append_c(out, "a number");
        write_range(option, out, write_count);
        break;
    case WEFT_OPT_BYTES:
        weft_buf_append_c(out, "a size such as 64MiB");
        write_range(option, out, weft_bytes_write);
        break;
    case WEFT_OPT_MIB:
        weft_buf_append_c(out, "a whole number of MiB");
        write_range(option, out, write_mib);
        break;
    case WEFT_OPT_DURATION:
        weft_buf_append_c(out, "a duration such as 30s");
        write_range(option, out, write_duration);
        break;
    case WEFT_OPT_SECONDS:
        weft_buf_append_c(out, "a whole number of seconds, or a duration such as 2h");
        write_range(option, out, write_duration);
        break;
    case WEFT_OPT_STRING: weft_buf_append_c(out, "a text"); break;
    case WEFT_OPT_ENDPOINT:
        weft_buf_append_c(out,
                          "an address such as 127.0.0.1:4317, [::1]:4317 or unix:/run/weft.sock");
        break;
    case WEFT_OPT_STRINGS:
        if (option->choices == NULL)
            weft_buf_append_c(out, "a list of texts");
        else
            write_choices(option, out);
        break;
    case WEFT_OPT_ENUM: write_choices(option, out); break;
    case WEFT_OPT_TABLE:
        weft_buf_append_c(out, "a map with keys of: ");
        write_names(option->options, out);
        break;
    case WEFT_OPT_REFUSED: weft_buf_append_c(out, "nothing"); break;
    }
}

void weft_option_write_value(const struct weft_option *option, const void *base,
                             struct weft_buf *out)
{
    const void *at = field_const(option, base);

    switch (option->kind) {
    case WEFT_OPT_BOOL: weft_buf_append_c(out, *(const bool *)at ? "true" : "false"); break;
    case WEFT_OPT_COUNT: write_count(*(const uint64_t *)at, out); break;
    case WEFT_OPT_NUMBER: weft_buf_printf(out, "%g", *(const double *)at); break;
    case WEFT_OPT_BYTES: weft_bytes_write(*(const uint64_t *)at, out); break;
    case WEFT_OPT_MIB: write_mib(*(const uint64_t *)at, out); break;
    case WEFT_OPT_DURATION:
    case WEFT_OPT_SECONDS: write_duration(*(const uint64_t *)at, out); break;
    case WEFT_OPT_STRING:
    case WEFT_OPT_ENDPOINT:
        weft_buf_append_c(out, *(const char *const *)at != NULL ? *(const char *const *)at : "");
        break;
    case WEFT_OPT_ENUM: weft_buf_append_c(out, option->choices[*(const int *)at]); break;
    case WEFT_OPT_STRINGS: {
        const struct weft_option_strings *list = at;
        for (uint32_t i = 0; i < list->count; i++)
            weft_buf_printf(out, "%s%.*s", i > 0 ? "," : "", WEFT_S_ARG(list->items[i]));
        break;
    }
    case WEFT_OPT_TABLE:
    case WEFT_OPT_REFUSED: break;
    }
}
