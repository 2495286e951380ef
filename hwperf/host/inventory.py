"""Every fact about this machine. This module gathers them in groups, plugins' facts included.

A plugin adds facts with ``[project.entry-points."hwperf.facts"] name = "module"``, where the module
has a function ``facts()`` that returns an iterable of `Fact`. One that fails costs only its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from hwperf.host.accelerator.facts import accelerator_facts
from hwperf.host.facts import Fact
from hwperf.host.files import HOST
from hwperf.host.memory_facts import memory_facts
from hwperf.host.network import network_facts
from hwperf.host.processor import cache_facts, clock_facts, cpu_facts
from hwperf.host.storage import storage_facts, target_directory
from hwperf.host.system_facts import system_facts

__all__ = ["GROUP", "collect", "plugin_facts"]

GROUP = "hwperf.facts"
"""The entry-point group of facts."""


def collect(root: Path = HOST) -> dict[str, tuple[Fact, ...]]:
    """Return every fact by group, in the order to show.

    Args:
        root: the root of the running system, or of a recorded tree of its files (for tests);
            plugins are asked on the running system only.
    """
    groups = {
        "cpu": tuple(cpu_facts(root)),
        "clock": tuple(clock_facts(root)),
        "caches": tuple(cache_facts(root)),
        "memory": tuple(memory_facts(root)),
        "storage": tuple(storage_facts(target_directory() if root == HOST else Path("/"), root)),
        "network": tuple(network_facts(root)),
        "accelerator": tuple(accelerator_facts(root)),
        "system": tuple(system_facts(root)),
    }
    if root == HOST:
        from hwperf.installed import find_entry_points  # 20 ms that a recorded tree can spare

        groups |= plugin_facts(find_entry_points(GROUP)[0])
    return groups


def plugin_facts(found: Iterable[Any]) -> dict[str, tuple[Fact, ...]]:
    """Return the facts of each entry point by its name; a failure is a fact without a value."""
    return {f"plugin {point.name}": _load(point) for point in found}


def _load(point: Any) -> tuple[Fact, ...]:
    try:
        with redirect_stdout(sys.stderr):  # What a plugin prints is no output of ours.
            facts = tuple(point.load().facts())
        foreign = [each for each in facts if not isinstance(each, Fact)]
        if foreign:
            raise TypeError(f"facts() gave {foreign[0]!r}, which is no hwperf.host.Fact")
    except (Exception, SystemExit) as error:  # Border: somebody else's code; it is reported.
        cause = f"{point.value} failed: {type(error).__name__}: {error}"
        return (Fact(str(point.name), None, "", f"entry point {GROUP}", cause),)
    return facts
