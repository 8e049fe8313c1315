/* assert.c -- the last words of a program that found a bug in itself. */
#include "base/assert.h"

#include <stdarg.h>

void weft_assert_failed(const char *file, int line, const char *claim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "weft: bug at %s:%d: expected %s, found ", file, line, claim);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
