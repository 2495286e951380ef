"""What threads do to lines that they share: count in them, fetch them from one another's caches."""

from __future__ import annotations

from typing import Any

from hwperf.kernels.atomic import atomic_add, flush_line, full_fence, increment, now_ns
from hwperf.kernels.gate import arrive, make_member
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import barrier, load_word, opaque, output_address, sink, store_word


@kernel
def count_plain(step: int, words: Any, offset_bytes: int, n: int) -> None:
    """Add 1 to a word *n* times, each time in memory: load, add, store.

    Args:
        step: ignored; members of a team count their steps.
        words: int64 array.
        offset_bytes: where in it the word stands.
        n: how often.
    """
    address = opaque(output_address(words) + offset_bytes)
    for _ in range(n):
        increment(address)


@kernel
def count_atomic(step: int, words: Any, offset_bytes: int, n: int) -> None:
    """Add 1 to a word *n* times, each time in one step that no other core can come between."""
    # In one register: with an index beside the base the instruction takes 3 % longer (Zen 4).
    address = opaque(output_address(words) + offset_bytes)
    left = n
    while left > 0:
        atomic_add(address, 1)
        barrier()  # Written out several times in a turn, as LLVM would have it, it takes longer.
        left -= 1


plain_member = make_member(count_plain, "plain_member")
atomic_member = make_member(count_atomic, "atomic_member")


@kernel
def hold_lines(gate: Any, lines: Any, line_bytes: int, is_modified: bool, n_rounds: int) -> int:
    """Take every line of *lines* into this core's caches once a round: the holder's side.

    Modified lines are written, so that no other copy is left; clean ones are read, after the
    reader has thrown them out of all caches, so that this core holds them alone, unchanged.

    Args:
        gate: for two threads; passed twice a round, before and after the lines are taken.
        lines: int64 array.
        line_bytes: distance of two lines.
        is_modified: written or only read.
        n_rounds: how often.

    Returns:
        The number of rounds made.
    """
    start = output_address(lines)
    for done in range(n_rounds):
        if not arrive(gate, 2):
            return done
        # Twice: a line may be thrown out by others of the set while it is taken.
        for _ in range(2):
            for at in range(start, start + lines.nbytes, line_bytes):
                if is_modified:
                    store_word(at + 8, load_word(at + 8) + 1)
                else:
                    sink(load_word(at))
        full_fence()
        if not arrive(gate, 2):
            return done
    return n_rounds


@kernel
def fetch_lines(gate: Any, lines: Any, line_bytes: int, is_modified: bool, times: Any) -> int:
    """Chase through *lines*, once a round, after the other core has taken them: the reader's side.

    Each line's first word holds the address of the next one, so that one is fetched after another.

    Args:
        gate: as for :func:`hold_lines`.
        lines: int64 array whose lines are linked into one cycle from its start.
        line_bytes: distance of two lines.
        is_modified: as for :func:`hold_lines`.
        times: int64 array: the nanoseconds of each round are written into it.

    Returns:
        How many rounds ended at the line where they began, as a whole cycle does.
    """
    start = output_address(lines)
    n_lines = lines.nbytes // line_bytes
    n_whole = 0
    for i in range(times.size):
        if not is_modified:
            for at in range(start, start + lines.nbytes, line_bytes):
                flush_line(at)
            full_fence()
        if not arrive(gate, 2) or not arrive(gate, 2):
            return n_whole
        begin = now_ns()
        at = start
        for _ in range(n_lines):
            at = load_word(at)
        sink(at)
        times[i] = now_ns() - begin
        if at == start:
            n_whole += 1
    return n_whole
