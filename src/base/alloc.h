/* alloc.h -- memory for the server: a system without memory ends the process with a message
 * (docs/internals/errors.md).
 * The SDK does not use this file. */
#ifndef WEFT_BASE_ALLOC_H
#define WEFT_BASE_ALLOC_H
#include <stddef.h>

/* 1 under the address sanitizer: arenas and pools then give every piece memory of its own and keep nothing, so that each
 * step past an end and each use after the end is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ALLOC_EXACT 1
#elif defined(__has_feature)
#define WEFT_ALLOC_EXACT __has_feature(address_sanitizer)
#else
#define WEFT_ALLOC_EXACT 0
#endif

void *weft_alloc(size_t size);                     /* uninitialised; never NULL */
void *weft_alloc_zero(size_t size);                /* zeroed; never NULL */
void *weft_alloc_array(size_t count, size_t size); /* zeroed, overflow checked; never NULL */
void *weft_realloc(void *memory, size_t size);
void *weft_realloc_array(void *memory, size_t count, size_t size);
void weft_free(void *memory); /* NULL is fine */

#endif
