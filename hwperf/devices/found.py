"""Which devices there are, and which one is measured. This module asks the back ends and chooses.

A back end is named in the entry points ``hwperf.devices``: a function of no argument that returns
`Found`. One that cannot be loaded is an absence like any other: it is named with its cause, and the
others are used.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint

from hwperf.devices.protocol import Absent, Candidate, Device, DeviceInfo
from hwperf.devices.sound import fault_of, one_line, sound
from hwperf.errors import HwperfError, Unsupported, UsageError
from hwperf.installed import find_entry_points

__all__ = ["DEVICE", "GROUP", "Listing", "chosen", "lacking", "listing", "of_points", "opened"]

GROUP = "hwperf.devices"
"""The entry-point group of back ends."""

DEVICE = "HWPERF_DEVICE"
"""Environment variable: the id of the device that transfer.* measures."""

_FIRST = ("torch", "numba_cuda", "opencl", "simulated")
"""The order in which back ends are asked; others follow by name."""

_BY_ITSELF = ("gpu", "accelerator")


@dataclass(frozen=True)
class Listing:
    """What all back ends found.

    Attributes:
        devices: by id, in the order of choice.
        absent: by the name of the back end.
    """

    devices: Mapping[str, Candidate]
    absent: tuple[tuple[str, Absent], ...] = ()

    def find(self, id: str) -> Candidate:
        """Return the device *id*.

        Raises:
            UsageError: if there is none; near ids are offered, and why others are absent.
        """
        if id in self.devices:
            return self.devices[id]
        near = difflib.get_close_matches(id, self.devices, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        there = ", ".join(self.devices) or "none"
        backend = id.split(":", 1)[0]
        whys = "".join(f" {name}: {each.why}." for name, each in self.absent if name == backend)
        raise UsageError(
            f"{id!r} is no device here.{hint} There are: {there}.{whys} 'hwperf devices' says more."
        )

    def default(self) -> Candidate:
        """Return the first accelerator.

        Raises:
            Unsupported: if there is none; it says what was looked for.
        """
        for candidate in self.devices.values():
            if candidate.kind in _BY_ITSELF:
                return candidate
        whys = "; ".join(f"{name}: {each.why}" for name, each in self.absent)
        raise Unsupported(
            f"no accelerator found ({whys or 'no back end is installed'}). 'hwperf devices' lists "
            f"what was looked for; {DEVICE}=ID measures another device"
        )


@cache
def listing() -> Listing:
    """Return everything that is found, once per process."""
    points, damaged = find_entry_points(GROUP)
    found = of_points(points)
    unread = tuple((name, Absent("back end", cause)) for name, cause in damaged.items())
    return Listing(found.devices, found.absent + unread)


@cache
def _of_back_end(name: str) -> Listing:
    return of_points([point for point in find_entry_points(GROUP)[0] if point.name == name])


def of_points(points: list[EntryPoint]) -> Listing:
    """Return what the back ends of *points* find."""
    devices: dict[str, Candidate] = {}
    absent: list[tuple[str, Absent]] = []
    for name, point in sorted({p.name: p for p in points}.items(), key=lambda item: _rank(item[0])):
        try:
            with redirect_stdout(sys.stderr):  # What it prints is no result of ours.
                found = sound(point.load()(), name, point.value)
        except (Exception, SystemExit) as error:  # Border: anybody's; the others are used.
            absent.append((name, Absent("back end", f"{type(error).__name__}: {_said(error)}")))
            continue
        absent += [(name, each) for each in found.absent]
        for candidate in found.devices:
            if candidate.id in devices:
                absent.append((name, Absent(candidate.id, "another device has this id")))
            else:
                devices[candidate.id] = candidate
    return Listing(devices, tuple(absent))


def chosen(environ: Mapping[str, str] | None = None) -> Candidate:
    """Return the device that the environment names, or else the first accelerator.

    Raises:
        UsageError: if the environment names one that is not there.
        Unsupported: if it names none and there is no accelerator.
    """
    id = (os.environ if environ is None else environ).get(DEVICE)
    # No more back ends are asked than it takes: each may load a library, or ask a driver.
    if id:
        return _of_back_end(id.partition(":")[0]).devices.get(id) or listing().find(id)
    for name in sorted({point.name for point in find_entry_points(GROUP)[0]}, key=_rank):
        for candidate in _of_back_end(name).devices.values():
            if candidate.kind in _BY_ITSELF:
                return candidate
    return listing().default()


def lacking() -> str | None:
    """Return why no device can be measured, or None; for ``requires=`` of a workload."""
    try:
        chosen()
    except (Unsupported, UsageError) as why:
        return str(why).removesuffix(".")
    return None


@contextmanager
def opened(candidate: Candidate | None = None) -> Iterator[Device]:
    """Open a device, by default the chosen one, and close it at the end.

    Raises:
        Unsupported: if there is none, or it cannot be opened: the cause is named.
    """
    try:
        found = candidate or chosen()
    except UsageError as why:
        raise Unsupported(str(why)) from why
    try:
        device = found.open()
    except HwperfError:
        raise
    except (Exception, SystemExit) as error:  # Border: a driver's.
        said = _said(error, type(error).__name__)
        raise Unsupported(f"{found.id} cannot be opened: {said}") from error
    if not isinstance(getattr(device, "info", None), DeviceInfo):
        raise Unsupported(f"{found.id} cannot be opened: its open() returned {device!r}, no device")
    fault = fault_of(device.info, found)
    if fault is not None:
        with suppress(Exception):  # What is wrong with it says more.
            device.close()
        raise Unsupported(f"{found.id} cannot be used: {one_line(fault)}")
    try:
        yield device
    except BaseException:
        with suppress(Exception):  # What went wrong before says more.
            device.close()
        raise
    device.close()


def _said(error: BaseException, otherwise: str = "no message") -> str:
    return one_line(error) or otherwise


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
