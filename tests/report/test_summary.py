"""The block at the end of a run is short, in the field's units, and leaves out what is missing."""

from __future__ import annotations

from dataclasses import replace

from hwperf.report.readings import Reading, Readings
from hwperf.report.summary import MOST_LINES, summary
from hwperf.units import KiB, MiB

from .test_hierarchy import SIZES, ZEN_4_GUEST


def _whole() -> list[Reading]:
    curve = [
        Reading(
            "memory.latency",
            {"nbytes": size, "pages": pages, "order": order},
            latency * 1e-9 * factor,
        )
        for pages, order, factor in (
            ("huge", "whole", 1.0),
            ("huge", "local", 0.6),
            ("small", "whole", 1.3),
        )
        for size, latency in zip(SIZES, ZEN_4_GUEST, strict=True)
    ]
    bandwidth = [
        Reading(f"memory.{kernel}", {"nbytes": nbytes, "pages": "huge", **stores}, 1e9 * value)
        for kernel in ("read", "copy", "triad")
        for nbytes, value in ((8 * KiB, 180), (64 * KiB, 90), (2 * MiB, 70), (256 * MiB, 20))
        for stores in ([{}] if kernel == "read" else [{"stores": "regular"}])
    ]
    rest = [
        Reading("core.clock", {}, 3.5e9),
        Reading("memory.random_read", {"burst_bytes": 8, "pages": "huge"}, 8e-9),
        Reading("memory.parallel_latency", {"chains": 1, "pages": "huge"}, 160e-9),
        Reading("memory.parallel_latency", {"chains": 16, "pages": "huge"}, 10e-9),
        Reading("memory.tlb", {"n_pages": 16, "pages": "small"}, None, "failed"),
    ]
    return [*curve, *bandwidth, *rest]


def test_a_whole_run_fits_its_lines() -> None:
    lines = summary(Readings(_whole()), machine="one machine", reported={1: 32 * KiB, 3: 32 * MiB})
    assert len(lines) <= MOST_LINES
    assert lines[0] == "one machine"


def test_levels_are_shown_in_cycles_with_what_the_system_reports() -> None:
    text = "\n".join(summary(Readings(_whole()), machine="m", reported={1: 32 * KiB, 3: 32 * MiB}))
    assert "1.18 ns, 4.1 cycles, holds 32 KiB as measured, the system reports 32 KiB" in text
    assert "holds 4 MiB as measured, the system reports 32 MiB: a share of it" in text
    assert "16.0 at once" in text
    assert "1 failed" in text


def test_a_point_of_two_rounds_is_one_point() -> None:
    """The full profile measures each point in two processes."""
    whole = _whole()
    failed = [replace(reading, value=None, verdict="failed") for reading in whole[:3]]
    assert summary(Readings(whole * 2 + failed), machine="m") == summary(
        Readings(whole), machine="m"
    )


def test_what_was_not_measured_has_no_line() -> None:
    lines = summary(Readings([Reading("core.clock", {}, 3e9)]), machine="m")
    assert lines == ["m", "points       1 ok", "clock        3.00 GHz"]
