/* Matrix products by a BLAS that is given by its path: the very library that numpy calls. */

#include <dlfcn.h>
#include <string.h>

/* CBLAS with 64-bit integers, as numpy's OpenBLAS has it; 101: rows first, 111: as it is. */
#define ROWS_FIRST 101
#define AS_IT_IS 111

typedef void sgemm(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                   const float *, int64_t, float, float *, int64_t);
typedef void dgemm(int, int, int, int64_t, int64_t, int64_t, double, const double *, int64_t,
                   const double *, int64_t, double, double *, int64_t);

static struct {
    sgemm *f32;
    dgemm *f64;
    void (*set_threads)(int);
} blas;

/* Load the library, whose functions have these names; its threads inherit the caller's CPUs. */
static const char *load_blas(const char *path, const char *f32, const char *f64,
                             const char *set_threads)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return "the BLAS cannot be loaded";
    *(void **)&blas.f32 = dlsym(library, f32);
    *(void **)&blas.f64 = dlsym(library, f64);
    *(void **)&blas.set_threads = dlsym(library, set_threads);
    if (!blas.f32 || !blas.f64 || !blas.set_threads) {
        memset(&blas, 0, sizeof blas);
        return "the BLAS has no functions of these names";
    }
    return NULL;
}

/* Products of n by n matrices of small whole numbers, so that every sum is exact. */
#define GEMM(TYPE, NAME)                                                                       \
    static void gemm_##NAME(struct member *m)                                                  \
    {                                                                                          \
        static TYPE *a, *b, *c;                                                                \
        static size_t n;                                                                       \
        const size_t bytes = m->request->size * m->request->size * sizeof(TYPE);               \
        if (m->request->size < 2) {                                                            \
            m->error = "expected matrices of 2 rows and more";                                 \
            return;                                                                            \
        }                                                                                      \
        if (n != m->request->size) {                                                           \
            free(a), free(b), free(c);                                                         \
            n = m->request->size;                                                              \
            a = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);                             \
            b = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);                             \
            c = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);                             \
            for (size_t i = 0; i < n * n; i++)                                                 \
                a[i] = (TYPE)(i * 7 % 13), b[i] = (TYPE)(i * 5 % 11);                          \
        }                                                                                      \
        c[0] = c[n * n - 1] = -1;                                                              \
        begin(m);                                                                              \
        for (long i = 0; i < m->request->count; i++)                                           \
            blas.NAME(ROWS_FIRST, AS_IT_IS, AS_IT_IS, n, n, n, 1, a, n, b, n, 0, c, n);        \
        finish(m, m->request->count);                                                          \
        for (size_t i = 0; i < n * n; i += n * n - 1) {                                        \
            double wanted = 0;                                                                 \
            for (size_t k = 0; k < n; k++)                                                     \
                wanted += a[i / n * n + k] * b[k * n + i % n];                                 \
            if (!(c[i] == wanted))                                                             \
                m->error = "an element of the product is wrong";                               \
        }                                                                                      \
    }

GEMM(float, f32)
GEMM(double, f64)
