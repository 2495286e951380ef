"""What core this is. This module names the microarchitecture from the processor's own numbers.

archspec tells cores apart by their feature flags, and a virtual machine hides flags: a Zen 4 then
reads "x86_64_v4", a Zen 3 "zen2". Family and model (x86) or implementer and part (Arm) pass
through unchanged, so our table of them is asked first.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from hwperf.host.cpu import cpuinfo
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, text

__all__ = ["compatible_target", "microarchitecture"]

TABLE = Path(__file__).parent / "data" / "microarchitectures.toml"


def microarchitecture(root: Path = HOST) -> tuple[str, str]:
    """Return (name, source); on chips with several kinds of core, all their names.

    Raises:
        Unavailable: when the processor is not in the table; the text quotes its numbers.
    """
    told = cpuinfo(root)
    if "cpu family" in told:
        return _x86(told)
    parts = _arm_parts(root)
    if parts:
        return _arm(parts)
    raise Unavailable("/proc/cpuinfo gives neither family and model nor implementer and part")


def compatible_target() -> str:
    """Return archspec's name of the most specific target that this processor's flags allow."""
    import archspec.cpu

    return str(archspec.cpu.host().name)


def _x86(told: dict[str, str]) -> tuple[str, str]:
    vendor, family = told.get("vendor_id", ""), told["cpu family"]
    number, stepping = told.get("model", ""), told.get("stepping", "")
    if not number.isdecimal():
        raise Unavailable(f"/proc/cpuinfo has cpu family {family!r} and model {number!r}: no x86")
    model = int(number)
    numbers = f"{vendor} family {family} model {model}"
    for name, models in _table()["x86"].get(vendor, {}).get(family, {}).items():
        if any(_matches(entry, model, stepping) for entry in models):
            return name, f"{numbers}, in {TABLE.name}"
    raise Unavailable(f"{numbers} stepping {stepping} is not in {TABLE.name}")


def _matches(entry: Any, model: int, stepping: str) -> bool:
    if isinstance(entry, int):
        return model == entry
    if isinstance(entry, list):
        return bool(entry[0] <= model <= entry[1])
    first, last = entry["steppings"]
    return bool(model == entry["model"] and stepping.isdecimal() and first <= int(stepping) <= last)


def _arm_parts(root: Path) -> list[tuple[str, str]]:
    """Return (implementer, part) of each kind of core, in the order of the CPUs."""
    found = re.findall(
        r"^CPU implementer\s*:\s*(\S+)$.*?^CPU part\s*:\s*(\S+)$",
        text(root, "/proc/cpuinfo"),
        re.MULTILINE | re.DOTALL,
    )
    return list(dict.fromkeys((implementer.lower(), part.lower()) for implementer, part in found))


def _arm(parts: list[tuple[str, str]]) -> tuple[str, str]:
    arm = _table()["arm"]
    names = [arm.get(implementer, {}).get(part) for implementer, part in parts]
    numbers = "; ".join(f"implementer {implementer} part {part}" for implementer, part in parts)
    if None in names:
        raise Unavailable(f"{numbers}: not all in {TABLE.name}")
    return ", ".join(names), f"{numbers}, in {TABLE.name}"


@cache
def _table() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
