"""asv.conf.json as hwperf needs it. This module finds the file and what it says of directories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hwperf.errors import UsageError

__all__ = ["Configuration", "load"]


@dataclass(frozen=True)
class Configuration:
    """What hwperf reads of asv.conf.json.

    Attributes:
        path: the file.
        results_dir: where results are kept, absolute.
        html_dir: where pages are published, absolute.
        benchmark_dir: the suite, absolute.
        settings: the object under "hwperf".
    """

    path: Path
    results_dir: Path
    html_dir: Path
    benchmark_dir: Path
    settings: Mapping[str, Any] = field(default_factory=dict)


def load(path: Path) -> Configuration:
    """Read asv's configuration.

    Raises:
        UsageError: if it is missing or cannot be read.
    """
    import json5  # asv needs it too: the file may have comments.

    try:
        data = json5.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path} is not there. Run in a directory that has an asv.conf.json,"
            " or name one with --config."
        ) from None
    except (ValueError, json.JSONDecodeError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no object; see asv's documentation of asv.conf.json.")
    root = path.resolve().parent
    return Configuration(
        path=path.resolve(),
        # The defaults are asv's.
        results_dir=root / data.get("results_dir", "results"),
        html_dir=root / data.get("html_dir", "html"),
        benchmark_dir=root / data.get("benchmark_dir", "benchmarks"),
        settings=data.get("hwperf") or {},
    )
