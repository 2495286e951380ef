"""Which device is measured. This module reads ``--device``, and says what is not installed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from hwperf.devices import DEVICE, listing
from hwperf.errors import Unsupported

__all__ = ["announcement", "choose", "option"]

F = TypeVar("F", bound=Callable[..., Any])

_BY_TORCH = ("transfer.", "network.collective")


def option(function: F) -> F:
    """Add ``--device`` to a verb."""
    return click.option(
        "--device", metavar="ID", help="Measure this device; 'hwperf devices' lists them."
    )(function)


def choose(id: str | None) -> None:
    """Say in the environment which device is measured; None leaves it as it is.

    The one that would be chosen anyway is no other series.

    Raises:
        UsageError: if there is no such device, given here or in the environment.
    """
    wanted = os.environ.get(DEVICE) if id is None else id
    if not wanted:
        return
    found = listing()
    os.environ[DEVICE] = found.find(wanted).id
    if id is None:
        return
    try:
        is_default = found.default().id == id
    except Unsupported:
        return
    if is_default:
        del os.environ[DEVICE]


def announcement(ids: Iterable[str]) -> str | None:
    """Return what installing torch would add to points of *ids*, or None."""
    if not any(id.startswith(_BY_TORCH) for id in ids):
        return None
    if importlib.util.find_spec("torch") is not None:
        return None
    return (
        "torch is not installed: pip install 'hwperf[torch]' adds transfer.* on its devices, "
        "network.collective, and the torch points of storage"
    )
