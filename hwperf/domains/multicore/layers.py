"""Empty parallel loops of several libraries. This module runs them in a process of their own.

Their threads may spin while they wait for work, their kind can be chosen once per process, and some
do not survive a fork: so they are kept out of the process that measures. It is started as a program
with the name of a layer and the CPUs of its threads; each line on stdin is a number of loops to
run, or "who".

Every thread that takes part is pinned to a CPU of its own, and so is the one that runs the loops,
to the first. Where the system puts two on the same CPU, the one that spins keeps the other one from
working until its turn is over: 4 to 8 ms a loop in place of 2 µs, for seconds.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["LAYERS", "Layer", "main"]

WATCH_S = 2.0  # Longest time to see all threads at work.
WORKED_S = 1e-3  # Processor time of a thread that took part for certain.


@dataclass(frozen=True)
class Made:
    """What some loops came to.

    Attributes:
        turns: how often each of the turns was made.
        lent: how many of them all another thread made than the one that ran the loops, where that
            is known.
    """

    turns: list[int]
    lent: int | None = None


@dataclass(frozen=True)
class Layer:
    """A parallel loop that is ready to run.

    Attributes:
        run: runs it so many times.
        workers: the threads or processes that have made a turn, as far as is known now.
    """

    run: Callable[[int], Made]
    workers: Callable[[], set[int]]


class Lacking(Exception):
    """The layer is not there; the message is the library's own."""


@contextmanager
def numba_layer(cpus: Sequence[int]) -> Iterator[Layer]:
    """A loop of numba's; the environment says by which threading layer."""
    import numba
    import numpy as np

    before = task_ids()
    try:
        numba.get_num_threads()
    except ValueError as error:
        raise Lacking(" ".join(str(error).split())) from error
    from hwperf.kernels import region

    seen: set[int] = set()

    def run(n: int) -> Made:
        makers, made, lent = np.zeros((3, len(cpus)), np.int64)
        region.run(n, makers, made, lent)
        seen.update(makers.tolist())
        return Made(made.tolist(), int(lent.sum()))

    spread_out(run, before, cpus)
    yield Layer(run, lambda: seen)


@contextmanager
def torch_layer(cpus: Sequence[int]) -> Iterator[Layer]:
    """The smallest operation of torch that gives each thread an element: a mean of four numbers."""
    import torch

    torch.set_num_threads(len(cpus))
    channels = torch.arange(1.0, len(cpus) + 1.0).reshape(1, len(cpus), 1, 1)
    four = channels.expand(1, len(cpus), 2, 2).contiguous()

    def run(n: int) -> Made:
        with torch.inference_mode():
            for _ in range(n):
                means = torch.nn.functional.avg_pool2d(four, 2)
        return Made([n if is_right else 0 for is_right in (means == channels).flatten().tolist()])

    spread_out(run, task_ids(), cpus)
    before = worked_s()
    yield Layer(
        run,
        lambda: {each for each, s in worked_s().items() if s - before.get(each, 0) >= WORKED_S},
    )


@contextmanager
def thread_pool(cpus: Sequence[int]) -> Iterator[Layer]:
    """A task for each thread of Python's ThreadPoolExecutor."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(cpus)) as pool:
        met = threading.Barrier(len(cpus))

        def pin(cpu: int) -> None:
            met.wait()  # So that each thread does this once.
            os.sched_setaffinity(0, {cpu})

        list(pool.map(pin, cpus))
        os.sched_setaffinity(0, {cpus[0]})
        yield pool_layer(pool.map, thread_turn, len(cpus))


@contextmanager
def process_pool(cpus: Sequence[int]) -> Iterator[Layer]:
    """A task for each process of Python's ProcessPoolExecutor."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # There is one thread here, so that a fork is safe, and nothing else starts as fast.
    fork = get_context("fork")
    free = fork.SimpleQueue()
    for cpu in cpus:
        free.put(cpu)
    with ProcessPoolExecutor(len(cpus), fork, pin_process, (free,)) as pool:
        list(pool.map(time.sleep, [0.01] * len(cpus)))
        os.sched_setaffinity(0, {cpus[0]})
        yield pool_layer(pool.map, process_turn, len(cpus))


def pin_process(free: Any) -> None:
    """Pin this process to a CPU that none of the others has taken."""
    os.sched_setaffinity(0, {free.get()})


def spread_out(run: Callable[[int], Made], before: set[int], cpus: Sequence[int]) -> None:
    """Pin the threads that have begun since *before* to a CPU each, when the loops have begun them.

    A library begins as many as there are CPUs, or one less and uses the one that runs the loops.
    """
    end = time.monotonic() + WATCH_S
    while len(begun := sorted(task_ids() - before)) < len(cpus) - 1 and time.monotonic() < end:
        run(1)
    for thread, cpu in zip(begun, cpus[len(cpus) - len(begun) :], strict=False):
        os.sched_setaffinity(thread, {cpu})
    os.sched_setaffinity(0, {cpus[0]})


def task_ids() -> set[int]:
    """Return the threads of this process."""
    return {int(number) for number in os.listdir("/proc/self/task")}


def pool_layer(
    spread: Callable[..., Iterator[int]], turn: Callable[[int], int], threads: int
) -> Layer:
    seen: set[int] = set()

    def run(n: int) -> Made:
        made = [0] * threads
        for _ in range(n):
            for i, worker in enumerate(spread(turn, range(threads))):
                made[i] += 1
                seen.add(worker)
        return Made(made, sum(made))  # The caller only waits.

    return Layer(run, lambda: seen)


def thread_turn(_: int) -> int:
    """Return which thread this is."""
    return threading.get_ident()


def process_turn(_: int) -> int:
    """Return which process this is."""
    return os.getpid()


def worked_s() -> dict[int, float]:
    """Return the seconds that each thread of this process has run on a processor."""
    found = {}
    for thread in task_ids():
        with open(f"/proc/self/task/{thread}/schedstat", encoding="ascii") as file:
            found[thread] = int(file.read().split()[0]) * 1e-9
    return found


LAYERS: dict[str, Callable[[Sequence[int]], AbstractContextManager[Layer]]] = {
    "numba_omp": numba_layer,
    "numba_workqueue": numba_layer,
    "numba_tbb": numba_layer,
    "torch": torch_layer,
    "thread_pool": thread_pool,
    "process_pool": process_pool,
}


def all_workers(layer: Layer, threads: int) -> int:
    """Return how many threads or processes take part, in loops that are run for some time."""
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end and len(layer.workers()) < threads:
        layer.run(1)
    return len(layer.workers())


def main(name: str, cpus: Sequence[int]) -> None:
    """Answer every line with one of JSON; first, whether the layer is there."""
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**values: object) -> None:
        print(json.dumps(values), file=answers, flush=True)

    try:
        with LAYERS[name](cpus) as layer:
            layer.run(1)
            answer(lacking="")
            for line in sys.stdin:
                if line.strip() == "who":
                    answer(workers=all_workers(layer, len(cpus)))
                    continue
                begin = time.perf_counter()
                made = layer.run(int(line))
                answer(seconds=time.perf_counter() - begin, turns=made.turns, lent=made.lent)
    except (Lacking, ImportError) as error:
        answer(lacking=str(error))
    os._exit(0)  # Pools are closed; taking the libraries apart would cost 0.1 to 0.3 s.


if __name__ == "__main__":
    main(sys.argv[1], [int(cpu) for cpu in sys.argv[2:]])
