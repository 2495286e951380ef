"""A kernel on the device, its result seen whole. This module runs it in batches and keeps its sums.

What it writes is poisoned before each batch, and summed by the device after it. In the end all of
it is read back, summed by the host, and compared with what is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, Seen
from hwperf.checks import Words, require_equal
from hwperf.devices import Device, DeviceBuffer, Enqueue
from hwperf.devices.checksum import checksum
from hwperf.devices.protocol import Bytes
from hwperf.domains.transfer.session import named
from hwperf.domains.transfer.terms import BATCH_S, MOST_IN_BATCH
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.work import Timing

__all__ = ["Computed", "put"]

_POISON = 0xFF  # A NaN in each floating-point type, -1 in integers.


class Computed:
    """Batches of one kernel that writes one buffer.

    Args:
        device: the device.
        out: what it writes.
        enqueue: the kernel, ready.
        flushed: whether the device's cache is to forget the rest before each batch.
    """

    def __init__(
        self,
        device: Device,
        out: DeviceBuffer,
        enqueue: Enqueue,
        *,
        flush: DeviceBuffer | None = None,
    ) -> None:
        self.device, self.out, self.enqueue, self.flush = device, out, enqueue, flush
        self.watch = Stopwatch(device)
        self.sums: Words = np.full(2, -1, np.int64)
        enqueue(None)
        each_s = min(self.watch.time(lambda: enqueue(None)) for _ in range(3))
        # Of what is flushed the second launch would find the cache full again.
        self.n = 1 if flush else int(min(MOST_IN_BATCH, max(1, -(-BATCH_S // each_s))))

    def run(self) -> Timing:
        """Launch the kernel so often; return what all of them took."""
        self.device.fill(self.out, _POISON)
        if self.flush is not None:
            self.device.fill(self.flush, _POISON)
        timing = self.watch.timing(self._batch)
        self.sums[:] = self.device.checksum(self.out)
        return timing

    def _batch(self) -> None:
        for _ in range(self.n):
            self.enqueue(None)

    def result(self) -> Bytes:
        """Return all that the last batch wrote, in the host's memory.

        Raises:
            CheckFailed: if its sum is not the one that the device formed.
        """
        back = self.device.host(self.out.nbytes, pinned=False)
        back.array.fill(0xA5)
        self.device.copy(back, self.out)
        self.device.sync()
        if not (self.sums >= 0).all():
            raise CheckFailed("no kernel was run")
        require_equal(self.sums, np.array(checksum(back.array), np.int64))
        self.watch.check()
        return back.array

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return how it was timed, and on what."""
        return {
            "launches": Figure(self.n, "a batch"),
            **self.watch.figures(),
            **named(self.device),
        }


def put(device: Device, data: Bytes | Sequence[Any]) -> DeviceBuffer:
    """Return a buffer of the device that holds *data*, as the device itself confirms.

    Raises:
        CheckFailed: if it does not.
    """
    raw = np.ascontiguousarray(data).view(np.uint8).reshape(-1)
    host, buffer = device.host(raw.size, pinned=False), device.alloc(raw.size)
    host.array[:] = raw
    device.copy(buffer, host)
    device.sync()
    if tuple(device.checksum(buffer)) != checksum(raw):
        raise CheckFailed(f"of {raw.size} bytes that were put on the device, others arrived")
    return buffer
