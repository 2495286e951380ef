"""What each thread of a team does: stream, chase while others stream, or its part of a whole."""

from __future__ import annotations

from typing import Any

from hwperf.kernels import chase, fma, stream
from hwperf.kernels.atomic import atomic_load, atomic_store, now_ns, pause
from hwperf.kernels.clock import add_chain
from hwperf.kernels.gate import arrive, make_member
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import output_address
from hwperf.kernels.target import native_width_bytes

_copy = stream.copy["streaming"]
_triad = stream.triad["streaming"]
_read = stream.read
_follow = chase.follow


@kernel
def _next_part(done: Any, size: int, n: int) -> int:
    """Return where the next part of *n* elements begins, and count it; they go round and round."""
    first: int = done[0] * n % size
    done[0] += 1
    return first


@kernel
def read_part(step: int, done: Any, a: Any, sums: Any, n: int) -> None:
    """Add up the next *n* elements of *a*; each part has a sum of its own.

    Args:
        step: ignored.
        done: int64 array of one word, the parts done so far: the next call goes on from there,
            so that no part is met again before all others were.
        a: float64 array of whole parts.
        sums: float64 array, one element for each part.
        n: elements of a part.
    """
    first = _next_part(done, a.size, n)
    place = first // n
    _read(a[first : first + n], sums[place : place + 1], 1)


@kernel
def copy_part(step: int, done: Any, a: Any, b: Any, n: int) -> None:
    """Compute the next part of ``a = b``, with streaming stores."""
    first = _next_part(done, a.size, n)
    _copy(a[first : first + n], b[first : first + n], 1)


@kernel
def triad_part(step: int, done: Any, a: Any, b: Any, c: Any, scalar: float, n: int) -> None:
    """Compute the next part of ``a = b + scalar * c``, with streaming stores."""
    first = _next_part(done, a.size, n)
    _triad(a[first : first + n], b[first : first + n], c[first : first + n], scalar, 1)


read_member = make_member(read_part, "read_member")
copy_member = make_member(copy_part, "copy_member")
triad_member = make_member(triad_part, "triad_member")


@kernel
def follow_part(step: int, state: Any, n_steps: int) -> None:
    """Chase on from where *state* stands, *n_steps* loads."""
    _follow(state, n_steps)


follow_member = make_member(follow_part, "follow_member")


@kernel
def draw_until(
    gate: Any, n_threads: int, stop: Any, done: Any, a: Any, sums: Any, n: int, pace_ns: int
) -> int:
    """Read part after part of *a*, one every *pace_ns*, until somebody stops it.

    Args:
        gate: where all threads meet before they begin.
        n_threads: how many meet there.
        stop: int64 array of one word: 0, and anything else at the end.
        done: as for :func:`read_part`, and *a*, *sums* and *n*, too.
        pace_ns: nanoseconds from the start of one part to that of the next; 0: no waiting.

    Returns:
        The nanoseconds that it was at work, or -1 where the others did not come.
    """
    halt = output_address(stop)
    if not arrive(gate, n_threads):
        return -1
    begin = now_ns()
    due = begin
    while atomic_load(halt) == 0:
        read_part(0, done, a, sums, n)
        due += pace_ns
        while now_ns() < due and atomic_load(halt) == 0:
            pause()
    elapsed: int = now_ns() - begin
    return elapsed


@kernel
def follow_and_stop(gate: Any, n_threads: int, stop: Any, state: Any, n_steps: int) -> int:
    """Chase *n_steps* loads while the others draw, then stop them.

    Returns:
        The nanoseconds of the chase, or -1 where the others did not come.
    """
    if not arrive(gate, n_threads):
        atomic_store(output_address(stop), 1)  # Who comes after all must not draw for ever.
        return -1
    begin = now_ns()
    _follow(state, n_steps)
    elapsed: int = now_ns() - begin
    atomic_store(output_address(stop), 1)
    return elapsed


@kernel
def work_in_part(
    gate: Any, n_threads: int, side: int, n_serial: int, n_parallel: int, made: Any
) -> int:
    """Do a serial part on one thread while the others wait, then a parallel part on all of them.

    The work is a chain of additions, one cycle each, so that twice as many take twice as long.

    Args:
        gate: where the threads meet: before, between and after the parts.
        n_threads: how many they are.
        side: number of this thread; 0 does the serial part.
        n_serial: additions of the serial part.
        n_parallel: additions of each thread's share of the parallel part.
        made: int64 array of one word: the additions that this thread has made are added to it.

    Returns:
        The nanoseconds from the start of the serial part to the end of the parallel one on all
        threads, or -1 where they did not come together.
    """
    if not arrive(gate, n_threads):
        return -1
    begin = now_ns()
    if side == 0:
        made[0] += add_chain(n_serial)
    if not arrive(gate, n_threads):
        return -1
    made[0] += add_chain(n_parallel)
    if not arrive(gate, n_threads):
        return -1
    elapsed: int = now_ns() - begin
    return elapsed


# The arithmetic that fills a core: as many chains as fit its registers, the widest vectors that it
# carries out at once.
FLOPS = fma.variant("f64", 8 * native_width_bytes(), 12)
_fused = fma.loop(FLOPS).run


@kernel
def flops_part(step: int, start: int, operands: int, out: int, n_turns: int) -> None:
    """Make *n_turns* turns of :data:`FLOPS`, from the chains at the address *start*."""
    _fused(start, operands, out, n_turns)


flops_member = make_member(flops_part, "flops_member")
