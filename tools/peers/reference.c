/* The C peer: what gcc -O3 makes of a chase, of STREAM-like sweeps and of scattered reads.

   One process answers requests from stdin, so that its samples can be taken in turn with those of
   another program without the cost of starting up. A request is one line

       KERNEL VARIANT STYLE PAGES NBYTES APART COUNT

     KERNEL   chase | read fill copy scale add triad | random | stride
     VARIANT  chase: the order, whole | local; sweeps: the stores, regular | streaming;
              random: - ; stride: the stride in bytes
     STYLE    who wrote the loop; "styles" as a request lists them; "plain" is C that the compiler
              vectorises as it likes, avx2x4 is intrinsics, four vectors per turn, ...
     PAGES    small | huge (transparent huge pages, verified in /proc/self/smaps)
     NBYTES   of each array
     APART    bytes by which each array's start is moved against the one before it
     COUNT    steps of a chase, passes of a sweep or stride, reads

   and is answered by one line of JSON: {"wall_s": S, "cpu_s": S, "switches": N}: by the clock on
   the wall, by the thread's own, and how often the scheduler took the core away meanwhile; or by
   {"error": "..."}. "cpus N" as a request pins the process to a CPU, "release" gives the memory
   back. Memory is mapped and written, and a first pass made, when the working set changes; never
   within the time. */

#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POISON -1.0
#define LINE 64
#define WINDOW (256 * 1024)
#define MAX_APART 4096
#define SAMPLED 64 /* elements that are poisoned before and checked after each request */
#define WARM_BYTES (128ul << 20) /* no cache keeps anything of more than this */

static volatile double result; /* what reading kernels computed: keeps them from being deleted */
static volatile uintptr_t arrived;

#include "timing.h"
#include "pages.h"
#include "vectors.h"

/* --- the chase and the scattered reads ------------------------------------------------------- */

static uintptr_t chase_loop(uintptr_t at, long steps)
{
    while (steps--)
        at = *(const volatile uintptr_t *)at;
    return at;
}

static uintptr_t chase_unrolled(uintptr_t at, long steps)
{
    for (; steps >= 32; steps -= 32)
#pragma GCC unroll 32
        for (int k = 0; k < 32; k++)
            at = *(const volatile uintptr_t *)at;
    return chase_loop(at, steps);
}

/* Knuth's MMIX generator, four of them; the upper bits give the place. */
static void random_reads(const int64_t *data, size_t nbytes, long count)
{
    static uint64_t x[4] = {1, 2, 3, 4};
    const size_t n = nbytes / 8;
    uint64_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    int64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#define NEXT(x) x = x * 6364136223846793005u + 1442695040888963407u
#define PLACE(x) (size_t)(((unsigned __int128)x * n) >> 64)
    for (long i = 0; i < count; i += 4) {
        NEXT(x0), NEXT(x1), NEXT(x2), NEXT(x3);
        s0 += data[PLACE(x0)], s1 += data[PLACE(x1)];
        s2 += data[PLACE(x2)], s3 += data[PLACE(x3)];
    }
    x[0] = x0, x[1] = x1, x[2] = x2, x[3] = x3;
    result = (double)(s0 + s1 + s2 + s3);
}

static void strided_reads(const int64_t *data, size_t nbytes, size_t stride, long passes)
{
    const size_t n = nbytes / 8, step = stride / 8;
    int64_t sum = 0;
    while (passes--) {
        BARRIER();
        for (size_t i = 0; i < n; i += step)
            sum += data[i];
    }
    result = (double)sum;
}

/* --- the working set ------------------------------------------------------------------------- */

static struct {
    struct memory memory;
    char *base, contents[200]; /* where it begins, and what was written into it */
    double *a, *b, *c;
} set;

static uint64_t next_random(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* Marsaglia's xorshift */
    return state;
}

static void release(void)
{
    unmap(&set.memory);
    memset(&set, 0, sizeof set);
}

static const char *map_set(size_t size, int huge)
{
    size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (set.memory.map && set.memory.size == size && set.memory.huge == huge)
        return NULL;
    release();
    const char *error = map(&set.memory, size, huge);
    if (!error) {
        set.base = set.memory.base;
        memset(set.base, 0x3f, size);
        error = granted(&set.memory);
    }
    if (error)
        release();
    return error;
}

/* Link all lines into one cycle: Sattolo's shuffle, or window by window. */
static const char *link_chase(size_t n_lines, int local)
{
    const size_t window = local ? WINDOW / LINE : n_lines;
    size_t *visits = malloc(n_lines * sizeof *visits);
    if (!visits)
        return "malloc failed";
    size_t n_windows = (n_lines + window - 1) / window, at = 0;
    size_t *windows = malloc(n_windows * sizeof *windows);
    for (size_t i = 0; i < n_windows; i++)
        windows[i] = i;
    for (size_t i = n_windows - 1; i > 0; i--) {
        size_t j = next_random() % (i + 1), kept = windows[i];
        windows[i] = windows[j], windows[j] = kept;
    }
    for (size_t w = 0; w < n_windows; w++) {
        const size_t first = windows[w] * window;
        const size_t n = first + window > n_lines ? n_lines - first : window;
        for (size_t i = 0; i < n; i++)
            visits[at + i] = first + i;
        for (size_t i = n - 1; i > 0; i--) {
            size_t j = next_random() % (i + 1), kept = visits[at + i];
            visits[at + i] = visits[at + j], visits[at + j] = kept;
        }
        at += n;
    }
    for (size_t i = 0; i < n_lines; i++)
        *(uintptr_t *)(set.base + visits[i] * LINE) =
            (uintptr_t)(set.base + visits[(i + 1) % n_lines] * LINE);
    free(visits), free(windows);
    size_t steps = 0; /* the verification, and the first lap */
    uintptr_t place = (uintptr_t)set.base;
    do
        place = *(uintptr_t *)place, steps++;
    while (place != (uintptr_t)set.base && steps <= n_lines);
    arrived = place;
    return steps == n_lines ? NULL : "the chase is no single cycle";
}

static void write_arrays(size_t nbytes, size_t slot, size_t apart, int n_arrays)
{
    const size_t n = nbytes / 8;
    set.a = (double *)set.base;
    set.b = (double *)(set.base + slot + apart);
    set.c = (double *)(set.base + 2 * slot + 2 * apart);
    for (size_t i = 0; i < n; i++)
        set.a[i] = (double)i;
    for (size_t i = 0; n_arrays > 1 && i < n; i++)
        set.b[i] = (double)i;
    for (size_t i = 0; n_arrays > 2 && i < n; i++)
        set.c[i] = (double)(n - i);
}

/* --- requests -------------------------------------------------------------------------------- */

struct request {
    char kernel[16], variant[16], style[16], pages[8];
    size_t nbytes, apart;
    long count;
};

static const char *NEEDS[] = {"read 1", "fill 1", "copy 2", "scale 2", "add 3", "triad 3"};

static int arrays_of(const char *kernel)
{
    for (size_t i = 0; i < sizeof NEEDS / sizeof *NEEDS; i++)
        if (!strncmp(NEEDS[i], kernel, strlen(kernel)) && NEEDS[i][strlen(kernel)] == ' ')
            return NEEDS[i][strlen(kernel) + 1] - '0';
    return 0;
}

static const char *prepare(const struct request *r)
{
    char contents[200];
    const int n_arrays = arrays_of(r->kernel), chases = !strcmp(r->kernel, "chase");
    snprintf(contents, sizeof contents, "%s %s %s %zu %zu", r->kernel, chases ? r->variant : "",
             r->pages, r->nbytes, r->apart);
    if (!strcmp(contents, set.contents))
        return NULL;
    const size_t slot = (r->nbytes + 2 * MAX_APART + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const int huge = !strcmp(r->pages, "huge");
    const char *error = map_set(n_arrays ? n_arrays * slot : r->nbytes, huge);
    if (error)
        return error;
    if (n_arrays)
        write_arrays(r->nbytes, slot, r->apart, n_arrays);
    else if (chases)
        error = link_chase(r->nbytes / LINE, !strcmp(r->variant, "local"));
    if (!error)
        strcpy(set.contents, contents);
    return error;
}

static void run(const struct request *r, sweep *function, long count)
{
    if (function)
        function(set.a, set.b, set.c, r->nbytes / 8, count);
    else if (!strcmp(r->kernel, "chase"))
        arrived = (strcmp(r->style, "loop") ? chase_unrolled : chase_loop)(arrived, count);
    else if (!strcmp(r->kernel, "random"))
        random_reads((int64_t *)set.base, r->nbytes, count);
    else
        strided_reads((int64_t *)set.base, r->nbytes, strtoul(r->variant, NULL, 10), count);
}

static const char *serve(const struct request *r)
{
    sweep *function = NULL;
    const int n_arrays = arrays_of(r->kernel);
    for (size_t i = 0; i < N_ENTRIES; i++)
        if (!strcmp(entries[i].kernel, r->kernel) && !strcmp(entries[i].stores, r->variant) &&
            !strcmp(entries[i].style, r->style))
            function = entries[i].function;
    const int known = !strcmp(r->kernel, "chase") || !strcmp(r->kernel, "random") ||
                      (!strcmp(r->kernel, "stride") && strtoul(r->variant, NULL, 10) >= 8);
    if (n_arrays ? !function : !known)
        return "no such kernel, variant and style";
    if (r->nbytes < 4096 || r->nbytes % 1024 || r->apart % LINE ||
        r->apart > MAX_APART || r->count < 1)
        return "expected nbytes in KiB from 4096 on, apart in lines up to 4096, a positive count";
    const char *error = prepare(r);
    if (error)
        return error;
    const size_t n = r->nbytes / 8, hop = n / SAMPLED;
    const int stores = n_arrays && strcmp(r->kernel, "read");
    if (stores)
        for (size_t i = 0; i < n; i += hop)
            set.a[i] = POISON;
    if (r->nbytes <= WARM_BYTES) /* bring back what another process has driven out */
        run(r, function, n_arrays || !strcmp(r->kernel, "stride") ? 1 : (long)(r->nbytes / LINE));
    const long before = switches();
    const double cpu_start = now(CLOCK_THREAD_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
    run(r, function, r->count);
    const double wall_s = now(CLOCK_MONOTONIC) - start;
    const double cpu_s = now(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
    const long taken = switches() - before;
    for (size_t i = 0; stores && i < n; i += hop)
        if (!(set.a[i] == should_be(r->kernel, set.b, set.c, i)))
            return "the result is wrong";
    if (!strcmp(r->kernel, "read") && strcmp(r->style, "loads") &&
        !(result == (double)r->count * ((double)n * (double)(n - 1) / 2)))
        return "the sum is wrong";
    printf("{\"wall_s\": %.9f, \"cpu_s\": %.9f, \"switches\": %ld}\n", wall_s, cpu_s, taken);
    return NULL;
}

static void list_styles(void)
{
    printf("{\"styles\": [[\"chase\", \"\", \"loop\"], [\"chase\", \"\", \"unrolled\"], "
           "[\"random\", \"\", \"plain\"], [\"stride\", \"\", \"plain\"]");
    for (size_t i = 0; i < N_ENTRIES; i++)
        printf(", [\"%s\", \"%s\", \"%s\"]", entries[i].kernel, entries[i].stores,
               entries[i].style);
    printf("]}\n");
}

static const char *pin(int cpu)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    if (sched_setaffinity(0, sizeof cpus, &cpus))
        return "the process cannot run on this CPU";
    printf("{}\n");
    return NULL;
}

int main(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        struct request r;
        int cpu;
        const char *error = "expected KERNEL VARIANT STYLE PAGES NBYTES APART COUNT";
        if (!strcmp(line, "styles\n")) {
            list_styles();
            error = NULL;
        } else if (!strcmp(line, "release\n")) {
            release();
            error = NULL;
            printf("{}\n");
        } else if (sscanf(line, "cpus %d", &cpu) == 1)
            error = pin(cpu);
        else if (sscanf(line, "%15s %15s %15s %7s %zu %zu %ld", r.kernel, r.variant, r.style,
                        r.pages, &r.nbytes, &r.apart, &r.count) == 7)
            error = serve(&r);
        if (error)
            printf("{\"error\": \"%s\"}\n", error);
        fflush(stdout);
    }
    return 0;
}
