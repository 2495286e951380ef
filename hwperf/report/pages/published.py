"""The "Hardware" tab of the published site. This module writes its pages, one run after the other.

``hardware/index.html`` chooses a machine and a run; the run's sections and data come from
``hardware/data/N.js``, the tables for spreadsheets from ``hardware/data/N/*.csv``.
"""

from __future__ import annotations

import html
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from hwperf.asv import files, recorded
from hwperf.asv.publication import Publication, Tab
from hwperf.asv.recorded import Run
from hwperf.report import fragments
from hwperf.report.pages import document
from hwperf.report.pages.contents import Context, Page, page_of
from hwperf.report.pages.overview import moment
from hwperf.report.pages.parts import plain, shortened

__all__ = ["MOST_RUNS", "publish"]

MOST_RUNS = 30
"""Runs of one machine that the tab offers, the newest: each is some hundred kilobytes."""

DIRECTORY = "hardware"


@dataclass(frozen=True)
class _Offered:
    """A run on the page: what it is called, and the run before it."""

    run: Run
    before: Run | None
    label: str


def publish(publication: Publication) -> list[Tab]:
    """Write the pages of every run of every machine into the site.

    Args:
        publication: the site, and where the results are.

    Returns:
        the tab that leads there; none where nothing is recorded.
    """
    offered = _offered(publication)
    directory = publication.site / DIRECTORY
    context = Context.of(publication.results_dir)
    specs: dict[str, object] = {}
    index = []
    with files.quick_writes():  # Pages are made of results, and can be made again.
        for number, each in enumerate(offered):
            page = page_of(each.run, each.before, context)
            specs |= document.specs(page)
            _write_run(directory / "data", number, page)
            index.append({"number": number, "machine": each.run.machine, "label": each.label})
        for name in document.SCRIPTS:
            files.write_text(directory / name, document.asset(f"vendor/{name}"))
        files.write_text(directory / "LICENSES.txt", document.asset("vendor/LICENSES.txt"))
        for name in ("page.js", "choice.js"):
            files.write_text(directory / name, document.asset(name))
        files.write_text(directory / "page.css", document.style())
        files.write_text(directory / "specs.js", f"const hwperf_specs = {json.dumps(specs)};\n")
        machines = list(dict.fromkeys(each.run.machine for each in offered))
        first = _first(offered) if offered else 0
        files.write_text(
            directory / "index.html",
            _index({"machines": machines, "runs": index, "first": first}, bool(offered)),
        )
    return [Tab("Hardware", f"{DIRECTORY}/index.html")]


def _offered(publication: Publication) -> list[_Offered]:
    """Return the runs, machine by machine, the newest first."""
    by_machine: dict[str, list[Run]] = {}
    for run in recorded.runs(publication.results_dir, warn=_warn):
        by_machine.setdefault(run.machine, []).append(run)
    found: list[_Offered] = []
    for runs in by_machine.values():
        age = {run.path: (run.measured_at or 0.0, str(run.path)) for run in runs}
        ordered = sorted(runs, key=lambda run: age[run.path], reverse=True)
        for place, run in enumerate(ordered[:MOST_RUNS]):
            before = fragments.before(_n_points(run), ordered[place + 1 :], _n_points)
            found.append(_Offered(run, before, _label(run, publication)))
    newest = {
        machine: max((run.measured_at or 0.0) for run in runs)
        for machine, runs in by_machine.items()
    }
    return sorted(found, key=lambda each: -newest[each.run.machine])


def _n_points(run: Run) -> int:
    return sum(m.value is not None for m in run.measurements)


def _first(offered: list[_Offered]) -> int:
    """Return the number of the run that is shown first: of the newest machine, no fragment."""
    mine = [each for each in offered if each.run.machine == offered[0].run.machine]
    return offered.index(fragments.shown(mine, lambda each: _n_points(each.run)))


def _warn(sentence: str) -> None:
    print(f"hwperf: {plain(sentence)}", file=sys.stderr)


def _label(run: Run, publication: Publication) -> str:
    number = publication.revisions.get(run.commit)
    revision = "" if number is None else f", revision {number}"
    return f"{moment(run)}, {run.commit[:8]}{revision}, {shortened(run.environment, 30)}"


def _write_run(directory: Path, number: int, page: Page) -> None:
    data = {
        "html": document.body(page, csv_dir=f"data/{number}"),
        "charts": document.charts(page),
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    files.write_text(directory / f"{number}.js", f"hwperf_runs[{number}] = {text};\n")
    for name, csv in document.csv_files(page).items():
        files.write_text(directory / str(number) / name, csv)


def _index(index: object, has_runs: bool) -> str:
    """Return the page of the tab."""
    if not has_runs:
        content = (
            "<header><h1>Hardware</h1></header><main><section><p>Nothing is recorded yet: "
            "<code>hwperf run</code> measures this machine.</p></section></main>"
        )
        return document.whole(
            title="Hardware", style='<link rel="stylesheet" href="page.css">',
            content=_back() + content, scripts="",
        )  # fmt: skip
    choice = "".join(
        f'<label for="{id}">{html.escape(words)}<select id="{id}"></select></label>'
        for id, words in (
            ("machine", "Machine"),
            ("run", "Run"),
            ("then", "Compare with"),
        )
    )
    content = (
        f'{_back()}<form class="choice" autocomplete="off">{choice}</form>'
        '<p class="legend" id="legend" hidden>Solid and in front: the run. Dashed or pale: what it '
        'is compared with. Tables of cells stand side by side.</p></header><div id="report">'
        "<noscript><p>The charts need JavaScript.</p></noscript></div>"
    )
    scripts = "".join(
        f'<script src="{name}"></script>\n'
        for name in (*document.SCRIPTS, "page.js", "specs.js", "choice.js")
    )
    return document.whole(
        title="Hardware", style='<link rel="stylesheet" href="page.css">', content=content,
        scripts='<script type="application/json" id="hwperf-index">'
        f"{document.json_in_html(index)}</script>\n{scripts}",
    )  # fmt: skip


def _back() -> str:
    return '<header><p class="meta"><a href="../index.html">All benchmarks over time</a></p>'
