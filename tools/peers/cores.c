/* The C peer of what hwperf says of cores: their arithmetic, what they share, what the system
   costs. Like reference.c it answers requests from stdin one by one and sleeps between them:

       KERNEL VARIANT STYLE THREADS SIZE COUNT

     KERNEL        VARIANT                               SIZE               COUNT
     fma           f32-, f64- scalar, 128, 256, 512      chains             16 steps of all chains
     flops         f32, f64 (best of widths)             0                  16 steps of 12 chains
                                                                            of 64 bytes
     operation     add mul fma div sqrt int_mul          0                  16 operations
                   int_div load
     bandwidth     read, copy, triad (they stream)       bytes of an array  256 KiB of each array
     core_to_core  swap, swap_pause, store               0                  round trips
     counters      plain, atomic                         bytes apart        updates
     mutex         pthread                               0                  lock and unlock
     shared_line   clean, modified                       0                  laps of 128 lines
     system        syscall context_switch thread_start   0                  times
                   process_start sleep timer
     gemm          f32, f64                              n                  products

   STYLE is who wrote the loop, as for reference.c; "styles" as a request lists them all. COUNT is
   that of each thread. The answer, {"wall_s": S, "cpu_s": S, "switches": N}, holds the seconds that
   all threads take for it at the rate at which they went while all of them were at work, the time
   that the first one was running, and how often any of them lost its core; or {"error": "..."}.

   Other requests: "cpus N..." names the CPUs, of which this thread is pinned to the first and the
   others of a team to one each; "probe" answers how the first two CPUs lie to one another,
   {"one_way_s": S, "speed_up": X}: how long a line takes from one to the other, and how many times
   the multiply-adds of one thread two do; "blas PATH SGEMM DGEMM SET_THREADS" loads a BLAS, in
   which these functions of CBLAS and OpenBLAS have such names; "release" gives memory back.

   It is built as a shared library: see launch.c. */

#define _GNU_SOURCE
#include <stdio.h>

struct request {
    char kernel[16], variant[16], style[16];
    int threads;
    size_t size;
    long count;
};

static _Thread_local volatile double result;

#include "team.h"
#include "vectors.h"
#include "slices.h"
#include "arithmetic.h"
#include "lines.h"
#include "system.h"
#include "blas.h"

struct kernel {
    const char *kernel, *variant, *style;
    body *body;
};

static const struct kernel kernels[] = {
    FMA_ENTRIES(scalar),
    FMA_ENTRIES(128),
#if defined(__AVX__)
    FMA_ENTRIES(256),
#endif
#if defined(__AVX512VL__)
    FMA_ENTRIES(512),
#endif
    {"operation", "add", "c", operation_add},
    {"operation", "mul", "c", operation_mul},
    {"operation", "fma", "c", operation_fma},
    {"operation", "div", "c", operation_div},
    {"operation", "sqrt", "c", operation_sqrt},
    {"operation", "int_mul", "c", operation_int_mul},
    {"operation", "int_div", "c", operation_int_div},
    {"operation", "load", "c", operation_load},
    {"core_to_core", "swap", "c", rally_swap},
    {"core_to_core", "swap_pause", "c", rally_swap_pause},
    {"core_to_core", "store", "c", rally_store},
    {"counters", "plain", "c", count_plain},
    {"counters", "atomic", "c", count_atomic},
    {"mutex", "pthread", "c", count_locked},
    {"shared_line", "clean", "c", read_clean},
    {"shared_line", "modified", "c", read_modified},
    {"system", "syscall", "c", system_syscall},
    {"system", "context_switch", "c", system_context_switch},
    {"system", "thread_start", "c", system_thread_start},
    {"system", "process_start", "c", system_process_start},
    {"system", "sleep", "c", system_sleep},
    {"system", "timer", "c", system_timer},
    {"gemm", "f32", "c", gemm_f32},
    {"gemm", "f64", "c", gemm_f64},
};
#define N_KERNELS (sizeof kernels / sizeof *kernels)

static const struct kernel *find(const struct request *r)
{
    static const struct kernel bandwidth = {"bandwidth", "", "", sweep_slice};
    if (!strcmp(r->kernel, bandwidth.kernel))
        return &bandwidth;
    for (size_t i = 0; i < N_KERNELS; i++)
        if (!strcmp(kernels[i].kernel, r->kernel) && !strcmp(kernels[i].variant, r->variant) &&
            !strcmp(kernels[i].style, r->style))
            return &kernels[i];
    return NULL;
}

static int is_streamed(const struct entry *e)
{
    return strcmp(e->kernel, "read") ? !strcmp(e->stores, "streaming") : 1;
}

static void list_styles(void)
{
    printf("{\"styles\": [");
    for (size_t i = 0; i < N_ENTRIES; i++)
        if (is_streamed(&entries[i]))
            printf("[\"bandwidth\", \"%s\", \"%s\"], ", entries[i].kernel, entries[i].style);
    for (size_t i = 0; i < N_KERNELS; i++)
        printf("%s[\"%s\", \"%s\", \"%s\"]", i ? ", " : "", kernels[i].kernel, kernels[i].variant,
               kernels[i].style);
    printf("]}\n");
}

static const char *use_cpus(const char *numbers)
{
    char *end;
    for (n_cpus = 0; n_cpus < MAX_CPUS; numbers = end) {
        const long cpu = strtol(numbers, &end, 10);
        if (end == numbers)
            break;
        cpus[n_cpus++] = (int)cpu;
    }
    release_arrays(); /* which other threads have touched */
    if (!n_cpus || pin(NULL, cpus[0])) {
        n_cpus = 0;
        return "expected CPUs, on the first of which this thread can run";
    }
    return printf("{}\n"), NULL;
}

/* Let this thread run on every CPU, as a BLAS expects that has threads of its own. */
static void unpin(void)
{
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int i = 0; i < n_cpus; i++)
        CPU_SET(cpus[i], &all);
    sched_setaffinity(0, sizeof all, &all);
}

static const char *multiply(struct request r, body *body, struct outcome *outcome)
{
    if (!blas.set_threads)
        return "no BLAS was loaded";
    blas.set_threads(r.threads);
    unpin();
    r.threads = 1; /* of ours */
    const char *error = run_team(&r, body, outcome);
    pin(NULL, cpus[0]);
    return error;
}

static const char *run(const struct request *r, struct outcome *outcome)
{
    const struct kernel *kernel = find(r);
    const char *error = NULL;
    if (!kernel)
        return "no such kernel, variant and style";
    if (r->threads < 1 || r->threads > n_cpus || r->count < 1)
        return "expected no more threads than CPUs were given, and a positive count";
    if (!strcmp(r->kernel, "bandwidth"))
        error = prepare_arrays(r);
    if (!error && !strcmp(r->kernel, "gemm"))
        error = multiply(*r, kernel->body, outcome);
    else if (!error)
        error = run_team(r, kernel->body, outcome);
    return error;
}

static const char *serve(const struct request *r)
{
    struct outcome outcome;
    const char *error = run(r, &outcome);
    if (!error)
        printf("{\"wall_s\": %.9f, \"cpu_s\": %.9f, \"switches\": %ld}\n", outcome.seconds,
               outcome.cpu_s, outcome.switches);
    return error;
}

/* Whoever disturbs can only make it slower: the shortest of three counts. */
static const char *shortest(const struct request *r, double *seconds)
{
    *seconds = INFINITY;
    for (int i = 0; i < 3; i++) {
        struct outcome once;
        const char *error = run(r, &once);
        if (error)
            return error;
        *seconds = once.seconds < *seconds ? once.seconds : *seconds;
    }
    return NULL;
}

static const char *probe(void)
{
    const struct request rally = {"core_to_core", "swap", "c", 2, 0, 64 * BATCH};
    const struct request alone = {"fma", "f64-128", "c", 1, 12, 4096};
    struct request both = alone;
    struct outcome there_and_back;
    double alone_s, both_s;
    both.threads = 2;
    const char *error = run(&rally, &there_and_back);
    if (!error)
        error = shortest(&alone, &alone_s);
    if (!error)
        error = shortest(&both, &both_s);
    if (!error)
        printf("{\"one_way_s\": %.3e, \"speed_up\": %.3f}\n",
               there_and_back.seconds / rally.count / 2, 2 * alone_s / both_s);
    return error;
}

static const char *answer(const char *line)
{
    struct request r;
    char path[1024], f32[64], f64[64], set_threads[64];
    if (!strcmp(line, "styles\n"))
        return list_styles(), NULL;
    if (!strcmp(line, "probe\n"))
        return probe();
    if (!strcmp(line, "release\n"))
        return release_arrays(), printf("{}\n"), NULL;
    if (!strncmp(line, "cpus ", 5))
        return use_cpus(line + 5);
    if (sscanf(line, "blas %1023s %63s %63s %63s", path, f32, f64, set_threads) == 4) {
        unpin(); /* its threads inherit this */
        const char *error = load_blas(path, f32, f64, set_threads);
        pin(NULL, cpus[0]);
        return error ? error : (printf("{}\n"), NULL);
    }
    if (sscanf(line, "%15s %15s %15s %d %zu %ld", r.kernel, r.variant, r.style, &r.threads, &r.size,
               &r.count) == 6)
        return serve(&r);
    return "expected KERNEL VARIANT STYLE THREADS SIZE COUNT";
}

static void *sleep_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

int serve_requests(void);
int serve_requests(void)
{
    char line[8192];
    pthread_t sleeper;
    /* In a process of one thread the C library locks without atomic instructions. */
    if (pthread_create(&sleeper, NULL, sleep_for_ever, NULL)) {
        fprintf(stderr, "cores: cannot start a thread\n");
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        const char *error = answer(line);
        if (error)
            printf("{\"error\": \"%s\"}\n", error);
        fflush(stdout);
    }
    return 0;
}
