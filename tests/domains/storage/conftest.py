"""Storage workloads on a small scratch file in a directory of the test."""

from __future__ import annotations

from storing import disk, session

__all__ = ["disk", "session"]
