/* regex.c -- patterns compiled by PCRE2, matched within limits. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "query/regex.h"
#include "query/regex_internal.h"

#include "wire/text.h"
#include <pcre2.h>

/* Steps of one match: what a pattern without trickery needs for a text of some 100 KiB; some 10 ms. */
#define STEPS_MAX 1000000
#define HEAP_KIB_MAX 16384 /* for what does not fit the JIT's stack */

struct weft_regex {
    struct weft_str literal; /* the pattern is plain text, and there is no code */
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void regex_release(void *what)
{
    struct weft_regex *regex = what;
    pcre2_code_free(regex->code);
    pcre2_match_context_free(regex->limits);
}

static void fail_compile(struct weft_str pattern, int error, struct weft_err *err)
{
    PCRE2_UCHAR why[120];
    pcre2_get_error_message(error, why, sizeof why);
    size_t len = pattern.len < 80 ? pattern.len : 80;
    weft_fail(err, WEFT_INVALID, "the regular expression \"%.*s%s\" is not valid: %s", (int)len,
              pattern.ptr, len < pattern.len ? "..." : "", (const char *)why);
}

static int compile(struct weft_regex *regex, struct weft_str pattern, struct weft_str translated,
                   struct weft_err *err)
{
    int error;
    size_t offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (context == NULL || regex->limits == NULL) {
        pcre2_compile_context_free(context);
        return weft_fail(err, WEFT_FULL, "no memory for a regular expression");
    }
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(regex->limits, STEPS_MAX);
    pcre2_set_depth_limit(regex->limits, STEPS_MAX);
    pcre2_set_heap_limit(regex->limits, HEAP_KIB_MAX);
    regex->code = pcre2_compile((PCRE2_SPTR)translated.ptr, translated.len,
                                PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_ANCHORED |
                                    PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                                &error, &offset, context);
    pcre2_compile_context_free(context);
    if (regex->code == NULL) {
        fail_compile(pattern, error, err);
        return WEFT_INVALID;
    }
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without it matching is slower, no more */
    return WEFT_OK;
}

int weft_regex_compile(const struct weft_regex **out, struct weft_str pattern,
                       struct weft_arena *arena, struct weft_err *err)
{
    struct weft_buf translated = { 0 };
    struct weft_regex *regex = weft_arena_alloc_zero(arena, sizeof *regex);
    bool is_literal;
    if (pattern.ptr == NULL) pattern = WEFT_S("");
    int rc = weft_regex_translate(&translated, pattern, &is_literal, err);
    if (rc == WEFT_OK && is_literal) {
        regex->literal = weft_arena_copy(arena, pattern);
    } else if (rc == WEFT_OK) {
        weft_arena_on_release(arena, regex_release, regex);
        rc = compile(regex, pattern, weft_buf_str(&translated), err);
    }
    weft_buf_release(&translated);
    *out = rc == WEFT_OK ? regex : NULL;
    return rc;
}

static int match(const struct weft_regex *regex, struct weft_str text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (data == NULL) return PCRE2_ERROR_NOMEMORY;
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : "");
    int rc = pcre2_match(regex->code, subject, text.len, 0, 0, data, regex->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(regex->code, subject, text.len, 0, PCRE2_NO_JIT, data, regex->limits);
    pcre2_match_data_free(data);
    return rc;
}

int weft_regex_match(const struct weft_regex *regex, struct weft_str text)
{
    if (regex->code == NULL) return weft_str_equal(text, regex->literal);
    int rc = match(regex, text);
    if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21) {
        struct weft_buf repaired = { 0 };
        weft_utf8_append_repaired(&repaired, text);
        rc = match(regex, weft_buf_str(&repaired));
        weft_buf_release(&repaired);
    }
    if (rc == PCRE2_ERROR_NOMATCH) return 0;
    return rc >= 0 ? 1 : WEFT_TOO_LARGE;
}
