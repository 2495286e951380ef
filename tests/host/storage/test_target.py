"""The user chooses where storage is measured; else it is where they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.host.storage import DIRECTORY, target_directory


def test_the_variable_wins_over_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert target_directory({}) == target_directory({DIRECTORY: ""}) == tmp_path
    assert target_directory({DIRECTORY: "/data"}) == Path("/data")


def test_a_current_directory_that_is_gone_is_left_to_who_looks_at_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    assert target_directory({}) == Path()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_reasons_and_no_errors(platform: str, tmp_path: Path) -> None:
    """Imported and asked there, where nothing is below /proc and /sys."""
    program = (
        f"import sys; sys.platform = {platform!r}\n"
        "from pathlib import Path\n"
        "from hwperf.host import storage\n"
        "root = Path(sys.argv[1])\n"
        "facts = list(storage.storage_facts(Path('/'), root))\n"
        "assert all(each.value is None and each.why for each in facts), facts\n"
        "assert storage.link_bandwidth(Path('/'), root) is None\n"
        "assert storage.direct_alignment(sys.argv[0]) is None\n"
    )
    asked = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True)
    assert asked.returncode == 0, asked.stderr
