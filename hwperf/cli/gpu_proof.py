"""``hwperf gpu-proof``. This module measures a whole device within minutes, and writes it down."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hwperf.asv.files import CannotWrite, quick_writes, write_text
from hwperf.asv.run import Event
from hwperf.cli.broken import report_broken
from hwperf.cli.layout import columns, flowed, wrapped
from hwperf.cli.progress import Progress
from hwperf.devices import DEVICE, Candidate, Listing, listing
from hwperf.errors import Unsupported, UsageError
from hwperf.plugins import load
from hwperf.report.proof import Course, Proof, Workers, planned, rows, twin_of
from hwperf.report.proof.environment import nvml

__all__ = ["NOTHING", "gpu_proof_command"]

NOTHING = 3
"""Exit code when there is no device to measure, or not one point of it could be."""

_INTERRUPTED = 130
_DRAFT_S = 15.0  # From one time that what is measured is kept to the next.
_LEAST_MINUTES, _MOST_MINUTES = 0.05, 120.0
_RESERVE_S = 3.0  # To end the processes and to write.
_RESERVE = 0.1
_LABEL = 17
_MOST_NAMED = 6  # Reasons for which points were left out.


@click.command("gpu-proof")
@click.option(
    "--device", "id", metavar="ID", help="Measure this device; by default the first accelerator."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the JSON here; by default gpu-proof-NAME-DATE.json.",
)  # fmt: skip
@click.option(
    "--minutes", type=click.FloatRange(_LEAST_MINUTES, _MOST_MINUTES), default=8.0,
    show_default=True, metavar="N", help="Take no longer than this.",
)  # fmt: skip
def gpu_proof_command(id: str | None, out: Path | None, minutes: float) -> int:
    """Measure all of transfer.* on one device, check it, and write one JSON.

    Exits with 1 if a check failed, 3 if nothing could be measured.
    """
    report_broken(load())
    begin = time.monotonic()
    found = listing()
    try:
        chosen = _chosen(found, id)
        _require_writable(out)
        with Workers() as workers:
            hello = workers.hello(chosen.id, 60 * minutes)
            return _prove(workers, found, hello, out or _named(hello["device"]), minutes, begin)
    except Unsupported as why:
        _say(str(why))
        return NOTHING


def _prove(
    workers: Workers,
    found: Listing,
    hello: Mapping[str, Any],
    out: Path,
    minutes: float,
    begin: float,
) -> int:
    device = hello["device"]
    beside, why = twin_of(device, list(found.devices.values()), workers, minutes * 6)
    proof = Proof(hello, minutes=minutes, beside=beside, beside_why=why)
    workloads = load().workloads
    n_gpus = sum(each.kind == "gpu" and each.id.startswith("torch:") for each in _all(found))
    plan = planned(workloads.values(), has_twin=beside is not None, n_gpus=n_gpus)
    course = Course(
        plan,
        workloads,
        workers,
        ids=(device["id"], beside["device"]["id"] if beside else device["id"]),
        kind=device["kind"],
        deadline=begin + 60 * minutes - min(_RESERVE_S, _RESERVE * 60 * minutes),
    )
    try:
        _measure(proof, course, out)
        proof.is_complete = True
    except KeyboardInterrupt:
        _say("interrupted; what was measured by now is kept")
    for id in {device["id"], *([beside["device"]["id"]] if beside else [])}:
        workers.end(id)
    if n_gpus < 2:
        proof.leave_out_collectives(n_gpus)
    return _told(proof, out)


def _measure(proof: Proof, course: Course, out: Path) -> None:
    """Measure the points; keep a draft now and then, in case this process is killed."""
    drafted = time.monotonic()
    proof.note("start", nvml(proof.device["pci"]))
    with Progress(sys.stderr) as progress:
        progress.show(Event("start", total=len(course.plan), left_s=course.left_s()))
        for step in course.run():
            proof.add(step)
            result = step.result or {
                "id": step.point.id, "params": step.point.params, "value": None, "unit": "",
                "verdict": "left out",
            }  # fmt: skip
            progress.show(Event("point", step.done, step.total, step.left_s, result))
            if step.point.id == "transfer.gemm" and step.result is not None:
                proof.note(f"gemm {step.point.params}", nvml(proof.device["pci"]))
            if time.monotonic() - drafted >= _DRAFT_S and proof.n_measured:
                drafted = time.monotonic()
                with quick_writes():
                    _write(proof.to_json(), out)


def _told(proof: Proof, out: Path) -> int:
    """Write the file, print the table and the checks, and return the exit code."""
    # Where not one value was right, that is what there is to tell.
    if not proof.n_measured and not proof.n_refused:
        _say(f"not one point of {proof.device['id']} was measured{_first_reason(proof)}")
        return NOTHING if proof.is_complete else _INTERRUPTED
    shown = proof.to_json()
    try:
        _write(shown, out)
    finally:
        click.echo("\n".join(_lines(shown, columns())))
    click.echo(f"file: {out}")
    if not proof.is_complete:
        return _INTERRUPTED
    return 1 if any(check["holds"] is False for check in shown["checks"]) else 0


def _lines(shown: Mapping[str, Any], width: int) -> Iterator[str]:
    for name, parts in rows(shown):
        first, *rest = flowed(parts, width - _LABEL, gap=", ")
        yield f"{name:<{_LABEL}}{first}"
        yield from (f"{'':{_LABEL}}{line}" for line in rest)
    yield ""
    words = {True: ("holds  ", "green"), False: ("FAILED ", "red"), None: ("-      ", "yellow")}
    for check in shown["checks"]:
        word, colour = words[check["holds"]]
        yield click.style(word, fg=colour) + "\n".join(_check(check, width))[len(word) :]
    yield from _left_out(shown["left_out"], width)


def _check(check: Mapping[str, Any], width: int) -> list[str]:
    parts = [check["what"]]
    if check["is"]:
        parts.append(f": {check['is']}")
    if check["holds"] is not True and check["should"]:
        parts.append(f"; should be: {check['should']}")
    if check["why"]:
        parts.append(f"; {check['why']}" if check["is"] else f": not seen: {check['why']}")
    return wrapped("".join(parts), width, indent=7, hanging=2)


def _left_out(left_out: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """Yield a line for each reason, with how many points it cost."""
    reasons: dict[str, list[str]] = {}
    for each in left_out:
        reasons.setdefault(each["why"], []).append(each["id"])
    if not reasons:
        return
    yield ""
    for why, ids in list(reasons.items())[:_MOST_NAMED]:
        named = ", ".join(f"{ids.count(id)} of {id}" for id in dict.fromkeys(ids))
        yield from wrapped(f"left out: {named}: {why}", width, hanging=4)


def _chosen(found: Listing, id: str | None) -> Candidate:
    """Return the device that is asked for, here or in the environment, or the first accelerator."""
    wanted = id or os.environ.get(DEVICE)
    return found.find(wanted) if wanted else found.default()


def _all(found: Listing) -> list[Candidate]:
    return list(found.devices.values())


def _require_writable(out: Path | None) -> None:
    """See that the result of minutes will have a place."""
    if out is not None and out.is_dir():
        raise UsageError(f"--out {out} is a directory. Give a file, e.g. {out / 'proof.json'}.")
    if out is not None and out.exists() and not out.is_file():
        # It would be replaced by a file: /dev/null for everybody.
        raise UsageError(f"--out {out} is no regular file. Give a file, e.g. proof.json.")
    directory = Path.cwd() if out is None else out.absolute().parent
    if not directory.is_dir():
        raise UsageError(f"--out {out}: the directory {directory} is not there. Make it first.")
    try:
        # To ask is not enough: root may write where nothing can be (/proc).
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot write to {directory}: {error.strerror or error}. Give another place with "
            "--out FILE."
        ) from None


def _named(device: Mapping[str, Any]) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", str(device["name"]).lower()).strip("-") or "device"
    return Path(f"gpu-proof-{name[:40]}-{time.strftime('%Y-%m-%d')}.json")


def _write(shown: Mapping[str, Any], out: Path) -> None:
    import json

    try:
        write_text(out, json.dumps(shown, indent=1, allow_nan=False) + "\n")
    except CannotWrite as why:
        cause = getattr(why.__cause__, "strerror", None) or why
        advice = "Give another place with --out FILE"
        raise UsageError(f"cannot write {out}: {cause}. {advice}.") from why


def _first_reason(proof: Proof) -> str:
    shown = proof.to_json()
    for point in (*shown["points"], *shown["left_out"]):
        reason = point.get("reason") or point.get("why")
        if reason:
            return f": {reason}"
    return ""


def _say(sentence: str) -> None:
    click.echo("\n".join(wrapped(f"hwperf: {sentence}", columns(), hanging=4)), err=True)
