"""What measured rates of multiply-adds come to: pipes, width, halves, and the peak."""

from __future__ import annotations

import pytest

from hwperf import Seen
from hwperf.domains.simd import peak
from hwperf.domains.simd.fma import figures
from hwperf.kernels import fma as kernels


@pytest.mark.parametrize(
    ("measured", "n_pipes", "full_rate_bits", "is_halved", "flop_per_cycle"),
    [
        pytest.param({128: 1.99, 256: 1.98, 512: 1.003}, 2, 256, True, 16, id="Zen 4"),
        pytest.param({128: 2.01, 256: 2.0, 512: 1.97}, 2, 512, False, 32, id="Zen 5"),
        pytest.param({128: 2.0, 256: 1.96}, 2, 256, False, 16, id="Haswell"),
        pytest.param({128: 1.99, 256: 0.99}, 2, 128, True, 8, id="Zen 1"),
        pytest.param({128: 0.99}, 1, 128, False, 4, id="one pipe of 128 bits"),
        pytest.param({128: 0.497}, 1, 128, False, 2, id="one pipe of 64 bits"),
        pytest.param({128: 3.97, 256: 1.99}, 4, 128, True, 16, id="Neoverse V1"),
    ],
)
def test_rates_say_how_many_pipes_there_are_and_how_wide_they_are(
    measured, n_pipes, full_rate_bits, is_halved, flop_per_cycle
):
    found = peak.peak_of(measured)
    assert found.n_pipes == n_pipes
    assert found.full_rate_bits == full_rate_bits
    assert found.widest_bits == max(measured)
    assert found.widest_is_halved == is_halved
    assert found.flop_per_cycle(64) == flop_per_cycle
    assert found.flop_per_cycle(32) == 2 * flop_per_cycle
    assert found.measured == measured


def test_a_disturbed_probe_never_reads_as_nothing():
    assert peak.peak_of({128: 0.1}).flop_per_cycle(64) == 2


def test_the_probe_finds_a_peak_of_this_core():
    found = peak.of_this_core()
    if found is None:
        pytest.skip("this core has no multiply-adds that hwperf knows")
    assert set(found.measured) <= {128, 256, 512}
    assert all(0 < rate < 10 for rate in found.measured.values())
    assert peak.of_this_core("f32") is found, "measured once"


@pytest.fixture
def zen_4(monkeypatch):
    found = peak.peak_of({128: 2.0, 256: 2.0, 512: 1.0})
    monkeypatch.setattr(peak, "of_this_core", lambda dtype="f64": found)


def test_of_one_chain_the_latency_is_shown(zen_4):
    """4 cycles for 4 lanes of 2 FLOP: 2 FLOP per cycle of 16."""
    seen = Seen(cost_s=0.5 / 4e9, clock_hz=4e9, against={})
    shown = figures(kernels.Variant("f64", 256, 1, "x86_64"), seen)
    assert shown["flop_per_cycle"].value == pytest.approx(2)
    assert shown["fraction_of_peak"].value == pytest.approx(2 / 16)
    assert shown["cycles_per_fma"].value == pytest.approx(4)


def test_of_several_chains_it_is_not(zen_4):
    seen = Seen(cost_s=1 / 32 / 4e9, clock_hz=4e9, against={})
    shown = figures(kernels.Variant("f32", 256, 8, "x86_64"), seen)
    assert shown["fraction_of_peak"].value == pytest.approx(1)
    assert "cycles_per_fma" not in shown


def test_the_dot_product_of_bf16_counts_four_flop_for_32_bits(zen_4):
    seen = Seen(cost_s=1 / 64 / 4e9, clock_hz=4e9, against={})
    shown = figures(kernels.Variant("bf16", 512, 16, "x86_64"), seen)
    assert shown["fraction_of_peak"].value == pytest.approx(1)


def test_without_a_clock_there_are_no_cycles(zen_4):
    seen = Seen(cost_s=1e-10, clock_hz=None, against={})
    assert figures(kernels.Variant("f64", 256, 8, "x86_64"), seen) == {}
