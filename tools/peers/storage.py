"""One case of storage from end to end: hwperf's engine in this process, in turn with fio.

Both transfer to and from one scratch file without a name, laid out with data; what is written goes
to two parts of it of one size. fio's engines compete in short heats, then fresh rounds are taken,
in each of which hwperf, psync twice and the best other engine come in random order, every second
time in the opposite one. Psync beside itself is the noise floor.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from cases_storage import BEST, MEDIAN, PSYNC, SHIPPED, TAIL, WRITE_BYTES, StorageCase
from ratios import Comparison, Goal, Pair, compare

from hwperf.domains.storage import engine, fio, layout
from hwperf.domains.storage.random import shuffled
from hwperf.domains.storage.region import Region, lent
from hwperf.domains.storage.sequential import in_order
from hwperf.errors import Unsupported
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.units import GiB
from hwperf.work import Timing

SIDE_S = 0.4
LEAST_ROUNDS = 9
HEATS = 5
HEAT_S = 0.2
LIMIT_BYTES = 24 * GiB
"""That all cases together write at most."""

AGAIN = "psync again"


@dataclass(frozen=True)
class Side:
    """What one side of a round saw.

    Attributes:
        rate: transfers per second, or bytes per second of sequential ones.
        p50_s: median of the latencies.
        p99_s: 99th percentile of them.
    """

    rate: float
    p50_s: float
    p99_s: float


def run(case: StorageCase, *, n_pairs: int) -> list[Comparison]:
    """Compare one case; return a row for each quantity and peer.

    Args:
        case: what to compare.
        n_pairs: rounds at least; there is an even number of them.

    Raises:
        HwperfError: if either cannot run it, or hwperf's check fails.
    """
    with _sides(case) as (ours, theirs):
        best = _fastest(theirs)
        rounds = taken(ours, theirs, best, n_pairs, random.Random(case.name))
    return rows(case, best, rounds)


def rows(case: StorageCase, best: str, rounds: list[dict[str, Side]]) -> list[Comparison]:
    """Return what the rounds say: of the rate, and of random transfers the latencies, too."""
    unit = "op/s" if case.is_random else "B/s"
    found = []
    for name in dict.fromkeys(("psync", best) if case.is_random else (best,)):
        mark = " best" if case.is_random and name != "psync" else ""
        for number, goal in enumerate(_rate_goals(case, name, best)):
            of_best = " best" if number else mark
            found.append(_row(case, "rate", of_best, unit, name, goal, rounds))
        if case.is_random:
            found.append(_row(case, "p50", mark, "s", name, MEDIAN, rounds))
            found.append(_row(case, "p99", mark, "s", name, TAIL, rounds))
    floor = [Pair(each[AGAIN].rate, each["psync"].rate) for each in rounds]
    return [*found, compare(f"{case.name} floor", "fio psync, twice", unit, floor)]


def _rate_goals(case: StorageCase, name: str, best: str) -> list[Goal]:
    if not case.is_random:
        return [SHIPPED]
    if name != "psync":
        return [BEST]
    return [PSYNC, BEST] if name == best else [PSYNC]


def _row(
    case: StorageCase,
    what: str,
    mark: str,
    unit: str,
    name: str,
    goal: Goal,
    rounds: list[dict[str, Side]],
) -> Comparison:
    attribute = "rate" if what == "rate" else f"{what}_s"
    pairs = [
        Pair(getattr(each["hwperf"], attribute), getattr(each[name], attribute)) for each in rounds
    ]
    return compare(f"{case.name} {what}{mark}", f"fio {name}", unit, pairs, goal=goal)


Theirs = dict[str, Callable[[float], Side]]


@contextmanager
def _sides(case: StorageCase) -> Iterator[tuple[Callable[[], Side], Theirs]]:
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(layout.scratch())
        session.ledger[Word.LIMIT] = max(session.ledger[Word.LIMIT], LIMIT_BYTES)
        region = Region(0, size)
        places = shuffled(size, case.block) if case.is_random else in_order(size, case.block)
        if case.is_writing:
            region = stack.enter_context(lent(session, descriptor))
            region.is_touched = True
            begin, end = region.own
            places = places[(places >= begin) & (places + case.block <= end)]
        task = engine.Task(
            case.block,
            case.depth,
            places,
            writes_in_ten=10 if case.is_writing else 0,
            pages=case.pages,
            call_bytes=WRITE_BYTES if case.is_writing else None,
        )
        own = stack.enter_context(engine.running(session, descriptor, task))
        yield (
            partial(ours, own, is_random=case.is_random),
            {name: partial(_fio, case, name, session, descriptor, region) for name in case.engines},
        )
        own.check()


def ours(own: Any, *, is_random: bool) -> Side:
    """Run hwperf's engine again and again for the time of a side; it writes as much as fio may."""
    begin = time.monotonic()
    ledger = own.session.ledger
    written = ledger[Word.WRITTEN]
    timings: list[Timing] = []
    while time.monotonic() - begin < SIDE_S and (
        ledger[Word.WRITTEN] - written < WRITE_BYTES or not timings
    ):
        timings.append(own.run())
    counts = [len(each.latencies) for each in timings]
    seconds = float(np.average([each.seconds for each in timings], weights=counts))
    pooled = np.concatenate([each.latencies for each in timings])
    rate = 1 / seconds if is_random else own.task.block / seconds
    return Side(rate, *(float(each) for each in np.quantile(pooled, (0.5, 0.99))))


def _fio(
    case: StorageCase, name: str, session: Session, descriptor: int, region: Region, seconds: float
) -> Side:
    job = fio.Job(
        case.rw, case.block, case.depth, seconds, engine=name, offset=region.begin,
        most_bytes=WRITE_BYTES if case.is_writing else None,
    )  # fmt: skip
    told = fio.run(job, descriptor, region.size, session.ledger)
    rate = told.iops if case.is_random else told.bytes_per_s
    return Side(rate, *(float(each) for each in np.quantile(told.latencies, (0.5, 0.99))))


def _fastest(theirs: Theirs) -> str:
    """Return the engine that was fastest in one of a few short heats; refused ones are left out."""
    rates: dict[str, float] = {}
    refused: list[str] = []
    for _ in range(HEATS):
        for name, side in theirs.items():
            if name in refused:
                continue
            try:
                rates[name] = max(rates.get(name, 0.0), side(HEAT_S).rate)
            except Unsupported:
                if name == "psync":
                    raise
                refused.append(name)
    return max(rates, key=lambda name: rates[name])


def taken(
    ours: Callable[[], Side], theirs: Theirs, best: str, n_rounds: int, chance: random.Random
) -> list[dict[str, Side]]:
    """Return what the sides of each round saw, by name.

    Every second round goes through the order of the one before it backwards, so that each side
    comes before each other one as often as after it.
    """
    sides: dict[str, Callable[[], Side]] = {
        "hwperf": ours,
        "psync": partial(theirs["psync"], SIDE_S),
        AGAIN: partial(theirs["psync"], SIDE_S),
        best: partial(theirs[best], SIDE_S),
    }
    rounds = []
    for _ in range((n_rounds + 1) // 2):
        order = chance.sample(sorted(sides), len(sides))
        rounds.append({name: sides[name]() for name in order})
        rounds.append({name: sides[name]() for name in reversed(order)})
    return rounds
