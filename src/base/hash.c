/* hash.c -- xxh3 from libxxhash's header, inlined: keys are mostly shorter than a call is long. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

#include "base/random.h"
#include <pthread.h>

static uint64_t process_seed;
static pthread_once_t process_seed_once = PTHREAD_ONCE_INIT;

uint64_t weft_hash(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

uint64_t weft_hash_seeded(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}

void weft_hash_128(const void *bytes, size_t len, uint8_t out[static 16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
    memcpy(out, canonical.digest, 16);
}

static void process_seed_draw(void)
{
    weft_random_system(&process_seed, sizeof process_seed);
}

uint64_t weft_hash_process_seed(void)
{
    pthread_once(&process_seed_once, process_seed_draw);
    return process_seed;
}
