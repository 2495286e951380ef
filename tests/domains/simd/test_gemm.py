"""A matrix product: its data are exact in every type, and what cannot be measured says why."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from hwperf import CheckFailed, Seen, Unsupported
from hwperf.domains.simd import gemm as workload
from hwperf.measure.stage import set_up

gemm = import_module("hwperf.domains.simd.gemm")
POINT = {"library": "numpy", "dtype": "f64", "n": 256, "threads": "one"}


@pytest.mark.parametrize("dtype", ["f64", "f32", "bf16", "int8"])
def test_elements_are_stored_without_rounding(dtype: str) -> None:
    a, _ = gemm._whole_numbers(dtype, 64)
    stored = gemm._stored(dtype, a)
    back = gemm._read("bf16", stored) if dtype == "bf16" else stored
    np.testing.assert_array_equal(back, a)


def test_sums_of_the_largest_product_are_exact_in_bfloat16() -> None:
    """bfloat16 holds every whole number up to 256."""
    a, b = (matrix.astype(np.float32) for matrix in gemm._whole_numbers("bf16", 2048))
    assert np.abs(a @ b).max() <= 256


def test_the_same_data_at_every_time() -> None:
    first, second = (gemm._whole_numbers("f32", 32) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(*first)


@pytest.mark.parametrize(
    ("library", "dtype", "why"),
    [
        ("numpy", "bf16", "no bfloat16"),
        ("numpy", "int8", "no fast product of integer matrices"),
        ("torch", "f64", "measured with numpy"),
    ],
)
def test_a_type_that_a_library_does_not_multiply_says_why(library, dtype, why):  # type: ignore[no-untyped-def]
    reason = workload.unsupported({**POINT, "library": library, "dtype": dtype})
    assert why in str(reason)


def test_all_threads_of_one_cpu_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "_all_threads", lambda: 1)
    assert "threads=all is threads=one" in str(workload.unsupported({**POINT, "threads": "all"}))
    assert workload.unsupported(POINT) is None


def test_a_library_that_cannot_be_held_to_one_thread_is_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gemm, "numpy_blas", lambda: ("Some BLAS, 4 threads", 4))
    with pytest.raises(Unsupported, match="cannot be limited to 1"), set_up(workload, POINT):
        pass


def test_a_type_without_a_kernel_is_measured_small_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain loop over 2048 rows of bfloat16 would take twenty seconds."""
    monkeypatch.setattr(gemm, "_trial_s", lambda library, dtype: {"bf16": 0.01, "f32": 1e-3}[dtype])
    with pytest.raises(Unsupported, match=r"no fast product of bf16 .* n=256, which is measured"):
        gemm._try_out("torch", "bf16", 1024)
    gemm._try_out("torch", "bf16", 256)


def test_the_peak_is_that_of_the_cores_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPUs 0 and 1 share a core, and so do 2 and 3."""
    host = SimpleNamespace(
        allowed_cpus=lambda: (0, 1, 2, 3), siblings=lambda each: (each & 2, each | 1)
    )
    top = SimpleNamespace(flop_per_cycle=lambda bits: 2048 / bits)
    monkeypatch.setattr(gemm, "cpu", host)
    monkeypatch.setattr(gemm, "peak", SimpleNamespace(of_this_core=lambda dtype: top))
    seen = Seen(cost_s=1 / 100e9, clock_hz=4e9, against={})

    def of_peak(dtype: str, n_threads: int) -> float:
        n_cores = gemm._cores(n_threads)
        value: float = gemm._figures("", dtype, n_cores, seen)["fraction_of_peak"].value
        return value

    assert of_peak("f64", 1) == pytest.approx(100 / (32 * 4))
    assert of_peak("f32", 2) == of_peak("f32", 4) == pytest.approx(100 / (64 * 4 * 2))


def test_without_a_clock_or_a_peak_there_is_no_part_of_it() -> None:
    seen = Seen(cost_s=1e-11, clock_hz=None, against={})
    assert set(gemm._figures("X", "f64", 1, seen)) == {"blas"}
    assert set(gemm._figures("X", "int8", 1, Seen(1e-11, 4e9, {}))) == {"blas"}


def test_the_limit_is_that_of_the_vectors_of_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(
        gemm, "limits", SimpleNamespace(core_flops=lambda **told: asked.append(told))
    )
    monkeypatch.setattr(gemm, "_all_threads", lambda: 6)
    monkeypatch.setattr(gemm, "machine", lambda: "x86_64")
    gemm._limit("f32", "all")
    gemm._limit("int8", "one")
    assert asked == [{"dtype": "f32", "n_threads": 6}, {"dtype": "int8", "n_threads": 1}]
    monkeypatch.setattr(gemm, "machine", lambda: "aarch64")
    assert gemm._limit("bf16", "one") is None


def test_the_product_of_other_matrices_is_rejected() -> None:
    with set_up(workload, POINT) as stage:
        a = np.ones((256, 256))
        stage.generator.gi_frame.f_locals["c"][:] = a @ a  # type: ignore[attr-defined]
        with pytest.raises(CheckFailed, match="is not that of the product"):
            stage.check()
