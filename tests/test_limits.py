"""A limit is above every true rate, and None where the host does not tell enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hwperf import limits
from hwperf.host import caches, cpu, dimms, microarchitecture, simd, virtualization
from hwperf.host import memory as host_memory
from hwperf.host.facts import Unavailable

CACHED = (
    limits._clock_hz,
    limits._loaded_per_cycle,
    limits._newer,
    limits._cached_bytes,
    limits._dram_peak,
)
GB = 1e9
GiB = 2**30


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what was read of this host, before and after."""
    for each in CACHED:
        each.cache_clear()
    yield
    for each in CACHED:
        each.cache_clear()


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that gives the host a processor and memory of its own."""

    def host(
        *,
        driver: str | None = "intel_pstate",
        clock_hz: float | None = 4e9,
        sets: tuple[str, ...] = ("sse2", "avx", "avx2"),
        known: bool = True,
        virtual: bool | None = False,
        modules: tuple[dimms.Dimm, ...] = (),
        memory: int = 16 * GiB,
        cache_bytes: int | None = 32 * 2**20,
    ) -> None:
        def core(root: Path = Path("/")) -> tuple[str, str]:
            if not known:
                raise Unavailable("not in the table")
            return "Zen 3", "table"

        def listed(root: Path = Path("/")) -> tuple[dimms.Dimm, ...]:
            if not modules:
                raise Unavailable("no table")
            return modules

        kept = caches.Cache(3, "unified", cache_bytes, 64, 16, (0, 1))
        monkeypatch.setattr(limits, "optional", lambda root, path: driver)
        monkeypatch.setattr(cpu, "max_clock_hz", lambda: clock_hz)
        monkeypatch.setattr(simd, "simd_sets", lambda: sets)
        monkeypatch.setattr(microarchitecture, "microarchitecture", core)
        monkeypatch.setattr(virtualization, "is_virtual", lambda: virtual)
        monkeypatch.setattr(dimms, "dimms", listed)
        monkeypatch.setattr(host_memory, "total_bytes", lambda: memory)
        monkeypatch.setattr(caches, "caches", lambda: (kept,))

    return host


def module(size: int = 8 * GiB, transfers: float | None = 3200e6) -> dimms.Dimm:
    return dimms.Dimm("A1", size, "DDR4", transfers, None, 8)


def test_core_bounds_are_bytes_per_cycle_times_clock(pretend: Callable[..., None]) -> None:
    pretend()
    assert limits.core_clock() == 4e9
    assert limits.core_load_bandwidth() == 96 * 4e9
    assert limits.core_store_bandwidth() == 64 * 4e9
    assert limits.core_copy_bandwidth() == (96 + 64) * 4e9


@pytest.mark.parametrize(
    ("sets", "per_cycle"),
    [(("sse2",), 64), (("sse2", "avx", "avx2"), 96), (("avx2", "avx512f"), 128), (("asimd",), 64)],
)
def test_wider_registers_allow_more(
    pretend: Callable[..., None], sets: tuple[str, ...], per_cycle: int
) -> None:
    pretend(sets=sets)
    assert limits.core_load_bandwidth() == per_cycle * 4e9


def test_an_unknown_core_may_be_newer_than_the_figures(pretend: Callable[..., None]) -> None:
    pretend(known=False)
    assert limits.core_load_bandwidth() == 2 * 96 * 4e9


def test_without_a_known_register_width_there_is_no_load_bound(
    pretend: Callable[..., None],
) -> None:
    pretend(sets=())
    assert limits.core_load_bandwidth() is None
    assert limits.core_copy_bandwidth() is None


@pytest.mark.parametrize(
    ("driver", "clock_hz"), [("acpi-cpufreq", 2.4e9), (None, None), ("intel_pstate", None)]
)
def test_a_clock_that_leaves_out_the_boost_is_no_bound(
    pretend: Callable[..., None], driver: str | None, clock_hz: float | None
) -> None:
    pretend(driver=driver, clock_hz=clock_hz)
    assert limits.core_clock() == limits.FASTEST_CLOCK_HZ


def test_threads_and_chains_multiply(pretend: Callable[..., None]) -> None:
    pretend()
    assert limits.core_load_bandwidth(n_threads=3) == 3 * 96 * 4e9
    assert limits.dependent_loads() == 4e9 / 3
    assert limits.dependent_loads(chains=8, pages="huge") == 8 * 4e9 / 3


@pytest.mark.parametrize(
    ("sets", "params", "flop_per_cycle"),
    [
        (("avx2",), {}, 16),  # two multiply-adders of 256 bits: Haswell to Zen 4
        (("avx2", "avx512f"), {}, 32),
        (("asimd",), {}, 24),
        (("avx2",), {"dtype": "f32"}, 32),
        (("avx2",), {"dtype": "f64", "width": "256"}, 16),
        (("avx2",), {"dtype": "f64", "width": "128"}, 16),
        (("avx2", "avx512f"), {"dtype": "f64", "width": "128"}, 24),
        (("avx2", "avx512f"), {"dtype": "bf16", "width": "512"}, 128),
        (("avx2",), {"dtype": "f64", "width": "scalar"}, 12),
        (("avx2",), {"dtype": "f64", "width": "256", "chains": 1}, 4),
        (("avx2",), {"n_threads": 3}, 48),
    ],
)
def test_arithmetic_is_bound_by_pipes_width_and_chains(
    pretend: Callable[..., None],
    sets: tuple[str, ...],
    params: dict[str, Any],
    flop_per_cycle: float,
) -> None:
    pretend(sets=sets)
    assert limits.core_flops(**params) == flop_per_cycle * 4e9


@pytest.mark.parametrize("unit", ["amx_tile", "sme"])
def test_where_a_matrix_unit_may_do_the_work_vectors_bound_nothing(
    pretend: Callable[..., None], unit: str
) -> None:
    pretend(sets=("avx2", "avx512f", unit))
    assert limits.core_flops(dtype="bf16") is None
    assert limits.core_flops(dtype="bf16", width="512") == 128 * 4e9


@pytest.mark.parametrize(
    ("params", "op_per_cycle"),
    [
        ({"op": "add", "dtype": "int8", "width": "256"}, 128),
        ({"op": "add", "dtype": "int64", "width": "128"}, 12),
        ({"op": "dot", "dtype": "int8", "width": "256"}, 256),
    ],
)
def test_integers_are_bound_alike(
    pretend: Callable[..., None], params: dict[str, Any], op_per_cycle: float
) -> None:
    pretend()
    assert limits.core_integer_ops(**params) == op_per_cycle * 4e9


def test_an_unknown_core_may_do_more_arithmetic_too(pretend: Callable[..., None]) -> None:
    pretend(known=False)
    assert limits.core_flops() == 2 * 16 * 4e9
    assert limits.core_integer_ops(dtype="int8", width="128") == 2 * 6 * 16 * 4e9
    assert limits.branches() == 2 * 4 * 4e9


def test_an_operation_that_waits_takes_a_cycle(pretend: Callable[..., None]) -> None:
    pretend(known=False)
    assert limits.dependent_operations(operation="add") == 4e9


def test_without_a_known_register_width_arithmetic_has_no_bound(
    pretend: Callable[..., None],
) -> None:
    pretend(sets=())
    assert limits.core_flops(dtype="f64", width="128") is None
    assert limits.core_integer_ops(dtype="int8", width="128") is None


def test_modules_add_up(pretend: Callable[..., None]) -> None:
    """Two channels of 3200 MT/s and 8 B: 51.2 GB/s, as data sheets say."""
    pretend(modules=(module(), module()))
    assert limits.dram_bandwidth() == pytest.approx(51.2 * GB)


def test_what_caches_keep_does_not_come_from_the_modules(pretend: Callable[..., None]) -> None:
    pretend(modules=(module(), module()), cache_bytes=32 * 2**20)
    assert limits.dram_bandwidth(nbytes=128 * 2**20) == pytest.approx(51.2 * GB * 128 / 96)
    assert limits.dram_bandwidth(nbytes=32 * 2**20) is None
    assert limits.dram_bandwidth(nbytes=4096) is None


@pytest.mark.parametrize(
    "told",
    [
        {"virtual": True},
        {"virtual": None},
        {"modules": ()},
        {"modules": (module(), module(transfers=None))},
        {"memory": 17 * GiB},  # more than the modules listed: some are missing from the table
    ],
)
def test_a_table_that_cannot_be_trusted_bounds_nothing(
    pretend: Callable[..., None], told: dict[str, Any]
) -> None:
    pretend(**({"modules": (module(), module())} | told))
    assert limits.dram_bandwidth() is None


def test_unknown_caches_leave_a_working_set_unbounded(pretend: Callable[..., None]) -> None:
    pretend(modules=(module(), module()), cache_bytes=None)
    assert limits.dram_bandwidth(nbytes=2**30) is None


def test_the_tighter_known_bound_wins(pretend: Callable[..., None]) -> None:
    pretend(modules=(module(), module()))
    assert limits.load_bandwidth() == limits.dram_bandwidth()
    assert limits.store_bandwidth(nbytes=4096) == limits.core_store_bandwidth()
    assert limits.copy_bandwidth(nbytes=4096) == limits.core_copy_bandwidth()


@pytest.mark.parametrize("name", [name for name in limits.__all__ if name != "facts"])
def test_each_bound_of_this_host_is_positive_or_none(name: str) -> None:
    bound = getattr(limits, name)()
    assert bound is None or bound > 0


def test_the_limits_are_facts_with_their_derivation(pretend: Callable[..., None]) -> None:
    pretend()
    shown = {each.name: each for each in limits.facts()}
    assert shown["loads of a core"].source == "96 B per cycle at 4.00 GHz, 32 B registers"
    assert shown["memory modules"].value is None
    assert "not told" in shown["memory modules"].why
