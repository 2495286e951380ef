"""What is tried on a real OpenCL device, in a process of its own: PoCL may hang or fall over.

Run as a program it prints, as JSON, what each trial found wrong ("" is nothing), or why there is no
device.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

TRIALS: dict[str, Callable[[Any], str]] = {}
N = 9973  # A prime: no multiple of any group or vector.


def trial(function: Callable[[Any], str]) -> Callable[[Any], str]:
    TRIALS[function.__name__] = function
    return function


def refusal(call: Callable[[], object]) -> str:
    """Return the type and the sentence of what *call* raises, and that it is one line."""
    try:
        call()
    except Exception as error:
        said = str(error)
        return f"{type(error).__name__}: {said}" if "\n" not in said else f"a page: {said}"
    return "nothing was raised"


def expect(said: str, *parts: str) -> str:
    return "" if all(part in said for part in parts) else f"{said!r} lacks one of {parts}"


def random_bytes(nbytes: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, nbytes, np.uint8)


def put(device: Any, data: Any) -> Any:
    data = np.ascontiguousarray(data).view(np.uint8).reshape(-1)
    host, memory = device.host(data.size, pinned=False), device.alloc(data.size)
    host.array[:] = data
    device.copy(memory, host)
    device.sync()
    return memory


def got(device: Any, memory: Any, dtype: Any = np.uint8) -> Any:
    host = device.host(memory.nbytes, pinned=False)
    host.array[:] = 0xA5
    device.copy(host, memory)
    device.sync()
    return host.array.view(dtype)


@contextmanager
def opened_as(**changes: Any) -> Iterator[Any]:
    """Open the device as if it were another one: the kernels of GPUs run here as well."""
    from hwperf.devices.opencl import device as module
    from hwperf.devices.opencl import find

    real = module.abilities
    with patch.object(
        module, "abilities", lambda device: dataclasses.replace(real(device), **changes)
    ):
        device = find().devices[0].open()
    try:
        yield device
    finally:
        device.close()


@trial
def it_conforms(device: Any) -> str:
    """The device keeps the protocol and offers every kernel that it says."""
    from hwperf.devices.conformity import faults

    return "; ".join(faults(device))


@trial
def it_conforms_as_a_gpu(device: Any) -> str:
    """What GPUs are given (many items, tiles along k, local sums, f16) computes the same."""
    from hwperf.devices.conformity import faults

    with opened_as(is_cpu=False, has_f16=True, group_items=64) as other:
        return "; ".join(faults(other))


@trial
def it_has_what_opencl_always_has(device: Any) -> str:
    lacks = {"pinned", "events", "streams"} - device.capabilities
    return ", ".join(sorted(lacks)) or ("" if device.info.id == "opencl:0:0" else device.info.id)


@trial
def triad_rounds_twice_as_numpy_does(device: Any) -> str:
    rng = np.random.default_rng(1)
    for dtype in (np.float32, np.float64):
        b, c = (rng.standard_normal(N).astype(dtype) for _ in range(2))
        out = device.alloc(b.nbytes)
        name = "f32" if dtype is np.float32 else "f64"
        device.kernel("triad", [out, put(device, b), put(device, c)], n=N, dtype=name, scalar=0.3)(
            None
        )
        if not np.array_equal(got(device, out, dtype), b + dtype(0.3) * c):
            return f"{name} differs"
    return ""


@trial
def kernels_run_on_parts_that_no_vector_fits(device: Any) -> str:
    data = np.arange(N, dtype=np.float32)
    whole, out = put(device, data), device.alloc(data.nbytes)
    device.fill(out, 0xFF)
    device.kernel("copy", [out.part(4, 4 * 900), whole.part(20, 4 * 900)], n=900, dtype="f32")(None)
    after = got(device, out, np.float32)
    is_right = np.array_equal(after[1:901], data[5:905])
    return "" if is_right and np.isnan(after[0]) and np.isnan(after[901:]).all() else "differs"


@trial
def checksum_of_a_part_at_an_odd_place(device: Any) -> str:
    from hwperf.devices.checksum import checksum

    data = random_bytes(70001)
    memory = put(device, data)
    for at, nbytes in ((1, 70000), (64, 4099), (13, 3), (69999, 2)):
        if device.checksum(memory.part(at, nbytes)) != checksum(data[at : at + nbytes]):
            return f"at {at}, {nbytes} B"
    return ""


@trial
def checksum_of_more_than_one_stretch(device: Any) -> str:
    from hwperf.devices.checksum import checksum

    data = random_bytes(3 * 2**20 + 5)
    memory = put(device, data)
    with opened_as(is_cpu=False, units=2) as other:
        both = [device.checksum(memory), other.checksum(put(other, data))]
    return "" if both == [checksum(data)] * 2 else f"{both} != {checksum(data)}"


@trial
def gemm_of_sizes_that_no_tile_divides(device: Any) -> str:
    rng = np.random.default_rng(2)
    for n in (1, 37, 131):
        a, b = (rng.integers(-9, 9, (n, n)) for _ in range(2))
        for name, dtype, out_dtype in (
            ("f32", "f4", "f4"),
            ("f64", "f8", "f8"),
            ("int8", "i1", "i4"),
        ):
            out = device.alloc(n * n * np.dtype(out_dtype).itemsize)
            device.fill(out, 0xFF)
            on = [put(device, each.astype(dtype)) for each in (a, b.T)]
            device.kernel("gemm", [out, *on], n=n, dtype=name)(None)
            if not np.array_equal(got(device, out, out_dtype).reshape(n, n), a @ b):
                return f"{name}, n = {n}"
    return ""


@trial
def copies_outlive_the_array_that_they_read(device: Any) -> str:
    data = random_bytes(2**20)
    memories = [device.alloc(data.size) for _ in range(8)]
    for memory in memories:
        host = device.host(data.size, pinned=False)
        host.array[:] = data
        device.copy(memory, host)
        del host
    wrong = [memory for memory in memories if not np.array_equal(got(device, memory), data)]
    return f"{len(wrong)} differ" if wrong else ""


@trial
def a_kernel_outlives_the_buffers_that_it_was_given(device: Any) -> str:
    counter = put(device, np.zeros(1, np.int32))
    enqueue = device.kernel("count", [counter.part(0, 4)])
    dot = device.kernel("dot", [device.alloc(4), device.alloc(4 * N), device.alloc(4 * N)],
                        n=N, dtype="f32")  # fmt: skip
    for _ in range(3):
        enqueue(None)
        dot(None)
    return "" if got(device, counter, np.int32)[0] == 3 else "lost"


@trial
def the_hosts_memory_is_page_aligned_when_pageable(device: Any) -> str:
    return "" if device.host(5000, pinned=False).array.ctypes.data % 4096 == 0 else "it is not"


@trial
def a_copy_from_host_to_host(device: Any) -> str:
    first, second = device.host(100, pinned=True), device.host(100, pinned=False)
    first.array[:] = 7
    device.copy(second, first)
    return "" if (second.array == 7).all() else "differs"


@trial
def refusals(device: Any) -> str:
    """What it cannot do is told in one line, with what it can do."""
    small = device.alloc(64)
    tried = (
        (lambda: device.kernel("gem", [small]), "Unsupported", "no kernel 'gem'", "gemm"),
        (lambda: device.kernel("gemm", [small] * 3, n=2, dtype="bf16"),
         "Unsupported: opencl: no gemm of bf16"),
        (lambda: device.kernel("triad", [small] * 3, n=2, dtype="int8", scalar=1.0),
         "Unsupported: opencl: no triad of int8"),
        (lambda: device.kernel("copy", [small] * 2, n=2, dtype="f31"), "ValueError", "'f31'"),
        (lambda: device.kernel("copy", [small] * 2, n=17, dtype="f32"), "ValueError", "68 B", "64"),
        (lambda: device.kernel("copy", [small] * 3, n=1, dtype="f32"), "ValueError", "2 buffers"),
        (lambda: device.kernel("copy", [small] * 2, n=1, type="f32"), "ValueError", "dtype"),
        (lambda: device.kernel("copy", [small, small.part(2, 8)], n=1, dtype="f32"),
         "ValueError", "begins at 2"),
        (lambda: device.kernel("diverge", [small], n=4, ways=33, rounds=1), "Unsupported", "32"),
        (lambda: device.kernel("coalesce", [small] * 2, n=10, stride=3), "ValueError", "divide"),
        (lambda: device.kernel("ramp", [device.alloc(2**22)], blocks=1, threads=2**20, rounds=1),
         "Unsupported", "threads a block"),
        (lambda: device.kernel("chase", [small] * 2, n=16, steps=1, where="shared"),
         "ValueError", "'shared'"),
        (lambda: device.graph([]), "Unsupported", "graphs"),
        (lambda: device.alloc(0), "ValueError", "0 B"),
        (lambda: device.alloc(2**50), "Unsupported", "allocates at most"),
        (lambda: device.host(2**50, pinned=True), "Unsupported", "allocates at most"),
        (lambda: device.host(2**50, pinned=False), "Unsupported", "are left"),
        (lambda: small.part(60, 5), "ValueError", "part(60, 5)", "64 B"),
        (lambda: device.copy(small, device.host(63, pinned=False)), "ValueError", "63 B"),
        (lambda: device.sync(object()), "ValueError", "no stream"),
    )  # fmt: skip
    return "; ".join(filter(None, (expect(refusal(call), *parts) for call, *parts in tried)))


@trial
def lacking_types_are_named(device: Any) -> str:
    with opened_as(has_f64=False, has_f16=False) as other:
        small = [other.alloc(64)] * 3
        return expect(
            refusal(lambda: other.kernel("gemm", small, n=2, dtype="f64")), "lacks cl_khr_fp64"
        ) + expect(
            refusal(lambda: other.kernel("gemm", small, n=2, dtype="f16")), "lacks cl_khr_fp16"
        )


@trial
def memory_that_is_full_is_told_when_it_is_asked_for(device: Any) -> str:
    with opened_as(memory_bytes=2**20 + 2**16) as other:
        held = other.alloc(2**20)
        said = refusal(lambda: other.alloc(2**17))
        del held
        other.alloc(2**20)
    return expect(said, "Unsupported", "128 KiB cannot be allocated", "64 KiB are left")


@trial
def a_kernel_that_does_not_build_is_one_line(device: Any) -> str:
    from hwperf.devices.opencl.programs import Programs

    programs = Programs(device._cl, device._context, "opencl:0:0")
    definitions = {"T": "nonsense", "V": 1, "TV": "nonsense", "ITEMS": 1}
    said = refusal(lambda: programs.kernel("stream.cl", "copy", definitions))
    return expect(said, "DeviceFailed: opencl:0:0: kernel 'copy' does not build: ", "nonsense")


@trial
def a_device_that_fails_says_so_in_one_line(device: Any) -> str:
    """Each command of the driver fails in turn, as on a GPU that has fallen off the bus."""
    cl = device._cl
    gone = cl.RuntimeError(
        cl._cl._ErrorRecord(msg="it is gone\nand this is a page", code=-36, routine="clFinish")
    )

    class Gone:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("enqueue") or name == "CommandQueue":
                return self.fail
            return getattr(cl, name)

        def fail(self, *args: Any, **kwargs: Any) -> Any:
            raise gone

    with opened_as() as other:
        memory, host = other.alloc(64), other.host(64, pinned=False)
        count = other.kernel("count", [memory])
        other._cl = Gone()
        calls = (
            lambda: other.copy(memory, host), lambda: other.copy(host, memory),
            lambda: other.copy(memory, memory), lambda: other.fill(memory, 1),
            lambda: count(None), other.mark, other.stream, lambda: other.checksum(memory),
            lambda: other.alloc(64), lambda: other.host(64, pinned=True),
        )  # fmt: skip
        should = f"DeviceFailed: opencl:0:0 failed: {str(gone).splitlines()[0]}"
        wrong = [said for said in map(refusal, calls) if said != should]
        other._cl = cl
    return "; ".join(wrong)


@trial
def it_is_closed_twice_and_refuses_then(device: Any) -> str:
    with opened_as() as other:
        memory, host = other.alloc(64), other.host(64, pinned=True)
        count = other.kernel("count", [memory])
        other.copy(memory, host)
        other.close()
        other.close()
        host.array[:] = 1  # What was mapped stays as long as its array.
        calls = (lambda: count(None), lambda: other.alloc(1), other.sync,
                 lambda: other.copy(memory, host))  # fmt: skip
        return "; ".join(filter(None, (expect(refusal(call), "is closed") for call in calls)))


def main() -> None:
    from hwperf.devices.opencl import find

    found = find()
    if not found.devices:
        print(json.dumps({"absent": "; ".join(each.why for each in found.absent)}))
        return
    device = found.devices[0].open()
    said = {}
    for name, function in TRIALS.items():
        try:
            said[name] = function(device)
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
    device.close()
    print(json.dumps({"said": said}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
