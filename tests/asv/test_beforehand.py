"""Points whose answer is known cost no process, and are stored as if they had had one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hwperf import Work, plugins, workload
from hwperf.asv import beforehand, sidecar
from hwperf.asv.environment import Host
from hwperf.plugins import Registry


@workload(
    "fake.io",
    params={"n": [1, 2], "how": ["here", "elsewhere"]},
    requires=lambda how: "there is no such place" if how == "elsewhere" else None,
    source="a test",
)
def fake_io(n: int, how: str):  # type: ignore[no-untyped-def]
    """Nothing."""
    yield Work(lambda: [1e-3], latencies=True, ops=1)


@pytest.fixture(autouse=True)
def only_the_fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda: Registry({"fake.io": fake_io}, ()))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "result.hwperf.jsonl"
    monkeypatch.setenv(sidecar.SIDECAR, str(path))
    monkeypatch.setenv(sidecar.RUN_STARTED, "1000")
    return path


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "name": "plugins.FakeIo.cost", "workload": "fake.io", "version": fake_io.version, **changes,
    }  # fmt: skip


def host(code: str | None) -> Host:
    made: Host = Host.__new__(Host)
    made._code = code
    return made


def test_what_the_host_cannot_run_is_na_with_its_reason(written: Path) -> None:
    result = beforehand.answer(definition(), ["2", "'elsewhere'"])
    assert math.isnan(result.result[0])
    assert (result.samples, result.errcode) == ([None], 0)
    assert "fake.io(n=2, how='elsewhere'): n/a, there is no such place" in result.stderr
    record = json.loads(written.read_text())
    assert (record["benchmark"], record["verdict"]) == ("plugins.FakeIo.cost", "n/a")
    assert record["params"] == {"n": 2, "how": "elsewhere"}
    assert record["reason"] == "there is no such place"


def test_what_it_can_run_must_be_measured(written: Path) -> None:
    assert beforehand.answer(definition(), ["2", "'here'"]) is None
    assert not written.exists()


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({"version": "older"}, ["2", "'elsewhere'"]),
        ({"workload": "fake.other"}, ["2", "'elsewhere'"]),
        ({}, ["3", "'elsewhere'"]),
        ({}, ["2"]),
    ],
)
def test_of_what_it_does_not_know_nothing_is_answered(
    written: Path, changes: dict[str, Any], chosen: list[str]
) -> None:
    assert beforehand.answer(definition(**changes), chosen) is None


def test_a_test_of_the_host_that_fails_is_the_points_own_affair(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(params: Any) -> None:
        raise RuntimeError("broken")

    fake = SimpleNamespace(
        params=fake_io.params, version=fake_io.version, unsupported=broken, id="fake.io"
    )
    monkeypatch.setattr(plugins, "load", lambda: Registry({"fake.io": fake}, ()))
    assert beforehand.answer(definition(), ["2", "'elsewhere'"]) is None


def test_the_tail_is_taken_from_the_record_of_its_median(written: Path) -> None:
    tail = definition(name="plugins.FakeIo.cost_p99")
    assert beforehand.answer(tail, ["1", "'here'"]) is None
    record = {
        "benchmark": "plugins.FakeIo.cost", "params": {"n": 1, "how": "here"}, "verdict": "ok",
        "version": fake_io.version, "p99_samples": [7e-3, 8e-3], "tags": {"started": 2000},
    }  # fmt: skip
    sidecar.append(written, record)
    result = beforehand.answer(tail, ["1", "'here'"])
    assert result.samples == [[7e-3, 8e-3]]
    assert result.result == [True]
    assert result.number == [1]
    too_few = {**record, "p99_samples": [], "percentiles": {"p99": None}}
    sidecar.append(written, too_few)
    assert math.isnan(beforehand.answer(tail, ["1", "'here'"]).result[0])


def test_only_an_environment_of_this_very_code_is_answered_for(tmp_path: Path) -> None:
    root = Path(beforehand.__file__).resolve().parents[2]
    assert beforehand.is_this_code(host(None))
    assert beforehand.is_this_code(host(str(root)))
    assert not beforehand.is_this_code(host(str(tmp_path)))
    assert not beforehand.is_this_code(SimpleNamespace(code=None))
