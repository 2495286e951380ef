"""Which machine this is. This module gives asv an identity that a kernel upgrade does not change.

Every field of machine.json is part of the key of a series: what drifts (the kernel's version, bytes
of memory, wording) would cut it in two. Nothing is asked and nothing is written to the home
directory; an entry that the user made there with ``asv machine`` still gives the name.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from asv import machine as asv_machine
from asv import util

from hwperf.asv import definitions
from hwperf.asv.patches import wrap
from hwperf.units import GiB

__all__ = ["describe", "install", "is_same"]

Original = Callable[..., Any]


def install() -> None:
    """Replace how asv learns about the machine."""
    wrap(asv_machine.Machine, "load", _load)
    wrap(asv_machine.Machine, "get_defaults", lambda original: describe())
    wrap(asv_machine.Machine, "save", _save)


def describe(name: str | None = None) -> dict[str, str]:
    """Return asv's fields for this machine.

    Args:
        name: under which its results are kept; by default the host's name.
    """
    return {
        "machine": name or platform.node(),
        "os": platform.system(),
        "arch": platform.machine(),
        "cpu": _cpu(),
        "num_cpu": str(_online_cpus()),
        "ram": _ram(),
    }


def is_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether two descriptions may be of one machine, worded or rounded otherwise."""
    if any(old.get(field) != new.get(field) for field in ("arch", "num_cpu")):
        return False
    if str(old.get("os", "")).split()[:1] != str(new.get("os", "")).split()[:1]:
        return False
    before, after = _gib(str(old.get("ram", ""))), _gib(str(new.get("ram", "")))
    # Firmware and kernel set aside some per cent, and not the same in every release.
    if before and after and abs(before - after) > 0.1 * max(before, after):
        return False
    return _words(str(old.get("cpu", ""))) == _words(str(new.get("cpu", "")))


def _load(
    original: Original,
    interactive: bool = False,
    force_interactive: bool = False,
    _path: str | None = None,
    machine_name: str | None = None,
    **kwargs: Any,
) -> Any:
    if force_interactive:  # asv machine: the user wants to be asked.
        return original(
            interactive=interactive,
            force_interactive=True,
            _path=_path,
            machine_name=machine_name,
            **kwargs,
        )
    machine = asv_machine.Machine()
    name = machine_name or asv_machine.Machine.get_unique_machine_name()
    chosen = _chosen_by_user(name, _path) if machine_name is None else {}
    machine.__dict__.update(describe(str(chosen.get("machine") or name)))
    return machine


def _save(original: Original, machine: Any, results_dir: str) -> None:
    """Write machine.json, unless the one that is there says the same in other words."""
    path = Path(results_dir, machine.machine, "machine.json")
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        old = None
    if isinstance(old, dict) and is_same(old, machine.__dict__):
        kept = {key: value for key, value in old.items() if key != "version"}
        machine.__dict__.update(kept, machine=machine.machine)
    definitions.set_machine(machine.machine)
    if old != {**machine.__dict__, "version": machine.api_version}:
        original(machine, results_dir)


def _chosen_by_user(name: str, path: str | None) -> dict[str, Any]:
    try:
        found = asv_machine.MachineCollection.load(name, _path=path)
    except util.UserError:
        return {}
    return found if isinstance(found, dict) else {}


def _cpu() -> str:
    from hwperf.host import Unavailable, cpu
    from hwperf.host.microarchitecture import microarchitecture

    info = cpu.cpuinfo()
    model = info.get("model name") or info.get("Model") or info.get("Hardware")
    words = " ".join((model or platform.processor() or platform.machine()).split())
    try:
        return f"{words} ({microarchitecture()[0]})"
    except Unavailable:
        return words


def _online_cpus() -> int:
    import os

    from hwperf.host import cpu

    return len(cpu.online_cpus()) or os.cpu_count() or 1


def _ram() -> str:
    from hwperf.host import Unavailable, memory

    try:
        return f"{memory.total_bytes() / GiB:.0f} GiB"
    except Unavailable:
        return ""


def _gib(text: str) -> float | None:
    """Return what a "ram" field says; asv writes a bare number of kB."""
    match = re.fullmatch(r"\s*([\d.]+)\s*(GiB|GB|kB|KiB|MB|MiB|)\s*", text)
    if match is None:
        return None
    factor = {"GiB": 1.0, "GB": 1e9 / GiB, "MB": 1e6 / GiB, "MiB": 2**-10}.get(match[2], 2**-20)
    return float(match[1]) * factor


def _words(cpu: str) -> set[str]:
    """Return the model's words; a microarchitecture in brackets is hwperf's wording."""
    return set(re.sub(r"\([^)]*\)", " ", cpu).split()) - {"CPU", "Processor", "processor"}
