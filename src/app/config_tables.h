/* config_tables.h -- tables of keys that stand in a file of their own; config_tables.c puts them in their
 * places. */
#ifndef WEFT_APP_CONFIG_TABLES_H
#define WEFT_APP_CONFIG_TABLES_H
#include "base/option.h"

extern const struct weft_option weft_config_memory_options[];
extern const struct weft_option weft_config_storage_options[];
extern const struct weft_option weft_config_query_options[];

#endif
