"""What bounds code on one machine, as measured. This module picks the ceilings out of a run.

Bandwidths are the most that any kernel of ``memory.*`` moved at a working set, nominal bytes;
throughputs are multiply-adds on registers. Nothing comes from a data sheet.

Source: Williams, Waterman and Patterson (2009), "Roofline: an insightful visual performance model".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.units import KiB, MiB

__all__ = ["DTYPES", "NEEDED", "Ceiling", "Ceilings", "ceilings"]

DTYPES = ("f64", "f32")
"""Types for which there are ceilings of arithmetic."""

NEEDED = "^(memory.(read|copy|triad)|simd.fma|multicore.(flops|bandwidth)|core.clock)"
"""What ``hwperf run -k`` measures the ceilings with."""

_LEVELS = (("L1", 8 * KiB), ("L2", 64 * KiB), ("L3", 2 * MiB), ("DRAM", 256 * MiB))
_KERNELS = ("read", "copy", "scale", "add", "triad")


@dataclass(frozen=True)
class Ceiling:
    """One bound.

    Attributes:
        name: L1, L2, L3, DRAM; scalar, SIMD; with ", all cores" where all of them work at once.
        value: in *unit*.
        unit: B/s of a bandwidth, FLOP/s of a throughput.
        interval: 99 % interval of the value, lower bound first, or None.
        n_threads: threads that reached it together.
        source: the point that it is: workload and parameters.
        verdict: of that point: ok or noisy.
    """

    name: str
    value: float
    unit: str
    interval: tuple[float, float] | None
    n_threads: int
    source: str
    verdict: str

    @property
    def is_bandwidth(self) -> bool:
        """Whether it bounds bytes, not arithmetic."""
        return self.unit == "B/s"

    def rate(self, intensity: float) -> float:
        """Return the FLOP/s that it allows at an *intensity* in FLOP/B."""
        return self.value * intensity if self.is_bandwidth else self.value

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it; value and interval in *unit*."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "interval": None if self.interval is None else list(self.interval),
            "n_threads": self.n_threads,
            "source": self.source,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Ceilings:
    """The ceilings of one machine.

    Attributes:
        machine: name of the machine.
        dtype: the type that the throughputs are of.
        bandwidths: those that were measured, L1 first, all cores last.
        throughputs: those that were measured, scalar first, all cores last.
        clock_hz: the core's clock, or None.
        commit: hash of the commit of the run.
        measured_at: when the run's newest point was started, seconds since 1970, or None.
    """

    machine: str
    dtype: str
    bandwidths: tuple[Ceiling, ...]
    throughputs: tuple[Ceiling, ...]
    clock_hz: float | None = None
    commit: str = ""
    measured_at: float | None = None

    @property
    def all(self) -> tuple[Ceiling, ...]:
        """Every ceiling."""
        return self.bandwidths + self.throughputs

    def ridge(self, bandwidth: Ceiling) -> float | None:
        """Return the FLOP/B from which arithmetic bounds, not *bandwidth*; None if not known.

        Set against the highest throughput of as many threads.
        """
        peaks = [t.value for t in self.throughputs if t.n_threads <= bandwidth.n_threads]
        return max(peaks) / bandwidth.value if peaks else None

    def to_json(self) -> dict[str, Any]:
        """Return the documented object of schema ``hwperf.roofline/1``."""
        return {
            "schema": "hwperf.roofline/1",
            "machine": self.machine,
            "commit": self.commit,
            "measured_at": self.measured_at,
            "dtype": self.dtype,
            "clock_hz": self.clock_hz,
            "bandwidths": [
                {**each.to_json(), "ridge_flop_per_byte": self.ridge(each)}
                for each in self.bandwidths
            ],
            "throughputs": [each.to_json() for each in self.throughputs],
        }


def ceilings(run: Run, *, dtype: str = "f64") -> Ceilings:
    """Return the ceilings that *run* measured; those that it did not are left out.

    Args:
        run: one recorded run.
        dtype: one of :data:`DTYPES`.
    """
    found = [m for m in run.measurements if _is_number(m.value) and not m.is_tail]
    clock = next((m.value for m in found if m.name == "core.clock"), None)
    return Ceilings(
        machine=run.machine,
        dtype=dtype,
        bandwidths=tuple(_bandwidths(found)),
        throughputs=tuple(_throughputs(found, dtype)),
        clock_hz=clock,
        commit=run.commit,
        measured_at=run.measured_at,
    )


def _is_number(value: float | None) -> bool:
    # The rate of a cost that is almost zero is beyond what a number holds.
    return value is not None and 0 < value < math.inf


def _bandwidths(found: Iterable[Measurement]) -> Iterator[Ceiling]:
    kernels = [f"memory.{kernel}" for kernel in _KERNELS]
    measured = [m for m in found if m.name in kernels]
    for name, nbytes in _LEVELS:
        yield from _best([m for m in measured if m.params.get("nbytes") == nbytes], name)
    together = [m for m in found if m.name == "multicore.bandwidth"]
    yield from _of_all_cores(together, "DRAM, all cores")


def _throughputs(found: Iterable[Measurement], dtype: str) -> Iterator[Ceiling]:
    measured = [m for m in found if m.name == "simd.fma" and m.params.get("dtype") == dtype]
    yield from _best([m for m in measured if m.params.get("width") == "scalar"], "scalar")
    yield from _best([m for m in measured if m.params.get("width") != "scalar"], "SIMD")
    if dtype == "f64":  # What multicore.flops computes with.
        together = [m for m in found if m.name == "multicore.flops"]
        yield from _of_all_cores(together, "SIMD, all cores")


def _of_all_cores(found: Iterable[Measurement], name: str) -> Iterator[Ceiling]:
    """Yield the best of the most threads that were measured, if they are several."""
    counted = [(n, m) for m in found if isinstance(n := m.params.get("threads"), int) and n > 1]
    most = max((n for n, _ in counted), default=0)
    yield from _best([m for n, m in counted if n == most], name, n_threads=most)


def _best(found: Iterable[Measurement], name: str, *, n_threads: int = 1) -> Iterator[Ceiling]:
    # Of a value that is not trusted only where there is no other.
    best = max(found, key=lambda m: (m.verdict == "ok", m.value or 0.0), default=None)
    if best is None or best.value is None:
        return
    params = ", ".join(f"{key}={value}" for key, value in best.params.items())
    yield Ceiling(
        name=name,
        value=best.value,
        unit=best.unit,
        interval=best.interval if all(map(_is_number, best.interval or ())) else None,
        n_threads=n_threads,
        source=f"{best.name} {params}".rstrip(),
        verdict=best.verdict,
    )
