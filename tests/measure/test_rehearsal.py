"""A rehearsal sees the check accept a kernel that ran and reject one that did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hwperf import CheckFailed, Unsupported, Work, Workload, workload
from hwperf.measure.rehearsal import rehearse, require_check_accepts, require_check_rejects


def checked(check: Callable[[int], None]) -> Workload:
    """Return a workload whose check gets the number of calls that were made."""

    @workload("test.checked", source="a test")
    def counted() -> Iterator[Work]:
        """Count calls."""
        calls = [0]

        def kernel() -> None:
            calls[0] += 1

        yield Work(kernel, ops=1)
        check(calls[0])

    return counted


def once(calls: int) -> None:
    if calls != 1:
        raise CheckFailed(f"{calls} calls (is) != 1 (should)")


def crash_when_not_run(calls: int) -> None:
    1 / calls


def unsupported_when_not_run(calls: int) -> None:
    if not calls:
        raise Unsupported("nothing to look at")


@pytest.mark.parametrize("check", [once, crash_when_not_run, unsupported_when_not_run])
def test_any_way_to_say_no_to_a_kernel_that_did_not_run_will_do(
    check: Callable[[int], None],
) -> None:
    rehearse(checked(check), {})


def test_a_check_that_rejects_a_run_kernel_is_quoted() -> None:
    def never(calls: int) -> None:
        raise CheckFailed("a[3]: 1 (is) != 2 (should)")

    with pytest.raises(CheckFailed, match=r"^a\[3\]: 1 \(is\) != 2 \(should\)$"):
        require_check_accepts(checked(never), {})


def test_a_check_that_accepts_a_kernel_that_did_not_run_is_refused() -> None:
    with pytest.raises(CheckFailed, match="so it cannot fail"):
        require_check_rejects(checked(lambda calls: None), {})


def test_what_the_host_cannot_do_passes_through() -> None:
    @workload("test.none", source="a test")
    def none() -> Iterator[Work]:
        """Need more."""
        raise Unsupported("no memory")
        yield Work(lambda: None, ops=1)

    with pytest.raises(Unsupported, match="no memory"):
        rehearse(none, {})
