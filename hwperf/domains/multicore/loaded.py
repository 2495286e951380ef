"""The latency of a loaded memory, after X-Mem and Intel's Memory Latency Checker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Work, limits, workload
from hwperf.checks import POISON, Floats, Words, require_equal, require_value
from hwperf.domains.multicore.teams import ATTEMPTS, needs_two, team_of
from hwperf.host import caches, memory, topology
from hwperf.host import pages as working_memory
from hwperf.kernels import cycle, parallel, stream
from hwperf.kernels import team as teams

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["loaded_latency"]

LINE_BYTES = 64
LEAST_BYTES = 256 * MiB  # Of the chase: as memory.latency has it for main memory.
DRAWN_BYTES = 64 * MiB  # Of each thread that draws.
PART_BYTES = 64 * KiB  # Read at once, then there may be a wait: 2 to 5 µs.
PART = PART_BYTES // 8
STEPS = 2**13  # 1 to 2 ms
SETTLING_STEPS = 2**13
FEWEST_PARTS = 64  # That each thread has read: then the time of one is known.


def chase_bytes() -> int:
    """Return the bytes that are chased through: four times what the last-level cache holds."""
    return max(LEAST_BYTES, 4 * caches.last_level_bytes() // LEAST_BYTES * LEAST_BYTES)


def _lacks_memory() -> str | None:
    return memory.lacking(chase_bytes() + (topology.most_threads()[0] - 1) * DRAWN_BYTES)


@workload(
    "multicore.loaded_latency",
    params={"load_percent": [0, 25, 50, 75, 100]},
    limit=limits.dependent_loads,
    requires=[needs_two, lambda: working_memory.lacking("huge"), _lacks_memory],
    source="Gottscho et al. (2016), X-Mem; Intel Memory Latency Checker, loaded latency",
)
def loaded_latency(load_percent: int) -> Iterator[Work]:
    """Latency of a chase through memory while other cores read at *load_percent* of their most.

    Counts the loads of the chase. What the others draw meanwhile is the figure *drawn*; 100 % is
    as fast as they can, less is the same reads with waits between them.
    """
    with team_of(topology.spread(topology.most_threads()[0])) as team:
        others = _drawers(team)
        path = cycle.over(chase_bytes() // LINE_BYTES)
        buffer = working_memory.allocate(chase_bytes(), pages="huge", dtype=np.int64)
        cycle.link(buffer, path, LINE_BYTES)
        base = buffer.ctypes.data
        state = np.array([base + cycle.line_at(path, 0) * LINE_BYTES, 0])
        pace_ns = round(_part_ns(team, others, state) * 100 / load_percent) if load_percent else 0
        state[:] = base + cycle.line_at(path, 0) * LINE_BYTES, 0
        drawing = others if load_percent else []
        for each in drawing:
            each.forget()
        drawn: list[float] = []

        def run() -> float:
            seconds, rate = _chase(team, drawing, state, pace_ns, STEPS)
            drawn.append(rate)
            return seconds

        def derive(seen: Seen) -> dict[str, Figure]:
            calls = zip(drawn[-len(seen.counted) :], seen.counted, strict=True)
            counting = [rate for rate, counts in calls if counts]
            return {"drawn": Figure(float(np.median(counting)), "B/s")} if drawing else {}

        yield Work(run, ops=STEPS, clock="clock_gettime, by the chase", team=team, derive=derive)
        steps = int(state[1])
        if not steps > 0:
            raise CheckFailed(f"the chase made {steps} steps; expected more")
        require_value(
            int(state[0]), base + cycle.line_at(path, steps) * LINE_BYTES, "place of the chase"
        )
        for each in drawing:
            each.require()


@dataclass(frozen=True)
class Drawer:
    """What one of the other threads reads: 0, 1, 2 ... in parts, each with a sum of its own."""

    done: Words
    data: Floats
    sums: Floats

    def forget(self) -> None:
        """Begin anew, as if nothing had been read."""
        self.done[:] = 0
        self.sums[:] = POISON

    def require(self) -> None:
        """Compare the sums of the parts that were read.

        Raises:
            CheckFailed: naming the first that differ, or that none was read.
        """
        n_parts = min(int(self.done[0]), self.sums.size)
        if n_parts < 1:
            raise CheckFailed("a thread that should draw has read nothing")
        first = np.arange(n_parts) * float(PART)
        require_equal(self.sums[:n_parts], PART * first + PART * (PART - 1) / 2)


def _drawers(team: Team) -> list[Drawer]:
    drawers = [
        Drawer(
            np.zeros(1, np.int64),
            working_memory.untouched(DRAWN_BYTES, pages="huge"),
            np.full(DRAWN_BYTES // PART_BYTES, POISON),
        )
        for _ in team.cpus[1:]
    ]
    fill = stream.fill["regular"]
    team.run([lambda: None, *(partial(fill, each.data, 1) for each in drawers)])
    for each in drawers:
        working_memory.require_pages(each.data, "huge")
    return drawers


def _part_ns(team: Team, drawers: list[Drawer], state: Words) -> float:
    """Return the nanoseconds that one part takes when all others draw as fast as they can.

    Raises:
        CheckFailed: if a thread draws nothing, however long it is given.
    """
    n_steps = SETTLING_STEPS
    for _ in range(ATTEMPTS):
        before = [int(each.done[0]) for each in drawers]
        _, rate = _chase(team, drawers, state, 0, n_steps)
        drew = (int(each.done[0]) - n for each, n in zip(drawers, before, strict=True))
        if min(drew) >= FEWEST_PARTS:
            return 1e9 * len(drawers) * PART_BYTES / rate
        n_steps *= 4
    raise CheckFailed("a thread that should draw has hardly read anything")


def _chase(
    team: Team, drawers: list[Drawer], state: Words, pace_ns: int, n_steps: int
) -> tuple[float, float]:
    """Return the seconds of *n_steps* loads, and the B/s that the others drew meanwhile.

    Raises:
        CheckFailed: if the threads did not come together in time.
    """
    gate, stop = teams.shared_word(), teams.shared_word()
    n_threads = 1 + len(drawers)
    before = [int(each.done[0]) for each in drawers]
    chase_ns, *others_ns = team.run(
        [
            partial(parallel.follow_and_stop, gate, n_threads, stop, state, n_steps),
            *(
                partial(
                    parallel.draw_until, gate, n_threads, stop,
                    each.done, each.data, each.sums, PART, pace_ns,
                )
                for each in drawers
            ),
        ]
    )  # fmt: skip
    if min(chase_ns, *others_ns, 1) < 0:
        raise CheckFailed(f"{n_threads} threads did not come together within 3 s")
    parts = [int(each.done[0]) - made for each, made in zip(drawers, before, strict=True)]
    rates = [n * PART_BYTES * 1e9 / ns for n, ns in zip(parts, others_ns, strict=True)]
    return chase_ns * 1e-9, sum(rates)
