"""Copies that no host sees: within a device's memory, and from one device to another."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, Figure, GiB, MiB, Seen, Unsupported, Work, workload
from hwperf.checks import Words, require_equal
from hwperf.devices import Device
from hwperf.devices.checksum import checksum
from hwperf.domains.transfer import bounds, payload
from hwperf.domains.transfer.batch import require_copied, require_written_over
from hwperf.domains.transfer.session import (
    beyond_cache,
    device_of_point,
    lacking,
    named,
    require_room,
)
from hwperf.domains.transfer.terms import BATCH_S, MOST_IN_BATCH, TERMS
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.units import format_bytes
from hwperf.work import Timing

__all__ = ["device_to_device", "peer"]

_BEYOND = "beyond_cache"
_PEER_BYTES = 64 * MiB
_FEWEST = 2  # Copies of a batch,
_MOST_BYTES = GiB  # and bytes of all its places.
_TRIALS = 3


@workload(
    "transfer.device_to_device",
    params={"size": ["16MiB", "256MiB", _BEYOND]},
    # What the cache holds is not bounded by the memory.
    limit=lambda size: bounds.memory() if size == _BEYOND else None,
    requires=lacking,
    answers="How fast does the device move what is in its own memory?",
    source="NVIDIA nvbandwidth, device_local_copy; BabelStream, copy",
)
def device_to_device(size: str) -> Iterator[Work]:
    """Bandwidth of a copy from one place of the device's memory to another.

    Counts each byte twice, read and written. *size*: bytes of the copy; "beyond_cache": four times
    the device's last-level cache, at least 64 MiB. A smaller one may stay in that cache.
    """
    with device_of_point() as device:
        nbytes = beyond_cache(device) if size == _BEYOND else int(size.removesuffix("MiB")) * MiB
        inside = _Inside(device, nbytes)
        yield Work(
            inside.run,
            clock=inside.watch.clock,
            derive=inside.figures,
            bytes=2 * nbytes * inside.n,
            **TERMS,
        )
        inside.check()


class _Inside:
    """Copies of the same bytes, each to a place of its own."""

    def __init__(self, device: Device, nbytes: int) -> None:
        require_room(device, (1 + _FEWEST) * nbytes, 2 * nbytes)
        self.device, self.nbytes = device, nbytes
        self.watch = Stopwatch(device)
        self.data = device.host(nbytes, pinned=False)
        payload.fill(self.data.array)
        self.expected = np.array(checksum(self.data.array), np.int64)
        self.source = device.alloc(nbytes)
        device.copy(self.source, self.data)
        device.sync()
        require_copied(device, self.source, self.expected, "what is to be copied")
        device.fill(self.source, payload.POISON)
        require_written_over(device, self.source, self.expected)
        device.copy(self.source, self.data)
        device.sync()
        require_copied(device, self.source, self.expected, "what is to be copied")
        place = device.alloc(nbytes)
        each_s = min(
            self.watch.time(lambda: device.copy(place, self.source)) for _ in range(_TRIALS)
        )
        wanted = max(_FEWEST, -(-BATCH_S // max(each_s, 1e-9)))
        self.n = int(min(wanted, MOST_IN_BATCH, max(_FEWEST, _MOST_BYTES // nbytes)))
        require_room(device, (self.n - 1) * nbytes)
        self.places = [place, *(device.alloc(nbytes) for _ in range(self.n - 1))]
        self.sums: Words = np.full((self.n, 2), -1, np.int64)

    def run(self) -> Timing:
        for place in self.places:
            self.device.fill(place, payload.POISON)
        timing = self.watch.timing(self._enqueue)
        for i, place in enumerate(self.places):
            self.sums[i] = self.device.checksum(place)
        if not (self.sums == self.expected).all():
            n_wrong = int((self.sums != self.expected).any(axis=1).sum())
            raise CheckFailed(
                f"of {self.n} copies {n_wrong} have sums other than {self.expected.tolist()}"
            )
        return timing

    def _enqueue(self) -> None:
        for place in self.places:
            self.device.copy(place, self.source)

    def check(self) -> None:
        require_equal(self.sums.reshape(-1), np.tile(self.expected, self.n))
        back = self.device.host(self.nbytes, pinned=False)
        for place in self.places:
            back.array.fill(payload.POISON ^ 0xFF)
            self.device.copy(back, place)
            self.device.sync()
            payload.require_same(back.array, self.data.array, "what arrived")
        self.watch.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return {
            "copied": Figure(format_bytes(self.nbytes)),
            "copies": Figure(self.n, "a batch, each to its own place"),
            **self.watch.figures(),
            **named(self.device),
        }


@workload(
    "transfer.peer",
    params={"ways": ["one", "both"]},
    limit=bounds.peer_link,
    requires=lacking,
    answers="How fast do two devices exchange data, and is one of the links slow?",
    source="CUDA samples, p2pBandwidthLatencyTest; NVIDIA nvbandwidth, "
    "device_to_device_memcpy_write_ce and device_to_device_bidirectional_memcpy_write_ce",
)
def peer(ways: str) -> Iterator[Work]:
    """Bandwidth of 64 MiB from one device to another: of the slowest pair.

    Counts the bytes once, of one direction also when both are at work. Each pair of the chosen
    device and another is tried; all their bandwidths are kept, and the latency of 4 bytes.
    """
    with device_of_point() as device:
        others = list(device.peer())
        if not others:
            raise Unsupported(
                f"{device.info.id} has no other device that it can copy to; it takes two"
            )
        try:
            pairs = [_Pair(device, other, ways == "both") for other in others]
            latency_s = max(pair.latency_s() for pair in pairs)
            times: list[list[float]] = []

            def run() -> Timing:
                times.append([pair.run() for pair in pairs])
                return Timing(max(times[-1]))

            def figures(seen: Seen) -> dict[str, Figure]:
                medians = [statistics.median(column) for column in zip(*times, strict=True)]
                slowest = others[int(np.argmax(medians))].info.id
                return {
                    "slowest": Figure(f"{device.info.id} to {slowest}"),
                    "pairs": Figure([_PEER_BYTES / each for each in medians], "B/s"),
                    "latency": Figure(latency_s, "s"),
                    **named(device),
                }

            yield Work(run, clock="the host's clock", derive=figures, bytes=_PEER_BYTES, **TERMS)
            for pair in pairs:
                pair.check()
        finally:
            for other in others:
                other.close()


class _Pair:
    """Two devices that copy to each other."""

    def __init__(self, device: Device, other: Device, is_both: bool) -> None:
        require_room(device, 2 * _PEER_BYTES, 3 * _PEER_BYTES)
        self.devices = [device, other]
        self.is_both = is_both
        self.watch = Stopwatch(device, by_events=False)
        self.hosts = [device.host(_PEER_BYTES, pinned=False) for _ in range(2)]
        self.sources, self.places = [], []
        for seed, (host, owner) in enumerate(zip(self.hosts, self.devices, strict=True)):
            payload.fill(host.array, seed)
            self.sources.append(owner.alloc(_PEER_BYTES))
            self.places.append(owner.alloc(_PEER_BYTES))
            owner.copy(self.sources[-1], host)
            owner.sync()
        self.expected = [np.array(checksum(host.array), np.int64) for host in self.hosts]
        self.sums: Words = np.full((2, 2), -1, np.int64)
        self.streams = [each.stream() for each in self.devices] if is_both else [None, None]

    def run(self) -> float:
        for owner, place in zip(self.devices, self.places, strict=True):
            owner.fill(place, payload.POISON)
            owner.sync()
        seconds = self.watch.time(self._enqueue, self.streams[:1])
        for i in range(1 + self.is_both):  # What came from the one is on the other.
            self.sums[i] = self.devices[1 - i].checksum(self.places[1 - i])
            if not (self.sums[i] == self.expected[i]).all():
                raise CheckFailed("what arrived at the other device is not what was sent")
        return seconds

    def _enqueue(self) -> None:
        for i in range(1 + self.is_both):
            self.devices[i].copy(self.places[1 - i], self.sources[i], self.streams[i])
        self.devices[1].sync()

    def latency_s(self) -> float:
        """Return the seconds of a copy of 4 bytes, the shortest of some."""
        ends = self.places[1].part(0, 4), self.sources[0].part(0, 4)
        watch = Stopwatch(self.devices[0], by_events=False)
        return min(watch.time(lambda: self.devices[0].copy(*ends)) for _ in range(20))

    def check(self) -> None:
        for i in range(1 + self.is_both):
            require_equal(self.sums[i], self.expected[i])
            back = self.devices[1 - i].host(_PEER_BYTES, pinned=False)
            back.array.fill(payload.POISON)
            self.devices[1 - i].copy(back, self.places[1 - i])
            self.devices[1 - i].sync()
            payload.require_same(back.array, self.hosts[i].array, "what arrived")
        self.watch.check()
