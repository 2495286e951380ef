#!/usr/bin/env python3
"""hwperf beside its peers on this machine. This module is the command behind ``make peers``."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import contest
import packages
import reference
from cases import Case, cases
from ratios import MIN_PAIRS, Comparison
from table import HEADER, row, summary

from hwperf.errors import HwperfError
from hwperf.host import cpu


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print a table, and return 0, 1 if a goal was missed, or 2 if nothing could be."""
    arguments = _arguments(argv)
    cc = reference.compiler()
    if cc is None:
        print(
            "no C compiler found (looked for $CC, gcc, cc), so there is nothing to compare with; "
            "install one, e.g. apt-get install gcc libc6-dev.",
            file=sys.stderr,
        )
        return 2
    chosen = [case for case in cases() if re.search(arguments.case, case.name)]
    coarse = [test for test in packages.TESTS if re.search(arguments.case, test.name)]
    if not chosen and not coarse:
        print(f"no case matches {arguments.case!r}; there are:", file=sys.stderr)
        print("\n".join(case.name for case in cases()), file=sys.stderr)
        return 2
    number = cpu.current_cpu() if arguments.cpu is None else arguments.cpu
    try:
        os.sched_setaffinity(0, {number})
    except OSError as error:
        print(f"--cpu {number}: {error}", file=sys.stderr)
        return 2
    print(HEADER)
    done: list[Comparison] = []
    try:
        with tempfile.TemporaryDirectory(prefix="hwperf-peers-") as directory:
            program = reference.build(Path(directory), cc)
            with reference.running(program, number) as peer:
                for case in chosen:
                    done += _one(case, peer, arguments)
            done += _packages(coarse, number, Path(directory), arguments)
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


def _one(case: Case, peer: reference.Reference, arguments: argparse.Namespace) -> list[Comparison]:
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
    if arguments.reference_only:
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
        "--cpu", type=int, metavar="CPU", help="where both sides run; default: here"
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
