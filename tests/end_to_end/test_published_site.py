"""The pages: in rates, complete without the internet, and never lost."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from end_to_end.conftest import Repository, make_repository

RUN = ("run", "-E", "host", "--machine", "here", "--quick")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Twelve commits, after the sixth of which the bandwidth halves and the latency doubles."""
    repository = make_repository(tmp_path_factory.mktemp("published"))
    repository.asv(*RUN, "--bench", "core.null|quick.sum|quick.wait")
    template = repository.result_file()
    stored = json.loads(template.read_text())
    template.unlink()
    for number in range(12):
        commit = repository.commit(number + 10)
        row = {name: list(cells) for name, cells in stored["results"].items()}
        worse = 2.0 if number >= 6 else 1.0
        jitter = 1 + 1e-3 * (number % 3)
        set_values(row["plugins.QuickSum.cost"], [4e-11 * worse * jitter, 4e-11 / worse * jitter])
        set_values(row["plugins.QuickWait.cost"], [1e-3 * worse * jitter, 1e-3, None])
        stored |= {"commit_hash": commit, "date": 1_700_000_000_000 + number, "results": row}
        template.with_name(f"{commit[:8]}-{stored['env_name']}.json").write_text(json.dumps(stored))
    repository.asv("publish")
    return repository


@pytest.fixture
def copied(published: Repository, tmp_path: Path) -> Repository:
    """A copy of it, to be damaged."""
    shutil.copytree(published.path, tmp_path / "project")
    return dataclasses.replace(published, path=tmp_path / "project")


def set_values(row: list[Any], values: list[float | None]) -> None:
    row[0] = values
    for column, factor in ((5, 0.99), (6, 1.01), (7, 0.995), (8, 1.005)):
        row[column] = [None if value is None else value * factor for value in values]
    row[11:] = []


def read(path: Path) -> Any:
    """Read JSON as strictly as a browser does."""

    def refuse(token: str) -> Any:
        raise AssertionError(f"{path} holds {token}, which is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def graph(repository: Repository, benchmark: str) -> list[Any]:
    (path,) = (
        path
        for path in repository.html.glob(f"graphs/**/{benchmark}.json")
        if "branch" in str(path)
    )
    loaded: list[Any] = read(path)
    return loaded


def test_graphs_and_index_show_rates(published: Repository) -> None:
    index = read(published.html / "index.json")["benchmarks"]
    assert index["plugins.QuickSum.cost"]["unit"] == "GB/s"
    assert index["plugins.QuickSum.cost"]["pretty_name"] == "quick.sum"
    assert index["plugins.QuickSum.cost"]["higher_is_better"] is True
    assert index["plugins.QuickWait.cost"]["unit"] == "seconds"
    points = graph(published, "plugins.QuickSum.cost")
    assert points[0][1] == pytest.approx([25.0, 25.0])
    assert points[-1][1] == pytest.approx([12.5, 50.0], rel=0.01)
    assert graph(published, "plugins.QuickWait.cost")[0][1] == pytest.approx([1e-3, 1e-3, None])
    summary = read(published.html / "graphs" / "summary" / "plugins.QuickSum.cost.json")
    assert summary[0][1] == pytest.approx(25.0)


def test_benchmarks_without_results_are_not_shown(published: Repository) -> None:
    assert "core.Clock.cost" not in read(published.html / "index.json")["benchmarks"]


def test_only_losses_are_regressions_and_are_told_as_such(published: Repository) -> None:
    entries = {e[0]: e for e in read(published.html / "regressions.json")["regressions"]}
    assert set(entries) == {"plugins.QuickSum.cost(100)", "plugins.QuickWait.cost(1)"}
    _, _, _, _, last, best, ((_, _, before, after),) = entries["plugins.QuickSum.cost(100)"]
    assert (before, after) == (pytest.approx(25.0, rel=0.01), pytest.approx(12.5, rel=0.01))
    assert (last, best) == (pytest.approx(12.5, rel=0.01), pytest.approx(25.0, rel=0.01))
    feed = (published.html / "regressions.xml").read_text()
    assert "quick.sum(100): bandwidth fell by 50.0 %: 25.0 GB/s to 12.5 GB/s" in feed
    assert "quick.wait(1): latency rose by 100.0 %: 1.00 ms to 2.00 ms" in feed
    assert "seconds per" not in feed


def test_the_list_says_which_way_is_worse(published: Repository) -> None:
    (path,) = published.html.glob("graphs/**/summary.json")
    rows = {(row["name"], row["idx"]): row for row in read(path)}
    row = rows["plugins.QuickSum.cost", 0]
    assert row["prev_value"] == pytest.approx(25.0, rel=0.01)
    assert row["last_value"] == pytest.approx(12.5, rel=0.01)
    assert row["last_err"] < 1.0
    assert "worse" in (published.html / "summarylist.js").read_text()


class Loads(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        address = found.get("src") or (found.get("href") if tag == "link" else None)
        if address:
            self.addresses.append(address)
        assert "integrity" not in found


def test_nothing_is_loaded_from_elsewhere(published: Repository) -> None:
    for name in ("index.html", "error.html"):
        page = Loads()
        page.feed((published.html / name).read_text())
        for address in page.addresses:
            assert "//" not in address
            assert (published.html / address).is_file(), address
    for style in published.html.rglob("*.css"):
        assert "http" not in style.read_text().replace("http://getbootstrap.com", "").replace(
            "https://github.com/twbs", ""
        ), style


def test_a_failed_publish_leaves_the_old_pages(copied: Repository) -> None:
    before = sorted(str(p) for p in copied.html.rglob("*"))
    index = (copied.html / "index.json").read_bytes()
    (copied.path / "asv.conf.json").write_text(
        (copied.path / "asv.conf.json").read_text().replace('["HEAD"]', '["no-such-branch"]')
    )
    output = copied.asv("publish", rc=1)
    assert "the pages in .asv/html are as they were" in output
    assert sorted(str(p) for p in copied.html.rglob("*")) == before
    assert (copied.html / "index.json").read_bytes() == index
    assert not list(copied.html.parent.glob(".html-*"))


def test_a_number_that_is_not_finite_does_not_end_publish(copied: Repository) -> None:
    path = copied.result_file(copied.git("rev-parse", "HEAD"))
    stored = json.loads(path.read_text())
    stored["results"]["core.Null.cost"][0] = [float("inf")]
    path.write_text(json.dumps(stored))
    copied.asv("publish")
    for found in copied.html.rglob("*.json"):
        read(found)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_shows_the_pages_from_the_file_system(published: Repository) -> None:
    """No server, no network: the list has the units of the field, and a gain is no loss."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--virtual-time-budget=10000", f"file://{published.html}/index.html#/summarylist",
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    dom = done.stdout
    assert "12.5 GB/s" in dom, done.stderr
    rows = dom.split("<tr")
    (loss,) = (row for row in rows if "(100)" in row)
    (gain,) = (row for row in rows if "(1000)" in row)
    assert "change positive-change" in loss  # asv's class of what got worse: red.
    assert "change negative-change" in gain
