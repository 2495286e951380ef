"""A program named fio that prints what a test says, and keeps how it was called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCRIPT = """#!{python}
import json, os, sys, time
answer = json.load(open({answer!r}))
if "--version" in sys.argv:
    print(answer["version"])
    raise SystemExit(0)
with open({calls!r}, "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
time.sleep(answer["sleep_s"])
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
raise SystemExit(answer["code"])
"""


class FakeFio:
    """What the program answers, and what it was asked.

    Args:
        directory: where it is put; first on PATH.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._answer, self._calls = directory / "answer.json", directory / "calls"
        script = SCRIPT.format(
            python=sys.executable, answer=str(self._answer), calls=str(self._calls)
        )
        (directory / "fio").write_text(script)
        (directory / "fio").chmod(0o755)
        self.answer(report())

    def answer(
        self,
        stdout: str | dict[str, Any],
        *,
        stderr: str = "",
        code: int = 0,
        version: str = "fio-3.33",
        sleep_s: float = 0.0,
    ) -> None:
        """Print this from now on."""
        told = stdout if isinstance(stdout, str) else json.dumps(stdout, indent=2)
        self._answer.write_text(
            json.dumps(
                {
                    "stdout": told,
                    "stderr": stderr,
                    "code": code,
                    "version": version,
                    "sleep_s": sleep_s,
                }
            )
        )

    @property
    def calls(self) -> list[list[str]]:
        """The words of each call but those that ask for the version."""
        if not self._calls.exists():
            return []
        return [json.loads(line) for line in self._calls.read_text().splitlines()]


def side(bins: dict[int, int] | None = None, *, block: int = 4096, runtime: int = 300) -> Any:
    """Return one direction of a job, as fio 3.33 prints it, with these latencies (ns: how many)."""
    found = bins or {}
    ops = sum(found.values())
    latencies: dict[str, Any] = {"min": 0, "max": 0, "mean": 0.0, "stddev": 0.0, "N": ops}
    if ops:
        latencies |= {
            "min": min(found),
            "max": max(found),
            "mean": sum(ns * n for ns, n in found.items()) / ops,
            "percentile": {"50.000000": 1},  # Never used: wrong in some versions.
            "bins": {str(ns): n for ns, n in found.items()},
        }
    return {
        "io_bytes": ops * block,
        "iops": 1.0,
        "runtime": runtime if ops else 0,
        "total_ios": ops,
        "lat_ns": latencies,
        "clat_ns": {"min": 0, "max": 0, "mean": 0.0, "stddev": 0.0, "N": 0},
    }


def report(
    read: Any = None, write: Any = None, sync: Any = None, *, error: int = 0, jobs: bool = True
) -> dict[str, Any]:
    """Return what fio prints of a job."""
    if read is None and write is None:
        read = side({50_000: 2700, 60_000: 290, 500_000: 10})
    job = {
        "jobname": "hwperf",
        "error": error,
        "read": read or side(),
        "write": write or side(),
        "sync": sync or {"total_ios": 0, "lat_ns": {"min": 0, "max": 0, "mean": 0.0, "N": 0}},
    }
    return {"fio version": "fio-3.33", **({"jobs": [job]} if jobs else {})}
