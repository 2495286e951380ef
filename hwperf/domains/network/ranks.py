"""The ranks of a collective. This module starts them, asks them, and leaves none behind.

They are forked from this process where that is safe, as each would otherwise import torch for one
to three seconds; otherwise they are started anew. What they share are files without names.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hwperf
from hwperf import CheckFailed, Unsupported
from hwperf.domains.network.board import Board, memory_file
from hwperf.domains.network.exchange import Exchange
from hwperf.domains.network.rank import PATIENCE_S, Settings, live

__all__ = ["Ranks", "may_fork", "started"]

START_S = 60.0
"""Longest wait for ranks that are started anew: torch is loaded from a cold disk by all at once."""

_BLAME_S = 0.5  # What happens to a rank is noticed by the others first, who complain.


@dataclass(frozen=True)
class _Rank:
    """A running rank."""

    number: int
    pid: int
    control: socket.socket
    said: int


class Ranks:
    """Ranks that have joined."""

    def __init__(self, ranks: Sequence[_Rank], board: Board, patience_s: float) -> None:
        self._ranks, self._patience_s = tuple(ranks), patience_s
        self.board = board

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of each rank."""
        return tuple(rank.pid for rank in self._ranks)

    def make(self, turns: int) -> None:
        """Let all ranks make so many turns, and wait for all of them.

        Raises:
            CheckFailed: if one of them ends, fails, or does not answer in time.
        """
        for rank in self._ranks:
            with suppress(OSError):  # It has ended: hearing it says how.
                rank.control.sendall(b"%d\n" % turns)
        self.hear(self._patience_s + _BLAME_S)  # A rank that waits for another can say for whom.

    def hear(self, patience_s: float) -> None:
        """Wait for the answer of each rank.

        Raises:
            CheckFailed: as above.
            Unsupported: if the backend lacks the collective.
        """
        waiting = {rank.control.fileno(): rank for rank in self._ranks}
        poll = select.poll()
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + patience_s
        while waiting:
            ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ready:
                silent = ", ".join(str(rank.number) for rank in waiting.values())
                raise CheckFailed(f"rank {silent} did not answer within {patience_s:g} s")
            for descriptor, _ in ready:
                poll.unregister(descriptor)
                self._take(waiting.pop(descriptor))

    def _take(self, rank: _Rank) -> None:
        answer = _line(rank.control)
        if "lacking" in answer:
            raise Unsupported(answer["lacking"])
        if "failed" not in answer and answer:
            return
        # One that was killed explains the complaints of the others.
        deadline = time.monotonic() + _BLAME_S
        while True:
            ends = [(each, status) for each in self._ranks if (status := _ended(each.pid))]
            killed = [(each, status) for each, status in ends if _is_violent(status)]
            if killed or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        if killed:
            raise CheckFailed(_death(*killed[0]))
        if answer:
            raise CheckFailed(f"rank {rank.number}: {answer['failed']}")
        raise CheckFailed(_death(rank, None))


@contextmanager
def started(exchange: Exchange, backend: str) -> Iterator[Ranks]:
    """Start the ranks of *exchange* and end them afterwards.

    They run where the system puts them, as in anybody's program. On a busy machine, ranks whose
    calling threads each stay on one CPU take up to six times as long: they cannot leave a CPU that
    somebody else has, and one that waits there keeps all ranks waiting.

    Raises:
        CheckFailed: if they do not find each other.
        Unsupported: if the backend lacks the collective.
    """
    start = _fork if may_fork(backend) else _spawn
    running: list[_Rank] = []
    with ExitStack() as stack:
        board = stack.enter_context(memory_file("board"))
        shared = Board(board, exchange)
        store = stack.enter_context(_store())
        common = Settings(
            rank=0,
            op=exchange.op,
            ranks=exchange.ranks,
            nbytes=exchange.nbytes,
            backend=backend,
            control=-1,
            board=board,
            store=store,
            parent=os.getpid(),
            patience_s=PATIENCE_S,
        )
        stack.callback(_end, running)
        for number in range(exchange.ranks):
            said = stack.enter_context(memory_file("said"))
            ours, theirs = socket.socketpair()
            stack.callback(ours.close)
            with theirs:
                settings = replace(common, rank=number, control=theirs.fileno())
                foreign = [ours, *(rank.control for rank in running)]
                running.append(_Rank(number, start(settings, said, foreign), ours, said))
        ranks = Ranks(running, shared, PATIENCE_S)
        ranks.hear(PATIENCE_S if start is _fork else START_S)
        yield ranks


def may_fork(backend: str) -> bool:
    """Return whether a copy of this process can be a rank.

    A copy has the locks of all threads and none of the threads but one, cannot use a GPU that the
    original uses, and is in the process groups that the original is in. macOS's own libraries
    forbid it.
    """
    if sys.platform != "linux" or backend == "nccl" or threading.active_count() > 1:
        return False
    import torch
    import torch.distributed as dist

    return not (torch.cuda.is_initialized() or (dist.is_available() and dist.is_initialized()))


def _fork(settings: Settings, said: int, foreign: Sequence[socket.socket]) -> int:
    with warnings.catch_warnings():
        # Of threads: those of OpenBLAS and OpenMP, which wait for work and hold no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    try:
        for other in foreign:  # A rank ends when no process but its parent holds the other end.
            other.close()
        _redirect(said)
        live(settings)
    finally:
        os._exit(0)


def _redirect(said: int) -> None:
    """Let this process write nowhere but to *said*, and read nothing."""
    os.dup2(said, 1)
    os.dup2(said, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout = sys.stderr = os.fdopen(2, "w", closefd=False)


def _spawn(settings: Settings, said: int, foreign: Sequence[socket.socket]) -> int:
    inherited = [settings.control, settings.board]
    if (number := settings.store.removeprefix(_OWN)).isdecimal():
        inherited.append(int(number))
    for descriptor in inherited:
        os.set_inheritable(descriptor, True)
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "hwperf.domains.network.rank", json.dumps(asdict(settings))],
            _environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, said, 1),
                (os.POSIX_SPAWN_DUP2, said, 2),
            ],
        )
    finally:
        for descriptor in inherited:
            os.set_inheritable(descriptor, False)


def _environment() -> Mapping[str, str]:
    """Return ours, with this hwperf before any other."""
    here = str(Path(hwperf.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


_OWN = "/proc/self/fd/"


@contextmanager
def _store() -> Iterator[str]:
    """Give the path of a file through which the ranks find each other."""
    if Path(_OWN).is_dir() and hasattr(os, "memfd_create"):
        with memory_file("store") as descriptor:
            yield f"{_OWN}{descriptor}"
    else:
        with tempfile.TemporaryDirectory(prefix="hwperf-") as directory:
            yield os.path.join(directory, "store")


def _line(control: socket.socket) -> dict[str, Any]:
    """Return what a rank says; nothing if it has ended."""
    read = b""
    with suppress(OSError):
        while not read.endswith(b"\n") and (part := control.recv(65536)):
            read += part
    return dict(json.loads(read)) if read.endswith(b"\n") else {}


def _ended(pid: int) -> Any:
    """Return how a process ended, without forgetting it; None while it runs."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # SIGCHLD is ignored, so that nobody is told how.
        return SimpleNamespace(si_code=os.CLD_EXITED, si_status=0)


def _is_violent(status: Any) -> bool:
    return bool(status.si_code != os.CLD_EXITED or status.si_status)


def _death(rank: _Rank, status: Any) -> str:
    """Return how a rank ended, with the last line that it wrote."""
    how = "ended"
    if status is not None and status.si_code == os.CLD_EXITED:
        how = f"ended with {status.si_status}"
    elif status is not None:
        how = f"was killed by {signal.Signals(status.si_status).name}"
    text = os.pread(rank.said, 65536, max(0, os.fstat(rank.said).st_size - 65536))
    last = text.decode(errors="replace").strip().rpartition("\n")[2]
    return f"rank {rank.number} {how}" + (f": {last}" if last else "")


def _end(running: Sequence[_Rank]) -> None:
    """End the ranks; they own nothing that they would have to give back."""
    try:
        for rank in running:
            if not _ended(rank.pid):  # Nor reaped, so that the number is still its own.
                os.kill(rank.pid, signal.SIGKILL)
    finally:
        for rank in running:
            with suppress(ChildProcessError):
                os.waitpid(rank.pid, 0)
