"""What killed sessions have left is removed, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.scratch import Litter, sweep
from hwperf.scratch.litter import OWNER, PREFIX, new_name


def left_by_a_dead_process(parent: Path) -> Path:
    program = (
        "import os; from pathlib import Path; from hwperf.scratch import Litter; "
        "from hwperf.scratch.litter import new_name; "
        f"made = Litter(Path({str(parent)!r}), new_name(), os.getpid()).make(); "
        "(made / 'data').write_bytes(b'x' * 1000); print(made)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def test_a_directory_of_a_process_that_ended_is_removed(tmp_path: Path) -> None:
    path = left_by_a_dead_process(tmp_path)
    assert (path / "data").exists()
    assert sweep(tmp_path) == [path]
    assert os.listdir(tmp_path) == []


def test_a_directory_of_a_living_process_is_kept(tmp_path: Path) -> None:
    litter = Litter(tmp_path, new_name(), os.getpid())
    path = litter.make()
    assert litter.make() == path
    assert sweep(tmp_path) == []
    assert path.is_dir()
    litter.remove()
    assert os.listdir(tmp_path) == []


def test_a_process_that_has_the_number_of_a_dead_one_is_another(tmp_path: Path) -> None:
    path = Litter(tmp_path, new_name(), os.getpid()).make()
    marker = path / OWNER
    owner = json.loads(marker.read_text())
    marker.write_text(json.dumps({**owner, "started": 1}))
    assert sweep(tmp_path) == [path]


def test_a_directory_of_another_host_is_kept(tmp_path: Path) -> None:
    path = left_by_a_dead_process(tmp_path)
    marker = path / OWNER
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "host": "another"}))
    assert sweep(tmp_path) == []


def test_a_directory_of_another_container_is_kept_until_the_system_starts_anew(
    tmp_path: Path,
) -> None:
    """There the process has another number, and may well live."""
    path = left_by_a_dead_process(tmp_path)
    marker = path / OWNER
    owner = {**json.loads(marker.read_text()), "namespace": 1}
    marker.write_text(json.dumps(owner))
    assert sweep(tmp_path) == []
    marker.write_text(json.dumps({**owner, "boot": "an earlier one"}))
    assert sweep(tmp_path) == [path]


def test_one_that_was_killed_before_it_said_whose_it_is_is_removed_if_empty(tmp_path: Path) -> None:
    (tmp_path / new_name()).mkdir()
    (tmp_path / new_name()).touch()
    torn = tmp_path / new_name()
    torn.mkdir()
    (torn / ".owner").write_text("{")
    sweep(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["data", PREFIX + "mine", PREFIX + "0123456789abcdef.bak", ".hwperf-scratch", "hwperf-0"],
)
def test_what_is_the_users_is_kept_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "precious").write_text("mine")
    assert sweep(tmp_path) == []
    assert (tmp_path / name / "precious").read_text() == "mine"


def test_a_directory_with_our_name_and_the_users_files_is_kept(tmp_path: Path) -> None:
    path = tmp_path / new_name()
    path.mkdir()
    (path / "precious").write_text("mine")
    assert sweep(tmp_path) == []
    link = tmp_path / new_name()
    link.symlink_to(path)
    assert sweep(tmp_path) == []
    assert (path / "precious").exists()


def test_a_directory_that_cannot_be_listed_is_no_error(tmp_path: Path) -> None:
    assert sweep(tmp_path / "gone") == []
