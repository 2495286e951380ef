"""What a declaration must say. This module finds all faults of a ``@workload``, with their fix."""

from __future__ import annotations

import ast
import difflib
import inspect
import math
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from hwperf.errors import DeclarationError
from hwperf.metrics import BY_AMOUNT, LATENCY, METRICS, Metric

__all__ = ["Checked", "Declared", "check"]

_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
_ID = re.compile(rf"{_NAME}\.{_NAME}")
# What Work takes beside amounts.
_NO_AMOUNTS = (
    "clock", "latencies", "against", "derive", "team", "own_causes", "most_calls", "precision",
)  # fmt: skip
_SCALARS = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Declared:
    """What the author wrote."""

    id: Any
    function: Callable[..., Any]
    params: Mapping[str, Sequence[Any]]
    source: Any
    limit: Any
    metric: Metric | str | None
    requires: tuple[Any, ...]
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """What a faultless declaration means."""

    params: Mapping[str, Sequence[Any]]
    order: tuple[str, ...]
    metric: Metric
    requires: tuple[Callable[..., str | None], ...]
    has_latencies: bool


@dataclass(frozen=True)
class _Yielded:
    """What the ``Work(...)`` calls in the function's source say."""

    amounts: tuple[str, ...]
    has_latencies: bool


def check(declared: Declared) -> Checked:
    """Return what *declared* means.

    Raises:
        DeclarationError: naming every fault and how to mend it.
    """
    name = declared.id if isinstance(declared.id, str) else repr(declared.id)
    order = tuple(inspect.signature(declared.function).parameters)
    yielded = _work_in_source(declared.function)
    metric = _metric(declared.metric, yielded)
    faults = [
        *_faults_of_names(declared),
        *_faults_of_params(declared, order),
        *_faults_of_hooks(declared, order),
    ]
    if not isinstance(metric, Metric):
        faults.append(metric)
    if faults or not isinstance(metric, Metric):
        raise DeclarationError(f"{name}: {'; '.join(faults)}.")
    return Checked(
        params=declared.params,
        order=order,
        metric=metric,
        requires=declared.requires,
        has_latencies=yielded is not None and yielded.has_latencies,
    )


def _faults_of_names(declared: Declared) -> list[str]:
    faults = []
    if not isinstance(declared.id, str) or not _ID.fullmatch(declared.id):
        faults.append(
            f"the id {declared.id!r} is not of the form <domain>.<what>[_<how>] in lower case, "
            "e.g. 'memory.copy'"
        )
    if not inspect.isgeneratorfunction(declared.function):
        faults.append(
            "the function never yields; write set-up, 'yield Work(kernel, bytes=...)', then a check"
        )
    # python -OO removes all docstrings: then nobody is to blame.
    if sys.flags.optimize < 2 and not (inspect.getdoc(declared.function) or "").strip():
        faults.append("no docstring; say in one line what is measured, then what is counted")
    if not isinstance(declared.source, str) or not declared.source.strip():
        faults.append("no source; add source='...' with the paper, standard or tool it follows")
    for option, value in declared.unknown.items():
        faults.append(_unknown_option(option, value))
    return faults


def _unknown_option(option: str, value: Any) -> str:
    if option == "unit":
        return (
            f"unit={value!r} is not declared: Work(..., bytes= | flops= | ops=) gives the unit; "
            f"for another one use metric= with one of {', '.join(METRICS)}"
        )
    options = ["params", "limit", "source", "metric", "requires", "answers"]
    return f"{option}= is no option of @workload{_near(option, options)}"


def _faults_of_params(declared: Declared, order: tuple[str, ...]) -> list[str]:
    if not isinstance(declared.params, Mapping):
        return [f"params={declared.params!r} is no dict; write params={{'nbytes': [4096, 65536]}}"]
    faults = []
    for name in declared.params:
        if name not in order:
            faults.append(
                f"the function takes no parameter {name!r}{_near(name, order)}; "
                f"it takes {', '.join(order) or 'none'}"
            )
    for name in order:
        if name not in declared.params:
            faults.append(f"params= gives no values for {name!r}; add params={{{name!r}: [...]}}")
    for name, values in declared.params.items():
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
            list_of = f"[{values!r}]" if type(values) in _SCALARS else "a list of one or more"
            faults.append(f"params[{name!r}] = {values!r} is no list of values; write {list_of}")
            continue
        wrong = [value for value in values if type(value) not in _SCALARS]
        if wrong:
            faults.append(
                f"params[{name!r}] holds {wrong[0]!r}, which is no int, float, str, bool or None "
                "of Python's own; a series is keyed by its repr"
            )
        elif not all(map(_is_finite, values)):
            faults.append(f"params[{name!r}] = {values!r} holds what is no finite number")
        elif len(set(map(repr, values))) < len(values):
            faults.append(f"params[{name!r}] holds a value twice: {list(values)!r}")
    return faults


def _faults_of_hooks(declared: Declared, order: tuple[str, ...]) -> list[str]:
    faults = []
    limit = declared.limit
    if callable(limit):
        faults += _foreign_arguments("limit", limit, order)
    elif limit is not None and not (
        # Real: numpy's numbers, too.
        isinstance(limit, Real) and not isinstance(limit, bool) and 0 < float(limit) < math.inf
    ):
        faults.append(
            f"limit={limit!r} is neither None, a rate above zero in base units, nor callable"
        )
    for requirement in declared.requires:
        if not callable(requirement):
            faults.append(f"requires={requirement!r} cannot be called; pass a function")
        else:
            faults += _foreign_arguments("requires", requirement, order)
    return faults


def _foreign_arguments(
    option: str, function: Callable[..., Any], order: Sequence[str]
) -> list[str]:
    try:
        wanted = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    foreign = [
        p.name
        for p in wanted
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.name not in order
    ]
    return [
        f"{option}= takes {name!r}, which is no parameter of the workload{_near(name, order)}"
        for name in foreign
    ]


def _is_finite(value: Any) -> bool:
    return not isinstance(value, Real) or math.isfinite(value)


def _metric(given: Metric | str | None, yielded: _Yielded | None) -> Metric | str:
    """Return the metric, or the fault that leaves none."""
    metric = _named_metric(given) if given is not None else _metric_of_amounts(yielded)
    if isinstance(metric, str) or yielded is None or not yielded.has_latencies:
        return metric
    if metric.amount != LATENCY.amount:
        return (
            f"latencies=True gives seconds per operation, but the metric {metric.name!r} divides "
            f"by {metric.amount}; leave metric= out"
        )
    return metric


def _named_metric(given: Metric | str) -> Metric | str:
    if isinstance(given, Metric):
        return given
    if given in METRICS:
        return METRICS[given]
    return f"metric={given!r} is no metric{_near(given, METRICS)}; use {', '.join(METRICS)}"


def _metric_of_amounts(yielded: _Yielded | None) -> Metric | str:
    if yielded is None or not yielded.amounts:
        return (
            "no amount is seen in the function's Work(...); write Work(kernel, bytes= | flops= | "
            f"ops=), or name the metric: metric= one of {', '.join(METRICS)}"
        )
    unknown = [name for name in yielded.amounts if name not in BY_AMOUNT]
    if unknown:
        return (
            f"{unknown[0]}= is no amount of Work{_near(unknown[0], BY_AMOUNT)}; "
            f"amounts are {', '.join(BY_AMOUNT)}"
        )
    if not yielded.has_latencies:
        return BY_AMOUNT[yielded.amounts[0]]
    if LATENCY.amount in yielded.amounts:
        return LATENCY
    return "latencies=True needs ops=, the number of latencies that one call returns"


def _work_in_source(function: Callable[..., Any]) -> _Yielded | None:
    """Return what the ``Work(...)`` calls in the source say; None where there is no source.

    The metric of a workload must be known without running it (asv, the docs and ``hwperf list``
    need it), so it is read off the declaration's own text.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    # The Work that is yielded comes first: another may be one that it is measured against.
    yields = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    for node in (*yields, *ast.walk(tree)):
        if isinstance(node, ast.Call) and _called_name(node) == "Work":
            keywords = [k for k in node.keywords if k.arg is not None]
            latencies = [k.value for k in keywords if k.arg == "latencies"]
            return _Yielded(
                amounts=tuple(str(k.arg) for k in keywords if k.arg not in _NO_AMOUNTS),
                has_latencies=bool(latencies)
                and not (isinstance(latencies[0], ast.Constant) and not latencies[0].value),
            )
    return None


def _called_name(node: ast.Call) -> str:
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _near(name: str, known: Any) -> str:
    match = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {match[0]!r}?)" if match else ""
