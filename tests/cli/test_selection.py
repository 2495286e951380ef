"""``-p NAME=VALUE`` selects points; what cannot be meant is answered with what can."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.conftest import made_up
from hwperf import UsageError, Work, workload
from hwperf.cli.selection import points_of, shown_params, shown_value


@workload("made.odd", params={"on": [True, False], "x": [1, 0.5, None, "1KiB"]}, source="a test")
def odd(on: bool, x: object) -> Iterator[Work]:
    """Latency."""
    yield Work(lambda: None, ops=1)


def selected(*given: str) -> list[tuple[int, str]]:
    return [(p["nbytes"], p["kind"]) for p in points_of(made_up, given)]


def test_without_a_selection_every_point_is_meant() -> None:
    assert points_of(made_up, []) == list(made_up.points())


@pytest.mark.parametrize("size", ["4096", "4KiB", "4 KiB", "4kib", "4.0KiB", "0.00390625MiB"])
def test_sizes_may_have_units(size: str) -> None:
    assert selected(f"nbytes={size}", "kind=odd") == [(4096, "odd")]


def test_several_values_of_one_parameter_allow_each() -> None:
    assert selected("nbytes=16KiB", "nbytes=4089", "kind=plain") == [
        (4089, "plain"),
        (16384, "plain"),
    ]
    assert selected("kind=odd", "kind=odd", "nbytes=4KiB") == [(4096, "odd")]


def test_values_that_are_equal_but_of_other_types_are_told_apart() -> None:
    """In Python 1 == True."""
    assert [p["on"] for p in points_of(odd, ["on=True", "x=1"])] == [True]
    assert [p["x"] for p in points_of(odd, ["on=False", "x=1"])] == [1]
    assert [p["x"] for p in points_of(odd, ["on=False", "x=None", "x=0.5"])] == [0.5, None]
    assert [p["x"] for p in points_of(odd, ["on=False", "x=1KiB"])] == ["1KiB"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("nbyte=4096", "made.up has no parameter 'nbyte'. Did you mean 'nbytes'? It has: nbytes, "),
        ("zzz=1", "made.up has no parameter 'zzz'. It has: nbytes, kind."),
        ("nbytes", "-p 'nbytes' is not of the form NAME=VALUE, e.g. -p nbytes=16KiB."),
        ("nbytes=", "nbytes='' is no value of it; it takes 4 KiB, 4089 B, 16 KiB."),
        ("nbytes=5", "made.up: nbytes='5' is no value of it; it takes 4 KiB, 4089 B, 16 KiB."),
        ("nbytes=-4096", "nbytes='-4096' is no value of it"),
        (f"nbytes={400 * '9'}", "is no value of it"),
        ("kind=ODD", "kind='ODD' is no value of it; it takes plain, odd."),
        ("kind=a=b", "kind='a=b' is no value of it"),
    ],
)
def test_what_is_not_declared_is_refused_with_what_is(given: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        points_of(made_up, [given])
    assert sentence in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        points_of(made_up, ["kind=odd", "nbyte=4096", "nbytes=5", "x"])
    assert all(part in str(refused.value) for part in ("'nbyte'", "'5'", "-p 'x'"))


def test_sizes_are_shown_with_units_only_where_these_are_exact() -> None:
    assert shown_params({"nbytes": 16384, "offset_bytes": 4089, "n": 4096, "pages": "huge"}) == (
        "nbytes=16 KiB, offset_bytes=4089 B, n=4096, pages=huge"
    )
    assert shown_value("nbytes", 1536) == "1.5 KiB"
    assert shown_value("nbytes", 2**30 + 1) == "1073741825 B"


@pytest.mark.parametrize("value", [1, 57, 4092, 1536, 2**20, 2**30, 5 * 2**20 + 7])
def test_a_shown_size_can_be_given_back(value: int) -> None:
    @workload("made.sized", params={"nbytes": [value]}, source="a test")
    def sized(nbytes: int) -> Iterator[Work]:
        """Latency."""
        yield Work(lambda: None, ops=1)

    assert points_of(sized, [f"nbytes={shown_value('nbytes', value)}"]) == [{"nbytes": value}]
