/* config_options.h -- the options by which a command is told its configuration: --config, --set,
 * --data. */
#ifndef WEFT_APP_CONFIG_OPTIONS_H
#define WEFT_APP_CONFIG_OPTIONS_H
#include "app/config.h"

struct weft_config_options_given {
    const char *file, *directory;
    struct weft_option_strings assignments;
};
#define WEFT_OPTION_CONFIG(type, field)                                                  \
    {                                                                                    \
        .name = "config", .kind = WEFT_OPT_STRING, .offset = offsetof(type, field.file), \
        .letter = 'c', .value_name = "FILE", .environment = "WEFT_CONFIG",               \
        .help = "Configuration in YAML (docs/configuration.md)."                         \
    }
#define WEFT_OPTION_SET(type, field)                                                          \
    {                                                                                         \
        .name = "set", .kind = WEFT_OPT_STRINGS, .offset = offsetof(type, field.assignments), \
        .value_name = "PATH=VALUE", .help = "Override one key of the configuration."          \
    }
#define WEFT_OPTION_DATA(type, field)                                                       \
    {                                                                                       \
        .name = "data", .kind = WEFT_OPT_STRING, .offset = offsetof(type, field.directory), \
        .letter = 'd', .value_name = "DIR",                                                 \
        .help = "Where spans are kept: short for --set storage.directory=DIR."              \
    }

/* Defaults, then the file, then --set in their order, then --data; finished. Release *config also
 * after an error. */
int weft_config_load(struct weft_config *config, const struct weft_config_options_given *given,
                     struct weft_err *err);

#endif
