"""The file that ``hwperf report`` writes, in a browser: drawn, readable, silent, offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.cli.main import main

MARKS = """
boxes => boxes.map(box => [box.dataset.chart,
  box.querySelectorAll("svg .mark-symbol path, svg .mark-rect path, svg .mark-line path").length])
"""


@pytest.fixture(scope="session")
def report(results: Path) -> Path:
    """A page about a machine on which everything was measured."""
    path = results.parent / "report.html"
    arguments = ["report", "--results", str(results), "--machine", "here", "--commit", "aaaa"]
    assert main([*arguments, "-o", str(path)]) == 0
    return path


def test_every_chart_is_drawn_with_data(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report)
    drawn = dict(page.eval_on_selector_all("[data-chart]", MARKS))
    assert len(drawn) > 40
    assert {name for name, marks in drawn.items() if marks < 1} == set()
    # 19 sizes, two kinds of pages, two orders: one mark each.
    assert drawn["memory-latency"] >= 76


def test_no_label_is_left_empty_or_undefined(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report)
    words = page.eval_on_selector_all("svg text", "all => all.map(t => t.textContent)")
    assert len(words) > 500
    strange = {w for w in words if any(bad in w for bad in ("undefined", "null", "NaN", "Inf"))}
    assert strange == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(
    report: Path, opened: Callable[..., Any], width: int, scheme: str
) -> None:
    page = opened(report, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cut = page.eval_on_selector_all(
        "figure svg", "all => all.filter(s => s.getBoundingClientRect().right > innerWidth).length"
    )
    assert cut == 0


def test_text_and_background_follow_the_readers_scheme(
    report: Path, opened: Callable[..., Any]
) -> None:
    ask = """[getComputedStyle(document.body).backgroundColor,
              getComputedStyle(document.querySelector("svg text")).fill]"""
    light, dark = (opened(report, scheme=scheme).evaluate(ask) for scheme in ("light", "dark"))
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    assert dark[1] != light[1]


def test_every_chart_has_words_and_data_to_take_away(
    report: Path, opened: Callable[..., Any]
) -> None:
    page = opened(report)
    labels = page.eval_on_selector_all(
        "[data-chart]", "boxes => boxes.map(b => [b.getAttribute('role'), b.ariaLabel])"
    )
    assert all(role == "img" and len(label) > 20 for role, label in labels)
    with page.expect_download() as started:
        page.click("#figure-memory-latency figcaption a")
    assert started.value.suggested_filename == "memory-latency.csv"
    first, *rows = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert "working_set_bytes" in first
    assert len(rows) >= 76


def test_the_sections_are_reached_from_the_top(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report)
    page.click("nav.sections a[href='#storage']")
    page.wait_for_function(
        "Math.abs(document.getElementById('storage').getBoundingClientRect().top) < 120"
    )
    page.click("#method details summary >> nth=0")
    assert page.is_visible("#method details[open] pre")


def test_a_printed_page_is_black_on_white(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report, scheme="dark")
    page.emulate_media(media="print")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('svg text')).fill") == "rgb(0, 0, 0)"
    )
    assert not page.is_visible("nav.sections")
    assert len(page.pdf()) > 50_000


@pytest.mark.parametrize("machine", ["failures", "strange"])
def test_poor_and_hostile_results_are_drawn_in_silence(
    results: Path, opened: Callable[..., Any], machine: str, tmp_path: Path
) -> None:
    from browser.conftest import HOSTILE_MACHINE

    name = HOSTILE_MACHINE if machine == "strange" else machine
    path = tmp_path / "report.html"
    assert main(["report", "--results", str(results), "--machine", name, "-o", str(path)]) == 0
    page = opened(path, width=390)
    assert page.inner_text("h1") == name
    assert page.evaluate("document.documentElement.scrollWidth") == 390
