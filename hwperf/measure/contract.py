"""The contract of every workload. This module says how a workload breaks it, and what to do.

For plugin authors, in a test of theirs::

    @pytest.mark.parametrize("nbytes", [4096, 65536])
    def test_contract(nbytes):
        assert violations(my_workload, {"nbytes": nbytes}) == ()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwperf.errors import CheckFailed, HwperfError, Unsupported
from hwperf.measure.clock import wall
from hwperf.measure.figures import figures
from hwperf.measure.judge import IMPOSSIBLE, impossible
from hwperf.measure.observe import Timed
from hwperf.measure.outputs import Output, run_and_find
from hwperf.measure.rehearsal import require_check_rejects
from hwperf.measure.stage import set_up
from hwperf.work import Seen
from hwperf.workload import Params, Workload

__all__ = ["violations"]

_CALLS = 2  # A sample is many calls, and the check comes after all of them.


def violations(workload: Workload, params: Params) -> tuple[str, ...]:
    """Return how *workload* breaks the contract at *params*; nothing if it keeps it.

    The contract: the check accepts what the kernel computed, after one call and after several;
    it rejects a kernel that did not run, and outputs in which one element is wrong or NaN; a rate
    far beyond the limit is rejected. The workload is set up several times: take a small point.

    Returns:
        One sentence for each violation: what is wrong and what to do.

    Raises:
        Unsupported: if this host cannot run the point.
    """
    reason = workload.unsupported(params)
    if reason:
        raise Unsupported(reason)
    try:
        found = (*_of_the_check(workload, params), *_of_the_limit(workload, params))
    except Unsupported:
        raise
    except HwperfError as why:
        found = (f"it cannot be run: {why}",)
    return tuple(f"{workload.id}: {sentence}" for sentence in found)


def _of_the_check(workload: Workload, params: Params) -> Iterator[str]:
    try:
        groups, has_others = _outputs(workload, params, _CALLS)
    except CheckFailed as why_several:
        try:
            groups, has_others = _outputs(workload, params, 1)
        except CheckFailed as why:
            yield (
                f"the check rejects a kernel that ran once: {why}. Compare with what the kernel "
                "computes, within its rounding error."
            )
            return
        yield (
            f"the check accepts one call of the kernel but not {_CALLS}: {why_several}. A sample "
            "is many calls: let every call compute the same, or count them."
        )
    try:
        require_check_rejects(workload, params)
    except CheckFailed as why:
        yield f"{why}."
    if has_others:
        yield from _of_the_others(workload, params)
    if not groups:
        yield (
            "no output is found: the kernel changes no array, list, dict or nonlocal number that "
            "the workload refers to. Keep what it computes in one and check it, or the compiler "
            "may delete the loop."
        )
    for group in groups:
        accepted = [_spoilt(workload, params, name) for name in group]
        if all(accepted):
            yield (
                f"the check accepts {' and '.join(group)} with {accepted[0]}. Compare every "
                "element, as 'not (error <= tolerance)', which NaN fails, never as "
                "'error > tolerance', which NaN passes."
            )


def _of_the_others(workload: Workload, params: Params) -> Iterator[str]:
    """Run each kernel of ``against=`` once, and derive from made-up samples."""
    with set_up(workload, params) as stage:
        stage.run()
        try:
            for name, other in stage.work.against.items():
                stage.run_other(name, other)
                Timed(other, stage.amount_of(other), name=name).observe(wall)
            figures(stage, Seen(1e-6, 1e9, dict.fromkeys(stage.work.against, 2e-6), [True]))
        except HwperfError as why:
            yield f"{why}."


def _outputs(workload: Workload, params: Params, calls: int) -> tuple[list[list[str]], bool]:
    """Run so often and check; return the names of the outputs of the first call.

    And whether there is anything beside the kernel: others that it is set against, figures.

    The check must notice one of each group: each array of numbers with fractions; where there is
    none, one of the integer arrays, as others may be a generator's state; where there is no array
    either, each list; or else one of the numbers, as others may count calls.
    """
    with set_up(workload, params) as stage:
        groups = _groups(run_and_find(stage))
        for _ in range(calls - 1):
            stage.run()
        has_others = bool(stage.work.against or stage.work.derive)
        stage.check()
    return groups, has_others


def _groups(outputs: Sequence[Output]) -> list[list[str]]:
    by_kind: dict[str, list[str]] = {}
    for output in outputs:
        by_kind.setdefault(output.kind, []).append(output.name)
    each = {kind: [[name] for name in names] for kind, names in by_kind.items()}
    any_of = {kind: [names] for kind, names in by_kind.items()}
    return (
        each.get("fractions")
        or any_of.get("integers")
        or each.get("list")
        or any_of.get("number")
        or []
    )


def _spoilt(workload: Workload, params: Params, name: str) -> str | None:
    """Return what was wrong with the output *name* when the check accepted it; else None."""
    with set_up(workload, params) as stage:
        done = [output.spoil() for output in run_and_find(stage) if output.name == name][:1]
        try:
            stage.check()
        except CheckFailed:
            return None
    return done[0] if done else None


def _of_the_limit(workload: Workload, params: Params) -> Iterator[str]:
    try:
        limit = workload.limit_at(params)
    except Exception as error:  # Border: the author's function.
        yield (
            f"limit= raised {type(error).__name__}: {error}. Return None where the host does not "
            "tell."
        )
        return
    if limit is None:
        return
    if impossible(1 / (2 * IMPOSSIBLE * limit), limit, workload.metric) is None:
        yield f"twice the limit of {limit:.4g} per second is not rejected; use a finite limit."
