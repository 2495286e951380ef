"""What a workload yields. This module holds ``Work``: a kernel, and how much one call does."""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from hwperf.errors import DeclarationError
from hwperf.metrics import BY_AMOUNT

__all__ = ["Elsewhere", "Figure", "OnThreads", "Seen", "Timing", "Work"]


class Figure(NamedTuple):
    """One more thing that a point says, shown beside its value.

    Attributes:
        value: a number, a word or two (the name of a library), or a list of (lists of) numbers,
            which is kept and not printed.
        unit: a base unit of ``hwperf.units``, which is then printed with its prefix, or the words
            behind the number: ``"cycles"``, ``"FLOP/cycle"``, ``"digits"``.
    """

    value: Any
    unit: str = ""


@dataclass(frozen=True)
class Seen:
    """What the samples of a point came to.

    Attributes:
        cost_s: median, in seconds per unit of the primary amount.
        clock_hz: the core's clock beside the samples, or None where it cannot be read.
        against: the same cost of each kernel of ``Work(against=...)`` that was measured.
        counted: for each sample, in the order taken, whether it counts. A kernel that is called
            once per sample, and keeps something of each call, has kept it of the last so many
            calls (with *against*, of those before the very last one).
    """

    cost_s: float
    clock_hz: float | None
    against: Mapping[str, float]
    counted: Sequence[bool] = ()

    @property
    def cycles(self) -> float | None:
        """Clock cycles per unit of the primary amount, or None."""
        return None if self.clock_hz is None else self.cost_s * self.clock_hz

    def ratio(self, name: str) -> float | None:
        """Return how many times the rate of the other kernel this one reaches, or None."""
        other = self.against.get(name)
        return None if other is None else other / self.cost_s


@dataclass(frozen=True)
class Timing:
    """What a kernel that times itself may return in place of seconds alone.

    Attributes:
        seconds: of the call, for the amounts that its ``Work`` gives.
        latencies: seconds of each single operation, where ``Work(latencies=True)``.
        counts: what the kernel counted of things that may have disturbed it, by name; a cause's
            name (see ``hwperf.measure.interference.CAUSES``) or a circumstance's.
        causes: those causes that mean that this call was disturbed.
    """

    seconds: float
    latencies: Sequence[float] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    causes: tuple[str, ...] = ()


class OnThreads(Protocol):
    """The threads on which a kernel runs, one on each CPU; the first is the calling thread."""

    @property
    def cpus(self) -> Sequence[int]:
        """The CPUs, one for each thread."""

    @property
    def thread_ids(self) -> Sequence[int]:
        """The operating system's numbers of the threads."""


@dataclass(frozen=True)
class Elsewhere:
    """Threads that are a library's or another process's: known are their CPUs and the caller.

    Attributes:
        cpus: the CPUs that they run on, the caller's first.
        thread_ids: the number of the calling thread alone.
    """

    cpus: tuple[int, ...]
    thread_ids: tuple[int, ...] = field(default_factory=lambda: (threading.get_native_id(),))


Derive = Callable[[Seen], Mapping[str, Figure]]


@dataclass(frozen=True, init=False)
class Work:
    """A kernel, ready to run, and how much work one call of it does.

    Args:
        kernel: called without arguments; one call of a built-in kernel lasts 100 µs or more.
        clock: None when hwperf times the call; otherwise the name of the clock with which the
            kernel times itself (e.g. ``"device events"``): it then returns seconds, or a `Timing`.
        latencies: the kernel returns an array of latencies in seconds, one per operation; they are
            kept as a distribution. With *clock* it returns a `Timing` that holds them, and the
            primary metric is by its seconds: the rate of operations that overlap.
        against: other kernels by what they are (``"one thread"``), each a ``Work`` with the same
            primary amount. They are timed in turn with this one, and the result says how many
            times their rate this one reaches.
        derive: called once, after the samples and the check, with what they came to; returns what
            else the point says, by name in lower case with underscores.
        team: the threads that the kernel runs on, where it does not only run on the calling one.
        own_causes: causes of disturbance that the kernel itself brings about, and that say nothing
            of others: ``("runqueue_wait_s",)`` where two threads hand one CPU to each other.
        most_calls: the calls that may be made in all, the first one included; for kernels that
            wear what they measure. Each sample is then one call. The first call is no sample, but
            of a kernel that may be called once: with *against* it takes three, as the last is made
            for the check.
        precision: the relative half-width of the 99 % interval at which samples suffice, where the
            profile's is finer than what is measured ever settles to.
        amounts: ``bytes=``, ``flops=`` and ``ops=`` of one call; the first is the primary one.

    Raises:
        DeclarationError: if there is no amount, an unknown one, one that is not above zero, or
            what is given for another argument cannot be used.
    """

    kernel: Callable[[], Any]
    amounts: Mapping[str, float]
    clock: str | None
    latencies: bool
    against: Mapping[str, Work]
    derive: Derive | None
    team: OnThreads | None
    own_causes: tuple[str, ...]
    most_calls: int | None
    precision: float

    def __init__(
        self,
        kernel: Callable[[], Any],
        *,
        clock: str | None = None,
        latencies: bool = False,
        against: Mapping[str, Work] | None = None,
        derive: Derive | None = None,
        team: OnThreads | None = None,
        own_causes: Sequence[str] = (),
        most_calls: int | None = None,
        precision: float = 0.0,
        **amounts: float,
    ) -> None:
        others = {} if against is None else against
        faults = [
            *_faults_of_kernel(kernel, derive),
            *_faults_of_threads(team, own_causes),
            *_faults_of_calls(most_calls, precision, bool(others)),
            *_faults_of_amounts(amounts),
            *_faults_of_others(others, amounts, bool(latencies)),
        ]
        if faults:
            raise DeclarationError(f"Work: {'; '.join(faults)}.")
        numbers = {name: _number(amount) for name, amount in amounts.items()}
        for name, value in (
            ("kernel", kernel),
            ("amounts", MappingProxyType(numbers)),
            ("clock", clock),
            ("latencies", bool(latencies)),
            ("against", MappingProxyType(dict(others))),
            ("derive", derive),
            ("team", team),
            ("own_causes", tuple(own_causes)),
            ("most_calls", most_calls),
            ("precision", float(precision)),
        ):
            object.__setattr__(self, name, value)


def _faults_of_kernel(kernel: Any, derive: Any) -> list[str]:
    faults = []
    if not callable(kernel):
        faults.append(f"the kernel {kernel!r} cannot be called; pass e.g. lambda: copy(a, b)")
    if derive is not None and not callable(derive):
        faults.append(
            f"derive={derive!r} cannot be called; pass a function of what was seen that returns "
            "e.g. {'efficiency': Figure(0.98)}"
        )
    return faults


def _faults_of_threads(team: Any, own_causes: Any) -> list[str]:
    faults = []
    if team is not None:
        cpus: Any = getattr(team, "cpus", None)
        ids: Any = getattr(team, "thread_ids", None)
        if not (_are_numbers(cpus) and _are_numbers(ids)):
            faults.append(
                f"team={team!r} has no cpus and thread_ids, whole numbers from 0 on, at least one "
                "of each; pass e.g. a hwperf.kernels.team.Team"
            )
        elif len(set(cpus)) < len(cpus) and not own_causes:
            faults.append(
                f"team= has a CPU twice ({', '.join(map(str, cpus))}): give each thread one of its "
                "own, or say own_causes=['involuntary_switches', 'runqueue_wait_s', 'team_wait_s'] "
                "where they hand it to each other"
            )
        elif len(ids) not in (1, len(cpus)):
            faults.append(
                f"team= has {len(cpus)} CPUs and {len(ids)} thread_ids: expected as many, or the "
                "calling thread's alone"
            )
    if not isinstance(own_causes, (list, tuple, set, frozenset)) or not all(
        isinstance(each, str) for each in own_causes
    ):
        faults.append(f"own_causes={own_causes!r} is no list of names; write ['runqueue_wait_s']")
    return faults


def _faults_of_calls(most_calls: Any, precision: Any, has_others: bool) -> list[str]:
    faults = []
    if most_calls is not None and not (isinstance(most_calls, int) and most_calls >= 1):
        faults.append(f"most_calls={most_calls!r} is no whole number from 1 on")
    elif most_calls is not None and has_others and most_calls < 3:
        faults.append(
            f"most_calls={most_calls!r} is too few with against=: the first call is no sample, and "
            "the last is made for the check; give at least 3"
        )
    if _number(precision) is None or not 0 <= float(precision) < 1:
        faults.append(f"precision={precision!r} is no part from 0 to 1; write e.g. 0.05")
    return faults


def _are_numbers(values: Any) -> bool:
    try:
        return len(values) > 0 and all(operator.index(value) >= 0 for value in values)
    except TypeError:
        return False


def _faults_of_amounts(amounts: Mapping[str, Any]) -> list[str]:
    faults = []
    if not amounts:
        faults.append("no amount is given; pass bytes=, flops= or ops= of one call")
    for name, amount in amounts.items():
        if name not in BY_AMOUNT:
            faults.append(f"{name}= is no amount; amounts are {', '.join(BY_AMOUNT)}")
        elif (number := _number(amount)) is None:
            faults.append(f"{name}={amount!r} is no number")
        elif not 0 < number < math.inf:
            faults.append(f"{name}={amount!r} is not above zero")
    return faults


def _faults_of_others(others: Any, amounts: Mapping[str, Any], has_latencies: bool) -> list[str]:
    if not isinstance(others, Mapping):
        return [f"against={others!r} is no dict; write against={{'one thread': Work(...)}}"]
    faults = []
    if others and has_latencies:
        faults.append("against= and latencies=True do not go together")
    for name, other in others.items():
        if not isinstance(name, str) or not name.strip():
            faults.append(f"against= has the name {name!r}; say what the other is: 'one thread'")
        elif not isinstance(other, Work):
            faults.append(f"against[{name!r}] = {other!r} is no Work")
        elif amounts and next(iter(amounts)) not in other.amounts:
            faults.append(
                f"against[{name!r}] gives {', '.join(other.amounts)}, not {next(iter(amounts))}, "
                "the primary amount that they are compared by"
            )
        elif other.against or other.latencies or other.derive or other.team:
            faults.append(
                f"against[{name!r}] has against=, latencies=, derive= or team= of its own, which "
                "only the Work that is yielded may have"
            )
    return faults


def _number(amount: Any) -> float | None:
    """Return a Python number for whatever number (numpy's, too) the author passed, else None."""
    if isinstance(amount, (str, bytes)):
        return None
    try:
        number = float(amount)
    except OverflowError:
        return math.inf
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number
