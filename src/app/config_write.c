/* config_write.c -- the configuration as YAML, and the table of its keys for the documentation. */
#include "app/config.h"

/* A scalar in double quotes when plain text could be read as something else. */
static void write_scalar(struct weft_buf *out, struct weft_str text)
{
    bool is_plain = text.len > 0 && text.ptr[0] != '-';

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        is_plain = is_plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '_' ||
                                c == '-' || (c == ':' && i > 0 && i + 1 < text.len));
    }
    if (is_plain) {
        weft_buf_append_str(out, text);
        return;
    }
    weft_buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            weft_buf_printf(out, "\\%c", c);
        else if (c == '$')
            weft_buf_append_c(out, "$$"); /* or it would begin a reference when read back */
        else if (c < 0x20 || c == 0x7f)
            weft_buf_printf(out, "\\x%02x", c);
        else
            weft_buf_append_byte(out, (char)c);
    }
    weft_buf_append_byte(out, '"');
}

static bool is_set(const struct weft_option *option, const void *base)
{
    const char *at = (const char *)base + option->offset;

    return (option->kind != WEFT_OPT_STRING && option->kind != WEFT_OPT_ENDPOINT) ||
           *(const char *const *)at != NULL;
}

static void write_list(struct weft_buf *out, const struct weft_option_strings *list)
{
    weft_buf_append_c(out, " [");
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0) weft_buf_append_c(out, ", ");
        write_scalar(out, list->items[i]);
    }
    weft_buf_append_c(out, "]\n");
}

static void write_table(struct weft_buf *out, const struct weft_option *table, const void *base,
                        int indent)
{
    struct weft_buf value = { 0 };

    for (const struct weft_option *option = table; option->name != NULL; option++) {
        const char *at = (const char *)base + option->offset;
        if (option->kind == WEFT_OPT_REFUSED || !is_set(option, base)) continue;
        if (option->kind == WEFT_OPT_TABLE) {
            weft_buf_printf(out, "%*s%s:%s\n", indent, "", option->name,
                            option->options->name == NULL ? " {}" : "");
            write_table(out, option->options, at, indent + 2);
            continue;
        }
        weft_buf_printf(out, "%*s%s:", indent, "", option->name);
        if (option->kind == WEFT_OPT_STRINGS) {
            write_list(out, (const struct weft_option_strings *)(const void *)at);
            continue;
        }
        weft_buf_append_byte(out, ' ');
        weft_buf_reset(&value);
        weft_option_write_value(option, base, &value);
        write_scalar(out, weft_buf_str(&value));
        weft_buf_append_byte(out, '\n');
    }
    weft_buf_release(&value);
}

void weft_config_write(const struct weft_config *config, struct weft_buf *out)
{
    write_table(out, weft_config_options, config, 0);
}

static void write_reference_row(struct weft_buf *out, const struct weft_option *option,
                                struct weft_str path)
{
    if (option->kind == WEFT_OPT_REFUSED) {
        weft_buf_printf(out, "| `%.*s` | – | refused: %s |\n", WEFT_S_ARG(path), option->help);
        return;
    }
    weft_buf_printf(out, "| `%.*s` | ", WEFT_S_ARG(path));
    if (option->fallback != NULL)
        weft_buf_printf(out, "`%s`", option->fallback);
    else
        weft_buf_append_c(out, "–");
    weft_buf_printf(out, " | %s Takes ", option->help);
    weft_option_write_expected(option, out);
    weft_buf_append_c(out, ". |\n");
}

static void write_reference(struct weft_buf *out, const struct weft_option *table,
                            struct weft_buf *path)
{
    for (const struct weft_option *option = table; option->name != NULL; option++) {
        size_t len = path->len;
        weft_buf_printf(path, "%s%s", len > 0 ? "." : "", option->name);
        if (option->kind == WEFT_OPT_TABLE) {
            weft_buf_printf(out, "| **`%.*s`** | | %s |\n", WEFT_S_ARG(weft_buf_str(path)),
                            option->help);
            write_reference(out, option->options, path);
        } else {
            write_reference_row(out, option, weft_buf_str(path));
        }
        path->len = len;
    }
}

void weft_config_write_reference(struct weft_buf *out)
{
    struct weft_buf path = { 0 };

    weft_buf_append_c(out, "| key | default | what |\n|---|---|---|\n");
    write_reference(out, weft_config_options, &path);
    weft_buf_release(&path);
}
