"""What a back end hands over. This module sees that it is what it should be, and fit to be shown.

Ids name series and files, names stand on pages and terminals, figures become limits: a stranger's
must be no worse than our own.
"""

from __future__ import annotations

import math
import re
from typing import get_args

from hwperf.devices.protocol import Absent, Candidate, DeviceInfo, Found, Kind

__all__ = ["fault_of", "one_line", "sound"]

_ID = re.compile(r"[A-Za-z0-9_.:+-]{1,100}")
_KINDS = get_args(Kind)
_TEXTS = ("name", "vendor", "driver", "runtime")
_COUNTS = ("memory_bytes", "cache_bytes", "units")  # A driver that does not know may say 0.
_RATES = ("link_bandwidth", "memory_bandwidth")
_MOST_SHOWN = 300


def one_line(text: object) -> str:
    """Return *text* on one line: no control characters, and cut where it is too long to be read."""
    words = " ".join(str(text).split())
    shown = words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 4] + " ..."
    return "".join(letter if letter.isprintable() else "?" for letter in shown)


def sound(found: object, name: str, where: str) -> Found:
    """Return what the back end *name* has found, if it is what it should be.

    Raises:
        TypeError: saying what is not.
    """
    if not isinstance(found, Found):
        raise TypeError(f"{where} returned {found!r}, not hwperf.devices.Found")
    one: object
    for one in found.devices:
        if not (isinstance(one, Candidate) and isinstance(one.id, str) and one.id.strip()):
            raise TypeError(f"{where} found {one!r}, no hwperf.devices.Candidate with an id")
        if not (_ID.fullmatch(one.id) and one.id.removeprefix(f"{name}:") not in ("", one.id)):
            raise TypeError(
                f"{where} found the id {one.id!r}: one begins with {name + ':'!r} and has no more "
                "than 100 letters, digits and . _ : + -"
            )
        if one.kind not in _KINDS:
            raise TypeError(
                f"{where} found {one.id} of kind {one.kind!r}, which is none of {', '.join(_KINDS)}"
            )
        if not isinstance(one.name, str):
            raise TypeError(f"{where} found {one.id} with the name {one.name!r}, which is no text")
    for one in found.absent:
        if not isinstance(one, Absent):
            raise TypeError(f"{where} misses {one!r}, no hwperf.devices.Absent")
    return found


def fault_of(info: object, candidate: Candidate) -> str | None:
    """Return what is wrong with what an open device says of itself, or None."""
    if not isinstance(info, DeviceInfo):
        return None
    if info.id != candidate.id:
        return f"the device calls itself {info.id!r}"
    if info.kind != candidate.kind:
        return f"the device is of kind {info.kind!r}, and {candidate.kind!r} was announced"
    for name in _TEXTS:
        if not isinstance(getattr(info, name), str):
            return f"its {name} is {getattr(info, name)!r}, which is no text"
    for name in (*_COUNTS, *_RATES):
        value = getattr(info, name)
        if value is not None and not _is_number(value, may_be_zero=name in _COUNTS):
            return f"its {name} is {value!r}: expected a number above 0, or None"
    if not (info.pci is None or isinstance(info.pci, str)):
        return f"its pci is {info.pci!r}: expected an address, or None"
    return None


def _is_number(value: object, *, may_be_zero: bool) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and (0 < value < math.inf or (may_be_zero and value == 0))  # type: ignore[operator]
