"""The formats of checkpoints. This module saves and loads them by the libraries that people use.

The data are words of 64 bits: what is saved, and how fast, does not depend on what they mean.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hwperf.checks import Words

__all__ = ["LIBRARIES", "Library", "lacking_library"]

_N_TENSORS = 8


@dataclass(frozen=True)
class Library:
    """How a library saves and loads.

    Attributes:
        name: of the library.
        wake: imports it, and has it do once what it does the first time only.
        save: writes rows of words to a file that is open.
        load: reads a file into memory and returns its parts, rows of words, in order.
        open_mapped: the same, but maps the file and leaves the reading to whoever looks at it.
    """

    name: str
    wake: Callable[[], None]
    save: Callable[[IO[bytes], Words], None]
    load: Callable[[Path], list[Words]]
    open_mapped: Callable[[Path], list[Words]]


def lacking_library(library: str) -> str | None:
    """Return why *library* cannot be used here, or None. Nothing is imported."""
    if importlib.util.find_spec(library) is None:
        return f"{library} is not installed here. Try: pip install {library}"
    return None


def _numpy_wake() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(1))
    file.seek(0)
    np.load(file)


def _numpy_save(file: IO[bytes], rows: Words) -> None:
    np.save(file, rows)


def _numpy_load(path: Path) -> list[Words]:
    return [np.load(path)]


def _numpy_open_mapped(path: Path) -> list[Words]:
    return [np.load(path, mmap_mode="r")]


def _torch_wake() -> None:
    import torch

    file = io.BytesIO()
    torch.save({"layer.0": torch.zeros(1)}, file)
    file.seek(0)
    torch.load(file, weights_only=True)


def _torch_save(file: IO[bytes], rows: Words) -> None:
    import torch

    torch.save({f"layer.{i}": torch.from_numpy(part) for i, part in enumerate(_parts(rows))}, file)


def _torch_load(path: Path) -> list[Words]:
    import torch

    return _in_order(torch.load(path, weights_only=True))


def _torch_open_mapped(path: Path) -> list[Words]:
    import torch

    return _in_order(torch.load(path, weights_only=True, mmap=True))


def _parts(rows: Words) -> list[Words]:
    """Return the tensors of a model: equal parts of the rows, one behind the other."""
    return np.array_split(rows, _N_TENSORS)


def _in_order(state: Mapping[str, Any]) -> list[Words]:
    return [state[f"layer.{i}"].numpy() for i in range(_N_TENSORS)]


LIBRARIES: Mapping[str, Library] = MappingProxyType(
    {
        library.name: library
        for library in (
            Library("numpy", _numpy_wake, _numpy_save, _numpy_load, _numpy_open_mapped),
            Library("torch", _torch_wake, _torch_save, _torch_load, _torch_open_mapped),
        )
    }
)
"""Every library by its name."""
