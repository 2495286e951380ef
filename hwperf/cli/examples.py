"""Examples of every verb. This module holds what ``hwperf VERB --help`` ends with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXAMPLES", "epilog"]

Example = tuple[str, str]

_WIDTH = 74  # Of a line: click indents what follows the options by two of 80 columns.
_GAP = 3

EXAMPLES: Mapping[str, tuple[Example, ...]] = MappingProxyType(
    {
        "aa": (
            ("hwperf aa --dry-run", "what would run, and for how long"),
            ("hwperf aa -k memory --rounds 8", "the noise floor of memory.*"),
            ("hwperf aa --target 1%", "how many rounds show a change of 1 %"),
        ),
        "ab": (
            ("hwperf ab HEAD~1 HEAD", "is this commit slower than the last?"),
            ("hwperf ab main HEAD -k parse --rounds 10", "one benchmark, closely"),
            ("hwperf ab v1.0 v1.1 --format markdown", "to paste in a review"),
        ),
        "card": (
            ("hwperf card", "the lecture's numbers beside this machine's"),
            ("hwperf card --format svg -o card.svg", "a picture for a README"),
            ("hwperf card --json", "every claim, for a program"),
        ),
        "claims": (
            ("hwperf claims", "which laws hold here, with the counter-measurement"),
            ("hwperf claims --json", "the same for a program"),
        ),
        "compare": (
            ("hwperf compare HEAD~1 HEAD", "the runs of two commits"),
            ("hwperf compare HEAD~1 HEAD --all", "also what did not change"),
            ("hwperf compare HEAD~1 HEAD --format markdown", "to paste in a review"),
        ),
        "completion": (
            ('eval "$(hwperf completion bash)"', "in ~/.bashrc"),
            ('eval "$(hwperf completion zsh)"', "in ~/.zshrc, after compinit"),
            ("hwperf completion fish | source", "in ~/.config/fish/config.fish"),
        ),
        "devices": (
            ("hwperf devices", "what is there, and why the rest is not"),
            ("hwperf devices --json", "the ids that --device takes"),
        ),
        "doctor": (
            ("hwperf doctor", "before a run that matters"),
            ("hwperf doctor --json", "to keep beside the results"),
        ),
        "export": (
            ("hwperf export --format csv -o run.csv", "the newest run as a table"),
            ("hwperf export --format json --all-runs", "everything of this machine"),
            ("hwperf export --format prometheus", "for a textfile collector"),
        ),
        "gpu-proof": (
            ("hwperf gpu-proof", "the first accelerator, within 8 minutes"),
            ("hwperf gpu-proof --minutes 3 --out gpu.json", "shorter, to a file"),
            ("hwperf gpu-proof --device simulated:0", "to see what it prints"),
        ),
        "info": (
            ("hwperf info", "what this machine is, and its limits"),
            ("hwperf info --sources", "where each fact comes from"),
            ("hwperf info --measured", "what ten seconds of measuring say of it"),
        ),
        "list": (
            ("hwperf list", "all workloads"),
            ("hwperf list latency", "those whose id contains it"),
            ("hwperf list memory.copy --json", "parameters for a program"),
        ),
        "measure": (
            ("hwperf measure memory.copy", "every point of it"),
            ("hwperf measure memory.read -p nbytes=8KiB", "one point"),
            ("hwperf measure core.clock --budget 5s --json", "longer, for a program"),
        ),
        "napkin": (
            ('hwperf napkin "read 10GiB disk; gemm 8192 f32 x100"', "how long, by what bound"),
            ('hwperf napkin "copy 10GiB host_to_device" --json', "for a program"),
        ),
        "publish": (
            ("hwperf publish", "the pages of all recorded results"),
            ("hwperf publish --config suite/asv.conf.json", "of another project"),
        ),
        "regress": (
            ("hwperf regress", "did anything get slower, and since when?"),
            ("hwperf regress --since HEAD~20 --format markdown", "of late, for a review"),
            ("hwperf regress --format junit -o track.xml", "for CI; exit code 1 if so"),
        ),
        "report": (
            ("hwperf report -o report.html", "the newest run, one offline file"),
            ("hwperf report -o old.html --commit HEAD~1", "an older one"),
        ),
        "roofline": (
            ("hwperf roofline", "the ceilings of this machine, as recorded"),
            ("hwperf roofline --format json", "for a program or a plot"),
        ),
        "run": (
            ("hwperf run", "the whole suite within 3 minutes"),
            ("hwperf run -k memory.latency --dry-run", "what would be measured"),
            ("hwperf run --full --publish", "longer, and the pages afterwards"),
            ("hwperf run --path /mnt/nvme", "that disk"),
        ),
        "serve": (
            ("hwperf serve --once --bind 192.0.2.1", "for the other host's network.host"),
            ("hwperf serve --once --bind 192.0.2.1 --timeout 2min", "not for long"),
        ),
        "steps": (
            ("hwperf steps series.csv", "where the values of one column changed"),
            ("hwperf steps - --json < series.csv", "from standard input"),
        ),
        "verdict": (
            ("hwperf verdict", "the two newest commits: code or machine?"),
            ("hwperf verdict HEAD~5 HEAD", "two commits of your choice"),
            ("hwperf verdict --format markdown", "to paste in a review"),
        ),
    }
)
"""For each verb some commands, and what each is for; also of verbs that plug in later."""


def epilog(verb: str) -> str | None:
    """Return the words that end the help of *verb*, laid out as click keeps them; None for none."""
    examples = EXAMPLES.get(verb)
    if not examples:
        return None
    column = max(len(command) for command, _ in examples) + _GAP
    lines = ["\b", "Examples:"]
    for command, words in examples:
        beside = f"  {command:<{column}}{words}"
        lines += [beside] if len(beside) <= _WIDTH else [f"  {command}", f"      {words}"]
    return "\n".join(lines)
