"""Settings that make another series. This module makes them part of asv's key.

asv tells series apart by the environment variables of its matrix: they are in the name of the
result file, in what it holds, and in the parameters of the published graphs. A variable of the
table below that is set for a run is added to the matrix of that run.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from hwperf import peer
from hwperf.devices import DEVICE
from hwperf.errors import UsageError

__all__ = [
    "ENGINE",
    "ENGINES",
    "FIO_MEASURES",
    "KEYED",
    "TARGET",
    "choose_engine",
    "keyed",
    "of",
    "require_known",
    "target_name",
]

ENGINE = "HWPERF_STORAGE_ENGINE"
"""Environment variable: what measures storage, hwperf's own engine or fio."""

ENGINES = ("hwperf", "fio")

FIO_MEASURES = r"^storage\.(sequential_(read|write)|random_(read|write)|mixed|fsync)\b"
"""The points that fio measures, too: what ``hwperf run --engine fio`` runs without ``-k``."""

TARGET = "HWPERF_TARGET"
"""Environment variable: the name of a storage target other than where the results are."""

KEYED: Mapping[str, tuple[str, ...]] = {ENGINE: ("hwperf",), TARGET: (), DEVICE: ()}
"""The variables that are part of the key, with the values that are as good as none.

So is ``peer.HOST_NAME``: what ``peer.HOST`` says without its port, which is another each time."""

_TYPES = ("req", "env", "env_nobuild")  # Of a matrix: asv, environment._parse_matrix.


def of(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of *environ* that make another series, by name."""
    found = {
        name: environ[name]
        for name, defaults in KEYED.items()
        if environ.get(name) and environ[name] not in defaults
    }
    second_host = peer.series_name(environ)
    return found | ({peer.HOST_NAME: second_host} if second_host else {})


def keyed(matrix: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return asv's *matrix* with *variables* in it; what it says of them itself stays."""
    if not variables:
        return dict(matrix)
    # In the older form it is requirements alone.
    typed = dict(matrix) if any(each in matrix for each in _TYPES) else {"req": dict(matrix)}
    own = {**typed.get("env", {}), **typed.get("env_nobuild", {})}
    new = {name: [value] for name, value in variables.items() if name not in own}
    return {**typed, "env_nobuild": {**typed.get("env_nobuild", {}), **new}}


def target_name(directory: Path, results_dir: Path) -> str | None:
    """Return the name of *directory* as a storage target; None on the file system of the results.

    Another device is another series, however it was chosen.
    """
    while not results_dir.exists() and results_dir != results_dir.parent:
        results_dir = results_dir.parent
    try:
        if directory.stat().st_dev == results_dir.stat().st_dev:
            return None
    except OSError:
        return None  # The points say what is wrong with it.
    path = str(directory.resolve())
    name = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")
    if re.fullmatch(r"[A-Za-z0-9/]*", path):
        return name
    # Of what is not told apart by the letters, some of a hash.
    return f"{name}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:6]}"


def require_known(environ: Mapping[str, str] = os.environ) -> None:
    """See that the environment names an engine that there is, if any.

    Raises:
        UsageError: if not.
    """
    name = environ.get(ENGINE)
    if name and name not in ENGINES:
        raise UsageError(f"{ENGINE}={name!r} is no engine; there are: {', '.join(ENGINES)}.")


def choose_engine(name: str | None, environ: MutableMapping[str, str] = os.environ) -> None:
    """Say in the environment what measures storage; None leaves it as it is.

    Raises:
        UsageError: if the environment names an engine that there is not.
    """
    if name is not None:
        environ[ENGINE] = name
    require_known(environ)
