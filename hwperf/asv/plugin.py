"""What asv loads. This module, named in ``plugins`` of asv.conf.json, registers all of hwperf."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv import util
from asv.commands import run
from asv.console import log

from hwperf import scratch
from hwperf.asv import (
    definitions,
    files,
    lock,
    machine,
    patches,
    publishing,
    reading,
    saving,
    sidecar,
    variants,
)
from hwperf.asv.benchmark import PROFILE, profile_of
from hwperf.asv.environment import Host
from hwperf.errors import UsageError
from hwperf.host import storage

__all__ = ["Host", "setup"]

_SAME_S = 1.0  # Signals within so many seconds are one: nobody asks twice so soon.


def setup() -> None:
    """Register the environment and the publisher, and replace what loses data; asv calls it.

    Raises:
        UserError: if asv or asv_runner is of a series that hwperf does not know.
    """
    unsupported = patches.unsupported_version()
    if unsupported is not None:
        raise util.UserError(unsupported)
    # Set by the plugin alone, for as long as results are saved.
    os.environ.pop(sidecar.SIDECAR, None)
    saving.install()
    reading.install()
    definitions.install()
    machine.install()
    publishing.install()
    patches.wrap(run.Run, "run", _run)


def _run(original: Callable[..., Any], conf: Any, *args: Any, **kwargs: Any) -> Any:
    """Run while no other run writes to the same results."""
    settings = getattr(conf, "hwperf", None) or {}
    os.environ.setdefault(PROFILE, str(settings.get("profile", "quick")))
    try:
        profile_of()
        variants.require_known()
    except UsageError as error:  # Else it would be a traceback out of each benchmark's process.
        raise util.UserError(str(error)) from error
    # Where nothing else is said, storage is measured where the results are.
    results_dir = Path(conf.results_dir).absolute()
    directory = Path(os.environ.setdefault(storage.DIRECTORY, str(results_dir)))
    name = variants.target_name(directory, results_dir)
    if name is not None:
        os.environ.setdefault(variants.TARGET, name)
    conf.matrix = variants.keyed(conf.matrix, variants.of())
    # A supervisor's terminate is as good a reason to stop cleanly as Ctrl-C.
    interrupt = _interrupting_once()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    os.environ[sidecar.RUN_STARTED] = str(time.time())
    if kwargs.get("dry_run"):
        return original(conf, *args, **kwargs)
    try:
        with lock.hold(conf.results_dir, _say_at_once):
            files.sweep(conf.results_dir)
            with scratch.opened(directory, profile_of().name):
                return original(conf, *args, **kwargs)
    except files.CannotWrite as error:
        raise util.UserError(str(error)) from error
    except KeyboardInterrupt:
        raise util.UserError("Interrupted.") from None


def _interrupting_once() -> Callable[[int, object], None]:
    """Return a handler that raises KeyboardInterrupt, and takes what follows at once for the same.

    Linux sends the signal of a parent's death again for each thread that the parent had. A second
    one would end the tidying up that the first has begun.
    """
    last = -math.inf

    def handle(number: int, frame: object) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before > _SAME_S:
            raise KeyboardInterrupt

    return handle


def _say_at_once(sentence: str) -> None:
    log.warning(sentence)
    log.flush()
    # Into a pipe or a file asv's output is buffered, and the wait may be long.
    sys.stdout.flush()
