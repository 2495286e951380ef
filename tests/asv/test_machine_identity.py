"""The identity of a machine survives what drifts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asv.machine import Machine

from hwperf.asv import machine, plugin

OLD = {
    "machine": "here",
    "os": "Linux 6.1.0-18-amd64",
    "arch": "x86_64",
    "cpu": "AMD EPYC 7B13",
    "num_cpu": "2",
    "ram": "24603148",
}
NEW = OLD | {"os": "Linux", "cpu": "AMD EPYC 7B13 (Zen 3)", "ram": "24 GiB"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plugin.setup()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_the_fields_are_asvs_and_hold_no_version_of_the_kernel() -> None:
    described = machine.describe("here")
    assert set(described) == {name for name, _ in Machine.fields}
    assert described["machine"] == "here"
    assert described["os"] == described["os"].split()[0]
    assert described["ram"] == "" or described["ram"].endswith(" GiB")


def test_nothing_is_asked_and_nothing_is_written_at_home(home: Path) -> None:
    loaded = Machine.load(interactive=True)
    assert loaded.machine
    assert list(home.iterdir()) == []


def test_a_name_that_the_user_gave_with_asv_machine_is_kept(home: Path) -> None:
    entry = {"lab1": {"machine": "lab1", "os": "Linux 6.1"}, "version": 1}
    (home / ".asv-machine.json").write_text(json.dumps(entry))
    loaded = Machine.load(interactive=True)
    assert (loaded.machine, loaded.os) == ("lab1", machine.describe()["os"])
    assert Machine.load(machine_name="other").machine == "other"


def test_drift_keeps_the_stored_words(tmp_path: Path) -> None:
    """A series that was begun with other words goes on under its key."""
    (tmp_path / "here").mkdir()
    stored = tmp_path / "here" / "machine.json"
    stored.write_text(json.dumps({**OLD, "rack": "7", "version": 1}))
    loaded = Machine()
    loaded.__dict__.update(NEW)
    loaded.save(str(tmp_path))
    assert loaded.__dict__ == {**OLD, "rack": "7"}
    assert json.loads(stored.read_text()) == {**OLD, "rack": "7", "version": 1}


@pytest.mark.parametrize(
    "change", [{"num_cpu": "4"}, {"ram": "48 GiB"}, {"cpu": "Intel Xeon"}, {"arch": "aarch64"}]
)
def test_another_machine_gets_its_own_words(tmp_path: Path, change: dict[str, str]) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "machine.json").write_text(json.dumps({**OLD, "version": 1}))
    loaded = Machine()
    loaded.__dict__.update(NEW | change)
    loaded.save(str(tmp_path))
    assert json.loads((tmp_path / "here" / "machine.json").read_text()) == {
        **NEW,
        **change,
        "version": 1,
    }


def test_a_damaged_machine_file_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "machine.json").write_text('{"machine": "he')
    loaded = Machine()
    loaded.__dict__.update(NEW)
    loaded.save(str(tmp_path))
    assert json.loads((tmp_path / "here" / "machine.json").read_text())["cpu"] == NEW["cpu"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("24 GiB", "24 GiB", True),
        ("24603148", "23 GiB", True),  # kB, as asv writes it.
        ("16 GiB", "24 GiB", False),
        ("", "24 GiB", True),
    ],
)
def test_memory_is_compared_within_ten_per_cent(before: str, after: str, same: bool) -> None:
    assert machine.is_same(OLD | {"ram": before}, NEW | {"ram": after}) is same
