"""Where one piece of code stands. This module places what it attained below the ceilings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hwperf.report.roofline.ceilings import NEEDED, Ceiling, Ceilings
from hwperf.units import format_quantity

__all__ = ["ABOVE", "FAR", "Placement", "place"]

ABOVE = 1.05
"""A ceiling is passed from there on: as for the limits of workloads, 5 % are measuring error."""

FAR = 0.5
"""Below this part of the ceiling something else bounds, too: latency, calls, the interpreter."""


@dataclass(frozen=True)
class Placement:
    """What code attained, and what bounds it.

    Attributes:
        flops: floating-point operations of one call.
        bytes: bytes that one call moves.
        seconds: median time of one call.
        interval_s: 99 % interval of that, or None.
        ceilings: the machine's, None where none are recorded.
        bound: the lowest ceiling that it stays below, None where there is none.
        verdict: of the timing: ok or noisy.
        reason: why it is not ok.
    """

    flops: float
    bytes: float
    seconds: float
    interval_s: tuple[float, float] | None
    ceilings: Ceilings | None
    bound: Ceiling | None
    verdict: str = "ok"
    reason: str = ""

    @property
    def intensity(self) -> float | None:
        """FLOP per byte, None where no byte is moved."""
        return self.flops / self.bytes if self.bytes else None

    @property
    def throughput(self) -> float:
        """FLOP/s attained."""
        return self.flops / self.seconds

    @property
    def bandwidth(self) -> float:
        """B/s attained."""
        return self.bytes / self.seconds

    @property
    def fraction(self) -> float | None:
        """The part of :attr:`bound` that it reaches, None where nothing bounds it."""
        if self.bound is None:
            return None
        return self._amount(self.bound) / (self.seconds * self.bound.value)

    @property
    def fraction_interval(self) -> tuple[float, float] | None:
        """An interval of :attr:`fraction` that holds it with 98 %, or None.

        Each end sets an end of the time's interval against the other end of the ceiling's; both
        hold with 99 %, so that both do at once with 98 % or more (Bonferroni).
        """
        if self.bound is None or self.interval_s is None or self.bound.interval is None:
            return None
        amount = self._amount(self.bound)
        fast, slow = self.interval_s
        low, high = self.bound.interval
        return amount / slow / high, amount / fast / low

    def to_json(self) -> dict[str, Any]:
        """Return the documented object of schema ``hwperf.placement/1``; base units."""
        interval = self.fraction_interval
        return {
            "schema": "hwperf.placement/1",
            "flops": self.flops,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "interval_s": None if self.interval_s is None else list(self.interval_s),
            "intensity_flop_per_byte": self.intensity,
            "throughput_flop_per_s": self.throughput,
            "bandwidth_bytes_per_s": self.bandwidth,
            "bound": None if self.bound is None else self.bound.to_json(),
            "fraction": self.fraction,
            "fraction_interval": None if interval is None else list(interval),
            "verdict": self.verdict,
            "reason": self.reason,
            "ceilings": None if self.ceilings is None else self.ceilings.to_json(),
        }

    def __str__(self) -> str:
        low, high = self.interval_s or (None, None)
        lines = [
            f"time       {format_quantity(self.seconds, 's')}"
            f"  [{format_quantity(low, 's')} .. {format_quantity(high, 's')}]",
            f"attained   {self._attained()}",
            f"bound by   {self._bound()}",
        ]
        if self.ceilings is not None and self.ceilings.all:
            lines.append(f"ceilings   {self._ceilings()}")
        if self.verdict != "ok":
            lines.append(f"{self.verdict:<10} {self.reason}")
        return "\n".join(lines)

    def _amount(self, ceiling: Ceiling) -> float:
        return self.bytes if ceiling.is_bandwidth else self.flops

    def _attained(self) -> str:
        parts = []
        if self.flops:
            parts.append(format_quantity(self.throughput, "FLOP/s"))
        if self.bytes:
            parts.append(format_quantity(self.bandwidth, "B/s"))
        if self.flops and self.intensity is not None:
            parts.append(f"{self.intensity:.3g} FLOP/B")
        return ", ".join(parts)

    def _bound(self) -> str:
        if self.ceilings is None or not self.ceilings.all:
            return f"not known: nothing is recorded here; hwperf run -k '{NEEDED}'"
        if self.bound is None or self.fraction is None:
            if _is_impossible(self.bandwidth, self.throughput, self.ceilings):
                return "no ceiling: no part of the machine does so much; check flops= and bytes="
            return "no ceiling that is recorded: it is above those"
        words = f"{self.bound.name} {format_quantity(self.bound.value, self.bound.unit)}"
        words += f", {_percent(self.fraction)} % of it"
        between = self.fraction_interval
        if between is not None:
            words += f" [{_percent(between[0])} .. {_percent(between[1])}]"
        if self.fraction < FAR:
            words += "; far below, so that latency, calls or the interpreter bound it, too"
        return words

    def _ceilings(self) -> str:
        assert self.ceilings is not None
        return ", ".join(
            f"{each.name} {format_quantity(each.value, each.unit)}" for each in self.ceilings.all
        )


def place(
    seconds: float,
    *,
    flops: float,
    bytes: float,
    ceilings: Ceilings | None,
    interval_s: tuple[float, float] | None = None,
    verdict: str = "ok",
    reason: str = "",
) -> Placement:
    """Return where code stands that takes *seconds* for *flops* operations and *bytes* bytes.

    What bounds it is the ceiling that it is nearest below: at its intensity each ceiling allows
    some rate, and of those that are not passed the lowest counts. Data that comes faster than DRAM
    can give it comes from a cache, and so on.

    Args:
        seconds: time of one call, above zero.
        flops: floating-point operations of one call, zero where it only moves data.
        bytes: bytes that one call moves, zero where all stays in registers.
        ceilings: of the machine, or None.
        interval_s: 99 % interval of the time.
        verdict: of the timing.
        reason: why that is not ok.
    """
    fractions: list[tuple[float, Ceiling]] = []
    for each in ceilings.all if ceilings else ():
        amount = bytes if each.is_bandwidth else flops
        if amount:
            fractions.append((amount / seconds / each.value, each))
    below = [pair for pair in fractions if pair[0] <= ABOVE]
    bound = max(below, key=lambda pair: pair[0], default=(0.0, None))[1]
    if ceilings and _is_impossible(bytes / seconds, flops / seconds, ceilings):
        bound = None
    return Placement(
        flops=flops,
        bytes=bytes,
        seconds=seconds,
        interval_s=interval_s,
        ceilings=ceilings,
        bound=bound,
        verdict=verdict,
        reason=reason,
    )


def _percent(part: float) -> str:
    """Return a part in per cent, whole from 1 % on."""
    return f"{100 * part:.0f}" if part >= 0.01 else f"{100 * part:.2g}"


def _is_impossible(bandwidth: float, throughput: float, known: Ceilings) -> bool:
    """Return whether no part of the machine can do that, all cores together."""
    n_threads = max((each.n_threads for each in known.all), default=1)
    # The caches of the cores add up; what all cores compute was measured, or adds up as well.
    most_bytes = max((each.value for each in known.bandwidths), default=math.inf) * n_threads
    most_flops = max(
        (each.value * n_threads / each.n_threads for each in known.throughputs), default=math.inf
    )
    return bandwidth > ABOVE * most_bytes or throughput > ABOVE * most_flops
