"""Waiting for a device, with an end. This module gives up on one that does not answer.

A thread that waits for a dead device cannot be stopped. So whatever may wait for one runs on a
thread that can be left to it, and the points that follow do not try again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from hwperf import CheckFailed, Unsupported
from hwperf.scratch import Session, current
from hwperf.scratch.ledger import Word

__all__ = ["TIMEOUT_S", "gave_up", "require_alive", "session", "within"]

TIMEOUT_S = 60.0
"""Seconds after which a device counts as not answering: Linux gives up a request after 30."""

P = ParamSpec("P")
R = TypeVar("R")


def session() -> Session:
    """Return the session of the run, of which no point has given up on the device.

    Raises:
        Unsupported: if one has, within the last ten time-outs (the device may have come back), or
            there can be no session.
    """
    found = current()
    require_alive(found)
    return found


def require_alive(session: Session) -> None:
    """See that no point of the run has given up on the device.

    Raises:
        Unsupported: if one has, within the last ten time-outs.
    """
    since = session.ledger[Word.HUNG]
    if since and time.time() - since < 10 * TIMEOUT_S:
        raise Unsupported(
            f"the device did not answer another point for {TIMEOUT_S:.0f} s, "
            f"{time.time() - since:.0f} s ago"
        )


def gave_up(session: Session, sentence: str) -> CheckFailed:
    """Return what to raise when a device did not answer; the points that follow will know."""
    session.ledger[Word.HUNG] = int(time.time())
    return CheckFailed(sentence)


def within(
    session: Session, what: str, function: Callable[P, R], timeout_s: float | None = None
) -> Callable[P, R]:
    """Return *function*, done on another thread, that raises CheckFailed after *timeout_s*.

    Args:
        session: whose device it is.
        what: it does, for the message.
        function: which may wait for the device.
        timeout_s: seconds; by default `TIMEOUT_S`.
    """

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        done: list[R] = []
        raised: list[BaseException] = []

        def work() -> None:
            try:
                done.append(function(*args, **kwargs))
            except BaseException as error:
                raised.append(error)

        longest_s = TIMEOUT_S if timeout_s is None else timeout_s
        thread: Any = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(longest_s)
        if raised:
            raise raised[0]
        if not done:
            raise gave_up(session, f"the device has not answered for {longest_s:.0f} s ({what})")
        return done[0]

    return call
