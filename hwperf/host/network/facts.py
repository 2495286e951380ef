"""The facts of the network. This module describes each interface that has a device behind it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from hwperf.host.facts import Fact, Unavailable, Value, fact
from hwperf.host.files import HOST
from hwperf.host.network.interface import Interface, fastest, shown_speed
from hwperf.host.network.listing import SOURCE, interfaces

__all__ = ["network_facts", "untold"]

_MOST_VIRTUAL = 12  # Of those without a device that are named: a host of containers has hundreds.
_MOST_DEVICES = 32


def network_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what the interfaces are, and of each device speed, duplex, MTU, driver and bus."""

    @cache
    def all_of_them() -> tuple[Interface, ...]:
        return interfaces(root)

    yield fact("interfaces", SOURCE, lambda: _list(all_of_them()))
    yield fact("fastest that is up", f"{SOURCE}: speed", lambda: _fastest(all_of_them()))
    try:
        devices = [each for each in all_of_them() if each.is_device][:_MOST_DEVICES]
    except Unavailable:
        return  # The first fact has the reason.
    for each in devices:
        yield from _facts_of(each)


def _facts_of(each: Interface) -> Iterator[Fact]:
    at = f"/sys/class/net/{each.name}"
    speed, bandwidth = each.speed, None if each.speed is None else each.speed / 8
    for name, attribute, value, unit, path in (
        ("speed", "speed", None if speed is None else shown_speed(speed), "", "speed"),
        ("bandwidth", "speed", bandwidth, "B/s", "speed, 8 bits to a byte"),
        ("duplex", "duplex", each.duplex, "", "duplex"),
        ("MTU in bytes", "mtu", each.mtu, "", "mtu"),
        ("driver", "driver", each.driver, "", "device/driver"),
        ("bus", "bus", each.bus, "", "device/subsystem"),
        ("state", "state", each.state, "", "operstate"),
        ("nature", "nature", f"{each.nature}, {each.kind}", "", "its place in /sys/devices"),
    ):
        why = each.why.get(attribute, "the system does not tell")
        told = partial(_told, value, why)
        yield fact(f"{each.name} {name}", f"{at}/{path}, or psutil.net_if_stats", told, unit)


def _told(value: Value | None, why: str) -> Value:
    if value is None:
        raise Unavailable(why)
    return value


def _list(found: tuple[Interface, ...]) -> tuple[str, ...]:
    devices = [str(each) for each in found if each.is_device]
    others = [str(each) for each in found if not each.is_device]
    more = len(others) - _MOST_VIRTUAL
    rest = [f"and {more} more virtual ones"] if more > 0 else []
    return (*devices, *others[:_MOST_VIRTUAL], *rest)


def _fastest(found: tuple[Interface, ...]) -> str:
    chosen = fastest(found)
    if chosen is None:
        raise Unavailable(untold(found))
    return f"{chosen.name}, {shown_speed(chosen.speed or 0)}"


def untold(found: tuple[Interface, ...]) -> str:
    """Return why no interface tells a speed that means something."""
    devices = [each for each in found if each.is_device]
    if not devices:
        names = ", ".join(f"{each.name} ({each.kind})" for each in found[:4])
        return (
            f"no interface has a device behind it: {names}; in a container those of the host "
            "are not seen"
        )
    up = [each for each in devices if each.is_up]
    if not up:
        return f"no interface with a device is up: {', '.join(each.name for each in devices[:4])}"
    return "; ".join(
        f"{each.name} tells no speed: {each.why.get('speed', 'the system does not tell')}"
        for each in up[:4]
    )
