/* manual.c -- weft.1, from the tables: roff with the man macros, readable by every man(1). */
#include "app/help.h"

/* Text for roff: backslashes, dashes that must stay dashes, and no line begins with a dot or an
 * apostrophe. */
static void write_escaped(struct weft_buf *out, struct weft_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_line_start = out->len == 0 || out->data[out->len - 1] == '\n';
        if (c == '\\')
            weft_buf_append_c(out, "\\e");
        else if (c == '-')
            weft_buf_append_c(out, "\\-");
        else if ((c == '.' || c == '\'') && is_line_start)
            weft_buf_printf(out, "\\&%c", c);
        else
            weft_buf_append_byte(out, c);
    }
}

static void write_escaped_c(struct weft_buf *out, const char *text)
{
    write_escaped(out, weft_str_from_c(text));
}

static void write_paragraphs(struct weft_buf *out, const char *text)
{
    struct weft_str rest = weft_str_from_c(text);

    while (rest.len > 0) {
        struct weft_str line = weft_str_split(&rest, '\n');
        if (line.len == 0) {
            weft_buf_append_c(out, ".PP\n");
            continue;
        }
        write_escaped(out, weft_str_trim(line));
        weft_buf_append_byte(out, '\n');
        if (line.ptr[0] == ' ') weft_buf_append_c(out, ".br\n");
    }
}

static void write_option(struct weft_buf *out, const struct weft_option *option)
{
    struct weft_buf expected = { 0 };
    const char *value = weft_help_value_name(option);

    weft_buf_append_c(out, ".TP\n\\fB");
    if (option->letter != 0) weft_buf_printf(out, "\\-%c\\fR, \\fB", option->letter);
    weft_buf_append_c(out, "\\-\\-");
    write_escaped_c(out, option->name);
    weft_buf_append_c(out, "\\fR");
    if (value != NULL) weft_buf_printf(out, " \\fI%s\\fR", value);
    weft_buf_append_byte(out, '\n');
    write_escaped_c(out, option->help);
    if (option->kind != WEFT_OPT_BOOL && option->kind != WEFT_OPT_STRING &&
        !(option->kind == WEFT_OPT_STRINGS && option->choices == NULL)) {
        weft_option_write_expected(option, &expected);
        weft_buf_append_c(out, " Takes ");
        write_escaped(out, weft_buf_str(&expected));
        weft_buf_append_byte(out, '.');
    }
    if (option->fallback != NULL && option->kind != WEFT_OPT_BOOL) {
        weft_buf_append_c(out, " Default: ");
        write_escaped_c(out, option->fallback);
        weft_buf_append_byte(out, '.');
    }
    if (option->environment != NULL)
        weft_buf_printf(out, " Environment: \\fB%s\\fR.", option->environment);
    weft_buf_append_byte(out, '\n');
    weft_buf_release(&expected);
}

static void write_command(struct weft_buf *out, const struct weft_command *command)
{
    struct weft_buf usage = { 0 };

    weft_help_write_usage(&usage, command);
    weft_buf_append_c(out, ".SS ");
    write_escaped(out, weft_buf_str(&usage));
    weft_buf_append_byte(out, '\n');
    write_escaped_c(out, command->summary);
    weft_buf_append_byte(out, '\n');
    if (command->description != NULL) {
        weft_buf_append_c(out, ".PP\n");
        write_paragraphs(out, command->description);
    }
    for (const struct weft_option *option = command->options;
         option != NULL && option->name != NULL; option++)
        write_option(out, option);
    for (size_t i = 0; command->examples != NULL && command->examples[i] != NULL; i += 2) {
        weft_buf_append_c(out, ".PP\n");
        write_escaped_c(out, command->examples[i + 1]);
        weft_buf_append_c(out, "\n.PP\n.RS\n.nf\n");
        write_escaped_c(out, command->examples[i]);
        weft_buf_append_c(out, "\n.fi\n.RE\n");
    }
    weft_buf_release(&usage);
}

void weft_manual_write(struct weft_buf *out)
{
    weft_buf_append_c(
        out,
        ".\\\" Made by \"weft man\" from the tables of its commands; change those.\n"
        ".TH WEFT 1 \"\" \"weft " WEFT_VERSION "\" \"User Commands\"\n"
        ".SH NAME\nweft \\- take distributed traces in, keep them, answer questions about them\n"
        ".SH SYNOPSIS\n\\fBweft\\fR \\fICOMMAND\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]\n"
        ".SH DESCRIPTION\n"
        "One program: \\fBweft serve\\fR is the server, the other commands talk to it or to its "
        "files.\n"
        "A span that was acknowledged is on disk and is found by the next query.\n"
        ".SH COMMANDS\n");
    for (size_t i = 0; weft_commands[i] != NULL; i++) write_command(out, weft_commands[i]);
    weft_buf_append_c(
        out, ".SH EXIT STATUS\n.TP\n0\nIt worked.\n"
             ".TP\n1\nIt failed, or what was asked for was not found; standard error says why.\n"
             ".TP\n2\nThe command line is wrong.\n"
             ".SH ENVIRONMENT\n.TP\n\\fBWEFT_SERVER\\fR\nThe server that commands talk to.\n"
             ".TP\n\\fBNO_COLOR\\fR\nWhen set and not empty: no colours.\n");
}
