/* Cache lines that several cores want: handed to and fro, counted on, locked, or read by one core
   while another one has them. */

#include <stdint.h>
#include <string.h>

#define COUNTS 1024 /* updates between two looks at the other threads */
#define BATCH 200   /* round trips of which one time is taken: 10 us and more */
#define MAX_BATCHES 100000
#define BALLS 1024 /* a line's address decides how far the part of a cache is that looks after it */
#define LINES 128 /* at 128 B each: 16 KiB, which stay in a first-level cache */

#if defined(__x86_64__)
#define PLAIN_INCREMENT(word) __asm__ volatile("incq %0" : "+m"(*(word))::"cc")
#define FLUSH(address) __builtin_ia32_clflush(address)
#else
#define PLAIN_INCREMENT(word) (*(volatile int64_t *)(word) += 1)
#define FLUSH(address) __asm__ volatile("dc civac, %0" ::"r"(address) : "memory")
#endif

static struct {
    struct {
        _Atomic int64_t word __attribute__((aligned(APART)));
    } balls[BALLS];
    pthread_mutex_t mutex __attribute__((aligned(APART)));
    int64_t guarded; /* beside the mutex, as in most programs */
    int64_t counters[APART / 8 * MAX_CPUS] __attribute__((aligned(4096)));
    char lines[LINES][APART] __attribute__((aligned(4096)));
} shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return (values[n / 2] + values[(n - 1) / 2]) / 2;
}

/* Each side waits for its number, then puts the next one in its place; side 0 times batches of
   round trips, each with another line than the one before, of which the median counts. */
#define RALLY(NAME, WAIT, PUT)                                                                 \
    static void rally_##NAME(struct member *m)                                                 \
    {                                                                                          \
        static double batches[MAX_BATCHES];                                                    \
        static long first; /* requests go on to other lines */                                 \
        const long n = (m->request->count + BATCH - 1) / BATCH;                                \
        if (m->request->threads != 2 || n > MAX_BATCHES) {                                     \
            m->error = "expected 2 threads and up to 20000000 round trips";                   \
            return;                                                                            \
        }                                                                                      \
        for (long i = 0; m->index == 0 && i < n && i < BALLS; i++)                             \
            atomic_store(&shared.balls[(first + i) % BALLS].word, 0);                          \
        begin(m);                                                                              \
        for (long batch = 0; batch < n; batch++) {                                             \
            _Atomic int64_t *const ball = &shared.balls[(first + batch) % BALLS].word;         \
            int64_t wanted = batch / BALLS * 2 * BATCH + m->index;                             \
            const double start = now(CLOCK_MONOTONIC);                                         \
            for (int i = 0; i < BATCH; i++) {                                                  \
                while (atomic_load_explicit(ball, memory_order_acquire) != wanted)             \
                    WAIT;                                                                      \
                PUT;                                                                           \
                wanted += 2;                                                                   \
            }                                                                                  \
            if (m->index == 0)                                                                 \
                batches[batch] = now(CLOCK_MONOTONIC) - start;                                 \
        }                                                                                      \
        finish(m, (double)n * BATCH);                                                          \
        meet(m);                                                                               \
        if (atomic_load(&shared.balls[(first + n - 1) % BALLS].word) !=                        \
            ((n - 1) / BALLS + 1) * 2 * BATCH)                                                 \
            m->error = "the ball was lost";                                                    \
        meet(m);                                                                               \
        if (m->index == 0) {                                                                   \
            first = (first + n) % BALLS;                                                       \
            m->seconds = median(batches, n) / BATCH * m->request->count;                       \
        }                                                                                      \
    }

RALLY(swap, (void)0, {
    int64_t expected = wanted;
    atomic_compare_exchange_strong(ball, &expected, wanted + 1);
})
RALLY(swap_pause, PAUSE(), {
    int64_t expected = wanted;
    atomic_compare_exchange_strong(ball, &expected, wanted + 1);
})
RALLY(store, (void)0, atomic_store_explicit(ball, wanted + 1, memory_order_release))

/* What all threads did together; each of them calls it once. */
static int64_t sum_of_all(const struct member *m, int64_t done)
{
    static _Atomic int64_t total;
    if (m->index == 0)
        atomic_store(&total, 0);
    meet(m);
    atomic_fetch_add(&total, done);
    meet(m);
    return atomic_load(&total);
}

/* Every thread counts on a word of its own, SIZE bytes from the next one; at 0, which only atomic
   updates survive, all on the same. */
#define COUNTING(NAME, UPDATE)                                                                 \
    static void count_##NAME(struct member *m)                                                 \
    {                                                                                          \
        const size_t apart = m->request->size;                                                 \
        if (apart > APART || apart % 8) {                                                      \
            m->error = "expected a size of 0, 8 ... 128 bytes";                                \
            return;                                                                            \
        }                                                                                      \
        int64_t *word = shared.counters + m->index * apart / 8;                                \
        *word = 0;                                                                             \
        WORK(m, COUNTS, for (int i = 0; i < COUNTS; i++) UPDATE);                              \
        const int64_t all = sum_of_all(m, (int64_t)m->done);                                   \
        if (*(volatile int64_t *)word != (apart ? (int64_t)m->done : all))                     \
            m->error = "a count is wrong";                                                     \
    }

COUNTING(plain, PLAIN_INCREMENT(word))
COUNTING(atomic, __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST))

/* The functions are called by their addresses in registers: a load of the address from the linker's
   table would have to wait for the atomic instruction before it. */
static void count_locked(struct member *m)
{
    typedef int function(pthread_mutex_t *);
    function *lock = pthread_mutex_lock, *unlock = pthread_mutex_unlock;
    pthread_mutex_t *mutex = &shared.mutex;
    int64_t *guarded = &shared.guarded;
    KEEP_INTEGER(lock);
    KEEP_INTEGER(unlock);
    KEEP_INTEGER(mutex);
    KEEP_INTEGER(guarded);
    *guarded = 0;
    WORK(m, COUNTS, for (int i = 0; i < COUNTS; i++) {
        lock(mutex);
        PLAIN_INCREMENT(guarded);
        unlock(mutex);
    });
    const int64_t all = sum_of_all(m, (int64_t)m->done);
    if (*(volatile int64_t *)guarded != all)
        m->error = "the count is wrong";
}

/* A cycle through all lines in a shuffled order. */
static void link_lines(void)
{
    static int order[LINES];
    uint64_t random = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < LINES; i++)
        order[i] = i;
    for (int i = LINES - 1; i > 0; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const int j = random % (i + 1), kept = order[i];
        order[i] = order[j], order[j] = kept;
    }
    for (int i = 0; i < LINES; i++)
        *(void **)shared.lines[order[i]] = shared.lines[order[(i + 1) % LINES]];
}

/* Thread 1 takes all lines, then thread 0 goes through them; COUNT times. To be clean in one cache
   alone, lines are first thrown out of all. */
static void read_others(struct member *m, int modified)
{
    const long n = m->request->count;
    double seconds = 0;
    if (m->request->threads != 2) {
        m->error = "expected 2 threads";
        return;
    }
    if (m->index == 0)
        link_lines();
    begin(m);
    for (long lap = 0; lap < n; lap++) {
        if (m->index == 0 && !modified) {
            for (int i = 0; i < LINES; i++)
                FLUSH(shared.lines[i]);
            atomic_thread_fence(memory_order_seq_cst);
        }
        meet(m);
        if (m->index == 1) {
            /* Twice: a line may be thrown out by others of the set while it is taken. */
            for (int i = 0; i < 2 * LINES; i++) {
                volatile int64_t *word = (volatile int64_t *)shared.lines[i % LINES] + 1;
                if (modified)
                    *word = lap;
                else
                    (void)*word;
            }
            atomic_thread_fence(memory_order_seq_cst);
        }
        meet(m);
        if (m->index == 0) {
            void *at = shared.lines[0];
            const double start = now(CLOCK_MONOTONIC);
            for (int i = 0; i < LINES; i++)
                at = *(void *volatile *)at;
            KEEP_INTEGER(at);
            seconds += now(CLOCK_MONOTONIC) - start;
            if (at != shared.lines[0])
                m->error = "the lines are no cycle";
        }
    }
    finish(m, (double)n);
    m->seconds = seconds;
}

static void read_modified(struct member *m) { read_others(m, 1); }
static void read_clean(struct member *m) { read_others(m, 0); }
