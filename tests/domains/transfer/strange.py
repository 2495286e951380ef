"""Devices with faults of other kinds: of a direction, of a place in the batch, of a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hwperf.devices import Device, Enqueue
from hwperf.devices.simulated import Settings, Simulated
from hwperf.devices.simulated.timeline import Timeline

TOLD = Settings(latency=1e-6, launch=1e-6)

Copy = tuple[Any, Any, Any]


class Strange(Simulated):
    """A healthy device; others say what they do otherwise."""

    def __init__(self, index: int = 0, timeline: Timeline | None = None) -> None:
        super().__init__(index, TOLD, timeline)
        if index == 0:
            peer = type(self)(1, self.timeline)
            self.join([self, peer])
            peer.join([self, peer])


class Counting(Strange):
    """Knows which copy it is: since the start, and since the device was waited for."""

    n_copies = n_in_batch = 0

    def copy(self, destination: Any, source: Any, stream: Any = None) -> None:
        self.n_copies += 1
        self.n_in_batch += 1
        if not self.spoils(destination, source):
            super().copy(destination, source, stream)

    def sync(self, stream: Any = None) -> None:
        super().sync(stream)
        self.n_in_batch = 0

    def spoils(self, destination: Any, source: Any) -> bool:
        """Return whether the copy is lost."""
        return False


class LosesOne(Counting):
    """Loses one of the middle of each batch."""

    def spoils(self, destination: Any, source: Any) -> bool:
        return self.n_in_batch == 3


class LosesAfter(Counting):
    """Loses every copy from some time on."""

    after = 12

    def spoils(self, destination: Any, source: Any) -> bool:
        return self.n_copies > self.after


class LosesTheLast(Strange):
    """Loses the last copy before the device is waited for, of several."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.held: list[Copy] = []

    def copy(self, destination: Any, source: Any, stream: Any = None) -> None:
        self.held.append((destination, source, stream))

    def flush(self) -> None:
        """Put into the stream what was held."""
        held, self.held = self.held, []
        for each in held:
            super().copy(*each)

    def mark(self, stream: Any = None) -> Any:
        if len(self.held) > 1:
            self.held.pop()
        self.flush()
        return super().mark(stream)

    def sync(self, stream: Any = None) -> None:
        self.flush()
        super().sync(stream)

    def checksum(self, buffer: Any) -> tuple[int, int]:
        self.flush()
        return super().checksum(buffer)

    def fill(self, buffer: Any, value: int, stream: Any = None) -> None:
        self.flush()
        super().fill(buffer, value, stream)


class Spoils(Strange):
    """Flips a bit in the middle of what goes in one direction."""

    to_device = True

    def _move(self, destination: Any, source: Any, crosses: bool) -> None:
        super()._move(destination, source, crosses)
        if crosses and destination.is_on_device == self.to_device and destination.nbytes:
            destination.array[destination.nbytes // 2] ^= 0x10


class SpoilsToDevice(Spoils):
    """Of what goes to the device."""


class SpoilsToHost(Spoils):
    """Of what comes from it."""

    to_device = False


class SpoilsWithin(Strange):
    """Flips a bit of copies that no host sees."""

    def _move(self, destination: Any, source: Any, crosses: bool) -> None:
        super()._move(destination, source, crosses)
        if not crosses:
            destination.array[destination.nbytes // 2] ^= 0x10


class SumsLie(LosesOne):
    """Forms each sum once and tells it for ever."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sums: dict[int, tuple[int, int]] = {}

    def checksum(self, buffer: Any) -> tuple[int, int]:
        return self.sums.setdefault(buffer.nbytes, super().checksum(buffer))


class KernelOnce(Strange):
    """Of a batch of kernels only the first does anything, or takes any time."""

    n_launched = 0
    works = 1

    def sync(self, stream: Any = None) -> None:
        super().sync(stream)
        self.n_launched = 0

    def kernel(self, name: str, buffers: Sequence[Any], **params: Any) -> Enqueue:
        enqueue = super().kernel(name, buffers, **params)

        def put(stream: Any = None) -> None:
            self.n_launched += 1
            if self.does(self.n_launched):
                enqueue(stream)

        return put

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        def replay(stream: Any = None) -> None:
            for each in enqueues:
                each(stream)

        return replay

    def does(self, n: int) -> bool:
        """Return whether the n-th launch of a batch does anything."""
        return n <= self.works


class KernelNotTheSecond(KernelOnce):
    """Of a batch of kernels the second does nothing."""

    def does(self, n: int) -> bool:
        return n != 2


class KernelFirstOfAll(KernelOnce):
    """A kernel works the first twenty times, and never again."""

    works = 20

    def sync(self, stream: Any = None) -> None:
        Simulated.sync(self, stream)


class NoEvents(Strange):
    """A device that marks nothing."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.capabilities = self.capabilities - {"events"}


class SyncReturnsEarly(NoEvents):
    """Waits only where a sum is asked for, and has no events that would say so."""

    def sync(self, stream: Any = None) -> None:
        self.timeline.now += self.told.sync


class SyncReturnsEarlyWithEvents(Strange):
    """The same, with events."""

    def sync(self, stream: Any = None) -> None:
        self.timeline.now += self.told.sync


class SyncReturnsEarlyOnce(Strange):
    """Does not wait at one time in the middle."""

    n = 0

    def sync(self, stream: Any = None) -> None:
        self.n += 1
        if self.n == 25:
            self.timeline.now += self.told.sync
        else:
            super().sync(stream)


class MarksTooEarly(Strange):
    """Marks tell when they were put into the stream, not when it came to them."""

    def mark(self, stream: Any = None) -> float:
        return self.timeline.now


class MarksBackwards(Strange):
    """The second mark comes before the first."""

    def elapsed(self, first: float, second: float) -> float:
        return first - second


class MarksNothing(Strange):
    """What it tells between two marks is no number."""

    says: Any = float("nan")

    def elapsed(self, first: float, second: float) -> float:
        return self.says  # type: ignore[no-any-return]


class MarksNone(MarksNothing):
    """Nor a number of any kind."""

    says = None


class ClockStandsStill(Strange):
    """The host's clock does not go."""

    def clock(self) -> float:
        return 1.0


class FillsNothing(LosesAfter):
    """Writes over nothing, so that copies which are lost would leave what was right before."""

    def fill(self, buffer: Any, value: int, stream: Any = None) -> None:
        super().fill(buffer.part(0, 0), value, stream)


class UsesPageableMemory(Strange):
    """Takes the host's memory, pinned or not, in place of a copy."""

    def copy(self, destination: Any, source: Any, stream: Any = None) -> None:
        if destination.is_on_device != source.is_on_device:
            self._alias(destination, source)
        else:
            super().copy(destination, source, stream)


def pair(other: type[Strange]) -> Device:
    """Return a healthy device whose peer is of a strange kind."""
    first = Strange()
    first.join([first, other(1, first.timeline)])
    return first


class WrongAtTimes(Strange):
    """What its kernels compute is wrong in some runs, counted by what was written over before."""

    n_fills = 0
    wrong: frozenset[int] = frozenset()

    def fill(self, buffer: Any, value: int, stream: Any = None) -> None:
        self.n_fills += 1
        super().fill(buffer, value, stream)

    def kernel(self, name: str, buffers: Sequence[Any], **params: Any) -> Enqueue:
        enqueue = super().kernel(name, buffers, **params)

        def spoil() -> None:
            buffers[0].array[1] ^= 0x40

        def put(stream: Any = None) -> None:
            enqueue(stream)
            if self.n_fills in self.wrong:
                self.timeline.put(stream, "compute 0", 0.0, spoil)

        return put


class WrongAtFirst(WrongAtTimes):
    """In the first three runs of all."""

    wrong = frozenset({2, 3, 4})


class WrongInTheMiddle(WrongAtTimes):
    """In the third run alone."""

    wrong = frozenset({4})
