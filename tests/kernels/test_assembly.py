"""The machine code is the loop that is meant: for this processor, and for others by name."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pytest

from hwperf.kernels import blocked, chase, clock, scattered, stream, strided
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, barrier, load_word
from hwperf.kernels.vector import Width

from .assembly import count, loops, native, on, spans

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="starts from the code that numba makes for x86-64"
)

# A processor of each width, and the name of its widest registers.
CPUS = {16: ("x86-64", "xmm"), 32: ("haswell", "ymm"), 64: ("icelake-server", "zmm")}
ARM = {"cpu": "neoverse-n1", "triple": "aarch64-unknown-linux-gnu"}
LOOP_CONTROL = r"(add|sub|inc|dec|cmp|lea)q .*|j\w+ .*"

ARRAY = np.zeros(8)
OUT = np.zeros(1)
WORDS = np.zeros(1, dtype=np.int64)
STATE = np.zeros((1, 2), dtype=np.int64)

# Per kernel: how it is made, its arguments, and the vectors that it loads for each that it stores.
STREAM: dict[str, tuple[Any, tuple[Any, ...], int]] = {
    "fill": (stream.make_fill, (ARRAY, 1), 0),
    "fill_zeros": (stream.make_fill_zeros, (ARRAY, 1), 0),
    "copy": (stream.make_copy, (ARRAY, ARRAY, 1), 1),
    "scale": (stream.make_scale, (ARRAY, ARRAY, 1.0, 1), 1),
    "add": (stream.make_add, (ARRAY, ARRAY, ARRAY, 1), 2),
    "triad": (stream.make_triad, (ARRAY, ARRAY, ARRAY, 1.0, 1), 2),
}


def widest(code: list[str], pattern: str) -> list[str]:
    """Return the innermost loop with the most instructions of *pattern*."""
    return max(loops(code), key=lambda loop: count(loop, pattern))


def assert_loop_moves(loop: list[str], register: str, n_loads: int, n_stores: int, store: str):
    memory = r".*\(%r\w+.*\)"
    stores = count(loop, rf"v?{store} %{register}\d+, {memory}")
    loads = count(loop, rf"v?\w+ {memory}, (%{register}\d+, )?%{register}\d+")
    assert (loads, stores) == (n_loads, n_stores), loop
    touched = count(loop, rf"(?!lea).*{memory}.*")
    assert touched == n_loads + n_stores, ("accesses that are not meant", loop)
    others = {name for name in ("xmm", "ymm", "zmm") if name != register}
    assert not any(f"%{name}" in line for line in loop for name in others), loop
    assert count(loop, "call.*") == 0, "memcpy or memset in place of the loop"


@pytest.mark.parametrize("streaming", [False, True], ids=["regular", "streaming"])
@pytest.mark.parametrize(
    ("name", "width"),
    [*((name, 32) for name in STREAM), ("copy", 16), ("copy", 64), ("triad", 16), ("triad", 64)],
)
def test_a_store_kernel_moves_what_it_counts_by_the_stores_it_names(name, streaming, width):
    make, args, n_loads = STREAM[name]
    n_stores = 4 if n_loads == 0 else stream.UNITS * (2 if width < 32 else 1)
    cpu, register = CPUS[width]
    code = on(cpu, make(Width(width), streaming, f"{name}_{width}_{streaming}_asm"), *args)
    store = "movntp[sd]" if streaming else "movap[sd]"
    loop = widest(code, rf"v?{store} %{register}.*")
    assert_loop_moves(loop, register, n_loads * n_stores, n_stores, store)
    # movntdq: the same store, of a vector that LLVM knows beforehand.
    streamed = count(code, r"v?movnt(p[sd]|dq) .*")
    assert count(code, r"v?movnt.*") == (streamed if streaming else 0)
    assert ("sfence" in code) == streaming


@pytest.mark.parametrize("stores", stream.STORES)
@pytest.mark.parametrize("name", ["copy", "scale", "add", "triad"])
def test_a_turn_stores_each_vector_before_it_loads_the_next(name, stores):
    """All loads before all stores, as LLVM would have it, is slower in L1."""
    code = native(getattr(stream, name)[stores], *STREAM[name][1], marks=True)
    store = r"v?mov(nt|a)p[sd] %.*\(.*"
    turn = "\n".join(widest(code, store)).split("barrier")
    at_once = [count(unit.split("\n"), store) for unit in turn]
    assert at_once[:-1] == [at_once[0]] * stream.UNITS
    assert at_once[0] in (1, 2)


@pytest.mark.parametrize("width", CPUS)
def test_read_loads_eight_vectors_into_eight_sums(width):
    cpu, register = CPUS[width]
    code = on(cpu, stream.make_read(Width(width), f"read_{width}_asm"), ARRAY, OUT, 1)
    loop = widest(code, rf"v?addpd .*\(.*\).*%{register}\d+")
    assert_loop_moves(loop, register, 8, 0, "none")
    assert len({line.split()[-1] for line in loop if "addpd" in line}) == 8


@pytest.mark.parametrize("width", CPUS)
def test_a_sweep_loads_adds_and_stores(width):
    cpu, register = CPUS[width]
    code = on(cpu, blocked.make_sweep(Width(width), f"sweep_{width}_asm"), ARRAY, 64, 1)
    loop = widest(code, rf"v?movap[sd] %{register}.*")
    assert_loop_moves(loop, register, 4, 4, "movap[sd]")
    assert count(loop, "v?addpd .*") == 4


@pytest.mark.parametrize(
    ("kernel", "args", "pattern"),
    [
        (stream.read, (ARRAY, OUT, 1), r"v?addpd .*\(.*"),
        (stream.copy["regular"], (ARRAY, ARRAY, 1), r"v?movap[sd] %.*\(.*"),
        (stream.copy["streaming"], (ARRAY, ARRAY, 1), r"v?movntp[sd] .*"),
    ],
    ids=["read", "copy", "copy streaming"],
)
def test_here_too_the_widest_registers_are_used(kernel, args, pattern):
    from hwperf.kernels.target import native_width_bytes

    loop = widest(native(kernel, *args), pattern)
    assert count(loop, pattern) in (4, 8)
    assert all(CPUS[native_width_bytes()][1] in line for line in loop if "mm" in line)


@pytest.mark.parametrize("stores", stream.STORES)
@pytest.mark.parametrize("name", ["read", *STREAM])
def test_every_pass_begins_with_a_barrier_and_holds_the_loop_over_the_array(name, stores):
    if name == "read":
        code = native(stream.read, ARRAY, OUT, 1, marks=True)
    else:
        code = native(getattr(stream, name)[stores], *STREAM[name][1], marks=True)
    vectors = r"v?(mov(nt|a)|add)p[sd] .*\(.*"
    inner = widest(code, vectors)
    first = next(i for i in range(len(code)) if code[i : i + len(inner)] == inner)
    around = [span for span in spans(code) if span[0] < first - 1 and first + len(inner) < span[1]]
    assert any("barrier" in code[a:first] for a, _ in around), "the passes were merged"


def test_behind_a_barrier_memory_is_read_again():
    """Without it LLVM loads the word once and multiplies."""

    @kernel
    def read_again(words, n):
        total = 0
        for _ in range(n):
            barrier()
            total += load_word(address_of(words))
        return total

    @kernel
    def read_once(words, n):
        total = 0
        for _ in range(n):
            total += load_word(address_of(words))
        return total

    load = r"addq \(%r\w+\), %r\w+"
    assert count(widest(native(read_again, WORDS, 1), load), load) >= 1
    assert not any(count(loop, load) for loop in loops(native(read_once, WORDS, 1)))


def test_a_step_of_a_chase_is_one_load_whose_address_is_the_load_before():
    load = r"movq \((%r\w+)\), (%r\w+)"
    for loop in (loop for loop in loops(native(chase.follow, STATE, 1)) if count(loop, load)):
        steps = [line.split(", ") for line in loop if count([line], load)]
        assert len(steps) in (1, *(16 * k for k in range(1, 9))), "whole turns, or the rest"
        for (_, result), (source, _) in zip(steps, steps[1:] + steps[:1], strict=True):
            assert source == f"movq ({result})", "a step that does not wait for the one before"
        assert count(loop, rf"{load}|{LOOP_CONTROL}") == len(loop), loop


@pytest.mark.parametrize("n_chains", [n for n in chase.CHAINS if n > 1])
def test_chains_step_side_by_side(n_chains):
    """Between two barriers each chain makes one load; beside them only moves to the stack."""
    load = r"movq \(%r(?!sp)\w+\), %r\w+"
    state = np.zeros((n_chains, 2), dtype=np.int64)
    code = native(chase.follow_many[n_chains], state, 1, marks=True)
    loop = widest(code, load)
    steps = "\n".join(loop).split("barrier")
    loads = [count(step.split("\n"), load) for step in steps]
    assert loads[:-1] == [n_chains] * 16 * (len(loads) // 16), "a chain is ahead of the others"
    assert loads[-1] == 0
    spills = r"movq \d*\(%rsp\), %r\w+|movq %r\w+, \d*\(%rsp\)|movq %r\w+, %r\w+"
    control = rf"{LOOP_CONTROL}|(inc|dec|cmp)q .*\(%rsp\)|barrier"
    assert count(loop, rf"{load}|{spills}|{control}") == len(loop), loop
    if n_chains <= 8:
        assert count(loop, r".*%rsp.*") == 0, "8 chains fit into the registers"


def test_the_chain_of_additions_has_nothing_in_it_but_additions():
    add = r"addq (%r\w+), (%r\w+)"
    loop = widest(native(clock.add_chain, 1), add)
    assert count(loop, add) == clock.ADDS_PER_TURN
    assert len({line for line in loop if count([line], add)}) == 1, "one register to another"
    assert count(loop, rf"{add}|{LOOP_CONTROL}") == len(loop) <= clock.ADDS_PER_TURN + 3


def test_a_walk_is_scalar_loads_into_independent_sums():
    load = r"addq \(%r\w+(,%r\w+(,4)?)?\), %r\w+"
    loop = widest(native(strided.walk_words, ARRAY, *strided.every(64, 8), WORDS, 1), load)
    assert count(loop, load) == strided.LOADS_PER_TURN
    assert len({line.split()[-1] for line in loop if count([line], load)}) == 4
    assert count(loop, rf"{load}|{LOOP_CONTROL}") == len(loop), "gathers, or spills"


def test_a_random_word_is_one_load_beside_its_generator():
    code = native(scattered.read_words, ARRAY, 4, scattered.seeded(), WORDS)
    load = r"addq \(%r\w+,%r\w+,8\), %r\w+"
    loop = widest(code, load)
    assert count(loop, load) in (4, 8, 16)
    assert count(loop, r".*\(.*") == count(loop, load), "no access but the random ones"


@pytest.mark.parametrize(
    ("kernel", "args", "pattern", "n"),
    [
        (chase.follow, (STATE, 1), r"ldr (x\d+), \[x\d+\]", 16),
        (clock.add_chain, (1,), r"add x\d+, x\d+, x\d+", 64),
        (strided.walk_words, (ARRAY, *strided.every(64, 8), WORDS, 1), r"ldr x\d+, \[x\d+.*\]", 8),
    ],
    ids=["chase", "clock", "strided"],
)
def test_scalar_loops_on_arm(kernel, args, pattern, n):
    code = on(ARM["cpu"], kernel, *args, triple=ARM["triple"])
    assert count(widest(code, pattern), pattern) == n


@pytest.mark.parametrize(
    ("streaming", "store"), [(False, "stp"), (True, "stnp")], ids=["regular", "streaming"]
)
def test_vector_loops_on_arm(streaming, store):
    copy = stream.make_copy(Width(16), streaming, f"copy_arm_{streaming}")
    code = on(ARM["cpu"], copy, ARRAY, ARRAY, 1, triple=ARM["triple"])
    loop = widest(code, rf"{store} .*")
    assert count(loop, rf"{store} q\d+, q\d+, .*") == stream.UNITS
    assert count(loop, r"ldp q\d+, q\d+, .*") == stream.UNITS
