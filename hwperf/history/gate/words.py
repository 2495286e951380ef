"""Findings in words. This module says what changed, in the quantity that people know.

Names come from anybody's results: control characters are replaced and what is long is cut before
anything is printed.
"""

from __future__ import annotations

import math
import re

from hwperf.history.gate.changes import Member
from hwperf.history.gate.findings import Finding, shown_ratio
from hwperf.history.series import Series

__all__ = [
    "change",
    "clean",
    "heading",
    "of_member",
    "percent",
    "place",
    "sentence",
    "standing",
    "where",
]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LONGEST = 160
_TIMES = 3.0  # From here on a ratio reads better than per cent.
_NOUNS = {"seconds": "time", "bytes": "memory"}


def clean(text: str, longest: int = _LONGEST) -> str:
    """Return *text* on one line, without control characters, cut in the middle where it is long."""
    one = _CONTROL.sub("\ufffd", text.replace("\n", " ").replace("\t", " "))
    if len(one) <= longest:
        return one
    half = (longest - 3) // 2
    return f"{one[:half]}...{one[-half:]}"


def heading(finding: Finding) -> str:
    """Return what changed: the benchmark, with its parameters or how many of them."""
    series = finding.members[0].series
    if len(finding.members) == 1:
        return clean(series.name)
    return f"{clean(series.title)}, {len(finding.members)} of {finding.n_group} parameters"


def sentence(finding: Finding) -> str:
    """Return the change in words: ``bandwidth fell by 20.0 % (17 to 23 %): 20 GB/s to ...``."""
    worst = finding.worst
    series = worst.series
    if finding.kind == "failing":
        return f"was {series.words(worst.before)}, and fails now"
    values = f"{series.words(worst.before)} to {series.words(worst.after)}"
    if len(finding.members) > 1:
        return f"{_noun(series)} {change(finding)}; most with {_params(series)}: {values}"
    return f"{_noun(series)} {change(finding)}: {values}"


def of_member(member: Member) -> str:
    """Return what one series shows: ``bandwidth fell by 20.0 %: 20.0 GB/s to 16.0 GB/s``."""
    series = member.series
    size = shown_ratio(series, member.ratio) - 1
    values = f"{series.words(member.before)} to {series.words(member.after)}"
    if size >= _TIMES - 1:
        return f"{_noun(series)} {_moved(series, size)} to {1 + size:.3g} times: {values}"
    return f"{_noun(series)} {_moved(series, size)} by {percent(abs(size))}: {values}"


def change(finding: Finding) -> str:
    """Return by how much, and how sure that is: ``fell by 20.0 % (17.5 to 22.5 %)``."""
    size = finding.change
    if not math.isfinite(size):
        return "failed"
    low, high = finding.change_interval
    moved = _moved(finding.series, size)
    if size >= _TIMES - 1:
        return f"{moved} to {1 + size:.3g} times ({1 + low:.3g} to {1 + high:.3g})"
    if size < 0:
        return f"{moved} by {percent(-size)} ({_number(-high)} to {percent(-low)})"
    return f"{moved} by {percent(size)} ({_number(low)} to {percent(high)})"


def _moved(series: Series, size: float) -> str:
    return "fell" if (size < 0) is not series.is_negative else "rose"


def percent(fraction: float) -> str:
    """Return a fraction in per cent: ``20.0 %``."""
    return f"{_number(fraction)} %"


def where(finding: Finding) -> str:
    """Return machine and environment."""
    key = finding.members[0].series.key
    return f"{clean(key.machine, 40)}, {clean(key.environment, 60)}"


def place(finding: Finding) -> str:
    """Return the commit, and the range in which it may be: ``1a2b3c4d (5e6f7a8b..9c0d1e2f)``."""
    commit = finding.commit[:8]
    if not finding.after_commit:
        return commit
    return f"{commit} ({finding.after_commit[:8]}..{finding.last_commit[:8]})"


def standing(finding: Finding) -> str:
    """Return everything else that is to be said: cause, floor, why it does not fail."""
    said = []
    if finding.kind in ("regression", "drift"):
        said.append(
            f"cause: {finding.cause}" + (f" ({finding.evidence})" if finding.evidence else "")
        )
    if finding.status == "recovered":
        said.append(f"recovered: {_now(finding)}")
    if finding.floor is not None:
        said.append(f"noise floor {percent(finding.floor)}")
    if finding.note:
        said.append(finding.note)
    return clean("; ".join(said), 400)


def _now(finding: Finding) -> str:
    left, since = (shown_ratio(finding.series, r) - 1 for r in (finding.now, finding.since))
    now = f"now {left:+.1%} of what it was before".replace("%", " %")
    is_back = abs(left - since) > finding.min_change
    return f"{since:+.1%}, ".replace("%", " %") + f"then changed again; {now}" if is_back else now


def _noun(series: Series) -> str:
    if series.quantity is not None:
        return series.quantity.name
    return _NOUNS.get(series.unit, clean(series.unit, 30) or "value")


def _params(series: Series) -> str:
    return clean(", ".join(f"{name}={value}" for name, value in series.key.params), 60)


def _number(fraction: float) -> str:
    return f"{100 * fraction:.1f}"
