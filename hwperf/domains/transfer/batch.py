"""Many copies in a row. This module makes a batch of them, each to a place of its own.

Each copy of a batch has its own data and its own destination, which is poisoned before the batch
and compared after it: a copy that was not made, or not whole, shows, whichever it was.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, MiB, Seen, Unsupported
from hwperf.checks import Words, require_equal
from hwperf.devices import Device, HostBuffer
from hwperf.devices.checksum import checksum
from hwperf.domains.transfer import payload
from hwperf.domains.transfer.session import named, require_room
from hwperf.domains.transfer.terms import BATCH_S, MOST_IN_BATCH
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.work import Timing

__all__ = [
    "TO_DEVICE",
    "TO_HOST",
    "Batch",
    "copies_for",
    "require_copied",
    "require_no_alias",
    "require_written_over",
]

TO_DEVICE, TO_HOST = "host_to_device", "device_to_host"

_APART = 256  # Bytes from one place to the next at least: what devices align to.
_MOST_BYTES = 64 * MiB  # Of all places of a batch; a larger copy is a batch by itself.
_WHOLE_BYTES = 16 * MiB  # Up to so many the host compares all bytes after each batch.
_STAMP = 64  # Bytes at either end of a place that are compared after each batch of more.
_TRIALS = 8


class Batch:
    """A batch of copies between host and device, in one direction.

    Args:
        device: the device.
        direction: `TO_DEVICE` or `TO_HOST`.
        nbytes: of each copy.
        is_pinned: whether the host's memory is page-locked.
        n_copies: copies of a batch; by default as many as last long enough.

    Raises:
        Unsupported: if the device lacks pinned memory or copies nothing, or there is no room.
        CheckFailed: if what it is to copy from does not hold the data.
    """

    def __init__(
        self,
        device: Device,
        direction: str,
        nbytes: int,
        *,
        is_pinned: bool,
        n_copies: int | None = None,
    ) -> None:
        self.device, self.direction, self.nbytes = device, direction, nbytes
        require_no_alias(device, is_pinned=is_pinned)
        self.n = n_copies or copies_for(device, direction, nbytes, is_pinned)
        apart = max(_APART, -(-nbytes // _APART) * _APART)
        total = self.n * apart if self.n > 1 else nbytes
        require_room(device, total, (3 if direction == TO_HOST else 2) * total)
        self.host = device.host(total, pinned=is_pinned)
        self.on_device = device.alloc(total)
        # By events, what the host does for pageable memory before the device begins is left out.
        self.watch = Stopwatch(device, by_events=is_pinned)
        self.data = self.host if direction == TO_DEVICE else device.host(total, pinned=False)
        payload.slots(self.data, self.n, nbytes)
        self.expected = np.array(checksum(self.data.array), np.int64)
        self.sums: Words = np.full(2, -1, np.int64)
        parts = [(i * apart, nbytes) for i in range(self.n)]
        here = [self.host.part(*part) for part in parts]
        there = [self.on_device.part(*part) for part in parts]
        self.copies: list[tuple[Any, Any]] = list(
            zip(there, here, strict=True)
            if direction == TO_DEVICE
            else zip(here, there, strict=True)
        )
        device.copy(self.on_device, self.data)
        device.sync()
        require_copied(device, self.on_device, self.expected, "what is to be copied")
        if direction == TO_DEVICE:
            self.poison()
            require_written_over(device, self.on_device, self.expected)

    @property
    def has_run(self) -> bool:
        """Whether a batch was copied: what stands beside another kernel may not have been."""
        return bool((self.sums >= 0).all())

    @property
    def moved(self) -> int:
        """Bytes that a batch copies."""
        return self.n * self.nbytes

    def enqueue(self, stream: Any = None) -> None:
        """Put all copies of a batch into the stream."""
        copy = self.device.copy
        for destination, source in self.copies:
            copy(destination, source, stream)

    def poison(self) -> None:
        """Write over what the batch is to write."""
        if self.direction == TO_DEVICE:
            self.device.fill(self.on_device, payload.POISON)
        else:
            self.host.array.fill(payload.POISON)
        self.device.sync()

    def run(self) -> Timing:
        """Make a batch of copies, and see that each arrived.

        Raises:
            CheckFailed: if one did not.
        """
        self.poison()
        timing = self.watch.timing(self.enqueue)
        self.look()
        return timing

    def look(self) -> None:
        """Compare what has arrived by now: the device's own sum of it, or the bytes at the host.

        Raises:
            CheckFailed: if it is not what was sent.
        """
        if self.direction == TO_DEVICE:
            require_copied(self.device, self.on_device, self.expected, "what arrived")
            self.sums[:] = self.expected
            return
        if self.host.nbytes <= _WHOLE_BYTES:
            payload.require_same(self.host.array, self.data.array, "what arrived")
        else:
            for destination, _ in self.copies:
                self._require_ends(destination)
        self.sums[:] = checksum(self.host.array)

    def check(self) -> None:
        """Compare every byte of the last batch with what was sent, and the clocks with each other.

        Raises:
            CheckFailed: if anything differs.
        """
        require_equal(self.sums, self.expected)
        if self.direction == TO_DEVICE:
            back = self.device.host(self.on_device.nbytes, pinned=False)
            back.array.fill(payload.POISON ^ 0xFF)
            self.device.copy(back, self.on_device)
            self.device.sync()
            payload.require_same(back.array, self.data.array, "what is on the device")
        else:
            payload.require_same(self.host.array, self.data.array, "what arrived")
        self.watch.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return the time of one copy, and how it was taken."""
        return {
            "per_copy": Figure(seen.cost_s * self.nbytes, "s"),
            "copies": Figure(self.n, "a batch, each to its own place"),
            **self.watch.figures(),
            **named(self.device),
        }

    def _require_ends(self, destination: HostBuffer) -> None:
        """Compare the two ends of a large copy and a word of each page; all of it comes later."""
        place = destination.array.ctypes.data - self.host.array.ctypes.data
        is_, should = destination.array, self.data.array[place : place + self.nbytes]
        for part in (slice(0, _STAMP), slice(-_STAMP, None), slice(0, None, 4096)):
            payload.require_same(is_[part], should[part], "what arrived")


def copies_for(device: Device, direction: str, nbytes: int, is_pinned: bool) -> int:
    """Return how many copies of *nbytes* make a batch that lasts long enough."""
    fit = _MOST_BYTES // max(nbytes, _APART)
    if fit < 2:
        return 1
    require_room(device, nbytes, nbytes)
    host, on_device = device.host(nbytes, pinned=is_pinned), device.alloc(nbytes)
    ends = (on_device, host) if direction == TO_DEVICE else (host, on_device)
    times = []
    for _ in range(_TRIALS):
        device.sync()
        begin = device.clock()
        for _ in range(_TRIALS):
            device.copy(*ends)
        device.sync()
        times.append((device.clock() - begin) / _TRIALS)
    each_s = max(statistics.median(times[1:]), 1e-9)
    return int(max(1, min(fit, MOST_IN_BATCH, np.ceil(BATCH_S / each_s))))


def require_copied(device: Device, buffer: Any, expected: Words, what: str) -> None:
    """See that the device itself finds the data in its memory.

    Raises:
        CheckFailed: if its sum is another one.
    """
    sums = tuple(device.checksum(buffer))
    if sums != tuple(int(each) for each in expected):
        raise CheckFailed(
            f"{what}: the device's sum over {buffer.nbytes} bytes is {sums} (is) != "
            f"{tuple(int(each) for each in expected)} (should)"
        )


def require_written_over(device: Device, buffer: Any, before: Words) -> None:
    """See that what the device had in its memory is there no longer.

    A copy that is not made shows only where the place of it was written over before.

    Raises:
        CheckFailed: if its sum is the one from before.
    """
    if tuple(device.checksum(buffer)) == tuple(int(each) for each in before):
        raise CheckFailed(
            f"the device does not fill its memory: {buffer.nbytes} bytes are what they were before"
        )


def require_no_alias(device: Device, *, is_pinned: bool) -> None:
    """See that a copy between host and device copies.

    Raises:
        Unsupported: if the device goes on to use the host's memory in place of a copy.
    """
    host, buffer = device.host(_APART, pinned=is_pinned), device.alloc(_APART)
    host.array[:] = 1
    device.copy(buffer, host)
    device.sync()
    before = tuple(device.checksum(buffer))
    host.array[:] = 2
    after = tuple(device.checksum(buffer))
    if before != after:
        memory = "pinned" if is_pinned else "host's"
        raise Unsupported(
            f"zero-copy: the device uses the {memory} memory itself, so nothing is transferred"
        )
