/* What the domain network is compared with: a ping-pong and a stream between two processes, in C.
 *
 *   network round_trip TRANSPORT NBYTES SECONDS CPU CPU
 *   network bandwidth TRANSPORT NBYTES SECONDS CPU CPU
 *
 * TRANSPORT is tcp, udp, unix, pipe or shared_memory (round_trip), tcp or unix (bandwidth). The
 * first CPU is the sender's, the second one the other process's. Printed is one line of JSON. The
 * sockets have the options that hwperf's have: TCP_NODELAY, and nothing else. Nothing is checked
 * but the number of bytes: what hwperf's checks cost is part of the comparison.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 22, CHUNK = 1 << 15, RING = 1 << 18, LINE = 64 };

static void fail(const char *what)
{
    printf("{\"error\": \"%s: %s\"}\n", what, strerror(errno));
    exit(0);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fail("sched_setaffinity");
}

/* Descriptors: what this process writes to and reads from, then the other one. */
struct way {
    int out, in, far_in, far_out, is_datagram;
};

static int bound(int kind)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int made = socket(AF_INET, kind, 0);
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address))
        fail("bind");
    return made;
}

static void join(int from, int to)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(to, (struct sockaddr *)&address, &size);
    if (connect(from, (struct sockaddr *)&address, size))
        fail("connect");
}

static struct way opened(const char *transport)
{
    if (!strcmp(transport, "pipe")) {
        int there[2], back[2];
        if (pipe(there) || pipe(back))
            fail("pipe");
        return (struct way){there[1], back[0], there[0], back[1], 0};
    }
    int ends[2], one = 1, is_udp = !strcmp(transport, "udp");
    if (!strcmp(transport, "unix")) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
            fail("socketpair");
    } else if (is_udp) {
        ends[0] = bound(SOCK_DGRAM), ends[1] = bound(SOCK_DGRAM);
        join(ends[0], ends[1]), join(ends[1], ends[0]);
    } else {
        int listening = bound(SOCK_STREAM);
        ends[0] = socket(AF_INET, SOCK_STREAM, 0);
        if (listen(listening, 1))
            fail("listen");
        join(ends[0], listening);
        ends[1] = accept(listening, NULL, NULL);
        close(listening);
        for (int i = 0; i < 2; i++)
            setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return (struct way){ends[0], ends[0], ends[1], ends[1], is_udp};
}

static int put(int to, const char *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t moved = write(to, data + done, n - done);
        if (moved <= 0)
            return 0;
        done += moved;
    }
    return 1;
}

static int take(int from, char *data, size_t n, int is_datagram)
{
    for (size_t done = 0; done < n;) {
        ssize_t moved = read(from, data + done, n - done);
        if (moved <= 0 || (is_datagram && (size_t)moved != n))
            return 0;
        done += moved;
    }
    return 1;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void told(int64_t *each, int n, int64_t elapsed)
{
    double middle = 0;
    qsort(each, n, sizeof *each, ascending);
    for (int i = n / 4; i < n - n / 4; i++)
        middle += each[i];
    printf("{\"middle_s\": %.9g, \"p99_s\": %.9g, \"mean_s\": %.9g, \"n\": %d}\n",
           middle * 1e-9 / (n - n / 4 - n / 4), each[n - 1 - n / 100] * 1e-9, elapsed * 1e-9 / n, n);
}

static pid_t second(int cpu)
{
    pid_t parent = getpid(), made = fork();
    if (made < 0)
        fail("fork");
    if (made == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        pin(cpu);
    }
    return made;
}

static void in_memory(size_t nbytes, double seconds, const int *cpus)
{
    size_t size = 2 * LINE + (nbytes + LINE) / LINE * LINE, at = nbytes <= LINE - 8 ? 8 : LINE;
    char *both = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *mine = calloc(1, nbytes + 8), *back = both + size;
    _Atomic int64_t *there_flag = (void *)both, *back_flag = (void *)back;
    if (second(cpus[1]) == 0)
        for (int64_t i = 1;; i++) {
            while (atomic_load_explicit(there_flag, memory_order_acquire) < i)
                ;
            memcpy(mine, both + at, nbytes);
            memcpy(back + at, mine, nbytes);
            atomic_store_explicit(back_flag, i, memory_order_release);
        }
    static int64_t each[MOST];
    int n = 0;
    int64_t i = 1, begin = now(), end = begin + (int64_t)(seconds * 1e9), last = begin;
    while (last < end && n < MOST) {
        memcpy(both + at, mine, nbytes);
        atomic_store_explicit(there_flag, i, memory_order_release);
        int64_t sent = now(); /* While it is under way. */
        each[n++] = sent - last;
        last = sent;
        while (atomic_load_explicit(back_flag, memory_order_acquire) < i)
            ;
        memcpy(mine, back + at, nbytes);
        i++;
    }
    told(each, n, last - begin);
}

static void round_trips(const char *transport, size_t nbytes, double seconds, const int *cpus)
{
    struct way way = opened(transport);
    char *data = calloc(1, nbytes);
    if (second(cpus[1]) == 0) {
        close(way.out);
        close(way.in);
        while (take(way.far_in, data, nbytes, way.is_datagram) && put(way.far_out, data, nbytes))
            ;
        _exit(0);
    }
    static int64_t each[MOST];
    int n = 0;
    put(way.out, data, nbytes);
    take(way.in, data, nbytes, way.is_datagram);
    int64_t begin = now(), end = begin + (int64_t)(seconds * 1e9), last = begin;
    while (last < end && n < MOST) {
        if (!put(way.out, data, nbytes) || !take(way.in, data, nbytes, way.is_datagram))
            fail("a round trip");
        int64_t done = now();
        each[n++] = done - last;
        last = done;
    }
    told(each, n, last - begin);
}

static void stream(const char *transport, size_t nbytes, double seconds, const int *cpus)
{
    struct way way = opened(transport);
    size_t most = nbytes < CHUNK ? nbytes : CHUNK;
    size_t ring = nbytes > RING ? nbytes : RING / nbytes * nbytes;
    char *data = malloc(ring);
    memset(data, 1, ring);
    if (second(cpus[1]) == 0) {
        int64_t total = 0;
        size_t at = 0;
        close(way.out);
        for (;;) {
            ssize_t moved = recv(way.far_in, data + at, ring - at < most ? ring - at : most, 0);
            if (moved <= 0)
                break;
            total += moved;
            at = (at + moved) % ring;
        }
        put(way.far_out, (char *)&total, sizeof total);
        _exit(0);
    }
    close(way.far_in);
    int64_t sent = 0, confirmed = 0, begin = now(), end = begin + (int64_t)(seconds * 1e9);
    do {
        if (!put(way.out, data, nbytes))
            fail("a message");
        sent += nbytes;
    } while (now() < end);
    shutdown(way.out, SHUT_WR);
    take(way.in, (char *)&confirmed, sizeof confirmed, 0);
    int64_t elapsed = now() - begin;
    if (confirmed != sent)
        fail("not all came");
    printf("{\"rate\": %.9g, \"bytes\": %lld}\n", sent / (elapsed * 1e-9), (long long)sent);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        printf("{\"error\": \"expected WHAT TRANSPORT NBYTES SECONDS CPU CPU\"}\n");
        return 0;
    }
    size_t nbytes = strtoull(argv[3], NULL, 10);
    double seconds = atof(argv[4]);
    int cpus[2] = {atoi(argv[5]), atoi(argv[6])};
    signal(SIGPIPE, SIG_IGN);
    pin(cpus[0]);
    if (!strcmp(argv[1], "bandwidth"))
        stream(argv[2], nbytes, seconds, cpus);
    else if (!strcmp(argv[2], "shared_memory"))
        in_memory(nbytes, seconds, cpus);
    else
        round_trips(argv[2], nbytes, seconds, cpus);
    fflush(stdout);
    return 0;
}
