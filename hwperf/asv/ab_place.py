"""Where two revisions live at once. This module chooses their environments and their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hwperf.asv import ab_setting, lock
from hwperf.asv.configuration import Configuration

__all__ = ["SOURCE", "environment", "environments"]

SOURCE = "source"
"""asv's name of :class:`hwperf.asv.ab_source.Source`."""

_INSTALLED = ("existing", "host")
"""Environments that hold what is installed, and so one revision: the sources of each stand in."""


def environment(conf: Configuration, wanted: str | None, warn: Callable[[str], None]) -> str | None:
    """Return asv's environment for either revision; None for what *conf* says.

    Args:
        conf: of the suite.
        wanted: what the user asks for, as after ``-E``, if anything.
        warn: told where another takes its place.
    """
    kind = wanted or str(ab_setting.raw(conf.path).get("environment_type") or "")
    if kind.partition(":")[0] not in _INSTALLED:
        return wanted
    warn(f"environment {kind} holds one revision; {SOURCE}, the sources of each, takes its place")
    return SOURCE


@contextmanager
def environments(
    conf: Configuration, scratch: Path, on_wait: Callable[[str], None]
) -> Iterator[Path]:
    """Give the directory where environments are built, held for this process.

    It is the project's own, so that the next comparison need not make them again; *scratch* where
    that cannot be written.
    """
    place = conf.path.parent / str(ab_setting.raw(conf.path).get("env_dir") or "env")
    if lock.is_writable(place) is not None:
        yield scratch
        return
    with lock.hold(place, on_wait):
        yield place
