/* config_substitute.c -- ${env:NAME} and friends inside one scalar. What comes from outside is
 * text: it is not looked at again,
 * and cannot become YAML structure (checklist C1.17.2 to C1.17.5). */
#include "app/config_tree.h"

#include "base/buf.h"

enum { NAME_BYTES_MAX = 255, RESULT_BYTES_MAX = 64 * 1024 };

static bool is_name(struct weft_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

/* Position of ":-", or the length. */
static size_t default_at(struct weft_str inside)
{
    for (size_t i = 0; i + 1 < inside.len; i++)
        if (inside.ptr[i] == ':' && inside.ptr[i + 1] == '-') return i;
    return inside.len;
}

static const char *look_up(const struct weft_config_environment *environment, struct weft_str name)
{
    char terminated[NAME_BYTES_MAX + 1];

    memcpy(terminated, name.ptr, name.len);
    terminated[name.len] = '\0';
    return environment->get != NULL ? environment->get(environment->self, terminated)
                                    : getenv(terminated);
}

static int fail_reference(struct weft_str inside, struct weft_err *err)
{
    return weft_fail(
        err, WEFT_INVALID,
        "found \"${%.*s}\", expected ${env:NAME}, ${env:NAME:-default} or $$ for a dollar sign",
        inside.len > 60 ? 60 : (int)inside.len, inside.ptr);
}

/* One reference, without its braces. */
static int append_reference(struct weft_buf *out, struct weft_str inside,
                            const struct weft_config_environment *environment, struct weft_err *err)
{
    struct weft_str name = inside;
    char sentence[400];

    if (weft_str_starts_with(name, WEFT_S("env:"))) name = weft_str_tail(name, 4);
    size_t cut = default_at(name);
    struct weft_str fallback = weft_str_tail(name, cut + 2);
    bool has_fallback = cut < name.len;
    name.len = cut;
    if (!is_name(name)) return fail_reference(inside, err);

    const char *value = look_up(environment, name);
    if (value != NULL && (value[0] != '\0' || !has_fallback)) {
        weft_buf_append_c(out, value);
    } else if (has_fallback) {
        weft_buf_append_str(out, fallback);
    } else if (environment->warn != NULL) {
        snprintf(sentence, sizeof sentence, "environment variable %.*s is not set: empty is taken",
                 WEFT_S_ARG(name));
        environment->warn(environment->self, sentence);
    }
    return WEFT_OK;
}

int weft_config_substitute(struct weft_str *out, struct weft_str text,
                           const struct weft_config_environment *environment,
                           struct weft_arena *arena, struct weft_err *err)
{
    struct weft_buf result = { 0 };
    int rc = WEFT_OK;

    *out = text;
    if (weft_str_find(text, '$') < 0) return WEFT_OK;
    for (size_t i = 0; i < text.len && rc == WEFT_OK; i++) {
        char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
        if (c == '$' && next == '$') {
            weft_buf_append_byte(&result, '$');
            i++;
        } else if (c == '$' && next == '{') {
            struct weft_str inside = weft_str_tail(text, i + 2);
            ptrdiff_t end = weft_str_find(inside, '}');
            if (end < 0) {
                rc = weft_fail(err, WEFT_INVALID, "found \"${\" without \"}\"");
                break;
            }
            inside.len = (size_t)end;
            rc = append_reference(&result, inside, environment, err);
            i += inside.len + 2;
        } else {
            weft_buf_append_byte(&result, c);
        }
        if (rc == WEFT_OK && result.len > RESULT_BYTES_MAX)
            rc = weft_fail(err, WEFT_TOO_LARGE,
                           "a text of more than %d bytes, references filled in", RESULT_BYTES_MAX);
    }
    *out = weft_arena_copy(arena, weft_buf_str(&result));
    weft_buf_release(&result);
    return rc;
}
