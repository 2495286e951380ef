"""Every fault of the simulated device is refused with its sentence, or changes no number."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hwperf.devices.simulated import FAULTS
from hwperf.measure import Result

from .points import POINTS, measured, named

pytestmark = pytest.mark.usefixtures("small")

# So short that a copy's bytes outweigh them.
TOLD = {"latency": 1e-6, "launch": 1e-6}

SAYS = {
    "lost_copy": r"device's sum over \d+ bytes is|of \d+ copies \d+ have sums other|"
    r"what came back is|not what was sent|elements? \d+.* differ|\(is\) != .* \(should\)|"
    r"launches of \d+ that were made|others arrived|is off by more|are off by more",
    "last_byte": r"device's sum over \d+ bytes is|others arrived|that were made|not what was sent|"
    r"\(is\) != .* \(should\)",
    "symmetric": r"device's sum over \d+ bytes is|others arrived|that were made|not what was sent|"
    r"\(is\) != .* \(should\)",
    "swapped": r"device's sum over \d+ bytes is|others arrived|that were made|not what was sent|"
    r"\(is\) != .* \(should\)",
    "milliseconds": r"the device's events say .* s of what took .* s by the host's clock: the "
    r"device was not waited for, or they are no seconds",
    "kiloseconds": r"the device's events say .* times what the host's clock says: they are no "
    r"seconds, or do not stand around the work|beyond the physical limit",
    "missing_sync": r"device's sum over \d+ bytes is|others arrived|that were made|not what was "
    r"sent|\(is\) != .* \(should\)|the host's clock says that it took 0.0 s|what came back is|"
    r"not waited for",
    "dead_kernel": r"the device does not fill its memory|no kernel was run|\(is\) != .* \(should\)|"
    r"are off by more|that were made|computed something else",
    "wrong_kernel": r"\(is\) != .* \(should\)|are off by more|that were made|computed something",
    "zero_copy": r"zero-copy: the device uses the pinned memory itself, so nothing is transferred",
    "impossible": r"beyond the physical limit of|beyond the link's",
    "disappears": r"raised RuntimeError: the device has been removed",
    "full": r"^simulated: out of memory, \d+ bytes were asked for",
}

COPIES = {
    "host_to_device", "device_to_host", "fit", "chunks", "round_trip", "device_to_device", "peer",
    "bidirectional", "overlap",
}  # fmt: skip
KERNELS = {"stream", "gemm", "latency", "coalesce", "diverge", "ramp"}
BETWEEN_HOST_AND_DEVICE = COPIES - {"device_to_device", "peer", "round_trip"}
BY_WALL = {"launch", "round_trip", "peer", "bidirectional", "overlap"}


def is_by_events(point: tuple[str, dict[str, Any]]) -> bool:
    return point[0] not in BY_WALL and point[1].get("memory") != "pageable"


def is_large(point: tuple[str, dict[str, Any]]) -> bool:
    return point[1].get("nbytes", 2**18) >= 2**18


MUST_REFUSE = {
    "lost_copy": lambda p: p[0] in COPIES,
    "last_byte": lambda p: p[0] in COPIES | {"launch", "stream", "gemm", "latency"},
    "symmetric": lambda p: p[0] in COPIES | {"launch", "stream", "gemm", "latency"},
    "swapped": lambda p: p[0] in COPIES - {"round_trip"} and is_large(p),
    "milliseconds": lambda p: p[0] != "round_trip",
    "kiloseconds": is_by_events,
    "missing_sync": lambda p: True,
    "dead_kernel": lambda p: p[0] in KERNELS or p[1].get("how") in ("queued", "waited", "graph"),
    "wrong_kernel": lambda p: p[0] in KERNELS or p[1].get("how") in ("queued", "waited", "graph"),
    "zero_copy": lambda p: p[1].get("memory") == "pinned" or p[0] in ("overlap", "bidirectional"),
    "impossible": lambda p: p[0] in BETWEEN_HOST_AND_DEVICE and is_large(p),
    "compressing": lambda p: False,
    "disappears": lambda p: p[0] in ("launch", "round_trip"),
    "full": lambda p: True,
}
"""Points at which a fault must be noticed; at all others it may be, or the number is right."""


@pytest.fixture(scope="module")
def healthy() -> dict[str, float]:
    """Return what a point costs on the device without a fault, as it is asked for."""
    return {}


def cost(result: Result) -> float:
    assert result.cost_s is not None, result.reason
    return result.cost_s


@pytest.mark.parametrize("point", POINTS, ids=named)
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_is_refused_or_changes_nothing(
    fault: str, point: tuple[str, dict[str, Any]], tell: Any, healthy: dict[str, float]
) -> None:
    name, params = point
    if named(point) not in healthy:
        tell(**TOLD)
        healthy[named(point)] = cost(measured(name, **params))
    tell(**TOLD, fault=fault)
    result = measured(name, **params)
    if result.cost_s is None:
        assert result.verdict == ("n/a" if fault in ("zero_copy", "full") else result.verdict)
        assert result.verdict in ("failed", "impossible", "n/a")
        assert re.search(SAYS[fault], result.reason), result.reason
        assert (result.samples, result.figures) == ((), {})
    else:
        assert not MUST_REFUSE[fault](point), "a wrong number is published"
        assert result.cost_s == pytest.approx(healthy[named(point)], rel=0.01)


def test_every_fault_has_its_sentence_and_its_points() -> None:
    assert set(SAYS) | {"compressing"} == set(MUST_REFUSE) == set(FAULTS)
