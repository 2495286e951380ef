"""The section on changes. This module sets a run against the one before it on the same machine."""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.asv.recorded import Run
from hwperf.history.floor import Floor, Key
from hwperf.report.comparison import compare
from hwperf.report.comparison.pairs import Compared
from hwperf.report.comparison.wording import change, named, values
from hwperf.report.pages.overview import moment
from hwperf.report.pages.parts import Block, Section, Table, Words, shortened

__all__ = ["section"]

_MOST_ROWS = 40
_TITLE = "What changed"


def section(run: Run, before: Run | None, floors: Mapping[Key, Floor]) -> Section:
    """Return the section: differences in numbers, and beside them differences in state.

    Args:
        run: the run that the page is about.
        before: the run before it on the same machine, None where this is the first.
        floors: what two runs differ by without a cause, where it was measured.
    """
    if before is None:
        words = "This is the first run of this machine: the next one is compared with it here."
        return Section("changes", _TITLE, (Words(words, "missing"),))
    found = compare(before, run, floors=_usable(floors))
    worse, better = found.worse, found.better
    blocks: list[Block] = [
        Words(
            f"Against the run of {moment(before)} (commit {before.commit[:8]}): "
            f"of {len(found.compared)} points in both, {len(worse)} got worse, {len(better)} "
            "better; the others are within the noise.",
            "lead",
        )
    ]
    if not found.compared:
        blocks = [Words("The run before has no point in common with this one.", "missing")]
    for title, points in (("Worse", worse), ("Better", better)):
        if points:
            blocks.append(_table(title, points))
    if found.differences:
        blocks.append(
            Table(
                ("what", "before", "now"),
                [(shortened(d.what), shortened(d.a), shortened(d.b)) for d in found.differences],
                title="Differences of machine and state",
            )
        )
    elif found.compared:
        blocks.append(Words("Nothing that is recorded of the machine and its state differs."))
    return Section("changes", _TITLE, tuple(blocks))


def _usable(floors: Mapping[Key, Floor]) -> Mapping[Key, Floor]:
    """Return the floors that say anything: fewer than three rounds do not."""
    return {key: floor for key, floor in floors.items() if floor.sd is not None}


def _table(title: str, points: tuple[Compared, ...]) -> Table:
    rows = [(shortened(named(p), 120), values(p), change(p)) for p in points[:_MOST_ROWS]]
    if len(points) > _MOST_ROWS:
        rows.append((f"and {len(points) - _MOST_ROWS} more: hwperf compare lists them", "", ""))
    return Table(("point", "before and now", "change (99 % interval)"), rows, title=title)
