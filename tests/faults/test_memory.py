"""A working set that does not fit is n/a, with the figures, by the machine and by its cgroup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from faults.conftest import Answer, User

# As hwperf, but memory is read from a recorded machine: nobody's machine can be made that small.
ON_ANOTHER_MACHINE = """
import sys
from pathlib import Path
from hwperf.host import memory
memory.lacking.__defaults__ = memory.require.__defaults__ = (Path(sys.argv[1]),)
from hwperf.cli.main import main
sys.exit(main(sys.argv[2:]))
"""

KIB_OF = {"a small machine": 65536, "a small group": 2**23, "a large machine": 2**23}


@pytest.fixture(params=KIB_OF)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A machine of 64 MiB; one of 8 GiB with a control group of 64 MiB; one of 8 GiB."""
    name, root = str(request.param), tmp_path / "machine"
    group = root / "sys/fs/cgroup"
    for directory in (root / "proc/self", group):
        directory.mkdir(parents=True)
    total = f"MemTotal: {KIB_OF[name]} kB\nMemAvailable: {KIB_OF[name]} kB\n"
    (root / "proc/meminfo").write_text(total)
    (root / "proc/self/cgroup").write_text("0::/\n")
    (root / "proc/self/mountinfo").write_text(
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    )
    (group / "cgroup.controllers").write_text("memory\n")
    (group / "memory.current").write_text("0\n")
    (group / "memory.max").write_text(f"{2**26 if name == 'a small group' else 'max'}\n")
    return name, root


def hwperf(user: User, root: Path, *arguments: str) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_MACHINE, str(root), *arguments],
        cwd=user.directory,
        env=user.environment,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def test_too_little_memory_is_na_with_the_figure(user: User, machine: tuple[str, Path]) -> None:
    name, root = machine
    chosen = ("-p", "nbytes=64MiB", "-p", "nbytes=4KiB", "-p", "order=whole", "-p", "pages=small")
    shown = hwperf(user, root, "measure", "memory.latency", *chosen, "--budget", "5ms", "--json")
    verdicts = {point["params"]["nbytes"]: point for point in shown.points()}
    assert shown.code == 0
    assert verdicts[4096]["value"] > 0
    if name == "a large machine":
        assert verdicts[2**26]["value"] > 0
        return
    assert (verdicts[2**26]["verdict"], verdicts[2**26]["value"]) == ("n/a", None)
    reason = verdicts[2**26]["reason"]
    assert "64 MiB of memory are needed, 60.8 MiB are usable" in reason
    source = "memory.max" if name == "a small group" else "MemAvailable"
    assert source in reason
    assert "measure a smaller working set" in reason


def test_the_list_says_what_does_not_fit(user: User, machine: tuple[str, Path]) -> None:
    name, root = machine
    shown = hwperf(user, root, "list", "memory.latency")
    assert ("1 GiB of memory are needed" in " ".join(shown.out.split())) == ("large" not in name)
