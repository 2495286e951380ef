"""What is installed beside hwperf. This module finds entry points, past damaged installations."""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

__all__ = ["find_entry_points"]


def find_entry_points(group: str) -> tuple[list[EntryPoint], dict[str, str]]:
    """Return the entry points of *group*, and the cause by the name of what cannot be read.

    One installation whose metadata is not text would cost ``importlib.metadata`` all of them.
    """
    try:
        return list(entry_points(group=group)), {}
    except Exception:  # Border: anybody's installation. Whose it is, and why, is found below.
        pass
    found: list[EntryPoint] = []
    damaged: dict[str, str] = {}
    for distribution in distributions():
        try:
            found += [point for point in distribution.entry_points if point.group == group]
        except Exception as error:  # Border: this one's is shown, the others' are used.
            damaged[_name(distribution)] = f"{type(error).__name__}: {error}"
    return found, damaged


def _name(distribution: Distribution) -> str:
    # Its metadata may be what is damaged; the path is not part of the public interface.
    path = str(getattr(distribution, "_path", "an installation"))
    return path.rstrip("/").rsplit("/", 1)[-1]
