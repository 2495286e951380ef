"""A whole page as data. This module puts the sections about one run together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hwperf.asv.recorded import Run
from hwperf.asv.results import definitions_of
from hwperf.history.floor import Floor, Key, load
from hwperf.report.pages import (
    changes,
    cpu,
    links,
    memory,
    method,
    more,
    multicore,
    noise,
    overview,
    reported,
    storage,
)
from hwperf.report.pages.cards import card_of
from hwperf.report.pages.parts import Section, Words, shortened
from hwperf.report.pages.points import Points, drawable

__all__ = ["Context", "Page", "page_of"]

_DRAWN = frozenset({"core", "memory", "simd", "multicore", "storage", "transfer", "network"})


@dataclass(frozen=True)
class Context:
    """What a page needs beside the run itself; the same for all runs of a results directory.

    Attributes:
        known: definitions of the benchmarks.
        floors: what rounds of the same code differ by.
    """

    known: method.Definitions = field(default_factory=dict)
    floors: Mapping[Key, Floor] = field(default_factory=dict)

    @classmethod
    def of(cls, results_dir: Path) -> Context:
        """Read it from asv's directory of results."""
        return cls(definitions_of(results_dir), load(results_dir))


@dataclass(frozen=True)
class Page:
    """What is said about one run.

    Attributes:
        machine: name of the machine.
        facts: the machine in one line.
        commit: hash of the measured commit.
        environment: asv's name of the environment.
        moment: when it was measured.
        trust: how far to trust it.
        sections: in the order of the page.
    """

    machine: str
    facts: str
    commit: str
    environment: str
    moment: str
    trust: overview.Trust
    sections: tuple[Section, ...]


def page_of(run: Run, before: Run | None, context: Context) -> Page:
    """Return the page about *run*.

    Args:
        run: the run.
        before: the run before it on the same machine, or None.
        context: what its results directory says beside.
    """
    run = drawable(run)
    points = Points(run)
    mine = {key: floor for key, floor in context.floors.items() if key[0] == run.machine}
    answers = _answers(context.known)
    sections = [
        overview.section(points, card_of(run), before),
        *_domains(points, reported.caches_of(run), answers),
        method.others(points, _DRAWN, answers),
        noise.section(points, mine),
        changes.section(run, before, mine),
        method.method(run, context.known),
        method.raw(run),
    ]
    return Page(
        machine=run.machine,
        facts=overview.machine_line(run),
        commit=run.commit,
        environment=run.environment,
        moment=overview.moment(run),
        trust=overview.trust(run),
        sections=tuple(each for each in sections if each is not None),
    )


def _answers(known: method.Definitions) -> more.Answers:
    """Return what each workload answers, by its id: what a file says of it."""
    return {
        str(each["workload"]): shortened(each.get("answers") or "", 400)
        for each in known.values()
        if isinstance(each.get("workload"), str)
    }


def _domains(points: Points, caches: Mapping[int, int], answers: more.Answers) -> Iterator[Section]:
    """Yield a section for each domain; one that was left out of the run says so in one line."""
    drawn: tuple[tuple[str, str, Callable[[], Section]], ...] = (
        ("memory", "Memory", lambda: memory.section(points, caches)),
        ("simd", "One core", lambda: cpu.section(points)),
        ("multicore", "Many cores", lambda: multicore.section(points)),
        ("storage", "Storage", lambda: storage.section(points)),
        ("transfer", "Transfer", lambda: links.transfer(points)),
        ("network", "Network", lambda: links.network(points)),
    )
    for domain, title, section in drawn:
        ids = points.ids(domain)
        if ids:
            made = section()
            ids += points.ids("core") if domain == "simd" else []
            rest = tuple(more.blocks(points, ids, made.blocks, answers))
            yield replace(made, blocks=made.blocks + rest)
        else:
            said = f"{title}: not in this run. hwperf run -k '^{domain}\\.' measures it."
            name = "cpu" if domain == "simd" else domain
            yield Section(name, title, (Words(said, "missing"),))
