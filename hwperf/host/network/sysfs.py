"""Interfaces of Linux. This module reads /sys/class/net, or a recorded copy of it.

Source: Linux, Documentation/ABI/testing/sysfs-class-net; include/uapi/linux/if_arp.h (types) and
include/uapi/linux/ethtool.h (SPEED_UNKNOWN, DUPLEX_UNKNOWN).
"""

from __future__ import annotations

import re
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, listing, optional, text
from hwperf.host.network.interface import Interface, Nature
from hwperf.host.storage.paths import exists, real

__all__ = ["DIRECTORY", "interfaces"]

DIRECTORY = "/sys/class/net"

_LOOPBACK = "772"  # ARPHRD_LOOPBACK
_INFINIBAND = "32"  # ARPHRD_INFINIBAND
# Of a port that stands for a function of the same card: pf0vf3, c1pf0sf7.
_REPRESENTOR = re.compile(r"(c\d+)?pf\d+(vf|sf)\d+")
# Buses whose other end is a hypervisor, as the kernel names them.
_PARAVIRTUAL = {"virtio": "virtio", "vmbus": "Hyper-V", "xen": "Xen"}
_PARAVIRTUAL_DRIVERS = {"vmxnet3": "vmxnet3", "ena": "ENA", "gve": "gVNIC"}  # On a PCI bus.
_MOST_MBIT = 10**8  # SPEED_UNKNOWN is 2**32 - 1 to some kernels, -1 to others.


def interfaces(root: Path = HOST) -> tuple[Interface, ...]:
    """Return every interface of the network namespace, by name.

    Raises:
        Unavailable: where the system shows none.
    """
    if not exists(root, DIRECTORY):
        raise Unavailable(f"{DIRECTORY} does not exist here")
    # A plain file there is a setting of the bonding driver, "bonding_masters".
    names = [each for each in listing(root, DIRECTORY) if exists(root, f"{DIRECTORY}/{each}/type")]
    if not names:
        raise Unavailable(f"{DIRECTORY} shows no interface")
    return tuple(_interface(name, root) for name in names)


def _interface(name: str, root: Path) -> Interface:
    at = f"{DIRECTORY}/{name}"
    why: dict[str, str] = {}
    bus, driver = _linked(f"{at}/device/subsystem", root), _linked(f"{at}/device/driver", root)
    nature, kind = _nature(at, bus, driver, root)
    if bus is None:
        why["bus"] = "no device is behind it" if nature == "virtual" else "the device tells no bus"
    if driver is None:
        why["driver"] = (
            "no device is behind it" if nature == "virtual" else "the device tells no driver"
        )
    state, carrier = optional(root, f"{at}/operstate") or None, optional(root, f"{at}/carrier")
    if state is None:
        why["state"] = f"{at}/operstate cannot be read"
    is_up = state == "up" or (state == "unknown" and carrier == "1")
    return Interface(
        name=name,
        nature=nature,
        kind=kind,
        speed=_speed(at, kind, is_up, why, root),
        duplex=_duplex(at, is_up, why, root),
        mtu=_mtu(at, why, root),
        driver=driver,
        bus=bus,
        state=state,
        is_up=is_up,
        why=why,
    )


def _nature(at: str, bus: str | None, driver: str | None, root: Path) -> tuple[Nature, str]:
    """Return what an interface is; a virtual one by what the kernel shows of it."""
    sort = optional(root, f"{at}/type")
    told = re.search(r"^DEVTYPE=(\w+)", optional(root, f"{at}/uevent") or "", re.MULTILINE)
    kind = told[1] if told else ""
    if sort == _LOOPBACK:
        return "virtual", "loopback"
    for directory, name in (("bridge", "bridge"), ("bonding", "bond"), ("tun_flags", "tunnel")):
        if exists(root, f"{at}/{directory}"):
            return "virtual", name
    if "/devices/virtual/" in f"{real(root, at)}/" or not exists(root, f"{at}/device"):
        return "virtual", kind or "virtual"
    if exists(root, f"{at}/device/physfn"):
        return "virtual", "virtual function"  # Of a card whose own port is there, too.
    if _REPRESENTOR.fullmatch(optional(root, f"{at}/phys_port_name") or ""):
        return "virtual", "representor"
    named = _PARAVIRTUAL.get(bus or "") or _PARAVIRTUAL_DRIVERS.get(driver or "")
    if named:
        return "paravirtual", named
    if kind in ("wlan", "wwan"):
        return "physical", "wireless"
    return "physical", "InfiniBand" if sort == _INFINIBAND else "Ethernet" if sort == "1" else kind


def _speed(at: str, kind: str, is_up: bool, why: dict[str, str], root: Path) -> int | None:
    told = _number(optional(root, f"{at}/speed") or "")
    if told is not None and told < _MOST_MBIT:
        return told * 10**6
    if not is_up:
        why["speed"] = "it is down, and a speed is negotiated when it comes up"
    elif kind == "virtio":
        why["speed"] = "virtio tells one only where the hypervisor was given it"
    elif kind == "wireless":
        why["speed"] = "wireless links negotiate one for each packet"
    else:
        why["speed"] = "the driver tells none"
    return None


def _duplex(at: str, is_up: bool, why: dict[str, str], root: Path) -> str | None:
    told = optional(root, f"{at}/duplex")
    if told in ("full", "half"):
        return told
    why["duplex"] = "the driver tells none" if is_up else "it is down"
    return None


def _mtu(at: str, why: dict[str, str], root: Path) -> int | None:
    try:
        told = text(root, f"{at}/mtu")
    except Unavailable as reason:
        why["mtu"] = str(reason)
        return None
    number = _number(told)
    if number is None:
        why["mtu"] = f"{at}/mtu is no number of bytes"
    return number


def _number(told: str) -> int | None:
    """Return what a file says, if that is a number above zero."""
    is_number = told.isascii() and told.isdecimal() and len(told) < 12
    return int(told) or None if is_number else None


def _linked(path: str, root: Path) -> str | None:
    """Return the name of what the symbolic link *path* leads to, or None."""
    if not exists(root, path):
        return None
    return real(root, path).rpartition("/")[2] or None
