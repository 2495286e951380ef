"""One fact about the machine. This module says what a fact is: a value, or the reason for none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hwperf.errors import HwperfError

__all__ = ["Fact", "Unavailable", "Value", "fact"]

Value = str | int | float | bool | tuple[str, ...]


class Unavailable(HwperfError):
    """The system does not tell: the text says why, as a clause after "n/a:"."""


@dataclass(frozen=True)
class Fact:
    """One fact.

    Args:
        name: what it is, in the field's words, unique in its group.
        value: base units (B, Hz, s), or None where the system does not tell.
        unit: "B", "Hz", "s", ... or "" for names and counts.
        source: the file, call or table that says so.
        why: the reason for a value of None, else "".
    """

    name: str
    value: Value | None
    unit: str
    source: str
    why: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.why):
            raise ValueError(
                f"fact {self.name!r}: value={self.value!r} with why={self.why!r}. "
                "A fact has a value, or else a reason for having none."
            )


def fact(name: str, source: str, read: Callable[[], Value], unit: str = "") -> Fact:
    """Return the fact that *read* finds, or the same fact with the reason why it finds none.

    Content that cannot be parsed (ValueError, LookupError) and files that cannot be read
    (OSError) are reasons too: one odd kernel must not cost the other facts.
    """
    try:
        return Fact(name, read(), unit, source)
    except Unavailable as reason:
        return Fact(name, None, unit, source, str(reason) or "the system does not tell")
    except (ValueError, LookupError, OSError) as reason:
        return Fact(name, None, unit, source, f"{source} has an unexpected content: {reason!r}")
