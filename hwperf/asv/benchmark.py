"""asv classes of two lines. This module turns a workload into a class that asv collects::

    class Latency(WorkloadBenchmark):
        workload = "memory.latency"

gives asv the benchmark ``<module>.Latency.cost`` in seconds per unit of work, and, for a workload
that yields a distribution of latencies, ``cost_p99``.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hwperf import plugins

if TYPE_CHECKING:
    from hwperf.measure import Profile, Result
    from hwperf.workload import Workload

__all__ = ["PROFILE", "Missing", "WorkloadBenchmark", "classes_for", "profile_of", "source_of"]

PROFILE = "HWPERF_PROFILE"
"""Environment variable: the profile of a run, quick or full."""

METHODS = ("cost", "cost_p99")


class Missing:
    """Stands for a workload that the installed hwperf lacks, e.g. one of an older commit."""

    def __init__(self, id: str) -> None:
        self.id = id
        broken = "; ".join(map(str, plugins.load().broken))
        self.reason = f"this hwperf has no workload {id!r}" + (f" ({broken})" if broken else "")


class WorkloadBenchmark:
    """Base of the classes in benchmarks/; it holds no benchmark itself, so asv passes it over."""

    workload: ClassVar[str] = ""
    subject: ClassVar[Workload | Missing]

    # What asv looks for by these names.
    params: ClassVar[list[list[Any]]]
    param_names: ClassVar[list[str]]
    version: ClassVar[str]
    timeout: ClassVar[float] = 600.0  # Seconds; a full point takes some 10 s, compiling included.

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found = plugins.load().workloads.get(cls.workload)
        cls.subject = found if found is not None else Missing(cls.workload)
        if isinstance(cls.subject, Missing):
            cls.params, cls.param_names = [], []
        else:
            cls.params = [list(values) for values in cls.subject.params.values()]
            cls.param_names = list(cls.subject.params)
        for method in METHODS:
            if method == "cost" or getattr(cls.subject, "has_latencies", True):
                setattr(cls, method, _method(cls, method))


def classes_for(
    ids: Iterable[str], name_of: Callable[[str], str]
) -> Mapping[str, type[WorkloadBenchmark]]:
    """Return one class per workload id, named by *name_of*."""
    return {
        name_of(id): type(name_of(id), (WorkloadBenchmark,), {"workload": id}) for id in sorted(ids)
    }


def profile_of(environment: Mapping[str, str] | None = None) -> Profile:
    """Return the profile that the environment names; quick when it names none.

    Raises:
        UsageError: if it names no profile.
    """
    from hwperf.errors import UsageError
    from hwperf.measure import PROFILES

    name = (os.environ if environment is None else environment).get(PROFILE) or "quick"
    if name not in PROFILES:
        raise UsageError(f"{PROFILE}={name!r} is no profile; there are {', '.join(PROFILES)}.")
    return PROFILES[name]


def source_of(subject: Workload | Missing) -> str:
    """Return the source text that asv shows for the benchmark."""
    if isinstance(subject, Missing):
        return subject.reason
    try:
        return inspect.getsource(subject.function)
    except (OSError, TypeError):
        return subject.doc or subject.id


def camel(words: str) -> str:
    """Return ``RandomRead`` for ``random_read``, and ``My_gpuCopy`` for ``my_gpu.copy``.

    A domain keeps its underscores: ``a_b.c`` and ``a.b_c`` are two classes.
    """
    domain, _, what = words.rpartition(".")
    return "".join(word[:1].upper() + word[1:] for word in (domain, *what.split("_")))


def _method(cls: type[WorkloadBenchmark], name: str) -> Callable[..., Result]:
    def cost(self: WorkloadBenchmark, *values: Any, profile: Profile | None = None) -> Result:
        from hwperf.errors import UsageError
        from hwperf.measure import measure

        if isinstance(self.subject, Missing):
            raise UsageError(self.subject.reason)
        params = dict(zip(self.subject.params, values, strict=True))
        return measure(self.subject, params, profile=profile or profile_of())

    cost.__name__ = name
    cost.__qualname__ = f"{cls.__qualname__}.{name}"
    cost.__module__ = cls.__module__
    cost.pretty_source = source_of(cls.subject)  # type: ignore[attr-defined]
    return cost
