"""More pages in the published site. This module asks the reports that are installed for theirs.

A report is a function named in ``[project.entry-points."hwperf.reports"]``; it writes into the
site that is being published and returns the tabs that lead there. One that fails is named and
costs nobody else their pages. hwperf's own reports come this way too.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwperf.asv.rates import Shown
from hwperf.errors import HwperfError
from hwperf.installed import find_entry_points

__all__ = ["GROUP", "Publication", "Report", "Tab", "add_tabs", "ask_reports"]

GROUP = "hwperf.reports"
"""The entry-point group of reports."""

_NAVIGATION = '<li id="nav-li-regressions">'
"""In asv's index.html: the last tab, before which ours go."""


@dataclass(frozen=True)
class Publication:
    """The site that is being published.

    Attributes:
        site: its directory: asv's pages and data are there, rates already in place of costs.
        results_dir: asv's directory of results.
        repo: the repository of the commits, a directory or a URL.
        revisions: number of each commit on the pages' axis, by its full hash.
        shown: how each of hwperf's benchmarks is shown, by its name.
        commit_url: what a commit's hash is appended to for a link, empty where nothing is known.
    """

    site: Path
    results_dir: Path
    repo: str = "."
    revisions: Mapping[str, int] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    commit_url: str = ""


@dataclass(frozen=True)
class Tab:
    """A link in the navigation of every page.

    Attributes:
        label: its words.
        target: the page, relative to the site.
    """

    label: str
    target: str


Report = Callable[[Publication], Sequence[Tab]]


def ask_reports(publication: Publication, warn: Callable[[str], None]) -> list[Tab]:
    """Let every installed report write its pages; return their tabs.

    Args:
        publication: the site.
        warn: told of each report that failed.
    """
    points, damaged = find_entry_points(GROUP)
    for name, cause in damaged.items():
        warn(f"reports of {name} are left out: {cause}")
    tabs: list[Tab] = []
    seen = set()
    for point in sorted(points, key=lambda p: (not p.value.startswith("hwperf."), p.name)):
        if (point.name, point.value) in seen:
            continue  # The same distribution can lie twice on the path.
        seen.add((point.name, point.value))
        try:
            tabs += point.load()(publication)
        except Exception as error:  # Border: anybody's report. The rest of the site is published.
            warn(f"report {point.name!r} ({point.value}) is left out: {_one_line(error)}")
    return tabs


def add_tabs(index: Path, tabs: Sequence[Tab]) -> None:
    """Add links to the navigation in asv's index.html.

    Raises:
        HwperfError: if the navigation is not where it was.
    """
    if not tabs:
        return
    text = index.read_text(encoding="utf-8")
    if _NAVIGATION not in text:
        raise HwperfError(f"asv's index.html has no {_NAVIGATION!r} any more")
    links = "".join(
        f'<li class="hwperf-tab"><a href="{html.escape(tab.target)}">{html.escape(tab.label)}'
        "</a></li>\n        "
        for tab in tabs
    )
    index.write_text(text.replace(_NAVIGATION, links + _NAVIGATION, 1), encoding="utf-8")


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
