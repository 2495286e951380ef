"""Programs that a test runs in a process of their own: CUDA's environment is read once in each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["said_by"]

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 300  # Two shared cores, each thread of the device a thread of Python.


def said_by(program: str, **environment: str) -> Any:
    """Return what the program of this folder prints as JSON in its last line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    run = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name(program))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        timeout=PATIENCE_S,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])
