/* Threads, one on each of some CPUs, that begin together, and the seconds that count of what they
   did: those in which all of them were at work.

   Whoever includes this file has defined struct request, with int threads and long count. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "timing.h"

#define LINE 64
#define APART 128 /* two lines: some cores fetch lines in pairs */
#define MAX_CPUS 1024

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() __asm__ volatile("isb" ::: "memory")
#endif

static int cpus[MAX_CPUS], n_cpus;

/* One thread of a team: what it is given, and what it found. */
struct member {
    const struct request *request;
    int index;
    pthread_t thread;
    double start, end, cpu_s, cpu_start;
    double done;    /* how much of the request's count it did between start and end */
    double seconds; /* of the whole count, where the thread itself works them out; else 0 */
    long switches;
    const char *error;
};

static struct {
    _Atomic int arrived __attribute__((aligned(APART)));
    _Atomic int stop __attribute__((aligned(APART)));
} gate;

static void meet(const struct member *m)
{
    const int ticket = atomic_fetch_add(&gate.arrived, 1);
    const int wanted = (ticket / m->request->threads + 1) * m->request->threads;
    for (long looks = 1; atomic_load(&gate.arrived) < wanted; looks++) {
        PAUSE();
        if (looks % 4096 == 0) /* late: somebody may wait for this very CPU */
            sched_yield();
    }
}

static void begin(struct member *m)
{
    m->switches = switches();
    m->cpu_start = now(CLOCK_THREAD_CPUTIME_ID);
    meet(m);
    m->start = now(CLOCK_MONOTONIC);
}

static void finish(struct member *m, double done)
{
    m->end = now(CLOCK_MONOTONIC);
    m->cpu_s = now(CLOCK_THREAD_CPUTIME_ID) - m->cpu_start;
    m->switches = switches() - m->switches;
    m->done = done;
}

/* Run the statement, which does CHUNK of the request's count, until this thread or another one has
   done all of it: so all are at work for as long as anything is counted. */
#define WORK(m, chunk, ...)                                                                    \
    do {                                                                                       \
        const long all_ = (m)->request->count;                                                 \
        long done_ = 0;                                                                        \
        begin(m);                                                                              \
        while (done_ < all_ && !atomic_load_explicit(&gate.stop, memory_order_relaxed)) {      \
            __VA_ARGS__;                                                                       \
            done_ += (chunk);                                                                  \
        }                                                                                      \
        atomic_store_explicit(&gate.stop, 1, memory_order_relaxed);                            \
        finish(m, (double)done_);                                                              \
    } while (0)

typedef void body(struct member *m);

struct start {
    struct member *member;
    body *body;
};

static void *start_member(void *given)
{
    const struct start *start = given;
    start->body(start->member);
    return NULL;
}

static int pin(pthread_attr_t *attributes, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return attributes ? pthread_attr_setaffinity_np(attributes, sizeof set, &set)
                      : sched_setaffinity(0, sizeof set, &set);
}

struct outcome {
    double seconds; /* in which every thread does the count, at the rate of all of them together */
    double cpu_s;   /* in which the first thread was running */
    long switches;  /* of all threads */
};

static struct outcome outcome_of(const struct member *members, const struct request *request)
{
    struct outcome all = {members[0].seconds, members[0].cpu_s, 0};
    double rate = 0;
    for (int i = 0; i < request->threads; i++) {
        rate += members[i].done / (members[i].end - members[i].start);
        all.switches += members[i].switches;
    }
    if (!all.seconds)
        all.seconds = (double)request->count * request->threads / rate;
    return all;
}

/* Run BODY on the first of the CPUs, here, and on the next ones; return why it failed, or NULL. */
static const char *run_team(const struct request *request, body *body, struct outcome *outcome)
{
    static struct member members[MAX_CPUS];
    static struct start starts[MAX_CPUS];
    const char *error = NULL;
    atomic_store(&gate.arrived, 0);
    atomic_store(&gate.stop, 0);
    for (int i = 0; i < request->threads; i++) {
        members[i] = (struct member){.request = request, .index = i};
        starts[i] = (struct start){&members[i], body};
    }
    for (int i = 1; i < request->threads; i++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        if (pin(&attributes, cpus[i]) ||
            pthread_create(&members[i].thread, &attributes, start_member, &starts[i])) {
            fprintf(stderr, "cores: no thread on CPU %d\n", cpus[i]);
            exit(1);
        }
        pthread_attr_destroy(&attributes);
    }
    body(&members[0]);
    for (int i = 1; i < request->threads; i++)
        pthread_join(members[i].thread, NULL);
    for (int i = 0; i < request->threads; i++)
        error = error ? error : members[i].error;
    if (outcome)
        *outcome = outcome_of(members, request);
    return error;
}
