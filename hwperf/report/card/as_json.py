"""The card for programs. This module gives the object of docs/reference/card-json.md."""

from __future__ import annotations

from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.card.block import block
from hwperf.report.card.content import Card, Source, card_of
from hwperf.report.claims import Judged, Quantity

__all__ = ["SCHEMA", "claims_object", "to_json"]

SCHEMA = 1
"""Version of the object. 1: the first."""


def to_json(source: Source) -> dict[str, Any]:
    """Return the card as JSON has it: every claim, values in base units, null for none."""
    card = card_of(source)
    return {
        "schema": SCHEMA,
        "machine": _machine(card),
        "block": block(card),
        "rows": [_row(each) for each in card.judged],
    }


def claims_object(source: Source) -> dict[str, Any]:
    """Return the laws alone, as JSON has them."""
    card = card_of(source)
    rows = [_row(each) for each in card.judged if each.claim.kind == "trend"]
    return {"schema": SCHEMA, "machine": _machine(card), "rows": rows}


def _machine(card: Card) -> dict[str, Any]:
    return {
        **{name: value for name, value in card.facts.items() if name != "machine"},
        "name": card.machine,
        "commit": card.commit,
        "environment": card.environment,
        "measured_at": card.measured_at,
    }


def _row(each: Judged) -> dict[str, Any]:
    claim, found = each.claim, each.quantity
    book = claim.textbook
    return {
        "id": claim.id,
        "kind": claim.kind,
        "says": claim.says,
        "textbook": list(book) if isinstance(book, tuple) else book,
        "unit": claim.unit,
        "value": None if found is None else found.value,
        "interval": _ends(found),
        "ratio": each.ratio,
        "verdict": each.verdict,
        "noisy": each.is_noisy,
        "reason": each.reason,
        "workloads": list(each.workloads),
        "sides": [
            {
                "name": side.name,
                "value": side.quantity.value,
                "unit": side.quantity.unit,
                "interval": _ends(side.quantity),
            }
            for side in each.sides
        ],
        "points": [] if found is None else [_point(point) for point in _unique(found.points)],
    }


def _point(point: Measurement) -> dict[str, Any]:
    return {
        "id": point.name,
        "params": dict(point.params),
        "value": point.value,
        "unit": point.unit,
        "verdict": point.verdict,
    }


def _ends(found: Quantity | None) -> list[float] | None:
    return None if found is None or found.interval is None else list(found.interval)


def _unique(points: tuple[Measurement, ...]) -> list[Measurement]:
    return list({id(point): point for point in points}.values())
