"""What a serial part costs, measured beside what Amdahl's law says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, limits, workload
from hwperf.checks import require_value
from hwperf.domains.multicore.teams import ONE, THREADS, team_of
from hwperf.host import topology
from hwperf.kernels import parallel
from hwperf.kernels import team as teams

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["amdahl", "predicted"]

# Additions of one call for each thread: 0.6 ms at 3.5 GHz, beside which three meetings of all
# threads (0.1 µs of two, some µs of many) vanish.
ADDS_EACH = 2**21


def predicted(serial_percent: int, threads: int) -> float:
    """Return the speed-up of *threads* threads by Amdahl's law.

    Source: Amdahl (1967), "Validity of the single processor approach".
    """
    serial = serial_percent / 100
    return 1 / (serial + (1 - serial) / threads)


def _adds(threads: int) -> float | None:
    """Return the dependent additions per second that so many cores can make: one a cycle each."""
    clock_hz = limits.core_clock()
    return None if clock_hz is None else threads * clock_hz


@workload(
    "multicore.amdahl",
    params={"serial_percent": [0, 1, 5, 20], "threads": THREADS},
    metric="rate",
    limit=_adds,
    requires=topology.lacking,
    source="Amdahl (1967), Validity of the single processor approach",
)
def amdahl(serial_percent: int, threads: int) -> Iterator[Work]:
    """Rate of work of which *serial_percent* is done by one thread while the others wait.

    Counts dependent additions, serial and parallel ones. The speed-up over one thread stands
    beside what Amdahl's law says.
    """
    n_adds = threads * ADDS_EACH
    n_serial = n_adds * serial_percent // 100
    n_share = (n_adds - n_serial) // threads
    with team_of(topology.spread(threads)) as team:
        made = [np.zeros(1, np.int64) for _ in range(threads)]
        aside = [np.zeros(1, np.int64)]
        one = _run(team, n_serial, n_share * threads, aside)
        law = predicted(serial_percent, threads)

        def derive(seen: Seen) -> dict[str, Figure]:
            speed_up = seen.ratio(ONE) if threads > 1 else 1.0
            figures = {"predicted": Figure(law)}
            if speed_up is not None:
                figures |= {"speed_up": Figure(speed_up), "of_predicted": Figure(speed_up / law)}
            return figures

        amount = n_serial + n_share * threads
        yield Work(
            _run(team, n_serial, n_share, made),
            ops=amount,
            clock="clock_gettime, by the first thread",
            team=team,
            against={ONE: Work(one, ops=amount, clock="the same")} if threads > 1 else {},
            derive=derive,
        )
        calls, rest = divmod(int(made[0][0]), n_serial + n_share)
        if not (calls > 0 and rest == 0):
            raise CheckFailed(
                f"the first thread made {int(made[0][0])} additions; expected a multiple of "
                f"{n_serial + n_share}"
            )
        for number, count in enumerate(made[1:], start=1):
            require_value(int(count[0]), calls * n_share, f"additions of thread {number}")


def _run(
    team: Team, n_serial: int, n_share: int, made: list[np.ndarray[tuple[int], np.dtype[np.int64]]]
) -> Callable[[], float]:
    def run() -> float:
        gate = teams.shared_word()
        times = team.run(
            [
                partial(parallel.work_in_part, gate, len(made), side, n_serial, n_share, made[side])
                for side in range(len(made))
            ]
        )
        if min(times) < 0:
            raise CheckFailed(f"{len(made)} threads did not come together within 3 s")
        return float(times[0] * 1e-9)

    return run
