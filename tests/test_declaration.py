"""A wrong declaration is refused at import, with every fault and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hwperf import DeclarationError, Work, workload

Function = Callable[..., Iterator[Work]]


def copy(nbytes: int) -> Iterator[Work]:
    """Bandwidth of a copy."""
    yield Work(lambda: None, bytes=nbytes)


def no_parameter() -> Iterator[Work]:
    """Nothing."""
    yield Work(lambda: None, ops=1)


def no_docstring() -> Iterator[Work]:
    yield Work(lambda: None, ops=1)


def no_generator() -> Work:
    """Forget to yield."""
    return Work(lambda: None, ops=1)


def no_amount() -> Iterator[Work]:
    """Forget the amount."""
    yield Work(lambda: None)


def latencies_of_bytes() -> Iterator[Work]:
    """Give latencies and no number of operations."""
    yield Work(lambda: [1.0], bytes=4096, latencies=True)


def latencies_and_bytes() -> Iterator[Work]:
    """Give latencies of some operations, the bytes first."""
    yield Work(lambda: [1.0], bytes=4096, ops=1, latencies=True)


def misspelt_amount() -> Iterator[Work]:
    """Misspell the amount."""
    yield Work(lambda: None, byte=1)


def hidden_amount(amount: str) -> Iterator[Work]:
    """Give an amount that only running tells."""
    yield Work(lambda: None, **{amount: 1})


def refusal(function: Any = no_parameter, id: Any = "test.nothing", **options: Any) -> str:
    """Return how declaring *function* is refused."""
    with pytest.raises(DeclarationError) as refused:
        workload(id, **{"source": "a test", **options})(function)
    return str(refused.value)


@pytest.mark.parametrize(
    "id", ["copy", "Memory.copy", "memory.", "memory.copy-fast", "memory.copy_", "a.b.c", "", 7]
)
def test_an_id_is_a_domain_and_what_is_measured(id: Any) -> None:
    name = id if isinstance(id, str) else repr(id)
    assert refusal(id=id) == (
        f"{name}: the id {id!r} is not of the form <domain>.<what>[_<how>] in lower case, "
        "e.g. 'memory.copy'."
    )


@pytest.mark.parametrize("id", ["a.b", "my_gpu.copy_strided_2d", "m3.x"])
def test_either_part_of_an_id_may_be_of_several_words(id: str) -> None:
    assert workload(id, source="a test")(no_parameter).id == id


@pytest.mark.parametrize(
    ("function", "options", "told"),
    [
        (
            no_generator,
            {"metric": "rate"},
            "the function never yields; write set-up, 'yield Work(kernel, bytes=...)', then a "
            "check",
        ),
        (
            no_docstring,
            {},
            "no docstring; say in one line what is measured, then what is counted",
        ),
        (
            no_parameter,
            {"source": " "},
            "no source; add source='...' with the paper, standard or tool it follows",
        ),
        (
            no_parameter,
            {"unit": "GB/s"},
            "unit='GB/s' is not declared: Work(..., bytes= | flops= | ops=) gives the unit; for "
            "another one use metric= with one of bandwidth, throughput, latency, rate, clock",
        ),
        (
            no_parameter,
            {"parms": {}},
            "parms= is no option of @workload (did you mean 'params'?)",
        ),
        (
            copy,
            {"params": {"nbyte": [8], "nbytes": [8]}},
            "the function takes no parameter 'nbyte' (did you mean 'nbytes'?); it takes nbytes",
        ),
        (
            copy,
            {},
            "params= gives no values for 'nbytes'; add params={'nbytes': [...]}",
        ),
        (
            no_parameter,
            {"params": {"n": [1]}},
            "the function takes no parameter 'n'; it takes none",
        ),
        (
            no_parameter,
            {"params": ["nbytes"]},
            "params=['nbytes'] is no dict; write params={'nbytes': [4096, 65536]}",
        ),
        (
            copy,
            {"params": {"nbytes": "64"}},
            "params['nbytes'] = '64' is no list of values; write ['64']",
        ),
        (
            copy,
            {"params": {"nbytes": 64}},
            "params['nbytes'] = 64 is no list of values; write [64]",
        ),
        (
            copy,
            {"params": {"nbytes": []}},
            "params['nbytes'] = [] is no list of values; write a list of one or more",
        ),
        (
            copy,
            {"params": {"nbytes": {8}}},
            "params['nbytes'] = {8} is no list of values; write a list of one or more",
        ),
        (
            copy,
            {"params": {"nbytes": [8, 16, 8]}},
            "params['nbytes'] holds a value twice: [8, 16, 8]",
        ),
        (
            copy,
            {"params": {"nbytes": [8, (1, 2)]}},
            "params['nbytes'] holds (1, 2), which is no int, float, str, bool or None of Python's "
            "own; a series is keyed by its repr",
        ),
        (
            copy,
            {"params": {"nbytes": [np.float64(0.5)]}},
            f"params['nbytes'] holds {np.float64(0.5)!r}, which is no int, float, str, bool or "
            "None of Python's own; a series is keyed by its repr",
        ),
        (
            no_parameter,
            {"limit": "25 GB/s"},
            "limit='25 GB/s' is neither None, a rate above zero in base units, nor callable",
        ),
        (
            no_parameter,
            {"limit": 0},
            "limit=0 is neither None, a rate above zero in base units, nor callable",
        ),
        (
            copy,
            {"params": {"nbytes": [8]}, "limit": lambda nbyte: 1.0},
            "limit= takes 'nbyte', which is no parameter of the workload (did you mean 'nbytes'?)",
        ),
        (no_parameter, {"requires": 3}, "requires=3 cannot be called; pass a function"),
        (
            no_parameter,
            {"requires": [lambda: None, None]},
            "requires=None cannot be called; pass a function",
        ),
        (
            no_parameter,
            {"requires": lambda pages: None},
            "requires= takes 'pages', which is no parameter of the workload",
        ),
        (
            no_parameter,
            {"metric": "latncy"},
            "metric='latncy' is no metric (did you mean 'latency'?); "
            "use bandwidth, throughput, latency, rate, clock",
        ),
        (
            no_amount,
            {},
            "no amount is seen in the function's Work(...); write Work(kernel, bytes= | flops= | "
            "ops=), or name the metric: metric= one of bandwidth, throughput, latency, rate, clock",
        ),
        (
            latencies_of_bytes,
            {},
            "latencies=True needs ops=, the number of latencies that one call returns",
        ),
        (
            latencies_and_bytes,
            {"metric": "bandwidth"},
            "latencies=True gives seconds per operation, but the metric 'bandwidth' divides by "
            "bytes; leave metric= out",
        ),
        (
            copy,
            {"params": {"nbytes": [8, float("inf")]}},
            "params['nbytes'] = [8, inf] holds what is no finite number",
        ),
        (
            no_parameter,
            {"limit": float("inf")},
            "limit=inf is neither None, a rate above zero in base units, nor callable",
        ),
        (
            misspelt_amount,
            {},
            "byte= is no amount of Work (did you mean 'bytes'?); amounts are bytes, flops, ops",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_says_its_fix(function: Function, options: dict[str, Any], told: str) -> None:
    assert refusal(function, **options) == f"test.nothing: {told}."


def test_all_faults_are_told_at_once() -> None:
    told = refusal(
        no_docstring, id="Copy", source="", params={"n": []}, limit=-1, metric="speed", unit="GB/s"
    )
    for part in (
        "the id 'Copy'",
        "no docstring",
        "no source",
        "unit='GB/s'",
        "takes no parameter 'n'",
        "params['n'] = []",
        "limit=-1",
        "metric='speed'",
    ):
        assert part in told


def test_an_amount_that_only_running_tells_needs_a_named_metric() -> None:
    params = {"amount": ["bytes", "flops"]}
    assert "name the metric" in refusal(hidden_amount, params=params)
    named = workload("test.hidden", source="a test", params=params, metric="bandwidth")
    assert named(hidden_amount).metric.name == "bandwidth"


def test_latencies_are_of_operations_whatever_amount_comes_first() -> None:
    """Else a latency of 4096 bytes would be taken for the cost of one."""
    declared = workload("test.io", source="a test")(latencies_and_bytes)
    assert (declared.metric.name, declared.has_latencies) == ("latency", True)


@pytest.mark.parametrize("limit", [np.float32(2.5), np.int64(8), np.float64(1e9), 5])
def test_a_limit_may_be_any_kind_of_number(limit: Any) -> None:
    declared = workload("test.limit", source="a test", limit=limit)(no_parameter)
    assert declared.limit_at({}) == float(limit)


def test_a_decorator_without_an_id_is_refused() -> None:
    """Else the name would stand for a decorator and the workload would silently be missing."""
    with pytest.raises(DeclarationError) as refused:
        workload(no_parameter)  # type: ignore[arg-type]
    assert str(refused.value) == (
        "@workload stands there without an id; write "
        "@workload('<domain>.<what>', source='...', params={...})."
    )


def test_a_range_of_values_is_as_good_as_a_list() -> None:
    declared = workload("test.copy", source="a test", params={"nbytes": range(8, 32, 8)})(copy)
    assert declared.params["nbytes"] == (8, 16, 24)


def test_values_of_every_plain_type_are_kept_as_they_are() -> None:
    values = [1, 1.5, "one", True, None]
    declared = workload("test.copy", source="a test", params={"nbytes": values})(copy)
    assert declared.params["nbytes"] == (1, 1.5, "one", True, None)
