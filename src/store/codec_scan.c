/* codec_scan.c -- scans of packed numbers: scalar, AVX2, AVX-512, and which of them is used.
 *
 * Eight numbers of b bits are b bytes, so every eight start at a byte, with the same eight offsets
 * and shifts: one shuffle of bytes, one shift, one mask. Up to 25 bits a number lies within four
 * bytes. (Gathers take three times as long.)
 */
#include "store/codec_scan.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS_MAX = 25 };

static void scalar_unpack(uint32_t *out, const uint8_t *packed, size_t n, unsigned bits,
                          uint32_t base)
{
    uint32_t mask = (uint32_t)weft_bits_mask(bits);
    uint64_t at = 0;

    for (size_t i = 0; i < n; i++, at += bits)
        out[i] = base + ((uint32_t)(weft_load_u64(packed + (at >> 3)) >> (at & 7)) & mask);
}

static void scalar_range_from(uint64_t *out, const uint8_t *packed, size_t from, size_t n,
                              unsigned bits, uint32_t base, uint32_t low, uint32_t width)
{
    uint32_t mask = (uint32_t)weft_bits_mask(bits);
    uint64_t at = (uint64_t)from * bits;

    for (size_t i = from; i < n; i++, at += bits) {
        uint32_t v = base + ((uint32_t)(weft_load_u64(packed + (at >> 3)) >> (at & 7)) & mask);
        out[i / 64] |= (uint64_t)(v - low < width) << (i % 64);
    }
}

static void scalar_range(uint64_t *out, const uint8_t *packed, size_t n, unsigned bits,
                         uint32_t base, uint32_t low, uint32_t width)
{
    scalar_range_from(out, packed, 0, n, bits, base, low, width);
}

static bool always(void)
{
    return true;
}
static const struct weft_scan scalar = { "scalar", always, scalar_unpack, scalar_range };

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
/* GCC before 14 puts vectors of 64 bytes on AddressSanitizer's own stack frames, which are aligned to 32: these functions keep to the
 * real one. What they read is checked in the narrower twins. */
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi"), no_sanitize_address))

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi");
}

/* How eight numbers come out of their bytes: four of the low 16, four of the 16 from the byte on where the fifth begins. */
struct avx2_places {
    size_t second; /* bytes */
    __m256i bytes, shifts, mask;
};

AVX2 static inline struct avx2_places avx2_places(unsigned bits)
{
    __m256i places = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3),
                                        _mm256_set1_epi32((int)bits)),
            half = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);

    /* Four numbers of an odd width end in the middle of a byte. */
    if (bits % 2 != 0) places = _mm256_add_epi32(places, half);
    return (struct avx2_places){
        bits / 2,
        _mm256_add_epi32(
            _mm256_mullo_epi32(_mm256_srli_epi32(places, 3), _mm256_set1_epi32(0x01010101)),
            _mm256_set1_epi32(0x03020100)),
        _mm256_and_si256(places, _mm256_set1_epi32(7)),
        _mm256_set1_epi32((int)weft_bits_mask(bits)),
    };
}

AVX2 static inline __m256i eight(const uint8_t *p, const struct avx2_places *places)
{
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p),
            high = _mm_loadu_si128((const __m128i *)(const void *)(p + places->second));
    __m256i words = _mm256_shuffle_epi8(
        _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), places->bytes);
    return _mm256_and_si256(_mm256_srlv_epi32(words, places->shifts), places->mask);
}

AVX2 static void avx2_unpack(uint32_t *out, const uint8_t *packed, size_t n, unsigned bits,
                             uint32_t base)
{
    size_t whole = bits <= WORD_BITS_MAX ? n / 8 : 0;
    struct avx2_places places = avx2_places(bits);
    __m256i bases = _mm256_set1_epi32((int)base);

    for (size_t i = 0; i < whole; i++)
        _mm256_storeu_si256((__m256i *)(void *)(out + i * 8),
                            _mm256_add_epi32(eight(packed + i * bits, &places), bases));
    scalar_unpack(out + whole * 8, packed + whole * bits, n - whole * 8, bits, base);
}

/* v - low < width, unsigned: the smaller of v - low and width - 1 is v - low. */
AVX2 static void avx2_range(uint64_t *out, const uint8_t *packed, size_t n, unsigned bits,
                            uint32_t base, uint32_t low, uint32_t width)
{
    size_t whole = bits <= WORD_BITS_MAX ? n / 8 : 0;
    struct avx2_places places = avx2_places(bits);
    __m256i shift = _mm256_set1_epi32((int)(base - low)),
            last = _mm256_set1_epi32((int)(width - 1));

    if (width == 0) return;
    for (size_t i = 0; i < whole; i++) {
        __m256i v = _mm256_add_epi32(eight(packed + i * bits, &places), shift);
        __m256i holds = _mm256_cmpeq_epi32(_mm256_min_epu32(v, last), v);
        uint64_t byte = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(holds));
        out[i / 8] |= byte << (i % 8 * 8);
    }
    scalar_range_from(out, packed, whole * 8, n, bits, base, low, width);
}

/* The same of sixteen, from up to 50 bytes; `has`: bytes that they and the words around them take. */
struct avx512_places {
    __mmask64 has;
    __m512i bytes, shifts, mask;
};

AVX512 static inline struct avx512_places avx512_places(unsigned bits)
{
    __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
            places = _mm512_mullo_epi32(numbers, _mm512_set1_epi32((int)bits));

    return (struct avx512_places){
        weft_bits_mask(2 * bits + 4),
        _mm512_add_epi32(
            _mm512_mullo_epi32(_mm512_srli_epi32(places, 3), _mm512_set1_epi32(0x01010101)),
            _mm512_set1_epi32(0x03020100)),
        _mm512_and_si512(places, _mm512_set1_epi32(7)),
        _mm512_set1_epi32((int)weft_bits_mask(bits)),
    };
}

AVX512 static inline __m512i sixteen(const uint8_t *p, const struct avx512_places *places)
{
    __m512i words = _mm512_permutexvar_epi8(places->bytes, _mm512_maskz_loadu_epi8(places->has, p));
    return _mm512_and_si512(_mm512_srlv_epi32(words, places->shifts), places->mask);
}

AVX512 static void avx512_unpack(uint32_t *out, const uint8_t *packed, size_t n, unsigned bits,
                                 uint32_t base)
{
    size_t whole = bits <= WORD_BITS_MAX ? n / 16 : 0;
    struct avx512_places places = avx512_places(bits);
    __m512i bases = _mm512_set1_epi32((int)base);

    for (size_t i = 0; i < whole; i++)
        _mm512_storeu_si512(out + i * 16,
                            _mm512_add_epi32(sixteen(packed + i * 2 * bits, &places), bases));
    scalar_unpack(out + whole * 16, packed + whole * 2 * bits, n - whole * 16, bits, base);
}

AVX512 static void avx512_range(uint64_t *out, const uint8_t *packed, size_t n, unsigned bits,
                                uint32_t base, uint32_t low, uint32_t width)
{
    size_t whole = bits <= WORD_BITS_MAX ? n / 16 : 0;
    struct avx512_places places = avx512_places(bits);
    __m512i shift = _mm512_set1_epi32((int)(base - low)), widths = _mm512_set1_epi32((int)width);

    for (size_t i = 0; i < whole; i++) {
        __m512i v = _mm512_add_epi32(sixteen(packed + i * 2 * bits, &places), shift);
        out[i / 4] |= (uint64_t)_mm512_cmplt_epu32_mask(v, widths) << (i % 4 * 16);
    }
    scalar_range_from(out, packed, whole * 16, n, bits, base, low, width);
}

static const struct weft_scan avx2 = { "avx2", has_avx2, avx2_unpack, avx2_range };
static const struct weft_scan avx512 = { "avx512", has_avx512, avx512_unpack, avx512_range };
const struct weft_scan *const weft_scans[] = { &avx512, &avx2, &scalar, NULL };
#else
const struct weft_scan *const weft_scans[] = { &scalar, NULL };
#endif

static const struct weft_scan *chosen = &scalar;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    const char *wish = getenv("WEFT_SCAN");
    const struct weft_scan *const *scan = weft_scans;

    while (!(*scan)->is_supported() || (wish != NULL && strcmp(wish, (*scan)->name) != 0)) {
        if (scan[1] == NULL) return; /* a wish that cannot be met: scalar */
        scan++;
    }
    chosen = *scan;
}

const struct weft_scan *weft_scan(void)
{
    pthread_once(&chosen_once, choose);
    return chosen;
}
