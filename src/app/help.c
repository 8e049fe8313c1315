/* help.c -- --help, from the tables. */
#include "app/help.h"

enum { HELP_WIDTH_MAX = 100, OPTION_COLUMN = 26 };

const char *weft_help_value_name(const struct weft_option *option)
{
    if (option->value_name != NULL) return option->value_name;
    switch (option->kind) {
    case WEFT_OPT_BOOL: return NULL;
    case WEFT_OPT_COUNT:
    case WEFT_OPT_NUMBER: return "N";
    case WEFT_OPT_BYTES:
    case WEFT_OPT_MIB: return "SIZE";
    case WEFT_OPT_DURATION:
    case WEFT_OPT_SECONDS: return "DURATION";
    case WEFT_OPT_ENDPOINT: return "ADDRESS";
    case WEFT_OPT_ENUM: return "WORD";
    default: return "TEXT";
    }
}

/* Words of `text` from column `column` on, following lines indented by `indent`; ends the line. */
static void write_wrapped(struct weft_buf *out, struct weft_str text, unsigned column,
                          unsigned indent, unsigned width)
{
    bool is_line_start = true;

    while (text.len > 0) {
        size_t end = 0;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\n') end++;
        struct weft_str word = weft_str_make(text.ptr, end);
        text = weft_str_tail(text, end < text.len ? end + 1 : end);
        if (word.len == 0) continue;
        if (!is_line_start && column + 1 + word.len > width) {
            weft_buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
            is_line_start = true;
        }
        if (!is_line_start) {
            weft_buf_append_byte(out, ' ');
            column++;
        }
        weft_buf_append_str(out, word);
        column += (unsigned)word.len;
        is_line_start = false;
    }
    weft_buf_append_byte(out, '\n');
}

static void write_paragraphs(struct weft_buf *out, const char *text, unsigned width)
{
    struct weft_str rest = weft_str_from_c(text);

    while (rest.len > 0) {
        struct weft_str line = weft_str_split(&rest, '\n');
        if (line.len == 0) {
            weft_buf_append_byte(out, '\n');
        } else if (line.ptr[0] == ' ') {
            weft_buf_printf(out, "%.*s\n", WEFT_S_ARG(line)); /* as it is */
        } else { /* lines that follow each other are one paragraph, filled anew */
            while (rest.len > 0 && rest.ptr[0] != '\n' && rest.ptr[0] != ' ') {
                struct weft_str next = weft_str_split(&rest, '\n');
                line.len = (size_t)(next.ptr + next.len - line.ptr);
            }
            write_wrapped(out, line, 0, 0, width);
        }
    }
}

static void write_option_text(struct weft_buf *out, const struct weft_option *option)
{
    weft_buf_append_c(out, option->help);
    if (option->kind == WEFT_OPT_ENUM ||
        (option->kind == WEFT_OPT_STRINGS && option->choices != NULL)) {
        weft_buf_append_c(out, " One of: ");
        for (int i = 0; option->choices[i] != NULL; i++)
            weft_buf_printf(out, "%s%s", i > 0 ? ", " : "", option->choices[i]);
        weft_buf_append_byte(out, '.');
    }
    if (option->kind == WEFT_OPT_STRINGS) weft_buf_append_c(out, " May be given several times.");
    if (option->fallback != NULL && option->kind != WEFT_OPT_BOOL)
        weft_buf_printf(out, " [%s%s%s%s]", option->environment != NULL ? "$" : "",
                        option->environment != NULL ? option->environment : "",
                        option->environment != NULL ? " or " : "", option->fallback);
    else if (option->environment != NULL)
        weft_buf_printf(out, " [$%s]", option->environment);
}

static void write_option(struct weft_buf *out, const struct weft_option *option,
                         const struct weft_terminal *terminal, unsigned width)
{
    struct weft_buf left = { 0 }, text = { 0 };
    const char *value = weft_help_value_name(option);

    if (option->letter != 0)
        weft_buf_printf(&left, "  -%c, --%s", option->letter, option->name);
    else
        weft_buf_printf(&left, "      --%s", option->name);
    if (value != NULL) weft_buf_printf(&left, " %s", value);
    weft_buf_printf(out, "%s%.*s%s", weft_terminal_style(terminal, WEFT_STYLE_BOLD),
                    WEFT_S_ARG(weft_buf_str(&left)),
                    weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
    if (left.len + 2 > OPTION_COLUMN)
        weft_buf_printf(out, "\n%*s", OPTION_COLUMN, "");
    else
        weft_buf_printf(out, "%*s", (int)(OPTION_COLUMN - left.len), "");
    write_option_text(&text, option);
    write_wrapped(out, weft_buf_str(&text), OPTION_COLUMN, OPTION_COLUMN, width);
    weft_buf_release(&left);
    weft_buf_release(&text);
}

static void write_head(struct weft_buf *out, const struct weft_terminal *terminal, const char *text)
{
    weft_buf_printf(out, "\n%s%s%s\n", weft_terminal_style(terminal, WEFT_STYLE_BOLD), text,
                    weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
}

void weft_help_write_usage(struct weft_buf *out, const struct weft_command *command)
{
    weft_buf_printf(out, "weft %s%s", command->name, command->options != NULL ? " [options]" : "");
    if (command->arguments != NULL)
        weft_buf_printf(out, command->arguments_min == 0 ? " [%s]" : " %s", command->arguments);
}

void weft_help_write_command(struct weft_buf *out, const struct weft_command *command,
                             const struct weft_terminal *terminal)
{
    static const struct weft_option help = { .name = "help",
                                             .letter = 'h',
                                             .help = "Print this text." };
    unsigned width = terminal->width > HELP_WIDTH_MAX ? HELP_WIDTH_MAX : terminal->width;

    weft_buf_append_c(out, "usage: ");
    weft_help_write_usage(out, command);
    weft_buf_append_c(out, "\n\n");
    write_wrapped(out, weft_str_from_c(command->summary), 0, 0, width);
    if (command->description != NULL) {
        weft_buf_append_byte(out, '\n');
        write_paragraphs(out, command->description, width);
    }
    write_head(out, terminal, "Options");
    for (const struct weft_option *option = command->options;
         option != NULL && option->name != NULL; option++)
        write_option(out, option, terminal, width);
    write_option(out, &help, terminal, width);
    if (command->examples == NULL) return;
    write_head(out, terminal, "Examples");
    for (size_t i = 0; command->examples[i] != NULL; i += 2) {
        if (i > 0) weft_buf_append_byte(out, '\n');
        weft_buf_printf(out, "  %s%s%s\n      ", weft_terminal_style(terminal, WEFT_STYLE_BOLD),
                        command->examples[i], weft_terminal_style(terminal, WEFT_STYLE_PLAIN));
        write_wrapped(out, weft_str_from_c(command->examples[i + 1]), 6, 6, width);
    }
}

void weft_help_write_list(struct weft_buf *out, const struct weft_terminal *terminal)
{
    weft_buf_append_c(
        out, "usage: weft COMMAND [options] [arguments]\n\n"
             "weft takes distributed traces in, keeps them, and answers questions about them.\n");
    write_head(out, terminal, "Commands");
    for (size_t i = 0; weft_commands[i] != NULL; i++)
        weft_buf_printf(out, "  %s%-12s%s %s\n", weft_terminal_style(terminal, WEFT_STYLE_BOLD),
                        weft_commands[i]->name, weft_terminal_style(terminal, WEFT_STYLE_PLAIN),
                        weft_commands[i]->summary);
    weft_buf_append_c(out, "\n\"weft COMMAND --help\" tells more, \"weft man\" everything.\n");
}
