"""The published regressions. This module puts the gate's in place of asv's, in asv's format.

asv's own detection, at the 5 % that it is set to, finds 7 % of the changes labelled in real
histories, and knows no direction. Stock pages and whatever else reads regressions.json and
regressions.xml go on as before.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hwperf.asv import atom, graphs
from hwperf.asv.publication import Publication, Tab
from hwperf.asv.results import definitions_of
from hwperf.history import cache, order, series
from hwperf.history.gate import words
from hwperf.history.gate.changes import Member
from hwperf.history.gate.examine import Inputs, examine
from hwperf.history.gate.findings import Finding
from hwperf.history.gate.settings import Settings, entry_name, read

__all__ = ["entries_of", "publish"]

_GONE = -1


def publish(publication: Publication) -> Sequence[Tab]:
    """Rewrite regressions.json and regressions.xml of the site; there is no tab of its own.

    Args:
        publication: the site.
    """
    path = publication.site / "regressions.json"
    if not path.is_file():
        return ()
    repo = Path(publication.repo)
    conf_path, settings = _configuration(publication, repo)
    known = order.find(repo if repo.is_dir() else None)
    inputs = Inputs(
        publication.results_dir, conf_path.parent / settings.accept_file, settings, known
    )
    report = examine(inputs)
    open_ones = report.of("regression", "new", "reopened")
    found = _Found(publication, _settings(publication.results_dir))
    entries, feed = entries_of(open_ones, found, known)
    path.write_text(json.dumps({"regressions": entries}), encoding="utf-8")
    atom.rewrite(publication.site / "regressions.xml", feed)
    return ()


def _configuration(publication: Publication, repo: Path) -> tuple[Path, Settings]:
    """Return asv.conf.json, as far as it can be found, and the settings that it leads to."""
    for directory in (publication.results_dir.parent, publication.results_dir.parent.parent, repo):
        path = directory / "asv.conf.json"
        if path.is_file():
            return path, read(path, directory)
    return publication.results_dir.parent / "asv.conf.json", Settings()


@dataclass(frozen=True, eq=False)
class _Found:
    """What of the site and the results is needed for an entry.

    Attributes:
        publication: the site.
        runs: setting and date of the commit, by machine, environment and commit.
        names: every parameter of the site's graphs, and its values.
        definitions: of the benchmarks.
    """

    publication: Publication
    runs: Mapping[tuple[str, str, str], tuple[Mapping[str, str], float]]
    names: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for setting, _ in self.runs.values():
            for name, value in setting.items():
                self.names.setdefault(name, set()).update({value} if value else ())
        known = definitions_of(self.publication.results_dir)
        self.definitions.update({name: d for (name, version), d in known.items() if not version})


def _settings(
    results_dir: Path,
) -> dict[tuple[str, str, str], tuple[Mapping[str, str], float]]:
    found = {}
    for machine, directory, paths in series.machines(results_dir):
        table = cache.table_of(directory, paths)
        rows = zip(table.commits, table.environments, table.settings, table.dates, strict=True)
        for commit, environment, setting, date in rows:
            found[machine, environment, commit] = table.distinct[setting], date
    return found


def entries_of(
    findings: Sequence[Finding], found: _Found, known: order.Order
) -> tuple[list[list[Any]], list[atom.Entry]]:
    """Return asv's entries of regressions.json, and those of the feed.

    Args:
        findings: regressions that are open.
        found: what is known of the site.
        known: the order of commits.
    """
    members: dict[Any, list[tuple[Finding, Member]]] = {}
    for finding in findings:
        for member in finding.members:
            members.setdefault(member.series.key, []).append((finding, member))
    entries: list[list[Any]] = []
    feed: list[atom.Entry] = []
    for key in sorted(members):
        for path, params, jumping in _graphs(members[key], found):
            jumps, told = _jumps(jumping, found, known, params)
            if jumps:
                entries.append(_entry(jumping, path, params, found, jumps))
                feed += told
    return entries, feed


def _graphs(
    members: Sequence[tuple[Finding, Member]], found: _Found
) -> Iterator[tuple[str, dict[str, str], list[tuple[Finding, Member]]]]:
    """Yield each graph with a change in it: its path, what tells it apart, and the changes."""
    graphs_of: dict[str, tuple[dict[str, str], list[tuple[Finding, Member]]]] = {}
    branches: set[str] = set()
    for finding, member in members:
        key = member.series.key
        definition = found.definitions.get(key.benchmark, {})
        if str(definition.get("version")) != key.version or _index(member, definition) == _GONE:
            continue  # An older version has another page, or none.
        setting, _ = found.runs.get((key.machine, key.environment, finding.commit), ({}, 0.0))
        whole = {name: setting.get(name) for name in found.names}
        for path, branch in graphs.find(found.publication.site, key.benchmark, whole):
            branches.add(branch)
            if not _holds(found.publication, path, finding.commit):
                continue
            several = {n: v for n, v in setting.items() if len(found.names[n]) > 1}
            graph = graphs_of.setdefault(path, ({**several, "branch": branch}, []))
            graph[1].append((finding, member))
    for path, (unlike, changed) in sorted(graphs_of.items()):
        is_told = len(branches) > 1
        yield path, {n: v for n, v in unlike.items() if n != "branch" or is_told}, changed


def _holds(publication: Publication, path: str, commit: str) -> bool:
    """Whether a graph has a point at *commit*: each branch has a graph of its own."""
    try:
        points = json.loads((publication.site / path).read_text(encoding="utf-8"))
        return publication.revisions.get(commit) in {point[0] for point in points}
    except (OSError, ValueError, TypeError, IndexError):
        return False


def _jumps(
    members: Sequence[tuple[Finding, Member]],
    found: _Found,
    known: order.Order,
    params: Mapping[str, str],
) -> tuple[list[list[Any]], list[atom.Entry]]:
    revisions = found.publication.revisions
    jumps, feed = [], []
    for finding, member in sorted(members, key=lambda pair: pair[0].rank):
        after = revisions.get(finding.commit)
        before = revisions.get(finding.after_commit)
        if after is None:
            continue
        first, last = known.index(finding.after_commit), known.index(finding.commit)
        if first is not None and last is not None and last - first == 1:
            before = None  # As asv has it: a single commit.
        old, new = (_shown(member, each, found) for each in (member.before, member.after))
        jumps.append([before, after, old, new])
        feed.append(_fed(finding, member, before is None, found, params))
    return jumps, feed


def _entry(
    members: Sequence[tuple[Finding, Member]],
    path: str,
    params: Mapping[str, str],
    found: _Found,
    jumps: list[list[Any]],
) -> list[Any]:
    member = members[-1][1]
    index = _index(member, found.definitions.get(member.series.key.benchmark, {}))
    best = min if member.series.rises_when_worse else max
    levels = [m.before for _, m in members]
    last = _shown(member, member.now, found)
    return [
        entry_name(member.series), path, dict(params), index, last,
        _shown(member, best(levels), found), jumps,
    ]  # fmt: skip


def _index(member: Member, definition: Mapping[str, Any]) -> int | None:
    """Return the number of the member's parameters in the page's list, None where it has none.

    :data:`_GONE` where the benchmark has these parameters no more.
    """
    axes = definition.get("params") or []
    wanted = tuple(value for _, value in member.series.key.params)
    if not axes and not wanted:
        return None
    for number, point in enumerate(itertools.product(*axes)):
        if point == wanted:
            return number
    return _GONE


def _shown(member: Member, value: float, found: _Found) -> float | None:
    """Return a value in the unit of the page."""
    shown = found.publication.shown.get(member.series.key.benchmark)
    number = shown.value(value) if shown is not None else value
    return number if number is not None and math.isfinite(number) else None


def _fed(
    finding: Finding, member: Member, is_single: bool, found: _Found, params: Mapping[str, str]
) -> atom.Entry:
    key = member.series.key
    _, date = found.runs.get((key.machine, key.environment, finding.commit), ({}, 0.0))
    measured = float(member.series.times[member.index])
    commits = finding.commit if is_single else f"{finding.after_commit}-{finding.commit}"
    query = {**params, **{f"p-{name}": value for name, value in key.params}, "commits": commits}
    said = words.of_member(member)
    title = member.series.title + entry_name(member.series).removeprefix(key.benchmark)
    return atom.Entry(
        title=f"{words.clean(title)}: {said}",
        content=f"{said}, at commit {finding.commit[:8]} on {words.where(finding)}.",
        link=f"index.html#{key.benchmark}?{urlencode(query)}",
        context=(
            entry_name(member.series), "" if is_single else finding.after_commit, finding.commit
        ),
        committed_at=date,
        updated_at=measured if math.isfinite(measured) else date,
    )  # fmt: skip
