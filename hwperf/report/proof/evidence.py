"""What a proof has measured. This module picks points, figures and bounds out of its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwperf.units import MiB, format_bytes

__all__ = ["Evidence", "name_of"]

Json = Mapping[str, Any]

_CACHED_TIMES = 4  # As `hwperf.domains.transfer.session.beyond_cache`.
_BEYOND_AT_LEAST = 128 * MiB
_COPIES = ("transfer.host_to_device", "transfer.device_to_host", "transfer.chunks")
_INSIDE = ("transfer.device_to_device", "transfer.stream", "transfer.coalesce")


class Evidence:
    """The points of a proof, and what bounds them.

    Args:
        proof: as its JSON is read.
    """

    def __init__(self, proof: Json) -> None:
        self.device: Json = proof["device"]
        self.row: Json | None = proof["accelerator"]
        self.beside: Json | None = proof["beside"]
        self.why_no_beside = str(proof.get("beside_why") or "")
        self.why_no_row = str(proof.get("accelerator_why") or "no row of the data file is known")
        self.points: Sequence[Json] = proof["points"]
        self.left_out: Sequence[Json] = proof["left_out"]

    @property
    def kind(self) -> str:
        """The kind of the device."""
        return str(self.device["kind"])

    @property
    def why_no_link(self) -> str:
        """Why nothing crosses a link between host and device, or ""."""
        if self.kind == "cpu":
            return "the host's own processor plays the device: its caches decide, and no link"
        return "host and device share their memory" if self.device["is_unified"] else ""

    def some(self, id: str, **params: Any) -> Iterator[Json]:
        """Yield the points of *id* with *params* that have a value."""
        for point in self.points:
            if point["id"] == id and point["value"] is not None and _has(point, params):
                yield point

    def value(self, id: str, **params: Any) -> float | None:
        """Return the value of the first such point in its base unit, or None."""
        return next((float(point["value"]) for point in self.some(id, **params)), None)

    def best(self, id: str, **params: Any) -> float | None:
        """Return the largest value of such points, or None."""
        return max((float(point["value"]) for point in self.some(id, **params)), default=None)

    def figure(self, id: str, name: str, **params: Any) -> float | None:
        """Return the figure *name* of the first such point that has it as a number, or None."""
        for point in self.some(id, **params):
            found = number_of(point, name)
            if found is not None:
                return found
        return None

    def curve(self, id: str, **params: Any) -> list[tuple[int, float]]:
        """Return ``(nbytes, value)`` of such points, ascending."""
        points = self.some(id, **params)
        return sorted((int(p["params"]["nbytes"]), float(p["value"])) for p in points)

    def why_absent(self, id: str, **params: Any) -> str:
        """Return why there is no value of such a point."""
        name = name_of({"id": id, "params": params})
        for point in self.points:
            if point["id"] == id and _has(point, params) and point["value"] is None:
                return f"{name}: {point['verdict']}: {point['reason']}"
        for point in self.left_out:
            if point["id"] == id and _has(point, params):
                return f"{name} was left out: {point['why']}"
        return f"{name} was not measured"

    def of_row(self, key: str) -> float | None:
        """Return the figure *key* of the data file's row, or None."""
        found = None if self.row is None else self.row["figures"].get(key)
        return None if found is None else float(found["value"])

    @property
    def memory_bandwidth(self) -> float | None:
        """B/s of the device's memory by the data file, or else by what the device tells."""
        told = self.of_row("memory_bandwidth") or self.device["memory_bandwidth"]
        return None if told is None else float(told)

    def bound(self, point: Json) -> float | None:
        """Return the least rate that is known to bound a bandwidth *point*, or None.

        What fits into a cache of the device is bounded by none of them.
        """
        if point["id"] in _INSIDE:
            if not self._is_beyond_cache(point):
                return None
            known = [point["limit"], self.of_row("memory_bandwidth")]
        elif point["id"] in _COPIES:
            known = [point["limit"], None if self.why_no_link else self.of_row("link")]
        else:
            known = [point["limit"]]
        return min((float(each) for each in known if each), default=None)

    def _is_beyond_cache(self, point: Json) -> bool:
        size = str(point["params"].get("size", ""))
        if not size.endswith("MiB"):
            return True
        cached = int(self.device["cache_bytes"] or 0)
        least = _CACHED_TIMES * cached if cached else _BEYOND_AT_LEAST
        return int(size.removesuffix("MiB")) * MiB >= least


def number_of(point: Json, name: str) -> float | None:
    """Return the figure *name* of *point* where it is a number, else None."""
    value = point.get("figures", {}).get(name, {}).get("value")
    return float(value) if isinstance(value, (int, float)) and value is not True else None


def name_of(point: Json) -> str:
    """Return a point's name as people read it: ``transfer.gemm n=1024, dtype=f32``."""
    shown = ", ".join(
        f"{name}={format_bytes(value) if name.endswith('bytes') else value}"
        for name, value in point["params"].items()
    )
    return f"{point['id']} {shown}".rstrip()


def _has(point: Json, params: Mapping[str, Any]) -> bool:
    return all(point["params"].get(name) == value for name, value in params.items())
