/* hash.h -- xxh3: checksums of our files and keys of our tables. Not for anything an attacker must
 * not forge. */
#ifndef WEFT_BASE_HASH_H
#define WEFT_BASE_HASH_H
#include "base/str.h"

uint64_t weft_hash(const void *bytes, size_t len); /* fixed seed: for files */
uint64_t weft_hash_seeded(const void *bytes, size_t len,
                          uint64_t seed); /* for tables over foreign keys */
/* For long values: equal contents have equal hashes; who trusts the reverse compares. */
void weft_hash_128(const void *bytes, size_t len, uint8_t out[static 16]);
/* A seed drawn once per process, so that nobody outside can choose colliding keys. */
uint64_t weft_hash_process_seed(void);
static inline uint64_t weft_hash_u64(uint64_t x) /* finaliser of splitmix64 */
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
