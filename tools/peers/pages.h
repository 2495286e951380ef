/* Memory on small or on huge pages, and the proof of which it got. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2ul << 20)

struct memory {
    char *map, *base; /* as mapped, and from the first whole huge page on */
    size_t mapped, size, wanted;
    int huge;
};

/* How much of it lies on huge pages. */
static size_t huge_bytes(const struct memory *m)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    size_t found = 0;
    int inside = 0;
    while (smaps && fgets(line, sizeof line, smaps)) {
        unsigned long from, to;
        size_t kib;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = from <= (uintptr_t)m->base && (uintptr_t)m->base < to;
        else if (inside && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
            found += kib * 1024;
    }
    if (smaps)
        fclose(smaps);
    return found;
}

static void unmap(struct memory *m)
{
    if (m->map)
        munmap(m->map, m->mapped);
    memset(m, 0, sizeof *m);
}

/* Map at least *size* bytes that nobody has touched; what was mapped before is given back. */
static const char *map(struct memory *m, size_t size, int huge)
{
    unmap(m);
    m->size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    m->wanted = size;
    m->mapped = m->size + 2 * HUGE_PAGE;
    m->huge = huge;
    m->map = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->map == MAP_FAILED) {
        m->map = NULL;
        return "mmap failed";
    }
    m->base = (char *)(((uintptr_t)m->map / HUGE_PAGE + 1) * HUGE_PAGE);
    madvise(m->map, m->mapped, MADV_NOHUGEPAGE);
    if (huge && madvise(m->base, m->size, MADV_HUGEPAGE))
        return "madvise(MADV_HUGEPAGE) failed";
    return NULL;
}

/* Say whether touched memory lies on the pages that it was mapped for. */
static const char *granted(const struct memory *m)
{
    const size_t found = huge_bytes(m);
    const size_t whole = m->wanted / HUGE_PAGE * HUGE_PAGE;
    if (m->huge && found < whole / 10 * 9)
        return "huge pages were not granted";
    return !m->huge && found ? "small pages were asked for, huge ones granted" : NULL;
}
