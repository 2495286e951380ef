"""The sidecar: one line per point, whatever happens to the process that writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hwperf.asv import sidecar


def test_it_lies_beside_the_result_file() -> None:
    assert sidecar.path_beside("here/0123abcd-host-py3.11.json") == Path(
        "here/0123abcd-host-py3.11.hwperf.jsonl"
    )


def test_records_are_read_in_order(tmp_path: Path) -> None:
    for number in range(3):
        sidecar.append(tmp_path / "s", {"id": "a", "n": number})
    assert [record["n"] for record in sidecar.read(tmp_path / "s")] == [0, 1, 2]


def test_a_torn_line_costs_itself_alone(tmp_path: Path) -> None:
    """Neither what stands before it nor what a later run appends is lost."""
    path = tmp_path / "s"
    sidecar.append(path, {"n": 1})
    with path.open("a") as stream:
        stream.write('{"n": 2, "samp')
    assert [record["n"] for record in sidecar.read(path)] == [1]
    sidecar.append(path, {"n": 3})
    assert [record["n"] for record in sidecar.read(path)] == [1, 3]


def test_a_foreign_line_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b'[1]\n"text"\n\xff\xfe\n\n{"n": 1}\n')
    assert [record["n"] for record in sidecar.read(tmp_path / "s")] == [1]


def test_a_missing_file_has_no_records(tmp_path: Path) -> None:
    assert list(sidecar.read(tmp_path / "s")) == []


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    sidecar.append(tmp_path / "s", {"tags": {"x": [float("inf"), float("nan"), 1.0]}})
    (record,) = sidecar.read(tmp_path / "s")
    assert record["tags"]["x"] == [None, None, 1.0]


def test_a_later_record_replaces_an_earlier_one_of_its_point(tmp_path: Path) -> None:
    path = tmp_path / "s"
    for params, value in (({"n": 1}, 1.0), ({"n": 2}, 2.0), ({"n": 1}, 3.0)):
        sidecar.append(path, {"benchmark": "b", "id": "a", "params": params, "value": value})
    sidecar.compact(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["params"]["n"], line["value"]) for line in lines] == [(1, 3.0), (2, 2.0)]


def test_nothing_is_written_unless_results_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(sidecar.SIDECAR, raising=False)
    monkeypatch.delenv(sidecar.EVENTS, raising=False)
    monkeypatch.chdir(tmp_path)
    sidecar.write({"id": "a"})
    assert os.listdir() == []
    monkeypatch.setenv(sidecar.SIDECAR, str(tmp_path / "s"))
    monkeypatch.setenv(sidecar.EVENTS, str(tmp_path / "e"))
    sidecar.write({"id": "a"})
    assert (tmp_path / "s").read_text() == (tmp_path / "e").read_text() == '{"id":"a"}\n'


def test_a_record_that_cannot_be_written_does_not_cost_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(sidecar.SIDECAR, str(tmp_path / "missing" / "s"))
    monkeypatch.delenv(sidecar.EVENTS, raising=False)
    sidecar.write({"id": "a"})
    assert "cannot append to" in capsys.readouterr().err
