"""Where storage is measured, as the command line says it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from storing import directory_on_a_disk

from hwperf import scratch
from hwperf.asv import variants
from hwperf.cli import storing
from hwperf.errors import UsageError
from hwperf.host import storage


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (storage.DIRECTORY, variants.TARGET):
        monkeypatch.setenv(name, "")  # So that it is put back.
        monkeypatch.delenv(name)


@pytest.fixture
def disk(tmp_path: Path):  # type: ignore[no-untyped-def]
    with directory_on_a_disk(tmp_path) as directory:
        yield directory


def configured(directory: Path, targets: Any) -> Path:
    path = directory / "asv.conf.json"
    path.write_text(json.dumps({"version": 1, "repo": ".", "hwperf": {"storage": targets}}))
    return path


def test_neither_given_changes_nothing(tmp_path: Path) -> None:
    storing.choose(None, None, tmp_path / "none.json")
    assert storage.DIRECTORY not in os.environ


def test_a_directory_beside_the_results_is_the_default_target(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variants.TARGET, "of another time")
    storing.choose(disk, None, configured(disk, {}))
    assert os.environ[storage.DIRECTORY] == str(disk)
    assert variants.TARGET not in os.environ


def test_a_target_of_the_configuration_is_known_by_its_name(disk: Path) -> None:
    (disk / "scratch").mkdir()
    storing.choose(None, "nvme", configured(disk, {"nvme": "scratch"}))
    assert os.environ[storage.DIRECTORY] == str(disk / "scratch")
    assert os.environ[variants.TARGET] == "nvme"


@pytest.mark.parametrize(
    ("targets", "name", "says"),
    [
        ({"nvme": "/mnt"}, "nvne", "no storage target 'nvne'; there are: nvme"),
        ({}, "nvme", "there are: none"),
        ("/mnt/nvme", "nvme", "is '/mnt/nvme'. Write an object of names"),
        ({"x y/z": "/mnt"}, "x y/z", "a name that no file can have. Use letters"),
        ({"nvme": 5}, "nvme", "is 5. Write a directory in quotes"),
        ({"nvme": " "}, "nvme", "Write a directory in quotes"),
        ({"nvme": "gone"}, "nvme", "--target nvme: "),
    ],
)
def test_bad_targets_are_named_with_what_to_do(
    disk: Path, targets: Any, name: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        storing.choose(None, name, configured(disk, targets))
    assert says in str(caught.value)


def test_both_given_is_one_too_many(disk: Path) -> None:
    with pytest.raises(UsageError, match="give one of them"):
        storing.choose(disk, "nvme", disk / "asv.conf.json")


def test_what_will_be_written_is_said_where_storage_is_measured(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(storage.DIRECTORY, str(disk))
    monkeypatch.setattr(scratch, "write_limit", lambda *_: 2 << 30)
    assert storing.announcement(["memory.copy"], "quick") is None
    assert storing.announcement(["storage.fsync"], "quick") == (
        f"storage: at most 2 GiB are written to scratch files in {disk}; none is left"
    )


def test_two_directories_that_differ_by_a_sign_are_two_targets(tmp_path: Path) -> None:
    names = []
    for name in ("a b", "a_b", "a-b", "\u00fc", "\u00f6"):
        (tmp_path / name).mkdir()
        names.append(variants.target_name(tmp_path / name, Path("/proc")))
    assert len(set(names)) == len(names)
    assert variants.target_name(Path("/"), Path("/proc")) is not None
    assert variants.target_name(tmp_path, tmp_path / "not" / "there") is None
