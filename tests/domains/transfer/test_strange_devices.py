"""A device that is faulty in one direction, place or moment gives no number either."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf.devices import Found
from hwperf.measure import Result

from . import strange
from .points import POINTS, measured, named
from .strange import Strange

pytestmark = pytest.mark.usefixtures("small")

COPIED = [
    point
    for point in POINTS
    if point[0] in ("host_to_device", "device_to_host", "fit", "chunks", "bidirectional")
]
ONE_AT_A_TIME = [("chunks", {"pieces": 1, "memory": "pinned"}), ("bidirectional", {})]
BATCHES = [point for point in COPIED if point not in ONE_AT_A_TIME]
WITHIN = ("device_to_device", {"size": "beyond_cache"})
COMPUTED = [
    ("stream", {"op": "copy", "dtype": "f32"}),
    ("stream", {"op": "dot", "dtype": "f64"}),
    ("gemm", {"n": 64, "dtype": "bf16"}),
    ("coalesce", {"stride": 2}),
    ("diverge", {"ways": 2}),
    ("ramp", {"blocks": 4}),
]
# Of pageable memory the host has waited when the copy is made, and of a kernel that is quicker than
# the wait it need not wait.
ASYNCHRONOUS = [
    point
    for point in POINTS
    if point[1].get("memory") != "pageable" and point[1].get("how") not in ("waited", "wait_alone")
]
LAUNCHED = [("launch", {"how": how}) for how in ("queued", "waited", "graph")]
PIPELINE = ("overlap", {"how": "pipeline_4"})
BESIDE = ("overlap", {"how": "copy_and_kernel"})
PEER = ("peer", {"ways": "both"})
TRIP: tuple[str, dict[str, Any]] = ("round_trip", {})

CASES: list[tuple[type[Strange], list[tuple[str, dict[str, Any]]]]] = [
    (strange.LosesOne, [*BATCHES, WITHIN, PIPELINE]),
    (strange.LosesAfter, [*COPIED, WITHIN, PIPELINE, TRIP, BESIDE]),
    (strange.LosesTheLast, [*BATCHES, WITHIN, PIPELINE]),
    (strange.SpoilsToDevice, [*COPIED, WITHIN, PIPELINE, TRIP, BESIDE, PEER]),
    (strange.SpoilsToHost, [*COPIED, WITHIN, PIPELINE, TRIP, BESIDE, PEER, *COMPUTED, *LAUNCHED]),
    (strange.SpoilsWithin, [WITHIN, PEER]),
    (strange.SumsLie, [*BATCHES, WITHIN, PIPELINE]),
    (strange.KernelOnce, [*COMPUTED, *LAUNCHED[::2], PIPELINE]),
    (strange.KernelNotTheSecond, [*COMPUTED, *LAUNCHED[::2], PIPELINE]),
    (strange.KernelFirstOfAll, [*COMPUTED, *LAUNCHED, PIPELINE]),
    (strange.WrongAtFirst, COMPUTED),
    (strange.WrongInTheMiddle, COMPUTED),
    (strange.SyncReturnsEarly, ASYNCHRONOUS),
    (strange.SyncReturnsEarlyWithEvents, ASYNCHRONOUS),
    (strange.MarksTooEarly, [WITHIN, *COMPUTED, *BATCHES[1:2]]),
    (strange.MarksBackwards, [*COPIED, WITHIN, *COMPUTED, PIPELINE, BESIDE, *LAUNCHED]),
    (strange.MarksNothing, [*COPIED, WITHIN, *COMPUTED, PIPELINE, BESIDE, *LAUNCHED]),
    (strange.MarksNone, [*COPIED, WITHIN, *COMPUTED, PIPELINE, BESIDE, *LAUNCHED]),
    (strange.ClockStandsStill, [point for point in POINTS if point != TRIP]),
    (strange.FillsNothing, [*COPIED, WITHIN, *COMPUTED]),
    (strange.UsesPageableMemory, [*COPIED, TRIP, PIPELINE, BESIDE]),
]
EACH = [
    pytest.param(kind, point, id=f"{kind.__name__}-{named(point)}")
    for kind, points in CASES
    for point in points
]


def refused(result: Result) -> bool:
    """Return whether it has no number, and a sentence."""
    assert "\n" not in result.reason
    assert "Traceback" not in result.reason
    return result.cost_s is None and len(result.reason) > 10 and not result.figures


@pytest.mark.parametrize(("kind", "point"), EACH)
def test_a_strange_device_gives_no_number(
    kind: type[Strange], point: tuple[str, dict[str, Any]], use: Any
) -> None:
    use(kind)
    result = measured(point[0], **point[1])
    assert refused(result), (result.verdict, result.value)


@pytest.mark.parametrize("point", POINTS, ids=named)
def test_a_healthy_stranger_is_measured(point: tuple[str, dict[str, Any]], use: Any) -> None:
    use(Strange)
    result = measured(point[0], **point[1])
    assert result.cost_s, result.reason


@pytest.mark.parametrize("point", POINTS, ids=named)
def test_a_device_without_events_is_measured_by_the_clock(
    point: tuple[str, dict[str, Any]], use: Any
) -> None:
    use(Strange)
    by_events = measured(point[0], **point[1])
    use(strange.NoEvents)
    result = measured(point[0], **point[1])
    assert result.cost_s, result.reason
    assert by_events.cost_s
    # The wait at the end counts, and what the host takes to begin.
    assert by_events.cost_s * 0.99 <= result.cost_s <= by_events.cost_s * 1.6
    if "timed_by" in result.figures:
        assert "the host's clock" in result.figures["timed_by"].value


def test_a_wait_that_returns_early_once_shows_or_changes_nothing(use: Any) -> None:
    for name, params in POINTS:
        use(Strange)
        healthy = measured(name, **params)
        use(strange.SyncReturnsEarlyOnce)
        result = measured(name, **params)
        assert healthy.cost_s
        if result.cost_s is None:
            assert refused(result)
        else:
            assert result.cost_s == pytest.approx(healthy.cost_s, rel=0.01), name


def test_a_peer_that_spoils_what_it_gets_is_refused(use: Any) -> None:
    for kind in (strange.SpoilsWithin, strange.SpoilsToDevice):
        use(lambda kind=kind: strange.pair(kind))
        assert refused(measured("peer", ways="both")), kind


@pytest.mark.parametrize(
    "error", [KeyError("grid"), StopIteration(), SystemExit(3), OSError(5, "I/O"), ValueError()]
)
def test_whatever_a_kernel_raises_ends_in_a_sentence(error: BaseException, use: Any) -> None:
    class Raises(Strange):
        def kernel(self, name: str, buffers: Any, **params: Any) -> Any:
            raise error

    use(Raises)
    for name, params in (*COMPUTED, *LAUNCHED, PIPELINE):
        result = measured(name, **params)
        assert result.verdict == "failed"
        assert refused(result)


@pytest.mark.parametrize("method", ["alloc", "host", "copy", "checksum", "mark", "free_bytes"])
@pytest.mark.parametrize("after", [0, 5, 40])
def test_whatever_fails_whenever_ends_in_a_sentence(method: str, after: int, use: Any) -> None:
    class Fails(Strange):
        n = 0

    def fails(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.n += 1
        if self.n > after:
            raise RuntimeError(f"{method} failed\nin line 2")
        return getattr(Strange, method)(self, *args, **kwargs)

    setattr(Fails, method, fails)
    use(Fails)
    for name, params in POINTS:
        result = measured(name, **params)
        if result.cost_s is None:
            assert f"{method} failed in line 2" in result.reason
            assert refused(result)


@pytest.mark.parametrize("capabilities", [None, 7, "pinned", ["pinned", {}], frozenset({"magic"})])
def test_capabilities_that_are_nonsense_end_in_a_sentence(capabilities: Any, use: Any) -> None:
    class Boasts(Strange):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.capabilities = capabilities

    use(Boasts)
    for name, params in POINTS:
        result = measured(name, **params)
        assert result.cost_s or refused(result)


def test_a_device_that_lacks_what_it_has_said_is_not_available(use: Any) -> None:
    from hwperf import Unsupported

    class Boasts(Strange):
        def host(self, nbytes: int, *, pinned: bool) -> Any:
            if pinned:
                raise Unsupported("no pinned memory after all")
            return super().host(nbytes, pinned=pinned)

    use(Boasts)
    result = measured("host_to_device", nbytes=1, memory="pinned")
    assert (result.verdict, result.reason) == ("n/a", "no pinned memory after all")


def test_no_device_at_all_is_opened_by_a_listing() -> None:
    """Finding a device starts none: what finds it returns how it is opened."""
    from hwperf.devices.simulated import find

    assert isinstance(find(), Found)
