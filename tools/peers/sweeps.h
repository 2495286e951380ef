/* Sweeps written with one kind of vector and one kind of store; reference.c includes this file
   once for each combination, after defining

     NAME(kernel)  the function's name          PUT(address, vector)  the store
     WIDE          the vector type              TURN                  vectors per turn of the loop
     LANES         doubles in a vector          LOAD ADD MUL ALL      load, a + b, a * b, broadcast

   n is a multiple of LANES * TURN, and all arrays are aligned to a vector. */

#define STEP (LANES * TURN)
#define EACH(k) _Pragma("GCC unroll 16") for (int k = 0; k < TURN; k++)

static void NAME(fill)(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)b, (void)c;
    const WIDE value = ALL(opaque(SCALAR));
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += STEP)
            EACH(k) PUT(a + i + k * LANES, value);
        FENCE();
    }
}

static void NAME(copy)(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)c;
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += STEP)
            EACH(k) PUT(a + i + k * LANES, LOAD(b + i + k * LANES));
        FENCE();
    }
}

static void NAME(scale)(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)c;
    const WIDE scalar = ALL(opaque(SCALAR));
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += STEP)
            EACH(k) PUT(a + i + k * LANES, MUL(scalar, LOAD(b + i + k * LANES)));
        FENCE();
    }
}

static void NAME(add)(double *a, const double *b, const double *c, size_t n, long passes)
{
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += STEP)
            EACH(k) PUT(a + i + k * LANES, ADD(LOAD(b + i + k * LANES), LOAD(c + i + k * LANES)));
        FENCE();
    }
}

static void NAME(triad)(double *a, const double *b, const double *c, size_t n, long passes)
{
    const WIDE scalar = ALL(opaque(SCALAR));
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += STEP)
            EACH(k) PUT(a + i + k * LANES,
                        ADD(LOAD(b + i + k * LANES), MUL(scalar, LOAD(c + i + k * LANES))));
        FENCE();
    }
}

/* Sums in 2 * TURN registers: an addition takes several cycles, and two may begin in each.
   Unused where the stores stream: there is nothing to store. */
__attribute__((unused)) static void NAME(read)(double *a, const double *b, const double *c, size_t n, long passes)
{
    (void)b, (void)c;
    WIDE sums[2 * TURN];
    EACH(k) sums[k] = sums[TURN + k] = ALL(0.0);
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += 2 * STEP) {
            EACH(k) sums[k] = ADD(sums[k], LOAD(a + i + k * LANES));
            EACH(k) sums[TURN + k] = ADD(sums[TURN + k], LOAD(a + i + STEP + k * LANES));
        }
    }
    double parts[LANES] __attribute__((aligned(64)));
    result = 0;
    for (int k = 0; k < 2 * TURN; k++) {
        STORE_PARTS(parts, sums[k]);
        for (int lane = 0; lane < LANES; lane++)
            result += parts[lane];
    }
}

#undef STEP
#undef EACH
#undef NAME
#undef PUT
#undef TURN
#undef FENCE
