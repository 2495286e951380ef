"""Arithmetic on many cores: how it grows with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import Unsupported, Work, limits, workload
from hwperf.checks import POISON, require_equal
from hwperf.domains.multicore.teams import CLOCK, THREADS, alone, scaling, team_of, timed
from hwperf.host import simd, topology
from hwperf.kernels import fma, parallel, target

__all__ = ["Arithmetic", "flops"]

Array: TypeAlias = NDArray[np.float64]

N_STEPS = 16
TURNS = 4000  # Of one step: 40 µs at 3.5 GHz and two multiply-adds a cycle.


def _seeds() -> Array:
    """Return where the chains begin: all lanes apart, between -1 and 0, as both forms want it."""
    shape = parallel.FLOPS.shape
    return -np.linspace(0.1, 0.9, shape.n_chains * shape.register.n_lanes)


@dataclass(frozen=True)
class Arithmetic:
    """What one thread computes: multiply-adds on chains that stay in registers.

    Attributes:
        start: where the chains begin, each step anew.
        operands: the constant that each step adds.
        out: where the chains end.
    """

    start: Array = field(default_factory=_seeds)
    operands: Array = field(
        default_factory=lambda: np.full(parallel.FLOPS.shape.register.n_lanes, fma.CONSTANT)
    )
    out: Array = field(default_factory=lambda: np.full(_seeds().size, POISON))

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments of :func:`hwperf.kernels.parallel.flops_part`."""
        return (*(each.ctypes.data for each in (self.start, self.operands, self.out)), TURNS)

    def require(self) -> None:
        """Compare with the same steps made one after the other, to the last bit.

        Raises:
            CheckFailed: naming the first lanes that differ.
        """
        expected = self.start.copy()
        n_steps = TURNS * parallel.FLOPS.shape.steps_per_turn
        fma.replay(expected, fma.CONSTANT, parallel.FLOPS.adds_constant, n_steps)
        require_equal(self.out, expected)


def require_multiply_add() -> None:
    """Require that the compiler has fused multiply-adds, as the core has.

    Raises:
        Unsupported: if not.
    """
    reason = target.without_multiply_add()
    if reason:
        raise Unsupported(reason)


def flops_of_a_step() -> int:
    """Return the FLOP that one thread does in one step."""
    shape = parallel.FLOPS.shape
    return parallel.FLOPS.flops_per_step * shape.n_chains * shape.steps_per_turn * TURNS


@workload(
    "multicore.flops",
    params={"threads": THREADS},
    limit=lambda threads: limits.core_flops(dtype="f64", n_threads=threads),
    requires=[topology.lacking, simd.no_multiply_add],
    source="likwid-bench peakflops_avx_fma; Gustafson (1988), Reevaluating Amdahl's law",
)
def flops(threads: int) -> Iterator[Work]:
    """Multiply-adds on many cores at once, on float64 vectors that stay in registers.

    Counts two FLOP for each multiply-add of each lane. The speed-up is over one thread, measured
    in turn with them.
    """
    require_multiply_add()
    with team_of(topology.spread(threads)) as team:
        work = [Arithmetic() for _ in range(threads)]
        args = [each.args for each in work]
        member, amount = parallel.flops_member, N_STEPS * flops_of_a_step()
        against, derive = scaling(alone(team, member, args, N_STEPS), threads, flops=amount)
        yield Work(
            timed(team, member, args, N_STEPS),
            flops=threads * amount,
            clock=CLOCK,
            team=team,
            against=against,
            derive=derive,
        )
        for each in work:
            each.require()
