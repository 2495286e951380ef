"""A fact has a value, or the reason why it has none."""

from __future__ import annotations

import pytest

from hwperf.host.facts import Fact, Unavailable, fact


@pytest.mark.parametrize(("value", "why"), [(None, ""), (1, "because")])
def test_a_value_and_a_reason_exclude_each_other(value: int | None, why: str) -> None:
    with pytest.raises(ValueError, match="a value, or else a reason"):
        Fact("x", value, "", "here", why)


def test_a_false_value_is_a_value() -> None:
    assert Fact("boost", False, "", "here").value is False


def test_what_a_reader_says_is_missing_becomes_the_reason() -> None:
    def read() -> int:
        raise Unavailable("/x may be read by root only")

    assert fact("x", "/x", read).why == "/x may be read by root only"


def test_content_that_nobody_foresaw_costs_that_fact_only() -> None:
    shown = fact("cores", "/sys/x", lambda: int("garbage"))
    assert shown.value is None
    assert "/sys/x has an unexpected content" in shown.why
    assert "garbage" in shown.why
