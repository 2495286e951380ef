"""Files to measure storage with. This package makes them, counts writes, and leaves none behind.

``current()`` gives the session: that of the run, which is held by one process and reached by all
others, or one of this process. See ``docs/decisions/0017-scratch-files.md``.
"""

from __future__ import annotations

from hwperf.scratch.ledger import Ledger
from hwperf.scratch.litter import Litter, sweep
from hwperf.scratch.session import SCRATCH, Session, current, opened, write_limit
from hwperf.scratch.target import HELD_SHARE, lacking, require_space, unwritable

__all__ = [
    "HELD_SHARE",
    "SCRATCH",
    "Ledger",
    "Litter",
    "Session",
    "current",
    "lacking",
    "opened",
    "require_space",
    "sweep",
    "unwritable",
    "write_limit",
]
