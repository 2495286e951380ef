"""The exception tree. This module holds the ways in which hwperf says that something is wrong."""

from __future__ import annotations

__all__ = ["CheckFailed", "DeclarationError", "HwperfError", "Unsupported", "UsageError"]


class HwperfError(Exception):
    """Base of every error that hwperf raises on purpose."""


class DeclarationError(HwperfError):
    """A workload is declared wrongly: for its author, at import."""


class Unsupported(HwperfError):
    """This host cannot run a workload: a skip with its reason, n/a in asv."""


class CheckFailed(HwperfError):
    """The kernel computed something wrong: the result is dropped."""


class UsageError(HwperfError):
    """Bad input: one sentence on stderr (what, expected, what to do) and exit code 2."""
