"""What threads do to shared lines is the instruction that is meant, on x86-64 and on Arm."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from hwperf.kernels import clock, pingpong, shared

from .assembly import count, loops, native, on

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="starts from the code that numba makes for x86-64"
)

WORDS = np.zeros(16, dtype=np.int64)
ARM = {"cpu": "neoverse-n1", "triple": "aarch64-unknown-linux-gnu"}


def with_most(code: list[str], pattern: str) -> list[str]:
    """Return the innermost loop with the most instructions of *pattern*."""
    return max(loops(code), key=lambda loop: count(loop, pattern))


def test_a_plain_update_is_made_in_memory_each_time() -> None:
    """One instruction that loads, adds and stores; none is kept in a register or folded."""
    update = r"(inc|add)q (\$1, )?\(.*\)"
    loop = with_most(native(shared.count_plain, 0, WORDS, 0, 1), update)
    assert count(loop, update) == 1
    assert count(loop, r".*\(.*") == 1
    assert len(loop) <= 4


def test_an_atomic_update_is_locked() -> None:
    locked = r"lock (inc|add|xadd)q .*\(.*\)"
    loop = with_most(native(shared.count_atomic, 0, WORDS, 0, 1), locked)
    assert count(loop, locked) >= 1
    assert count(loop, r".*\(.*") == count(loop, locked)


def test_on_arm_a_plain_update_loads_and_stores_and_an_atomic_one_is_one_instruction() -> None:
    code = on(ARM["cpu"], shared.count_plain, 0, WORDS, 0, 1, triple=ARM["triple"])
    plain = with_most(code, r"str x\d+, \[.*\]")
    assert count(plain, r"ldr x\d+, .*") == count(plain, r"str x\d+, .*") == 1
    atomic = on(ARM["cpu"], shared.count_atomic, 0, WORDS, 0, 1, triple=ARM["triple"])
    loop = with_most(atomic, "ldaddal .*")
    assert count(loop, r"ldaddal .*") >= 1
    assert count(loop, r"(ldr|str) .*") == 0


@pytest.mark.parametrize("name", ["fetch", "hold"])
def test_lines_are_flushed_written_and_chased_one_by_one(name: str) -> None:
    if name == "fetch":
        code = native(shared.fetch_lines, WORDS, WORDS, 128, True, WORDS)
        assert count(with_most(code, r"clflush .*"), r"clflush .*") >= 1
        load = r"movq \((%r\w+)\), (%r\w+)"
        chases = [loop for loop in loops(code) if count(loop, load) == 1 and len(loop) <= 4]
        step = next(line for line in chases[0] if count([line], load))
        source, target = step.removeprefix("movq ").split(", ")
        assert source == f"({target})", "a load that does not wait for the one before"
    else:
        code = native(shared.hold_lines, WORDS, WORDS, 128, True, 1)
        written = r"(inc|add)q (\$1, )?8?\(.*\)"
        read = r"movq \(%r\w+\), %r\w+"
        assert any(count(loop, written) for loop in loops(code))
        assert any(count(loop, read) and not count(loop, written) for loop in loops(code))
    assert count(code, r"mfence|lock orl .*") >= 1


def test_a_rally_spins_on_a_plain_load_and_swaps_by_a_locked_instruction() -> None:
    code = native(pingpong.rally, WORDS, WORDS, 0, 1, WORDS)
    spins = [loop for loop in loops(code) if count(loop, r"movq .*\(.*\), %r\w+") == 1]
    # A load, a comparison and a jump; a counter and another, so that nobody spins for ever.
    assert any(len(loop) <= 8 and count(loop, r"cmpq .*") for loop in spins), spins
    assert not any(count(loop, r"pause") for loop in spins)
    assert count(code, r"lock cmpxchgq .*") >= 1


def test_additions_abreast_are_four_chains_and_nothing_else() -> None:
    add = r"addq (%r\w+), (%r\w+)"
    loop = with_most(native(clock.add_abreast, 1), add)
    assert count(loop, add) == 4 * clock.ABREAST_PER_TURN
    assert len({line for line in loop if count([line], add)}) == 4
    assert len(loop) <= 4 * clock.ABREAST_PER_TURN + 3
