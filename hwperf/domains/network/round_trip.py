"""What a message and its answer cost between two processes of this host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from hwperf import CheckFailed, Figure, KiB, Seen, Work, workload
from hwperf.checks import Words, require_each, require_value
from hwperf.domains.network import channels, other_end
from hwperf.domains.network.channels import MEMORY, Channel
from hwperf.domains.network.confirmed import wrapped
from hwperf.domains.network.other_end import OtherEnd
from hwperf.kernels import echo, message
from hwperf.work import Elsewhere, Timing

__all__ = ["round_trip"]

CLOCK = "clock_gettime, by the process that asks"
PRECISION = 0.05
"""Relative half-width of the 99 % interval of the median at which samples suffice. What waking a
CPU takes moves by more from one moment to the next."""

# Round trips of a call: 10 ms at 40 µs each, where a CPU is woken; 0.3 ms in memory. A percentile
# of 99 needs a thousand of them, in eight samples of which some may be disturbed.
N_ROUND_TRIPS = 250
N_IN_MEMORY = 2**11


@workload(
    "network.round_trip",
    params={
        "transport": ["tcp", "udp", "unix", "pipe", MEMORY],
        "nbytes": [1, 4 * KiB],
    },
    metric="latency",
    requires=channels.lacking,
    answers="What does a message cost, beside its bytes?",
    source="sockperf: ping-pong; netperf: TCP_RR, UDP_RR; McVoy and Staelin (1996), lmbench: "
    "lat_tcp, lat_udp, lat_unix, lat_pipe",
)
def round_trip(transport: str, nbytes: int) -> Iterator[Work]:
    """Latency of a message of *nbytes* to another process and of an answer as long, on this host.

    Counts round trips: from the sending of one message to that of the next, which follows the
    answer. *transport* "tcp" and "udp" go through the loopback, "unix" through a pair of Unix
    sockets, "pipe" through two pipes; in all of these each end sleeps until it is woken.
    "shared_memory" is memory that both processes see, at which each looks until it has changed.
    """
    with _asking(transport, nbytes) as asker:
        yield Work(
            asker.run,
            latencies=True,
            clock=CLOCK,
            derive=asker.figures,
            team=Elsewhere(asker.placed),
            own_causes=other_end.own_causes(asker.placed),
            precision=PRECISION,
            ops=1,
        )
        asker.check()


@dataclass
class _Asker:
    """This end of a channel, ready to ask.

    Attributes:
        channel: the way there and back.
        nbytes: of a message.
        other: the process that answers.
        placed: the CPUs of both ends, this one's first.
        message: int64 words of what is sent.
        answer: of what comes back.
        latencies: int64, nanoseconds.
        told: what the kernel says, int64.
        asked: messages that were sent.
    """

    channel: Channel
    nbytes: int
    other: OtherEnd
    placed: tuple[int, ...]
    message: Words
    answer: Words
    latencies: Words
    told: Words
    base: int
    asked: int = 0

    def run(self) -> Timing:
        """Ask for a while.

        Returns:
            The latencies; the seconds are the mean of their middle half, which is as little moved
            by a few long ones as the median, and finer than the steps of the clock.

        Raises:
            CheckFailed: if an answer, or what the other end says, is not right.
        """
        n = self.latencies.size + echo.EXTRA
        with self.other.answering():
            self.other.tell(self.asked, n)
            echo.ping(
                self.channel.kind, self.channel.there, self.channel.back, self.message, self.answer,
                self.nbytes, self.base, self.asked, len(self.placed) > 1,
                self.other.control.fileno(), self.latencies, self.told,
            )  # fmt: skip
            self._require_no_error(int(self.told[echo.ERROR]))
            self.other.hear()
        self._require_no_error(int(self.other.report[echo.ERROR]))
        self.asked += n
        self._require_confirmed(n)
        taken = self.latencies * 1e-9
        switches = int(self.other.report[echo.SWITCHES])
        is_disturbed = switches > 0 and len(self.placed) > 1
        return Timing(
            middle(self.latencies) * 1e-9,
            taken.tolist(),
            {"other_end_switches": switches},
            ("involuntary_switches",) if is_disturbed else (),
        )

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return where both ends ran."""
        return {"on_cpus": Figure(", ".join(map(str, self.placed)))}

    def check(self) -> None:
        """Compare the whole last answer, and what the other end said last.

        Raises:
            CheckFailed: if anything differs.
        """
        last = message.stamp_of(self.asked - 1, self.nbytes)
        expected = message.payload(self.nbytes)
        answered = message.answer_to(last, self.nbytes)
        message.write_stamp(expected.ctypes.data, self.nbytes, answered)
        require_each(self.answer, lambda part: expected[part])
        self._require_confirmed(self.latencies.size + echo.EXTRA)
        if not (self.latencies > 0).all():
            raise CheckFailed("a latency is not above zero")

    def _require_no_error(self, error: int) -> None:
        if error:
            raise self.other.failed(error)

    def _require_confirmed(self, n: int) -> None:
        """Compare the counts, and the checksums of all messages and of all answers."""
        report, told, first = self.other.report, self.told, self.asked - n
        require_value(int(report[echo.COUNT]), n, "messages that the other end has received")
        require_value(int(report[echo.BYTES]), n * self.nbytes, "bytes that it has received")
        stamps = int(message.total_of_stamps(first, n, self.nbytes, 1))
        expected = wrapped(n * self.base + stamps)
        require_value(int(report[echo.CHECKSUM]), expected, "checksum of what it has received")
        require_value(int(told[echo.COUNT]), n, "right answers")


def middle(values: Words) -> float:
    """Return the mean of the middle half of *values*."""
    ordered, quarter = np.sort(values), values.size // 4
    return float(ordered[quarter : ordered.size - quarter].mean())


@contextmanager
def _asking(transport: str, nbytes: int) -> Iterator[_Asker]:
    """Open a channel and start the process at its other end; end both at the end."""
    placed = other_end.cpus()
    buffer, answer = message.payload(nbytes), message.payload(nbytes)
    answer.view(np.uint8)[:nbytes] = 255
    with ExitStack() as stack:
        channel = stack.enter_context(channels.opened(transport, nbytes))
        start = partial(
            echo.start_answering, channel.kind, channel.far_in, channel.far_out, buffer, nbytes,
            len(placed) > 1,
        )  # fmt: skip
        other = stack.enter_context(other_end.started(start, channel, placed))
        yield _Asker(
            channel=channel,
            nbytes=nbytes,
            other=other,
            placed=placed,
            message=message.payload(nbytes),
            answer=answer,
            latencies=np.full(_round_trips(transport, placed), -1),
            told=np.full(echo.N_WORDS, -1),
            base=int(message.total(buffer)),
        )


def _round_trips(transport: str, placed: tuple[int, ...]) -> int:
    return N_IN_MEMORY if transport == MEMORY and len(placed) > 1 else N_ROUND_TRIPS
