/* Every sweep over arrays: in C that the compiler vectorises as it likes, and with intrinsics (see
   sweeps.h) by width of the vectors, vectors per turn of the loop, and kind of store.

   Whoever includes this file defines before it

     result   a volatile double: what reading sweeps computed, so that they are not deleted */

#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SCALAR 3.0
#define BARRIER() __asm__ volatile("" ::: "memory")

/* A value of which the compiler knows nothing. */
static double opaque(double value)
{
    __asm__ volatile("" : "+m"(value));
    return value;
}

static void plain_fill(double *restrict a, const double *restrict b, const double *restrict c,
                       size_t n, long passes)
{
    (void)b, (void)c;
    const double value = opaque(SCALAR);
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i++)
            a[i] = value;
    }
}

static void plain_copy(double *restrict a, const double *restrict b, const double *restrict c,
                       size_t n, long passes)
{
    (void)c;
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i++)
            a[i] = b[i];
    }
}

static void plain_scale(double *restrict a, const double *restrict b, const double *restrict c,
                        size_t n, long passes)
{
    (void)c;
    const double scalar = opaque(SCALAR);
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i++)
            a[i] = scalar * b[i];
    }
}

static void plain_add(double *restrict a, const double *restrict b, const double *restrict c,
                      size_t n, long passes)
{
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i++)
            a[i] = b[i] + c[i];
    }
}

static void plain_triad(double *restrict a, const double *restrict b, const double *restrict c,
                        size_t n, long passes)
{
    const double scalar = opaque(SCALAR);
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i++)
            a[i] = b[i] + scalar * c[i];
    }
}

static void plain_read(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)b, (void)c;
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += 4)
            s0 += a[i], s1 += a[i + 1], s2 += a[i + 2], s3 += a[i + 3];
    }
    result = s0 + s1 + s2 + s3;
}

typedef void sweep(double *a, const double *b, const double *c, size_t n, long passes);

struct entry {
    const char *kernel, *stores, *style;
    sweep *function;
};

#define NO_FENCE() (void)0

#if defined(__AVX512F__)
#define WIDE __m512d
#define LANES 8
#define LOAD _mm512_load_pd
#define ADD _mm512_add_pd
#define MUL _mm512_mul_pd
#define ALL _mm512_set1_pd
#define STORE_PARTS _mm512_store_pd
#define NAME(kernel) avx512x4_##kernel
#define PUT _mm512_store_pd
#define FENCE NO_FENCE
#define TURN 4
#include "sweeps.h"
#define NAME(kernel) avx512x4_nt_##kernel
#define PUT _mm512_stream_pd
#define FENCE _mm_sfence
#define TURN 4
#include "sweeps.h"
#undef WIDE
#undef LANES
#undef LOAD
#undef ADD
#undef MUL
#undef ALL
#undef STORE_PARTS
#endif

#if defined(__AVX__)
#define WIDE __m256d
#define LANES 4
#define LOAD _mm256_load_pd
#define ADD _mm256_add_pd
#define MUL _mm256_mul_pd
#define ALL _mm256_set1_pd
#define STORE_PARTS _mm256_store_pd
#define NAME(kernel) avx2x4_##kernel
#define PUT _mm256_store_pd
#define FENCE NO_FENCE
#define TURN 4
#include "sweeps.h"
#define NAME(kernel) avx2x8_##kernel
#define PUT _mm256_store_pd
#define FENCE NO_FENCE
#define TURN 8
#include "sweeps.h"
#define NAME(kernel) avx2x4_nt_##kernel
#define PUT _mm256_stream_pd
#define FENCE _mm_sfence
#define TURN 4
#include "sweeps.h"
#define NAME(kernel) avx2x8_nt_##kernel
#define PUT _mm256_stream_pd
#define FENCE _mm_sfence
#define TURN 8
#include "sweeps.h"

/* Loads and nothing else, as likwid-bench's load kernels do. */
static void loads_read(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)b, (void)c;
    while (passes--)
        for (size_t i = 0; i < n; i += 32)
#pragma GCC unroll 8
            for (int k = 0; k < 8; k++) {
                __m256d v;
                __asm__ volatile("vmovapd %1, %0" : "=x"(v) : "m"(*(const __m256d *)(a + i + 4 * k)));
            }
}
#elif defined(__x86_64__)
#define WIDE __m128d
#define LANES 2
#define LOAD _mm_load_pd
#define ADD _mm_add_pd
#define MUL _mm_mul_pd
#define ALL _mm_set1_pd
#define STORE_PARTS _mm_store_pd
#define NAME(kernel) sse2x4_##kernel
#define PUT _mm_store_pd
#define FENCE NO_FENCE
#define TURN 4
#include "sweeps.h"
#define NAME(kernel) sse2x4_nt_##kernel
#define PUT _mm_stream_pd
#define FENCE _mm_sfence
#define TURN 4
#include "sweeps.h"
#endif

#define STORING(stores, style, prefix)                                                         \
    {"fill", stores, style, prefix##_fill}, {"copy", stores, style, prefix##_copy},            \
        {"scale", stores, style, prefix##_scale}, {"add", stores, style, prefix##_add},        \
        {"triad", stores, style, prefix##_triad}
#define ALL_OF(style, prefix)                                                                  \
    STORING("regular", style, prefix), STORING("streaming", style, prefix##_nt),               \
        {"read", "regular", style, prefix##_read}

static const struct entry entries[] = {
    STORING("regular", "plain", plain),
    {"read", "regular", "plain", plain_read},
#if defined(__AVX512F__)
    ALL_OF("avx512x4", avx512x4),
#endif
#if defined(__AVX__)
    ALL_OF("avx2x4", avx2x4),
    ALL_OF("avx2x8", avx2x8),
    {"read", "regular", "loads", loads_read},
#elif defined(__x86_64__)
    ALL_OF("sse2x4", sse2x4),
#endif
};
#define N_ENTRIES (sizeof entries / sizeof *entries)

/* What element i of the first array must be after a sweep. */
static double should_be(const char *kernel, const double *b, const double *c, size_t i)
{
    if (!strcmp(kernel, "copy"))
        return b[i];
    if (!strcmp(kernel, "scale"))
        return SCALAR * b[i];
    if (!strcmp(kernel, "add"))
        return b[i] + c[i];
    return !strcmp(kernel, "triad") ? b[i] + SCALAR * c[i] : SCALAR;
}
