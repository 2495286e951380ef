"""The head of a page. This module says which machine it is and how far to trust it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hwperf.asv.recorded import Run
from hwperf.report.pages.memory import hierarchy_of
from hwperf.report.pages.parts import Block, Section, Table, Words, shortened
from hwperf.report.pages.points import Points, counted, told
from hwperf.units import MiB, format_quantity

__all__ = ["Trust", "machine_line", "moment", "section", "trust", "verdict"]

_TRUSTED, _USABLE = 0.9, 0.7  # Shares of the measured points that are ok (docs/howto).


@dataclass(frozen=True)
class Trust:
    """How far to trust the numbers of a run.

    Attributes:
        level: "good", "fair" or "poor".
        words: the badge.
    """

    level: str
    words: str


def section(points: Points, card: tuple[Block, ...], before: Run | None) -> Section:
    """Return the first section: the sentence, the numbers, and what was not measured.

    Args:
        points: those of the run.
        card: the card, empty where there is none.
        before: the run before it on the same machine, or None.
    """
    blocks: list[Block] = [Words(verdict(points), "lead")]
    blocks += card or _numbers(points)
    blocks.append(Words(_counts(points.run)))
    if before is not None and len(before.measurements) > 2 * len(points.run.measurements):
        earlier = f"the run before it, of {moment(before)}, has {len(before.measurements)}"
        command = f"hwperf report --commit {shlex.quote(before.commit[:8])}"
        blocks.append(Words(f"This is a part of the suite; {earlier}: {command} draws that."))
    return Section("overview", "In short", tuple(blocks))


def machine_line(run: Run) -> str:
    """Return the machine in one line."""
    facts = run.facts
    parts = [
        shortened(facts.get("cpu", "")),
        f"{shortened(facts['num_cpu'], 20)} CPUs" if facts.get("num_cpu") else "",
        f"{shortened(facts['ram'], 20)} RAM" if facts.get("ram") else "",
        shortened(facts.get("os", ""), 40),
    ]
    return ", ".join(part for part in parts if part) or "nothing else is known of the machine"


def moment(run: Run) -> str:
    """Return when the run was measured, in UTC."""
    try:
        at = datetime.fromtimestamp(run.measured_at or 0.0, UTC)
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"
    return at.strftime("%Y-%m-%d %H:%M UTC") if run.measured_at else "at an unknown time"


def trust(run: Run) -> Trust:
    """Return how far to trust the run: by the share of its measured points that are ok."""
    counts = Counter(m.verdict for m in run.measurements if not m.is_tail)
    measured = counts["ok"] + counts["noisy"]
    wrong = counts["failed"] + counts["impossible"]
    if not measured:
        return Trust("poor", "nothing was measured")
    share = counts["ok"] / measured
    words = f"{counts['ok']} of {measured} points trusted, {counts['noisy']} noisy"
    if wrong:
        words += f", {wrong} rejected"
    if share >= _TRUSTED and not wrong:
        return Trust("good", words)
    return Trust("fair" if share >= _USABLE else "poor", words)


def verdict(points: Points) -> str:
    """Return one sentence on what the machine can do."""
    parts = list(_achievements(points))
    if not parts:
        if any(m.value is not None for m in points.run.measurements):
            return "This run holds points, but none of those that the sentence here is made of."
        return "This run holds nothing that was measured: each point says below why."
    return f"This machine {'; '.join(parts)}."


def _achievements(points: Points) -> Iterator[str]:
    flops = points.best("simd.fma", dtype="f64")
    if flops is not None:
        many = points.best("multicore.flops")
        words = f"computes {format_quantity(flops.value, 'FLOP/s')} (f64) on one core"
        if many is not None and many.params.get("threads") not in (None, 1):
            words += f" and {format_quantity(many.value, 'FLOP/s')}"
            words += f" on {counted(many.params['threads'], 'thread')}"
        yield words
    found = hierarchy_of(points)
    read = points.best("memory.read", nbytes=256 * MiB)
    if read is not None and found:
        yield (
            f"reads memory at {format_quantity(read.value, 'B/s')} and waits "
            f"{format_quantity(found[-1].latency_s, 's')} for a word of it"
        )
    disk = points.best("storage.sequential_read", io="direct")
    if disk is not None:
        yield f"streams {format_quantity(disk.value, 'B/s')} from its disk"
    link = points.best("transfer.host_to_device")
    if link is not None:
        yield f"sends {format_quantity(link.value, 'B/s')} to its accelerator"


_NUMBERS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("clock", "core.clock", {}),
    ("best multiply-add, f64, one core", "simd.fma", {"dtype": "f64"}),
    ("best multiply-add, f32, one core", "simd.fma", {"dtype": "f32"}),
    ("multiply-adds, all threads", "multicore.flops", {}),
    ("read from memory, one core", "memory.read", {"nbytes": 256 * MiB}),
    ("read from memory, all threads", "multicore.bandwidth", {"kernel": "read"}),
    ("a line from core to core", "multicore.core_to_core", {}),
    ("a disk's random 4 KiB reads", "storage.random_read", {"block_bytes": 4096}),
)


def _numbers(points: Points) -> list[Block]:
    rows = []
    for name, id, params in _NUMBERS:
        best = points.best(id, **params)
        rows.append((name, "not measured" if best is None else told(best), id))
    if all(value == "not measured" for _, value, _ in rows):
        return []
    return [Table(("what", "this machine (99 % interval)", "workload"), rows)]


def _counts(run: Run) -> str:
    counts = Counter(m.verdict for m in run.measurements if not m.is_tail)
    words = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
    return f"Points: {words}. Pale marks, and cells with a *, are points that are not ok."
