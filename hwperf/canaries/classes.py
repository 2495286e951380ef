"""Canaries as stock asv collects them. This module holds one asv class for each.

Stock asv_runner alone runs them: ``track_cost`` gives samples in seconds per unit of work, which
asv keeps as it keeps those of a timing. Whatever goes wrong is "n/a" with a reason, never a
failure: the suite is somebody else's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from hwperf.canaries.kinds import BY_NAME, Canary

__all__ = [
    "HwperfCanaryCoreClock",
    "HwperfCanaryFileSync",
    "HwperfCanaryHostToDevice",
    "HwperfCanaryL2Latency",
    "HwperfCanaryL3Latency",
    "HwperfCanaryMemoryBandwidth",
    "HwperfCanaryMemoryLatency",
    "HwperfCanarySystemCall",
]

ROUNDS = 2
"""As many passes as asv makes over a suite of timings: each canary is there in each of them."""

TIMEOUT_S = 120.0  # The first run on a machine compiles, some 10 s.


def _method(cls: type, canary: Canary) -> Callable[[Any], Any]:
    def track_cost(self: Any) -> Any:
        return {"samples": self._samples, "number": 1}

    track_cost.__qualname__ = f"{cls.__qualname__}.track_cost"
    # asv takes these from the function alone, and keeps all of them in benchmarks.json.
    track_cost.rounds = ROUNDS  # type: ignore[attr-defined]
    track_cost.pretty_name = f"canary: {canary.words}"  # type: ignore[attr-defined]
    track_cost.pretty_source = _source(canary)  # type: ignore[attr-defined]
    track_cost.hwperf_canary = canary.name  # type: ignore[attr-defined]
    return track_cost


def _source(canary: Canary) -> str:
    params = ", ".join(f"{name}={value!r}" for name, value in canary.params.items())
    return f"hwperf measures {canary.workload}({params}), unpinned, with every sample kept."


def _samples_of(canary: Canary, directory: Path | None) -> list[float]:
    from hwperf.canaries.together import outcome_of

    def measured(each: Canary) -> list[float] | str:
        from hwperf.canaries.measured import measure, place

        try:
            with place(directory):
                result = measure(each)
        except (Exception, SystemExit) as error:  # Border: it costs its neighbours nothing.
            return f"{each.words}: n/a, {type(error).__name__}: {error}"
        if not result.samples:
            return f"{each.words}: {result.verdict}, {result.reason}"
        return [float(f"{sample:.6e}") for sample in result.samples]

    found = outcome_of(canary, measured)
    if isinstance(found, str):
        raise NotImplementedError(found)
    return found


def _directory_of(cls: type) -> Path | None:
    """Return the directory of the module of the suite that imported *cls*."""
    for name, module in list(sys.modules.items()):
        held = getattr(module, "__dict__", {}).get(cls.__name__)
        file = getattr(module, "__file__", None)
        if held is cls and file and not name.startswith("hwperf."):
            return Path(file).resolve().parent
    return None


class _Canary:
    """Base of the canaries; its name begins with an underscore, so asv passes it over."""

    canary: ClassVar[Canary]

    # What asv looks for by these names.
    unit: ClassVar[str] = "seconds"
    timeout: ClassVar[float] = TIMEOUT_S
    version: ClassVar[str]

    def __init_subclass__(cls, name: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.canary = BY_NAME[name]
        cls.version = cls.canary.version
        cls.track_cost = _method(cls, cls.canary)  # type: ignore[attr-defined]

    def setup(self) -> None:
        """Measure, here already: stock asv takes a NotImplementedError of setup for "n/a"."""
        try:
            self._samples = _samples_of(self.canary, _directory_of(type(self)))
        except NotImplementedError:
            raise
        except (Exception, SystemExit) as error:  # Border: a canary never fails its host's suite.
            raise NotImplementedError(f"{type(error).__name__}: {error}") from error


class HwperfCanaryCoreClock(_Canary, name="core_clock"):
    """One clock cycle of the core."""


class HwperfCanaryL2Latency(_Canary, name="l2_latency"):
    """A dependent load from the second-level cache."""


class HwperfCanaryL3Latency(_Canary, name="l3_latency"):
    """A dependent load from the third-level cache."""


class HwperfCanaryMemoryLatency(_Canary, name="memory_latency"):
    """A dependent load from main memory."""


class HwperfCanaryMemoryBandwidth(_Canary, name="memory_bandwidth"):
    """One byte read from main memory."""


class HwperfCanarySystemCall(_Canary, name="system_call"):
    """One request to the operating system."""


class HwperfCanaryFileSync(_Canary, name="file_sync"):
    """A durable append of 4 KiB to a file."""


class HwperfCanaryHostToDevice(_Canary, name="host_to_device"):
    """One byte to the accelerator."""
