"""The CUDA driver: whether it is there and what it drives. This module asks it in another process.

Whoever starts the driver in a process makes it unusable in every child that is forked from it, even
where no context was made, and benchmarks may be forked. A driver that hangs or crashes does so
there as well, and is an absence with its reason.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwperf.host.files import HOST, listing

__all__ = ["PATIENCE_S", "names", "why_unreachable"]

PATIENCE_S = 60  # A driver that wakes 16 GPUs without the persistence daemon takes half of it.

_LIBRARY = "libcuda.so.1"
_NODES = re.compile(
    r"nvidia\d+|dxg|nvhost-.*|nvgpu.*"
)  # Windows' subsystem has dxg, Jetson nvhost.
_OFF = "0"  # What numba takes for "no driver".

_QUESTION = """
import ctypes, json, sys
try:
    cuda = ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(print(json.dumps({"why": str(error)})))
def called(name, *arguments):
    code = getattr(cuda, name)(*arguments)
    if code:
        texts = [ctypes.c_char_p(), ctypes.c_char_p()]
        for ask, text in zip(("cuGetErrorName", "cuGetErrorString"), texts):
            getattr(cuda, ask)(code, ctypes.byref(text))
        said = [text.value.decode() for text in texts if text.value] or ["error %d" % code]
        sys.exit(print(json.dumps({"why": name + " says " + ": ".join(said)})))
called("cuInit", 0)
count, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
called("cuDeviceGetCount", ctypes.byref(count))
names = []
for i in range(count.value):
    called("cuDeviceGet", ctypes.byref(device), i)
    called("cuDeviceGetName", name, 256, device)
    names.append(name.value.decode(errors="replace"))
print(json.dumps({"names": names}))
"""
"""Source: CUDA Driver API reference, "Initialization" and "Device Management"."""


def why_unreachable(environ: Mapping[str, str], root: Path = HOST) -> str | None:
    """Return why there can be no driver, in one line, or None; costs one look at /dev."""
    if environ.get("NUMBA_DISABLE_CUDA", _OFF) not in ("", _OFF):
        return "no CUDA driver is used: NUMBA_DISABLE_CUDA is set"
    named = environ.get("NUMBA_CUDA_DRIVER", "")
    if named == _OFF:
        return "no CUDA driver is used: NUMBA_CUDA_DRIVER is 0"
    if not named and not any(_NODES.fullmatch(name) for name in listing(root, "/dev")):
        return f"no CUDA driver ({_LIBRARY}) is looked for: there is no device node /dev/nvidia0"
    return None


def names(
    environ: Mapping[str, str], *, question: str = _QUESTION, patience_s: float = PATIENCE_S
) -> tuple[str, ...] | str:
    """Return the names of the CUDA devices, in the driver's order, or why there are none.

    Args:
        environ: what says which driver (NUMBA_CUDA_DRIVER) and devices (CUDA_VISIBLE_DEVICES).
        question: the program that asks, given the driver's path.
        patience_s: how long it may take.
    """
    library = environ.get("NUMBA_CUDA_DRIVER") or _LIBRARY
    try:
        asked = subprocess.run(
            [sys.executable, "-I", "-c", question, library],
            capture_output=True,
            text=True,
            errors="replace",
            env=dict(environ),
            timeout=patience_s,
        )
    except subprocess.TimeoutExpired:
        return f"the CUDA driver ({library}) has not answered within {patience_s:g} s"
    except OSError as error:
        return f"the CUDA driver could not be asked: {error}"
    told = _read(asked.stdout)
    if told is None:
        return (
            f"the CUDA driver ({library}) {_ended(asked.returncode)} when it was asked for devices"
        )
    if "names" not in told:
        return f"no CUDA driver ({library}): {' '.join(str(told.get('why')).split())}"
    found = tuple(str(name) for name in told["names"])
    if not found:
        visible = environ.get("CUDA_VISIBLE_DEVICES")
        hint = "" if visible is None else f"; CUDA_VISIBLE_DEVICES is {visible!r}"
        return f"the CUDA driver ({library}) has no device{hint}"
    return found


def _read(output: str) -> dict[str, Any] | None:
    try:
        told = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return told if isinstance(told, dict) else None


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended the process with code {code}"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed (signal {-code})"
