"""A kernel on the device, its results seen whole. This module runs batches and keeps their sums.

Each launch of a batch writes to a place of its own. All places are poisoned before the batch, and
summed by the device after it. In the end all of them are read back, summed by the host, and
compared with what is right: a launch that did nothing shows, whichever it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, MiB, Seen
from hwperf.checks import Words, require_value
from hwperf.devices import Device, DeviceBuffer, Enqueue
from hwperf.devices.checksum import checksum
from hwperf.devices.protocol import Bytes
from hwperf.domains.transfer.batch import require_written_over
from hwperf.domains.transfer.session import named, require_room
from hwperf.domains.transfer.terms import BATCH_S, MOST_IN_BATCH
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.host import memory
from hwperf.work import Timing

__all__ = ["Computed", "put"]

_POISON = 0xFF  # A NaN in each floating-point type, -1 in integers.
_APART = 256
_MOST_BYTES = 128 * MiB  # Of all places of a batch,
_FEWEST = 4  # or so many of large ones: those take long enough.

Launch = Callable[[DeviceBuffer], Enqueue]
Verify = Callable[[Bytes], None]


class Computed:
    """Batches of one kernel.

    Args:
        device: the device.
        out_bytes: what a launch writes.
        launch: returns the kernel that writes to a given place.
        verify: raises ``CheckFailed`` unless what a launch wrote is right.
        is_exact: whether each run is to give the same; sums of fractions may be formed in another
            order each time, and both be right.
        flush: memory to write over before each batch, so that the device's cache forgets the rest.

    Raises:
        Unsupported: if the device has no such kernel, or there is no room.
    """

    def __init__(
        self,
        device: Device,
        out_bytes: int,
        launch: Launch,
        verify: Verify,
        *,
        is_exact: bool = True,
        flush: DeviceBuffer | None = None,
    ) -> None:
        self.device, self.verify, self.flush = device, verify, flush
        self.is_exact = is_exact
        self.watch = Stopwatch(device)
        self.sums: Words = np.full(2, -1, np.int64)
        self.seen: Counter[tuple[int, ...]] = Counter()
        self.right: set[tuple[int, ...]] = set()
        apart = -(-out_bytes // _APART) * _APART
        # Of what is flushed the second launch would find the cache full again.
        self.n = 1 if flush else self._launches(out_bytes, launch, _most(device, apart))
        require_room(device, self.n * apart, 2 * self.n * apart)
        self.out = device.alloc(self.n * apart)
        self.places = [self.out.part(i * apart, out_bytes) for i in range(self.n)]
        self.enqueues = [launch(place) for place in self.places]
        self._batch()
        device.sync()
        before = np.array(device.checksum(self.out), np.int64)
        device.fill(self.out, _POISON)
        require_written_over(device, self.out, before)

    def run(self) -> Timing:
        """Launch the kernel so often; return what all of them took.

        Raises:
            CheckFailed: if the sum of what was written is not that of the first run, and what was
                written is wrong.
        """
        self.device.fill(self.out, _POISON)
        if self.flush is not None:
            self.device.fill(self.flush, _POISON)
        timing = self.watch.timing(self._batch)
        self.sums[:] = self.device.checksum(self.out)
        sums = tuple(self.sums.tolist())
        self.seen[sums] += 1
        if len(self.seen) > 1 and sums not in self.right:
            self._verify(self._read())
            self.right.add(sums)
        return timing

    def check(self) -> None:
        """Compare all that the last batch wrote, in the host's memory, and the clocks.

        Raises:
            CheckFailed: if anything is wrong, or the device has formed other sums before.
        """
        if not (self.sums >= 0).all():
            raise CheckFailed("no kernel was run")
        everything = self._read()
        require_value(
            tuple(self.sums.tolist()), checksum(everything), "the device's sums of what it wrote"
        )
        self._verify(everything)
        self.right.add(tuple(self.sums.tolist()))
        unknown = sum(n for sums, n in self.seen.items() if sums not in self.right)
        # One run, the first, may have been another: it is no sample.
        if unknown > (0 if self.is_exact else 1):
            raise CheckFailed(f"{unknown} of {self.seen.total()} runs computed something else")
        self.watch.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return how it was timed, and on what."""
        return {
            "launches": Figure(self.n, "a batch, each to its own place"),
            **self.watch.figures(),
            **named(self.device),
        }

    @property
    def has_run(self) -> bool:
        """Whether a batch was run: what stands beside another kernel may not have been."""
        return bool((self.sums >= 0).all())

    def _batch(self) -> None:
        for enqueue in self.enqueues:
            enqueue(None)

    def _launches(self, out_bytes: int, launch: Launch, most: int) -> int:
        """Return how many launches last long enough."""
        enqueue = launch(self.device.alloc(out_bytes))
        enqueue(None)
        each_s = min(self.watch.time(lambda: enqueue(None)) for _ in range(3))
        return int(min(most, max(1, -(-BATCH_S // max(each_s, 1e-9)))))

    def _read(self) -> Bytes:
        back = self.device.host(self.out.nbytes, pinned=False)
        back.array.fill(_POISON ^ 0xA5)
        self.device.copy(back, self.out)
        self.device.sync()
        return back.array

    def _verify(self, everything: Bytes) -> None:
        """See that each launch wrote what is right; of those that wrote the same, one."""
        apart = everything.size // self.n
        known: list[Bytes] = []
        for i, place in enumerate(self.places):
            written = everything[i * apart : i * apart + place.nbytes]
            if not any(np.array_equal(written, each) for each in known):
                self.verify(written)
                known = [*known[:1], written]


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


def _most(device: Device, apart: int) -> int:
    """Return of how many places there is room, and no need for more."""
    # Half of what `require_room` allows: other things are allocated, too.
    rooms = [memory.total_bytes() // 16, (device.free_bytes() or memory.total_bytes()) // 4]
    return max(1, min(MOST_IN_BATCH, max(_FEWEST, _MOST_BYTES // apart), min(rooms) // apart))
