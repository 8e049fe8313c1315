/* random.h -- random numbers. The generator is for ids, jitter and tests: repeatable from its seed,
 * not secret. */
#ifndef WEFT_BASE_RANDOM_H
#define WEFT_BASE_RANDOM_H
#include <stddef.h>
#include <stdint.h>

struct weft_random {
    uint64_t state[4];
}; /* xoshiro256** */

void weft_random_init(struct weft_random *random, uint64_t seed);
void weft_random_init_from_system(struct weft_random *random);
uint64_t weft_random_u64(struct weft_random *random);
uint64_t weft_random_below(struct weft_random *random,
                           uint64_t limit);            /* 0 .. limit-1; limit > 0 */
double weft_random_unit(struct weft_random *random);   /* 0 <= x < 1 */
double weft_random_normal(struct weft_random *random); /* mean 0, deviation 1 */
void weft_random_bytes(struct weft_random *random, void *out, size_t len);
/* From the kernel, for secrets. */
void weft_random_system(void *out, size_t len);

#endif
