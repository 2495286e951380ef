"""Try every kernel in numba's CUDA simulator, at odd sizes, against numpy; print what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hwperf.devices import opened
from hwperf.devices.checksum import checksum
from hwperf.devices.conformity import faults
from hwperf.devices.numba_cuda import find
from hwperf.devices.numba_cuda.geometry import Layout
from hwperf.devices.numba_cuda.kernels import Target, build, on_pointers
from hwperf.errors import Unsupported

REAL = {"f32": np.float32, "f64": np.float64}


class Trial:
    """Runs kernels on one device."""

    def __init__(self, device: Any) -> None:
        self.device = device

    def put(self, data: Any) -> Any:
        host = self.device.host(data.nbytes, pinned=False)
        host.array[:] = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        buffer = self.device.alloc(data.nbytes)
        self.device.copy(buffer, host)
        return buffer

    def got(self, buffer: Any, dtype: Any) -> Any:
        host = self.device.host(buffer.nbytes, pinned=False)
        self.device.copy(host, buffer)
        self.device.sync()
        return host.array.view(dtype)

    def poisoned(self, nbytes: int) -> Any:
        buffer = self.device.alloc(nbytes)
        self.device.fill(buffer, 0xFF)
        return buffer

    def streaming(self) -> Iterator[tuple[str, bool]]:
        for dtype, n in (("f32", 1), ("f64", 127), ("f32", 128), ("f32", 129), ("f64", 257)):
            real = REAL[dtype]
            a, b = np.random.default_rng(n).integers(-9, 9, (2, n)).astype(real)
            a_on, b_on = self.put(a), self.put(b)
            expected = {
                "copy": (a, [a_on], {}),
                "scale": (3 * a, [a_on], {"scalar": 3.0}),
                "add": (a + b, [a_on, b_on], {}),
                "triad": (a + 3 * b, [a_on, b_on], {"scalar": 3.0}),
                "dot": (np.array([a @ b]), [a_on, b_on], {}),
            }
            for name, (should, inputs, more) in expected.items():
                out = self.poisoned(should.nbytes + 8)  # What lies behind must stay as it is.
                self.device.kernel(name, [out, *inputs], n=n, dtype=dtype, **more)(None)
                is_ = self.got(out, np.uint8)
                right = np.array_equal(is_[:-8].view(real), should) and (is_[-8:] == 0xFF).all()
                yield f"{name} of {n} {dtype}", bool(right)

    def gemm(self) -> Iterator[tuple[str, bool]]:
        simulator = Target(None, Layout(32, 2, 1))  # Blocks of 16 x 16: several, and some in part.
        for dtype, n in (("f32", 1), ("f32", 17), ("f64", 33)):
            a, b = np.random.default_rng(n).integers(-9, 9, (2, n, n)).astype(REAL[dtype])
            out = self.poisoned(a.nbytes)
            arrays = [out.array, self.put(a).array, self.put(b.T).array]
            build("gemm", arrays, {"n": n, "dtype": dtype}, simulator)(None)
            right = np.array_equal(self.got(out, a.dtype).reshape(n, n), a @ b)
            yield f"gemm of {n} {dtype}", right

    def chase(self) -> Iterator[tuple[str, bool]]:
        for n, steps, where in ((1, 5, "global"), (7, 0, "local"), (4096, 99, "local")):
            order = np.roll(np.arange(n, dtype=np.int32), -3)
            out = self.poisoned(4)
            buffers = [out, self.put(order)]
            self.device.kernel("chase", buffers, n=n, steps=steps, where=where)(None)
            yield (
                f"chase {where} of {n}",
                int(self.got(out, np.int32)[0]) == 3 * steps % n,
            )

    def coalesce(self) -> Iterator[tuple[str, bool]]:
        for n, stride in ((1000, 8), (96, 96), (99, 3), (33, 1)):
            data = np.arange(n, dtype=np.float32)
            out = self.poisoned(data.nbytes)
            self.device.kernel("coalesce", [out, self.put(data)], n=n, stride=stride)(None)
            yield f"coalesce {n} by {stride}", np.array_equal(self.got(out, np.float32), data)

    def diverge(self) -> Iterator[tuple[str, bool]]:
        for ways, rounds in ((3, 1), (31, 40), (32, 0), (32, 33)):
            n = 67
            out = self.poisoned(4 * n)
            self.device.kernel("diverge", [out], n=n, ways=ways, rounds=rounds)(None)
            should = np.zeros(n, np.float32)
            for _ in range(rounds):
                should = should * np.float32(0.5) + (np.arange(n) % ways + 1).astype(np.float32)
            right = np.array_equal(self.got(out, np.float32), should)
            yield f"diverge {ways} ways, {rounds} rounds", right

    def ramp(self) -> Iterator[tuple[str, bool]]:
        for rounds in (0, 1, 15, 16, 17, 40):
            out = self.poisoned(4 * 21)
            self.device.kernel("ramp", [out], blocks=3, threads=7, rounds=rounds)(None)
            should = np.float32(0)
            for _ in range(rounds):
                should = should * np.float32(0.5) + np.float32(1)
            yield f"ramp {rounds} rounds", bool((self.got(out, np.float32) == 4 * should).all())

    def checksums(self) -> Iterator[tuple[str, bool]]:
        data = np.random.default_rng(6).integers(0, 256, 1030).astype(np.uint8)
        data[:8] = 255  # So that the sums pass 2**32.
        buffer = self.put(data)
        for offset, nbytes in ((0, 1030), (0, 1), (256, 3), (1, 6), (0, 1029)):
            part = data[offset : offset + nbytes]
            is_ = self.device.checksum(buffer.part(offset, nbytes))
            yield f"checksum of {nbytes} B from {offset} on", is_ == checksum(part)

    def refused(self) -> Iterator[tuple[str, str]]:
        out = self.poisoned(64)
        requests: dict[str, Callable[[], Any]] = {
            "bf16": lambda: self.device.kernel("gemm", [out] * 3, n=4, dtype="bf16"),
            "int8": lambda: self.device.kernel("copy", [out] * 2, n=4, dtype="int8"),
            "name": lambda: self.device.kernel("sort", [out]),
            "local": lambda: self.device.kernel(
                "chase", [out, self.poisoned(4 * 4097)], n=4097, steps=1, where="local"
            ),
            "where": lambda: self.device.kernel("chase", [out] * 2, n=4, steps=1, where="near"),
            "params": lambda: self.device.kernel("count", [out], n=1),
            "buffers": lambda: self.device.kernel("copy", [out], n=4, dtype="f32"),
            "small": lambda: self.device.kernel("copy", [out] * 2, n=17, dtype="f32"),
            "stride": lambda: self.device.kernel("coalesce", [out] * 2, n=10, stride=3),
            "ways": lambda: self.device.kernel("diverge", [out], n=4, ways=33, rounds=1),
            "threads": lambda: self.device.kernel("ramp", [out], blocks=1, threads=1025, rounds=1),
            "pinned": lambda: self.device.host(8, pinned=True),
            "events": lambda: self.device.mark(),
            "streams": lambda: self.device.stream(),
            "graphs": lambda: self.device.graph([]),
            "on_pointers": lambda: on_pointers("count", [(4096, 4)], 0),
            "part": lambda: out.part(60, 8),
            "too long": lambda: self.device.copy(out.part(0, 4), self.device.host(8, pinned=False)),
        }
        for what, request in requests.items():
            try:
                request()
            except (Unsupported, ValueError) as why:
                yield what, f"{type(why).__name__}: {why}"
            else:
                yield what, "accepted"


def main() -> None:
    """Print one line of JSON."""
    found = find()
    with opened(found.devices[0]) as device:
        trial = Trial(device)
        kernels = (
            trial.streaming, trial.gemm, trial.chase, trial.coalesce, trial.diverge, trial.ramp,
            trial.checksums,
        )  # fmt: skip
        tried = dict(each for kernel in kernels for each in kernel())
        told = {
            "kind": found.devices[0].kind,
            "capabilities": sorted(device.capabilities),
            "peers": len(device.peer()),
            "free": device.free_bytes(),
            "faults": faults(device),
            "tried": len(tried),
            "wrong": [what for what, is_right in tried.items() if not is_right],
            "refused": dict(trial.refused()),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
