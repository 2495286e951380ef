"""torch's CPU as a device: it keeps the protocol, and computes what it should."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hwperf import Unsupported
from hwperf.devices import opened
from hwperf.devices import pytorch as back_end
from hwperf.devices.checksum import checksum
from hwperf.devices.conformity import faults
from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES, ROUNDED

torch = pytest.importorskip("torch")


@pytest.fixture
def cpu() -> Iterator[Any]:
    (candidate,) = [each for each in back_end.find().devices if each.id == "torch:cpu"]
    with opened(candidate) as device:
        yield device


def test_it_keeps_the_protocol(cpu: Any) -> None:
    assert faults(cpu) == ()


def test_it_says_what_it_is(cpu: Any) -> None:
    assert (cpu.info.id, cpu.info.kind, cpu.info.backend) == ("torch:cpu", "cpu", "torch")
    assert cpu.info.is_unified
    assert cpu.info.runtime == f"torch {torch.__version__}, one thread"
    assert cpu.capabilities == frozenset()
    assert list(cpu.peer()) == []
    assert cpu.free_bytes() > 0


@pytest.mark.parametrize("nbytes", [*range(10), 255, 4096, 100_003])
def test_it_sums_as_the_host_does(cpu: Any, nbytes: int) -> None:
    data = np.frombuffer(np.random.default_rng(nbytes).bytes(nbytes), np.uint8)
    host, buffer = cpu.host(nbytes, pinned=False), cpu.alloc(nbytes)
    host.array[:] = data
    cpu.copy(buffer, host)
    assert cpu.checksum(buffer) == checksum(data)


def test_it_sums_beyond_a_part_as_the_host_does(cpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hwperf.devices.pytorch import device

    monkeypatch.setattr(device, "_PART", 100)
    for nbytes in (399, 400, 401, 4444):
        data = np.full(nbytes, 0xFF, np.uint8)  # As negative words and large sums as there are.
        host, buffer = cpu.host(nbytes, pinned=False), cpu.alloc(nbytes)
        host.array[:] = data
        cpu.copy(buffer, host)
        assert cpu.checksum(buffer) == checksum(data)


def test_large_sums_wrap_as_the_hosts_do(cpu: Any) -> None:
    nbytes = 4 * (2**22 + 5) + 3
    host, buffer = cpu.host(nbytes, pinned=False), cpu.alloc(nbytes)
    host.array[:] = 0xFE
    cpu.copy(buffer, host)
    assert cpu.checksum(buffer) == checksum(host.array)


@pytest.mark.parametrize("n", [64, 96])
@pytest.mark.parametrize("dtype", [each for each in DTYPES if each not in ("tf32",)])
def test_products_of_matrices_are_right(cpu: Any, dtype: str, n: int) -> None:
    rng = np.random.default_rng(0)
    numbers = [rng.integers(-3, 4, (n, n)).astype(float) for _ in range(2)]
    a, b, c = (cpu.alloc(n * n * 8) for _ in range(3))
    for buffer, values in ((a, numbers[0]), (b, numbers[1].T)):
        data = encode(values, dtype)
        host = cpu.host(data.size, pinned=False)
        host.array[:] = data
        cpu.copy(buffer.part(0, data.size), host)
    cpu.fill(c, 0xFF)
    try:
        cpu.kernel("gemm", [c, a, b], n=n, dtype=dtype)(None)
    except Unsupported as why:
        pytest.skip(f"on this processor: {why}")
    rounded = ROUNDED[dtype]
    size = 4 if rounded == "int32" else DTYPES[rounded]
    back = cpu.host(n * n * 8, pinned=False)
    cpu.copy(back, c)
    found = decode(back.array[: n * n * size], rounded).reshape(n, n)
    should = numbers[0] @ numbers[1]
    exact = decode(encode(should, rounded), rounded).reshape(n, n)
    assert np.array_equal(found, exact)
    assert (back.array[n * n * size :] == 0xFF).all()


@pytest.mark.parametrize("nbytes", [2**60, 2**50])
def test_more_memory_than_there_is_is_not_there(cpu: Any, nbytes: int) -> None:
    with pytest.raises(Unsupported, match=f"torch:cpu: no memory for {nbytes} bytes"):
        cpu.alloc(nbytes)
    with pytest.raises(Unsupported, match=f"torch:cpu: no memory for {nbytes} bytes of the host"):
        cpu.host(nbytes, pinned=False)


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda cpu: cpu.host(4, pinned=True), "torch has no pinned memory for cpu devices"),
        (lambda cpu: cpu.mark(), "torch has no events for cpu devices"),
        (lambda cpu: cpu.stream(), "torch has no streams for cpu devices"),
        (lambda cpu: cpu.graph([]), "torch has no graphs for cpu devices"),
        (lambda cpu: cpu.kernel("fft", []), "torch has no kernel 'fft'"),
        (lambda cpu: cpu.kernel("chase", []), "torch has no kernel 'chase' on cpu; it takes"),
    ],
)
def test_what_it_lacks_is_said(cpu: Any, does: Any, says: str) -> None:
    with pytest.raises(Unsupported) as why:
        does(cpu)
    assert str(why.value).startswith(says)


def test_it_uses_one_thread_and_then_as_many_as_before() -> None:
    before = torch.get_num_threads()
    (candidate,) = [each for each in back_end.find().devices if each.id == "torch:cpu"]
    with opened(candidate):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_the_precision_of_products_is_as_it_was_before(cpu: Any) -> None:
    setting = torch.backends.cuda.matmul
    name = "fp32_precision" if hasattr(setting, "fp32_precision") else "allow_tf32"
    before = getattr(setting, name)
    buffers = [cpu.alloc(64 * 64 * 4) for _ in range(3)]
    cpu.kernel("gemm", buffers, n=64, dtype="f32")(None)
    assert getattr(setting, name) == before


def test_finding_it_imports_no_torch_where_the_system_has_no_accelerator() -> None:
    program = (
        "import sys\n"
        "import hwperf.host.accelerator.found as accelerators\n"
        "accelerators.present = lambda *root: ()\n"
        "from hwperf.devices.pytorch import find\n"
        "found = find()\n"
        "assert 'torch' not in sys.modules\n"
        "print([each.id for each in found.devices], found.absent[0].why)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['torch:cpu'] torch ")
    assert ", but the system has " in done.stdout


def test_without_torch_it_says_what_installing_it_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = back_end.find()
    assert found.devices == ()
    assert found.absent[0].why == (
        "torch is not installed: pip install 'hwperf[torch]' adds its devices"
    )


@pytest.mark.parametrize("count", [0, 2])
def test_with_an_accelerator_torch_is_asked_how_many_it_reaches(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    import hwperf.host.accelerator.found as accelerators

    seen: list[str | None] = []

    def is_available() -> bool:
        seen.append(os.environ.get("PYTORCH_NVML_BASED_CUDA_CHECK"))
        return count > 0

    monkeypatch.setattr(accelerators, "present", lambda: (object(),))
    monkeypatch.setattr(torch.accelerator, "is_available", is_available)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda: torch.device("cuda"), raising=False
    )
    found = back_end.find()
    assert seen == ["1"]
    assert "PYTORCH_NVML_BASED_CUDA_CHECK" not in os.environ
    ids = [each.id for each in found.devices]
    assert ids == [*(f"torch:cuda:{i}" for i in range(count)), "torch:cpu"]
    if not count:
        assert "reaches none: its build or the driver lacks what" in found.absent[0].why
