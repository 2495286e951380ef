"""asv, run round after round. This module measures one commit again and again.

Each visit is one whole ``asv run`` of the commit, with fresh processes and a results directory of
its own below a scratch directory: nothing of it reaches the series in anybody's results.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwperf.asv import files, forkserver, recorded
from hwperf.asv.ab_setting import Setting
from hwperf.asv.recorded import Measurement, Run
from hwperf.errors import Unsupported, UsageError

__all__ = [
    "Key",
    "NotMeasured",
    "Setting",
    "Visit",
    "key_of",
    "name_of",
    "prepare",
    "require_runs",
    "visit",
]

Key = tuple[str, str, tuple[tuple[str, str], ...]]
"""asv's name of the environment, of the benchmark, and the parameters with their ``repr``."""

POLL_S = 0.1
_GRACE_S = 60.0  # asv saves and tears down after Ctrl-C; then it is killed.
_SHARE = re.compile(r"\[\s*([\d.]+)%\]")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class NotMeasured(Unsupported):
    """A revision cannot be measured: one sentence on stderr and exit code 3."""


@dataclass(frozen=True)
class Visit:
    """One ``asv run`` of one commit.

    Attributes:
        exit_code: asv's.
        output: all that it printed.
        runs: what it recorded, one of each environment.
        wall_s: seconds from start to end.
        is_interrupted: whether the user stopped it; what was measured is in *runs*.
    """

    exit_code: int
    output: str
    runs: tuple[Run, ...]
    wall_s: float
    is_interrupted: bool

    @property
    def measurements(self) -> dict[Key, Measurement]:
        """Every point that was run, by its key."""
        return {key_of(run, m): m for run in self.runs for m in run.measurements}


def key_of(run: Run, measurement: Measurement) -> Key:
    """Return what tells a point from all others of one machine."""
    point = measurement.point
    return run.environment, point.benchmark, tuple(point.params.items())


def name_of(measurement: Measurement) -> str:
    """Return a point as people read it: id or asv's name, and the parameters."""
    params = ", ".join(f"{name}={text}" for name, text in measurement.point.params.items())
    tail = " p99" if measurement.is_tail else ""
    return f"{measurement.name}{tail}{f'({params})' if params else ''}"


def visit(
    of: Setting,
    name: str,
    *,
    only_discover: bool = False,
    on_share: Callable[[float], None] = lambda share: None,
) -> Visit:
    """Run asv once and return what it recorded.

    Ctrl-C is passed on to asv, which keeps what it has; the visit then says so.

    Args:
        of: what is measured.
        name: of this visit, unlike any other of the same setting.
        only_discover: build and import only.
        on_share: told how much is done, from 0 to 1.
    """
    results_dir, conf_path = of.directory / f"results-{name}", of.directory / f"{name}.json"
    conf_path.write_text(json.dumps({**of.data, "results_dir": os.fspath(results_dir)}), "utf-8")
    begin = time.monotonic()
    command = [sys.executable, "-u", "-m", "asv", "run", "--config", os.fspath(conf_path)]
    code, output, is_interrupted = _followed(
        [*command, *of.arguments(only_discover)], {**os.environ, **of.variables},
        of.directory / name, on_share,
    )  # fmt: skip
    unwritten = re.search(r"cannot write .* untouched\.", output)
    if unwritten and code != 0:
        raise files.CannotWrite(unwritten.group())
    found = tuple(recorded.runs(results_dir)) if results_dir.is_dir() else ()
    return Visit(code, output, found, time.monotonic() - begin, is_interrupted)


def prepare(of: Setting, *, measure: Callable[..., Visit] = visit) -> None:
    """Build the environment and import the suite, measuring nothing.

    Args:
        of: what will be measured.
        measure: runs asv once.

    Raises:
        NotMeasured: if that fails: the sentence says at which commit, and why.
        KeyboardInterrupt: if the user stops it.
    """
    done = measure(of, "prepare", only_discover=True)
    if done.is_interrupted:
        raise KeyboardInterrupt
    if done.exit_code != 0:
        raise NotMeasured(f"{of.label} cannot be measured: {why(done.output)}")


def require_runs(of: Setting, done: Visit) -> None:
    """See that something was run.

    Raises:
        UsageError: if no benchmark is selected.
        NotMeasured: if asv could run none.
    """
    if done.runs or done.is_interrupted:
        return
    if "No benchmarks selected" in done.output:
        shown = " or ".join(map(repr, of.bench)) or "the empty suite"
        raise UsageError(f"no benchmark matches {shown}. 'asv run --bench' takes the same.")
    raise NotMeasured(f"{of.label} cannot be measured: {why(done.output)}")


def why(output: str) -> str:
    """Return the one sentence of asv's *output* that says why nothing was run."""
    lines = [re.sub(r"^[\s·•|]*(\[ *[\d.]+%\])?[\s·]*", "", line) for line in output.splitlines()]
    lines = [line.strip() for line in lines if line.strip()]
    # The last line of the innermost traceback or of the failed command says most.
    causes = [
        x for x in lines if re.match(r"([A-Za-z_.]*(Error|Exception|Unavailable)|ERROR)\b", x)
    ]
    if causes:
        return f"{causes[-1].rstrip('.')}."
    wordy = [line for line in lines if " " in line]
    return f"{wordy[-1].rstrip('.')}." if wordy else "asv says nothing."


def _followed(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    on_share: Callable[[float], None],
) -> tuple[int, str, bool]:
    path, position, is_interrupted = log.with_suffix(".log"), 0, False

    def tell() -> None:
        nonlocal position
        with path.open("rb") as reader:
            reader.seek(position)
            new = reader.read()
        whole = new[: max(new.rfind(b"\n"), new.rfind(b"\r")) + 1]
        position += len(whole)
        shares = _SHARE.findall(_plain(whole))
        if shares:
            on_share(min(1.0, float(shares[-1]) / 100.0))

    with (
        path.open("wb") as stream,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            env=environment,
            process_group=0,  # Ctrl-C reaches us alone, and we send it on once.
            preexec_fn=_stop_with_us,
        ) as asv,
    ):  # fmt: skip
        try:
            while asv.poll() is None:
                tell()
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            is_interrupted = True
            _stop(asv)
        except BaseException:
            _stop(asv)
            raise
    tell()
    return asv.returncode, _plain(path.read_bytes()), is_interrupted


def _stop(asv: subprocess.Popen[bytes]) -> None:
    """Ask asv to end, and see that it does; a second Ctrl-C does not wait."""
    try:
        asv.send_signal(signal.SIGINT)
        asv.wait(_GRACE_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        os.killpg(asv.pid, signal.SIGKILL)
        asv.wait()


def _plain(text: bytes) -> str:
    return _ESCAPE.sub("", text.decode("utf-8", "replace")).replace("\r", "\n")


def _stop_with_us() -> None:
    forkserver.die_with_parent(signal.SIGINT)
