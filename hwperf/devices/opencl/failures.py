"""What OpenCL says when something fails. This module makes one sentence of it."""

from __future__ import annotations

import re

from hwperf.errors import HwperfError

__all__ = ["NO_PLATFORM", "OUT_OF_MEMORY", "DeviceFailed", "build_failed", "failed", "sentence"]

# Khronos OpenCL 3.0, CL/cl.h and CL/cl_ext.h.
NO_PLATFORM = -1001
"""CL_PLATFORM_NOT_FOUND_KHR: what the loader says where no driver is installed."""

OUT_OF_MEMORY = frozenset({-4, -5, -6, -61})
"""MEM_OBJECT_ALLOCATION_FAILURE, OUT_OF_RESOURCES, OUT_OF_HOST_MEMORY, INVALID_BUFFER_SIZE."""

_LONGEST = 200  # Characters of a driver's sentence that are repeated.


class DeviceFailed(HwperfError):
    """A device or its driver failed in the middle of its work."""


def sentence(error: BaseException) -> str:
    """Return the first line of what *error* says, or its type if it says nothing."""
    lines = str(error).strip().splitlines()
    return (" ".join(lines[0].split()) if lines else type(error).__name__)[:_LONGEST]


def failed(id: str, error: BaseException) -> DeviceFailed:
    """Return the exception that says that device *id* failed with *error*."""
    return DeviceFailed(f"{id} failed: {sentence(error)}")


def build_failed(id: str, what: str, error: BaseException) -> DeviceFailed:
    """Return the exception that says that *what* cannot be built: the first error of the log."""
    said = next(
        (line for line in str(error).splitlines() if re.search(r"\berror\b\s*:", line)),
        sentence(error),
    )
    # Where the driver keeps its copy of the source is nobody's business.
    plain = re.sub(r"\S*[/\\]", "", " ".join(said.split()))
    return DeviceFailed(f"{id}: {what} does not build: {plain[:_LONGEST]}")
