"""What the simulated device is told, in words."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import Unsupported, UsageError
from hwperf.devices import DEVICE, opened
from hwperf.devices.simulated import FAULTS, SIMULATED, Settings, find, read

FIGURES = [field.name for field in fields(Settings) if field.name != "fault"]


def test_nothing_told_is_the_default() -> None:
    assert read({}) == read({SIMULATED: ""}) == read({SIMULATED: " , ,"}) == Settings()


@given(
    st.fixed_dictionaries(
        {},
        # There is no half of a unit, nor of a byte.
        optional={
            name: st.floats(1.0 if name in ("units", "nbytes") else 1e-12, 1e15) for name in FIGURES
        },
    )
)
def test_what_is_told_is_read(told: dict[str, float]) -> None:
    text = ", ".join(f"{name}={value!r}" for name, value in told.items())
    assert read({SIMULATED: text}) == Settings(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_can_be_told(fault: str) -> None:
    assert read({SIMULATED: f"fault={fault},latency=1e-6"}) == Settings(latency=1e-6, fault=fault)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("latncy=1e-6", "'latncy' is no figure of the simulated device. Did you mean latency?"),
        ("nonsense", "'nonsense' is no figure of the simulated device. There are"),
        ("latency", "latency='' is no number above 0; write latency=25e9."),
        ("latency=fast", "latency='fast' is no number above 0"),
        ("latency=0", "latency='0' is no number above 0"),
        ("latency=-1", "latency='-1' is no number above 0"),
        ("latency=nan", "latency='nan' is no number above 0"),
        ("latency=inf", "latency='inf' is no number above 0"),
        ("units=0.5", "units='0.5' is no number of 1 or more"),
        ("fault=flood", "fault='flood' is no fault. There are lost_copy, last_byte"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError) as why:
        read({SIMULATED: text})
    assert str(why.value).startswith(SIMULATED)
    assert says in str(why.value)


def test_what_it_is_told_shows_when_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICE, "simulated:1")
    monkeypatch.setenv(SIMULATED, "host_to_device=3e9,device_to_host=2e9,units=7,fault=full")
    with opened() as device:
        assert device.info.id == "simulated:1"
        assert device.info.link_bandwidth == 3e9
        assert device.info.units == 7
        assert device.info.runtime == "virtual clock, fault full"
        with pytest.raises(Unsupported, match="out of memory, 4 bytes were asked for"):
            device.alloc(4)
    monkeypatch.setenv(SIMULATED, "what=1")
    with pytest.raises(UsageError, match="'what' is no figure"), opened():
        pass


def test_two_devices_are_found_and_play_only() -> None:
    found = find()
    assert [each.id for each in found.devices] == ["simulated:0", "simulated:1"]
    assert {each.kind for each in found.devices} == {"simulated"}
    assert found.absent == ()
