"""The pictures of these pages. This module makes them from a recorded run, at each build.

The run lies in docs/data/results; tools/sample_run/make.py has copied it. What a verb of hwperf
draws is asked of that verb, so that a page shows what it prints today.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from line_chart import Line, Point, chart

from hwperf.asv.recorded import Measurement, Run, newest
from hwperf.units import format_bytes, format_quantity

RESULTS = "data/results"
PLACE = "pictures"
_TIMEOUT_S = 60
_KNOWN = ("ok", "noisy")

Matches = Callable[[Measurement], bool]


def pictures(source: Path) -> Iterator[tuple[str, str]]:
    """Yield the file name and the content of each: SVG, or text.

    Args:
        source: the directory of these pages.

    Raises:
        ValueError: if the recorded run is not there.
    """
    run = newest(source / RESULTS)
    if run is None:
        raise ValueError(f"{source / RESULTS} holds no run. See tools/sample_run/make.py.")
    of = f"{run.facts.get('cpu', run.machine)}, {run.facts.get('num_cpu')} CPUs"
    yield "latency.svg", _latency(run, of)
    yield "bandwidth.svg", _bandwidth(run, of)
    yield "card.svg", _by_verb(source, "card", "--format", "svg")
    yield "card.txt", _block(source)


def _latency(run: Run, of: str) -> str:
    kinds = (
        ("small pages, whole", "small", "whole"),
        ("huge pages, whole", "huge", "whole"),
        ("huge pages, local", "huge", "local"),
    )
    lines = [
        Line(name, tuple(_points(run, "memory.latency", _having(pages=pages, order=order))))
        for name, pages, order in kinds
    ]
    return chart(
        "Latency of a dependent load, against the working set",
        f"{of}; median and 99 % interval; each step is a cache that has become too small",
        lines,
        shown_x=lambda nbytes: format_bytes(int(nbytes)),
        shown_y=lambda seconds: format_quantity(seconds, "s"),
        x_step=8,
    )


def _bandwidth(run: Run, of: str) -> str:
    lines = [
        Line("read", tuple(_points(run, "memory.read", _having(pages="huge")))),
        Line(
            "copy, regular stores",
            tuple(_points(run, "memory.copy", _having(pages="huge", stores="regular"))),
        ),
        Line(
            "copy, streaming",
            tuple(_points(run, "memory.copy", _having(pages="huge", stores="streaming"))),
        ),
    ]
    return chart(
        "Bandwidth of one core, against the size of an array",
        f"{of}; nominal bytes, as STREAM counts them; median and 99 % interval",
        lines,
        shown_x=lambda nbytes: format_bytes(int(nbytes)),
        shown_y=lambda rate: format_quantity(rate, "B/s"),
        x_step=32,
    )


def _having(**wanted: str) -> Matches:
    return lambda found: all(found.params.get(name) == value for name, value in wanted.items())


def _points(run: Run, workload: str, matches: Matches) -> Iterable[Point]:
    chosen = (m for m in run.measurements if m.name == workload and not m.is_tail and matches(m))
    for found in sorted(chosen, key=lambda m: m.params["nbytes"]):
        if found.value is not None and found.verdict in _KNOWN:
            low, high = found.interval or (found.value, found.value)
            yield Point(found.params["nbytes"], found.value, low, high)


def _by_verb(source: Path, *arguments: str) -> str:
    """Return what a verb draws; where it draws nothing, a picture of its reason."""
    printed, reason = _said(source, *arguments)
    if printed.lstrip().startswith(("<svg", "<?xml")):
        return printed
    return _words(f"hwperf {' '.join(arguments)}", reason)


def _block(source: Path) -> str:
    """Return the lines with which the card begins, up to its table; the reason where none are."""
    printed, reason = _said(source, "card")
    return (printed.partition("\n\n")[0].strip("\n") or reason) + "\n"


def _said(source: Path, *arguments: str) -> tuple[str, str]:
    """Return what a verb prints of the recorded run, and what it complains of."""
    command = [sys.executable, "-m", "hwperf", *arguments, "--results", str(source / RESULTS)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"took longer than {_TIMEOUT_S} s"
    return done.stdout, (done.stderr.strip().splitlines() or ["nothing was printed"])[0]


def _words(title: str, reason: str) -> str:
    style = "text{font:13px system-ui,sans-serif;fill:#333}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 80" width="760" height="80">'
        f'<style>{style}</style><rect width="760" height="80" fill="#fff"/>'
        f'<text x="16" y="32">{escape(title)}</text>'
        f'<text x="16" y="56">{escape(reason)}</text></svg>\n'
    )


def write(source: Path) -> None:
    """Write all pictures below *source*; those that are the same stay."""
    directory = source / PLACE
    directory.mkdir(exist_ok=True)
    for name, text in pictures(source):
        path = directory / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx when to draw: before it looks for images."""
    app.connect("builder-inited", lambda builder: write(Path(builder.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
