"""The tab of the published site in a browser: machines, runs, then and now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from browser.conftest import DRAWN, HOSTILE_MACHINE

POINTS = "#figure-memory-latency svg .mark-symbol path"


def choose(page: Any, what: str, label: str) -> None:
    """Choose an option and wait until the charts are drawn anew."""
    page.evaluate("document.documentElement.dataset.drawn = ''")
    options = page.eval_on_selector_all(
        f"#{what} option", "all => all.map(o => [o.value, o.textContent])"
    )
    value = next(value for value, words in options if label in words)
    page.select_option(f"#{what}", value=value)
    page.wait_for_function(DRAWN)


def test_the_newest_run_is_shown_first(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site)
    assert page.inner_text("h1") == "here"
    assert "commit bbbbbbbb" in page.inner_text("#report header")
    machines = page.eval_on_selector_all("#machine option", "all => all.map(o => o.textContent)")
    assert machines == ["here", "failures", HOSTILE_MACHINE]


def test_a_machine_and_a_run_are_chosen(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site)
    choose(page, "machine", "failures")
    assert page.inner_text("h1") == "failures"
    assert page.locator(POINTS).count() == 0
    choose(page, "machine", HOSTILE_MACHINE)
    assert page.inner_text("h1") == HOSTILE_MACHINE
    choose(page, "machine", "here")
    choose(page, "run", "aaaaaaaa")
    assert "commit aaaaaaaa" in page.inner_text("#report header")


def test_an_earlier_run_is_laid_over(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site)
    alone = page.locator(POINTS).count()
    assert page.is_hidden("#legend")
    choose(page, "then", "aaaaaaaa")
    assert page.locator(POINTS).count() > 1.5 * alone
    assert page.is_visible("#legend")
    assert page.locator("#figure-cpu-fma .pair svg").count() == 2
    choose(page, "then", "nothing")
    assert page.locator(POINTS).count() == alone


def test_a_choice_can_be_sent_as_a_link(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site)
    choose(page, "run", "aaaaaaaa")
    choose(page, "then", "bbbbbbbb")
    again = opened(site, hash=page.evaluate("location.hash"))
    assert "commit aaaaaaaa" in again.inner_text("#report header")
    assert again.is_visible("#legend")


def test_going_to_a_section_keeps_the_choice_in_the_address(
    site: Path, opened: Callable[..., Any]
) -> None:
    page = opened(site)
    choose(page, "run", "aaaaaaaa")
    chosen = page.evaluate("location.hash")
    page.focus("nav.sections a[href='#storage']")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "Math.abs(document.getElementById('storage').getBoundingClientRect().top) < 120"
    )
    assert page.evaluate("location.hash") == chosen
    assert page.evaluate("document.activeElement.id") == "storage"


def test_another_address_in_the_same_window_shows_its_run(
    site: Path, opened: Callable[..., Any]
) -> None:
    page = opened(site)
    choose(page, "run", "aaaaaaaa")
    chosen = page.evaluate("location.hash")
    choose(page, "run", "bbbbbbbb")
    page.evaluate("document.documentElement.dataset.drawn = ''")
    page.evaluate("hash => { location.hash = hash }", chosen)
    page.wait_for_function(DRAWN)
    assert "commit aaaaaaaa" in page.inner_text("#report header")


def test_bounds_of_the_earlier_run_are_not_drawn_twice(
    site: Path, opened: Callable[..., Any]
) -> None:
    page = opened(site)
    labels = """all => all.map(t => t.textContent).filter(t => t.endsWith("KiB")).sort()"""
    ticks = "#figure-memory-latency svg .mark-text text"
    alone = page.eval_on_selector_all(ticks, labels)
    assert alone
    choose(page, "then", "aaaaaaaa")
    assert page.eval_on_selector_all(ticks, labels) == alone


def test_a_link_to_what_is_not_there_shows_the_newest(
    site: Path, opened: Callable[..., Any]
) -> None:
    page = opened(site, hash="#run=999&then=<script>")
    assert "commit bbbbbbbb" in page.inner_text("#report header")


def test_the_data_of_each_chart_lies_beside_it(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site)
    links = page.eval_on_selector_all(
        "figcaption a[download]", "all => all.map(a => a.getAttribute('href'))"
    )
    assert len(links) > 40
    assert [link for link in links if not (site.parent / link).is_file()] == []


def test_the_tab_is_readable_on_a_phone(site: Path, opened: Callable[..., Any]) -> None:
    page = opened(site, width=390)
    choose(page, "then", "aaaaaaaa")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
