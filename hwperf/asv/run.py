"""asv, run for somebody. This module starts asv, follows its points and stops it without loss."""

from __future__ import annotations

import difflib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hwperf import plugins
from hwperf.asv import configuration, damage, forkserver, lock, sidecar
from hwperf.asv.benchmark import PROFILE, profile_of
from hwperf.asv.plan import START_S, Planned, estimate, measurements, plan
from hwperf.asv.scratch import scratch
from hwperf.errors import UsageError

__all__ = ["INTERRUPTED", "Event", "Outcome", "publish", "run"]

INTERRUPTED = 130  # 128 + SIGINT, as shells report it.
POLL_S = 0.2
_STOCK = (
    "{path} does not name hwperf's plugin, so these are asv's own pages: costs in place of rates, "
    f'its own regressions, no Hardware tab. Write "plugins": ["{configuration.PLUGIN}"].'
)


@dataclass(frozen=True)
class Event:
    """What a run tells while it goes on.

    Attributes:
        kind: ``start`` (once), ``point`` (one was measured), ``log`` (a line of asv).
        done: points measured so far.
        total: points that will be measured, each as often as there are rounds.
        left_s: estimate of the seconds left.
        record: the sidecar's record of the point.
        text: the line.
    """

    kind: Literal["start", "point", "log"]
    done: int = 0
    total: int = 0
    left_s: float = 0.0
    record: Mapping[str, Any] | None = None
    text: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        exit_code: asv's: 0, 1 (nothing could be run), 2 (some benchmarks failed), or 130.
        points: what was planned.
        records: what was measured, in order.
        wall_s: seconds from start to end.
        output: everything that asv printed.
    """

    exit_code: int
    points: Sequence[Planned]
    records: Sequence[Mapping[str, Any]]
    wall_s: float
    output: str

    @property
    def is_interrupted(self) -> bool:
        """Whether the user stopped it; what was measured is kept."""
        return self.exit_code == INTERRUPTED


def run(
    conf_path: Path,
    *,
    bench: Sequence[str] = (),
    profile: str = "quick",
    env: str = "host",
    dry_run: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """Measure the points that *bench* selects with ``asv run``, and keep them.

    Args:
        conf_path: asv.conf.json.
        bench: regular expressions over workload ids or asv's names; all without any.
        profile: quick or full.
        env: asv's environment, as after ``-E``.
        dry_run: only plan; nothing is measured, nothing is written.
        on_event: told of the start, of every point and of asv's lines.

    Raises:
        UsageError: if a pattern selects nothing, or the results cannot be written; what was
            written before is kept.
    """
    conf = configuration.load(conf_path)
    chosen = profile_of({PROFILE: profile})
    points = plan(plugins.load().workloads.values(), bench)
    if not points:
        raise UsageError(_no_match(bench))
    expected = estimate(points, chosen)
    total = measurements(points, chosen)
    on_event(Event("start", total=total, left_s=expected))
    if dry_run:
        return Outcome(0, points, (), 0.0, "")
    impossible = configuration.lacks_history(conf) or lock.is_writable(conf.results_dir)
    if impossible:
        raise UsageError(impossible)
    # A second run on one commit adds its samples: nothing that was measured before is lost.
    command = ["run", "-E", env, "--show-stderr", "--append-samples"]
    for pattern in bench:
        command += ["--bench", pattern]
    return _followed(conf.path, command, points, profile, expected, on_event)


def publish(conf_path: Path, *, on_event: Callable[[Event], None] = lambda event: None) -> Path:
    """Publish the pages with ``asv publish`` and return the path of index.html.

    Args:
        conf_path: asv.conf.json.
        on_event: told of asv's lines.

    Raises:
        UsageError: with asv's own words, if that fails; the old pages are as they were.
    """
    conf = configuration.load(conf_path)
    impossible = configuration.lacks_history(conf)
    if impossible:
        raise UsageError(impossible)
    if not conf.has_plugin:
        on_event(Event("log", text=_STOCK.format(path=conf.path.name)))
    command = _command(conf.path, ["publish", "--no-pull"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = _plain(done.stdout + done.stderr)
    if done.returncode != 0:
        broken = [f"{path}: {cause}" for path, cause in _damaged(conf.results_dir)]
        if broken:
            raise UsageError(
                "asv publish cannot read damaged result files. Move them away, or add hwperf's "
                "plugin to asv.conf.json, which passes over them:\n" + "\n".join(broken)
            )
        raise UsageError(f"asv publish failed:\n{said.strip()}")
    for line in said.splitlines():
        on_event(Event("log", text=line))
    return conf.html_dir / "index.html"


def _damaged(results_dir: Path) -> Iterator[tuple[Path, str]]:
    """Yield the damaged result files of all machines, and what is wrong with each."""
    for path in sorted(results_dir.glob("*/*.json")):
        cause = None if path.name == "machine.json" else damage.of_result_file(path)
        if cause is not None:
            yield path, cause


def _no_match(patterns: Sequence[str]) -> str:
    ids = plugins.load().workloads
    near = [id for p in patterns for id in difflib.get_close_matches(p, ids, n=2, cutoff=0.5)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    shown = " or ".join(map(repr, patterns))
    return f"no point matches {shown}.{hint} 'hwperf list' shows all ids."


def _followed(
    conf_path: Path,
    command: Sequence[str],
    points: Sequence[Planned],
    profile: str,
    expected: float,
    on_event: Callable[[Event], None],
) -> Outcome:
    begin = time.monotonic()
    total = measurements(points, profile_of({PROFILE: profile}))
    records: list[Mapping[str, Any]] = []
    with scratch() as directory:
        events, output = directory / "events.jsonl", directory / "output"
        environment = {**os.environ, PROFILE: profile, sidecar.EVENTS: str(events)}
        new_records, new_lines = _Follower(events), _Follower(output)

        def tell() -> None:
            for line in new_lines.lines():
                on_event(Event("log", len(records), total, text=_plain(line)))
            for line in new_records.lines():
                records.append(record := json.loads(line))
                done = _measured(records)
                left = _left(done, total, time.monotonic() - begin - START_S, expected - START_S)
                on_event(Event("point", done, total, left, record))

        with (
            output.open("wb") as stream,
            subprocess.Popen(
                _command(conf_path, command),
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                # Its own group: Ctrl-C reaches us alone, and we send it on once.
                process_group=0,
                preexec_fn=_stop_with_us,
            ) as asv,
            _signals_forwarded(asv) as signals,
        ):
            while asv.poll() is None:
                tell()
                time.sleep(POLL_S)
        tell()
        text = _plain(output.read_text("utf-8", "replace"))
    unwritten = re.search(r"cannot write .* untouched\.", text)
    if unwritten and asv.returncode != 0:
        raise UsageError(unwritten.group())
    code = INTERRUPTED if signals else asv.returncode
    return Outcome(code, points, records, time.monotonic() - begin, text)


def _measured(records: Sequence[Mapping[str, Any]]) -> int:
    """Return how many of *records* are of a measurement: a tail has its median's."""
    known = [r for r in records if r["verdict"] != "n/a"]
    medians = [r for r in known if not r.get("benchmark", "").endswith("_p99")]
    return len(medians or known)


def _left(done: int, total: int, elapsed_s: float, expected_s: float) -> float:
    """Return the seconds left: what the plan says, weighed with the pace as it becomes known.

    Args:
        done: points measured.
        total: points to measure.
        elapsed_s: since the first point was begun.
        expected_s: for all points, by the plan.
    """
    if total == 0:
        return 0.0
    known = done / total
    pace = elapsed_s / done if done else 0.0
    return max(0.0, (total - done) * (known * pace + (1 - known) * expected_s / total))


def _command(conf_path: Path, arguments: Sequence[str]) -> list[str]:
    name, *rest = arguments
    return [sys.executable, "-u", "-m", "asv", name, "--config", os.fspath(conf_path), *rest]


@contextmanager
def _signals_forwarded(asv: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Send SIGINT on to asv, which saves what it has; a second one ends it."""
    caught: list[int] = []

    def forward(number: int, frame: object) -> None:
        caught.append(number)
        asv.send_signal(signal.SIGINT if len(caught) == 1 else signal.SIGKILL)

    try:
        before = {n: signal.signal(n, forward) for n in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # Only the main thread may handle signals.
        yield caught
        return
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_with_us() -> None:
    forkserver.die_with_parent(signal.SIGINT)


class _Follower:
    """Reads the lines that were added to a file since the last look, whole ones only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def lines(self) -> list[str]:
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._position)
                found = stream.read()
        except FileNotFoundError:
            return []
        whole = found[: found.rfind(b"\n") + 1]
        self._position += len(whole)
        return whole.decode("utf-8", "replace").splitlines()


def _plain(text: str) -> str:
    """Remove colours and the redrawing of lines."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r", "\n")
