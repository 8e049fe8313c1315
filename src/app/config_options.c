/* config_options.c -- file and command line, joined. */
#include "app/config_options.h"

int weft_config_load(struct weft_config *config, const struct weft_config_options_given *given,
                     struct weft_err *err)
{
    int rc = WEFT_OK;

    if (given->file != NULL) rc = weft_config_read_file(config, given->file, err);
    for (uint32_t i = 0; rc == WEFT_OK && i < given->assignments.count; i++)
        if ((rc = weft_config_set(config, given->assignments.items[i], err)) < 0)
            weft_err_wrap(err, "--set");
    if (rc == WEFT_OK && given->directory != NULL)
        config->storage.directory =
            weft_arena_copy_c(&config->arena, weft_str_from_c(given->directory));
    if (rc < 0) return rc;
    if ((rc = weft_config_finish(config, err)) < 0 && given->file != NULL)
        weft_err_wrap(err, "%s", given->file);
    return rc;
}
