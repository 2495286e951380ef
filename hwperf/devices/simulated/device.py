"""A device whose truth is known. This module plays one in virtual time, with faults on request.

What is measured on it must be what it was told to be; what is faulty must be refused. Nothing of
it says anything of this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hwperf.devices.checksum import checksum
from hwperf.devices.protocol import Bytes, Device, DeviceBuffer, DeviceInfo, Enqueue, HostBuffer
from hwperf.devices.simulated.arithmetic import COMPUTED, seconds
from hwperf.devices.simulated.settings import Settings
from hwperf.devices.simulated.timeline import Stream, Timeline
from hwperf.errors import Unsupported

__all__ = ["Simulated"]

_COPIES_LOST = 3
_OPERATIONS_LEFT = 200
_FASTER = 10
_WORD = 4


@dataclass(eq=False)
class _Memory:
    data: Bytes


@dataclass(frozen=True, eq=False)
class _Buffer:
    """Some bytes of the host's or the device's memory."""

    memory: _Memory
    offset: int
    nbytes: int
    place: str
    owner: Any = field(default=None, repr=False)

    @property
    def array(self) -> Bytes:
        return self.memory.data[self.offset : self.offset + self.nbytes]

    @property
    def is_on_device(self) -> bool:
        return self.place == "device"

    def part(self, offset: int, nbytes: int) -> _Buffer:
        return replace(self, offset=self.offset + offset, nbytes=nbytes)


class Simulated:
    """One simulated device; all that share a timeline are peers.

    Args:
        index: its number.
        told: its figures.
        timeline: the clock.
    """

    def __init__(self, index: int, told: Settings, timeline: Timeline | None = None) -> None:
        self.told, self.index = told, index
        self.timeline = timeline or Timeline(told.enqueue)
        self.capabilities = frozenset({"pinned", "events", "streams", "graphs", "peer"})
        self.info = DeviceInfo(
            id=f"simulated:{index}",
            name="simulated device",
            backend="simulated",
            kind="simulated",
            vendor="hwperf",
            runtime="virtual clock" + (f", fault {told.fault}" if told.fault else ""),
            memory_bytes=int(told.nbytes),
            cache_bytes=1024,  # So that small buffers lie beyond it.
            units=int(told.units),
            link_bandwidth=max(told.host_to_device, told.device_to_host),
            memory_bandwidth=max(told.memory, told.device_to_device),
        )
        self._peers: list[Simulated] = []
        self._operations = self._copies = 0

    def clock(self) -> float:
        return self.timeline.now

    def free_bytes(self) -> int | None:
        return int(self.told.nbytes)

    def host(self, nbytes: int, *, pinned: bool) -> HostBuffer:
        place = "pinned" if pinned else "pageable"
        return _Buffer(_Memory(np.zeros(nbytes, np.uint8)), 0, nbytes, place)

    def alloc(self, nbytes: int) -> DeviceBuffer:
        if self.told.fault == "full" or nbytes > self.told.nbytes:
            raise Unsupported(f"simulated: out of memory, {nbytes} bytes were asked for")
        # What is in fresh memory is nobody's promise.
        return _Buffer(_Memory(np.full(nbytes, 0xCD, np.uint8)), 0, nbytes, "device", self)

    def copy(self, destination: Any, source: Any, stream: Stream | None = None) -> None:
        self._operate()
        self._copies += 1
        fault = self.told.fault
        if fault == "lost_copy" and self._copies % _COPIES_LOST == 0:
            self.timeline.now += self.timeline.enqueue_s
            return
        crosses = destination.is_on_device != source.is_on_device
        engine, duration_s = self._cost(destination, source)
        if fault == "compressing" and self._is_uniform(source):
            duration_s /= _FASTER
        if fault == "impossible" and crosses:
            latency_s = self.told.latency
            duration_s = latency_s + (duration_s - latency_s) / _FASTER
        if fault == "zero_copy" and crosses and "pinned" in (destination.place, source.place):
            self._alias(destination, source)
            self.timeline.put(stream, engine, 1e-9, lambda: None)
            return
        self.timeline.put(
            stream, engine, duration_s, lambda: self._move(destination, source, crosses)
        )
        if "pageable" in (destination.place, source.place):
            # The host itself does a part of it.
            self._wait(stream, 0.0)

    def fill(self, buffer: Any, value: int, stream: Stream | None = None) -> None:
        self._operate()
        duration_s = self.told.launch + buffer.nbytes / self.told.memory
        self.timeline.put(
            stream, f"compute {self.index}", duration_s, lambda: buffer.array.fill(value)
        )

    def checksum(self, buffer: Any) -> tuple[int, int]:
        self._operate()
        self._wait(None, self.told.sync)
        return checksum(buffer.array)

    def stream(self) -> Stream:
        return self.timeline.stream()

    def mark(self, stream: Stream | None = None) -> float:
        self._operate()
        return self.timeline.reached(stream)

    def elapsed(self, first: float, second: float) -> float:
        factor = {"milliseconds": 1e3, "kiloseconds": 1e-3}.get(self.told.fault, 1.0)
        return (second - first) * factor

    def sync(self, stream: Stream | None = None) -> None:
        self._operate()
        self._wait(stream, self.told.sync)

    def kernel(self, name: str, buffers: Sequence[Any], **params: Any) -> Enqueue:
        return self._launch(name, buffers, params, self.told.launch)

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        def replay(stream: Stream | None = None) -> None:
            before, self.timeline.enqueue_s = self.timeline.enqueue_s, 0.0
            try:
                for each in enqueues:
                    each.func(stream, overhead_s=self.told.replay)  # type: ignore[attr-defined]
            finally:
                self.timeline.enqueue_s = before

        return replay

    def peer(self) -> Sequence[Device]:
        return self._peers

    def join(self, others: Sequence[Simulated]) -> None:
        """Let it copy to *others*, which must have its timeline."""
        self._peers = [other for other in others if other is not self]

    def close(self) -> None:
        """Nothing is held."""

    def _launch(
        self, name: str, buffers: Sequence[Any], params: dict[str, Any], overhead_s: float
    ) -> Enqueue:
        work_s = seconds(name, params, self.told)
        effect = _Computation(name, tuple(buffers), params, self.told.fault)

        def put(stream: Stream | None = None, overhead_s: float = overhead_s) -> None:
            self._operate()
            self.timeline.put(stream, f"compute {self.index}", overhead_s + work_s, effect)

        return _Callable(put)

    def _cost(self, destination: Any, source: Any) -> tuple[str, float]:
        told = self.told
        if destination.is_on_device and source.is_on_device:
            if destination.owner is not source.owner:
                return f"peer {source.owner.index}", told.latency + source.nbytes / told.peer
            moved = 2 * source.nbytes
            return f"compute {self.index}", told.latency + moved / told.device_to_device
        rate = told.host_to_device if destination.is_on_device else told.device_to_host
        if "pageable" in (destination.place, source.place):
            rate *= told.pageable
        engine = "in" if destination.is_on_device else "out"
        return f"{engine} {self.index}", told.latency + source.nbytes / rate

    def _is_uniform(self, source: Any) -> bool:
        # What the device is yet to write is not known.
        is_known = not (source.is_on_device and self.timeline.is_busy)
        return bool(is_known and source.nbytes > _WORD and np.ptp(source.array) == 0)

    def _move(self, destination: Any, source: Any, crosses: bool) -> None:
        destination.array[:] = source.array
        if not crosses or not destination.nbytes:
            return
        data, fault = destination.array, self.told.fault
        if fault == "last_byte":
            data[-1] ^= 1
        elif fault == "symmetric":
            data[0] ^= 1
        elif fault == "swapped" and data.size >= 2 * _WORD:
            data[:_WORD], data[-_WORD:] = data[-_WORD:].copy(), data[:_WORD].copy()

    def _alias(self, destination: Any, source: Any) -> None:
        device, host = (destination, source) if destination.is_on_device else (source, destination)
        if device.nbytes == host.nbytes:
            if destination is host:
                host.memory.data[host.offset : host.offset + host.nbytes] = device.array
            device.memory.data = host.memory.data

    def _wait(self, stream: Stream | None, takes_s: float) -> None:
        if self.told.fault != "missing_sync":
            self.timeline.wait(stream, takes_s)

    def _operate(self) -> None:
        self._operations += 1
        if self.told.fault == "disappears" and self._operations > _OPERATIONS_LEFT:
            raise RuntimeError("the device has been removed")


@dataclass(eq=False)
class _Computation:
    """A kernel's effect on memory."""

    name: str
    buffers: tuple[_Buffer, ...]
    params: dict[str, Any]
    fault: str
    n_written: int = 0

    def __call__(self) -> None:
        if self.fault == "dead_kernel":
            return
        self.n_written = COMPUTED[self.name]([each.array for each in self.buffers], self.params)
        self._spoil()

    def follow(self, before: object) -> bool:
        """Take over what *before* has just computed, if that is the same: numpy is slow."""
        if (
            not isinstance(before, _Computation)
            or self.name == "count"
            or (self.name, self.params, self.fault) != (before.name, before.params, before.fault)
            or self._inputs() != before._inputs()
            or any(each.memory is before.buffers[0].memory for each in self.buffers[1:])
        ):
            return False
        n = self.n_written = before.n_written
        self.buffers[0].array[:n] = before.buffers[0].array[:n]
        if n:
            self._spoil()
        return True

    def _spoil(self) -> None:
        if self.fault == "wrong_kernel":
            self.buffers[0].array[-8:] = 0xFF  # A NaN in every type of floating point.

    def _inputs(self) -> list[tuple[int, int, int]]:
        return [(id(each.memory), each.offset, each.nbytes) for each in self.buffers[1:]]


class _Callable:
    """An enqueue that a graph can look into."""

    def __init__(self, func: Any) -> None:
        self.func = func

    def __call__(self, stream: Any = None) -> None:
        self.func(stream)
