"""The proof that a check can fail. This module runs a workload with and without its kernel."""

from __future__ import annotations

from hwperf.errors import CheckFailed, Unsupported
from hwperf.measure.stage import set_up
from hwperf.workload import Params, Workload

__all__ = ["rehearse", "require_check_accepts", "require_check_rejects"]


def rehearse(workload: Workload, params: Params) -> None:
    """See the check accept a kernel that ran once and reject one that did not.

    Raises:
        CheckFailed: if either is not so.
        Unsupported: if the host cannot run the point.
    """
    require_check_accepts(workload, params)
    require_check_rejects(workload, params)


def require_check_accepts(workload: Workload, params: Params) -> None:
    """Set up, run the kernel once and check.

    Raises:
        CheckFailed: with what the check says.
    """
    with set_up(workload, params) as stage:
        if stage.work.most_calls == 1:
            return  # Its only call is the sample, which the same check follows.
        stage.run()
        stage.check()


def require_check_rejects(workload: Workload, params: Params) -> None:
    """Set up and check without running the kernel.

    Raises:
        CheckFailed: if the check passes: it would pass, too, when the compiler deletes the loop.
    """
    with set_up(workload, params) as stage:
        try:
            stage.check()
        except (CheckFailed, Unsupported):
            return
    raise CheckFailed(
        "the check passes although the kernel did not run, so it cannot fail; compare what the "
        "kernel writes with a known-correct result, starting from poisoned outputs"
    )
