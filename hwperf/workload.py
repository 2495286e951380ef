"""The one way to declare a workload. This module holds ``@workload`` and ``Workload``.

Everything before ``yield`` is set-up, after it the check, ``finally:`` the tear-down::

    @workload("memory.copy", params={"nbytes": [256 * MiB]}, source="McCalpin, STREAM Copy")
    def copy(nbytes):
        \"\"\"Sustained bandwidth of ``a[:] = b``.\"\"\"
        a, b = ...
        yield Work(lambda: kernel(a, b), bytes=2 * nbytes)
        require_equal(a, b)

Declaring has no side effect: nothing is registered, no hardware and no heavy library is touched.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from hwperf.declaration import Declared, check
from hwperf.errors import DeclarationError
from hwperf.fingerprint import fingerprint
from hwperf.metrics import Metric
from hwperf.work import Work

__all__ = ["Axis", "Limit", "Params", "Workload", "workload"]

Params = Mapping[str, Any]
Axis = tuple[Any, ...]
Limit = float | Callable[..., float | None] | None
Requirement = Callable[..., str | None]


@dataclass(frozen=True, eq=False)
class Workload:
    """One thing to measure, declared: a frozen record.

    Attributes:
        id: ``<domain>.<what>[_<how>]``, stable for ever.
        params: the values of each parameter, in the order of the function's parameters.
        function: the generator function (set-up, ``yield Work``, check, tear-down).
        metric: the primary metric.
        source: the paper, standard or benchmark that the definition follows.
        limit: what bounds the primary rate physically; see :meth:`limit_at`.
        requires: cheap tests of the host; see :meth:`unsupported`.
        answers: the question that the workload answers, one line.
        has_latencies: whether it yields a distribution of latencies.
    """

    id: str
    params: Mapping[str, Axis]
    function: Callable[..., Iterator[Work]]
    metric: Metric
    source: str
    limit: Limit = None
    requires: tuple[Requirement, ...] = ()
    answers: str = ""
    has_latencies: bool = False
    doc: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        """The part of the id before the dot."""
        return self.id.split(".", 1)[0]

    @property
    def module(self) -> str:
        """The module that declares it."""
        return self.function.__module__

    @cached_property
    def version(self) -> str:
        """A hash of the function, its parameters and the source of the kernels that it uses."""
        return fingerprint(self.function, self.params)

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of every point, the last parameter varying fastest."""
        for values in itertools.product(*self.params.values()):
            yield dict(zip(self.params, values, strict=True))

    def limit_at(self, params: Params) -> float | None:
        """Return the limit of the primary rate (units of work per second) for *params*.

        None where the host does not tell.
        """
        value = _call(self.limit, params) if callable(self.limit) else self.limit
        return None if value is None or not math.isfinite(value) or value <= 0 else float(value)

    def unsupported(self, params: Params) -> str | None:
        """Return why this host cannot run *params*, or None; runs no set-up."""
        for requirement in self.requires:
            reason = _call(requirement, params)
            if reason:
                return str(reason)
        return None


def workload(
    id: str,
    *,
    source: str = "",
    params: Mapping[str, Sequence[Any]] | None = None,
    limit: Limit = None,
    metric: Metric | str | None = None,
    requires: Requirement | Sequence[Requirement] = (),
    answers: str = "",
    **unknown: Any,
) -> Callable[[Callable[..., Iterator[Work]]], Workload]:
    """Declare the decorated generator function a workload.

    Args:
        id: ``<domain>.<what>[_<how>]``.
        source: what the definition follows (paper, standard, benchmark).
        params: the static values of every parameter of the function; never dependent on the host.
        limit: units of work per second that physics or a data sheet allow: a number, None, or a
            callable of no argument or of parameters of the workload.
        metric: the primary metric or its name; by default what the first amount of the function's
            ``Work(...)`` gives: bytes → bandwidth, flops → throughput, ops → latency.
        requires: callables of no argument or of parameters that return None, or the reason why
            this host cannot run the point; they must be cheap.
        answers: the question that it answers, one line; by default the first line of the docstring.

    Returns:
        A decorator that turns the function into a :class:`Workload`.

    Raises:
        DeclarationError: at import, with every fault of the declaration and its fix.
    """

    if callable(id):
        raise DeclarationError(
            "@workload stands there without an id; write "
            "@workload('<domain>.<what>', source='...', params={...})."
        )

    def declare(function: Callable[..., Iterator[Work]]) -> Workload:
        declared = check(
            Declared(
                id=id,
                function=function,
                params={} if params is None else params,
                source=source,
                limit=limit,
                metric=metric,
                requires=tuple(requires) if isinstance(requires, (list, tuple)) else (requires,),
                unknown=unknown,
            )
        )
        doc = inspect.getdoc(function) or ""
        return Workload(
            id=id,
            params=MappingProxyType({k: tuple(declared.params[k]) for k in declared.order}),
            function=function,
            metric=declared.metric,
            source=source,
            limit=limit,
            requires=declared.requires,
            answers=answers or doc.partition("\n")[0],
            has_latencies=declared.has_latencies,
            doc=doc,
        )

    return declare


def _call(function: Callable[..., Any], params: Params) -> Any:
    """Call *function* with those of *params* that it takes."""
    accepted = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in accepted):
        return function(**params)
    return function(**{p.name: params[p.name] for p in accepted if p.name in params})
