"""Where workloads come from. This module loads them by entry point, built-in ones like anybody's.

A plugin is a module named in ``[project.entry-points."hwperf.workloads"]``; every ``Workload`` in
it is taken. One that cannot be imported is reported by name and cause and costs nobody else their
run.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from types import MappingProxyType, ModuleType
from typing import Any

from hwperf.errors import UsageError
from hwperf.installed import find_entry_points
from hwperf.workload import Workload

__all__ = ["GROUP", "Broken", "Registry", "load", "registry_of"]

GROUP = "hwperf.workloads"
"""The entry-point group of workloads."""


@dataclass(frozen=True)
class Broken:
    """A plugin, or one workload of it, that could not be used.

    Attributes:
        entry_point: the name under which it is installed.
        module: what the entry point names.
        cause: the exception or clash, one line.
    """

    entry_point: str
    module: str
    cause: str

    def __str__(self) -> str:
        return f"plugin {self.entry_point!r} ({self.module}) is left out: {self.cause}"


@dataclass(frozen=True)
class Registry:
    """What was found: workloads by id, and the plugins that failed."""

    workloads: Mapping[str, Workload]
    broken: tuple[Broken, ...] = ()

    def find(self, id: str) -> Workload:
        """Return the workload *id*.

        Raises:
            UsageError: if there is none; near ids are offered.
        """
        if id in self.workloads:
            return self.workloads[id]
        near = difflib.get_close_matches(id, self.workloads, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"{id!r} is no workload.{hint} 'hwperf list' shows them all.")


@cache
def load() -> Registry:
    """Return everything that is installed in the group, loaded once per process."""
    points, damaged = find_entry_points(GROUP)
    registry = registry_of(points)
    unread = tuple(Broken(name, "entry_points.txt", cause) for name, cause in damaged.items())
    return Registry(registry.workloads, registry.broken + unread)


def registry_of(points: Iterable[EntryPoint]) -> Registry:
    """Return the workloads of *points*, in the order of the entry points' names.

    When two plugins declare one id, the built-in one stands, otherwise the first by name.
    """
    workloads: dict[str, Workload] = {}
    broken: list[Broken] = []
    seen: set[tuple[str, str]] = set()
    for point in sorted(points, key=lambda p: (not p.value.startswith("hwperf."), p.name)):
        if (point.name, point.value) in seen:
            continue  # The same distribution can lie twice on the path, e.g. a checkout's egg-info.
        seen.add((point.name, point.value))
        try:
            with redirect_stdout(sys.stderr):  # What a plugin prints is no output of ours.
                found = _workloads_in(point.load())
        except BaseException as error:  # pytest's skip, e.g. of importorskip, is no Exception.
            if isinstance(error, KeyboardInterrupt):
                raise
            broken.append(Broken(point.name, point.value, _one_line(error)))
            continue
        if not found:
            broken.append(Broken(point.name, point.value, "it declares no workload"))
        for workload in found:
            other = workloads.get(workload.id)
            if other is None:
                workloads[workload.id] = workload
            elif other is not workload:
                clash = f"{workload.id} is already declared by {other.module}; choose another id"
                broken.append(Broken(point.name, point.value, clash))
    return Registry(MappingProxyType(workloads), tuple(broken))


def _workloads_in(loaded: Any) -> list[Workload]:
    if isinstance(loaded, Workload):
        return [loaded]
    values = vars(loaded).values() if isinstance(loaded, ModuleType) else ()
    found = {id(value): value for value in values if isinstance(value, Workload)}
    return list(found.values())  # Under two names it is one; two with one id are a clash.


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
