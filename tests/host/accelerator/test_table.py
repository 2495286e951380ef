"""A user's file adds rows and replaces ours; what is wrong with it is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf.errors import UsageError
from hwperf.host.accelerator import known
from hwperf.host.accelerator.known import VARIABLE, Accelerator, lookup

ROW = """
[accelerators."My card"]
match = ['My card']
vendor = "Mine"
source = "my data sheet, page 3"
memory_bandwidth = 1e12
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def read(file: Path, text: str, name: str = "My card") -> Accelerator | None:
    file.write_text(text, encoding="utf-8")
    return known.known(name, environment={VARIABLE: str(file)})


def refused(file: Path, text: str | None = None) -> str:
    """Return the sentence for a file with *text*."""
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as fault:
        known.known("My card", environment={VARIABLE: str(file)})
    said = str(fault.value)
    assert said.startswith(f"{VARIABLE}: {file}: ")
    assert "\n" not in said
    return said.removeprefix(f"{VARIABLE}: {file}: ")


def test_a_row_takes_a_minute(file: Path) -> None:
    """A name, a vendor, a source in words and one figure are enough."""
    row = read(file, ROW)
    assert row is not None
    assert row.memory_bandwidth == 1e12
    assert row.flops("f32") is None
    assert row.link_bandwidth is None
    assert row.source_of("memory_bandwidth") == "my data sheet, page 3 (vendor)"


def test_a_users_row_comes_before_ours(file: Path) -> None:
    text = ROW.replace("'My card'", "'NVIDIA H100 PCIe'")
    row = read(file, text, "NVIDIA H100 PCIe")
    assert row is not None
    assert (row.name, row.memory_bandwidth) == ("My card", 1e12)
    ours = known.known("NVIDIA L4", environment={VARIABLE: str(file)})
    assert ours is not None
    assert ours.name == "L4"


def test_everything_that_a_row_may_have(file: Path) -> None:
    row = read(
        file,
        """
        [sources.sheet]
        title = "The sheet"
        url = "https://example.org"
        date = 2026-01-02
        [accelerators.one]
        match = ['My card']
        match_with_memory = ['gfx1']
        vendor = "Mine"
        arch = "A"
        form = "F"
        devices_per_card = 2
        source = "sheet"
        memory_bytes = 1_073_741_824
        cache_bytes = 1024
        flops = { f32 = 1e12, bf16 = { value = 2e12, kind = "derived", how = "2 x f32" } }
        link = { bus = "PCIe", generation = 3, lanes = 8 }
        peer = { bus = "wire", value = 5e9, source = "a note", kind = "measured" }
        typical = { launch = { lo = 1e-6, hi = 2e-6, source = "my run", date = "2026-02" } }
        """,
    )
    assert row is not None
    assert (row.devices_per_card, row.memory_bytes, row.cache_bytes) == (2, 2**30, 1024)
    assert (row.link_kind, row.link_generation, row.link_lanes) == ("PCIe", 3, 8)
    assert row.link_bandwidth == pytest.approx(7.877e9, rel=1e-3)
    assert (row.peer_kind, row.peer_bandwidth) == ("wire", 5e9)
    assert row.launch_s == 1e-6
    assert row.source_of("flops.f32") == "The sheet (vendor, 2026-01-02)"
    assert row.source_of("flops.bf16") == "The sheet (derived, 2 x f32, 2026-01-02)"
    assert row.source_of("peer") == "a note (measured)"
    assert row.source_of("launch") == "my run (measured, 2026-02)"


def test_a_row_may_be_like_another(file: Path) -> None:
    row = read(file, ROW + "[accelerators.more]\nlike = 'My card'\nmatch = ['More']\n", "More")
    assert row is not None
    assert (row.name, row.memory_bandwidth, row.match) == ("more", 1e12, ("More",))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("1e12", "'fast'"), "memory_bandwidth: 'fast', expected a number above 0, in B/s"),
        (("1e12", "-1"), "memory_bandwidth: -1, expected a number above 0, in B/s"),
        (("1e12", "nan"), "memory_bandwidth: nan, expected a number above 0, in B/s"),
        (("1e12", "true"), "memory_bandwidth: True, expected a number above 0, in B/s"),
        (("memory_bandwidth", "memory_bandwith"),
         "unknown key 'memory_bandwith', did you mean 'memory_bandwidth'?"),
        (("['My card']", "'My card'"),
         "match: 'My card', expected a list of regular expressions, each in quotes"),
        (("['My card']", "['My (card']"),
         "match: 'My (card', expected a regular expression (missing ), unterminated subpattern at "
         "position 3)"),
        (("match = ['My card']", ""),
         "match: missing, expected a list of regular expressions for the name"),
        (('vendor = "Mine"', ""), "vendor: missing, expected a text in quotes"),
        (('source = "my data sheet, page 3"', ""), "source: missing, expected a text in quotes"),
        (("1e12", "1e12\nflops.bf17 = 1e12"), "unknown key 'flops.bf17', did you mean 'bf16'?"),
        (("1e12", "1e12\nflops = 3"), "flops: 3, expected a table"),
        (("1e12", "1e12\nlink = { bus = 'PCIe', generation = 9, lanes = 16 }"),
         "link.generation: 9, expected one of 1, 2, 3, 4, 5, 6"),
        (("1e12", "1e12\nlink = { bus = 'PCIe', generation = 4 }"),
         "link.lanes: missing, expected a number from 1 to 32"),
        (("1e12", "1e12\nlink = { bus = 'C2C' }"),
         "link: missing, expected a number above 0, in B/s"),
        (("1e12", "{ value = 1e12, kind = 'guessed' }"),
         "kind: 'guessed', expected one of vendor, measured, derived"),
        (("1e12", "1e12\ntypical.launch = { lo = 2, hi = 1, source = 'x' }"),
         "typical.launch: {'lo': 2, 'hi': 1, 'source': 'x'}, expected lo and hi in s, lo not above "
         "hi"),
        (("1e12", "1e12\ntypical.launch = 3"),
         "typical.launch: 3, expected a table (lo, hi, source)"),
        (("1e12", "1e12\ndevices_per_card = 0"),
         "devices_per_card: 0, expected a whole number from 1"),
        (("1e12", f"1{'0' * 400}"),
         f"memory_bandwidth: 1{'0' * 75} ..., expected a number above 0, in B/s"),
        (("['My card']", "['a{99999999999999999999}']"),
         "match: 'a{99999999999999999999}', expected a regular expression (the repetition number "
         "is too large)"),
        (("1e12", "1e12\nlike = 'nobody'"),
         "like: 'nobody', expected the name of a row of this file without a 'like'"),
    ],
)  # fmt: skip
def test_a_fault_names_table_key_and_what_was_expected(
    file: Path, change: tuple[str, str], fault: str
) -> None:
    assert refused(file, ROW.replace(*change)) == f'[accelerators."My card"] {fault}.'


def test_all_faults_are_told_at_once(file: Path) -> None:
    said = refused(file, ROW.replace("1e12", "0\nfoo = 1\nbar = 1\nbaz = 1\ncache_bytes = 0"))
    assert said.count("unknown key") == 3
    assert said.endswith("; and 2 more.")


def test_what_is_no_table_of_accelerators_is_said(file: Path) -> None:
    assert refused(file) == (
        "No such file or directory. Expected a file as hwperf's host/data/accelerators.toml."
    )
    assert refused(file, "a = [").startswith("no TOML file: ")
    assert refused(file, "[devices.x]\n").startswith("unknown key 'devices', ")
    assert refused(file, "accelerators = 3\n") == "accelerators: 3, expected a table."
    assert refused(file, "[accelerators]\nx = 3\n") == (
        '[accelerators."x"] 3, expected a table (match, vendor, memory_bandwidth ...).'
    )
    assert refused(file, f"a = {'[' * 5000}{']' * 5000}").startswith("nested too deeply. ")
    file.write_bytes(b"\xff\xfe")
    assert refused(file).startswith("no TOML file: 'utf-8' codec can't decode")
    file.write_bytes(b"#" * (1 << 21))
    assert refused(file) == "larger than 1 MiB, which no table of accelerators is."
    file.unlink()
    file.mkdir()
    assert refused(file).startswith("Is a directory.")


def test_two_rows_for_one_device_are_refused(file: Path) -> None:
    text = ROW + ROW.replace('"My card"]', '"Again"]')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as fault:
        known.known("My card", environment={VARIABLE: str(file)})
    assert str(fault.value) == (
        f"{file}: the rows 'My card' and 'Again' both match 'My card'. "
        "Make their 'match' tell them apart, or give them 'match_with_memory'."
    )


def test_a_limit_gets_the_sentence_instead_of_an_error(file: Path) -> None:
    row, why = lookup("NVIDIA L4", environment={VARIABLE: str(file)})
    assert row is None
    assert why.startswith(f"{VARIABLE}: {file}: No such file")


def test_an_empty_variable_names_no_file() -> None:
    assert known.known("NVIDIA L4", environment={VARIABLE: ""}) is not None
