/* Arithmetic in registers: multiply-adds by type, width and number of chains, and the latency of
   single operations. What the compiler may not see through passes an empty asm statement, which
   costs nothing and keeps every operation by itself, in a register and in its order. */

#include <math.h>
#include <stdint.h>

#if defined(__x86_64__)
#if defined(__AVX512VL__)
#define KEEP(value) __asm__ volatile("" : "+v"(value))
#else
#define KEEP(value) __asm__ volatile("" : "+x"(value))
#endif
#else
#define KEEP(value) __asm__ volatile("" : "+w"(value))
#endif
#define KEEP_INTEGER(value) __asm__ volatile("" : "+r"(value))

#define STEPS 16  /* operations of one chain per count */
#define CHUNK 256 /* turns between two looks at the other threads: 4 us and more */
#define MAX_CHAINS 16
#define EACH(k, n) _Pragma("GCC unroll 16") for (int k = 0; k < (n); k++)

typedef float f32_128 __attribute__((vector_size(16)));
typedef float f32_256 __attribute__((vector_size(32)));
typedef float f32_512 __attribute__((vector_size(64)));
typedef double f64_128 __attribute__((vector_size(16)));
typedef double f64_256 __attribute__((vector_size(32)));
typedef double f64_512 __attribute__((vector_size(64)));
typedef float f32_scalar;
typedef double f64_scalar;

/* Every chain is x = x * 1 + 1, from 0 on: it counts its own steps, as far as its type can. */
#define FMA(TYPE, PART, CAN_COUNT)                                                             \
    static inline __attribute__((always_inline)) void fma_##TYPE(struct member *m, int chains, \
                                                                 long chunk)                   \
    {                                                                                          \
        const TYPE zero = {0};                                                                 \
        TYPE one = zero + (PART)1, factor = one, sums[MAX_CHAINS];                             \
        KEEP(one);                                                                             \
        KEEP(factor);                                                                          \
        EACH(k, chains) sums[k] = zero;                                                        \
        WORK(m, chunk, for (int turn = 0; turn < CHUNK; turn++) EACH(step, STEPS) {            \
            EACH(k, chains) {                                                                  \
                sums[k] = sums[k] * factor + one;                                              \
                KEEP(sums[k]);                                                                 \
            }                                                                                  \
        });                                                                                    \
        const double steps = m->done * CHUNK / chunk * STEPS;                                  \
        const PART wanted = (PART)(steps < (CAN_COUNT) ? steps : (CAN_COUNT));                 \
        EACH(k, chains) {                                                                      \
            TYPE sum = sums[k]; /* a copy behind a barrier: the sums stay in registers */      \
            KEEP(sum);                                                                         \
            PART parts[sizeof(TYPE) / sizeof(PART)];                                           \
            memcpy(parts, &sum, sizeof parts);                                                 \
            for (size_t lane = 0; lane < sizeof parts / sizeof *parts; lane++)                 \
                if (!(parts[lane] == wanted))                                                  \
                    m->error = "a sum is wrong";                                               \
        }                                                                                      \
    }                                                                                          \
    static void run_fma_##TYPE(struct member *m)                                               \
    {                                                                                          \
        switch (m->request->size) {                                                            \
        case 1: fma_##TYPE(m, 1, CHUNK); break;                                                \
        case 2: fma_##TYPE(m, 2, CHUNK); break;                                                \
        case 4: fma_##TYPE(m, 4, CHUNK); break;                                                \
        case 8: fma_##TYPE(m, 8, CHUNK); break;                                                \
        case 12: fma_##TYPE(m, 12, CHUNK); break;                                              \
        case 16: fma_##TYPE(m, 16, CHUNK); break;                                              \
        default: m->error = "expected 1, 2, 4, 8, 12 or 16 chains";                            \
        }                                                                                      \
    }                                                                                          \
    /* As many as fill the units; one count is 16 steps of 12 chains of 64 bytes. */           \
    static void run_flops_##TYPE(struct member *m)                                             \
    {                                                                                          \
        fma_##TYPE(m, 12, CHUNK * sizeof(TYPE) / 64);                                          \
    }

#define FMA_WIDTH(width)                                                                       \
    FMA(f32_##width, float, 0x1p24)                                                            \
    FMA(f64_##width, double, 0x1p53)
#define FMA_ENTRIES(width)                                                                     \
    {"fma", "f32-" #width, "c", run_fma_f32_##width},                                          \
        {"fma", "f64-" #width, "c", run_fma_f64_##width},                                      \
        {"flops", "f32", #width, run_flops_f32_##width},                                       \
        {"flops", "f64", #width, run_flops_f64_##width}

FMA_WIDTH(scalar)
FMA_WIDTH(128)
#if defined(__AVX__)
FMA_WIDTH(256)
#endif
#if defined(__AVX512VL__)
FMA_WIDTH(512)
#endif

/* One operation after the other, each on the result of the one before. */
#define CHAIN(NAME, TYPE, KEPT, FIRST, CONSTANT, STEP, AFTER, WANTED)                          \
    static void operation_##NAME(struct member *m)                                             \
    {                                                                                          \
        TYPE x = FIRST, constant = CONSTANT;                                                   \
        KEPT(x);                                                                               \
        KEPT(constant);                                                                        \
        WORK(m, CHUNK, for (int turn = 0; turn < CHUNK; turn++) {                              \
            EACH(step, STEPS) {                                                                \
                x = STEP;                                                                      \
                KEPT(x);                                                                       \
            }                                                                                  \
            AFTER;                                                                             \
        });                                                                                    \
        const double n = m->done * STEPS;                                                      \
        if (!(n > 0 && (WANTED)))                                                              \
            m->error = "the result is wrong";                                                  \
    }

/* A billionth more or less each time: full mantissas, and no overflow within 10^10 steps. */
#define NEARLY_ONE (1 + 0x1p-30)
#define CLOSE(a, b) (fabs((a) / (b) - 1) <= 1e-6)

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t product = 1;
    for (; exponent; exponent >>= 1, base *= base)
        product *= exponent & 1 ? base : 1;
    return product;
}

#define NOTHING (void)0

CHAIN(add, double, KEEP, 0, 1, x + constant, NOTHING, x == n)
CHAIN(mul, double, KEEP, 1, NEARLY_ONE, x * constant, NOTHING,
      CLOSE(x, exp(n * log1p(0x1p-30))))
CHAIN(fma, double, KEEP, 0, 1, x * constant + constant, NOTHING, x == n)
CHAIN(div, double, KEEP, 1, NEARLY_ONE, x / constant, NOTHING,
      CLOSE(x, exp(-n * log1p(0x1p-30))))
/* Roots alone would come to 1, which may be quick: after every 32 it begins anew. */
CHAIN(sqrt, double, KEEP, M_PI * 0x1p996, M_PI * 0x1p996, __builtin_sqrt(x),
      if (turn % 2) x *= constant, CLOSE(x, M_PI * 0x1p996))
CHAIN(int_mul, uint64_t, KEEP_INTEGER, 1, 3, x * constant, NOTHING, x == power(3, (uint64_t)n))
/* A dividend of 63 bits, a divisor and a quotient of 32. */
CHAIN(int_div, uint64_t, KEEP_INTEGER, 2718281829, 2718281829u * 2718281829ul, constant / x,
      NOTHING, x == 2718281829)

static void operation_load(struct member *m)
{
    void *cell = &cell, **at = &cell;
    KEEP_INTEGER(at);
    WORK(m, CHUNK, for (int turn = 0; turn < CHUNK; turn++) EACH(step, STEPS) {
        at = *(void *volatile *)at;
        KEEP_INTEGER(at);
    });
    if (at != &cell)
        m->error = "the result is wrong";
}
