"""The table judges every claim of the textbook, and from points that there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

import hwperf.domains
from hwperf import plugins
from hwperf.report.claims import RULES, claims
from hwperf.report.claims.expressions import Figure, Paired
from hwperf.report.claims.rules import Compared, Law
from hwperf.report.claims.textbook import KINDS
from hwperf.units import UNITS

WORKLOADS = plugins.load().workloads


def terms(found: Any) -> Iterator[Any]:
    """Yield *found* and everything that it is made of."""
    yield found
    if is_dataclass(found):
        for each in fields(found):
            yield from terms(getattr(found, each.name))
    elif isinstance(found, tuple):
        for each in found:
            yield from terms(each)


def domain_source() -> str:
    root = Path(str(hwperf.domains.__file__)).parent
    return "".join(path.read_text("utf-8") for path in root.rglob("*.py"))


def test_the_textbook_has_71_claims_each_once() -> None:
    ids = [claim.id for claim in claims()]
    assert len(ids) == 71
    assert len(set(ids)) == 71


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_a_claim_has_what_its_kind_needs(claim: Any) -> None:
    assert claim.kind in KINDS
    assert claim.says.endswith(".")
    assert (claim.value is not None) == (claim.kind in ("value", "ratio"))
    assert (claim.low is not None and claim.low < claim.high) == (claim.kind == "range")
    assert claim.unit in ((*UNITS,) if claim.kind in ("value", "range") else ("x",))


def test_every_claim_has_a_rule_and_every_rule_a_claim() -> None:
    assert set(RULES) == {claim.id for claim in claims()}


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_a_rule_fits_the_kind_of_its_claim(claim: Any) -> None:
    """A number is compared, and a law has two sides: one cannot be judged as the other."""
    assert isinstance(RULES[claim.id], Compared) == (claim.kind != "trend")


@pytest.mark.parametrize("id", RULES)
def test_every_point_of_a_rule_is_one_that_a_workload_declares(id: str) -> None:
    """A workload that is renamed, or loses a parameter, fails here and not on somebody's card."""
    named = list(RULES[id].named())
    assert named
    for workload, params in named:
        assert workload in WORKLOADS, f"{id}: there is no workload {workload}"
        declared = WORKLOADS[workload].params
        assert set(params) == set(declared), f"{id}: {workload} takes {', '.join(declared)}"
        for name, value in params.items():
            found = map(repr, declared[name])
            assert repr(value) in found, f"{id}: {workload} has no point {name}={value!r}"


def test_every_figure_and_every_ratio_that_a_rule_reads_is_one_that_a_domain_records() -> None:
    source = domain_source()
    read = {
        term.name for rule in RULES.values() for term in terms(rule) if isinstance(term, Figure)
    }
    read |= {
        term.name for rule in RULES.values() for term in terms(rule) if isinstance(term, Paired)
    }
    read |= {"told_to_be", "behaves_as", "counts_as", "simulated", "kind", "memory", "data_sheet"}
    read |= {"interpreter", "interface", "device"}
    # simd.branch names the other kernel by the pattern that it is.
    assert {name for name in read if f'"{name}"' not in source} == set()


def test_the_sides_of_a_law_have_names_and_one_unit() -> None:
    laws = [term for rule in RULES.values() for term in terms(rule) if isinstance(term, Law)]
    assert len(laws) > 25
    for law in laws:
        assert law.better[0] != law.worse[0]
