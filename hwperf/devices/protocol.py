"""What a device is to hwperf. This module holds the protocol that every back end keeps.

A back end is a module with a function that finds its devices, named in the entry points
``hwperf.devices``. The kernels that a device may offer are described in
:mod:`hwperf.devices.kernels`; what it lacks it says with ``Unsupported``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CAPABILITIES",
    "Absent",
    "Bytes",
    "Candidate",
    "Device",
    "DeviceBuffer",
    "DeviceInfo",
    "Enqueue",
    "Found",
    "HostBuffer",
    "Kind",
]

Bytes: TypeAlias = NDArray[np.uint8]
Kind: TypeAlias = Literal["gpu", "accelerator", "cpu", "simulated"]
Enqueue: TypeAlias = Callable[[Any], None]
"""Puts a kernel into a stream (None: the default one); may be called again and again."""

CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "pinned": "host memory that the device reaches by itself (page-locked)",
        "events": "marks in a stream, and the device's own time between two of them",
        "streams": "several streams whose work may overlap",
        "graphs": "a recorded sequence of kernels, replayed with one call",
        "peer": "copies from device to device without the host's memory",
    }
)
"""What a device may be able to do, by name."""


@dataclass(frozen=True)
class DeviceInfo:
    """What is known of a device.

    Attributes:
        id: how it is chosen: ``"torch:cuda:0"``.
        name: what its maker calls it.
        backend: the name of the entry point.
        kind: "gpu", "accelerator", "cpu" (the host's own processor) or "simulated".
        vendor: its maker, or "".
        driver: version of the driver, or "".
        runtime: what hwperf reaches it through, with versions.
        memory_bytes: memory that it has, or None.
        cache_bytes: its last-level cache, or None.
        units: compute units (multiprocessors), or None.
        is_unified: whether host and device use the same memory.
        pci: PCI address ``"0000:17:00.0"``, or None.
        link_bandwidth: B/s that the link to the host allows in one direction, where the back end
            itself knows; the system and the data file of accelerators are asked elsewhere.
        memory_bandwidth: B/s that its memory allows, where the back end itself knows.
    """

    id: str
    name: str
    backend: str
    kind: Kind
    vendor: str = ""
    driver: str = ""
    runtime: str = ""
    memory_bytes: int | None = None
    cache_bytes: int | None = None
    units: int | None = None
    is_unified: bool = False
    pci: str | None = None
    link_bandwidth: float | None = None
    memory_bandwidth: float | None = None


class HostBuffer(Protocol):
    """Memory of the host, filled (so that every page is there) when it is handed out."""

    @property
    def nbytes(self) -> int:
        """Its bytes."""

    @property
    def array(self) -> Bytes:
        """The bytes themselves, writable, of shape (nbytes,)."""

    def part(self, offset: int, nbytes: int) -> HostBuffer:
        """Return the *nbytes* from *offset* on, as a buffer on the same memory."""


class DeviceBuffer(Protocol):
    """Memory of a device, aligned to 256 bytes at least."""

    @property
    def nbytes(self) -> int:
        """Its bytes."""

    def part(self, offset: int, nbytes: int) -> DeviceBuffer:
        """Return the *nbytes* from *offset* on, as a buffer on the same memory."""


class Device(Protocol):
    """One device that is open.

    Whatever it cannot do raises ``Unsupported`` with the reason; whatever fails may raise anything.
    A stream of None is the default one: what is put into it is done in order. Streams and marks are
    the back end's own objects.
    """

    @property
    def info(self) -> DeviceInfo:
        """What is known of it."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Which of `CAPABILITIES` it has."""

    def clock(self) -> float:
        """Return the host's time in seconds, from the clock that its work is timed with."""

    def free_bytes(self) -> int | None:
        """Return how much memory could be allocated, or None where it does not tell."""

    def host(self, nbytes: int, *, pinned: bool) -> HostBuffer:
        """Return memory of the host; *pinned* needs the capability."""

    def alloc(self, nbytes: int) -> DeviceBuffer:
        """Return memory of the device."""

    def copy(
        self,
        destination: HostBuffer | DeviceBuffer,
        source: HostBuffer | DeviceBuffer,
        stream: Any = None,
    ) -> None:
        """Put a copy of all of *source* into the stream; it may return before the copy is done."""

    def fill(self, buffer: DeviceBuffer, value: int, stream: Any = None) -> None:
        """Put into the stream that each byte of *buffer* becomes *value* (0 to 255)."""

    def checksum(self, buffer: DeviceBuffer) -> tuple[int, int]:
        """Return what `hwperf.devices.checksum.checksum` gives, computed by the device.

        Waits for what was put into the default stream before.
        """

    def stream(self) -> Any:
        """Return a new stream; needs the capability."""

    def mark(self, stream: Any = None) -> Any:
        """Put a mark into the stream and return it; needs the capability "events"."""

    def elapsed(self, first: Any, second: Any) -> float:
        """Return the device's seconds between two marks that it has passed."""

    def sync(self, stream: Any = None) -> None:
        """Wait until all that was put into the stream is done; with None, into any stream."""

    def kernel(self, name: str, buffers: Sequence[DeviceBuffer], **params: Any) -> Enqueue:
        """Return the kernel *name* on *buffers*, ready to be enqueued (compiled, arguments set)."""

    def graph(self, enqueues: Sequence[Enqueue]) -> Enqueue:
        """Return a recording of *enqueues* that one call replays; needs the capability."""

    def peer(self) -> Sequence[Device]:
        """Return the other devices that it can copy to without the host's memory."""

    def close(self) -> None:
        """Give back what it holds."""


@dataclass(frozen=True)
class Candidate:
    """A device that is there and can be opened.

    Attributes:
        id: how it is chosen, unique.
        name: what its maker calls it, as far as that is known without opening it.
        kind: as in `DeviceInfo`; "cpu" and "simulated" are never chosen by themselves.
        open: opens it; may be expensive, and raise anything.
    """

    id: str
    name: str
    kind: Kind
    open: Callable[[], Device]


@dataclass(frozen=True)
class Absent:
    """What a back end looked for and did not find.

    Attributes:
        what: "CUDA, ROCm, XPU or MPS device", "OpenCL".
        why: one line: what is missing and, where something can be done, what.
    """

    what: str
    why: str


@dataclass(frozen=True)
class Found:
    """What a back end found; the function of the entry point returns it."""

    devices: tuple[Candidate, ...] = ()
    absent: tuple[Absent, ...] = ()
