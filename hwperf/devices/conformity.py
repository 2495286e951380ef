"""Whether a device does what the protocol says. This module tries all of it, for authors.

For the author of a back end, in a test of theirs::

    def test_conforms():
        with opened(find().devices[0]) as device:
            assert faults(device) == ()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from hwperf.devices.checksum import checksum
from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES, ROUNDED
from hwperf.devices.protocol import CAPABILITIES, Bytes, Device, DeviceBuffer
from hwperf.errors import Unsupported

__all__ = ["faults"]

_SIZES = (1, 3, 256, 4097, 65536)
_APART = 256  # Where parts of a buffer begin, at least.
_N = 1000  # Elements: no multiple of any block of threads.
_SIDE = 64
_TOLERANCES = {
    "f64": 1e-13, "f32": 1e-5, "tf32": 3e-3, "bf16": 2e-2, "f16": 3e-3, "fp8": 2e-2, "int8": 0.0,
}  # fmt: skip


def faults(device: Device) -> tuple[str, ...]:
    """Return how *device* breaks the protocol; nothing if it keeps it.

    What it says that it cannot do (``Unsupported``) is no fault.
    """
    found: list[str] = []
    for what, trial in _trials():
        try:
            found += [f"{what}: {sentence}" for sentence in trial(device)]
        except Unsupported:
            continue
        except Exception as error:  # Border: a back end that may do anything.
            found.append(f"{what} raised {type(error).__name__}: {error}")
    return tuple(found)


def _trials() -> Iterator[tuple[str, Callable[[Device], Iterator[str]]]]:
    yield "info", _info
    for is_pinned in (False, True):
        kind = "pinned" if is_pinned else "pageable"
        for nbytes in _SIZES:
            yield (
                f"copies of {nbytes} B, {kind}",
                partial(_copies, nbytes=nbytes, is_pinned=is_pinned),
            )
    yield "parts of buffers", _parts
    yield "fill", _fill
    yield "events", _events
    yield "streams", _streams
    yield "kernel 'nonsense'", _nonsense
    for dtype in ("f32", "f64"):
        for name in ("copy", "scale", "add", "triad", "dot"):
            yield (
                f"kernel {name} of {dtype}",
                partial(_stream_kernel, name=name, dtype=dtype),
            )
    for dtype in DTYPES:
        yield f"kernel gemm of {dtype}", partial(_gemm, dtype=dtype)
    yield "kernel count", _count
    yield "graph", _graph
    for where in ("global", "local"):
        yield f"kernel chase, {where}", partial(_chase, where=where)
    for stride in (1, 4, 32):
        yield f"kernel coalesce, stride {stride}", partial(_coalesce, stride=stride)
    for ways in (1, 2, 32):
        yield f"kernel diverge, {ways} ways", partial(_diverge, ways=ways)
    for blocks in (1, 3):
        yield f"kernel ramp, {blocks} blocks", partial(_ramp, blocks=blocks)


def _info(device: Device) -> Iterator[str]:
    unknown = sorted(device.capabilities - set(CAPABILITIES))
    if unknown:
        yield f"{', '.join(unknown)} are no capabilities; there are {', '.join(CAPABILITIES)}"
    if not (device.info.id and device.info.name and device.info.backend):
        yield "id, name and backend must not be empty"
    free = device.free_bytes()
    if free is not None and not free > 0:
        yield f"free_bytes() gave {free!r}"
    first = device.clock()
    if not device.clock() >= first:
        yield "clock() goes backwards"


def random_bytes(nbytes: int, seed: int = 0) -> Bytes:
    """Return *nbytes* random bytes."""
    return np.frombuffer(np.random.default_rng(seed).bytes(nbytes), np.uint8)


def put(device: Device, data: Bytes) -> DeviceBuffer:
    """Return a buffer of the device that holds *data*."""
    host = device.host(data.size, pinned=False)
    host.array[:] = data
    buffer = device.alloc(data.size)
    device.copy(buffer, host)
    device.sync()
    return buffer


def got(device: Device, buffer: DeviceBuffer) -> Bytes:
    """Return what *buffer* holds."""
    device.sync()
    host = device.host(buffer.nbytes, pinned=False)
    host.array[:] = 0xA5
    device.copy(host, buffer)
    device.sync()
    return host.array


def _differs(is_: Any, should: Any, what: str) -> Iterator[str]:
    wrong = np.flatnonzero(~(np.asarray(is_) == np.asarray(should)))
    if wrong.size:
        i = wrong[0]
        yield (
            f"{wrong.size} of {np.size(should)} {what} are wrong, the first at {i}: "
            f"{is_[i]!r} (is) != {should[i]!r} (should)"
        )


def _copies(device: Device, nbytes: int, is_pinned: bool) -> Iterator[str]:
    source, back = device.host(nbytes, pinned=is_pinned), device.host(nbytes, pinned=is_pinned)
    if source.nbytes != nbytes or source.array.shape != (nbytes,):
        yield f"host({nbytes}) gave {source.nbytes} B of shape {source.array.shape}"
    source.array[:] = random_bytes(nbytes)
    back.array[:] = ~source.array
    first, second = device.alloc(nbytes), device.alloc(nbytes)
    for buffer in (first, second):
        device.fill(buffer, 0x5A)
    device.copy(first, source)
    sums = device.checksum(first)
    if tuple(sums) != checksum(source.array):
        yield f"the checksum is {tuple(sums)}, not {checksum(source.array)}, after a copy to it"
    device.copy(second, first)
    device.copy(back, second)
    device.sync()
    yield from _differs(back.array, source.array, "bytes that went there and back")
    if nbytes > 8:
        changed = source.array.copy()
        changed[[0, -1]] = changed[[-1, 0]]
        if tuple(device.checksum(first)) == checksum(changed):
            yield "the checksum does not notice two bytes that have changed places"


def _parts(device: Device) -> Iterator[str]:
    data = random_bytes(4 * _APART, 1)
    source, buffer = device.host(data.size, pinned=False), device.alloc(data.size)
    source.array[:] = data
    device.fill(buffer, 0)
    for place in range(4):  # Each into the place of another.
        device.copy(
            buffer.part(_APART * (3 - place), _APART - 1),
            source.part(_APART * place, _APART - 1),
        )
    should = np.zeros_like(data)
    for place in range(4):
        end = _APART * place + _APART - 1
        should[_APART * (3 - place) : _APART * (3 - place) + _APART - 1] = data[
            _APART * place : end
        ]
    yield from _differs(got(device, buffer), should, "bytes")
    part = got(device, buffer.part(2 * _APART, _APART))
    yield from _differs(part, should[2 * _APART : 3 * _APART], "bytes of a part")
    sums = tuple(device.checksum(buffer.part(_APART, _APART)))
    if sums != checksum(should[_APART : 2 * _APART]):
        yield "the checksum of a part is not that of its bytes"


def _fill(device: Device) -> Iterator[str]:
    buffer = put(device, random_bytes(1001))
    device.fill(buffer.part(256, 512), 7)
    should = random_bytes(1001).copy()
    should[256:768] = 7
    yield from _differs(got(device, buffer), should, "bytes")


def _events(device: Device) -> Iterator[str]:
    if "events" not in device.capabilities:
        return
    data = random_bytes(2**20)
    source, buffer = device.host(data.size, pinned=False), device.alloc(data.size)
    source.array[:] = data
    device.sync()
    begin = device.clock()
    first = device.mark()
    for _ in range(20):
        device.copy(buffer, source)
    second = device.mark()
    device.sync()
    wall = device.clock() - begin
    event = device.elapsed(first, second)
    if not 0 < event <= 1.05 * wall + 2e-6:
        yield f"the device says {event:.3g} s where the clock of the host says {wall:.3g} s"


def _streams(device: Device) -> Iterator[str]:
    if "streams" not in device.capabilities:
        return
    data = random_bytes(2**16, 2)
    source = device.host(data.size, pinned="pinned" in device.capabilities)
    source.array[:] = data
    streams = [device.stream(), device.stream()]
    buffers = [device.alloc(data.size) for _ in streams]
    device.sync()
    for stream, buffer in zip(streams, buffers, strict=True):
        device.copy(buffer, source, stream)
        device.sync(stream)
    for buffer in buffers:
        yield from _differs(got(device, buffer), data, "bytes copied in a stream of its own")


def _nonsense(device: Device) -> Iterator[str]:
    try:
        device.kernel("nonsense", [])
    except Unsupported as why:
        if not str(why):
            yield "Unsupported without a reason"
        return
    yield "is offered"


def _stream_kernel(device: Device, name: str, dtype: str) -> Iterator[str]:
    rng = np.random.default_rng(3)
    first, second = rng.integers(-8, 8, _N), rng.integers(-8, 8, _N)
    first_on, second_on = (put(device, encode(each, dtype)) for each in (first, second))
    out = device.alloc((1 if name == "dot" else _N) * DTYPES[dtype])
    device.fill(out, 0xFF)
    scalar = {"scalar": 3.0} if name in ("scale", "triad") else {}
    inputs = [first_on] if name in ("copy", "scale") else [first_on, second_on]
    device.kernel(name, [out, *inputs], n=_N, dtype=dtype, **scalar)(None)
    should: Any = {
        "copy": first,
        "scale": 3 * first,
        "add": first + second,
        "triad": first + 3 * second,
        "dot": np.array([np.dot(first, second)]),
    }[name]
    yield from _differs(decode(got(device, out), dtype), should.astype(float), "elements")


def _gemm(device: Device, dtype: str) -> Iterator[str]:
    rng = np.random.default_rng(4)
    a, b = (
        rng.integers(-8, 8, (_SIDE, _SIDE)).astype(float)
        if dtype == "int8"
        else decode(encode(rng.standard_normal((_SIDE, _SIDE)), dtype), dtype).reshape(_SIDE, -1)
        for _ in range(2)
    )
    on = [put(device, encode(a, dtype)), put(device, encode(b.T, dtype))]
    rounded = ROUNDED[dtype]
    out = device.alloc(_SIDE * _SIDE * (4 if rounded == "int32" else DTYPES[rounded]))
    device.fill(out, 0xFF)
    device.kernel("gemm", [out, *on], n=_SIDE, dtype=dtype)(None)
    is_ = decode(got(device, out), rounded)
    should = (a @ b).reshape(-1)
    error = np.abs(is_ - should).max() / np.abs(should).max()
    if not error <= _TOLERANCES[dtype]:
        yield f"off by {error:.2g} of the largest element, more than {_TOLERANCES[dtype]:.2g}"


def _count(device: Device) -> Iterator[str]:
    counter = put(device, np.zeros(4, np.uint8))
    enqueue = device.kernel("count", [counter])
    for _ in range(7):
        enqueue(None)
    yield from _differs(got(device, counter).view(np.int32), np.array([7]), "counts")


def _graph(device: Device) -> Iterator[str]:
    if "graphs" not in device.capabilities:
        return
    counter = put(device, np.zeros(4, np.uint8))
    replay = device.graph([device.kernel("count", [counter])] * 5)
    before = int(got(device, counter).view(np.int32)[0])
    for _ in range(3):
        replay(None)
    after = int(got(device, counter).view(np.int32)[0])
    if after - before != 15:
        yield f"three replays of five counts have counted {after - before}"


def _chase(device: Device, where: str) -> Iterator[str]:
    order = np.roll(np.arange(_N, dtype=np.int32), -7)
    out, order_on = device.alloc(4), put(device, order.view(np.uint8))
    device.fill(out, 0xFF)
    device.kernel("chase", [out, order_on], n=_N, steps=2345, where=where)(None)
    should = np.array([7 * 2345 % _N])
    yield from _differs(got(device, out).view(np.int32), should, "ends")


def _coalesce(device: Device, stride: int) -> Iterator[str]:
    n = 2048
    data = encode(np.random.default_rng(5).standard_normal(n), "f32")
    source, out = put(device, data), device.alloc(data.size)
    device.fill(out, 0xFF)
    device.kernel("coalesce", [out, source], n=n, stride=stride)(None)
    yield from _differs(got(device, out), data, "bytes")


def _diverge(device: Device, ways: int) -> Iterator[str]:
    out = device.alloc(4 * _N)
    device.fill(out, 0xFF)
    device.kernel("diverge", [out], n=_N, ways=ways, rounds=64)(None)
    should = 2.0 * (np.arange(_N) % ways + 1)
    yield from _differs(decode(got(device, out), "f32"), should, "elements")


def _ramp(device: Device, blocks: int) -> Iterator[str]:
    threads = 64
    out = device.alloc(4 * blocks * threads)
    device.fill(out, 0xFF)
    device.kernel("ramp", [out], blocks=blocks, threads=threads, rounds=64)(None)
    yield from _differs(decode(got(device, out), "f32"), np.full(blocks * threads, 8.0), "sums")
