/* jaeger_fuzz.c -- any request to Jaeger's APIs, classic, api_v3 and over gRPC: an answer that can be read, or a sentence. The input:
 * face_fixture.h, with the third bit of the second byte for the classic API. */
#include "server/face_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weft_mount classic = { "", weft_routes_jaeger, WEFT_ERRORS_JAEGER };
    static const struct weft_mount v3 = { "", weft_routes_jaeger_v3, WEFT_ERRORS_JAEGER_V3 };
    static const struct weft_mount grpc = { "", weft_routes_jaeger_grpc, WEFT_ERRORS_GRPC };
    if (size < 2) return 0;
    if (data[1] & 4)
        face_run(&classic, NULL, data, size);
    else
        face_run(&v3, &grpc, data, size);
    return 0;
}
