"""Vectors of integers, small to large: what an 8-bit type gains over a 64-bit one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hwperf import Figure, Seen, Work, limits, workload
from hwperf.checks import require_equal
from hwperf.domains.simd import instructions
from hwperf.kernels import integer as kernels

__all__ = ["integer"]

# Of one call: 0.15 ms at 3.5 GHz on a core that adds four vectors in a cycle and multiplies two.
_TURNS = {"add": 2**15, "mul": 2**14, "dot": 2**14}


def _lacking(op: str, dtype: str, width: str) -> str | None:
    return instructions.lacking(instructions.of_integer(op, dtype, width, instructions.machine()))


@workload(
    "simd.integer",
    params={
        "op": ["add", "mul", "dot"],
        "dtype": ["int8", "int16", "int32", "int64"],
        "width": ["128", "256", "512"],
    },
    metric="rate",
    limit=limits.core_integer_ops,
    requires=_lacking,
    source="cpufp; Fog, Instruction tables",
)
def integer(op: str, dtype: str, width: str) -> Iterator[Work]:
    """Integer operations per second on vector registers, in twelve independent chains.

    Counts one operation for each lane of an addition or multiplication, and for *op* "dot" two for
    each small integer: its product, and the addition of that to a 32-bit sum.
    """
    instructions.require_compiled(instructions.of_integer(op, dtype, width, instructions.machine()))
    chosen = kernels.variant(op, instructions.BITS[dtype], int(width))
    start, operands = kernels.arrays(chosen)
    n_turns = _TURNS[op]
    expected = kernels.result(chosen, n_turns)
    out = ~expected  # Wrong in every lane, until the kernel has run.
    n_steps = n_turns * chosen.shape.steps_per_turn * chosen.shape.n_chains
    run = kernels.loop(chosen).bound(start, operands, out, n_turns)
    yield Work(run, ops=n_steps * chosen.ops_per_step, derive=_figures)
    require_equal(out, expected)


def _figures(seen: Seen) -> Mapping[str, Figure]:
    return {} if seen.cycles is None else {"op_per_cycle": Figure(1 / seen.cycles, "op/cycle")}
