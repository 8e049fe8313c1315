/* alloc.h -- memory for the server: a system without memory ends the process with a message
 * (docs/internals/memory.md).
 * The SDK does not use this file. */
#ifndef WEFT_BASE_ALLOC_H
#define WEFT_BASE_ALLOC_H
#include <stddef.h>

void *weft_alloc(size_t size);                     /* uninitialised; never NULL */
void *weft_alloc_zero(size_t size);                /* zeroed; never NULL */
void *weft_alloc_array(size_t count, size_t size); /* zeroed, overflow checked; never NULL */
void *weft_realloc(void *memory, size_t size);
void *weft_realloc_array(void *memory, size_t count, size_t size);
void weft_free(void *memory); /* NULL is fine */

#endif
