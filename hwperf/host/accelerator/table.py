"""The file of accelerators. This module reads it and says, in one sentence, what is wrong with it.

The format is described in docs/reference/accelerators.md.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hwperf.errors import UsageError
from hwperf.host import pcie
from hwperf.host.accelerator.row import DTYPES, KINDS, TYPICAL, Accelerator, Figure, Range, Source

__all__ = ["read"]

_MOST_SHOWN = 3  # faults of one file
_LARGEST_FILE = 1 << 20  # bytes; ours has 30 KiB

_SOURCE_KEYS = ("title", "url", "kind", "date", "via", "how")
_PLAIN = {"memory_bytes": "bytes", "memory_bandwidth": "B/s", "cache_bytes": "bytes"}
_TEXTS = ("vendor", "arch", "form")
_ROW_KEYS = (
    "like", "match", "match_with_memory", *_TEXTS, "devices_per_card", "source", "kind", "date",
    "how", *_PLAIN, "flops", "link", "peer", "typical",
)  # fmt: skip
_FIGURE_KEYS = ("value", "source", "kind", "date", "how")
_NUMBER = "a number above 0"
_MOST = 1e30  # of any figure; whole numbers of TOML have no end, and floats have one
_LONGEST_SHOWN = 80  # characters of a value that is wrong


def read(path: Path, owner: str) -> tuple[Accelerator, ...]:
    """Return the rows of the file *path*, in its order.

    Args:
        owner: what named the file, to begin a sentence with.

    Raises:
        UsageError: for a file that cannot be read, is no TOML or has faults: the file, and for the
            first few faults the table, the key and what was expected.
    """
    import tomllib  # most commands read no table

    where = f"{owner}: {path}"
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UsageError(f"{where}: larger than 1 MiB, which no table of accelerators is.")
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply. Expected a file as hwperf's {_OURS}.") from (
            None
        )
    except (OSError, ValueError) as reason:  # tomllib's and UnicodeDecodeError are ValueErrors
        cause = reason.strerror if isinstance(reason, OSError) else f"no TOML file: {reason}"
        raise UsageError(f"{where}: {cause}. Expected a file as hwperf's {_OURS}.") from None
    reader = _Reader(str(path))
    found = reader.rows(told)
    if reader.faults:
        shown, more = reader.faults[:_MOST_SHOWN], len(reader.faults) - _MOST_SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        raise UsageError(f"{where}: {'; '.join(shown)}{rest}.")
    return found


_OURS = "host/data/accelerators.toml"


class _Reader:
    """One pass over one file; it goes on after a fault, to tell all of them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []
        self._where = ""
        self._sources: dict[str, Source] = {}

    def rows(self, told: dict[str, Any]) -> tuple[Accelerator, ...]:
        self._check_keys(told, ("sources", "accelerators"))
        for name, entry in self._table(told, "sources").items():
            self._where = f"[sources.{name}]"
            if self._is_table(entry, "title, url, kind, date"):
                self._sources[name] = self._source_entry(entry)
        self._where = ""
        found = []
        entries = self._table(told, "accelerators")
        for name, entry in entries.items():
            self._where = f'[accelerators."{name}"]'
            if self._is_table(entry, "match, vendor, memory_bandwidth ..."):
                found.append(self._row(name, self._completed(entry, entries)))
        return tuple(found)

    def _completed(self, entry: dict[str, Any], entries: dict[str, Any]) -> dict[str, Any]:
        """Return *entry* with what the row that it is `like` has besides, but for the names."""
        if "like" not in entry:
            return entry
        base = entries.get(entry["like"]) if isinstance(entry["like"], str) else None
        if not isinstance(base, dict) or "like" in base:
            self._fault("like", entry["like"], "the name of a row of this file without a 'like'")
            return entry
        return {k: v for k, v in base.items() if k not in ("match", "match_with_memory")} | entry

    def _source_entry(self, entry: dict[str, Any]) -> Source:
        self._check_keys(entry, _SOURCE_KEYS)
        return Source(
            title=self._text(entry, "title", required=True),
            url=self._text(entry, "url"),
            kind=self._kind(entry, "vendor"),
            date=self._text(entry, "date"),
            via=self._text(entry, "via"),
            how=self._text(entry, "how"),
        )

    def _row(self, name: str, entry: dict[str, Any]) -> Accelerator:
        self._check_keys(entry, _ROW_KEYS)
        match = self._patterns(entry, "match")
        with_memory = self._patterns(entry, "match_with_memory")
        if not entry.get("match") and not entry.get("match_with_memory"):
            self._fault("match", entry.get("match"), "a list of regular expressions for the name")
        figures = {
            key: figure
            for key, unit in _PLAIN.items()
            if key in entry and (figure := self._figure(entry[key], key, entry, unit))
        }
        flops = self._table(entry, "flops")
        self._check_keys(flops, DTYPES, "flops.")
        for dtype, value in flops.items():
            figure = self._figure(value, f"flops.{dtype}", entry, "op/s")
            if figure:
                figures[f"flops.{dtype}"] = figure
        link = self._link(entry, figures)
        peer = self._table(entry, "peer")
        if peer:
            self._check_keys(peer, ("bus", *_FIGURE_KEYS), "peer.")
            figure = self._figure(_without_bus(peer), "peer", entry)
            if figure:
                figures["peer"] = figure
        return Accelerator(
            name=name,
            file=self.file,
            vendor=self._text(entry, "vendor", required=True),
            arch=self._text(entry, "arch"),
            form=self._text(entry, "form"),
            match=match,
            match_with_memory=with_memory,
            devices_per_card=self._count(entry, "devices_per_card", 1),
            link_kind=self._text(link, "bus"),
            link_generation=self._count(link, "generation", 0),
            link_lanes=self._count(link, "lanes", 0),
            peer_kind=self._text(peer, "bus"),
            figures=figures,
            typicals=self._typicals(entry),
        )

    def _link(self, entry: dict[str, Any], figures: dict[str, Figure]) -> dict[str, Any]:
        """Note the link's bandwidth: of PCIe calculated, of others as told."""
        link = self._table(entry, "link")
        if not link:
            return {}
        self._check_keys(link, ("bus", "generation", "lanes", *_FIGURE_KEYS), "link.")
        if link.get("bus") != "PCIe":
            figure = self._figure(_without_bus(link), "link", entry)
            if figure:
                figures["link"] = figure
            return link
        generation: Any = link.get("generation")
        lanes: Any = link.get("lanes")
        rate = pcie.GENERATIONS.get(generation) if isinstance(generation, int) else None
        if rate is None:
            known = ", ".join(map(str, pcie.GENERATIONS))
            self._fault("link.generation", generation, f"one of {known}")
        elif not isinstance(lanes, int) or isinstance(lanes, bool) or not 1 <= lanes <= 32:
            self._fault("link.lanes", lanes, "a number from 1 to 32")
        else:
            source = self._source(link, entry)
            figures["link"] = Figure(pcie.bandwidth(rate, lanes), source)
        return link

    def _typicals(self, entry: dict[str, Any]) -> dict[str, Range]:
        found = {}
        told = self._table(entry, "typical")
        self._check_keys(told, tuple(TYPICAL), "typical.")
        for metric, value in told.items():
            key = f"typical.{metric}"
            if metric not in TYPICAL or not self._is_table(value, "lo, hi, source", key):
                continue
            self._check_keys(value, ("lo", "hi", "source", "kind", "date", "how"), f"{key}.")
            lo = value.get("lo")
            hi = value.get("hi", lo)
            if not _is_positive(lo) or not _is_positive(hi) or lo > hi:
                self._fault(key, value, f"lo and hi in {TYPICAL[metric]}, lo not above hi")
                continue
            found[metric] = Range(float(lo), float(hi), self._source(value, {}, "measured"))
        return found

    def _figure(self, told: Any, key: str, row: dict[str, Any], unit: str = "B/s") -> Figure | None:
        entry: dict[str, Any] = told if isinstance(told, dict) else {"value": told}
        self._check_keys(entry, _FIGURE_KEYS, f"{key}.")
        value: Any = entry.get("value")
        if not _is_positive(value):
            self._fault(key, value, f"{_NUMBER}, in {unit}")
            return None
        return Figure(float(value), self._source(entry, row))

    def _source(
        self, entry: Mapping[str, Any], row: Mapping[str, Any], kind: str = "vendor"
    ) -> Source:
        """Return the source of a value: its own, else its row's; of the file, or as it is named."""
        inherited = {} if "source" in entry else row
        named = self._text({**inherited, **entry}, "source", required=True)
        base = self._sources.get(named, Source(named, kind=kind))
        date, how = (
            self._text(entry, key) or self._text(inherited, key) for key in ("date", "how")
        )
        return Source(
            base.title,
            base.url,
            self._kind(entry, self._kind(inherited, base.kind)),
            date or base.date,
            base.via,
            how or base.how,
        )

    def _kind(self, entry: Mapping[str, Any], default: str) -> str:
        kind = entry.get("kind", default)
        if kind not in KINDS:
            self._fault("kind", kind, f"one of {', '.join(KINDS)}")
            return default
        return str(kind)

    def _patterns(self, entry: dict[str, Any], key: str) -> tuple[str, ...]:
        told = entry.get(key, [])
        if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
            self._fault(key, told, "a list of regular expressions, each in quotes")
            return ()
        for pattern in told:
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as reason:
                self._fault(key, pattern, f"a regular expression ({reason})")
                return ()
        return tuple(told)

    def _text(self, entry: Mapping[str, Any], key: str, *, required: bool = False) -> str:
        told = entry.get(key, "")
        if isinstance(told, datetime.date):
            told = told.isoformat()
        if not isinstance(told, str) or (required and not told.strip()):
            self._fault(key, entry.get(key), "a text in quotes")
            return ""
        return told

    def _count(self, entry: Mapping[str, Any], key: str, default: int) -> int:
        told = entry.get(key, default)
        if not isinstance(told, int) or isinstance(told, bool) or told < default:
            self._fault(key, told, f"a whole number from {default}")
            return default
        return told

    def _table(self, entry: Mapping[str, Any], key: str) -> dict[str, Any]:
        told = entry.get(key, {})
        return told if self._is_table(told, "a table", key) else {}

    def _is_table(self, told: Any, expected: str, key: str = "") -> bool:
        if isinstance(told, dict):
            return True
        self._fault(key, told, f"a table ({expected})" if expected != "a table" else expected)
        return False

    def _check_keys(self, entry: Iterable[str], known: tuple[str, ...], before: str = "") -> None:
        for key in entry:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(known)}"
                self._say(f"unknown key {before + key!r}, {hint}")

    def _fault(self, key: str, value: object, expected: str) -> None:
        subject = f"{key}: " if key else ""
        told = "missing" if value is None else _shown(value)
        self._say(f"{subject}{told}, expected {expected}")

    def _say(self, fault: str) -> None:
        sentence = f"{self._where} {fault}".strip()
        if sentence not in self.faults:
            self.faults.append(sentence)


def _without_bus(link: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in link.items() if key in _FIGURE_KEYS}


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # A whole number of more digits than Python writes.
        return "a number too long to be shown"
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 4]} ..."


def _is_positive(told: Any) -> bool:
    is_number = isinstance(told, (int, float)) and not isinstance(told, bool)
    return is_number and 0 < told <= _MOST
