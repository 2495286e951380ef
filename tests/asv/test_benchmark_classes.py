"""Classes of two lines become asv's benchmarks, and verdicts become what asv knows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asv_runner import benchmarks as types
from asv_runner.benchmarks.mark import SkipNotImplemented

from hwperf import CheckFailed, Work, plugins, workload
from hwperf.asv import benchmark, benchmark_type, sidecar
from hwperf.asv.benchmark import WorkloadBenchmark, camel, classes_for
from hwperf.measure import Result
from hwperf.metrics import BANDWIDTH
from hwperf.plugins import Registry
from hwperf.workload import Workload


@workload("fake.copy", params={"n": [1, 2], "pages": ["small", "huge"]}, metric="bandwidth",
          source="a test")  # fmt: skip
def copy(n: int, pages: str) -> Iterator[Work]:
    """Bandwidth of nothing."""
    yield Work(lambda: None, bytes=8 * n)


FAKE: dict[str, Workload] = {
    "fake.copy": copy,
    "fake.io": replace(copy, id="fake.io", has_latencies=True),
}


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda: Registry(FAKE))
    for name in ("HWPERF_SIDECAR", "HWPERF_EVENTS", "HWPERF_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def collected(id: str, method: str = "cost") -> benchmark_type.CostBenchmark:
    """Return what asv makes of the class for workload *id*."""
    cls = type("Copy", (WorkloadBenchmark,), {"workload": id})
    instance = cls()
    return benchmark_type.CostBenchmark(
        f"fake.Copy.{method}", getattr(instance, method), [getattr(instance, method), instance]
    )


def result(**fields: Any) -> Result:
    given = {"cost_s": 2e-10, "samples": (1e-10, 2e-10, 3e-10), "calls_per_sample": 4, **fields}
    return Result("fake.copy", {"n": 1, "pages": "small"}, BANDWIDTH, version="v", **given)


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Callable[[Result], list[Any]]:
    """Let hwperf.measure return a given result; the profiles that it was called with."""

    def give(given: Result) -> list[Any]:
        profiles: list[Any] = []

        def measure(workload: Any, params: Any, *, profile: Any) -> Result:
            profiles.append(profile)
            return given

        monkeypatch.setattr("hwperf.measure.measure", measure)
        return profiles

    return give


def test_the_base_holds_no_benchmark() -> None:
    assert not any(hasattr(WorkloadBenchmark, name) for name in benchmark.METHODS)


def test_what_asv_needs_comes_from_the_workload() -> None:
    made = collected("fake.copy")
    assert made.params == [["1", "2"], ["'small'", "'huge'"]]
    assert made.param_names == ["n", "pages"]
    assert (made.version, made.unit, made.pretty_name) == (copy.version, "seconds", "fake.copy")
    assert (made.workload, made.metric, made.higher_is_better) == ("fake.copy", "bandwidth", True)
    assert "def copy(n: int" in made.code
    assert made.rounds == 1
    exported = {k: v for k, v in vars(made).items() if not k.startswith("_")}
    json.dumps({k: v for k, v in exported.items() if isinstance(v, (str, int, float, list, dict))})


def test_only_a_distribution_has_a_tail() -> None:
    assert not hasattr(type("A", (WorkloadBenchmark,), {"workload": "fake.copy"}), "cost_p99")
    tail = collected("fake.io", "cost_p99")
    assert (tail.pretty_name, tail.metric, tail.higher_is_better) == (
        "fake.io p99",
        "latency",
        False,
    )


def test_a_full_run_has_two_rounds_and_the_same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = collected("fake.copy").version
    monkeypatch.setenv("HWPERF_PROFILE", "full")
    made = collected("fake.copy")
    assert (made.rounds, made.version) == (2, before)


def test_a_measured_point_gives_its_samples(measuring: Callable[[Result], list[Any]]) -> None:
    profiles = measuring(result(verdict="ok"))
    returned = collected("fake.copy").run(1, "small")
    assert returned == {"samples": [1e-10, 2e-10, 3e-10], "number": 4}
    assert profiles[0].name == "quick"


def test_asvs_quick_is_the_shortest_measurement(measuring: Callable[[Result], list[Any]]) -> None:
    profiles = measuring(result(verdict="ok"))
    made = collected("fake.copy")

    class Quick:
        number, repeat, warmup_time, rounds = 1, 1, 0, 1

    made._attr_sources.insert(0, Quick)
    made.run(1, "small")
    assert profiles[0].budget_s < 0.1


def test_na_is_skipped_with_its_reason(
    measuring: Callable[[Result], list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    measuring(result(verdict="n/a", reason="no such device", cost_s=None, samples=()))
    with pytest.raises(SkipNotImplemented, match="no such device"):
        collected("fake.copy").run(1, "small")
    assert "fake.copy(n=1, pages='small'): n/a, no such device" in capsys.readouterr().out


@pytest.mark.parametrize("verdict", ["failed", "impossible"])
def test_a_dropped_value_fails_with_its_reason(
    measuring: Callable[[Result], list[Any]], verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.tracebacklimit", None, raising=False)
    measuring(result(verdict=verdict, reason="1 (is) != 2 (should)", cost_s=None, samples=()))
    with pytest.raises(CheckFailed, match=rf"{verdict}, 1 \(is\) != 2 \(should\); the value is"):
        collected("fake.copy").run(1, "small")


def test_the_tail_is_a_series_of_its_own(measuring: Callable[[Result], list[Any]]) -> None:
    measuring(result(verdict="ok", p99_samples=(5e-3, 6e-3)))
    assert collected("fake.io", "cost_p99").run(1, "small")["samples"] == [5e-3, 6e-3]
    measuring(result(verdict="ok", percentiles={"p99": 7e-3}))
    assert collected("fake.io", "cost_p99").run(1, "small")["samples"] == [7e-3]


def test_a_tail_of_too_few_operations_is_na(
    measuring: Callable[[Result], list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no failure: the workload is right, and its median is kept."""
    measuring(result(verdict="ok", percentiles={"p99": None}))
    with pytest.raises(SkipNotImplemented, match="too few operations"):
        collected("fake.io", "cost_p99").run(1, "small")
    assert "n/a, no p99: too few operations were timed" in capsys.readouterr().out


def test_the_tail_of_a_point_that_this_run_has_measured_is_not_measured_again(
    measuring: Callable[[Result], list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profiles = measuring(result(verdict="ok", p99_samples=(5e-3,), percentiles={"p99": 5e-3}))
    monkeypatch.setenv(sidecar.SIDECAR, str(tmp_path / "s.jsonl"))
    monkeypatch.setenv(sidecar.RUN_STARTED, "1000")
    tail = collected("fake.io", "cost_p99")
    record = {
        "benchmark": tail.name.removesuffix("_p99"),
        "params": {"n": 1, "pages": "small"},
        "verdict": "ok",
        "version": tail.version,
        "p99_samples": [7e-3, 8e-3],
        "tags": {"started": 1001},
    }
    sidecar.append(tmp_path / "s.jsonl", record)
    assert tail.run(1, "small")["samples"] == [7e-3, 8e-3]
    assert profiles == []
    for changed in (
        {"tags": {"started": 999}}, {"version": "another"}, {"verdict": "failed"},
        {"params": {"n": 2, "pages": "small"}},
    ):  # fmt: skip
        (tmp_path / "s.jsonl").unlink()
        sidecar.append(tmp_path / "s.jsonl", {**record, **changed})
        assert tail.run(1, "small")["samples"] == [5e-3], changed
    assert len(profiles) == 4


def test_each_point_is_recorded(
    measuring: Callable[[Result], list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(sidecar.SIDECAR, str(tmp_path / "s"))
    measuring(result(verdict="noisy", reason="spread 18 %"))
    collected("fake.copy").run(1, "small")
    (record,) = sidecar.read(tmp_path / "s")
    assert record["benchmark"] == "fake.Copy.cost"
    assert (record["verdict"], record["reason"]) == ("noisy", "spread 18 %")


def test_a_point_is_found_by_its_values_not_by_its_place() -> None:
    """An older commit may list other parameters; an index would mean another point there."""
    made = collected("fake.copy")
    made.set_param_idx(0)
    wanted = type("Wanted", (), {benchmark_type.POINT: ["2", "'huge'"]})
    made._attr_sources.insert(0, wanted)
    assert made.do_setup() is False
    assert made._current_params == (2, "huge")
    setattr(wanted, benchmark_type.POINT, ["4096", "'huge'"])
    assert made.do_setup() is True


def test_a_workload_that_a_commit_lacks_is_skipped_and_hidden() -> None:
    made = collected("fake.unknown")
    assert "no workload 'fake.unknown'" in made.missing
    assert made.do_setup() is True


def test_a_workload_without_a_version_costs_nobody_else_the_suite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: Workload) -> str:
        raise RuntimeError("no source")

    monkeypatch.setattr(Workload, "version", property(fail))
    assert "RuntimeError: no source" in collected("fake.copy").missing


def test_the_type_is_registered_once() -> None:
    before = list(types.benchmark_types)
    benchmark_type.register()
    benchmark_type.register()
    assert types.benchmark_types.count(benchmark_type.CostBenchmark) == 1
    types.benchmark_types[:] = before


def test_plugins_get_a_class_for_each_workload() -> None:
    made = classes_for(["fake.io", "fake.copy"], camel)
    assert list(made) == ["FakeCopy", "FakeIo"]
    assert all(hasattr(cls, "cost") for cls in made.values())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("random_read", "RandomRead"),
        ("tlb", "Tlb"),
        ("example.sort", "ExampleSort"),
        ("my_gpu.copy", "My_gpuCopy"),
        ("my.gpu_copy", "MyGpuCopy"),
    ],
)
def test_class_names_follow_ids(words: str, name: str) -> None:
    assert camel(words) == name


def test_at_most_a_hundred_samples_are_kept_and_spread_in_time() -> None:
    kept = benchmark_type.shortened([float(i) for i in range(1000)])
    assert len(kept) == 100
    assert kept[:2] == [0.0, 10.0]
    assert benchmark_type.shortened([1 / 3]) == [pytest.approx(1 / 3, rel=1e-6)]
    assert not math.isnan(kept[-1])
