/* random.c -- xoshiro256** by Blackman and Vigna (public domain algorithm), seeded through
 * splitmix64.
 *
 * Spec       https://prng.di.unimi.it/
 */
#include "base/random.h"

#include "base/assert.h"
#include <errno.h>
#include <math.h>
#include <sys/random.h>

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void weft_random_init(struct weft_random *random, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        random->state[i] = z ^ (z >> 31);
    }
}

void weft_random_init_from_system(struct weft_random *random)
{
    uint64_t seed;
    weft_random_system(&seed, sizeof seed);
    weft_random_init(random, seed);
}

uint64_t weft_random_u64(struct weft_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t weft_random_below(struct weft_random *random, uint64_t limit)
{
    WEFT_ASSERT(limit > 0, "limit %d", 0);
    /* Values under 2^64 mod limit would make small results likelier: draw again. */
    uint64_t unfair = (0 - limit) % limit;
    for (;;) {
        uint64_t x = weft_random_u64(random);
        if (x >= unfair) return x % limit;
    }
}

double weft_random_unit(struct weft_random *random)
{
    return (double)(weft_random_u64(random) >> 11) * 0x1p-53;
}

double weft_random_normal(struct weft_random *random)
{
    /* Marsaglia's polar method; the second value is thrown away to keep the state plain. */
    for (;;) {
        double u = 2 * weft_random_unit(random) - 1;
        double v = 2 * weft_random_unit(random) - 1;
        double s = u * u + v * v;
        if (s > 0 && s < 1) return u * sqrt(-2 * log(s) / s);
    }
}

void weft_random_bytes(struct weft_random *random, void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        uint64_t x = weft_random_u64(random);
        size_t part = len < sizeof x ? len : sizeof x;
        memcpy(at, &x, part);
        at += part;
        len -= part;
    }
}

void weft_random_system(void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        WEFT_ASSERT(got > 0, "getrandom gave %zd, errno %d", got, errno);
        at += got;
        len -= (size_t)got;
    }
}
