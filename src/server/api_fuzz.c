/* api_fuzz.c -- any request to the own API, by query string and as a JSON body: an answer that can be read, or a sentence. The input:
 * face_fixture.h. */
#include "server/face_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weft_mount mount = { "", weft_routes_api_v1, WEFT_ERRORS_JSON };
    face_run(&mount, NULL, data, size);
    return 0;
}
