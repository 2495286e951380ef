"""A machine whose time only kernels advance, and whose interference is a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hwperf import CheckFailed, Work, Workload, workload
from hwperf.measure import Profile, Result, measure
from hwperf.measure.affinity import Core
from hwperf.measure.interference import Counters
from hwperf.measure.placement import Placement
from hwperf.measure.sample import Instruments

SHORT = Profile("test", budget_s=0.1, rehearsal_s=-1.0)
"""A tenth of a virtual second for each point, and no rehearsal."""

LOST = {"involuntary_switches": 1}
"""A core that was taken away once."""


@dataclass
class Machine:
    """Attributes say what happens; samples are counted from 0.

    Attributes:
        stretch: by what factor the kernel takes longer in a sample.
        taken: what the counters gain during a sample that runs on a core.
        clock_hz: the core's frequency at a moment, or None where it cannot be read.
        tick_s: the resolution of the clock.
        core: where the thread is.
        placement: how the CPUs of several threads lie to one another, or None.
    """

    stretch: Callable[[int], float] = lambda sample: 1.0
    taken: Callable[[int, int | None], Mapping[str, Any]] = lambda sample, core: {}
    clock_hz: Callable[[float], float] | None = lambda now: 3e9
    tick_s: float = 1e-9
    core: Core = field(default_factory=lambda: Core(None, ()))
    placement: Callable[[], Placement] | None = None
    now: float = 0.0
    sample: int = -1
    is_sampling: bool = False
    counters: Counters = field(
        default_factory=partial(Counters, involuntary_switches=0, steal_s=0.0, core=0)
    )
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def advance(self, seconds: float) -> None:
        """Let a kernel run for so long."""
        self.now += seconds * (self.stretch(self.sample) if self.is_sampling else 1.0)

    def wall(self) -> float:
        return self.now

    def read(self) -> Counters:
        """Return the counters: a first time when a sample begins, a second when it ends."""
        self.is_sampling = not self.is_sampling
        if self.is_sampling:
            self.sample += 1
        else:
            for name, gain in self.taken(self.sample, self.core.number).items():
                gained = getattr(self.counters, name) + gain
                self.counters = replace(self.counters, **{name: gained})
        return self.counters

    @contextmanager
    def tools(self) -> Iterator[Instruments]:
        clock_hz = self.clock_hz
        yield Instruments(
            wall=self.wall,
            tick_s=self.tick_s,
            probes=self,
            core=self.core,
            core_clock=None if clock_hz is None else lambda: clock_hz(self.now),
            placement=self.placement,
        )

    def measure(self, what: Workload, profile: Profile = SHORT, **params: Any) -> Result:
        """Measure a point of *what* on this machine."""
        return measure(what, params, profile=profile, tools=self.tools)

    def timed(self, seconds: float, *, ops: float = 1, limit: float | None = None) -> Workload:
        """Return a workload whose kernel takes *seconds* for *ops* operations."""

        @workload("test.timed", source="a test", limit=limit)
        def timed() -> Iterator[Work]:
            """Let time pass."""
            calls = [0]

            def kernel() -> None:
                calls[0] += 1
                self.advance(seconds)

            yield Work(kernel, ops=ops)
            if not calls[0] > 0:
                raise CheckFailed("the kernel did not run")

        return timed
