"""What the tests of the documentation's own modules share: docs/_ext can be imported."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"

sys.path.insert(0, str(DOCS / "_ext"))
