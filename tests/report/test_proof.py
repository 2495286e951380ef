"""Each check of a proof can hold, fail, and say why it could not be made."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from hwperf import plugins
from hwperf.report.proof import checks, planned, rows, twin_of

MiB = 2**20
Points = list[dict[str, Any]]


def point(id: str, value: float | None, unit: str = "B/s", **params: Any) -> dict[str, Any]:
    metric = {"B/s": "bandwidth", "FLOP/s": "throughput", "s": "latency"}[unit]
    figures = {"events_over_wall": {"value": 0.99, "unit": ""}} if value else {}
    return {
        "id": id, "params": params, "value": value, "unit": unit, "metric": metric,
        "verdict": "ok" if value else "failed", "reason": "" if value else "lost bytes",
        "limit": 63e9 if "host" in id else None, "figures": figures,
    }  # fmt: skip


def copies(rate: Callable[[int], float] = lambda nbytes: 1 / (8e-6 / nbytes + 1 / 55e9)) -> Points:
    found = []
    for way in ("host_to_device", "device_to_host"):
        for nbytes in (MiB, 64 * MiB):
            for memory, part in (("pinned", 1.0), ("pageable", 0.4)):
                value = part * rate(nbytes)
                found.append(point(f"transfer.{way}", value, nbytes=nbytes, memory=memory))
        fit = point("transfer.fit", 8e-6, "s", direction=way, memory="pinned")
        fit["figures"]["bandwidth"] = {"value": 55e9, "unit": "B/s"}
        found.append(fit)
    return found


def figure(value: float) -> dict[str, Any]:
    return {"value": value, "source": "made up"}


def proof() -> dict[str, Any]:
    """Return one whose every check holds, as of an H100."""
    device = {
        "id": "torch:cuda:0", "name": "made up", "kind": "gpu", "is_unified": False,
        "pci": "0000:17:00.0", "memory_bandwidth": None, "cache_bytes": 50 * MiB,
        "memory_bytes": 80 * 10**9, "runtime": "", "driver": "",
    }  # fmt: skip
    figures = {
        "memory_bandwidth": figure(3.35e12), "link": figure(63e9),
        "flops.f32": figure(67e12), "flops.bf16": figure(989e12), "flops.f16": figure(989e12),
    }  # fmt: skip
    typical = {"lo": 50e9, "hi": 57e9, "unit": "B/s", "source": "made up"}
    gemm = [
        point("transfer.gemm", value, "FLOP/s", n=8192, dtype=dtype) | {"limit": limit}
        for dtype, value, limit in (("f32", 50e12, 67e12), ("bf16", 790e12, 989e12))
    ]
    inside = point("transfer.device_to_device", 3.0e12, size="beyond_cache")
    other = {**device, "id": "numba_cuda:0"}
    return {
        "device": device,
        "accelerator": {"name": "row", "figures": figures, "typical": {"host_to_device": typical}},
        "accelerator_why": "",
        "points": [*copies(), *gemm, inside],
        "beside": {"device": other, "points": copies()},
        "left_out": [],
        "took_s": 100.0,
    }


def verdicts(shown: dict[str, Any]) -> dict[str, bool | None]:
    return {check.what: check.holds for check in checks(shown)}


def test_a_sound_proof_passes_every_check() -> None:
    assert set(verdicts(proof()).values()) == {True}


def scaled(id: str, factor: float, **params: Any) -> Callable[[dict[str, Any]], None]:
    def change(shown: dict[str, Any]) -> None:
        for each in shown["points"]:
            if each["id"] == id and params.items() <= each["params"].items():
                each["value"] *= factor

    return change


def failed(shown: dict[str, Any]) -> None:
    shown["points"].append(point("transfer.ramp", None, "FLOP/s", blocks=1))


def late_events(shown: dict[str, Any]) -> None:
    shown["points"][0]["figures"]["events_over_wall"]["value"] = 1000.0


def nan_events(shown: dict[str, Any]) -> None:
    shown["points"][3]["figures"]["events_over_wall"]["value"] = float("nan")


H2D, D2D, GEMM = "transfer.host_to_device", "transfer.device_to_device", "transfer.gemm"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (failed, "every point was verified"),
        (late_events, "events agree with the clock"),
        (scaled(H2D, 1.3, memory="pinned"), "no bandwidth is above its link or memory"),
        (scaled(GEMM, 1.5, dtype="bf16"), "no product is above the data sheet"),
        (scaled(GEMM, 0.01, dtype="bf16"), "small types are multiplied faster"),
        (scaled(H2D, 0.8, memory="pinned"), "two back ends agree on host_to_device"),
        (scaled(H2D, 3.0, memory="pageable"), "pinned memory pays, host_to_device"),
        (
            scaled(H2D, 0.5, nbytes=64 * MiB, memory="pinned"),
            "larger copies are no slower, host_to_device pinned",
        ),
        (
            scaled(H2D, 0.3, nbytes=64 * MiB, memory="pageable"),
            "larger copies are no slower, host_to_device pageable",
        ),
        (scaled(D2D, 0.5), "copies within the device use its memory"),
        (scaled(D2D, 1.2), "copies within the device use its memory"),
        (
            scaled(H2D, 0.7, nbytes=64 * MiB, memory="pinned"),
            "the latency fit agrees with 64 MiB, host_to_device",
        ),
    ],
)
def test_each_check_can_fail(change: Callable[[dict[str, Any]], None], what: str) -> None:
    shown = copy.deepcopy(proof())
    change(shown)
    found = verdicts(shown)
    assert found[what] is False


def test_worse_than_others_is_named_and_no_failure() -> None:
    shown = proof()
    scaled(H2D, 0.8, memory="pinned")(shown)
    (typical,) = [c for c in checks(shown) if c.what == "as good as what others measured"]
    assert typical.holds is None
    assert "host_to_device" in typical.why


def test_without_points_or_a_row_nothing_holds_and_each_says_why() -> None:
    shown = {**proof(), "points": [], "accelerator": None, "accelerator_why": "unknown card"}
    shown |= {"beside": None, "beside_why": "no other back end"}
    found = checks(shown)
    assert {check.holds for check in found} == {None}
    assert all(check.why for check in found)


def test_events_that_are_no_number_do_not_hold() -> None:
    shown = proof()
    nan_events(shown)
    assert verdicts(shown)["events agree with the clock"] is False


def test_the_important_points_come_first_and_none_is_left_out_of_the_plan() -> None:
    workloads = [w for w in plugins.load().workloads.values() if w.domain == "transfer"]
    plan = planned(workloads, has_twin=True, n_gpus=1)
    assert plan[0].id == H2D
    assert plan[0].params == {"nbytes": 64 * MiB, "memory": "pinned"}
    own = [each for each in plan if not each.is_twin]
    assert len(own) == sum(len(list(w.points())) for w in workloads)
    assert sum(each.is_twin for each in plan) == 2


def test_the_table_names_the_device_and_its_rates() -> None:
    shown = dict(rows(proof()))
    assert shown["device"][0] == "made up (torch:cuda:0)"
    assert shown["host to device"][0].startswith("pinned 54.6 GB/s")


def test_what_a_device_calls_itself_cannot_write_on_the_terminal() -> None:
    shown = proof()
    shown["device"]["name"] = "x\n\x1b[31m" + 1000 * "y"
    named = dict(rows(shown))["device"][0]
    assert named.startswith("x ?[31myyy")
    assert len(named) <= 300


def test_a_device_without_a_place_on_the_bus_has_no_twin() -> None:
    device = {**proof()["device"], "pci": None}
    assert twin_of(device, [], None, 1.0) == (  # type: ignore[arg-type]
        None, "torch:cuda:0 tells no PCI address to be recognised by",
    )  # fmt: skip
