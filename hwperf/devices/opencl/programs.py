"""OpenCL C that is built for one device. This module builds each variant once.

What a kernel is built with stands in front of it as ``#define``: not every driver reads macros with
arguments among the options. No option allows other arithmetic than the standard's.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from hwperf.devices.opencl.failures import build_failed

__all__ = ["Programs"]

_OPTIONS = ["-cl-std=CL1.2"]  # What every driver in use still reads.


class Programs:
    """The programs of one device."""

    def __init__(self, cl: Any, context: Any, id: str) -> None:
        self._cl = cl
        self._context = context
        self._id = id
        self._built: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}

    def kernel(self, file: str, name: str, definitions: Mapping[str, object]) -> Any:
        """Return a kernel of its own, whose arguments nobody else sets.

        Raises:
            DeviceFailed: if it does not build; the first error of the driver's log is named.
        """
        defined = tuple((key, str(value)) for key, value in definitions.items())
        try:
            program = self._built.get((file, defined))
            if program is None:
                program = self._built[file, defined] = self._build(file, defined)
            return self._cl.Kernel(program, name)
        except self._cl.Error as error:
            raise build_failed(self._id, f"kernel {name!r}", error) from error

    def _build(self, file: str, defined: tuple[tuple[str, str], ...]) -> Any:
        text = files("hwperf.devices.opencl").joinpath(file).read_text("utf-8")
        lines = "".join(f"#define {key} {value}\n" for key, value in defined)
        program = self._cl.Program(self._context, f'{lines}#line 1 "{file}"\n{text}')
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyopencl warns that the compiler said something.
            # The driver has a cache of its own; pyopencl's would write to the home directory.
            return program.build(options=_OPTIONS, cache_dir=False)
