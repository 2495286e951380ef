"""The same device through another back end. This module finds it, by its place on the bus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hwperf.devices import Candidate
from hwperf.errors import Unsupported
from hwperf.report.proof.measuring import Workers

__all__ = ["twin_of"]


def twin_of(
    device: Mapping[str, Any],
    candidates: Iterable[Candidate],
    workers: Workers,
    patience_s: float,
) -> tuple[dict[str, Any] | None, str]:
    """Return what another back end says of *device*, or None and why there is none.

    Args:
        device: what is known of it, as JSON has it.
        candidates: all devices that are there.
        workers: what opens them; the twin's process is left running.
        patience_s: seconds that one may take to be opened.
    """
    if device["pci"] is None:
        return None, f"{device['id']} tells no PCI address to be recognised by"
    tried = []
    for candidate in candidates:
        is_same_back_end = candidate.id.partition(":")[0] == device["id"].partition(":")[0]
        if is_same_back_end or candidate.kind != device["kind"]:
            continue
        tried.append(candidate.id)
        try:
            hello = workers.hello(candidate.id, patience_s)
        except Unsupported:
            continue
        if hello["device"]["pci"] == device["pci"]:
            return hello, ""
        workers.end(candidate.id)
    looked = f"none of {', '.join(tried)} is at {device['pci']}" if tried else "there is no other"
    return None, f"no other back end reaches the device: {looked}"
