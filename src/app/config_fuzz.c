/* config_fuzz.c -- any bytes as a configuration: refused with a sentence, or taken; and what is
 * taken is written and reads back. */
#include "app/config.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_config config, again;
    struct weft_buf once = { 0 }, twice = { 0 };
    struct weft_err err = { 0 };
    struct weft_str text = weft_str_make((const char *)data, size);

    weft_config_init(&config);
    weft_config_init(&again);
    if (weft_config_read(&config, text, "fuzz.yaml", &err) == WEFT_OK) {
        weft_config_write(&config, &once);
        int rc = weft_config_read(&again, weft_buf_str(&once), "again.yaml", &err);
        WEFT_ASSERT(rc == WEFT_OK, "%s", err.text);
        weft_config_write(&again, &twice);
        WEFT_ASSERT(weft_str_equal(weft_buf_str(&once), weft_buf_str(&twice)), "%zu and %zu bytes",
                    once.len, twice.len);
        (void)weft_config_finish(&config, &err);
    } else {
        WEFT_ASSERT(err.text[0] != '\0', "status %d without a sentence", err.status);
    }
    (void)weft_config_set(&again, text, NULL);
    weft_buf_release(&once);
    weft_buf_release(&twice);
    weft_config_release(&config);
    weft_config_release(&again);
    return 0;
}
