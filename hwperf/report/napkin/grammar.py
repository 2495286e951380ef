"""The grammar of a plan. This module reads ``read 10GiB disk; gemm 8192 f32 x100``.

::

    plan   = step { ";" step }
    step   = verb { word } [ count ]
    verb   = one of hwperf.report.napkin.verbs, of one word or two
    word   = size | number | choice | name "=" number
    count  = "x" number             how many times, 1 by default
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hwperf.errors import UsageError
from hwperf.report.napkin.verbs import VERBS, Given, Verb
from hwperf.units import parse_bytes

__all__ = ["MOST_STEPS", "NoPlan", "Step", "parse"]

MOST_STEPS = 1000
"""Steps of one plan; more are no calculation on a napkin."""

_MOST_CHARACTERS = 100_000
_TOKEN = re.compile(r"[^\s;]+")
_COUNT = re.compile(r"x(\d+(?:\.\d+)?(?:[eE]\d{1,3})?)")
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?(?:[eE]\d{1,3})?)(?P<prefix>[kMGTP]?)(?:FLOP)?")
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_SIZE_THEN_UNIT = re.compile(r"\d+(?:\.\d+)?")
_UNITS = frozenset({"b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib"})


class NoPlan(UsageError):
    """A plan that cannot be read.

    Attributes:
        column: where, the first character being 1.
    """

    def __init__(self, sentence: str, column: int) -> None:
        super().__init__(f"character {column}: {sentence}")
        self.column = column


@dataclass(frozen=True)
class Step:
    """One step as it was understood.

    Attributes:
        text: as it was written.
        verb: what is done.
        given: of what and where.
        count: how many times.
    """

    text: str
    verb: Verb
    given: Given
    count: float


@dataclass(frozen=True)
class _Token:
    text: str
    column: int


def parse(text: str) -> list[Step]:
    """Return the steps of the plan *text*.

    Raises:
        NoPlan: where it cannot be read; the message names the place and what was expected.
    """
    if len(text) > _MOST_CHARACTERS:
        raise NoPlan(f"a plan has at most {_MOST_CHARACTERS} characters.", _MOST_CHARACTERS + 1)
    steps = []
    begin = 0
    for part in text.split(";"):
        tokens = [_Token(m[0], begin + m.start() + 1) for m in _TOKEN.finditer(part)]
        begin += len(part) + 1
        if tokens:  # An empty one is what a last semicolon leaves.
            steps.append(_step(tokens, part.strip()))
    if not steps:
        raise NoPlan("there is no step; write e.g. 'read 10GiB disk; gemm 8192 f32 x100'.", 1)
    if len(steps) > MOST_STEPS:
        raise NoPlan(f"{len(steps)} steps; a plan has at most {MOST_STEPS}.", 1)
    return steps


def _step(tokens: list[_Token], text: str) -> Step:
    verb, rest = _verb(tokens)
    rest, count = _counted(_joined(rest))
    amount: float | None = None
    picked: dict[str, str] = {}
    options: dict[str, int] = {}
    for token in rest:
        name, equals, value = token.text.partition("=")
        if equals:
            options[_option(verb, name, token)] = _whole(value, token)
            continue
        slot = _slot(verb, token.text)
        if slot is not None:
            if slot in picked:
                said = f"{_quoted(token)} and {picked[slot]!r} both say the {slot}; give one"
                raise NoPlan(f"{said}.", token.column)
            picked[slot] = token.text.lower()
            continue
        if amount is not None or verb.amount == "none":
            raise NoPlan(_unknown_word(verb, token), token.column)
        amount = _amount(verb, token)
    if amount is None and verb.amount != "none" and verb.usual is None:
        end = tokens[-1].column + len(tokens[-1].text)
        raise NoPlan(f"{verb.name!r} needs {_AMOUNTS[verb.amount]}, e.g. {verb.example!r}.", end)
    chosen = {slot: picked.get(slot, allowed[0]) for slot, allowed in verb.choices.items()}
    return Step(text, verb, Given(amount or verb.usual or 0.0, chosen, options), count)


def _verb(tokens: list[_Token]) -> tuple[Verb, list[_Token]]:
    """Return the verb, of two words or of one, and the words after it."""
    words = [token.text.lower() for token in tokens[:2]]
    for length in (2, 1):
        name = "_".join(words[:length])
        for singular in (name, name.removesuffix("s"), name.removesuffix("es")):
            if len(words) >= length and singular in _BY_NAME:
                return _BY_NAME[singular], tokens[length:]
    near = _near(words[0], _BY_NAME)
    raise NoPlan(
        f"{_quoted(tokens[0])} is no verb.{near} There are {', '.join(VERBS)}.", tokens[0].column
    )


def _joined(tokens: list[_Token]) -> list[_Token]:
    """Return the words with ``10 GiB`` and ``x 100`` as one."""
    found: list[_Token] = []
    for token in tokens:
        last = found[-1] if found else None
        is_unit = (
            last is not None
            and token.text.lower() in _UNITS
            and _SIZE_THEN_UNIT.fullmatch(last.text) is not None
        )
        if last is not None and (is_unit or last.text.lower() == "x"):
            found[-1] = _Token(last.text + token.text, last.column)
        else:
            found.append(token)
    return found


def _counted(tokens: list[_Token]) -> tuple[list[_Token], float]:
    counts = [token for token in tokens if _COUNT.fullmatch(token.text.lower())]
    if len(counts) > 1:
        raise NoPlan(f"{_quoted(counts[1])} is a second count; give one.", counts[1].column)
    if not counts:
        return tokens, 1.0
    count = float(counts[0].text[1:])
    if not 0 < count < 1e18:
        raise NoPlan(f"{_quoted(counts[0])} is no count above 0 and below 1e18.", counts[0].column)
    return [token for token in tokens if token is not counts[0]], count


def _slot(verb: Verb, word: str) -> str | None:
    return next((s for s, allowed in verb.choices.items() if word.lower() in allowed), None)


def _option(verb: Verb, name: str, token: _Token) -> str:
    if name not in verb.options:
        known = ", ".join(f"{each}=N" for each in verb.options) or "none"
        raise NoPlan(f"{verb.name!r} has no {_short(name)!r}; it takes {known}.", token.column)
    return name


def _whole(value: str, token: _Token) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise NoPlan(f"{_quoted(token)}: expected a whole number after '='.", token.column)
    return int(value)


def _amount(verb: Verb, token: _Token) -> float:
    if verb.amount == "bytes":
        try:
            found = float(parse_bytes(token.text))
        except UsageError:
            raise NoPlan(_unknown_word(verb, token), token.column) from None
    else:
        match = _NUMBER.fullmatch(token.text)
        if match is None:
            raise NoPlan(_unknown_word(verb, token), token.column)
        found = float(match["number"]) * _PREFIXES[match["prefix"]]
    if not 0 < found < _MOST[verb.amount]:
        raise NoPlan(f"{_quoted(token)} is not above zero, or too large.", token.column)
    return found


_MOST = {"bytes": 1e30, "n": 1e9, "flop": 1e30}
"""What no machine will do, so that a slip of the finger is no plan."""

_AMOUNTS = {"bytes": "a size", "n": "a number", "flop": "a number of FLOP"}


def _unknown_word(verb: Verb, token: _Token) -> str:
    words = [word for allowed in verb.choices.values() for word in allowed]
    expected = [f"{_AMOUNTS[verb.amount]}"] if verb.amount != "none" else []
    expected += [f"one of {', '.join(words)}"] if words else []
    expected += [f"{name}=N" for name in verb.options]
    told = " or ".join(expected) or "nothing more"
    return (
        f"{_quoted(token)} is nothing that {verb.name!r} takes.{_near(token.text, words)}"
        f" Expected {told}, e.g. {verb.example!r}."
    )


def _near(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word.lower()[:80], known, n=2)
    return f" Did you mean {' or '.join(found)}?" if found else ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _quoted(token: _Token) -> str:
    return repr(_short(token.text))


_BY_NAME: Mapping[str, Verb] = {
    name: verb for verb in VERBS.values() for name in (verb.name, *verb.aliases)
}
