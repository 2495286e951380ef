"""Runs for a monitoring system. This module writes Prometheus' text format, as files that node
exporter's textfile collector picks up.

One value for each series and no timestamps: of several runs of a machine in an environment the
newest counts. Names, base units and escapes are those of
https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hwperf.asv.recorded import Measurement, Run

__all__ = ["text"]

_UNITS = {
    "B/s": "bytes_per_second",
    "FLOP/s": "flop_per_second",
    "op/s": "operations_per_second",
    "Hz": "hertz",
    "s": "seconds",
    "B": "bytes",
}
_RESERVED = ("machine", "environment", "workload", "benchmark", "statistic", "commit", "bound")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]+")
_MOST_OF_A_NAME = 60  # Characters of a unit or parameter that a name takes.

Labels = Mapping[str, str]


@dataclass(frozen=True)
class _Family:
    """All series of one name."""

    help: str
    lines: dict[str, str]


def text(runs: Sequence[Run]) -> str:
    """Return the families with HELP and TYPE, each series once."""
    families: dict[str, _Family] = {}
    for run in _newest(runs):
        _put(
            families, "hwperf_run_info", "The commit whose values these are.",
            {"machine": run.machine, "environment": run.environment, "commit": run.commit}, 1,
        )  # fmt: skip
        _put(
            families, "hwperf_run_measured_timestamp_seconds", "When the newest point was started.",
            {"machine": run.machine, "environment": run.environment}, run.measured_at,
        )  # fmt: skip
        for each in run.measurements:
            _point(families, run, each)
    return "".join(f"{line}\n" for line in _written(families))


def _newest(runs: Sequence[Run]) -> list[Run]:
    found: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: (run.measured_at or -math.inf, str(run.path))):
        found[run.machine, run.environment] = run
    return list(found.values())


def _point(families: dict[str, _Family], run: Run, found: Measurement) -> None:
    labels = _labels(run, found)
    if found.metric is None:
        name = f"hwperf_benchmark_{_UNITS.get(found.unit) or _worded(found.unit) or 'value'}"
        told = "A benchmark that is not hwperf's, lower is better."
    else:
        name = f"hwperf_{_worded(found.metric.name)}_{_UNITS.get(found.unit, 'value')}"
        told = found.metric.description or found.metric.name
    _put(families, name, f"{told} (median, or what the label statistic says)", labels, found.value)
    for bound, end in zip(("low", "high"), found.interval or (), strict=False):
        _put(
            families, f"{name}_interval", f"99 % interval of {name}.",
            {**labels, "bound": bound}, end,
        )  # fmt: skip
    if found.value is not None:
        _put(
            families, "hwperf_trusted", "Whether the verdict is ok: 1, or 0 where it is not.",
            labels, float(found.verdict == "ok"),
        )  # fmt: skip


def _labels(run: Run, found: Measurement) -> dict[str, str]:
    point = found.point
    labels = {
        "machine": run.machine,
        "environment": run.environment,
        "statistic": "p99" if found.is_tail else "median",
        **({"workload": point.workload} if point.workload else {"benchmark": point.benchmark}),
    }
    for name, value in found.params.items():
        key = _worded(name)
        # A name that is taken, was changed, or may not begin like that.
        if (
            not key
            or key != name
            or key in labels
            or key in _RESERVED
            or key[:1].isdigit()
            or key[:2] == "__"
        ):
            key = f"param_{key}"
        number = 2
        while key in labels:
            key, number = f"{key.rstrip('0123456789')}{number}", number + 1
        labels[key] = str(value)
    return labels


def _put(
    families: dict[str, _Family], name: str, told: str, labels: Labels, value: float | None
) -> None:
    if value is None or not math.isfinite(value):
        return
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    family = families.setdefault(name, _Family(told, {}))
    family.lines[shown] = f"{name}{{{shown}}} {float(value)!r}"


def _written(families: Mapping[str, _Family]) -> Iterator[str]:
    for name, family in families.items():
        yield f"# HELP {name} {_escaped(family.help, quotes=False)}"
        yield f"# TYPE {name} gauge"
        yield from family.lines.values()


def _escaped(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _worded(name: str) -> str:
    """Return what of *name* a metric's or a label's name can hold."""
    return _NOT_IN_A_NAME.sub("_", name[:_MOST_OF_A_NAME]).strip("_")
