#!/usr/bin/env python3
"""A small recorded run for the documentation. This module copies a run without what is not shown.

    python tools/sample_run/make.py .asv/results docs/data/results --machine example

Samples, the source of kernels and the lists among the figures go: a tenth of the bytes is left.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_KEPT = (
    "benchmark", "id", "params", "verdict", "reason", "n_samples", "n_disturbed", "disturbances",
    "placement",
)  # fmt: skip
"""What reports read of the sidecar; values and intervals stand in asv's file."""

_TAGS = ("clock_hz", "started")
_LONG = 120  # Characters of a reason; what follows in brackets is what was looked for.
_SAMPLES = "samples"


def main() -> None:
    """Copy the newest run of one machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="asv's directory of results")
    parser.add_argument("target", type=Path, help="where the copy goes")
    parser.add_argument("--machine", default="example", help="the name that the machine gets")
    options = parser.parse_args()
    runs = [p for p in options.results.glob("*/*.json") if p.name != "machine.json"]
    newest = max(runs, key=lambda path: path.stat().st_mtime)
    directory = options.target / options.machine
    directory.mkdir(parents=True, exist_ok=True)
    written = {
        options.target / "benchmarks.json": definitions(options.results / "benchmarks.json"),
        directory / newest.name: results(newest, options.machine),
        directory / "machine.json": renamed(newest.parent / "machine.json", options.machine),
    }
    for path, value in written.items():
        path.write_text(json.dumps(value, separators=(",", ":")) + "\n", "utf-8")
    lines = [
        json.dumps(record(json.loads(line)), separators=(",", ":"))
        for line in newest.with_suffix(".hwperf.jsonl").read_text("utf-8").splitlines()
    ]
    (directory / newest.with_suffix(".hwperf.jsonl").name).write_text("\n".join(lines) + "\n")


def definitions(path: Path) -> dict[str, Any]:
    """Return the benchmarks without their source."""
    found = json.loads(path.read_text("utf-8"))
    return {
        name: {k: "" if k == "code" else v for k, v in each.items()}
        if isinstance(each, dict)
        else each
        for name, each in found.items()
    }


def results(path: Path, machine: str) -> dict[str, Any]:
    """Return a result file without samples, with five digits of each number."""
    found = json.loads(path.read_text("utf-8"))
    columns = found["result_columns"]
    dropped = columns.index(_SAMPLES)
    for row in found["results"].values():
        if len(row) > dropped:
            row[dropped] = None
        row[:] = [_shortened(each, name) for each, name in zip(row, columns, strict=False)]
    found["params"]["machine"] = machine
    return found


def record(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the sidecar with what reports look at."""
    kept = {name: line[name] for name in _KEPT if line.get(name) or name == "params"}
    if len(kept.get("reason", "")) > _LONG:
        kept["reason"] = kept["reason"].partition(" (")[0]
    known = line.get("tags", {}) if line["verdict"] != "n/a" else {}
    tags = {name: round(known[name], 1) for name in _TAGS if known.get(name)}
    figures = {
        name: each
        for name, each in line.get("figures", {}).items()
        if not isinstance(each.get("value"), (list, dict))
    }
    against = {name: {"ratio": each["ratio"]} for name, each in line.get("against", {}).items()}
    return kept | {
        name: each
        for name, each in (("tags", tags), ("figures", figures), ("against", against))
        if each
    }


def renamed(path: Path, machine: str) -> dict[str, Any]:
    """Return the machine's file under another name."""
    return {**json.loads(path.read_text("utf-8")), "machine": machine}


def _shortened(value: Any, name: str) -> Any:
    if isinstance(value, float) and name not in ("started_at", "date"):
        return float(f"{value:.5g}")
    if isinstance(value, list):
        return [_shortened(each, name) for each in value]
    return value


if __name__ == "__main__":
    main()
