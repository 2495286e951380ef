"""A real conditional jump decides for each byte, and the sum is right whatever it decides."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from hwperf.kernels import branch

from .assembly import count, native, on

starts_from_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="starts from the code that numba makes for x86-64"
)
DATA = np.zeros(8, dtype=np.uint8)


@pytest.mark.parametrize("n", [0, 8, 64, 4096])
def test_the_large_bytes_are_added_up(n):
    data = branch.random_bytes(n)
    assert branch.sum_large(data) == data[data >= branch.LARGE].sum(dtype=np.int64)


@pytest.mark.parametrize(("value", "added"), [(127, 0), (128, 128), (255, 255)])
def test_128_is_large(value, added):
    assert branch.sum_large(np.full(16, value, dtype=np.uint8)) == 16 * added


def test_a_rest_is_refused_not_forgotten():
    with pytest.raises(ValueError, match="multiple of 8"):
        branch.sum_large(np.zeros(9, dtype=np.uint8))


def test_random_bytes_are_as_good_as_coins():
    """About half of them are large, whatever the ones before were; the same on every host."""
    data = branch.random_bytes(2**17)
    large = data >= branch.LARGE
    assert abs(large.mean() - 0.5) < 0.01
    for distance in (1, 2, 8, 64):
        assert abs((large[distance:] == large[:-distance]).mean() - 0.5) < 0.01
    assert branch.random_bytes(16).tolist() == data[:16].tolist()
    assert branch.random_bytes(16, seed=1).tolist() != data[:16].tolist()


@starts_from_x86
@pytest.mark.parametrize("cpu", [None, "znver3", "skylake-avx512", "x86-64"])
def test_every_byte_has_a_jump_of_its_own(cpu):
    code = native(branch.sum_large, DATA) if cpu is None else on(cpu, branch.sum_large, DATA)
    load, jump = r"movzbl \d*\(%r\w+\), %\w+", r"(js|jns) .*"
    loop = between(code, load, jump)
    assert count(loop, load) >= branch.JUMPS_PER_TURN
    assert count(loop, jump) == count(loop, load)
    assert count(loop, r"(cmov|set)\w+ .*") == 0, "a jump was taken out"
    assert count(loop, r".*%[xyz]mm.*") == 0, "a vector in place of jumps"


@starts_from_x86
def test_on_arm_too():
    code = on("neoverse-n1", branch.sum_large, DATA, triple="aarch64-unknown-linux-gnu")
    load, jump = r"ldrs?b .*", r"(tbn?z|cbn?z|b\.\w+) .*"
    loop = between(code, load, jump)
    assert count(loop, load) >= branch.JUMPS_PER_TURN
    assert count(loop, jump) >= count(loop, load)
    assert count(loop, r"(csel|csinc|cset|cinc) .*") == 0


def between(code: list[str], first: str, last: str) -> list[str]:
    """Return the code from the first instruction of one pattern to the last one of another."""
    start = next(i for i, line in enumerate(code) if count([line], first))
    end = max(i for i, line in enumerate(code) if count([line], last))
    return code[start : end + 1]
