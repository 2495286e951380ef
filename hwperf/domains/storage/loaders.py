"""Loaders of a training: they give the samples in batches, alone or by workers.

"numpy": what is at hand without a framework, a pool of threads (``concurrent.futures``), of which
each reads and stacks one batch at a time; reading releases the interpreter's lock. "torch": a
``torch.utils.data.DataLoader``, whose workers are processes that hand over batches in shared
memory.
"""

from __future__ import annotations

import multiprocessing
import shutil
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from hwperf import CheckFailed, Unsupported
from hwperf.domains.storage.dataset import Bytes
from hwperf.units import format_bytes

__all__ = ["BATCH", "Batch", "Loader", "Read", "loading"]

Batch: TypeAlias = tuple[Any, Any]
Read: TypeAlias = Callable[[int], Bytes]

BATCH = 32
AHEAD = 2
"""Batches that each worker prepares in advance: the default of torch's DataLoader."""

TIMEOUT_S = 60.0
_SHARED = "/dev/shm"


@dataclass(frozen=True)
class Loader:
    """Ready to load.

    Attributes:
        epoch: gives the samples of an order in batches: the bytes, and the indices.
        process_ids: of the processes that read, where they are not this one.
    """

    epoch: Callable[[Sequence[int]], Iterator[Batch]]
    process_ids: tuple[int, ...] = ()


@contextmanager
def loading(name: str, read: Read, workers: int, sample_bytes: int) -> Iterator[Loader]:
    """Give the loader *name* with its workers started; end them at the end, whatever happens.

    Args:
        name: "numpy" or "torch".
        read: gives one sample.
        workers: 0 for the calling thread alone.
        sample_bytes: of one sample.
    """
    make = _numpy if name == "numpy" else _torch
    with make(read, workers, sample_bytes) as loader:
        yield loader


@contextmanager
def _numpy(read: Read, workers: int, sample_bytes: int) -> Iterator[Loader]:
    def load(indices: Sequence[int]) -> Batch:
        return np.stack([read(index) for index in indices]), np.array(indices)

    if not workers:
        yield Loader(lambda order: map(load, _batches(order)))
        return
    with ThreadPoolExecutor(workers) as pool:
        start = threading.Barrier(workers)
        for each in [pool.submit(start.wait, TIMEOUT_S) for _ in range(workers)]:
            each.result()

        def epoch(order: Sequence[int]) -> Iterator[Batch]:
            waiting: deque[Future[Batch]] = deque()
            try:
                for indices in _batches(order):
                    waiting.append(pool.submit(load, indices))
                    if len(waiting) > AHEAD * workers:
                        yield waiting.popleft().result(TIMEOUT_S)
                while waiting:
                    yield waiting.popleft().result(TIMEOUT_S)
            except TimeoutError as error:
                raise CheckFailed(f"a batch did not come within {TIMEOUT_S:.0f} s") from error
            finally:
                for future in waiting:
                    future.cancel()

        yield Loader(epoch)


def _batches(order: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(order), BATCH):
        yield order[first : first + BATCH]


@contextmanager
def _torch(read: Read, workers: int, sample_bytes: int) -> Iterator[Loader]:
    import torch
    from torch.utils.data import DataLoader

    _require_shared((AHEAD * workers + 2) * BATCH * sample_bytes if workers else 0)
    order: list[int] = []
    before = set(multiprocessing.active_children())
    n_threads = torch.get_num_threads()
    # Workers stack batches on one thread each, so the calling thread must, too. With two threads on
    # two CPUs, 0 workers load half to a tenth as fast: it seems that they spin between two batches.
    torch.set_num_threads(1)
    loader: Any = None
    try:
        with warnings.catch_warnings():
            # Of more workers than CPUs, and of forking with threads: what is measured here.
            warnings.simplefilter("ignore")
            loader = DataLoader(
                _Samples(read),
                batch_size=BATCH,
                sampler=order,
                num_workers=workers,
                persistent_workers=workers > 0,
                timeout=TIMEOUT_S if workers else 0,
                multiprocessing_context="fork" if workers else None,
                generator=torch.Generator(),
            )

            def epoch(wanted: Sequence[int]) -> Iterator[Batch]:
                order[:] = wanted
                return iter(loader)

            if workers:
                epoch([])  # Starts them.
        started = set(multiprocessing.active_children()) - before
        yield Loader(epoch, tuple(process.pid or 0 for process in started))
    finally:
        torch.set_num_threads(n_threads)
        # An iterator ends its workers when nothing refers to it any more, which a traceback may
        # put off; this is the call that it makes then.
        shut_down = getattr(getattr(loader, "_iterator", None), "_shutdown_workers", None)
        if shut_down is not None:
            shut_down()
        _end(set(multiprocessing.active_children()) - before)


class _Samples:
    """What torch calls a dataset; by index, so that an order can hold any."""

    def __init__(self, read: Read) -> None:
        self.read = read

    def __getitem__(self, index: int) -> Batch:
        import torch

        # A copy, as torch does not take memory that may not be written to.
        return torch.from_numpy(self.read(index).copy()), index


def _end(processes: set[Any]) -> None:
    """End worker processes that are left: none may hold the session's files after the point."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(1.0)
        if process.is_alive():
            process.kill()
            process.join()


def _require_shared(nbytes: int) -> None:
    """See that batches under way fit into shared memory: a worker would be killed otherwise."""
    try:
        free = shutil.disk_usage(_SHARED).free
    except OSError:
        return
    if nbytes > free:
        raise Unsupported(
            f"the workers' batches need {format_bytes(nbytes)} of shared memory, and {_SHARED} has "
            f"{format_bytes(free)} free. In a container, raise --shm-size"
        )
