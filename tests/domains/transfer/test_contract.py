"""Each workload of the domain keeps the contract: its check notices what it must."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

import hwperf.domains.transfer as transfer
from hwperf import Unsupported
from hwperf.devices import DEVICE
from hwperf.measure import Profile, measure
from hwperf.measure.contract import violations

from .points import POINTS, named

pytestmark = pytest.mark.usefixtures("small")

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed here")

ON_CPU = [
    ("host_to_device", {"nbytes": 4096, "memory": "pageable"}),
    ("device_to_host", {"nbytes": 4096, "memory": "pageable"}),
    ("fit", {"direction": "host_to_device", "memory": "pageable"}),
    ("chunks", {"pieces": 16, "memory": "pageable"}),
    ("round_trip", {}),
    ("launch", {"how": "queued"}),
    ("launch", {"how": "waited"}),
    ("launch", {"how": "wait_alone"}),
    *(("stream", {"op": op, "dtype": "f32"}) for op in ("copy", "add", "dot")),
    *(("gemm", {"n": 64, "dtype": dtype}) for dtype in ("f32", "bf16", "f16", "fp8", "int8")),
]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the host, too, the arrays of a test are small; they lie in its cache."""
    for name in ("stream", "threads", "latency", "between"):
        # Some workloads are called as their modules are.
        module = importlib.import_module(f"hwperf.domains.transfer.{name}")
        monkeypatch.setattr(module, "beyond_cache", lambda device: 2**18)


@pytest.mark.parametrize("point", POINTS, ids=named)
def test_it_is_kept_on_a_simulated_device(point: tuple[str, dict[str, Any]], tell: Any) -> None:
    tell(latency=1e-6, launch=2e-6, memory=1e11)
    assert violations(getattr(transfer, point[0]), point[1]) == ()


@needs_torch
@pytest.mark.parametrize("point", ON_CPU, ids=named)
def test_it_is_kept_on_the_hosts_processor(
    point: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEVICE, "torch:cpu")
    try:
        found = violations(getattr(transfer, point[0]), point[1])
    except Unsupported as why:
        pytest.skip(f"on this processor: {why}")
    assert found == ()


@needs_torch
@pytest.mark.parametrize(
    ("point", "says"),
    [
        (("host_to_device", {"nbytes": 1, "memory": "pinned"}), "torch has no pinned memory"),
        (("bidirectional", {}), "has no streams with pinned memory"),
        (("overlap", {"how": "pipeline_4"}), "has no streams with pinned memory"),
        (("peer", {"ways": "one"}), "no other device that it can copy to; it takes two"),
        (("launch", {"how": "graph"}), "records no graphs"),
        (("gemm", {"n": 64, "dtype": "tf32"}), "no tf32 on cpu; it came with compute"),
        (("ramp", {"blocks": 1}), "torch has no kernel 'ramp' on cpu; it takes an NVIDIA GPU"),
        (("latency", {"where": "local"}), "torch has no kernel 'chase' on cpu"),
        (
            ("feed", {"workers": 0, "non_blocking": True, "batch": 64}),
            "torch:cpu has no pinned memory to copy from",
        ),
    ],
    ids=named,
)
def test_what_the_hosts_processor_lacks_is_said(
    point: tuple[str, dict[str, Any]], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEVICE, "torch:cpu")
    result = measure(getattr(transfer, point[0]), point[1])
    assert result.verdict == "n/a"
    assert says in result.reason


@needs_torch
def test_feeding_is_checked_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from hwperf.domains.transfer import loader

    monkeypatch.setenv(DEVICE, "torch:cpu")
    module = importlib.import_module("hwperf.domains.transfer.feed")
    monkeypatch.setattr(module, "_BATCHES", 3)
    point = {"workers": 0, "non_blocking": False, "batch": 4}
    assert violations(transfer.feed, point) == ()
    once = Profile("once", budget_s=0.01, rehearsal_s=-1.0)
    result = measure(transfer.feed, point, profile=once)
    assert result.cost_s, result.reason
    assert 0 <= result.figures["idle_share"].value <= 1

    compute = loader.Loader._compute

    def spoilt(self: Any, images: Any) -> Any:
        images[1] = images[0]
        return compute(self, images)

    monkeypatch.setattr(loader.Loader, "_compute", spoilt)
    result = measure(transfer.feed, point, profile=once)
    assert result.verdict == "failed"
    assert "sums of the batches are" in result.reason


def test_first_use_counts_on_the_device(tell: Any) -> None:
    once = Profile("once", budget_s=0.01, rehearsal_s=-1.0)
    tell(launch=1e-5)
    result = measure(transfer.first_use, {}, profile=once)
    assert result.cost_s, result.reason
    stages = {name: result.figures[name].value for name in ("context", "import")}
    assert all(value > 0 for value in stages.values())
    for fault, ends in {
        "dead_kernel": ("failed", "what the device has counted to: 0 (is) != 2 (should)"),
        "full": ("n/a", "simulated: out of memory, 4 bytes were asked for"),
    }.items():
        tell(fault=fault)
        result = measure(transfer.first_use, {}, profile=once)
        assert (result.verdict, result.reason) == ends
