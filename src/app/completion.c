/* completion.c -- bash completion, from the tables. */
#include "app/help.h"

static void write_options(struct weft_buf *out, const struct weft_command *command)
{
    weft_buf_printf(out, "    %s) words='", command->name);
    for (const struct weft_option *option = command->options;
         option != NULL && option->name != NULL; option++)
        weft_buf_printf(out, "--%s ", option->name);
    weft_buf_append_c(out, "--help' ;;\n");
}

static bool takes_path(const struct weft_option *option)
{
    return option->value_name != NULL &&
           (strcmp(option->value_name, "FILE") == 0 || strcmp(option->value_name, "DIR") == 0);
}

/* Values of one option: words of a table, or files. */
static void write_values(struct weft_buf *out, const struct weft_command *command)
{
    for (const struct weft_option *option = command->options;
         option != NULL && option->name != NULL; option++) {
        if (option->choices != NULL) {
            weft_buf_printf(out, "    %s:--%s) COMPREPLY=($(compgen -W '", command->name,
                            option->name);
            for (int i = 0; option->choices[i] != NULL; i++)
                weft_buf_printf(out, "%s ", option->choices[i]);
            weft_buf_append_c(out, "' -- \"$word\")); return ;;\n");
        } else if (takes_path(option)) {
            weft_buf_printf(out, "    %s:--%s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
                            command->name, option->name);
        }
    }
}

void weft_completion_write(struct weft_buf *out)
{
    weft_buf_append_c(
        out,
        "# bash completion of weft, made by \"weft completion\"\n"
        "_weft() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; weft_commands[i] != NULL; i++)
        weft_buf_printf(out, "%s ", weft_commands[i]->name);
    weft_buf_append_c(
        out, "' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]}:$before in\n");
    for (size_t i = 0; weft_commands[i] != NULL; i++) write_values(out, weft_commands[i]);
    weft_buf_append_c(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; weft_commands[i] != NULL; i++) write_options(out, weft_commands[i]);
    weft_buf_append_c(out, "    esac\n"
                           "    case $word in\n"
                           "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
                           "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
                           "    esac\n}\ncomplete -o filenames -F _weft weft\n");
}
