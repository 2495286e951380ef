"""Libraries that workloads call: whether they are there, on how many threads, and what ran."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hwperf import Unsupported

__all__ = ["missing", "numpy_blas", "on_threads", "tensors", "torch_blas", "unpin"]

_INSTALL = {"torch": "pip install 'hwperf[torch]'", "cffi": "pip install cffi"}
_NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}


def missing(library: str) -> str | None:
    """Return that an optional *library* is not installed, or None."""
    if library not in _INSTALL or find_spec(library) is not None:
        return None
    return f"{library} is not installed: {_INSTALL[library]}"


@contextmanager
def on_threads(library: str, n_threads: int) -> Iterator[None]:
    """Let *library* ("numpy", "torch"; others have no threads) use so many threads meanwhile."""
    if library == "torch":
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
    elif library == "numpy":
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=n_threads, user_api="blas"):
            yield
    else:
        yield


def unpin() -> None:
    """Let the threads that libraries have started run on every CPU of the calling thread.

    A pool's thread inherits the CPUs of the thread that first needed it, for ever: once it was
    needed while a measurement was pinned, it would share that CPU with the thread that it helps.
    To be called when the pool has been used and nothing is pinned.
    """
    if sys.platform != "linux":
        return
    allowed = os.sched_getaffinity(0)
    own = {thread.native_id for thread in threading.enumerate()}
    for each in map(int, os.listdir("/proc/self/task")):
        if each not in own:
            with suppress(OSError):  # It has ended meanwhile.
                os.sched_setaffinity(each, allowed)


def numpy_blas() -> tuple[str, int]:
    """Return what numpy multiplies with, by name, version and kernel, and on how many threads.

    Raises:
        Unsupported: if it is a library whose threads nothing here can count.
    """
    from threadpoolctl import threadpool_info

    found = [each for each in threadpool_info() if each["user_api"] == "blas"]
    # Others bring a BLAS of their own: scipy, and torch on some processors.
    found.sort(key=lambda each: not _is_numpys(each["filepath"]))
    if not found:
        raise Unsupported(
            "numpy's BLAS is none that threadpoolctl knows, so its threads cannot be set; "
            "numpy.show_config() names it"
        )
    blas = found[0]
    version = ".".join(str(blas["version"] or "").split(".")[:3])
    name = f"{_NAMES.get(blas['internal_api'], blas['internal_api'])} {version}".strip()
    parts = [name, blas.get("architecture"), _threads(blas["num_threads"])]
    chosen = os.environ.get("OPENBLAS_CORETYPE")
    if chosen and blas["internal_api"] == "openblas":
        was_heard = chosen.lower() == str(blas.get("architecture")).lower()
        parts.append(f"{'' if was_heard else 'not '}chosen by OPENBLAS_CORETYPE={chosen}")
    return ", ".join(part for part in parts if part), blas["num_threads"]


def torch_blas(dtype: str) -> tuple[str, int]:
    """Return what torch multiplies matrices of *dtype* with, and on how many threads.

    Floats go to the BLAS that torch was built with, smaller types to oneDNN. Neither tells which
    of its kernels ran.
    """
    import torch

    config = torch.__config__.show()
    if dtype == "f32":
        mkl = re.search(r"Math Kernel Library Version ([\d.]+)", config)
        built = re.search(r"BLAS_INFO=(\w+)", config)
        name = f"MKL {mkl[1]}" if mkl else f"BLAS {built[1]}" if built else ""
    else:
        one_dnn = re.search(r"MKL-DNN v([\d.]+)", config)
        name = f"oneDNN {one_dnn[1]}" if one_dnn else ""
    release = f"torch {torch.__version__.split('+')[0]}"
    n_threads = torch.get_num_threads()
    return ", ".join(part for part in (name, release, _threads(n_threads)) if part), n_threads


def tensors(*arrays: Any) -> tuple[Any, ...]:
    """Return torch's view of numpy's *arrays*, in the same memory."""
    import torch

    return tuple(torch.from_numpy(array) for array in arrays)


def _is_numpys(path: str) -> bool:
    return any(part.startswith("numpy") for part in Path(path).parts)


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count != 1 else ''}"
