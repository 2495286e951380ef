"""A device finds its own row, a part of one and a relative find none; figures have sources."""

from __future__ import annotations

import re
from itertools import product

import pytest

from hwperf.host.accelerator import known
from hwperf.host.accelerator.known import DTYPES, TYPICAL, Accelerator, lookup
from hwperf.host.accelerator.row import KINDS
from hwperf.units import GiB

from .reported import REPORTED

OURS = known.rows({})
DATE = re.compile(r"20\d\d-[01]\d(-[0-3]\d)?")


def found(name: str, memory_bytes: int | None = None) -> Accelerator:
    row = known.known(name, memory_bytes, environment={})
    assert row is not None
    return row


@pytest.mark.parametrize(("name", "memory_bytes", "row"), REPORTED)
def test_a_reported_name_finds_its_row_or_none(
    name: str, memory_bytes: int | None, row: str | None
) -> None:
    """Two rows for one name would be an error; that is tested by the way."""
    told = known.known(name, memory_bytes, environment={})
    assert (told.name if told else None) == row


def test_the_list_is_long_and_reaches_every_row() -> None:
    assert len({name for name, _, _ in REPORTED}) >= 60
    assert {row for _, _, row in REPORTED if row} == {row.name for row in OURS}


def test_no_name_belongs_to_two_rows_of_one_size() -> None:
    """Rows that a name alone tells are one; names shared on purpose are told apart by memory."""
    for name, _, _ in REPORTED:
        assert len([row for row in OURS if row.matches(name)]) <= 1, name
        sizes = [row.memory_bytes or 0 for row in OURS if row.matches(name, with_memory=True)]
        for one, other in product(sizes, sizes):
            assert one == other or not 0.8 < one / other < 1.25, name
        assert len(sizes) == len(set(sizes)), name


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_every_figure_has_a_source_a_kind_and_a_date(row: Accelerator) -> None:
    assert row.vendor in ("NVIDIA", "AMD", "Intel")
    assert row.arch
    assert row.form
    values = [*row.figures.values(), *row.typicals.values()]
    for source in (value.source for value in values):
        assert source.url.startswith("https://"), f"{source.title} is not in [sources]"
        assert source.kind in KINDS
        assert DATE.fullmatch(source.date), source
        assert source.kind != "derived" or source.how, f"{source}: derived, but not how"
    assert {value.source.kind for value in row.typicals.values()} <= {"measured"}
    assert {"memory_bytes", "memory_bandwidth", "link"} <= row.figures.keys()


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_rates_are_dense_and_in_base_units(row: Accelerator) -> None:
    """Twice the operands in a register of half the width: of 8 bits at most twice those of 16.

    A rate with sparsity in a row of dense ones would be four times its neighbour's; one in TFLOP/s
    would be below any device of these years.
    """
    rates = {dtype: rate for dtype in DTYPES if (rate := row.flops(dtype))}
    assert all(1e11 < rate < 1e16 for rate in rates.values()), rates
    for wide, narrow in (("tf32", "bf16"), ("tf32", "f16"), ("f16", "fp8"), ("f16", "f16_sum16")):
        if wide in rates and narrow in rates:
            assert rates[wide] <= rates[narrow] <= 2.05 * rates[wide], (wide, narrow)
    assert rates["f32"] <= rates["f16"]
    bandwidth = row.memory_bandwidth
    assert bandwidth is not None
    assert 1e11 < bandwidth < 1e14
    assert row.memory_bytes is not None
    assert row.memory_bytes % (GiB // 4) == 0
    assert row.cache_bytes is None or 1e6 < row.cache_bytes < 1e9


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_what_was_measured_is_below_the_data_sheet(row: Accelerator) -> None:
    """It would be the data sheet that is wrong, or the unit; NVLink SHARP may pass its own link."""
    limits: dict[str, float | None] = {
        "host_to_device": row.link_bandwidth, "device_to_host": row.link_bandwidth,
        "host_to_device_pageable": row.link_bandwidth, "bidirectional": row.link_bandwidth,
        "peer": row.peer_bandwidth, "stream_scale": row.memory_bandwidth,
        "stream_triad": row.memory_bandwidth, "device_copy": row.memory_bandwidth,
        **{f"gemm_{dtype}": row.flops(dtype) for dtype in DTYPES},
    }  # fmt: skip
    for metric, value in row.typicals.items():
        limit = limits.get(metric)
        if limit:
            assert 0.2 * limit < value.lo <= value.hi <= limit, metric


def test_an_h100() -> None:
    row = found("NVIDIA H100 80GB HBM3")
    assert row.flops("bf16") == 989.5e12
    assert row.flops("f64") == 67e12
    assert row.memory_bandwidth == 3.35e12
    assert row.cache_bytes == 50 * 2**20
    assert row.link_bandwidth == pytest.approx(63.0e9, rel=1e-3)
    assert row.peer_bandwidth == 450e9
    typical = row.typical("gemm_bf16")
    assert typical is not None
    assert (typical.lo, typical.hi) == (794.5e12, 794.5e12)
    assert row.typical("launch") is None
    assert row.launch_s is None
    assert row.source_of("flops.bf16") == (
        "NVIDIA, H100 Tensor Core GPU, product specifications (vendor, rates of matrix units "
        "printed with sparsity, halved, 2026-11-25)"
    )
    assert row.source_of("flops.int4") == "the row 'H100 SXM' has no flops.int4"
    assert found("NVIDIA A100-SXM4-40GB").launch_s == 5.5e-6


def test_a_card_of_two_devices_has_the_figures_of_one() -> None:
    row = found("AMD Instinct MI250X")
    assert (row.devices_per_card, row.memory_bytes) == (2, 64 * GiB)
    assert row.flops("f16") == 191.5e12


def test_a_limit_allows_for_sums_in_16_bits() -> None:
    row = found("NVIDIA GeForce RTX 4090")
    assert (row.flops("f16"), row.flops_at_most("f16")) == (165.2e12, 330.3e12)
    assert row.flops_at_most("bf16") == row.flops("bf16")
    assert found("Tesla T4").flops_at_most("fp8") is None


def test_an_unknown_type_or_metric_is_an_error_of_the_caller() -> None:
    row = found("NVIDIA L4")
    with pytest.raises(ValueError, match="dtype='float16' is none of f64, f32"):
        row.flops("float16")
    with pytest.raises(ValueError, match="metric='h2d' is none of host_to_device"):
        row.typical("h2d")


def test_each_typical_metric_has_a_unit() -> None:
    assert set(TYPICAL.values()) == {"B/s", "s", "FLOP/s", "op/s"}
    assert TYPICAL["gemm_int8"] == "op/s"


@pytest.mark.parametrize(
    ("name", "memory_bytes", "why"),
    [
        (
            "Radeon VII", None,
            "hwperf knows no accelerator 'Radeon VII': HWPERF_ACCELERATORS can name a file with a "
            "row for it, see docs/reference/accelerators.md.",
        ),
        (
            "NVIDIA H100 PCIe", 10 * GiB,
            "hwperf knows 'NVIDIA H100 PCIe' with 80 GiB of memory, not with 10 GiB: a part of a "
            "device, or another variant. HWPERF_ACCELERATORS can name a file with a row for it, "
            "see docs/reference/accelerators.md.",
        ),
        ("gfx942", None, "hwperf knows 'gfx942' only together with its memory (192 GiB), which is "
            "not told."),
        ("  ", None, "the accelerator has no name to look its figures up by."),
    ],
)  # fmt: skip
def test_an_unknown_device_is_said_in_a_sentence(
    name: str, memory_bytes: int | None, why: str
) -> None:
    assert lookup(name, memory_bytes, environment={}) == (None, why)
