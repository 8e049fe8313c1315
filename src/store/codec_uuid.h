/* codec_uuid.h -- the text form 8-4-4-4-12 of a UUID in lower case, as its 16 bytes. */
#ifndef WEFT_STORE_CODEC_UUID_H
#define WEFT_STORE_CODEC_UUID_H
#include "base/str.h"

#define WEFT_UUID_TEXT 36u
bool weft_uuid_parse(struct weft_str text,
                     uint8_t out[static 16]); /* false: not exactly that form */
void weft_uuid_format(const uint8_t *bytes, char out[static WEFT_UUID_TEXT]); /* not terminated */

#endif
