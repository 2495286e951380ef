"""What to do next. This module names three commands that fit what a verb has just done."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import click

__all__ = ["Ended", "lines", "show"]

_COUNT = 3
_WIDTH = 80  # Columns; longer commands have their words below them.
_MANY_NOISY = 0.1  # Of the points: then it is the machine, and not one point.

_Step = tuple[str, str]


@dataclass(frozen=True)
class Ended:
    """How a verb ended, as far as it bears on what comes next.

    Attributes:
        ids: the workloads that it was about, in order.
        bad: id and parameters of the first point that failed or was impossible.
        n_measured: points with a value.
        n_noisy: those of them that are not to be trusted.
        is_interrupted: whether it was stopped before it was done.
        is_published: whether the pages were written.
        config: asv's configuration where another than asv.conf.json was given.
        causes: how many disturbances were found.
    """

    ids: tuple[str, ...] = ()
    bad: tuple[str, Mapping[str, Any]] | None = None
    n_measured: int = 0
    n_noisy: int = 0
    is_interrupted: bool = False
    is_published: bool = False
    config: str | None = None
    causes: int = 0
    known: Collection[str] = field(default=(), repr=False)
    """The verbs that there are; those of the command line by default."""

    @property
    def is_noisy(self) -> bool:
        """Whether so many points are noisy that the machine is to blame."""
        return self.n_noisy > _MANY_NOISY * max(1, self.n_measured)


def lines(verb: str, ended: Ended) -> list[str]:
    """Return three commands that fit after *verb*, each with what it is for; none where none do.

    A command is of a verb that there is, and not the one that was just given.
    """
    known = ended.known or _verbs()
    offered = _OFFERS.get(verb)
    steps: dict[str, str] = {}
    for command, words in offered(ended) if offered else ():
        if command.split()[1] in known:
            steps.setdefault(command, words)
    steps.pop(f"hwperf {verb}", None)
    chosen = list(steps.items())[:_COUNT]
    column = max((len(command) for command, _ in chosen), default=0) + 3
    if any(len(f"  {command:<{column}}{words}") > _WIDTH for command, words in chosen):
        return [line for command, words in chosen for line in (f"  {command}", f"      {words}")]
    return [f"  {command:<{column}}{words}".rstrip() for command, words in chosen]


def show(verb: str, ended: Ended) -> None:
    """Print the commands where somebody reads: on a terminal. A pipe gets the results alone."""
    if sys.stdout is None or not sys.stdout.isatty():
        return
    found = lines(verb, ended)
    if found:
        click.echo("\n".join(["", click.style("Next:", bold=True), *found]))


def _verbs() -> Collection[str]:
    from hwperf.cli.main import VERBS

    return VERBS


def _after_run(ended: Ended) -> Iterator[_Step]:
    config = f" --config {shlex.quote(ended.config)}" if ended.config else ""
    if ended.bad:
        yield _again(*ended.bad)
    if ended.is_interrupted:
        yield f"hwperf run{config}", "all of it; what was measured is kept"
    if not ended.n_measured:
        yield "hwperf list", "what this machine cannot do, and why"
        yield "hwperf doctor", "what stands in the way here"
        yield "hwperf info", "what this machine is"
        return
    if ended.is_noisy:
        yield "hwperf doctor", f"why {ended.n_noisy} points are noisy, and what to do"
    if not ended.is_published:
        yield f"hwperf publish{config}", "the pages of all runs"
    yield f"hwperf card{config}", "the lecture's numbers beside this machine's"
    yield f"hwperf report{config}", "all of it on one page that works offline"
    yield "hwperf doctor", "what disturbs measurements here"
    yield f"hwperf run --full{config}", "many times as long, for smaller intervals"
    yield "hwperf info --measured", "what the machine is, by what it does"


def _after_measure(ended: Ended) -> Iterator[_Step]:
    id = ended.ids[0] if ended.ids else "core.clock"
    if ended.bad:
        yield _again(*ended.bad, budget="3s")
    if not ended.n_measured:
        yield f"hwperf list {id}", "what it needs, and why it is n/a here"
        yield "hwperf info", "what this machine is"
        yield "hwperf doctor", "what disturbs measurements here"
        return
    if ended.n_noisy:
        yield "hwperf doctor", "what disturbs measurements here"
        yield f"hwperf measure {id} --budget 5s", "longer, for a smaller interval"
    yield f"hwperf run -k {id}", "the same through asv, and kept"
    yield f"hwperf list {id.partition('.')[0]}.", "what else there is of it"
    yield f"hwperf measure {id} --json", "every sample, for a program"


def _after_doctor(ended: Ended) -> Iterator[_Step]:
    if ended.causes:
        yield "hwperf measure core.clock", "how steady the clock is for all that"
        yield "hwperf aa --dry-run", "how small a change can be seen here"
    yield "hwperf run", "the suite, within 3 minutes"
    yield "hwperf info --measured", "what the machine is, by what it does"
    yield "hwperf measure core.clock", "the clock, in a second"


def _after_list(ended: Ended) -> Iterator[_Step]:
    id = ended.ids[0] if ended.ids else "core.clock"
    yield f"hwperf measure {id}", "measure it, here and now"
    yield f"hwperf run -k {id}", "through asv, and kept"
    yield "hwperf doctor", "what disturbs measurements here"


def _after_card(ended: Ended) -> Iterator[_Step]:
    yield "hwperf claims", "the laws, with what could contradict them"
    yield "hwperf report", "all of it on one page that works offline"
    yield "hwperf card -o card.svg", "a picture for a README"


def _after_claims(ended: Ended) -> Iterator[_Step]:
    yield "hwperf card", "every number of the lecture beside this machine's"
    yield "hwperf report", "the curves behind the laws, on one page"
    yield "hwperf run --full", "many times as long, for smaller intervals"


def _after_compare(ended: Ended) -> Iterator[_Step]:
    yield "hwperf aa", "how small a change can be seen here"
    yield "hwperf regress", "the whole history in place of two runs"
    yield "hwperf report", "the newest run on one page, with what changed"


def _after_history(ended: Ended) -> Iterator[_Step]:
    yield "hwperf verdict", "was it the code or the machine?"
    yield "hwperf regress", "what got worse, since when, by how much"
    yield "hwperf aa", "how small a change can be seen here"
    yield "hwperf publish", "the pages of all runs"


def _after_pages(ended: Ended) -> Iterator[_Step]:
    yield "hwperf card", "the lecture's numbers beside this machine's"
    yield "hwperf regress", "what got worse, since when, by how much"
    yield "hwperf run", "measure again: a history needs more than one run"


def _again(id: str, params: Mapping[str, Any], budget: str = "") -> _Step:
    words = [part for name, value in params.items() for part in ("-p", f"{name}={value}")]
    words += ["--budget", budget] if budget else []
    return shlex.join(["hwperf", "measure", id, *words]), "the point that failed, by itself"


_OFFERS = {
    "aa": _after_history,
    "card": _after_card,
    "claims": _after_claims,
    "compare": _after_compare,
    "publish": _after_pages,
    "regress": _after_history,
    "report": _after_pages,
    "verdict": _after_history,
    "doctor": _after_doctor,
    "list": _after_list,
    "measure": _after_measure,
    "run": _after_run,
}
