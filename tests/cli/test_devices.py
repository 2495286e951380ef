"""``hwperf devices`` lists what can be measured, and what is absent and why."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hwperf.devices import Absent, Candidate, Listing
from tests.cli.conftest import Answer

Hwperf = Callable[..., Answer]


def opened_by_nobody() -> None:
    raise AssertionError("listing opens no device")


def made_up(kind: str) -> Listing:
    device = Candidate("made:0", "a device of a test", kind, opened_by_nobody)  # type: ignore[arg-type]
    return Listing({"made:0": device}, (("gone", Absent("Gone device", "its driver is missing")),))


@pytest.mark.parametrize(("kind", "default"), [("gpu", "made:0"), ("cpu", None)])
def test_each_device_and_each_absence_is_named(
    kind: str, default: str | None, hwperf: Hwperf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwperf.cli.devices.listing", lambda: made_up(kind))
    shown = json.loads(hwperf("devices", "--json").out)
    assert shown["default"] == default
    assert shown["devices"] == [{"id": "made:0", "name": "a device of a test", "kind": kind}]
    assert shown["absent"][0]["why"] == "its driver is missing"
    answer = hwperf("devices")
    assert answer.code == 0
    assert "gone: no Gone device: its driver is missing" in answer.out
    assert ("measured by default" in answer.out) == (default is not None)
    assert ("No accelerator" in answer.out) == (default is None)
