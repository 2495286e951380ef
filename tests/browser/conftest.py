"""A headless Chromium of the system without a network, or the reason why there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report.synthetic import BEGAN, all_failed, mixed, write_suite

from hwperf.asv.publication import Publication

DRAWN = "document.documentElement.dataset.drawn === 'yes'"
HOSTILE_MACHINE = "<img src=x onerror=alert(1)>\"'&amp;"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium once."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Tests may run as root, in a container, where Chromium's sandbox does not start.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a file and waits until its charts are drawn.

    After the test nothing may have been written to the console and nothing asked of a network.
    """
    contexts, complaints = [], []

    def open_page(path: Path, *, width: int = 1280, scheme: str = "light", hash: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)  # The machine may be busy.
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: _only_files(asked.url, complaints))
        page.goto(f"{path.resolve().as_uri()}{hash}")
        page.wait_for_function(DRAWN)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _only_files(url: str, complaints: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        complaints.append(f"asked for {url}")


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three machines: one with two runs, one where all failed, one with a strange name."""
    directory = tmp_path_factory.mktemp("browser") / "results"
    write_suite(directory)
    write_suite(directory, commit="b" * 40, at=BEGAN + 86400, factor=1.3, verdict=mixed)
    write_suite(directory, machine="failures", verdict=all_failed)
    write_suite(directory, machine=HOSTILE_MACHINE, only="memory", at=BEGAN - 60)
    return directory


@pytest.fixture(scope="session")
def site(results: Path) -> Path:
    """The tab of a published site."""
    from hwperf.report.pages.published import publish

    directory = results.parent / "site"
    (tab,) = publish(Publication(site=directory, results_dir=results))
    return directory / tab.target
