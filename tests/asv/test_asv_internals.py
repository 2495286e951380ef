"""What hwperf replaces or relies on in asv has the shape that it knows."""

from __future__ import annotations

import importlib
import inspect

import asv_runner.server
import pytest
from asv import environment, results, runner
from asv.commands import common_args
from asv.commands.run import Run
from asv_runner import benchmarks as types
from asv_runner.benchmarks import _base, mark

from hwperf.asv import patches, plugin, saving

SHAPES = {
    "asv.util.write_json": "path data api_version compact",
    "asv.results.Results.load_data": "self result_dir",
    "asv.results.Results.add_result": (
        "self benchmark result started_at duration record_samples append_samples selected_idx"
    ),
    "asv.results.Results.save": "self result_dir",
    "asv.results.Results.load": "cls path machine_name",
    "asv.runner._run_benchmark_single_param": (
        "benchmark spawner param_idx profile extra_params cwd"
    ),
    "asv.commands.run.run_benchmarks": (
        "benchmarks env results show_stderr quick profile extra_params record_samples"
        " append_samples run_rounds launch_method"
    ),
    "asv.commands.find.run_benchmarks": (
        "benchmarks env results show_stderr quick profile extra_params record_samples"
        " append_samples run_rounds launch_method"
    ),
    "asv.commands.compare.iter_machine_files": "results_dir",
    "asv.commands.publish.iter_machine_files": "results_dir",
    "asv.commands.show.iter_machine_files": "results_dir",
    "asv.benchmarks.Benchmarks.__init__": "self conf benchmarks regex",
    "asv.benchmarks.Benchmarks.save": "self",
    "asv.benchmarks.Benchmarks.load": "cls conf regex",
    "asv.machine.Machine.load": (
        "cls interactive force_interactive _path machine_name use_defaults kwargs"
    ),
    "asv.machine.Machine.get_defaults": "",
    "asv.machine.Machine.save": "self results_dir",
    "asv.commands.publish.Publish.run": "cls conf range_spec pull",
    "asv.plugins.regressions.Regressions._save_feed": (
        "cls conf benchmarks data revisions revision_to_hash"
    ),
    "asv.feed.write_atom": "dest entries author title address updated link language",
}


@pytest.fixture(autouse=True)
def _installed() -> None:
    plugin.setup()


def test_replaced_functions_take_what_they_took() -> None:
    """Everything that is replaced is in the table above, and as asv 0.6.6 has it."""
    wanted = {name: tuple(text.split()) for name, text in SHAPES.items()}
    assert {k: v for k, v in patches.replaced.items() if "Run.run" not in k} == wanted
    (run,) = (v for k, v in patches.replaced.items() if k.endswith("Run.run"))
    assert {"conf", "dry_run"} <= set(run)


def test_replaced_modules_are_those_that_call_them() -> None:
    for name in SHAPES:
        module = name.rsplit(".", 2 if name.split(".")[-2][0].isupper() else 1)[0]
        assert importlib.import_module(module)


def test_results_hold_the_tables_that_drafts_copy() -> None:
    held = vars(results.Results.unnamed())
    tables = {name for name, value in held.items() if isinstance(value, dict)}
    assert tables - {"_params", "_requirements", "_env_vars"} == set(saving._TABLES)


def test_a_result_of_a_point_has_the_known_fields() -> None:
    assert runner.BenchmarkResult._fields == (
        "result", "samples", "number", "errcode", "stderr", "profile",
    )  # fmt: skip


def test_the_environment_reads_what_host_sets() -> None:
    source = inspect.getsource(environment.Environment.__init__)
    for name in ("_global_env_vars", "_env_dir", "_repo_subdir", "_tagged_env_vars"):
        assert f"self.{name} =" in source


def test_the_server_polls_through_its_module_time() -> None:
    source = inspect.getsource(asv_runner.server._run_server)
    assert "time.sleep(min(time2sleep, 0.001))" in source
    assert asv_runner.server.time is not None


def test_benchmark_types_are_a_list_that_can_be_added_to() -> None:
    assert isinstance(types.benchmark_types, list)
    parameters = list(inspect.signature(_base.Benchmark.__init__).parameters)
    assert parameters == ["self", "name", "func", "attr_sources"]
    for name in ("do_setup", "set_param_idx", "_build_params"):
        assert hasattr(_base.Benchmark, name)
    assert issubclass(mark.SkipNotImplemented, Exception)


def test_samples_are_left_out_by_default_under_the_name_that_we_look_for() -> None:
    assert "--no-record-samples" in inspect.getsource(common_args.add_record_samples)


def test_a_second_setup_changes_nothing() -> None:
    before = inspect.getattr_static(Run, "run")
    plugin.setup()
    assert inspect.getattr_static(Run, "run") is before


@pytest.mark.parametrize(
    ("asv", "asv_runner", "named"),
    [("0.6.6", "0.3.2", ""), ("0.6.9.dev1", "0.3.10", ""), ("0.6.5", "0.3.2", "asv 0.6.5"),
     ("0.7.0", "0.3.2", "asv 0.7.0"), ("0.6.6", "0.4", "asv_runner 0.4")],
)  # fmt: skip
def test_another_series_is_refused_in_one_sentence(asv: str, asv_runner: str, named: str) -> None:
    said = patches.unsupported_version({"asv": asv, "asv_runner": asv_runner}.__getitem__) or ""
    assert named in said
    assert bool(said) == bool(named)
    if named:
        assert "Run: pip install" in said
