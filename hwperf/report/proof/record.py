"""What a proof holds. This module collects the points and makes the one JSON object of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from hwperf.report.proof.checks import Check, checks
from hwperf.report.proof.environment import environment, link, machine, row
from hwperf.report.proof.measuring import Progressed
from hwperf.report.proof.plan import NCCL, Planned

__all__ = ["SCHEMA", "Proof"]

SCHEMA = 1
"""Version of the JSON object. 1: the first."""


class Proof:
    """A proof in the making.

    Args:
        hello: what the worker says of the device: ``device`` and ``capabilities``.
        minutes: the time that it may take.
        beside: the same of the other back end that reaches the device, or None.
        beside_why: why there is none.
    """

    def __init__(
        self,
        hello: Mapping[str, Any],
        *,
        minutes: float,
        beside: Mapping[str, Any] | None = None,
        beside_why: str = "",
    ) -> None:
        self._hello, self._minutes = hello, minutes
        self._beside, self._beside_why = beside, beside_why
        self._date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._begin = time.monotonic()
        self._row, self._why_no_row = row(hello["device"])
        self._points: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self._left_out: list[dict[str, Any]] = []
        self._states: list[dict[str, Any]] = []
        self._told: dict[str, Any] = {
            "machine": machine(),
            "link": link(hello["device"]["pci"]),
            "environment": environment(hello["device"]),
        }
        self.is_complete = False

    @property
    def device(self) -> Mapping[str, Any]:
        """What is known of the device."""
        device: Mapping[str, Any] = self._hello["device"]
        return device

    @property
    def n_measured(self) -> int:
        """Points that have a value, the other back end's not counted."""
        return sum(p["value"] is not None for key, p in self._points.items() if not key[0])

    @property
    def n_refused(self) -> int:
        """Points whose value was refused: what was computed is wrong, or cannot be."""
        refused = ("failed", "impossible")
        return sum(p["verdict"] in refused for key, p in self._points.items() if not key[0])

    def add(self, progressed: Progressed) -> None:
        """Keep what has become of one point; a second measurement of it replaces the first."""
        point = progressed.point
        if progressed.result is not None:
            key = (point.is_twin, point.id, tuple(point.params.items()))
            self._points[key] = progressed.result
        else:
            self.leave_out(point, progressed.why)

    def leave_out(self, point: Planned, why: str) -> None:
        """Keep that a point was not measured, and why."""
        told = {"id": point.id, "params": dict(point.params), "why": why}
        if point.is_twin and self._beside is not None:
            told["device"] = self._beside["device"]["id"]
        self._left_out.append(told)

    def leave_out_collectives(self, n_gpus: int) -> None:
        """Keep that NCCL's collectives were not measured: they take two devices."""
        self._left_out.append(
            {"id": NCCL, "params": {}, "why": f"nccl needs one GPU per rank, found {n_gpus}"}
        )

    def note(self, after: str, state: Mapping[str, Any] | None) -> None:
        """Keep the clocks and the power of the device at some moment, where they are told."""
        if state is not None:
            at_s = round(time.monotonic() - self._begin, 1)
            self._states.append({"after": after, "at_s": at_s, **state})

    def to_json(self) -> dict[str, Any]:
        """Return the documented object of schema 1."""
        shown: dict[str, Any] = {
            "schema": SCHEMA,
            "hwperf": version("hwperf"),
            "date": self._date,
            "minutes": self._minutes,
            "took_s": round(time.monotonic() - self._begin, 1),
            "is_complete": self.is_complete,
            "kind": self.device["kind"],
            "machine": self._told["machine"],
            "device": dict(self.device),
            "capabilities": list(self._hello["capabilities"]),
            "accelerator": self._row,
            "accelerator_why": self._why_no_row,
            "link": self._told["link"],
            "environment": {**self._told["environment"], "nvml": list(self._states)},
            "points": [dict(p) for key, p in self._points.items() if not key[0]],
            "beside": None,
            "beside_why": self._beside_why,
            "left_out": list(self._left_out),
        }
        if self._beside is not None:
            shown["beside"] = {
                "device": dict(self._beside["device"]),
                "points": [dict(p) for key, p in self._points.items() if key[0]],
            }
        shown["checks"] = [check.to_json() for check in self.checks(shown)]
        return shown

    @staticmethod
    def checks(shown: Mapping[str, Any]) -> list[Check]:
        """Return the checks of a proof as its JSON is read."""
        return checks(shown)
