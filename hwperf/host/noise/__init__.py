"""What disturbs measurements here. This package gives each disturber with evidence and advice.

Nothing is changed: what to do is said, and left to the reader.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hwperf.host import cpu, load
from hwperf.host.files import HOST
from hwperf.host.load import Load
from hwperf.host.noise import accelerators, memory, processor, surroundings
from hwperf.host.noise.finding import SEVERITIES, Finding, View

__all__ = ["SEVERITIES", "Finding", "findings"]

_CHECKS: tuple[Callable[[View], Iterator[Finding]], ...] = (
    processor.steal,
    processor.foreign_load,
    memory.swap,
    surroundings.battery,
    processor.quota,
    processor.load_average,
    surroundings.pressure,
    processor.siblings,
    processor.governor,
    memory.shortage,
    memory.huge_pages,
    memory.damon,
    surroundings.clock_source,
    surroundings.virtual,
    processor.few_cpus,
    surroundings.environment,
    processor.turbo,
    surroundings.autogroup,
    accelerators.links,
    accelerators.far_cpus,
)


def findings(
    root: Path = HOST,
    *,
    environment: Mapping[str, str] | None = None,
    cpus: tuple[int, ...] | None = None,
    looked: Load | None = None,
) -> tuple[Finding, ...]:
    """Return what may disturb measurements, worst first; takes a quarter of a second.

    Args:
        root: the running system, or a recorded tree.
        environment: the environment variables; this process's by default.
        cpus: the CPUs that measurements may use; this process's by default.
        looked: a look at the load taken before; taken here by default.
    """
    view = View(
        root,
        load.look(root, own_pid=os.getpid()) if looked is None else looked,
        os.environ if environment is None else environment,
        cpu.allowed_cpus() if cpus is None else cpus,
    )
    found = [finding for check in _CHECKS for finding in _checked(check, view)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _checked(check: Callable[[View], Iterator[Finding]], view: View) -> Iterator[Finding]:
    """Yield what *check* finds; a file that it cannot understand costs this check only."""
    try:
        yield from check(view)
    except (ValueError, LookupError) as error:
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        yield Finding(
            f"the check {name} could not be made",
            f"unexpected content in /proc or /sys: {error!r}",
            "low",
            "Please report it with the output of 'uname -r'.",
        )
