"""Floors lie beside asv's results: older ones are kept, damage is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwperf.asv.files import CannotWrite
from hwperf.history.floor import FILE, Floor, floor_of, keep, load

PARAMS = (("n", "1"), ("word", "'a \"<b>\" | \\u00e9/'"))


def floor(*values: float, version: str = "v1", environment: str = "py3.11") -> Floor:
    found = floor_of(values, measured_at=2.0, version=version, environment=environment)
    assert found is not None
    return found


def test_what_is_kept_is_what_is_loaded(tmp_path: Path) -> None:
    kept = floor(1.0, 1.1, 1.2)
    path = keep(tmp_path, "here", 1.0, [("a.b", PARAMS, kept)])
    assert path == tmp_path / "here" / FILE
    assert load(tmp_path) == {("here", "a.b", PARAMS): kept}
    assert load(tmp_path, "here") == load(tmp_path)
    assert load(tmp_path, "elsewhere") == {}


def test_the_newest_session_counts_and_the_older_one_stays(tmp_path: Path) -> None:
    old, new = floor(1.0, 1.1, 1.2), floor(1.0, 1.01, 1.02, version="v2")
    keep(tmp_path, "here", 1.0, [("a.b", (), old), ("a.c", (), old)])
    path = keep(tmp_path, "here", 2.0, [("a.b", (), new)])
    assert load(tmp_path) == {("here", "a.b", ()): new, ("here", "a.c", ()): old}
    assert len(path.read_text().splitlines()) == 3


def test_a_session_replaces_what_it_kept_itself(tmp_path: Path) -> None:
    keep(tmp_path, "here", 1.0, [("a.b", (), floor(1.0, 1.1, 1.2))])
    longer = floor(1.0, 1.1, 1.2, 1.1)
    path = keep(tmp_path, "here", 1.0, [("a.b", (), longer)])
    assert load(tmp_path) == {("here", "a.b", ()): longer}
    assert len(path.read_text().splitlines()) == 1


def test_too_few_rounds_do_not_hide_an_older_floor(tmp_path: Path) -> None:
    """An interrupted session keeps its values, and says nothing of the noise."""
    old = floor(1.0, 1.1, 1.2)
    keep(tmp_path, "here", 1.0, [("a.b", (), old)])
    path = keep(tmp_path, "here", 2.0, [("a.b", (), floor(1.0, 1.1))])
    assert load(tmp_path) == {("here", "a.b", ()): old}
    assert json.loads(path.read_text().splitlines()[-1])["values"] == [1.0, 1.1]


def test_of_several_environments_the_noisiest_counts(tmp_path: Path) -> None:
    quiet, noisy = floor(1.0, 1.1, 1.0, environment="py3.11"), floor(1.0, 2.0, 1.0)
    for order in ([quiet, noisy], [noisy, quiet]):
        keep(tmp_path, "here", 1.0, [("a.b", (), each) for each in order])
        assert load(tmp_path) == {("here", "a.b", ()): noisy}


def test_damage_costs_its_own_line_alone(tmp_path: Path) -> None:
    kept = floor(1.0, 1.1, 1.2)
    path = keep(tmp_path, "here", 1.0, [("a.b", (), kept)])
    whole = path.read_text().strip()
    record = json.loads(whole)
    path.write_text(
        "\n".join(
            [
                "[]",
                whole,
                "null",
                "{}",
                json.dumps({**record, "benchmark": "other", "schema": "hwperf.floor/9"}),
                json.dumps({**record, "benchmark": "text", "values": ["x"]}),
                json.dumps({**record, "benchmark": "nested", "params": [1]}),
                json.dumps({**record, "benchmark": "late", "session": "now"}),
                json.dumps({**record, "benchmark": "nan"}).replace("1.1", "NaN"),
                whole[: len(whole) // 2],
            ]
        )
    )
    assert load(tmp_path) == {("here", "a.b", ()): kept}
    keep(tmp_path, "here", 2.0, [("a.c", (), kept)])
    assert set(load(tmp_path)) == {("here", "a.b", ()), ("here", "a.c", ())}


def test_no_results_have_no_floors(tmp_path: Path) -> None:
    assert load(tmp_path / "nothing") == {}
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / FILE).write_bytes(b"\xff\xfe\x00")
    assert load(tmp_path) == {}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file where the machine should be")
    with pytest.raises(CannotWrite, match="cannot write"):
        keep(tmp_path, "here", 1.0, [("a.b", (), floor(1.0, 1.1, 1.2))])
