"""Where threads wait for one another inside compiled code, and the frame in which they work.

No Python runs between the gate and the last mark: a thread waits at the gate until all have come,
then makes its steps and notes the time after each. What counts is the stretch in which all of them
were at work, from the last start to the first end: :func:`hwperf.kernels.team.together`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.atomic import atomic_add, atomic_load, give_way, now_ns, pause
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import output_address

Marks: TypeAlias = NDArray[np.int64]

# Looks at the gate between two looks at the clock: some 40 ns each, 0.2 ms in all.
_LOOKS = 4096
# Longest wait: the scheduler may have given a thread's CPU to somebody else, or taken it away.
WAIT_NS = 3 * 10**9


@kernel
def arrive(gate: Any, n_threads: int) -> bool:
    """Wait until *n_threads* threads have come here once more; whether they came in time.

    Args:
        gate: int64 array of one word on a line of its own, 0 before the first use.
        n_threads: how many threads use the gate; the same number each time.
    """
    address = output_address(gate)
    ticket = atomic_add(address, 1)
    wanted = (ticket // n_threads + 1) * n_threads
    began = 0
    while atomic_load(address) < wanted:
        for _ in range(_LOOKS):
            if atomic_load(address) >= wanted:
                return True
            pause()
        # Late: somebody may wait for this very CPU.
        give_way()
        if began == 0:
            began = now_ns()
        elif now_ns() - began > WAIT_NS:
            return False
    return True


def make_member(step: Callable[..., Any], name: str) -> Callable[..., bool]:
    """Compile ``member(gate, n_threads, marks, args)``: what one thread of a team runs.

    The member waits at the gate, notes the time in ``marks[0]``, then calls ``step(i, *args)`` for
    i = 0, 1 ... and notes the time after each, ``marks.size - 1`` times.

    Args:
        step: a compiled function of the step's number and *args*; some 50 µs long or more, beside
            which a reading of the clock (27 ns) vanishes.
        name: a name that no other member has.
    """

    @kernel(name=name)
    def member(gate: Any, n_threads: int, marks: Marks, args: Any) -> bool:
        if not arrive(gate, n_threads):
            return False
        marks[0] = now_ns()
        for i in range(marks.size - 1):
            step(i, *args)
            marks[i + 1] = now_ns()
        return True

    return member
