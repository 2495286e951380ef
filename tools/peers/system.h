/* What the operating system costs: calls into it, threads, processes, waiting, the time of day. */

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static void system_syscall(struct member *m)
{
    const pid_t parent = getppid();
    pid_t found = 0;
    WORK(m, 100, for (int i = 0; i < 100; i++) found = getppid());
    if (found != parent)
        m->error = "it has another parent now";
}

static void system_timer(struct member *m)
{
    struct timespec t = {0, 0};
    WORK(m, 1000, for (int i = 0; i < 1000; i++) clock_gettime(CLOCK_MONOTONIC, &t));
    if (!t.tv_sec)
        m->error = "the clock shows nothing";
}

static void system_sleep(struct member *m)
{
    const struct timespec nothing = {0, 0};
    int failed = 0;
    WORK(m, 1, failed |= nanosleep(&nothing, NULL));
    if (failed)
        m->error = "nanosleep failed";
}

static struct {
    int there[2], back[2];
} pipes;

static void *echo(void *unused)
{
    char byte;
    while (read(pipes.there[0], &byte, 1) == 1 && write(pipes.back[1], &byte, 1) == 1)
        ;
    return unused;
}

/* A byte to a thread on the same CPU, and back: two switches, of which the count has one. */
static void system_context_switch(struct member *m)
{
    pthread_t other;
    pthread_attr_t here;
    char byte = 'x';
    long arrived = 0;
    pthread_attr_init(&here);
    if (pipe2(pipes.there, O_CLOEXEC) || pipe2(pipes.back, O_CLOEXEC) || pin(&here, cpus[0]) ||
        pthread_create(&other, &here, echo, NULL)) {
        m->error = "no pipes, or no thread";
        return;
    }
    WORK(m, 2, {
        if (write(pipes.there[1], &byte, 1) == 1)
            arrived += read(pipes.back[0], &byte, 1);
    });
    close(pipes.there[1]);
    pthread_join(other, NULL);
    close(pipes.there[0]), close(pipes.back[0]), close(pipes.back[1]);
    pthread_attr_destroy(&here);
    if (arrived * 2 != (long)m->done)
        m->error = "a byte was lost";
}

static void *return_at_once(void *given)
{
    *(long *)given += 1;
    return NULL;
}

static void system_thread_start(struct member *m)
{
    long started = 0;
    WORK(m, 1, {
        pthread_t thread;
        if (!pthread_create(&thread, NULL, return_at_once, &started))
            pthread_join(thread, NULL);
    });
    if (started != (long)m->done)
        m->error = "a thread did not start";
}

static void system_process_start(struct member *m)
{
    char *arguments[] = {"/bin/true", NULL}, *environment[] = {NULL};
    long ended = 0;
    WORK(m, 1, {
        pid_t process;
        int status;
        if (!posix_spawn(&process, arguments[0], NULL, NULL, arguments, environment) &&
            waitpid(process, &status, 0) == process)
            ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    });
    if (ended != (long)m->done)
        m->error = "/bin/true did not end with 0";
}
