"""Latency and bandwidth of the link, told apart: a line through the times of many sizes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Work, workload
from hwperf.checks import require_value
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.batch import TO_DEVICE, TO_HOST, Batch
from hwperf.domains.transfer.session import device_of_point, lacking, named
from hwperf.domains.transfer.terms import TERMS
from hwperf.units import format_quantity
from hwperf.work import Timing

__all__ = ["Line", "fit", "line"]

_SIZES = [64, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB]
_IMPOSSIBLE = 1.05  # Times the link, as for rates that are measured.
_GOOD = 0.98  # R² of a line that describes what was measured.
_MOST_COPIES = 64  # Of each size: a sweep is one sample.


@dataclass(frozen=True)
class Line:
    """t = latency + n / bandwidth.

    Attributes:
        latency_s: seconds that a copy takes beside its bytes.
        bandwidth: B/s.
        r2: part of the variance of t / n-relative residuals that the line explains, 1 at best.
    """

    latency_s: float
    bandwidth: float
    r2: float

    @property
    def half_bytes(self) -> float:
        """Bytes of a copy that reaches half of the bandwidth."""
        return self.latency_s * self.bandwidth


def line(sizes: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return the line through the times of copies, each weighted by 1 / t².

    Args:
        sizes: bytes, three or more.
        seconds: of a copy of each.

    Raises:
        CheckFailed: if no line with a latency and a bandwidth above zero goes through them.

    Source: Hockney (1994), "The communication challenge for MPP", Parallel Computing 20: t = t0 +
    n / r, and the size n_1/2 that reaches half of r.
    """
    n, t = np.asarray(sizes, float), np.asarray(seconds, float)
    if not (n.size == t.size >= 3 and np.isfinite(n).all() and ((t > 0) & (t < np.inf)).all()):
        raise CheckFailed(
            f"no line: {n.size} sizes and {t.size} times are given; it takes three or more, and "
            f"times above zero, not {t.tolist()}"
        )
    if np.ptp(n) == 0 or np.ptp(t) == 0:
        raise CheckFailed("no line: all sizes, or all times, are the same")
    # Relative errors are alike at all sizes, absolute ones are not: divide each row by its time.
    rows = np.stack([1 / t, n / t], axis=1)
    (latency, per_byte), *_ = np.linalg.lstsq(rows, np.ones_like(t), rcond=None)
    if not (latency > 0 and per_byte > 0):
        raise CheckFailed(
            f"the times of {len(n)} sizes lie on no line: latency {latency:.3g} s, "
            f"{per_byte:.3g} s per byte"
        )
    # In logarithms, as the sizes span five orders of magnitude.
    off = np.log(t) - np.log(latency + per_byte * n)
    spread = np.log(t) - np.log(t).mean()
    return Line(float(latency), float(1 / per_byte), float(1 - (off @ off) / (spread @ spread)))


@workload(
    "transfer.fit",
    params={"direction": [TO_DEVICE, TO_HOST], "memory": ["pinned", "pageable"]},
    requires=lacking,
    answers="How long does a transfer take beside its bytes, and from which size on do they count?",
    source="Hockney (1994), The communication challenge for MPP, Parallel Computing 20: t = t0 + "
    "n / r, n_1/2",
)
def fit(direction: str, memory: str) -> Iterator[Work]:
    """Latency of a transfer by itself: what remains of its time at zero bytes.

    One sample is a sweep over nine sizes from 64 B to 16 MiB, with a line through their times.
    Counts one copy. Beside the latency stand the bandwidth of the line, the size that reaches half
    of it, and the time of 1 MB.
    """
    with device_of_point() as device:
        is_pinned = memory == "pinned"
        batches = [Batch(device, direction, size, is_pinned=is_pinned) for size in _SIZES]
        lines: list[Line] = []
        swept = np.full(1, -1)

        def sweep() -> Timing:
            times = [batch.run().seconds / batch.n for batch in batches]
            lines.append(line(_SIZES, times))
            swept[0] = len(batches)
            return Timing(lines[-1].latency_s)

        def figures(seen: Seen) -> dict[str, Figure]:
            of_samples = lines[-len(seen.counted) :] if seen.counted else lines
            # One call is one sample; what was disturbed does not count here either.
            flags = seen.counted if len(seen.counted) == len(of_samples) else [True] * len(lines)
            kept = [each for each, counts in zip(of_samples, flags, strict=False) if counts]
            bandwidth = statistics.median(each.bandwidth for each in kept)
            limit = bounds.link()
            if limit is not None and not bandwidth <= _IMPOSSIBLE * limit:
                raise CheckFailed(
                    f"the line has {format_quantity(bandwidth, 'B/s')}, beyond the link's "
                    f"{format_quantity(limit, 'B/s')}"
                )
            r2 = statistics.median(each.r2 for each in kept)
            told = {
                "bandwidth": Figure(bandwidth, "B/s"),
                "half_bandwidth_size": Figure(seen.cost_s * bandwidth, "B"),
                "one_megabyte": Figure(seen.cost_s + 1e6 / bandwidth, "s"),
                "r_squared": Figure(r2),
            }
            if not r2 >= _GOOD:
                told["fit"] = Figure("suspect: these times lie on no line")
            return told | batches[-1].watch.figures() | named(device)

        yield Work(sweep, clock=batches[0].watch.clock, derive=figures, ops=1, **TERMS)
        require_value(int(swept[0]), len(_SIZES), "sizes of the sweep")
        for batch in batches:
            batch.check()
