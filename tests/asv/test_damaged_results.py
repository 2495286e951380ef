"""A damaged result file is told from one that asv can read, and from one of another format."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import damage, reading, run

GOOD: dict[str, Any] = {
    "version": 2,
    "commit_hash": "0" * 40,
    "env_name": "host-py3.11",
    "date": 0,
    "params": {"machine": "here"},
    "python": "3.11",
    "requirements": {},
    "result_columns": ["result", "params", "version", "started_at", "samples"],
    "results": {
        "m.Copy.cost": [[1e-10, None], [["1", "2"]], "v", 0, [[1e-10], None]],
        "m.Null.cost": [None, [], "v"],
    },
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return data


def test_a_sound_file_has_no_damage(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    assert damage.of_result_file(tmp_path / "x.json") is None
    nan = changed("results", "m.Copy.cost", 0, to=[float("nan"), 1.0])
    assert damage.of_results(nan) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "1", '{"version": 2}', "{}"])
def test_what_is_no_result_file_is_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert damage.of_result_file(tmp_path / "x.json")


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    assert damage.of_result_file(tmp_path / "x.json") == "it is not text"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed("commit_hash", to=None), "commit_hash is None, no text"),
        (changed("date", to="yesterday"), "date is 'yesterday', no number"),
        (changed("results", to=[]), "params or results"),
        (changed("params", to=None), "params or results"),
        (changed("result_columns", to=["result"]), "result_columns"),
        (changed("result_columns", to=["result", "params", []]), "result_columns"),
        (changed("results", "m.Copy.cost", to={}), "m.Copy.cost: its row"),
        (changed("results", "m.Copy.cost", 0, to=[1.0]), "the 2 values"),
        (changed("results", "m.Copy.cost", 0, to=[1.0, "x"]), "'x' is no number"),
        (changed("results", "m.Copy.cost", 1, to=None), "params are no lists"),
        (changed("results", "m.Copy.cost", 4, to=[1.0]), "samples have not 2 entries"),
    ],
)
def test_every_kind_of_damage_is_named(data: dict[str, Any], said: str) -> None:
    assert said in (damage.of_results(data) or "")


def test_another_format_is_asvs_to_judge(tmp_path: Path) -> None:
    """It says "run asv update", or that the file is newer; such a file is not set aside."""
    for version in (1, 3):
        (tmp_path / "x.json").write_text(json.dumps({"version": version}))
        assert damage.of_result_file(tmp_path / "x.json") is None


def test_only_what_is_not_finite_is_kept_from_asv() -> None:
    """A value below zero is none of hwperf's, but a benchmark of somebody else's may give one."""
    assert reading._usable([1e-9, None, -3.5, float("inf"), "x", 0]) == [
        1e-9, None, -3.5, None, None, 0,
    ]  # fmt: skip
    (kept,) = reading._usable([math.nan]) or ()
    assert math.isnan(kept)
    assert reading._usable(None) is None


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, json.dumps(changed("commit_hash", to=None)), "{", json.dumps({"x": 1})],
)
def test_asv_passes_over_any_damaged_file(tmp_path: Path, content: str) -> None:
    from asv import results, util

    path = tmp_path / "0000-env.json"
    path.write_text(content)
    with pytest.raises(util.UserError, match=r"damaged|JSON|version"):
        reading._load(results.Results.load, str(path))


def test_what_asv_cannot_publish_is_named(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    for name, content in (("a", json.dumps(GOOD)), ("b", "{"), ("machine", "{}")):
        (tmp_path / "box" / f"{name}.json").write_text(content)
    ((path, cause),) = run._damaged(tmp_path)
    assert path.name == "b.json"
    assert cause.startswith("it is not JSON")
