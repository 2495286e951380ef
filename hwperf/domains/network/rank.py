"""One rank of a collective. This module is what its process does, forked or started anew.

It joins the others, says so, makes the turns that it is asked for, and ends when nobody can ask it
any more. It leaves by os._exit: what it has of the process that it was forked from is not its own.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hwperf.domains.network.board import MOST_TURNS, Board
from hwperf.domains.network.exchange import ROOT, Exchange

__all__ = ["Settings", "call_of", "join", "live"]

PATIENCE_S = 15.0
"""Longest wait of a rank for the others, and of whoever asks the ranks for an answer."""

_PR_SET_PDEATHSIG = 1  # Linux, include/uapi/linux/prctl.h
# Of waiting for the others: ranks that refill a few KiB come within 0.1 ms.
_AWAKE_S, _NAP_S = 1e-3, 5e-5


@dataclass(frozen=True)
class Settings:
    """What a rank has to know; descriptors are those of its own process.

    Attributes:
        rank: its number.
        op, ranks, nbytes: of the exchange.
        backend: gloo or nccl.
        control: descriptor of the socket on which it is asked.
        board: descriptor of the shared memory.
        store: path of the file through which the ranks find each other.
        parent: the process that started it.
        patience_s: how long to wait for the others.
    """

    rank: int
    op: str
    ranks: int
    nbytes: int
    backend: str
    control: int
    board: int
    store: str
    parent: int
    patience_s: float = PATIENCE_S

    @property
    def exchange(self) -> Exchange:
        """What is exchanged."""
        return Exchange(self.op, self.ranks, self.nbytes)


def live(settings: Settings) -> None:
    """Join, answer, make the turns that are asked for, and end when the socket is closed."""
    _settle(settings)
    control = socket.socket(fileno=settings.control)
    try:
        turn = _ready(settings)
        _say(control, {"ready": True})
        for line in control.makefile("rb"):
            turn(int(line))
            _say(control, {"done": True})
    except _Lacking as why:
        _say(control, {"lacking": str(why)})
    except (Exception, SystemExit) as error:  # Border: told to whoever asks, and is the end.
        words = " ".join(str(error).split())
        _say(control, {"failed": f"{type(error).__name__}: {words or 'no message'}"})


class _Lacking(Exception):
    """The backend cannot do it at all."""


def _say(control: socket.socket, answer: dict[str, Any]) -> None:
    with suppress(OSError):  # Nobody listens any more: it ends.
        control.sendall(json.dumps(answer).encode() + b"\n")


def _settle(settings: Settings) -> None:
    """Let this process depend on nothing but its parent, and talk over the loopback alone."""
    # An interrupt from the keyboard reaches all; the parent then ends the ranks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != settings.parent:
        os._exit(1)  # It died before it could be asked for.
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    os.environ |= {
        "GLOO_SOCKET_IFNAME": loopback,
        "GLOO_DEVICE_TRANSPORT": "TCP",
        "NCCL_SOCKET_IFNAME": loopback,
    }
    warnings.simplefilter("ignore")
    gc.disable()


def _ready(settings: Settings) -> Callable[[int], None]:
    """Join the others, try the collective, and return what makes so many turns."""
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    _require(torch, dist, settings)
    dist.set_debug_level(dist.DebugLevel.OFF)
    if settings.backend == "nccl":
        torch.cuda.set_device(settings.rank)
    join(dist, settings)
    _try(torch, dist, settings)
    return _Turns(torch, dist, settings).make


def _require(torch: Any, dist: Any, settings: Settings) -> None:
    """See that this torch has the backend, and the backend its devices.

    Raises:
        _Lacking: if not.
    """
    if not dist.is_available():
        raise _Lacking("this torch is built without torch.distributed")
    if not dist.is_backend_available(settings.backend):
        raise _Lacking(f"this torch has no {settings.backend.upper()}")
    if settings.backend == "nccl" and torch.cuda.device_count() < settings.ranks:
        raise _Lacking(f"nccl needs one GPU per rank, found {torch.cuda.device_count()}")


def join(dist: Any, settings: Settings) -> None:
    """Make a process group of all ranks."""
    dist.init_process_group(
        settings.backend,
        store=dist.FileStore(settings.store, settings.ranks),
        rank=settings.rank,
        world_size=settings.ranks,
        timeout=timedelta(seconds=settings.patience_s),
    )


def call_of(dist: Any, op: str, out: Any, given: Any) -> Callable[[], Any]:
    """Return the call that makes the collective; it returns when the result may be used.

    On a GPU it returns when the result is on its way.
    """
    # The second names are those before torch 2.13, where they are deprecated.
    gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
    scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor
    calls: dict[str, Callable[[], Any]] = {
        "all_reduce": lambda: dist.all_reduce(out),
        "all_gather": lambda: gather(out, given),
        "broadcast": lambda: dist.broadcast(out, ROOT),
        "reduce_scatter": lambda: scatter(out, given),
        "all_to_all": lambda: dist.all_to_all_single(out, given),
    }
    return calls[op]


def _try(torch: Any, dist: Any, settings: Settings) -> None:
    """Make the collective once with few bytes: some backends lack some of them.

    Raises:
        _Lacking: with what the backend says.
    """
    few = Exchange(settings.op, settings.ranks, 4 * settings.ranks)
    device = _device(settings)
    given = torch.zeros(few.given, dtype=torch.float32, device=device)
    out = torch.zeros(few.received, dtype=torch.float32, device=device)
    try:
        call_of(dist, settings.op, out, given)()
    except RuntimeError as error:  # NotImplementedError is one.
        words = " ".join(str(error).split())
        if isinstance(error, NotImplementedError) or "does not support" in words:
            library = f"{settings.backend} of torch {torch.__version__}"
            raise _Lacking(f"{library} has no {settings.op}: {words}") from error
        raise


def _device(settings: Settings) -> str:
    return f"cuda:{settings.rank}" if settings.backend == "nccl" else "cpu"


class _Turns:
    """Makes turns: refill, meet, time one collective."""

    def __init__(self, torch: Any, dist: Any, settings: Settings) -> None:
        self.settings, exchange = settings, settings.exchange
        board = Board(settings.board, exchange)
        device = _device(settings)
        self.flags, self.turn = board.flags(), 0
        self.times = board.times()[settings.rank]
        self.shown = torch.from_numpy(board.output(settings.rank))
        self.poison = exchange.poison
        self.source = torch.from_numpy(exchange.input_of(settings.rank)).to(device)
        self.is_filled = settings.op == "all_reduce" or (
            settings.op == "broadcast" and settings.rank == ROOT
        )
        # As in anybody's program: shared memory has no huge pages, and a GPU does not see it.
        self.out = torch.empty_like(self.shown, device=device)
        self.call = call_of(dist, settings.op, self.out, self.source)
        is_host = device == "cpu"
        self.wait: Callable[[], None] = (lambda: None) if is_host else torch.cuda.synchronize
        self.shown.fill_(self.poison)

    def make(self, count: int) -> None:
        """Make *count* turns; their times and the last one's output are then on the board."""
        call, wait, clock = self.call, self.wait, time.perf_counter
        for turn in range(min(count, MOST_TURNS)):
            self._refill()
            wait()
            self._meet()
            begin = clock()
            call()
            wait()
            self.times[turn] = clock() - begin
        self.shown.copy_(self.out)

    def _refill(self) -> None:
        """Let the output hold what the collective begins with, or else what it never computes."""
        if self.is_filled:
            self.out.copy_(self.source)
        else:
            self.out.fill_(self.poison)

    def _meet(self) -> None:
        """Wait until all ranks are here, awake at first: all then begin within some microseconds.

        Who is awake for long uses up the share of a CPU that the system grants it, and naps
        instead: before a turn so large that its refill takes long, they do not matter.

        Raises:
            TimeoutError: if somebody does not come.
        """
        self.turn += 1
        flags, turn, clock = self.flags, self.turn, time.perf_counter
        flags[self.settings.rank] = turn
        begin = clock()
        while min(flags) < turn:
            waited = clock() - begin
            if waited < _AWAKE_S:
                # A thread of the library, for which another rank still waits, may want this CPU.
                os.sched_yield()
            elif waited < self.settings.patience_s:
                time.sleep(_NAP_S)
            else:
                missing = [str(r) for r, at in enumerate(flags) if at < turn]
                raise TimeoutError(f"rank {', '.join(missing)} did not come to the start")


if __name__ == "__main__":
    live(Settings(**json.loads(sys.argv[1])))
    os._exit(0)
