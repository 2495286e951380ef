"""What a run shows while it goes on: one line that is rewritten, or a line now and then."""

from __future__ import annotations

import io
from typing import Any

import pytest

from hwperf.asv.run import Event
from hwperf.cli.progress import Progress


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """Return what a user sees, carriage returns applied."""
        rows = []
        for row in self.getvalue().split("\n"):
            seen = ""
            for part in row.split("\r"):
                seen = part + seen[len(part) :]
            rows.append(seen.rstrip())
        return rows


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


class Clock:
    """A clock that moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def record(**changed: Any) -> dict[str, Any]:
    return {
        "id": "made.up",
        "params": {"nbytes": 4096},
        "value": 2.5e10,
        "unit": "B/s",
        "verdict": "ok",
        **changed,
    }


START = Event("start", total=3, left_s=65.0)


def point(done: int, **changed: Any) -> Event:
    return Event("point", done, 3, 65.0 - 20 * done, record(**changed))


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def test_a_terminal_shows_the_newest_point_in_one_line() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    with progress:
        progress.show(START)
        assert terminal.screen() == ["measuring 3 points, about 1 min 05 s", ""]
        progress.show(point(1))
        assert terminal.screen()[1:] == ["1/3, 45.0 s left  made.up nbytes=4 KiB  25.0 GB/s"]
        progress.show(point(2, value=None, verdict="failed"))
        assert terminal.screen()[1:] == ["2/3, 25.0 s left  made.up nbytes=4 KiB  failed"]
    assert terminal.screen()[1:] == [""]
    assert progress.start is START


def test_a_long_line_is_cut_since_a_wrapped_one_cannot_be_rewritten() -> None:
    terminal = Terminal()
    Progress(terminal).show(point(1, params={"kind": "long" * 30}))
    assert max(map(len, terminal.screen())) < 60


def test_what_asv_says_of_data_stands_above_the_line() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show(point(1))
    progress.show(
        Event("log", text="·· another run (pid 7) is writing to r; waiting until it ends")
    )
    progress.show(Event("log", text="x.json is damaged (it is not text); it is kept as x.broken-1"))
    progress.show(Event("log", text="[ 0.00%] ·· Setting up environment"))
    for percent in ("20.00", "100.00"):
        text = f"[{percent}%] ·· Skipping another/machine.json: it names no machine"
        progress.show(Event("log", text=text))
    progress.show(point(2))
    assert terminal.screen() == [
        "another run (pid 7) is writing to r; waiting until it ends",
        "x.json is damaged (it is not text); it is kept as x.broken-1",
        "Skipping another/machine.json: it names no machine",
        "2/3, 25.0 s left  made.up nbytes=4 KiB  25.0 GB/s",
    ]


def test_a_log_gets_a_line_now_and_then_and_the_last() -> None:
    log, clock = io.StringIO(), Clock()
    progress = Progress(log, clock=clock)
    with progress:
        progress.show(START)
        for now, done in ((0, 1), (1, 1), (9.9, 1), (10.1, 2), (11, 2), (12, 3)):
            clock.now = now
            progress.show(point(done))
    assert [line[:3] for line in log.getvalue().splitlines()] == ["mea", "1/3", "2/3", "3/3"]
    assert "\r" not in log.getvalue()


def test_a_reader_that_has_gone_does_not_end_the_run() -> None:
    with Progress(Gone()) as progress:
        progress.show(START)
        progress.show(point(1))


def test_no_stderr_is_silence() -> None:
    with Progress(None) as progress:  # type: ignore[arg-type]
        progress.show(START)


def test_a_plan_is_not_progress() -> None:
    terminal = Terminal()
    with Progress(terminal, is_quiet=True) as progress:
        progress.show(START)
        progress.show(point(1))
    assert terminal.getvalue() == ""
    assert progress.start is START


def test_what_is_measured_now_stands_on_a_terminal_until_its_result_is_printed() -> None:
    terminal = Terminal()
    with Progress(terminal) as progress:
        progress.begin(1, 3, 45.0, "made.up nbytes=4 KiB")
        assert terminal.screen() == ["1/3, 45.0 s left  made.up nbytes=4 KiB"]
        progress.clear()
        assert terminal.screen() == [""]


def test_elsewhere_it_is_told_when_it_takes_long() -> None:
    log, clock = io.StringIO(), Clock()
    progress = Progress(log, clock=clock)
    for done in range(3):
        clock.now = 6.0 * done
        progress.begin(done, 3, 18.0 - clock.now, "made.up")
    assert log.getvalue() == "2/3, 6.0 s left  made.up\n"
