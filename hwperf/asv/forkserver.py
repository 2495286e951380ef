"""asv's fork server, quiet and warm. This module prepares the process that every point forks from.

Children inherit what the server has imported: numba (0.2 s), the compiled kernels, and torch where
it is installed (1 to 1.6 s, which each of some thirty points would take). Importing torch makes no
context on a device, which would be unusable in a child, and starts no thread. The server itself
polls its child every millisecond, on the core beside the measured one: it is made to sleep until
the child ends.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Iterable
from types import ModuleType
from typing import Any

__all__ = ["die_with_parent", "in_server", "preload", "wait_for_child"]

PR_SET_PDEATHSIG = 1  # Linux, include/uapi/linux/prctl.h

_server: int | None = None


def in_server() -> None:
    """Prepare the fork server; does nothing in any other process."""
    global _server
    if _server == os.getpid() or "run_server" not in sys.argv[1:2]:
        return
    _server = os.getpid()
    die_with_parent(signal.SIGKILL)
    os.register_at_fork(after_in_child=_in_child)
    preload()
    _sleep_until_child_ends()


def _in_child() -> None:
    """Undo in the process of a point what was meant for the server alone."""
    if os.getppid() != _server:
        return  # A process that a point starts is the point's own affair.
    # A run that was killed must not leave a point measuring beside the next run.
    die_with_parent(signal.SIGKILL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def preload(modules: Iterable[str] = ("numba", "torch"), package: str = "hwperf.kernels") -> None:
    """Import *modules* and every module of *package*, and make the first call into numba.

    What cannot be imported is left to the points that need it: they say why they fail.
    """
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    try:
        kernels = importlib.import_module(package)
    except ImportError:
        return
    for found in pkgutil.iter_modules(getattr(kernels, "__path__", [])):
        with contextlib.suppress(Exception):  # Border: each point reports its own kernel.
            importlib.import_module(f"{package}.{found.name}")
    _compile(kernels)


def wait_for_child(seconds: float) -> None:
    """Sleep up to *seconds*, or until a child ends."""
    with contextlib.suppress(InterruptedError):
        signal.sigtimedwait({signal.SIGCHLD}, seconds)


def die_with_parent(signal_number: int) -> None:
    """Ask Linux to send *signal_number* to this process when its parent ends."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)


def _compile(kernels: ModuleType) -> None:
    """Call the kernel of the core's clock, which every point needs.

    The first call into numba costs half a second more than any later one: it fills the tables of
    the compiler, which the children then have.
    """
    with contextlib.suppress(Exception):  # Border: as above.
        kernels.clock.add_chain(1)


class _Clock:
    """The module ``time`` with a ``sleep`` that ends with the child."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        # asv_runner asks for at most 1 ms; it also looks for a timeout, so 50 ms are the longest.
        wait_for_child(0.05 if seconds <= 0.001 else seconds)


def _sleep_until_child_ends() -> None:
    if not hasattr(signal, "sigtimedwait"):
        return
    server = importlib.import_module("asv_runner.server")
    # Blocked, or the signal would be lost instead of waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    server.time = _Clock()  # type: ignore[attr-defined]
