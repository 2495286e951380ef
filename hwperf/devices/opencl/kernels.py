"""The kernels of hwperf.devices.kernels in OpenCL. This module builds and prepares them.

Work is shared out as the device wants it: a CPU gets a few items that each walk through a stretch
of the arrays, everything else many items that stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwperf.devices.kernels import DTYPES, KERNELS, ROUNDED
from hwperf.devices.opencl.facts import Abilities
from hwperf.devices.opencl.memory import DeviceMemory
from hwperf.devices.opencl.programs import Programs
from hwperf.errors import Unsupported

__all__ = ["Kernels", "Launch"]

_GROUP = 256  # Items of a group: some warps, and what every GPU's driver allows.
_ITEMS_PER_UNIT = (
    2048  # Items that a GPU's unit keeps at once (CUDA C Programming Guide, table 30).
)
_STRETCHES_PER_UNIT = 16  # On a CPU: so many that a core which lost time costs the others little.
_LOCAL_CHASE = 4096  # Entries, as the contract says.
_STREAMED = ("f32", "f64")
_C_NAMES = {"f64": "double", "f32": "float", "f16": "half", "int8": "char", "int32": "int"}


@dataclass(frozen=True)
class Launch:
    """A kernel whose arguments are set, and over how many items it runs.

    A kernel of OpenCL does not hold on to its buffers: *scratch* is kept here.
    """

    kernel: Any
    items: tuple[int, ...]
    group: tuple[int, ...]
    scratch: DeviceMemory | None = None


@dataclass(frozen=True)
class _Share:
    """How *items* items share the vectors of an array; stream.cl says what the numbers mean."""

    items: int
    group: int
    own: int
    step: int
    span: int

    @property
    def arguments(self) -> tuple[np.uint64, ...]:
        return np.uint64(self.own), np.uint64(self.step), np.uint64(self.span)


class Kernels:
    """The kernels of one device.

    Args:
        programs: builds them.
        abilities: what bounds them.
        scratch: returns memory of the device for so many bytes.
    """

    def __init__(
        self, programs: Programs, abilities: Abilities, scratch: Callable[[int], DeviceMemory]
    ) -> None:
        self._programs = programs
        self._able = abilities
        self._scratch = scratch
        self._group = min(_GROUP, abilities.group_items)

    def prepare(
        self, name: str, buffers: Sequence[DeviceMemory], params: dict[str, Any]
    ) -> list[Launch]:
        """Return what runs kernel *name*, one launch after the other.

        Raises:
            Unsupported: if there is no such kernel, or not of this type or size here.
            ValueError: if buffers or parameters are not those of the kernel.
        """
        if name not in KERNELS:
            raise Unsupported(f"opencl: no kernel {name!r}; there are {', '.join(KERNELS)}")
        spec = KERNELS[name]
        if len(buffers) != len(spec.buffers) or set(params) != set(spec.params):
            raise ValueError(
                f"kernel {name} takes {len(spec.buffers)} buffers ({'; '.join(spec.buffers)}) and "
                f"the parameters {', '.join(spec.params) or 'none'}, not {len(buffers)} buffers "
                f"and {', '.join(params) or 'none'}"
            )
        if name in ("copy", "scale", "add", "triad"):
            return self._stream(name, buffers, **params)
        prepare: Callable[..., list[Launch]] = getattr(self, f"_{name}")
        return prepare(buffers, **params)

    def checksum(self, buffer: DeviceMemory) -> tuple[Launch, DeviceMemory, int]:
        """Return what forms partial sums of *buffer*, where they will lie, and how many pairs.

        *buffer* begins at a multiple of 64 bytes.
        """
        width = self._width(4)
        share = self._share(buffer.nbytes // 4 // width)
        groups = share.items // share.group
        parts = self._scratch(8 * groups)
        kernel = self._programs.kernel(
            "checksum.cl", "checksum", self._vectors("uint", width, share)
        )
        kernel.set_args(
            parts.buffer, buffer.buffer, np.uint64(buffer.at), np.uint64(buffer.nbytes),
            *share.arguments,
        )  # fmt: skip
        return Launch(kernel, (share.items,), (share.group,)), parts, groups

    def _stream(
        self, name: str, buffers: Sequence[DeviceMemory], n: int, dtype: str, scalar: float = 0.0
    ) -> list[Launch]:
        size = self._element(name, dtype, _STREAMED)
        _require(name, n=n)
        _fits(name, buffers, [n * size] * len(buffers), size)
        width = self._width(size, buffers)
        share = self._share(n // width)
        kernel = self._programs.kernel(
            "stream.cl", name, self._vectors(_C_NAMES[dtype], width, share)
        )
        number = np.float64 if dtype == "f64" else np.float32
        kernel.set_args(
            *_places(buffers), np.uint64(n), *share.arguments,
            *([number(scalar)] if name in ("scale", "triad") else []),
        )  # fmt: skip
        return [Launch(kernel, (share.items,), (share.group,))]

    def _dot(self, buffers: Sequence[DeviceMemory], n: int, dtype: str) -> list[Launch]:
        size = self._element("dot", dtype, _STREAMED)
        _require("dot", n=n)
        _fits("dot", buffers, [size, n * size, n * size], size)
        width = self._width(size, buffers[1:])
        share = self._share(n // width)
        groups = share.items // share.group
        parts = self._scratch(size * groups)
        definitions = self._vectors(_C_NAMES[dtype], width, share)
        first = self._programs.kernel("stream.cl", "dot_parts", definitions)
        first.set_args(parts.buffer, *_places(buffers[1:]), np.uint64(n), *share.arguments)
        second = self._programs.kernel("stream.cl", "dot_end", definitions)
        second.set_args(*_places(buffers[:1]), parts.buffer, np.uint32(groups))
        return [
            Launch(first, (share.items,), (share.group,), parts),
            Launch(second, (share.group,), (share.group,)),
        ]

    def _gemm(self, buffers: Sequence[DeviceMemory], n: int, dtype: str) -> list[Launch]:
        size = self._element("gemm", dtype, ("f32", "f64", "f16", "int8"))
        _require("gemm", n=n)
        rounded = ROUNDED[dtype]
        out_size = 4 if rounded == "int32" else DTYPES[rounded]
        _fits("gemm", buffers, [n * n * out_size, n * n * size, n * n * size], max(size, out_size))
        arithmetic = {"f64": "double", "int8": "int"}.get(dtype, "float")
        width = 4 if dtype == "f64" else 8
        side = next(
            side for side in (16, 8, 1)
            if side * side <= self._able.group_items and side <= min(self._able.item_sizes[:2])
        )  # fmt: skip
        word = 8 if dtype == "f64" else 4
        deepest = self._able.local_bytes // (word * side * (8 + width))
        depth = 256 if self._able.is_cpu else 16
        while depth > 1 and depth > deepest:
            depth //= 2
        is_half = dtype == "f16"
        definitions = {
            "T": _C_NAMES[dtype], "R": _C_NAMES[rounded],
            "S": arithmetic, "SV": f"{arithmetic}{width}", "WIDTH": width,
            "ITEMS_X": side, "ITEMS_Y": side, "DEPTH": depth, "ON_CPU": int(self._able.is_cpu),
            "LOAD(p, i)": "vload_half(i, p)" if is_half else "((S)(p)[i])",
            "STORE(v, p, i)": "vstore_half_rte(v, i, p)" if is_half else "((p)[i] = (v))",
        }  # fmt: skip
        kernel = self._programs.kernel("gemm.cl", "gemm", definitions)
        kernel.set_args(*_places(buffers), np.uint32(n))
        items = (-(-n // (side * width)) * side, -(-n // (side * 8)) * side)
        return [Launch(kernel, items, (side, side))]

    def _count(self, buffers: Sequence[DeviceMemory]) -> list[Launch]:
        _fits("count", buffers, [4], 4)
        kernel = self._programs.kernel("threads.cl", "count", {})
        kernel.set_args(*_places(buffers))
        return [Launch(kernel, (1,), (1,))]

    def _chase(
        self, buffers: Sequence[DeviceMemory], n: int, steps: int, where: str
    ) -> list[Launch]:
        if where not in ("global", "local"):
            raise ValueError(f"chase: where={where!r} is neither 'global' nor 'local'")
        _require("chase", n=n)
        _fits("chase", buffers, [4, 4 * n], 4)
        arguments = [*_places(buffers), np.uint32(n), np.uint64(steps)]
        group = 1
        if where == "local":
            if n > _LOCAL_CHASE or 4 * n > self._able.local_bytes:
                raise Unsupported(
                    f"opencl: no local chase of {n} entries: at most "
                    f"{min(_LOCAL_CHASE, self._able.local_bytes // 4)} fit"
                )
            from pyopencl import LocalMemory

            arguments.append(LocalMemory(4 * n))
            group = 1 if self._able.is_cpu else min(64, self._group)
        kernel = self._programs.kernel("threads.cl", f"chase_{where}", {})
        kernel.set_args(*arguments)
        return [Launch(kernel, (group,), (group,))]

    def _coalesce(self, buffers: Sequence[DeviceMemory], n: int, stride: int) -> list[Launch]:
        _require("coalesce", n=n, stride=stride)
        if n % stride:
            raise ValueError(f"coalesce: stride={stride} does not divide n={n}")
        _fits("coalesce", buffers, [4 * n, 4 * n], 4)
        kernel = self._programs.kernel("threads.cl", "coalesce", {})
        kernel.set_args(*_places(buffers), np.uint32(n // stride), np.uint32(stride))
        rows = _up(n // stride, self._group)
        return [Launch(kernel, (rows, stride), (self._group, 1))]

    def _diverge(
        self, buffers: Sequence[DeviceMemory], n: int, ways: int, rounds: int
    ) -> list[Launch]:
        _require("diverge", n=n, ways=ways)
        if ways > 32:
            raise Unsupported(f"opencl: no diverge of {ways} ways: 32 branches are compiled")
        _fits("diverge", buffers, [4 * n], 4)
        kernel = self._programs.kernel("threads.cl", "diverge", {})
        kernel.set_args(
            *_places(buffers), np.uint64(n), np.uint32(ways), np.uint32(rounds), np.float32(0)
        )
        return [Launch(kernel, (_up(n, self._group),), (self._group,))]

    def _ramp(
        self, buffers: Sequence[DeviceMemory], blocks: int, threads: int, rounds: int
    ) -> list[Launch]:
        _require("ramp", blocks=blocks, threads=threads)
        if threads > self._able.group_items:
            raise Unsupported(
                f"opencl: no ramp of {threads} threads a block: the device runs at most "
                f"{self._able.group_items}"
            )
        _fits("ramp", buffers, [4 * blocks * threads], 4)
        kernel = self._programs.kernel("threads.cl", "ramp", {})
        kernel.set_args(*_places(buffers), np.uint32(rounds), *[np.float32(0)] * 4)
        return [Launch(kernel, (blocks * threads,), (threads,))]

    def _element(self, name: str, dtype: str, offered: tuple[str, ...]) -> int:
        """Return the bytes of an element of *dtype*, if the device computes kernel *name* in it."""
        if dtype not in DTYPES:
            raise ValueError(f"{name}: dtype={dtype!r} is none of {', '.join(DTYPES)}")
        if dtype not in offered:
            raise Unsupported(f"opencl: no {name} of {dtype}")
        lacks = {"f64": not self._able.has_f64, "f16": not self._able.has_f16}
        if lacks.get(dtype, False):
            raise Unsupported(
                f"opencl: no {name} of {dtype}: the device lacks cl_khr_fp{dtype[1:]}"
            )
        return DTYPES[dtype]

    def _width(self, size: int, buffers: Sequence[DeviceMemory] = ()) -> int:
        """Return how many elements a vector has: 32 B on a CPU (AVX), else 16 B (one load)."""
        nbytes = 32 if self._able.is_cpu else 16
        return nbytes // size if all(buffer.at % nbytes == 0 for buffer in buffers) else 1

    def _vectors(self, element: str, width: int, share: _Share) -> dict[str, object]:
        vector = f"{element}{width}" if width > 1 else element
        return {"T": element, "V": width, "TV": vector, "ITEMS": share.group}

    def _share(self, vectors: int) -> _Share:
        vectors = max(1, vectors)
        if self._able.is_cpu:
            # Whole pages of vectors each: no line is written by two cores.
            own = _up(-(-vectors // (_STRETCHES_PER_UNIT * self._able.units)), 128)
            return _Share(-(-vectors // own), 1, own, 1, own)
        group = 1 << (self._group.bit_length() - 1)  # Sums are halved, so a power of two.
        items = _up(min(vectors, self._able.units * _ITEMS_PER_UNIT), group)
        return _Share(items, group, 1, items, vectors)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _places(buffers: Sequence[DeviceMemory]) -> list[Any]:
    return [each for buffer in buffers for each in (buffer.buffer, np.uint64(buffer.at))]


def _require(name: str, **counts: int) -> None:
    for what, count in counts.items():
        if not 1 <= count < 2**32:
            raise ValueError(f"{name}: {what}={count!r} is not from 1 to 2**32 - 1")


def _fits(name: str, buffers: Sequence[DeviceMemory], needed: list[int], size: int) -> None:
    """Refuse buffers that the kernel would read or write beyond: a device does not notice."""
    for place, (buffer, nbytes) in enumerate(zip(buffers, needed, strict=True)):
        if buffer.nbytes < nbytes:
            what = KERNELS[name].buffers[place]
            raise ValueError(f"{name}: {what} needs {nbytes} B, and the buffer has {buffer.nbytes}")
        if buffer.at % size:
            raise ValueError(f"{name}: a buffer begins at {buffer.at}, no multiple of {size} B")
