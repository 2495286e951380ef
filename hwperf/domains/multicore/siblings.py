"""Two hardware threads of one core: what the second one brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from hwperf import Figure, MiB, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.domains.multicore.bandwidth import PART, slices
from hwperf.domains.multicore.flops import Arithmetic, flops_of_a_step, require_multiply_add
from hwperf.domains.multicore.teams import CLOCK, ONE, team_of, timed
from hwperf.host import cpu, memory, simd, topology
from hwperf.host import pages as working_memory
from hwperf.kernels import cycle, parallel

__all__ = ["smt"]

N_STEPS = 16
SET_BYTES = 64 * MiB  # Of each array and chase of a thread.
LINE_BYTES = 64
CHASE_STEPS = 512  # 80 µs at 150 ns


def no_siblings() -> str | None:
    """Return why no two threads can be put on one core, or None."""
    reason = topology.unpinnable()
    if reason:
        return reason
    if topology.most_threads()[0] < 2:
        return topology.lacking(2)
    if topology.sibling_pairs(cpu.allowed_cpus()):
        return None
    return (
        "no two of the CPUs that may be used share a core, by what the system tells "
        "(a virtual machine may hide it: see the placement of the other multicore points)"
    )


def _lacking(kernel: str) -> str | None:
    if kernel == "flops":
        return simd.no_multiply_add()
    n_sets = 2 * (3 if kernel == "triad" else 1)
    return working_memory.lacking("huge") or memory.lacking(n_sets * SET_BYTES)


@workload(
    "multicore.smt",
    params={"kernel": ["flops", "triad", "chase"]},
    metric="rate",
    requires=[no_siblings, _lacking],
    source="Tullsen, Eggers and Levy (1995), Simultaneous multithreading",
)
def smt(kernel: str) -> Iterator[Work]:
    """Rate of two threads on the two hardware threads of one core, beside one thread alone there.

    Counts FLOP of multiply-adds in registers (*flops*), elements of a triad over main memory with
    streaming stores (*triad*), or dependent loads from main memory (*chase*). The ratio to one
    thread is what the second hardware thread brings: 2 is as good as a second core, 1 is nothing.
    """
    reason = no_siblings()
    if reason:
        raise Unsupported(reason)
    first, second = topology.sibling_pairs(cpu.allowed_cpus())[0]
    with team_of((first, second)) as team:
        member, args, amount, checks = _prepared(kernel, team)
        one = timed(team, member, args[:1], N_STEPS)

        def derive(seen: Seen) -> dict[str, Figure]:
            benefit = seen.ratio(ONE)
            return {} if benefit is None else {"benefit": Figure(benefit - 1)}

        yield Work(
            timed(team, member, args, N_STEPS),
            ops=2 * N_STEPS * amount,
            clock=CLOCK,
            team=team,
            against={ONE: Work(one, ops=N_STEPS * amount, clock=CLOCK)},
            derive=derive,
        )
        for require in checks:
            require()


def _prepared(
    kernel: str, team: Any
) -> tuple[Callable[..., bool], list[tuple[Any, ...]], int, list[Callable[[], None]]]:
    """Return the member, its arguments on each thread, what a step counts, and the checks."""
    if kernel == "flops":
        require_multiply_add()
        work = [Arithmetic() for _ in team.cpus]
        return (
            parallel.flops_member,
            [each.args for each in work],
            flops_of_a_step(),
            [each.require for each in work],
        )
    if kernel == "triad":
        arrays = slices(team, 3, SET_BYTES)
        return (
            parallel.triad_member,
            [each.args("triad") for each in arrays],
            PART,
            [partial(each.require, "triad") for each in arrays],
        )
    chases = [_Chase() for _ in team.cpus]
    return (
        parallel.follow_member,
        [(each.state, CHASE_STEPS) for each in chases],
        CHASE_STEPS,
        [each.require for each in chases],
    )


class _Chase:
    """A chase of one thread through a set of its own."""

    def __init__(self) -> None:
        self.path = cycle.over(SET_BYTES // LINE_BYTES)
        self.buffer = working_memory.allocate(SET_BYTES, pages="huge", dtype=np.int64)
        cycle.link(self.buffer, self.path, LINE_BYTES)
        self.state = np.array([self._address(0), 0])

    def _address(self, step: int) -> int:
        return int(self.buffer.ctypes.data + cycle.line_at(self.path, step) * LINE_BYTES)

    def require(self) -> None:
        """Compare where the chase stands with where its steps lead.

        Raises:
            CheckFailed: if it stands elsewhere, or has made no step.
        """
        steps = int(self.state[1])
        require_value(steps > 0, True, "the chase has made a step")
        require_value(int(self.state[0]), self._address(steps), "place of the chase")
