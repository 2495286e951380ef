"""The machine's own movement. This module condenses canaries into factors.

A factor is one number per point: by how much (in logarithms) what its canaries feel was slower than
usual. Canaries that do not feel what moves the others are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwperf.canaries.kinds import BY_NAME
from hwperf.history.attribution.noise import noise

__all__ = ["MACHINE", "Factor", "factors"]

Array = NDArray[np.float64]

MACHINE = "machine"
"""The factor over all canaries."""

FEWEST_POINTS = 8
"""Fewer tell nothing of who moves with whom."""

_RESPONDS = 0.35  # Of the largest loading; a blind canary has next to none.


@dataclass(frozen=True)
class Factor:
    """What several canaries feel in common.

    Attributes:
        name: :data:`MACHINE`, or one resource.
        logs: its level at each point, NaN where no canary was measured.
        members: the canaries that respond, whose scaled median it is.
        has_moved: whether anything but noise is in it.
        error: standard deviation of a point that is the canaries' own and not the machine's: what
            they disagree by.
    """

    name: str
    logs: Array
    members: tuple[str, ...]
    has_moved: bool
    error: float


def factors(logs: Mapping[str, Array]) -> list[Factor]:
    """Return the machine's factor first, then one for each resource that has canaries.

    Args:
        logs: logarithms of each canary's costs, all of one length.
    """
    if not logs:
        return []
    groups: dict[str, list[str]] = {}
    for name in logs:
        known = BY_NAME.get(name.split("/")[0])
        if known is not None:
            groups.setdefault(known.resource, []).append(name)
    found = [_factor(MACHINE, list(logs), logs)]
    for resource, names in groups.items():
        if set(names) != set(logs) or len(names) == 1:
            found.append(_factor(resource, names, logs))
    return [each for each in found if np.isfinite(each.logs).any()]


def _factor(name: str, names: Sequence[str], logs: Mapping[str, Array]) -> Factor:
    centred = {each: logs[each] - _median(logs[each]) for each in names}
    usable = [e for e in names if np.isfinite(centred[e]).sum() >= FEWEST_POINTS]
    if len(usable) == 1 and len(names) == 1:
        only = centred[usable[0]]  # Nobody can contradict it: all of its noise may be its own.
        return Factor(name, only, (usable[0],), True, noise(only))
    loadings = _loadings([centred[each] for each in usable]) if len(usable) > 1 else None
    quiet = [centred[each] for each in names]
    if loadings is None:
        return _joined(name, names, quiet, has_moved=False)
    responders = [
        (each, size)
        for each, size in zip(usable, loadings, strict=True)
        if size >= _RESPONDS * max(loadings)
    ]
    if len(responders) < 2:
        return _joined(name, names, quiet, has_moved=False)
    # Loadings are of standardised canaries; by its noise each becomes one of logarithms again.
    sizes = np.array([size * noise(centred[each]) for each, size in responders])
    sizes /= np.median(sizes)
    scaled = [centred[each] / size for (each, _), size in zip(responders, sizes, strict=True)]
    return _joined(name, [each for each, _ in responders], scaled, has_moved=True)


def _joined(
    name: str, names: Sequence[str], columns: Sequence[Array], *, has_moved: bool
) -> Factor:
    logs = _row_medians(columns)
    left = np.abs(np.array(columns) - logs)
    # Of two columns about their middle half is lost, as of n about their mean 1 / n.
    n = len(columns)
    found = left[np.isfinite(left)]
    single = float(np.median(found)) / 0.6745 * np.sqrt(n / max(1, n - 1)) if len(found) else 0.0
    return Factor(name, logs, tuple(names), has_moved, float(single / np.sqrt(n)))


def _loadings(centred: Sequence[Array]) -> Array | None:
    """Return how each canary responds to what moves most of them; None where nothing does."""
    standard = np.array([np.nan_to_num(each / noise(each)) for each in centred])
    standard = np.clip(standard, -50, 50)  # One outlier must not be all of the component.
    count, n = standard.shape
    values, vectors = np.linalg.eigh(standard @ standard.T / n)
    # What the largest eigenvalue of pure noise comes to (Marchenko and Pastur), and half again.
    if values[-1] < 1.5 * (1 + np.sqrt(count / n)) ** 2:
        return None
    leading = vectors[:, -1]
    return np.asarray(leading if leading.sum() >= 0 else -leading)


def _row_medians(columns: Sequence[Array]) -> Array:
    stacked = np.array(columns)
    known = np.isfinite(stacked).any(axis=0)
    found = np.full(stacked.shape[1], np.nan)
    if known.any():
        found[known] = np.nanmedian(stacked[:, known], axis=0)
    return found


def _median(logs: Array) -> float:
    return float(np.nanmedian(logs)) if np.isfinite(logs).any() else 0.0
