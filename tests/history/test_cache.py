"""What was parsed once is not parsed again, and a cache never changes an answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hwperf.history import cache, rows
from hwperf.history.series import load
from tests.history.planted import BEGIN_S, commits_of, one, own_cache, store

__all__ = ["own_cache"]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return store(tmp_path, [one("time_x", [1.0, 2.0, 3.0])], commits_of(3))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are parsed from now on."""
    names: list[str] = []
    original = rows.read

    def read(path: Path, *arguments: object) -> object:
        names.append(path.name)
        return original(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "read", read)
    return names


def values(results: Path) -> list[float]:
    found = load(results)
    return found[0].values.tolist() if found else []


def path_of(results: Path, i: int) -> Path:
    return results / "box" / f"{commits_of(3)[i][:8]}-virtualenv-py3.11.json"


def change(path: Path, value: float, *, at: int) -> None:
    data = json.loads(path.read_text())
    data["results"]["time_x"][0] = [value]
    path.write_text(json.dumps(data))
    os.utime(path, (at, at))


def test_only_what_changed_is_parsed_again(results: Path, parsed: list[str]) -> None:
    assert values(results) == [1.0, 2.0, 3.0]
    assert len(parsed) == 3
    assert values(results) == [1.0, 2.0, 3.0]
    assert len(parsed) == 3
    change(path_of(results, 1), 9.5, at=BEGIN_S + 7)
    assert values(results) == [1.0, 9.5, 3.0]
    assert parsed[3:] == [path_of(results, 1).name]
    path_of(results, 0).unlink()
    assert values(results) == [9.5, 3.0]
    assert len(parsed) == 4


def test_another_file_of_the_same_size_and_time_is_seen(results: Path) -> None:
    """As copies have that keep times: rsync, tar, the caches of CI."""
    path = path_of(results, 1)
    assert values(results) == [1.0, 2.0, 3.0]
    status = path.stat()
    text = path.read_text()
    other = text.replace("[2.0]", "[7.0]")
    assert other != text
    path.write_text(other)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert values(results) == [1.0, 7.0, 3.0]


def test_a_new_sidecar_is_seen(results: Path) -> None:
    load(results)
    record = {"benchmark": "time_x", "params": {}, "placement": {"tag": "near"}}
    beside = path_of(results, 0).with_suffix("").with_suffix("")
    beside = path_of(results, 0).parent / f"{path_of(results, 0).stem}.hwperf.jsonl"
    beside.write_text(json.dumps(record) + "\n")
    assert load(results)[0].placements == ("near", "", "")


def test_what_was_just_written_is_not_trusted(results: Path, parsed: list[str]) -> None:
    """File systems tell times coarsely: another content may have the same time and size."""
    path = path_of(results, 0)
    text = path.read_text()
    path.write_text(text)
    status = path.stat()
    load(results)
    path.write_text(text.replace("[1.0]", "[7.0]"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert values(results) == [7.0, 2.0, 3.0]


@pytest.mark.parametrize("damage", ["empty", "torn", "foreign", "lying"])
def test_a_corrupt_cache_is_of_no_use_and_no_harm(
    results: Path, own_cache: Path, damage: str
) -> None:
    load(results)
    (kept,) = (own_cache / "history").glob("*.npz")
    whole = kept.read_bytes()
    if damage == "lying":
        # The arrays of a machine with fewer files, under this one's name.
        other = store(own_cache / "other", [one("time_x", [1.0])], commits_of(1))
        load(other)
        (little,) = (p for p in (own_cache / "history").glob("*.npz") if p != kept)
        whole = little.read_bytes()
    kept.write_bytes(
        {"empty": b"", "torn": whole[:200], "foreign": b"PK\x03\x04x"}.get(damage, whole)
    )
    assert values(results) == [1.0, 2.0, 3.0]
    assert values(results) == [1.0, 2.0, 3.0]


def test_no_cache_directory_means_parsing(
    results: Path, own_cache: Path, parsed: list[str]
) -> None:
    own_cache.write_text("a file where the directory should be")
    assert values(results) == values(results) == [1.0, 2.0, 3.0]
    assert len(parsed) == 6


def test_a_cache_that_others_may_write_is_not_read(
    results: Path, own_cache: Path, parsed: list[str]
) -> None:
    load(results)
    (kept,) = (own_cache / "history").glob("*.npz")
    kept.chmod(0o666)
    load(results)
    assert len(parsed) == 6


def test_the_oldest_machines_are_dropped(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_N_KEPT", 2)
    for i in range(4):
        load(store(tmp_path / str(i), [one("time_x", [1.0])], commits_of(1)))
    assert len(list((own_cache / "history").glob("*.npz"))) == 2
