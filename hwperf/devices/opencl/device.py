"""A device that OpenCL reaches. This module is the protocol of hwperf.devices on pyopencl.

Streams are in-order queues with profiling; a mark is a marker command, whose end the device stamps.
Page-locked memory is a buffer that the driver allocates in the host's memory and that stays mapped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import numpy as np
import psutil

from hwperf.devices.opencl.facts import abilities, describe
from hwperf.devices.opencl.failures import OUT_OF_MEMORY, DeviceFailed, failed, sentence
from hwperf.devices.opencl.kernels import Kernels, Launch
from hwperf.devices.opencl.memory import Allocation, DeviceMemory, HostMemory, page_aligned
from hwperf.devices.opencl.programs import Programs
from hwperf.devices.protocol import Device, DeviceBuffer, DeviceInfo, Enqueue, HostBuffer
from hwperf.errors import Unsupported
from hwperf.units import format_bytes

__all__ = ["OpenCLDevice"]

_NS = 1e-9  # Stamps of OpenCL are nanoseconds.
_CHECKSUM_ALIGNMENT = 64


@dataclass(eq=False, slots=True)
class _Stream:
    queue: Any
    # What pyopencl returns for a copy holds on to the host's array, and waits when it is dropped.
    copies: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False, slots=True)
class _Prepared:
    """A kernel that can be enqueued; it holds on to its buffers, which OpenCL's kernels do not."""

    device: OpenCLDevice
    launches: Sequence[Launch]
    buffers: Sequence[DeviceMemory]

    def __call__(self, stream: Any = None) -> None:
        self.device.launch(self.launches, stream)


class OpenCLDevice:
    """One open device.

    Args:
        cl: the module pyopencl.
        device: a ``pyopencl.Device``.
        id: its id.
    """

    def __init__(self, cl: Any, device: Any, id: str) -> None:
        self._cl = cl
        self._device = device
        self._info = describe(device, id, cl.VERSION_TEXT)
        self._able = abilities(device)
        self._allocations: WeakSet[Allocation] = WeakSet()
        self._is_closed = False
        try:
            self._context = cl.Context([device])
            self._default = _Stream(self._queue())
        except cl.Error as error:
            raise Unsupported(f"{id} cannot be opened: {sentence(error)}") from error
        self._streams = [self._default]
        self._kernels = Kernels(Programs(cl, self._context, id), self._able, self.alloc)
        tried = {"pinned": self._maps, "events": self._stamps}
        self._capabilities = frozenset(
            {"streams"} | {what for what, works in tried.items() if works()}
        )

    @property
    def info(self) -> DeviceInfo:
        """What is known of it."""
        return self._info

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can do; page-locked memory and marks were tried when it was opened."""
        return self._capabilities

    def clock(self) -> float:
        """Return the host's time in seconds."""
        return time.perf_counter()

    def free_bytes(self) -> int | None:
        """Return what can be allocated on a CPU; OpenCL does not tell it of other devices."""
        if not self._able.is_cpu:
            return None
        return min(self._left(), int(psutil.virtual_memory().available))

    def host(self, nbytes: int, *, pinned: bool) -> HostMemory:
        """Return memory of the host, touched."""
        if pinned and "pinned" not in self._capabilities:
            raise Unsupported(f"{self._info.id}: the driver maps no memory of the host")
        self._require_room(nbytes, limit=self._able.allocation_bytes if pinned else None)
        try:
            return self._mapped(nbytes) if pinned else HostMemory(page_aligned(nbytes))
        except MemoryError as error:
            raise Unsupported(
                f"{format_bytes(nbytes)} of the host's memory are not free"
            ) from error
        except self._cl.Error as error:
            raise self._memory_failed(nbytes, error) from error

    def alloc(self, nbytes: int) -> DeviceMemory:
        """Return memory of the device, filled once: drivers allocate when it is first used."""
        self._require_room(nbytes, limit=self._able.allocation_bytes)
        try:
            buffer = self._cl.Buffer(self._context, self._cl.mem_flags.READ_WRITE, nbytes)
            allocation = Allocation(buffer, nbytes)
            self._cl.enqueue_fill_buffer(self._default.queue, buffer, np.uint8(0), 0, nbytes)
            self._default.queue.finish()
        except self._cl.Error as error:
            raise self._memory_failed(nbytes, error) from error
        self._allocations.add(allocation)
        return DeviceMemory(allocation, 0, nbytes)

    def copy(
        self,
        destination: HostBuffer | DeviceBuffer,
        source: HostBuffer | DeviceBuffer,
        stream: Any = None,
    ) -> None:
        """Put a copy into the stream; the host's memory must not be touched before a sync."""
        if destination.nbytes != source.nbytes:
            raise ValueError(f"a copy of {source.nbytes} B into {destination.nbytes} B")
        into = self._stream(stream)
        enqueue = self._cl.enqueue_copy
        try:
            if isinstance(destination, DeviceMemory):
                if isinstance(source, DeviceMemory):
                    enqueue(
                        into.queue, destination.buffer, source.buffer, src_offset=source.at,
                        dst_offset=destination.at, byte_count=source.nbytes,
                    )  # fmt: skip
                else:
                    event = enqueue(
                        into.queue, destination.buffer, _array(source),
                        dst_offset=destination.at, is_blocking=False,
                    )  # fmt: skip
                    into.copies.append(event)
            elif isinstance(source, DeviceMemory):
                event = enqueue(
                    into.queue, _array(destination), source.buffer,
                    src_offset=source.at, is_blocking=False,
                )  # fmt: skip
                into.copies.append(event)
            else:
                self.sync(into)  # What was put there before may write the source.
                _array(destination)[:] = _array(source)
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def fill(self, buffer: DeviceBuffer, value: int, stream: Any = None) -> None:
        """Put into the stream that each byte becomes *value*."""
        memory = _memory(buffer)
        into = self._stream(stream)
        try:
            self._cl.enqueue_fill_buffer(
                into.queue, memory.buffer, np.uint8(value), memory.at, memory.nbytes
            )
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def checksum(self, buffer: DeviceBuffer) -> tuple[int, int]:
        """Return both sums; groups of items form partial ones, the host adds those up."""
        memory = _memory(buffer)
        if memory.at % _CHECKSUM_ALIGNMENT:
            aligned = self.alloc(memory.nbytes)
            self.copy(aligned, memory)
            memory = aligned
        launch, parts, pairs = self._kernels.checksum(memory)
        sums = np.empty((pairs, 2), np.uint32)
        self.launch([launch])
        try:
            self._cl.enqueue_copy(self._default.queue, sums, parts.buffer)
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error
        plain, weighted = sums.sum(axis=0, dtype=np.uint64)
        return int(plain) % 2**32, int(weighted) % 2**32

    def stream(self) -> Any:
        """Return a further queue."""
        self._require_open()
        try:
            stream = _Stream(self._queue())
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error
        self._streams.append(stream)
        return stream

    def mark(self, stream: Any = None) -> Any:
        """Put a marker into the stream."""
        if "events" not in self._capabilities:
            raise Unsupported(f"{self._info.id}: the driver gives markers no time")
        return self._marker(self._stream(stream))

    def elapsed(self, first: Any, second: Any) -> float:
        """Return the device's seconds between two marks; waits for them."""
        try:
            first.wait()
            second.wait()
            return float(second.profile.end - first.profile.end) * _NS
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def sync(self, stream: Any = None) -> None:
        """Wait for a stream, or for all; all of them are sent off before one is waited for."""
        streams = self._streams if stream is None else [self._stream(stream)]
        self._require_open()
        try:
            if len(streams) > 1:
                for each in streams:
                    each.queue.flush()
            for each in streams:
                each.queue.finish()
                each.copies.clear()
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def kernel(self, name: str, buffers: Sequence[DeviceBuffer], **params: Any) -> Enqueue:
        """Return the kernel, built for this device, with its arguments set."""
        self._require_open()
        memories = [_memory(buffer) for buffer in buffers]
        try:
            launches = self._kernels.prepare(name, memories, params)
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error
        return _Prepared(self, launches, memories)

    def launch(self, launches: Sequence[Launch], stream: Any = None) -> None:
        """Put *launches* into the stream."""
        queue = self._stream(stream).queue
        start = self._cl.enqueue_nd_range_kernel
        try:
            for each in launches:
                start(queue, each.kernel, each.items, each.group)
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        """Refuse: OpenCL records commands only in an extension that few drivers have."""
        raise Unsupported(f"{self._info.id}: opencl records no graphs")

    def peer(self) -> Sequence[Device]:
        """Return nothing: a context holds one device."""
        return ()

    def close(self) -> None:
        """Give back the device's memory; what is mapped goes with the arrays that lie in it."""
        if self._is_closed:
            return
        try:
            self.sync()
        except DeviceFailed:
            pass  # It has been told where it happened; what can be given back is.
        finally:
            self._is_closed = True
            for allocation in list(self._allocations):
                allocation.buffer.release()
            self._allocations.clear()
            self._streams.clear()

    def _stream(self, stream: Any) -> _Stream:
        self._require_open()
        if stream is None:
            return self._default
        if not isinstance(stream, _Stream):
            raise ValueError(f"{stream!r} is no stream of {self._info.id}")
        return stream

    def _queue(self) -> Any:
        properties = self._cl.command_queue_properties.PROFILING_ENABLE
        return self._cl.CommandQueue(self._context, self._device, properties)

    def _marker(self, stream: _Stream) -> Any:
        try:
            return self._cl.enqueue_marker(stream.queue)
        except self._cl.Error as error:
            raise failed(self._info.id, error) from error

    def _mapped(self, nbytes: int) -> HostMemory:
        cl = self._cl
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.ALLOC_HOST_PTR
        buffer = cl.Buffer(self._context, flags, nbytes)
        access = cl.map_flags.READ | cl.map_flags.WRITE
        array, _ = cl.enqueue_map_buffer(
            self._default.queue, buffer, access, 0, (nbytes,), np.uint8, is_blocking=True
        )
        array.fill(0)
        return HostMemory(array)  # The array holds on to the mapping, and that to the buffer.

    def _maps(self) -> bool:
        """Whether what is written into mapped memory arrives on the device and comes back."""
        payload = np.arange(4096, dtype=np.uint16).view(np.uint8)
        try:
            there, back = self._mapped(payload.size), self._mapped(payload.size)
            there.array[:] = payload
            buffer = self.alloc(payload.size)
            self.copy(buffer, there)
            self.copy(back, buffer)
            self.sync()
        except (self._cl.Error, DeviceFailed, Unsupported):
            return False
        return bool(np.array_equal(back.array, payload))

    def _stamps(self) -> bool:
        """Whether two markers around some work are as far apart as the host's clock allows."""
        try:
            buffer = self.alloc(2**20)
            begin = self.clock()
            first = self._marker(self._default)
            for value in range(4):
                self.fill(buffer, value)
            second = self._marker(self._default)
            self.sync()
            wall = self.clock() - begin
            return 0 < self.elapsed(first, second) <= 1.05 * wall + 2e-6
        except (DeviceFailed, Unsupported):
            return False

    def _require_open(self) -> None:
        if self._is_closed:
            raise DeviceFailed(f"{self._info.id} is closed")

    def _require_room(self, nbytes: int, limit: int | None) -> None:
        self._require_open()
        if nbytes < 1:
            raise ValueError(f"a buffer of {nbytes} B; at least 1 is needed")
        wanted = f"{self._info.id}: {format_bytes(nbytes)} cannot be allocated"
        if limit is not None and nbytes > limit:
            raise Unsupported(
                f"{wanted}: the device allocates at most {format_bytes(limit)} at once"
            )
        free = self.free_bytes()
        left = self._left() if free is None else free
        if nbytes > left:
            raise Unsupported(f"{wanted}: at most {format_bytes(left)} are left")

    def _left(self) -> int:
        """Return the device's memory that this program has not allocated."""
        taken = sum(each.nbytes for each in self._allocations)
        return max(0, self._able.memory_bytes - taken)

    def _memory_failed(self, nbytes: int, error: Any) -> Exception:
        if error.code in OUT_OF_MEMORY:
            return Unsupported(
                f"{self._info.id}: {format_bytes(nbytes)} cannot be allocated: {sentence(error)}"
            )
        return failed(self._info.id, error)


def _memory(buffer: DeviceBuffer) -> DeviceMemory:
    if not isinstance(buffer, DeviceMemory):
        raise ValueError(f"{type(buffer).__name__} is no memory of an OpenCL device")
    return buffer


def _array(buffer: HostBuffer | DeviceBuffer) -> Any:
    if not isinstance(buffer, HostMemory):
        raise ValueError(f"{type(buffer).__name__} is no memory of an OpenCL device's host")
    return buffer.array
