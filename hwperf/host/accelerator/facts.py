"""The facts of accelerators. This module describes each, its links and what the data file has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hwperf.host.accelerator.found import Found, present, why_absent
from hwperf.host.accelerator.known import TABLE, lookup
from hwperf.host.accelerator.names import Named, named
from hwperf.host.accelerator.pci import DEVICES, Attachment, attachment
from hwperf.host.facts import Fact, Unavailable, Value, fact
from hwperf.host.files import HOST
from hwperf.host.processor import format_cpu_list
from hwperf.units import format_bytes, format_quantity

__all__ = ["accelerator_facts"]

_SEEN = f"{DEVICES}, /dev"


def accelerator_facts(root: Path = HOST) -> Iterator[Fact]:
    """Yield what the system tells of its accelerators; one fact with the reason where it has none.

    Where all devices agree a fact has one value, else one for each.
    """
    devices = present(root)
    if not devices:
        yield fact("devices", _SEEN, lambda: _absent(root))
        return

    @cache
    def names() -> dict[str, Named]:
        return named(devices, root)

    def each(
        name: str, source: str, read: Callable[[Found], Value], shown: Callable[[Any], str] = str,
        unit: str = "",
    ) -> Fact:  # fmt: skip
        return fact(name, source, lambda: _of_all(devices, read, shown), unit)

    yield fact("devices", _SEEN, lambda: tuple(map(_words, devices)))
    yield each("name", "driver, NVML", lambda one: _name(one, names()).name)
    yield each("vendor:device", DEVICES, lambda one: one.device_id or _missing("no PCI numbers"))
    yield each("driver", DEVICES, lambda one: one.driver or _missing("no driver is bound to it"))
    yield each("device node", "/dev", lambda one: one.node or _missing("no device node is here"))
    yield each(
        "memory", "driver, NVML", lambda one: _memory(one, names()), format_bytes,
        "B",
    )  # fmt: skip
    yield each("link", f"{DEVICES}: *_link_*", lambda one: _link(_attached(one, root)))
    yield each(
        "link bandwidth", "the narrowest link on the way, rate x lanes x encoding",
        lambda one: _attached(one, root).bandwidth or _missing("it tells no link"),
        lambda value: format_quantity(value, "B/s"), "B/s",
    )  # fmt: skip
    yield each("NUMA node", f"{DEVICES}: numa_node", lambda one: _node(_attached(one, root)))
    yield each("near CPUs", f"{DEVICES}: local_cpulist", lambda one: _near(_attached(one, root)))
    yield each("data file", f"{TABLE.name}, HWPERF_ACCELERATORS", lambda one: _row(one, names()))


def _of_all(
    devices: tuple[Found, ...], read: Callable[[Found], Value], shown: Callable[[Any], str]
) -> Value:
    """Return the value that all share, else a line for each that has one.

    Raises:
        Unavailable: where no device has one; with the first reason.
    """
    known, reasons = {}, []
    for device in devices:
        try:
            known[_where(device)] = read(device)
        except Unavailable as reason:
            reasons.append(f"{_where(device)}: {reason}" if len(devices) > 1 else str(reason))
    if not known:
        raise Unavailable(reasons[0])
    if not reasons and len(set(known.values())) == 1:
        return next(iter(known.values()))
    return tuple(f"{where}: {shown(value)}" for where, value in known.items()) + tuple(
        f"{reason.partition(': ')[0]}: n/a, {reason.partition(': ')[2]}" for reason in reasons
    )


def _where(device: Found) -> str:
    return device.address or device.node or device.vendor


def _words(device: Found) -> str:
    return " ".join(filter(None, (_where(device), device.vendor, device.kind)))


def _absent(root: Path) -> Value:
    raise Unavailable(why_absent(root))


def _missing(why: str) -> str:
    raise Unavailable(why)


def _name(device: Found, names: dict[str, Named]) -> Named:
    found = names.get(device.address)
    if found is None:
        raise Unavailable("no driver's file tells its name; for NVIDIA install nvidia-ml-py")
    return found


def _memory(device: Found, names: dict[str, Named]) -> int:
    nbytes = _name(device, names).memory_bytes
    if nbytes is None:
        raise Unavailable("no file tells it; NVML does, with nvidia-ml-py")
    return nbytes


def _attached(device: Found, root: Path) -> Attachment:
    if not device.address:
        raise Unavailable("it is not on the PCI bus, or that is hidden here")
    return attachment(device.address, root)


def _link(where: Attachment) -> str:
    narrowest = where.narrowest
    if narrowest is None:
        raise Unavailable("it tells no link")
    nearest = where.hops[0]
    if narrowest is nearest:
        return str(nearest)
    return f"{nearest}; {narrowest.lower} above it: {narrowest}"


def _node(where: Attachment) -> int:
    if where.numa_node is None:
        raise Unavailable("the firmware does not tell (numa_node is -1)")
    return where.numa_node


def _near(where: Attachment) -> str:
    return format_cpu_list(where.local_cpus) or _missing("local_cpulist is empty")


def _row(device: Found, names: dict[str, Named]) -> str:
    told = _name(device, names)
    row, why = lookup(told.name, told.memory_bytes)
    if row is None:
        raise Unavailable(why.removesuffix("."))
    return row.name
