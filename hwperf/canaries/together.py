"""Canaries that share a process. This module measures six in the first one that asks for any.

asv starts a process for each benchmark and round, and loading the compiler there takes four times
as long as a canary does. So the first canary of a round measures those beside it, too, and leaves
them where the next process of this run, seconds later, takes its own. Each is taken once; the first
one of the next round measures anew. Storage and accelerators keep processes of their own, as they
may hang or fall over.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hwperf.canaries.kinds import CANARIES, Canary

__all__ = ["SHARED", "Outcome", "outcome_of"]

Outcome = list[float] | str
"""Samples in seconds per unit of work, or why there are none."""

SHARED = tuple(canary for canary in CANARIES if canary.resource in ("processor", "memory"))

_FRESH_S = 60.0  # asv starts the next canary within a second or few, unless it was not asked to.
_LITTER_S = 3600.0  # What a run left behind that asked for some canaries only.


def outcome_of(
    canary: Canary, measure: Callable[[Canary], Outcome], now: Callable[[], float] = time.time
) -> Outcome:
    """Return what *canary* measures: taken from what this run has left, else measured.

    Args:
        canary: which.
        measure: measures one in this process.
        now: Unix time.
    """
    place = _place() if canary in SHARED else None
    if place is None:
        return measure(canary)
    left = _read(place, now())
    if canary.name in left:
        taken: Outcome = left.pop(canary.name)
        _write(place, left, measured_at=place.stat().st_mtime)
        return taken
    found = {each.name: measure(each) for each in SHARED}
    own = found.pop(canary.name)
    _sweep(place.parent, now())
    _write(place, found, measured_at=now())
    return own


def _place() -> Path | None:
    """Return the file of this run, environment and commit; None where there is no safe place."""
    if not hasattr(os, "getuid"):
        return None
    directory = Path(tempfile.gettempdir()) / f"hwperf-canaries-{os.getuid()}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError:
        return None
    # Others may write below the temporary directory: what they put there is not believed.
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not is_ours or found.st_mode & 0o077:
        return None
    # All processes of a run have one parent: asv, or its fork server.
    run = (os.getppid(), sys.prefix, os.environ.get("ASV_COMMIT"), [c.version for c in SHARED])
    return directory / f"{hashlib.sha256(repr(run).encode()).hexdigest()[:16]}.json"


def _read(place: Path, now: float) -> dict[str, Any]:
    try:
        if not 0 <= now - place.stat().st_mtime <= _FRESH_S:
            return {}
        data = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(place: Path, left: Mapping[str, Outcome], measured_at: float) -> None:
    """Leave what nobody has taken yet; where that fails it is measured again."""
    with suppress(OSError):
        if not left:
            place.unlink()
            return
        draft = place.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(left), encoding="utf-8")
        os.utime(draft, (measured_at, measured_at))
        draft.replace(place)


def _sweep(directory: Path, now: float) -> None:
    for path in directory.iterdir():
        with suppress(OSError):
            if now - path.stat().st_mtime > _LITTER_S:
                path.unlink()
