/* tempo_fuzz.c -- any request to any path of Tempo's API: an answer that can be read, or a sentence. The input: face_fixture.h. */
#include "server/face_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weft_mount http = { "", weft_routes_tempo, WEFT_ERRORS_TEXT };
    static const struct weft_mount grpc = { "", weft_routes_tempo_grpc, WEFT_ERRORS_GRPC };
    face_run(&http, &grpc, data, size);
    return 0;
}
