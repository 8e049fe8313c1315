/* command_line_test.c -- every way to write an option, and the ways to get it wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/command_line.h"

struct options {
    bool is_json, is_quiet;
    uint64_t limit;
    const char *name;
    struct weft_option_strings set;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option table[] = {
    { .name = "json", .kind = WEFT_OPT_BOOL, .offset = AT(is_json), .letter = 'j' },
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(is_quiet),
      .letter = 'q',
      .fallback = "true" },
    { .name = "limit",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(limit),
      .letter = 'l',
      .fallback = "20",
      .max = 100 },
    { .name = "name", .kind = WEFT_OPT_STRING, .offset = AT(name) },
    { .name = "set", .kind = WEFT_OPT_STRINGS, .offset = AT(set), .fallback = "zero" },
    { 0 },
};
static const struct weft_command command = {
    .name = "try",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 2,
    .options = table,
    .options_size = sizeof(struct options),
};

static const struct {
    const char *argv[8];
    const char *sentence; /* NULL: taken, as follows */
    bool is_json, is_quiet;
    uint64_t limit;
    const char *name;
    unsigned set_count, argument_count;
} cases[] = {
    { { "x" }, NULL, false, true, 20, NULL, 1, 1 },
    { { "x", "--json", "--limit", "5", "--name=a=b" }, NULL, true, true, 5, "a=b", 1, 1 },
    { { "--json=false", "x", "y", "-l7" }, NULL, false, true, 7, NULL, 1, 2 },
    { { "-jql", "9", "x" }, NULL, true, true, 9, NULL, 1, 1 },
    { { "-jl9", "--no-quiet", "x" }, NULL, true, false, 9, NULL, 1, 1 },
    { { "--name", "--json", "x" }, NULL, false, true, 20, "--json", 1, 1 },
    { { "--name=", "--", "--json", "-x" }, NULL, false, true, 20, "", 1, 2 },
    { { "--set", "a,b", "--set=c", "x" }, NULL, false, true, 20, NULL, 2, 1 },
    { { "-" }, NULL, false, true, 20, NULL, 1, 1 },
    { { NULL }, "ID is missing" },
    { { "x", "y", "z" }, "unexpected argument \"z\"" },
    { { "x", "--jsno" }, "unknown option --jsno; did you mean --json?" },
    { { "x", "--entirely-different" }, "unknown option --entirely-different" },
    { { "x", "-z" }, "unknown option -z" },
    { { "x", "--limit" }, "--limit needs a value" },
    { { "x", "-l" }, "-l needs a value" },
    { { "x", "--limit=500" }, "--limit: found \"500\", expected a whole number, at most 100" },
    { { "x", "--limit=" }, "--limit: found \"\", expected a whole number, at most 100" },
    { { "x", "--json=1" }, "--json: found \"1\", expected true or false" },
    { { "x", "--no-limit" }, "unknown option --no-limit; did you mean --limit?" },
};

static void options_are_read_or_refused(void **state)
{
    static struct weft_command_line_parsed parsed;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options = { 0 };
        struct weft_arena arena;
        struct weft_err err = { 0 };
        char *argv[8];
        int argc = 0;
        weft_arena_init(&arena, 0);
        for (; argc < 8 && cases[i].argv[argc] != NULL; argc++)
            argv[argc] = weft_arena_copy_c(&arena, weft_str_from_c(cases[i].argv[argc]));
        weft_options_init(table, &options, &arena);
        int rc = weft_command_line_parse(&parsed, &command, &options, argc, argv, &arena, &err);
        if (cases[i].sentence != NULL) {
            assert_int_equal(rc, WEFT_INVALID);
            assert_string_equal(err.text, cases[i].sentence);
        } else {
            if (rc < 0) fail_msg("case %zu: %s", i, err.text);
            assert_int_equal(options.is_json, cases[i].is_json);
            assert_int_equal(options.is_quiet, cases[i].is_quiet);
            assert_int_equal(options.limit, cases[i].limit);
            if (cases[i].name == NULL)
                assert_null(options.name);
            else
                assert_string_equal(options.name, cases[i].name);
            assert_int_equal(options.set.count, cases[i].set_count);
            assert_int_equal(parsed.argument_count, cases[i].argument_count);
        }
        weft_arena_release(&arena);
    }
}

static void help_is_asked_for_before_anything_is_missing(void **state)
{
    static struct weft_command_line_parsed parsed;
    char help[] = "--help", h[] = "-h";
    char *forms[] = { help, h };

    for (size_t i = 0; i < 2; i++) {
        struct options options = { 0 };
        struct weft_arena arena;
        weft_arena_init(&arena, 0);
        assert_int_equal(
            weft_command_line_parse(&parsed, &command, &options, 1, &forms[i], &arena, NULL),
            WEFT_OK);
        assert_true(parsed.wants_help);
        weft_arena_release(&arena);
    }
}

/* What --help and the manual rely on: every option of every command explains itself, and no two
 * share a name or letter. */
static void every_command_is_described(void **state)
{
    for (size_t c = 0; weft_commands[c] != NULL; c++) {
        const struct weft_command *about = weft_commands[c];
        assert_non_null(about->summary);
        assert_non_null(about->run);
        assert_true(about->arguments == NULL || about->arguments_max > 0);
        for (const struct weft_option *a = about->options; a != NULL && a->name != NULL; a++) {
            if (a->help == NULL) fail_msg("weft %s --%s has no help", about->name, a->name);
            for (const struct weft_option *b = about->options; b < a; b++)
                if (strcmp(a->name, b->name) == 0 || (a->letter != 0 && a->letter == b->letter))
                    fail_msg("weft %s: --%s and --%s", about->name, a->name, b->name);
        }
        /* Fallbacks that do not parse stop here. */
        struct weft_arena arena;
        weft_arena_init(&arena, 0);
        void *options = weft_arena_alloc_zero(&arena, about->options_size + 1);
        weft_options_init(about->options, options, &arena);
        weft_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_or_refused),
        cmocka_unit_test(help_is_asked_for_before_anything_is_missing),
        cmocka_unit_test(every_command_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
