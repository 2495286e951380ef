"""Two revisions, round by round. This module estimates their ratio from paired rounds.

In each round either revision is measured once, one right after the other, in an order that
alternates: A B, B A, A B, ... With y = ln(cost of B) - ln(cost of A) of a round and o = +1 where B
came second, -1 where it came first::

    y = d + g o + e

d is the logarithm of the ratio; g is what being second costs, which holds a linear drift of the
machine as well; e is noise, independent from round to round, of one deviation. Least squares give d
and its standard error with n - 2 degrees of freedom. The derivation is in
docs/howto/compare-two-commits.md.

Source: the two-period crossover, Jones and Kenward, Design and Analysis of Cross-Over Trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hwperf.history.floor import power, student

__all__ = ["FEWEST", "Pair", "Ratio", "ratio_of", "rounds_for"]

FEWEST = 4
"""Rounds below which nothing is judged: two degrees of freedom, t = 4.3 at 95 %."""

_NOTHING = 1e-12  # In logarithms: what rounding makes of two equal numbers.


@dataclass(frozen=True)
class Pair:
    """One round of one metric.

    Attributes:
        a: cost at revision A, above zero.
        b: cost at revision B, above zero.
        is_a_first: whether A was measured before B.
    """

    a: float
    b: float
    is_a_first: bool

    @property
    def shift(self) -> float:
        """Logarithm of B's cost over A's."""
        return math.log(self.b) - math.log(self.a)


@dataclass(frozen=True)
class Ratio:
    """What the rounds of one metric say.

    Attributes:
        shift: logarithm of B's cost over A's; above zero where B costs more.
        standard_error: of the shift.
        df: its degrees of freedom.
        p: two-sided probability of such a shift where there is no difference.
        rounds: that it comes from.
    """

    shift: float
    standard_error: float
    df: int
    p: float
    rounds: int

    @property
    def value(self) -> float:
        """B's cost over A's."""
        return _exp(self.shift)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of B's cost over A's."""
        return _exp(self.shift - self.reach), _exp(self.shift + self.reach)

    @property
    def reach(self) -> float:
        """Half of the 95 % interval of the shift."""
        return student.quantile(1.0 - power.ALPHA / 2.0, self.df) * self.standard_error

    @property
    def seen(self) -> float:
        """The smallest relative change that these rounds would have shown, in 80 % of cases."""
        return power.detectable_within(self.standard_error, self.df)


def ratio_of(pairs: Sequence[Pair]) -> Ratio | None:
    """Return what *pairs* say of the ratio, None where they are fewer than 4."""
    count = len(pairs)
    if count < FEWEST:
        return None
    shifts = [pair.shift for pair in pairs]
    orders = [1.0 if pair.is_a_first else -1.0 for pair in pairs]
    both, one = math.fsum(orders), math.fsum(shifts)
    crossed = math.fsum(o * y for o, y in zip(orders, shifts, strict=True))
    determinant = count * count - both * both
    if determinant <= 0.0:  # One order only: what being second costs cannot be told apart.
        shift, effect, df, weight = one / count, 0.0, count - 1, 1.0 / count
    else:
        shift = (count * one - both * crossed) / determinant
        effect = (count * crossed - both * one) / determinant
        df, weight = count - 2, count / determinant
    rest = math.fsum((y - shift - effect * o) ** 2 for o, y in zip(orders, shifts, strict=True))
    error = math.sqrt(rest / df * weight)
    if abs(shift) <= _NOTHING:
        shift, p = 0.0, 1.0
    elif error <= _NOTHING * abs(shift):
        p = student.LEAST_P
    else:
        p = student.two_sided(shift / error, df)
    return Ratio(shift, error, df, p, count)


def rounds_for(ratio: Ratio, target: float) -> int:
    """Return the even number of rounds after which a relative change of *target* is seen.

    Source: Stein (1945), "A two-sample test for a linear hypothesis whose power is independent of
    the variance": the first stage's deviation and degrees of freedom say how long the second is.
    """
    df = ratio.df
    wanted = student.quantile(1.0 - power.ALPHA / 2.0, df) + student.quantile(power.POWER, df)
    per_round = ratio.standard_error * math.sqrt(ratio.rounds)
    needed = math.ceil((wanted * per_round / math.log1p(target)) ** 2)
    return max(FEWEST, needed + needed % 2)


def _exp(x: float) -> float:
    return math.exp(x) if x < 700.0 else math.inf
