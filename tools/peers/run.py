#!/usr/bin/env python3
"""hwperf beside its peers on this machine. This module is the command behind ``make peers``."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

import blas
import cases
import cases_cores
import cases_network
import cases_storage
import contest
import network
import packages
import reference
import storage
from cases import Case
from cases_network import NetworkCase
from cases_storage import StorageCase
from ratios import MIN_PAIRS, Comparison
from table import HEADER, row, summary

from hwperf.domains.storage import fio
from hwperf.errors import HwperfError
from hwperf.host import cpu, topology
from hwperf.units import format_bytes


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print a table, and return 0, 1 if a goal was missed, or 2 if nothing could be."""
    arguments = _arguments(argv)
    on_disk = [each for each in cases_storage.cases() if re.search(arguments.case, each.name)]
    between = [each for each in cases_network.cases() if re.search(arguments.case, each.name)]
    everything = [*cases.cases(), *cases_cores.cases(len(cpu.allowed_cpus()))]
    chosen = [case for case in everything if re.search(arguments.case, case.name)]
    coarse = [test for test in packages.TESTS if re.search(arguments.case, test.name)]
    cc = reference.compiler()
    if cc is None and not (on_disk and not chosen):
        print(
            "no C compiler found (looked for $CC, gcc, cc), so there is nothing to compare with; "
            "install one, e.g. apt-get install gcc libc6-dev.",
            file=sys.stderr,
        )
        return 2
    if not chosen and not coarse and not on_disk and not between:
        print(f"no case matches {arguments.case!r}; there are:", file=sys.stderr)
        others = [*cases_storage.cases(), *cases_network.cases()]
        print("\n".join(each.name for each in [*everything, *others]), file=sys.stderr)
        return 2
    allowed = topology.order(cpu.allowed_cpus())
    here = cpu.current_cpu() if arguments.cpu is None else arguments.cpu
    number: int = allowed[0] if here is None else here
    library = blas.find()  # Before anything is pinned.
    try:
        os.sched_setaffinity(0, {number})
    except OSError as error:
        print(f"--cpu {number}: {error}", file=sys.stderr)
        return 2
    print(HEADER)
    done: list[Comparison] = []
    try:
        with ExitStack() as stack:
            directory = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="hwperf-peers-"))
            )
            start = cache(partial(_start, stack, directory, cc or "", allowed, library))
            for case in chosen:
                cpus = allowed[: case.threads] if case.threads > 1 else (number,)
                done += _one(case, start, cpus, arguments)
            os.sched_setaffinity(0, {number})
            done += _packages(coarse, number, directory, arguments)
            os.sched_setaffinity(0, allowed)
            done += _storage(on_disk, arguments)
            done += _network(between, directory, cc or "", arguments)
    except reference.ReferenceError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was compared so far:", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text("".join(f"{one.as_json()}\n" for one in done), encoding="utf-8")
    print(summary(done))
    if not done:
        return 2
    return 0 if all(one.passes for one in done) else 1


def _start(
    stack: ExitStack,
    directory: Path,
    cc: str,
    allowed: Sequence[int],
    library: reference.Blas | None,
    name: str,
) -> reference.Reference:
    """Build and start the program *name*; it ends with *stack*.

    Raises:
        reference.ReferenceError: if it cannot be built.
    """
    os.sched_setaffinity(0, allowed)  # What it inherits.
    peer = stack.enter_context(reference.running(reference.build(directory, cc, name)))
    if name == "cores" and library is not None:
        peer.use_cpus(allowed)
        peer.load_blas(library)
    return peer


def _one(
    case: Case,
    start: Callable[[str], reference.Reference],
    cpus: Sequence[int],
    arguments: argparse.Namespace,
) -> list[Comparison]:
    peer = start(case.request.program)
    os.sched_setaffinity(0, cpus)
    peer.use_cpus(cpus)
    try:
        found = contest.run(
            case,
            peer,
            n_pairs=arguments.pairs,
            sample_s=arguments.sample,
            clock=arguments.clock,
        )
    except (HwperfError, reference.ReferenceError) as why:
        print(f"{case.name:32} n/a: {why}", flush=True)
        return []
    print(row(found), flush=True)
    return [found]


def _packages(
    tests: Sequence[packages.Test], number: int, directory: Path, arguments: argparse.Namespace
) -> list[Comparison]:
    if arguments.reference_only or not tests:
        return []
    for program in packages.missing():
        print(f"{program} is not installed: {packages.INSTALL[program]}")
    done = []
    for test in packages.installed(tests):
        try:
            found = packages.run(test, number, directory, n_pairs=arguments.pairs)
        except (HwperfError, packages.PeerError) as why:
            print(f"{test.name:32} n/a: {why}", flush=True)
            continue
        print(row(found), flush=True)
        done.append(found)
    return done


def _storage(chosen: Sequence[StorageCase], arguments: argparse.Namespace) -> list[Comparison]:
    """Compare with fio, where it is installed."""
    if not chosen or arguments.reference_only:
        return []
    try:
        fio.version()
    except HwperfError as why:
        print(f"the cases of storage are left out: {why}")
        return []
    most = format_bytes(storage.LIMIT_BYTES)
    print(f"storage: at most {most} are written to a scratch file; none is left", file=sys.stderr)
    done = []
    for case in chosen:
        try:
            found = storage.run(case, n_pairs=max(arguments.pairs, storage.LEAST_ROUNDS))
        except HwperfError as why:
            print(f"{case.name:38} n/a: {why}", flush=True)
            continue
        print("\n".join(row(each) for each in found), flush=True)
        done += found
    return done


def _network(
    chosen: Sequence[NetworkCase], directory: Path, cc: str, arguments: argparse.Namespace
) -> list[Comparison]:
    """Compare with network.c, and with iperf3 and sockperf where they are installed."""
    absent = network.missing()
    wanted = {each.peer for each in chosen}
    for program in sorted(wanted & set(absent)):
        print(f"{program} is not installed: {network.INSTALL[program]}")
    left_out = {*network.INSTALL} if arguments.reference_only else {*absent}
    chosen = [each for each in chosen if each.peer not in left_out]
    if not chosen:
        return []
    compiled = reference.build(directory, cc, "network")
    done = []
    for case in chosen:
        try:
            found = network.run(case, compiled, n_pairs=arguments.pairs)
        except HwperfError as why:
            print(f"{case.name:38} n/a: {why}", flush=True)
            continue
        print(row(found), flush=True)
        done.append(found)
    return done


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make peers", description="Compare hwperf's kernels with C peers, interleaved."
    )
    parser.add_argument("--case", default="", metavar="REGEX", help="only cases that match")
    parser.add_argument(
        "--pairs", type=_pairs, default=9, metavar="N", help=f"pairs per case, >= {MIN_PAIRS}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="one JSON object per case")
    parser.add_argument(
        "--cpu", type=int, metavar="CPU", help="where the sides of one thread run; default: here"
    )
    parser.add_argument(
        "--sample", type=float, default=0.06, metavar="S", help="seconds per side of a pair"
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: the threads' own time, where other programs keep taking the core",
    )
    parser.add_argument(
        "--reference-only", action="store_true", help="leave out peers from packages"
    )
    return parser.parse_args(argv)


def _pairs(text: str) -> int:
    number = int(text)
    if number < MIN_PAIRS:
        raise argparse.ArgumentTypeError(f"{number} is too few: use {MIN_PAIRS} or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
