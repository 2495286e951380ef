"""What the interfaces negotiated is told as it is, and a virtual speed never is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from host.network.conftest import machine
from host.storage.conftest import unpack

from hwperf import CheckFailed, Unsupported, Workload
from hwperf.domains.network.link import link
from hwperf.measure import QUICK, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up

__all__ = ["machine", "unpack"]

Unpack = Callable[[str], Path]
MODULE = sys.modules["hwperf.domains.network.link"]


@pytest.fixture
def server(machine: Unpack, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a server with a port at 10 Gbit/s, in whose place the host is."""
    root = machine("server")
    monkeypatch.setattr(MODULE, "ROOT", root)
    return root


@pytest.mark.usefixtures("server")
def test_it_keeps_the_contract() -> None:
    assert isinstance(link, Workload)
    assert violations(link, {}) == ()


@pytest.mark.usefixtures("server")
def test_it_tells_the_fastest_port_that_is_up() -> None:
    result = measure(link, {}, profile=QUICK)
    assert (result.verdict, result.value, result.cost_s) == ("ok", 1.25e9, 8e-10)
    told = {name: figure.value for name, figure in result.figures.items()}
    assert len(told.pop("interfaces")) == 8
    assert told == {
        "interface": "ens1f0",
        "speed": "10 Gbit/s",
        "duplex": "full",
        "mtu": 9000,
        "driver": "ixgbe",
        "nature": "physical",
    }


def test_a_link_that_falls_back_is_a_step(server: Path) -> None:
    before = measure(link, {}, profile=QUICK).value
    (server / "sys/class/net/ens1f0/speed").write_text("1000")
    after = measure(link, {}, profile=QUICK).value
    assert before is not None
    assert after == pytest.approx(before / 10)


def test_a_change_while_it_is_asked_fails(server: Path) -> None:
    with set_up(link, {}) as stage:
        assert stage.run() == pytest.approx(0.8)
        (server / "sys/class/net/ens1f0/speed").write_text("1000")
        with pytest.raises(
            CheckFailed, match=r"^ens1f0 told 10 Gbit/s, and now ens1f0 tells 1 Gbit/s: the link ch"
        ):
            stage.check()


def test_a_link_that_goes_away_fails(server: Path) -> None:
    with set_up(link, {}) as stage:
        for name in ("ens1f0", "ens1f1"):
            (server / f"sys/class/net/{name}/operstate").write_text("down")
        with pytest.raises(
            CheckFailed,
            match=r"^the link went away: no interface with a device is up: eno1, ens1f0",
        ):
            stage.run()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("virtio_guest", "eth0 tells no speed: virtio tells one only where the hypervisor was giv"),
        ("container", "no interface has a device behind it: eth0 .virtual., lo .loopback.; in a "),
    ],
)
def test_where_none_is_told_it_is_not_available(
    machine: Unpack, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    monkeypatch.setattr(MODULE, "ROOT", machine(name))
    with pytest.raises(Unsupported, match=why):
        violations(link, {})


def test_without_interfaces_it_is_not_available(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "ROOT", tmp_path)
    assert link.unsupported({}) == "/sys/class/net does not exist here"


def test_on_this_machine_it_has_a_value_or_a_reason() -> None:
    result = measure(link, {}, profile=QUICK)
    assert result.verdict in ("ok", "n/a")
    assert result.value or result.reason
