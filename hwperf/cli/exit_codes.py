"""The exit codes of every verb. This module names them; docs/reference/exit-codes.md explains."""

from __future__ import annotations

__all__ = ["FINDING", "FINE", "INTERRUPTED", "MISUSE", "UNMEASURED"]

FINE = 0
"""Done; points that are noisy, or n/a beside others, are no fault."""

FINDING = 1
"""Something is wrong with what was looked at: a point failed, a check does not hold."""

MISUSE = 2
"""Bad input, or a file that cannot be read or written."""

UNMEASURED = 3
"""Nothing could be measured, or there is too little to judge by: neither good nor bad news."""

INTERRUPTED = 130
"""Ctrl-C; 128 + SIGINT, as shells report it."""
