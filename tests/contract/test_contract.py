"""The contract finds every way in which a check can be careless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Unsupported, Work, Workload, workload
from hwperf.measure.contract import violations

N = 1000
POISON = -1.0

declare = workload("test.copy", source="a test")


def require(holds: object) -> None:
    if not holds:
        raise CheckFailed("differs")


def copied() -> tuple[np.ndarray, np.ndarray]:
    """Return a poisoned array and what should come into it."""
    return np.full(N, POISON), np.arange(float(N))


@declare
def careful() -> Iterator[Work]:
    """Compare all."""
    a, b = copied()
    yield Work(lambda: np.copyto(a, b), bytes=16 * N)
    require((a == b).all())


@declare
def never_fails() -> Iterator[Work]:
    """Check nothing."""
    a, b = copied()
    yield Work(lambda: np.copyto(a, b), bytes=16 * N)


@declare
def lets_nan_pass() -> Iterator[Work]:
    """Compare the wrong way round."""
    a, b = copied()
    yield Work(lambda: np.copyto(a, b), bytes=16 * N)
    error = np.abs(a - b).max()
    if error > 1e-9:
        raise CheckFailed(f"off by {error}")


@declare
def lets_small_errors_pass() -> Iterator[Work]:
    """Tolerate rounding, and NaN by no means."""
    a, b = copied()
    yield Work(lambda: np.copyto(a, b), bytes=16 * N)
    require(np.abs(a - b).max() <= 1e-9)


def looks_at(*places: int) -> Workload:
    @declare
    def one_place() -> Iterator[Work]:
        """Compare one element."""
        a, b = copied()
        yield Work(lambda: np.copyto(a, b), bytes=16 * N)
        require(all(a[place] == b[place] for place in places))

    return one_place


@declare
def forgets_an_output() -> Iterator[Work]:
    """Compare one of two arrays."""
    a, b = copied()
    c = np.full(N, POISON)

    def kernel() -> None:
        a[:] = b
        c[:] = 2 * b

    yield Work(kernel, bytes=32 * N)
    require((a == b).all())


@declare
def rejects_what_is_right() -> Iterator[Work]:
    """Compare with something else."""
    a, b = copied()
    yield Work(lambda: np.copyto(a, b), bytes=16 * N)
    require((a == b + 1).all())


@declare
def holds_for_one_call_only() -> Iterator[Work]:
    """Accumulate and forget it."""
    a, b = np.zeros(N), np.arange(1.0, N + 1)

    def kernel() -> None:
        a[:] += b

    yield Work(kernel, bytes=24 * N)
    require((a == b).all())


@declare
def computes_for_nobody() -> Iterator[Work]:
    """Throw the result away."""
    b = np.arange(float(N))
    ran: set[str] = set()

    def kernel() -> None:
        ran.add(f"{b.sum()}")

    yield Work(kernel, bytes=8 * N)
    require(ran)


SENTENCES = {
    "never ran": (
        "test.copy: the check passes although the kernel did not run, so it cannot fail; compare "
        "what the kernel writes with a known-correct result, starting from poisoned outputs."
    ),
    "spoilt a": (
        "test.copy: the check accepts a with nan in place of {value} in element {place} of 1000. "
        "Compare every element, as 'not (error <= tolerance)', which NaN fails, never as 'error > "
        "tolerance', which NaN passes."
    ),
    "rejected": (
        "test.copy: the check rejects a kernel that ran once: differs. Compare with what the "
        "kernel computes, within its rounding error."
    ),
    "only once": (
        "test.copy: the check accepts one call of the kernel but not 2: differs. A sample is many "
        "calls: let every call compute the same, or count them."
    ),
    "no output": (
        "test.copy: no output is found: the kernel changes no array, list, dict or nonlocal "
        "number that the workload refers to. Keep what it computes in one and check it, or the "
        "compiler may delete the loop."
    ),
}
SPOILT_A = (
    SENTENCES["spoilt a"]
    .format(value=repr(np.float64(382.0)), place=382)
    .replace("nan in", f"{np.float64('nan')!r} in")
)


@pytest.mark.parametrize(
    ("bad", "sentences"),
    [
        pytest.param(never_fails, [SENTENCES["never ran"], SPOILT_A], id="never fails"),
        pytest.param(lets_nan_pass, [SPOILT_A], id="lets NaN pass"),
        pytest.param(looks_at(0), [SPOILT_A], id="looks at the first element only"),
        pytest.param(looks_at(-1), [SPOILT_A], id="looks at the last element only"),
        pytest.param(looks_at(0, N // 2, -1), [SPOILT_A], id="looks at three elements"),
        pytest.param(
            forgets_an_output,
            [SPOILT_A.replace("accepts a", "accepts c").replace("382.0", "764.0")],
            id="forgets an output",
        ),
        pytest.param(rejects_what_is_right, [SENTENCES["rejected"]], id="rejects what is right"),
        pytest.param(holds_for_one_call_only, [SENTENCES["only once"]], id="accumulates"),
        pytest.param(computes_for_nobody, [SENTENCES["no output"]], id="no output"),
    ],
)
def test_a_careless_check_is_found_and_told(bad: Workload, sentences: list[str]) -> None:
    assert list(violations(bad, {})) == sentences


@pytest.mark.parametrize("good", [careful, lets_small_errors_pass])
def test_a_careful_check_keeps_the_contract(good: Workload) -> None:
    assert violations(good, {}) == ()


@pytest.mark.parametrize("limit", [None, 1.0, 1e12, lambda: 25e9, lambda: None])
def test_any_limit_that_is_a_rate_rejects_twice_of_it(limit: Any) -> None:
    limited = workload("test.copy", source="a test", limit=limit)(careful.function)
    assert violations(limited, {}) == ()


def test_a_limit_that_raises_is_told_with_its_fix() -> None:
    limited = workload("test.copy", source="a test", limit=lambda: 1 / 0)(careful.function)
    assert violations(limited, {}) == (
        "test.copy: limit= raised ZeroDivisionError: division by zero. Return None where the host "
        "does not tell.",
    )


def test_a_workload_that_cannot_be_run_is_told() -> None:
    @workload("test.broken", source="a test")
    def broken() -> Iterator[Work]:
        """Raise."""
        raise OSError("no device")
        yield Work(lambda: None, ops=1)

    (sentence,) = violations(broken, {})
    assert sentence.startswith(
        "test.broken: it cannot be run: the set-up raised OSError: no device (test_contract.py:"
    )


@pytest.mark.parametrize("where", ["requires", "set-up"])
def test_what_the_host_cannot_do_is_no_violation(where: str) -> None:
    @workload(
        "test.none", source="a test", requires=lambda: "none" if where == "requires" else None
    )
    def unsupported() -> Iterator[Work]:
        """Need what is not there."""
        raise Unsupported("none")
        yield Work(lambda: None, ops=1)

    with pytest.raises(Unsupported, match="none"):
        violations(unsupported, {})


def test_every_run_is_torn_down_before_memory_is_given_back() -> None:
    """Memory that an array still refers to could not be unmapped."""
    import mmap

    closed: list[bool] = []

    @workload("test.mapped", source="a test")
    def mapped() -> Iterator[Work]:
        """Write to a map."""
        memory = mmap.mmap(-1, 4096)
        a: Any = np.frombuffer(memory, np.float64)
        try:
            yield Work(lambda: a.fill(3), bytes=4096)
            require((a == 3).all())
        finally:
            a = None
            memory.close()  # BufferError, if anybody still holds the array
            closed.append(True)

    assert violations(mapped, {}) == ()
    assert len(closed) == 3


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        ({"derive": lambda seen: None}, "derive gives None; return figures by name"),
        ({"derive": lambda seen: {"x": 1 / 0}}, "derive raised ZeroDivisionError"),
        (
            {"against": {"other": Work(lambda: 1 / 0, ops=1)}},
            "the kernel of against['other'] raised ZeroDivisionError",
        ),
        (
            {"against": {"other": Work(lambda: float("nan"), ops=1, clock="its own")}},
            "the kernel of against['other'] times itself and returned [nan]",
        ),
        ({"own_causes": ["runqueue_wait"]}, "did you mean 'runqueue_wait_s'?"),
    ],
)
def test_what_stands_beside_the_kernel_is_tried_too(work, sentence: str) -> None:
    @workload("test.beside", source="a test")
    def beside() -> Iterator[Work]:
        """Count calls."""
        out = np.full(1, np.nan)

        def kernel() -> None:
            out[0] = 1.0

        yield Work(kernel, ops=1, **work)
        if not out[0] == 1.0:
            raise CheckFailed("the kernel did not run")

    found = violations(beside, {})
    assert len(found) == 1
    assert sentence in found[0]
