/* alloc.c -- malloc and friends with one answer to "no memory": say so and end. */
#include "base/alloc.h"

#include <stdint.h>
#include <unistd.h>

/* Exit status EX_OSERR of sysexits.h. No abort(): a core file of a full machine helps nobody. */
enum { EXIT_NO_MEMORY = 71 };

static _Noreturn void no_memory(size_t size)
{
    char text[160];
    int len = snprintf(text, sizeof text,
                       "weft: the system has no memory left for %zu more bytes; "
                       "everything acknowledged is on disk\n",
                       size);
    if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0) _exit(EXIT_NO_MEMORY);
    _exit(EXIT_NO_MEMORY);
}

static size_t product(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) no_memory(SIZE_MAX);
    return bytes;
}

void *weft_alloc(size_t size)
{
    void *memory = malloc(size != 0 ? size : 1);
    if (memory == NULL) no_memory(size);
    return memory;
}

void *weft_alloc_zero(size_t size)
{
    return weft_alloc_array(1, size);
}

void *weft_alloc_array(size_t count, size_t size)
{
    size_t bytes = product(count, size);
    void *memory = calloc(1, bytes != 0 ? bytes : 1);
    if (memory == NULL) no_memory(bytes);
    return memory;
}

void *weft_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size != 0 ? size : 1);
    if (moved == NULL) no_memory(size);
    return moved;
}

void *weft_realloc_array(void *memory, size_t count, size_t size)
{
    return weft_realloc(memory, product(count, size));
}

void weft_free(void *memory)
{
    free(memory);
}
