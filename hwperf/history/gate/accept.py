"""Changes that somebody has accepted. This module reads and writes the file that says so.

``.hwperf-accept.toml`` lies in the repository and is reviewed like code: one table for each change,
with a reason. What is accepted is the new base; it is opened again when it grows.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hwperf.asv.files import write_text
from hwperf.errors import UsageError
from hwperf.history.gate.changes import TOLERANCE
from hwperf.history.gate.classify import fails
from hwperf.history.gate.findings import Finding, Stale
from hwperf.history.gate.settings import Settings, fraction
from hwperf.history.series import Series

__all__ = ["Accepted", "applied", "directory_of", "entry_of", "read", "replace_entries"]

_MARGIN = 0.01
"""What a change may grow beyond its interval when it is accepted: it is known better later."""
_HEAD = """\
# Changes that hwperf regress accepts: each is the new base of its benchmark, until it grows beyond
# max_change. 'hwperf regress --accept ID --because TEXT' adds one.
"""


@dataclass(frozen=True)
class Accepted:
    """One accepted change.

    Attributes:
        id: of the finding.
        bench: asv's name of the benchmark.
        reason: why it is accepted.
        max_change: the size up to which it is, as a fraction of what is shown.
        machine: of the machine; any where empty.
        environment: of the environment; any where empty.
        commit: the first commit at the new level.
        params: the parameters that changed, ``name=value``; all where empty.
        expires: the day from which on it does not count.
    """

    id: str
    bench: str
    reason: str
    max_change: float
    machine: str = ""
    environment: str = ""
    commit: str = ""
    params: tuple[tuple[str, ...], ...] = ()
    expires: datetime.date | None = None


def read(path: Path) -> list[Accepted]:
    """Return what the file *path* accepts; a file that is not there accepts nothing.

    Raises:
        UsageError: if it is no TOML, or an entry of it cannot be used.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    entries = data.get("accept", [])
    if not isinstance(entries, list) or set(data) - {"accept"}:
        raise UsageError(f"{path} holds more than [[accept]] tables. See docs/howto/gate.md.")
    faults: list[str] = []
    found = [_entry(each, f"entry {n}", faults) for n, each in enumerate(entries, 1)]
    if faults:
        raise UsageError(f"{path}: {'; '.join(faults)}.")
    return [each for each in found if each is not None]


def _entry(told: Any, where: str, faults: list[str]) -> Accepted | None:
    if not isinstance(told, Mapping):
        faults.append(f"{where} is no table")
        return None
    text = {
        n: told.get(n, "") for n in ("id", "bench", "reason", "machine", "environment", "commit")
    }
    wrong = [name for name, value in text.items() if not isinstance(value, str)]
    missing = [name for name in ("id", "bench", "reason") if not str(text[name]).strip()]
    unknown = sorted(set(told) - {*text, "max_change", "params", "expires", "by"})
    change, params, expires = fraction(told.get("max_change", 0.999)), told.get("params", []), None
    if wrong or missing:
        faults.append(f"{where} has no text for {', '.join(dict.fromkeys(wrong + missing))}")
    if unknown:
        faults.append(f"{where}: {unknown[0]!r} is no setting")
    if change is None:
        faults.append(f'{where}: max_change={told["max_change"]!r} is no change such as "12%"')
    if not _is_params(params):
        faults.append(f"{where}: params={params!r} is no list of lists of values")
    if "expires" in told:
        expires = told["expires"]
        expires = expires.date() if isinstance(expires, datetime.datetime) else expires
        if not isinstance(expires, datetime.date):
            faults.append(f"{where}: expires={expires!r} is no date such as 2030-06-30")
    if faults or change is None:
        return None
    return Accepted(
        **text, max_change=change, params=tuple(tuple(p) for p in params), expires=expires
    )


def _is_params(params: Any) -> bool:
    return isinstance(params, list) and all(
        isinstance(point, list) and all(isinstance(value, str) for value in point)
        for point in params
    )


def applied(
    findings: Sequence[Finding],
    accepted: Sequence[Accepted],
    settings: Settings,
    today: datetime.date,
) -> tuple[list[Finding], list[Stale]]:
    """Return the findings as they are with what is accepted, and the entries without effect.

    Args:
        findings: all findings.
        accepted: the entries.
        settings: what fails.
        today: entries that expire today, or did before, do not count.
    """
    stale, used = [], {}
    for entry in accepted:
        if entry.expires is not None and entry.expires <= today:
            stale.append(Stale(entry.id, entry.bench, f"it expired on {entry.expires}"))
            continue
        matching = [f for f in findings if _matches(entry, f)]
        # The nearest, where two changes of one benchmark lie beside each other.
        found = min(
            matching, key=lambda f: (f.id != entry.id, f.status == "recovered"), default=None
        )
        if found is None:
            stale.append(Stale(entry.id, entry.bench, "there is no such change any more"))
        elif found.status == "recovered":
            stale.append(Stale(entry.id, entry.bench, "the change has recovered"))
        else:
            used[id(found)] = entry
    told = [_with(f, used[id(f)], settings) if id(f) in used else f for f in findings]
    return told, stale


def _matches(entry: Accepted, finding: Finding) -> bool:
    key = finding.members[0].series.key
    if finding.kind not in ("regression", "possible", "drift", "failing"):
        return False
    if entry.bench != key.benchmark or entry.machine not in ("", key.machine):
        return False
    if entry.environment not in ("", key.environment):
        return False
    near = _commits_near(finding)
    known = {c for m in finding.members for c in m.series.commits}
    commit = next((c for c in known if entry.commit and c.startswith(entry.commit)), None)
    # A commit that history has lost cannot be compared; then the name alone says it.
    return commit in near if commit is not None else entry.id == finding.id


def _commits_near(finding: Finding) -> set[str]:
    """Return the commits within some points of where a finding may begin."""
    near: set[str] = set()
    for member in finding.members:
        commits = member.series.commits
        ends = [
            _index(member.series, c, member.index) for c in (finding.commit, finding.last_commit)
        ]
        low, high = min(*ends, member.index), max(*ends, member.index)
        near.update(commits[max(0, low - TOLERANCE) : high + TOLERANCE + 1])
    return near


def _index(series: Series, commit: str, otherwise: int) -> int:
    return series.commits.index(commit) if commit in series.commits else otherwise


def _with(finding: Finding, entry: Accepted, settings: Settings) -> Finding:
    """Return a finding as accepted, or as opened again."""
    new = [m for m in finding.members if entry.params and _values(m.series) not in entry.params]
    size = abs(finding.change)
    if finding.kind != "failing" and size > entry.max_change:
        why = f"accepted up to {entry.max_change:.1%} ({entry.reason}), and it has grown"
    elif new:
        why = f"accepted for other parameters ({entry.reason}), now {new[0].series.key.label} too"
    else:
        note = f"accepted: {entry.reason}"
        return replace(finding, id=entry.id, status="accepted", fails=False, note=note)
    return replace(
        finding, id=entry.id, status="reopened", note=why, fails=fails(finding, settings)
    )


def _values(series: Series) -> tuple[str, ...]:
    return tuple(value for _, value in series.key.params)


def entry_of(finding: Finding, reason: str) -> Accepted:
    """Return the entry that accepts *finding* as it is now."""
    key = finding.members[0].series.key
    sizes = [
        abs(each) for each in (*finding.change_interval, finding.change) if math.isfinite(each)
    ]
    most = min(0.999, math.ceil(1000 * (max(sizes, default=0.0) + _MARGIN)) / 1000)
    params = {_values(m.series) for m in finding.members} if key.params else set()
    return Accepted(
        id=finding.id,
        bench=key.benchmark,
        reason=reason,
        max_change=most,
        machine=key.machine,
        environment=key.environment,
        commit=finding.commit,
        params=tuple(sorted(params)) if len(params) < finding.n_group else (),
    )


def replace_entries(path: Path, entries: Sequence[Accepted]) -> None:
    """Put *entries* into the file *path*, in place of older ones of the same id.

    What else stands there, comments too, is kept.

    Raises:
        UsageError: if the file cannot be read or written.
    """
    known = {entry.id for entry in read(path)}
    text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    for entry in entries:
        if entry.id in known:
            text = _without(text, entry.id)
    if not text.endswith("\n"):
        text += "\n"
    write_text(path, text + "".join(f"\n{_table(entry)}" for entry in entries))


def _without(text: str, name: str) -> str:
    """Return the file's text without the table of one id; comments before it stay."""
    tables = re.split(r"^(?=\[\[accept\]\])", text, flags=re.MULTILINE)
    return "".join(
        each
        for each in tables
        if not (each.startswith("[[accept]]") and tomllib.loads(each)["accept"][0]["id"] == name)
    ).rstrip("\n")


def _table(entry: Accepted) -> str:
    lines = ["[[accept]]"]
    for name in ("id", "bench", "machine", "environment", "commit"):
        if getattr(entry, name):
            lines.append(f"{name} = {_string(getattr(entry, name))}")
    if entry.params:
        points = (
            "[" + ", ".join(_string(value) for value in point) + "]" for point in entry.params
        )
        lines.append(f"params = [{', '.join(points)}]")
    lines.append(f'max_change = "{100 * entry.max_change:.1f}%"')
    lines.append(f"reason = {_string(entry.reason)}")
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """Return *text* as a basic string of TOML: JSON's escapes are TOML's, but for DEL."""
    clean = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def directory_of(conf_path: Path | None) -> Path:
    """Return the directory that the file of accepted changes is relative to."""
    return Path(os.path.abspath(conf_path)).parent if conf_path else Path.cwd()
