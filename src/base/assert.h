/* assert.h -- a bug in us stops here, with the values; on in production too where it is cheap. */
#ifndef WEFT_BASE_ASSERT_H
#define WEFT_BASE_ASSERT_H

/* WEFT_ASSERT(a <= b, "a %u, b %u", a, b): prints file, line, the claim and the values, then
 * aborts. */
#define WEFT_ASSERT(claim, ...)                                          \
    do {                                                                 \
        if (__builtin_expect(!(claim), 0))                               \
            weft_assert_failed(__FILE__, __LINE__, #claim, __VA_ARGS__); \
    } while (0)

_Noreturn void weft_assert_failed(const char *file, int line, const char *claim, const char *format,
                                  ...) __attribute__((format(printf, 4, 5)));

#endif
