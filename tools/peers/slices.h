/* Arrays of which every thread sweeps a slice of its own, that it has touched first; on huge pages.
   Whoever includes this file has included vectors.h, with a result of each thread's own. */

#include "pages.h"

#define CHUNK_BYTES (256ul << 10) /* of each array, between two looks at the other threads */
#define CHUNK_N (CHUNK_BYTES / sizeof(double))
#define POISON -1.0
#define LINES_APART 17 /* between the starts of arrays: alike, they would meet in the same sets */

static struct {
    struct memory memory;
    struct request written_for;
    long at[MAX_CPUS]; /* the chunk of its slice at which each thread goes on */
} arrays;

struct slice {
    double *a, *b, *c;
    long n_chunks;
};

static int arrays_of(const char *variant)
{
    return !strcmp(variant, "read") ? 1 : !strcmp(variant, "copy") ? 2 : 3;
}

static struct slice slice_of(const struct member *m)
{
    const struct request *r = m->request;
    const size_t all = (r->size + LINES_APART * LINE) / sizeof(double);
    const long n_chunks = (long)(r->size / CHUNK_BYTES / r->threads);
    double *a = (double *)arrays.memory.base + m->index * n_chunks * CHUNK_N;
    return (struct slice){a, a + all, a + 2 * all, n_chunks};
}

/* One element of a chunk, another one in each, which is poisoned before and checked after: more of
   them would be in the caches when the sweep comes. */
static size_t checked_in(long chunk)
{
    return chunk * CHUNK_N + (size_t)chunk * 7919 % CHUNK_N;
}

/* Every chunk holds the same, so that the sum of whatever number of them is known. */
static void write_slice(struct member *m)
{
    const struct slice s = slice_of(m);
    const int n_arrays = arrays_of(m->request->variant);
    for (size_t i = 0; i < s.n_chunks * CHUNK_N; i++) {
        s.a[i] = (double)(i % CHUNK_N);
        if (n_arrays > 1)
            s.b[i] = (double)(i % CHUNK_N);
        if (n_arrays > 2)
            s.c[i] = (double)(CHUNK_N - i % CHUNK_N);
    }
}

static void release_arrays(void)
{
    unmap(&arrays.memory);
    memset(&arrays, 0, sizeof arrays);
}

static const char *prepare_arrays(const struct request *r)
{
    const struct request *w = &arrays.written_for;
    if (!strcmp(r->variant, w->variant) && r->threads == w->threads && r->size == w->size)
        return NULL;
    if (r->size < CHUNK_BYTES * r->threads || r->size % HUGE_PAGE)
        return "expected a size of whole huge pages, 256 KiB and more for each thread";
    release_arrays();
    const size_t each = r->size + LINES_APART * LINE;
    const char *error = map(&arrays.memory, arrays_of(r->variant) * each, 1);
    if (!error)
        error = run_team(r, write_slice, NULL);
    if (!error)
        error = granted(&arrays.memory);
    if (error)
        release_arrays();
    else
        arrays.written_for = *r;
    return error;
}

static sweep *sweep_for(const struct request *r)
{
    const char *stores = strcmp(r->variant, "read") ? "streaming" : "regular";
    for (size_t i = 0; i < N_ENTRIES; i++)
        if (!strcmp(entries[i].kernel, r->variant) && !strcmp(entries[i].style, r->style) &&
            !strcmp(entries[i].stores, stores))
            return entries[i].function;
    return NULL;
}

/* The count is in chunks; a request goes on where the last one ended, so that nothing is met again
   before all the rest was. */
static void sweep_slice(struct member *m)
{
    const struct request *r = m->request;
    const struct slice s = slice_of(m);
    const int stores = strcmp(r->variant, "read") != 0;
    const long first = arrays.at[m->index];
    sweep *function = sweep_for(r);
    long at = first;
    double sum = 0;
    if (!function) {
        m->error = "no such sweep and style";
        return;
    }
    for (long i = 0; stores && i < r->count && i < s.n_chunks; i++)
        s.a[checked_in((first + i) % s.n_chunks)] = POISON;
    WORK(m, 1, {
        function(s.a + at * CHUNK_N, s.b + at * CHUNK_N, s.c + at * CHUNK_N, CHUNK_N, 1);
        sum += result;
        at = at + 1 < s.n_chunks ? at + 1 : 0;
    });
    arrays.at[m->index] = at;
    for (long i = 0; stores && i < m->done && i < s.n_chunks; i++) {
        const size_t place = checked_in((first + i) % s.n_chunks);
        if (!(s.a[place] == should_be(r->variant, s.b, s.c, place)))
            m->error = "the result is wrong";
    }
    const double wanted = m->done * ((double)CHUNK_N * (CHUNK_N - 1) / 2);
    if (!stores && strcmp(r->style, "loads") && !(sum == wanted))
        m->error = "the sum is wrong";
}
