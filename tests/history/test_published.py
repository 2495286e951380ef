"""Stock pages read the gate's regressions: asv's format, shown values, asv's ids of the feed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import atom, graphs
from hwperf.asv.publication import Publication
from hwperf.history import published
from tests.history.planted import (
    BANDWIDTH,
    Bench,
    columns,
    commits_of,
    configure,
    one,
    own_cache,
    project,
    series_of,
    store,
)  # fmt: skip

__all__ = ["own_cache"]

ATOM = "{http://www.w3.org/2005/Atom}"
N = 50


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The site of a suite with changes, as asv publishes it through hwperf's plugin."""
    root = tmp_path_factory.mktemp("site")
    each = [series_of(N, (30, 1.25), base=5e-11, seed=i) for i in range(2)]
    benches = [
        Bench("m.Copy.cost", columns(*each), ["4096", "8192"], {**BANDWIDTH, "type": "cost"}),
        one("mod.time_back", series_of(N, (15, 1.3), (35, 1 / 1.3))),
        one("mod.time_better", series_of(N, (25, 0.7))),
        one("mod.track_rate", series_of(N, (20, 0.6)), definition={"unit": "req/s"}),
        one("mod.time_accepted", series_of(N, (30, 1.2))),
    ]
    commits = project(root, benches, plugins=[".hwperf.asv.plugin"])
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").write_text("")
    (root / ".hwperf-accept.toml").write_text(
        f'[[accept]]\nid="hp-1"\nbench="mod.time_accepted"\ncommit="{commits[30]}"\nreason="so"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "asv", "publish", "--no-pull"],
        cwd=root, capture_output=True, text=True,
        env={**os.environ, "HWPERF_CACHE_DIR": str(root / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out" not in done.stdout + done.stderr
    return root / "html", commits


def entries(site: Path) -> dict[str, list[Any]]:
    data = json.loads((site / "regressions.json").read_text())
    assert set(data) == {"regressions"}
    return {entry[0]: entry for entry in data["regressions"]}


def test_the_page_lists_what_got_worse_whatever_its_direction(
    site: tuple[Path, list[str]],
) -> None:
    found = entries(site[0])
    assert set(found) == {"m.Copy.cost(4096)", "m.Copy.cost(8192)", "mod.track_rate"}


def test_an_entry_is_as_asv_writes_it_in_shown_values(site: tuple[Path, list[str]]) -> None:
    directory, commits = site
    index = json.loads((directory / "index.json").read_text())
    name, path, params, number, last, best, jumps = entries(directory)["m.Copy.cost(8192)"]
    assert (name, params, number) == ("m.Copy.cost(8192)", {}, 1)
    assert (directory / path).is_file()
    assert index["benchmarks"]["m.Copy.cost"]["unit"] == "GB/s"
    assert (last, best) == (pytest.approx(16, rel=0.02), pytest.approx(20, rel=0.02))
    ((before, after, old, new),) = jumps
    assert index["revision_to_hash"][str(after)] == commits[30]
    assert before is None, "a single commit"
    assert (old, new) == (pytest.approx(20, rel=0.02), pytest.approx(16, rel=0.02))
    rate = entries(directory)["mod.track_rate"]
    assert rate[3] is None
    assert rate[6][0][3] < rate[6][0][2]


def test_the_feed_has_an_entry_for_each_with_the_id_that_asv_gives(
    site: tuple[Path, list[str]],
) -> None:
    from asv.feed import _get_id

    directory, commits = site
    root = ET.parse(directory / "regressions.xml").getroot()
    found = root.findall(f"{ATOM}entry")
    titles = [entry.findtext(f"{ATOM}title") or "" for entry in found]
    assert sorted(title.split(":")[0] for title in titles) == [
        "memory.copy(4096)", "memory.copy(8192)", "mod.track_rate",
    ]  # fmt: skip
    assert any("bandwidth fell by" in title and "GB/s" in title for title in titles)
    ids = {entry.findtext(f"{ATOM}id") for entry in found}
    context = ["entry", "m.Copy.cost(8192)", "", commits[30]]
    assert any(_get_id("made up.asv", None, context).rsplit("/", 1)[1] in str(i) for i in ids)
    assert root.findtext(f"{ATOM}title") == "made up performance regressions"


def test_a_site_without_a_page_of_regressions_is_left_alone(tmp_path: Path) -> None:
    results = store(tmp_path, [one("t", series_of(N))], commits_of(N))
    empty = tmp_path / "site"
    empty.mkdir()
    assert published.publish(Publication(empty, results)) == ()
    assert list(empty.iterdir()) == []


def test_commits_that_the_page_does_not_show_have_no_jump(tmp_path: Path) -> None:
    root = tmp_path
    results = store(root, [one("t", series_of(N, (30, 1.3)))], commits_of(N))
    configure(root)
    empty = root / "site"
    empty.mkdir()
    (empty / "regressions.json").write_text('{"regressions": [["stale"]]}')
    published.publish(Publication(empty, results, repo=str(root), revisions={}))
    assert json.loads((empty / "regressions.json").read_text()) == {"regressions": []}


def test_graphs_of_every_branch_are_found_whatever_the_setting_holds(tmp_path: Path) -> None:
    from asv.graph import Graph

    setting = {"machine": "a[b]*", "env-X": "", "cpu": None}
    for branch in ("main", "v1"):
        path = tmp_path / f"{Graph.get_file_path({**setting, 'branch': branch}, 'm.f')}.json"
        path.parent.mkdir(parents=True)
        path.write_text("[]")
    found = list(graphs.find(tmp_path, "m.f", setting))
    assert [branch for _, branch in found] == ["main", "v1"]
    assert all((tmp_path / path).is_file() for path, _ in found)
    assert list(graphs.find(tmp_path, "m.f", {**setting, "machine": "ab"})) == []


@pytest.mark.parametrize("text", ["", "<feed/>", "not xml"])
def test_a_feed_that_asv_did_not_write_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "regressions.xml"
    path.write_text(text)
    atom.rewrite(path, [])
    assert path.read_text() == text
    atom.rewrite(tmp_path / "missing.xml", [])
    assert not (tmp_path / "missing.xml").exists()
