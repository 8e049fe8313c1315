/* command_line.c -- argv into a command's options. */
#include "app/command_line.h"

struct parser {
    struct weft_command_line_parsed *out;
    const struct weft_command *command;
    void *options;
    int argc, at;
    char *const *argv;
    struct weft_arena *arena;
    bool list_is_begun
        [64]; /* options given several times add to their list; the first replaces the fallback */
};

static int value_put(struct parser *p, const struct weft_option *option, const char *text,
                     struct weft_err *err)
{
    size_t index = (size_t)(option - p->command->options);
    struct weft_str value = weft_str_from_c(text);

    if (option->kind != WEFT_OPT_STRINGS)
        return weft_option_set(option, p->options, value, p->arena, err);
    if (index < sizeof p->list_is_begun && !p->list_is_begun[index]) {
        int rc = weft_option_set(option, p->options, WEFT_S(""), p->arena, err);
        if (rc < 0) return rc;
        p->list_is_begun[index] = true;
    }
    return weft_option_add(option, p->options, value, p->arena, err);
}

static const char *next_argument(struct parser *p)
{
    return p->at < p->argc ? p->argv[p->at++] : NULL;
}

static int fail_unknown(const struct parser *p, struct weft_str name, struct weft_err *err)
{
    const char *nearest = weft_option_nearest(p->command->options, name);

    if (nearest == NULL && weft_str_distance(name, WEFT_S("help")) <= 2) nearest = "help";
    if (nearest != NULL)
        return weft_fail(err, WEFT_INVALID, "unknown option --%.*s; did you mean --%s?",
                         WEFT_S_ARG(name), nearest);
    return weft_fail(err, WEFT_INVALID, "unknown option --%.*s", WEFT_S_ARG(name));
}

/* `text` stands behind the dashes. */
static int long_option(struct parser *p, const char *text, struct weft_err *err)
{
    struct weft_str value = weft_str_from_c(text);
    bool has_value = weft_str_find(value, '=') >= 0;
    struct weft_str name = weft_str_split(&value, '=');
    const struct weft_option *option = weft_option_find(p->command->options, name);

    if (option == NULL && weft_str_equal_c(name, "help") && !has_value) {
        p->out->wants_help = true;
        return WEFT_OK;
    }
    if (option == NULL && !has_value && weft_str_starts_with(name, WEFT_S("no-"))) {
        option = weft_option_find(p->command->options, weft_str_tail(name, 3));
        if (option != NULL && option->kind == WEFT_OPT_BOOL)
            return value_put(p, option, "false", err);
        option = NULL;
    }
    if (option == NULL) return fail_unknown(p, name, err);

    const char *given = has_value ? text + name.len + 1 : NULL;
    if (!has_value) given = option->kind == WEFT_OPT_BOOL ? "true" : next_argument(p);
    if (given == NULL) return weft_fail(err, WEFT_INVALID, "--%s needs a value", option->name);
    if (value_put(p, option, given, err) < 0) return weft_err_wrap(err, "--%s", option->name);
    return WEFT_OK;
}

static const struct weft_option *find_letter(const struct weft_option *table, char letter)
{
    for (const struct weft_option *option = table; option != NULL && option->name != NULL; option++)
        if (option->letter == letter) return option;
    return NULL;
}

/* "-abc": switches a, b and c, or switch a and option b with value "c". */
static int short_options(struct parser *p, const char *letters, struct weft_err *err)
{
    for (; *letters != '\0'; letters++) {
        const struct weft_option *option = find_letter(p->command->options, *letters);
        if (option == NULL && *letters == 'h') {
            p->out->wants_help = true;
            continue;
        }
        if (option == NULL)
            return weft_fail(err, WEFT_INVALID, "unknown option -%c",
                             *letters >= ' ' && *letters < 127 ? *letters : '?');
        bool is_switch = option->kind == WEFT_OPT_BOOL;
        const char *given = is_switch            ? "true"
                            : letters[1] != '\0' ? letters + 1
                                                 : next_argument(p);
        if (given == NULL) return weft_fail(err, WEFT_INVALID, "-%c needs a value", *letters);
        if (value_put(p, option, given, err) < 0) return weft_err_wrap(err, "-%c", *letters);
        if (!is_switch) break;
    }
    return WEFT_OK;
}

static int check_argument_count(const struct parser *p, struct weft_err *err)
{
    const struct weft_command *command = p->command;
    unsigned count = p->out->argument_count;

    if (count < command->arguments_min)
        return weft_fail(err, WEFT_INVALID, "%s is missing", command->arguments);
    if (count > command->arguments_max)
        return weft_fail(err, WEFT_INVALID, "unexpected argument \"%.80s\"",
                         p->out->arguments[command->arguments_max]);
    return WEFT_OK;
}

int weft_command_line_parse(struct weft_command_line_parsed *out,
                            const struct weft_command *command, void *options, int argc,
                            char *const *argv, struct weft_arena *arena, struct weft_err *err)
{
    struct parser p = { .out = out,
                        .command = command,
                        .options = options,
                        .argc = argc,
                        .argv = argv,
                        .arena = arena };
    bool only_arguments = false;

    *out = (struct weft_command_line_parsed){ 0 };
    while (p.at < p.argc) {
        const char *text = p.argv[p.at++];
        int rc = WEFT_OK;
        if (only_arguments || text[0] != '-' || text[1] == '\0') {
            if (out->argument_count == WEFT_ARGUMENTS_MAX)
                return weft_fail(err, WEFT_INVALID, "more than %d arguments", WEFT_ARGUMENTS_MAX);
            out->arguments[out->argument_count++] = text;
        } else if (strcmp(text, "--") == 0) {
            only_arguments = true;
        } else {
            rc = text[1] == '-' ? long_option(&p, text + 2, err) : short_options(&p, text + 1, err);
        }
        if (rc < 0) return rc;
    }
    return out->wants_help ? WEFT_OK : check_argument_count(&p, err);
}

const struct weft_command *weft_command_find(const char *name)
{
    for (size_t i = 0; weft_commands[i] != NULL; i++)
        if (strcmp(weft_commands[i]->name, name) == 0) return weft_commands[i];
    return NULL;
}

const char *weft_command_nearest(const char *name)
{
    const char *nearest = NULL;
    size_t least = 3;

    for (size_t i = 0; weft_commands[i] != NULL; i++) {
        size_t distance =
            weft_str_distance(weft_str_from_c(name), weft_str_from_c(weft_commands[i]->name));
        if (distance >= least) continue;
        nearest = weft_commands[i]->name;
        least = distance;
    }
    return nearest;
}
