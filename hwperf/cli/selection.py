"""Which points are meant. This module turns ``-p NAME=VALUE`` into the points of a workload."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from hwperf.errors import UsageError
from hwperf.units import format_bytes, parse_bytes, scale_of
from hwperf.workload import Workload

__all__ = ["points_of", "shown_params", "shown_value"]


def points_of(workload: Workload, given: Iterable[str]) -> list[dict[str, Any]]:
    """Return the points of *workload* that every ``NAME=VALUE`` in *given* allows.

    Naming a parameter more than once allows each of its values. Sizes may be written with units.

    Raises:
        UsageError: for what is no NAME=VALUE, an unknown parameter or an undeclared value.
    """
    wanted: dict[str, list[Any]] = {}
    faults = []
    for text in given:
        try:
            name, value = _declared(workload, text)
            wanted.setdefault(name, []).append(value)
        except UsageError as fault:
            faults.append(str(fault))
    if faults:
        raise UsageError(" ".join(faults))
    return [
        point
        for point in workload.points()
        if all(repr(point[name]) in map(repr, values) for name, values in wanted.items())
    ]


def shown_params(params: dict[str, Any]) -> str:
    """Return parameters as people read them: ``nbytes=16 KiB, pages=small``."""
    return ", ".join(f"{name}={shown_value(name, value)}" for name, value in params.items())


def shown_value(name: str, value: Any) -> str:
    """Return one value, sizes with their unit."""
    if name.endswith("bytes") and isinstance(value, int):
        shown = format_bytes(value)
        # Values tell points apart: 4089 B is not quite 3.993 KiB.
        is_exact = float(shown.split()[0]) * scale_of(value, "B")[0] == value
        return shown if is_exact else f"{value} B"
    return str(value)


def _declared(workload: Workload, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"-p {text!r} is not of the form NAME=VALUE, e.g. -p nbytes=16KiB.")
    if name not in workload.params:
        raise UsageError(_no_parameter(workload, name))
    return name, _declared_value(workload, name, value)


def _declared_value(workload: Workload, name: str, text: str) -> Any:
    declared = workload.params[name]
    for value in declared:
        if text == str(value):
            return value
    try:
        size = parse_bytes(text)
    except UsageError:
        size = None
    for value in declared:
        if not isinstance(value, bool) and value == size:
            return value
    values = ", ".join(shown_value(name, value) for value in declared)
    raise UsageError(f"{workload.id}: {name}={text!r} is no value of it; it takes {values}.")


def _no_parameter(workload: Workload, name: str) -> str:
    near = difflib.get_close_matches(name, workload.params, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    known = ", ".join(workload.params) or "none"
    return f"{workload.id} has no parameter {name!r}.{hint} It has: {known}."
