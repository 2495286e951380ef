"""A CUDA device by numba.cuda, or numba's simulator of one. This module keeps the protocol with it.

Everything is put into a stream and returns: None stands for CUDA's default stream, which waits for
the work of all other streams and makes them wait. numba records no graphs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hwperf.devices.numba_cuda.buffers import OnDevice, OnHost, pageable
from hwperf.devices.numba_cuda.geometry import ON_DEVICE, SIMULATED
from hwperf.devices.numba_cuda.kernels import Target, build, checksum
from hwperf.devices.numba_cuda.properties import describe, is_simulated
from hwperf.devices.protocol import Device, DeviceBuffer, Enqueue, HostBuffer
from hwperf.errors import Unsupported

__all__ = ["CudaDevice"]

_OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY"
_ENABLED_BEFORE = "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED"
_MODULUS = 2**32

_here = threading.local()  # Which device's context is the current one of this thread.


class CudaDevice:
    """One CUDA device.

    Args:
        index: its number, in the driver's order.
    """

    def __init__(self, index: int) -> None:
        from numba import cuda
        from numba.cuda.cudadrv import driver

        self._cuda, self._driver, self._index = cuda, driver, index
        self._simulated = is_simulated()
        self._enter()
        self._context = cuda.current_context()
        self._default = cuda.stream() if self._simulated else cuda.default_stream()
        self._target = Target(self._default, SIMULATED if self._simulated else ON_DEVICE)
        self._in_flight: dict[int, Any] = {}
        self._peers: tuple[CudaDevice, ...] | None = None
        self._reachable = self._find_reachable()
        self.info = describe(index, self._context)
        self.capabilities = frozenset[str]()
        if not self._simulated:
            self.capabilities = frozenset({"pinned", "events", "streams"})
        if self._reachable:
            self.capabilities |= {"peer"}

    def clock(self) -> float:
        return time.perf_counter()

    def free_bytes(self) -> int | None:
        self._enter()
        self._flush()
        free = self._context.get_memory_info().free
        return int(free) if np.isfinite(free) else None

    def host(self, nbytes: int, *, pinned: bool) -> HostBuffer:
        if pinned:
            self._require("pinned")
            self._enter()
            array = self._allocated(self._cuda.pinned_array, nbytes)
        else:
            array = pageable(nbytes)
        array.fill(0)
        return OnHost(array)

    def alloc(self, nbytes: int) -> DeviceBuffer:
        self._enter()
        return OnDevice(self._allocated(self._cuda.device_array, nbytes))

    def copy(self, destination: Any, source: Any, stream: Any = None) -> None:
        self._enter()
        nbytes = source.nbytes
        if destination.nbytes < nbytes:
            raise ValueError(f"{nbytes} B do not fit into a buffer of {destination.nbytes} B")
        to_device, from_device = isinstance(destination, OnDevice), isinstance(source, OnDevice)
        if to_device and from_device:
            put = self._driver.device_to_device
        elif to_device:
            put = self._driver.host_to_device
            self._in_flight[id(source)] = source
        elif from_device:
            put = self._driver.device_to_host
            self._in_flight[id(destination)] = destination
        else:
            raise Unsupported(f"{self.info.id}: no copies within the memory of the host")
        put(destination.array, source.array, nbytes, self._stream(stream))

    def fill(self, buffer: Any, value: int, stream: Any = None) -> None:
        self._enter()
        self._driver.device_memset(buffer.array, value, buffer.nbytes, self._stream(stream))

    def checksum(self, buffer: Any) -> tuple[int, int]:
        self._enter()
        sums = self._cuda.device_array(2, np.uint64)
        self._driver.device_memset(sums, 0, sums.nbytes, self._default)
        checksum(buffer.array, sums, self._target)(None)
        plain, weighted = sums.copy_to_host()
        return int(plain) % _MODULUS, int(weighted) % _MODULUS

    def stream(self) -> Any:
        self._require("streams")
        self._enter()
        return self._cuda.stream()

    def mark(self, stream: Any = None) -> Any:
        self._require("events")
        self._enter()
        event = self._cuda.event(timing=True)
        event.record(self._stream(stream))
        return event

    def elapsed(self, first: Any, second: Any) -> float:
        self._require("events")
        self._enter()
        return float(first.elapsed_time(second)) / 1e3  # CUDA tells milliseconds.

    def sync(self, stream: Any = None) -> None:
        self._enter()
        if stream is not None:
            stream.synchronize()
            return
        self._cuda.synchronize()
        self._in_flight.clear()

    def kernel(self, name: str, buffers: Sequence[Any], **params: Any) -> Enqueue:
        self._enter()
        put = build(name, [each.array for each in buffers], params, self._target)

        def enqueue(stream: Any = None) -> None:
            self._enter()
            put(stream)

        return enqueue

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        raise Unsupported(f"{self.info.id}: numba.cuda records no graphs; torch does")

    def peer(self) -> Sequence[Device]:
        if self._peers is None:
            self._peers = tuple(CudaDevice(index) for index in self._reachable)
            self._enter()
            for each in self._peers:
                self._enable(each)
        return self._peers

    def close(self) -> None:
        """Wait, and give back what is no longer used; the context stays, others may use it."""
        for each in self._peers or ():
            each.close()
        self._peers = None
        self._enter()
        self._cuda.synchronize()
        self._in_flight.clear()
        self._flush()

    def _stream(self, stream: Any) -> Any:
        # numba copies synchronously into what is no stream of its own, such as 0.
        return self._default if stream is None else stream

    def _enter(self) -> None:
        """Make this device the current one of this thread: costs a comparison where it is."""
        if getattr(_here, "index", None) == self._index:
            return
        if getattr(_here, "index", None) is not None:
            self._driver.driver.pop_active_context()
            _here.index = None
        self._cuda.select_device(self._index)
        _here.index = self._index

    def _allocated(self, allocate: Any, nbytes: int) -> Any:
        try:
            return allocate(nbytes, np.uint8)
        except Exception as error:  # Border: numba's class of errors is not the same everywhere.
            if _OUT_OF_MEMORY not in str(error):
                raise
            raise Unsupported(
                f"{self.info.id}: out of memory, {nbytes} B were asked for"
            ) from error

    def _require(self, capability: str) -> None:
        if capability not in self.capabilities:
            raise Unsupported(f"{self.info.id}: no {capability}")

    def _flush(self) -> None:
        """Free what numba holds back to free it later."""
        pending = getattr(self._context, "deallocations", None)
        if pending is not None:
            pending.clear()

    def _find_reachable(self) -> tuple[int, ...]:
        if self._simulated:
            return ()
        return tuple(
            index
            for index in range(len(self._cuda.gpus))
            if index != self._index and self._context.can_access_peer(index)
        )

    def _enable(self, other: CudaDevice) -> None:
        try:
            self._context.enable_peer_access(other._context.handle)
        except Exception as error:  # Border: numba's class of errors is not the same everywhere.
            if _ENABLED_BEFORE not in str(error):
                raise
