"""Feeding a training: samples from the device, in random order, as loaders read them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.checks import require_equal
from hwperf.domains.storage import answer, dataset
from hwperf.domains.storage.bounds import operations
from hwperf.domains.storage.dataset import Bytes, Dataset
from hwperf.domains.storage.engines import ours_alone
from hwperf.domains.storage.failure import failed
from hwperf.domains.storage.formats import lacking_library
from hwperf.domains.storage.loaders import Loader, loading
from hwperf.domains.storage.proof import DEVICE, Proof
from hwperf.domains.storage.terms import WAITING
from hwperf.domains.storage.watch import Happened, Watch
from hwperf.domains.storage.wear import is_ample
from hwperf.scratch import lacking
from hwperf.work import Timing

__all__ = ["feed"]

ACCELERATOR_RATE = 400 / 0.224
"""Samples per second that an H100 takes when it trains ResNet-50: 1,786. MLPerf Storage,
configs/dlio/workload/resnet50_h100.yaml: batch_size 400, computation_time 0.224 (s)."""

# The first one, and two samples, or one where processes must be started and ended, too: reading
# wears nothing, but 16 points take their time.
_MOST_EPOCHS = {"numpy": 3, "torch": 2}
_MOST_EPOCHS_AMPLE = 12


@workload(
    "storage.feed",
    params={"layout": ["files", "shard"], "loader": ["numpy", "torch"], "workers": [0, 1, 2, 4]},
    metric="rate",
    limit=lambda: operations(dataset.SAMPLE_BYTES),
    requires=[lambda loader: lacking_library(loader), lacking, ours_alone],
    answers="How many training samples per second does the disk deliver, and do workers help?",
    source="MLPerf Storage v1, workload resnet50 (DLIO); PyTorch, torch.utils.data.DataLoader",
)
def feed(layout: str, loader: str, workers: int) -> Iterator[Work]:
    """Samples per second of one epoch: each sample read once, in random order, in batches of 32.

    Counts samples of 114,660 bytes, and their bytes beside them, of which the page cache holds
    nothing before. *layout* "files": one for each sample; "shard": all in one file, one behind the
    other. *loader* "numpy" reads with a pool of threads, "torch" with a DataLoader and its
    processes; *workers* 0: the calling thread alone. The batches are copied once more by who asks
    for them, as to an accelerator.
    """
    with ExitStack() as stack:
        session = answer.session()
        samples = stack.enter_context(dataset.opened(session, layout))
        loads = stack.enter_context(
            loading(loader, _reading(samples), workers, dataset.SAMPLE_BYTES)
        )
        watch = stack.enter_context(Watch(session.directory))
        epochs = _Epochs(samples, loads, watch, Proof(DEVICE, session.directory))
        epochs.measure_in_memory()
        yield Work(
            epochs.run,
            clock="wall clock around an epoch",
            derive=epochs.figures,
            own_causes=WAITING,
            most_calls=_MOST_EPOCHS_AMPLE if is_ample(session) else _MOST_EPOCHS[loader],
            ops=len(samples.samples),
            bytes=samples.samples.nbytes,
        )
        epochs.check()


class _Epochs:
    """Epochs of one loader.

    Attributes:
        order: in which the samples were asked for in the last one.
        labels: what the loader said they are.
        arrived: the samples, as they came.
        memory_rate: samples per second of the same loader without any I/O.
    """

    def __init__(self, samples: Dataset, loads: Loader, watch: Watch, proof: Proof) -> None:
        self.samples, self.loads, self.watch, self.proof = samples, loads, watch, proof
        n = len(samples.samples)
        self.order = np.arange(n)
        self.labels = np.full(n, -1)
        self.arrived: Bytes = np.zeros_like(samples.samples)
        self.memory_rate = 0.0
        self._random = np.random.default_rng()

    def run(self) -> Timing:
        """Load an epoch from the device."""
        self.order = self._random.permutation(len(self.order))
        self.labels[:], self.arrived[:] = -1, 0
        try:
            self.samples.forget()
            before = _read_bytes(self.loads.process_ids)
            self.watch.begin()
            seconds = self._load(self.order.tolist())
            happened = self.watch.end()
        except OSError as error:
            raise failed("reading a sample", error.errno or 0) from error
        happened = _with_workers(happened, before, _read_bytes(self.loads.process_ids))
        self.proof.count(happened, self.arrived.nbytes, 0)
        return Timing(seconds)

    def measure_in_memory(self) -> None:
        """Load epochs that lie in memory: what the loader itself can do, at its best."""
        n = len(self.order)
        order = (n + self._random.permutation(n)).tolist()
        self.memory_rate = max(n / self._load(order) for _ in range(2))
        self.labels[:], self.arrived[:] = -1, 0

    def figures(self, seen: Seen) -> dict[str, Figure]:
        rate = 1 / seen.cost_s
        return {
            "feed_efficiency": Figure(rate / self.memory_rate),
            "accelerators_fed": Figure(rate / ACCELERATOR_RATE, "H100s that train ResNet-50"),
        } | self.proof.figures()

    def check(self) -> None:
        """See that each sample came once, in the order asked for, and was right."""
        if not np.array_equal(np.sort(self.labels), np.arange(len(self.labels))):
            raise CheckFailed("not every sample arrived, or one did more than once")
        require_equal(self.labels, self.order)
        wrong = np.flatnonzero((self.arrived != self.samples.samples[self.labels]).any(axis=1))
        if wrong.size:
            raise CheckFailed(
                f"{wrong.size} of {len(self.labels)} samples are not what was written, the first "
                f"is sample {self.labels[wrong[0]]}"
            )
        self.proof.check()

    def _load(self, order: Sequence[int]) -> float:
        begin, n = time.perf_counter(), 0
        for batch, labels in self.loads.epoch(order):
            self.arrived[n : n + len(batch)] = batch
            self.labels[n : n + len(batch)] = labels
            n += len(batch)
        return time.perf_counter() - begin


def _reading(samples: Dataset):  # type: ignore[no-untyped-def]
    """Return what reads a sample: those beyond the last are the same ones, in memory."""
    n = len(samples.samples)

    def read(index: int) -> Bytes:
        return samples.read(index) if index < n else samples.samples[index - n]

    return read


def _read_bytes(process_ids: Sequence[int]) -> int | None:
    """Return the bytes that processes made the storage layer fetch, or None if it is not told."""
    total = 0
    for each in process_ids:
        try:
            with open(f"/proc/{each}/io", encoding="ascii") as file:
                told = dict(line.split(": ", 1) for line in file if ": " in line)
            total += int(told["read_bytes"])
        except (OSError, KeyError, ValueError):
            return None
    return total


def _with_workers(happened: Happened, before: int | None, after: int | None) -> Happened:
    """Return what happened with what the workers read, which the system counts apart."""
    if happened.read_bytes is None or before is None or after is None:
        return replace(happened, read_bytes=None)
    return replace(happened, read_bytes=happened.read_bytes + after - before)
