"""What it costs to give the device something to do: launches, and waiting for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.devices import Device
from hwperf.devices.checksum import checksum
from hwperf.domains.transfer.batch import require_copied
from hwperf.domains.transfer.session import device_of_point, lacking, named
from hwperf.domains.transfer.terms import TERMS
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.work import Timing

__all__ = ["launch"]

_LAUNCHES = 500  # Put into the stream before it is waited for.
_WAITED = 100
_IN_GRAPH = 100


@workload(
    "transfer.launch",
    params={"how": ["queued", "waited", "graph", "wait_alone"]},
    requires=lacking,
    answers="What does each kernel cost, however small it is?",
    source="microsoft/superbenchmark, kernel-launch; NVIDIA, CUDA C++ Programming Guide, CUDA "
    "graphs; RRZE gpu-benches, gpu-small-kernels",
)
def launch(how: str) -> Iterator[Work]:
    """Latency of launching a kernel that adds 1 to a number.

    Counts launches (of "wait_alone" waits). *how* "queued": 500 in a row, then a wait, the time
    over 500; "waited": the host waits for each; "graph": a recording of 100 replayed; "wait_alone":
    waiting for a device that has nothing to do. Each launch is counted by the device itself.
    """
    with device_of_point() as device:
        launches = _Launches(device, how)
        yield Work(
            launches.run,
            clock="the host's clock, until all is done",
            derive=launches.figures,
            ops=launches.n,
            **TERMS,
        )
        launches.check()


class _Launches:
    """Launches of one kind, counted."""

    def __init__(self, device: Device, how: str) -> None:
        self.device, self.how = device, how
        self.counter, self.zero = device.alloc(4), device.host(4, pinned=False)
        self.back = device.host(4, pinned=False)
        self.zero.array[:] = 0
        self.count = device.kernel("count", [self.counter])
        self.watch = Stopwatch(device, by_events=False)
        self.counted = np.full(1, -1, np.int64)
        self.n, self.launched, self.enqueue = self._prepared()

    def _prepared(self) -> tuple[int, int, Callable[[], None]]:
        count, sync = self.count, self.device.sync
        if self.how == "queued":

            def queue() -> None:
                for _ in range(_LAUNCHES):
                    count(None)

            return _LAUNCHES, _LAUNCHES, queue
        if self.how == "waited":

            def wait_each() -> None:
                for _ in range(_WAITED - 1):
                    count(None)
                    sync()
                count(None)  # The stopwatch waits for the last.

            return _WAITED, _WAITED, wait_each
        if self.how == "wait_alone":

            def wait() -> None:
                for _ in range(_WAITED - 1):  # The stopwatch waits once more.
                    sync()

            return _WAITED, 0, wait
        if "graphs" not in self.device.capabilities:
            raise Unsupported(f"{self.device.info.id} records no graphs")
        replay = self.device.graph([count] * _IN_GRAPH)
        return _IN_GRAPH, _IN_GRAPH, lambda: replay(None)

    def run(self) -> Timing:
        self.device.copy(self.counter, self.zero)
        self.device.sync()
        timing = self.watch.timing(self.enqueue)
        self.back.array[:] = 0xFF
        self.device.copy(self.back, self.counter)
        self.device.sync()
        self.counted[0] = self.back.array.view(np.int32)[0]
        if not self.counted[0] == self.launched:
            raise CheckFailed(
                f"the device counted {self.counted[0]} launches of {self.launched} that were made"
            )
        right = np.array(checksum(np.array([self.launched], np.int32).view(np.uint8)))
        require_copied(self.device, self.counter, right, "what it counted")
        return timing

    def check(self) -> None:
        require_value(int(self.counted[0]), self.launched, "launches that the device counted")
        self.watch.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return named(self.device)
