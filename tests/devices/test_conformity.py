"""A device that breaks the protocol is told how; one that says what it cannot do breaks nothing."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf import Unsupported
from hwperf.devices.conformity import faults
from hwperf.devices.simulated import Settings, Simulated


class Healthy(Simulated):
    def __init__(self) -> None:
        super().__init__(0, Settings())


def broken(**methods: Any) -> tuple[str, ...]:
    """Return the faults of a device of which some methods are replaced."""
    return faults(type("Broken", (Healthy,), methods)())


def refuses(*args: Any, **kwargs: Any) -> Any:
    raise Unsupported("not here")


def test_a_healthy_device_has_none() -> None:
    assert faults(Healthy()) == ()


@pytest.mark.parametrize("method", ["fill", "kernel", "graph", "stream", "mark"])
def test_what_it_says_that_it_cannot_do_is_no_fault(method: str) -> None:
    assert broken(**{method: refuses}) == ()


@pytest.mark.parametrize(
    ("method", "does", "says"),
    [
        ("free_bytes", lambda self: -1, "info: free_bytes() gave -1"),
        (
            "checksum",
            lambda self, buffer: (1, 2),
            "copies of 3 B, pinned: the checksum is (1, 2), not",
        ),
        (
            "kernel",
            lambda self, name, buffers, **params: lambda stream: None,
            "kernel 'nonsense': is offered",
        ),
        ("fill", lambda self, buffer, value, stream=None: None, "fill: "),
        ("elapsed", lambda self, first, second: 1e3, "events: the device says 1e+03 s where"),
        ("elapsed", lambda self, first, second: float("nan"), "events: the device says nan s"),
        ("mark", lambda self, stream=None: {}["mark"], "events raised KeyError: 'mark'"),
        ("copy", lambda self, *args: None, "bytes that went there and back are wrong, the first"),
        ("sync", lambda self, stream=None: None, "bytes that went there and back are wrong"),
    ],
)
def test_each_fault_is_one_sentence(method: str, does: Any, says: str) -> None:
    found = broken(**{method: does})
    assert any(says in sentence for sentence in found), found
    assert all("\n" not in sentence for sentence in found)


def test_a_capability_that_there_is_not() -> None:
    device = Healthy()
    device.capabilities = frozenset({"magic", "pinned"})
    assert faults(device)[0].startswith("info: magic are no capabilities; there are pinned, events")


def test_a_clock_that_goes_backwards() -> None:
    times = iter(range(1000, 0, -1))
    assert "info: clock() goes backwards" in broken(clock=lambda self: float(next(times)))
