"""One run of a workload's generator. This module sets up, checks, tears down, says what failed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hwperf.errors import CheckFailed, DeclarationError, HwperfError
from hwperf.measure.interference import CAUSES
from hwperf.work import Work
from hwperf.workload import Params, Workload

__all__ = ["Stage", "StageError", "raised", "set_up"]

_LONGEST = 1000  # Characters of a message that is somebody's whole log.


class StageError(HwperfError):
    """A workload raised where it should not have; the message says in which phase and what."""


@dataclass(frozen=True)
class Stage:
    """A workload that has been set up.

    Attributes:
        work: what it yielded.
        amount: primary units of work in one call.
        generator: the workload's generator, waiting at its ``yield``.
        counted: the name of the primary amount.
    """

    work: Work
    amount: float
    generator: Iterator[Work]
    counted: str = ""

    @property
    def kernel(self) -> Callable[[], Any]:
        """The kernel of this stage."""
        return self.work.kernel

    def amount_of(self, other: Work) -> float:
        """Return the primary units of work in one call of a kernel that this one is set against."""
        return other.amounts[self.counted or next(iter(self.work.amounts))]

    def run(self) -> Any:
        """Call the kernel once and return what it returns.

        Raises:
            StageError: if it raises.
        """
        try:
            return self.work.kernel()
        except HwperfError:
            raise
        except (Exception, SystemExit) as error:
            raise StageError(raised("the kernel", error)) from error

    def run_other(self, name: str, other: Work) -> None:
        """Call a kernel that this one is set against once.

        Raises:
            StageError: if it raises, naming it.
        """
        try:
            other.kernel()
        except HwperfError:
            raise
        except (Exception, SystemExit) as error:
            raise StageError(raised(f"the kernel of against[{name!r}]", error)) from error

    def check(self) -> None:
        """Run what stands after ``yield``, and the tear-down.

        Raises:
            CheckFailed: if the check fails, by CheckFailed or by any other exception.
        """
        try:
            next(self.generator)
        except StopIteration:
            return
        except CheckFailed:
            raise
        except AssertionError as error:
            raise CheckFailed(str(error) or "an assertion of the check does not hold") from error
        except (Exception, SystemExit) as error:
            raise CheckFailed(raised("the check", error)) from error
        raise DeclarationError(
            "the workload yields twice; write set-up, one 'yield Work(...)', then the check"
        )


@contextmanager
def set_up(workload: Workload, params: Params) -> Iterator[Stage]:
    """Run what stands before ``yield``; tear down at the end, whatever happens.

    Raises:
        Unsupported: if the host cannot run the point.
        StageError: if the set-up raises anything else.
        DeclarationError: if it does not yield the work that it declares.
    """
    generator = iter(workload.function(**params))
    try:
        yield Stage(*_first_work(workload, generator), generator, workload.metric.amount)
    finally:
        close = getattr(generator, "close", None)
        if close is not None:
            close()


def _first_work(workload: Workload, generator: Iterator[Work]) -> tuple[Work, float]:
    try:
        work = next(generator)
    except StopIteration:
        raise DeclarationError("the workload ended before it yielded its Work") from None
    except HwperfError:
        raise
    except (Exception, SystemExit) as error:
        raise StageError(raised("the set-up", error)) from error
    if not isinstance(work, Work):
        raise DeclarationError(f"the workload yields {work!r}; expected Work(kernel, bytes=...)")
    if work.latencies != workload.has_latencies:
        raise DeclarationError(
            f"Work(latencies={work.latencies}) disagrees with the declaration; write the constant "
            "in the function's own Work(...) call"
        )
    amount = work.amounts.get(workload.metric.amount)
    if amount is None:
        raise DeclarationError(
            f"Work gives {', '.join(work.amounts)}, but the metric {workload.metric.name!r} "
            f"divides by {workload.metric.amount}; add {workload.metric.amount}=..."
        )
    unknown = [name for name in work.own_causes if name not in CAUSES]
    if unknown:
        near = difflib.get_close_matches(unknown[0], CAUSES, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise DeclarationError(
            f"own_causes names {unknown[0]!r}, which is no cause of a disturbance{hint}; there are "
            f"{', '.join(CAUSES)}"
        )
    for name, other in work.against.items():
        if workload.metric.amount not in other.amounts:
            raise DeclarationError(
                f"against[{name!r}] gives {', '.join(other.amounts)}, but the metric "
                f"{workload.metric.name!r} divides by {workload.metric.amount}; add it there, too"
            )
    return work, amount


def raised(phase: str, error: BaseException) -> str:
    """Return one line that says which phase raised what, and where."""
    try:
        message = " ".join(str(error).split())
    except Exception as worse:  # Border: anybody's exception, which may not even print.
        message = f"no message, as {type(worse).__name__} was raised when it was asked for"
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]} ... and {len(message) - _LONGEST:,} characters more"
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        code = frame.tb_frame.f_code
        place = f" ({code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno})"
    return f"{phase} raised {type(error).__name__}: {message or 'no message'}{place}"
