"""What is calculated from which points. This module holds the terms that the table is written in.

A term names its points, so that a test can compare them with the workloads that there are, and
gives its quantity for the points of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hwperf.report.claims import quantity
from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.quantity import Missing, Quantity

__all__ = [
    "At", "Best", "Figure", "First", "Named", "Of", "Paired", "Scaled", "Term", "at",
    "best", "complement", "first", "minus", "over", "scaled", "times", "worst",
]  # fmt: skip

Named = tuple[str, Mapping[str, Any]]


class Term(Protocol):
    """Something that a run has a quantity of, or not."""

    def named(self) -> Iterator[Named]:
        """Yield the workload and the parameters of each point that it may rest on."""
        ...

    def of(self, seen: Evidence) -> Quantity:
        """Return the quantity.

        Raises:
            Missing: where the run has none, with why.
        """
        ...


@dataclass(frozen=True)
class At:
    """The value of one point, in its metric's base unit."""

    workload: str
    params: Mapping[str, Any]

    def named(self) -> Iterator[Named]:
        yield self.workload, self.params

    def of(self, seen: Evidence) -> Quantity:
        return seen.quantity(self.workload, self.params)


@dataclass(frozen=True)
class Figure:
    """A number that a point says beside its value; it is known as the point has it."""

    workload: str
    params: Mapping[str, Any]
    name: str
    unit: str
    is_exact: bool = False

    def named(self) -> Iterator[Named]:
        yield self.workload, self.params

    def of(self, seen: Evidence) -> Quantity:
        found = seen.figure(self.workload, self.params, self.name)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise Missing(f"the figure {self.name!r} of {self.workload} is no number")
        interval = (float(found), float(found)) if self.is_exact else None
        point = seen.point(self.workload, self.params)
        return Quantity(float(found), self.unit, interval, (point,))


@dataclass(frozen=True)
class Paired:
    """How many times the rate of another kernel a point reached, sample by sample in turn."""

    workload: str
    params: Mapping[str, Any]
    name: str

    def named(self) -> Iterator[Named]:
        yield self.workload, self.params

    def of(self, seen: Evidence) -> Quantity:
        return seen.against(self.workload, self.params, self.name)


@dataclass(frozen=True)
class First:
    """The first of several terms that the run has: huge pages, or else small ones."""

    terms: tuple[Term, ...]

    def named(self) -> Iterator[Named]:
        for term in self.terms:
            yield from term.named()

    def of(self, seen: Evidence) -> Quantity:
        reasons = []
        for term in self.terms:
            try:
                return term.of(seen)
            except Missing as why:
                reasons.append(str(why))
        raise Missing(reasons[0])


@dataclass(frozen=True)
class Best:
    """The best of several terms, or the worst: of seconds the least are best, else the most."""

    terms: tuple[Term, ...]
    is_worst: bool = False

    def named(self) -> Iterator[Named]:
        for term in self.terms:
            yield from term.named()

    def of(self, seen: Evidence) -> Quantity:
        found, reasons = [], []
        for term in self.terms:
            try:
                found.append(term.of(seen))
            except Missing as why:
                reasons.append(str(why))
        if not found:
            raise Missing(reasons[0])
        return quantity.best(found, is_highest=(found[0].unit == "s") == self.is_worst)


@dataclass(frozen=True)
class Of:
    """What a function makes of one or two terms."""

    function: Callable[..., Quantity]
    terms: tuple[Term, ...]

    def named(self) -> Iterator[Named]:
        for term in self.terms:
            yield from term.named()

    def of(self, seen: Evidence) -> Quantity:
        return self.function(*(term.of(seen) for term in self.terms))


@dataclass(frozen=True)
class Scaled:
    """So many times a term, or so much divided by it."""

    term: Term
    factor: float
    unit: str
    is_inverse: bool = False

    def named(self) -> Iterator[Named]:
        yield from self.term.named()

    def of(self, seen: Evidence) -> Quantity:
        found = self.term.of(seen)
        exact = Quantity(self.factor, self.unit, (self.factor, self.factor))
        if self.is_inverse:
            return quantity.quotient(exact, found, self.unit)
        return quantity.product(found, exact, self.unit)


def at(workload: str, **params: Any) -> At:
    """Return the point of *workload* with these parameters."""
    return At(workload, params)


def first(*terms: Term) -> First:
    """Return the first of *terms* that a run has."""
    return First(terms)


def best(*terms: Term) -> Best:
    """Return the best of *terms*."""
    return Best(terms)


def worst(*terms: Term) -> Best:
    """Return the worst of *terms*."""
    return Best(terms, is_worst=True)


def over(a: Term, b: Term) -> Of:
    """Return a / b, a pure number."""
    return Of(quantity.quotient, (a, b))


def minus(a: Term, b: Term) -> Of:
    """Return a - b."""
    return Of(quantity.difference, (a, b))


def times(a: Term, share: Term) -> Of:
    """Return *a*, in its unit, times a pure number."""
    return Of(_part, (a, share))


def complement(share: Term) -> Of:
    """Return 1 - share."""
    return Of(quantity.complement, (share,))


def scaled(term: Term, factor: float, unit: str, *, is_inverse: bool = False) -> Scaled:
    """Return *factor* times *term*, or *factor* over it, in *unit*."""
    return Scaled(term, factor, unit, is_inverse)


def _part(a: Quantity, share: Quantity) -> Quantity:
    return quantity.product(a, share, a.unit)
