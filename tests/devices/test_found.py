"""Back ends are asked one by one: whatever one of them does, the others are used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from hwperf import Unsupported, UsageError
from hwperf.devices import DEVICE, Absent, Candidate, Found, Listing, chosen, found, lacking, opened
from hwperf.devices.found import of_points
from hwperf.devices.protocol import DeviceInfo
from hwperf.devices.simulated import Settings, simulate
from hwperf.devices.sound import one_line

MODULE = "a_strangers_back_end"


def candidate(id: str, kind: Any = "gpu", opens: Any = None) -> Candidate:
    return Candidate(id, "a device", kind, opens or (lambda: simulate(Settings())[0]))


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[EntryPoint]]:
    """Return entry points by name, of what is called or raised."""

    def named(**back_ends: Any) -> list[EntryPoint]:
        module = ModuleType(MODULE)
        monkeypatch.setitem(sys.modules, MODULE, module)
        made = []
        for name, does in back_ends.items():
            setattr(module, name, does)
            made.append(EntryPoint(name, f"{MODULE}:{name}", found.GROUP))
        return made

    return named


def raising(error: BaseException) -> Callable[[], Found]:
    def find() -> Found:
        raise error

    return find


GOOD = Found((candidate("good:0"),), (Absent("more of them", "there are no more"),))


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (raising(RuntimeError("no\ndriver")), "RuntimeError: no driver"),
        (raising(ImportError()), "ImportError: no message"),
        (raising(SystemExit(3)), "SystemExit: 3"),
        (lambda: None, f"TypeError: {MODULE}:bad returned None, not hwperf.devices.Found"),
        (7, "TypeError: 'int' object is not callable"),
        (list, f"TypeError: {MODULE}:bad returned [], not hwperf.devices.Found"),
        (lambda: Found(("x:0",)), "found 'x:0', no hwperf.devices.Candidate with an id"),  # type: ignore[arg-type]
        (lambda: Found((candidate(""),)), "no hwperf.devices.Candidate with an id"),
        (lambda: Found((candidate([1]),)), "no hwperf.devices.Candidate with an id"),  # type: ignore[arg-type]
        (lambda: Found(None), "TypeError: 'NoneType' object is not iterable"),  # type: ignore[arg-type]
        (lambda: Found((), ("nothing",)), "misses 'nothing', no hwperf.devices.Absent"),  # type: ignore[arg-type]
    ],
)
def test_what_a_back_end_does_wrongly_is_named(does: Any, why: str, points: Any) -> None:
    listing = of_points(points(bad=does, good=lambda: GOOD))
    assert list(listing.devices) == ["good:0"]
    (name, absent), more = listing.absent
    assert (name, absent.what) == ("bad", "back end")
    assert why in absent.why
    assert "\n" not in absent.why
    assert more == ("good", GOOD.absent[0])


def test_a_back_end_that_is_not_there_is_named(points: Any) -> None:
    made = [
        EntryPoint("gone", "no_such_module_at_all:find", found.GROUP),
        *points(good=lambda: GOOD),
    ]
    listing = of_points(made)
    assert list(listing.devices) == ["good:0"]
    assert "No module named 'no_such_module_at_all'" in listing.absent[0][1].why


def test_an_id_belongs_to_who_had_it_first(points: Any) -> None:
    mine, same = candidate("a:0"), candidate("a:0")
    listing = of_points(points(a=lambda: Found((mine, same))))
    assert listing.devices == {"a:0": mine}
    assert [(name, each.what, each.why) for name, each in listing.absent] == [
        ("a", "a:0", "another device has this id"),
    ]


@pytest.mark.parametrize(
    "id",
    [
        "good:7",
        "bad",
        "bad:",
        "bad2:0",
        "bad:a b",
        "bad:<b>",
        "bad:\n0",
        "bad:é",
        "bad:" + 100 * "x",
    ],
)
def test_an_id_is_of_its_back_end_and_fit_for_the_names_of_files(id: str, points: Any) -> None:
    listing = of_points(points(bad=lambda: Found((candidate(id),)), good=lambda: GOOD))
    assert list(listing.devices) == ["good:0"]
    assert "one begins with 'bad:' and has no more than 100" in listing.absent[0][1].why


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Candidate("bad:0", "x", "quantum", int), "of kind 'quantum', which is none of gpu, "),  # type: ignore[arg-type]
        (Candidate("bad:0", "x", ["gpu"], int), "of kind ['gpu'], which is none of"),  # type: ignore[arg-type]
        (Candidate("bad:0", None, "gpu", int), "with the name None, which is no text"),  # type: ignore[arg-type]
    ],
)
def test_a_candidate_without_a_kind_or_a_name_is_refused(
    wrong: Candidate, why: str, points: Any
) -> None:
    listing = of_points(points(bad=lambda: Found((wrong,)), good=lambda: GOOD))
    assert list(listing.devices) == ["good:0"]
    assert why in listing.absent[0][1].why


def test_what_a_back_end_prints_is_no_result(points: Any, capsys: Any) -> None:
    def find() -> Found:
        print("loading ...")
        return Found()

    of_points(points(loud=find))
    assert capsys.readouterr() == ("", "loading ...\n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\n b\t", "a b"),
        ("\x1b[31mred\u202e", "?[31mred?"),
        ("é µ 片", "é µ 片"),
        (None, "None"),
        ("x" * 1000, "x" * 296 + " ..."),
    ],
)
def test_what_a_stranger_says_takes_one_line(said: object, shown: str) -> None:
    assert one_line(said) == shown


def test_torch_is_asked_first_and_strangers_last(points: Any) -> None:
    names = ["zebra", "simulated", "opencl", "ant", "torch", "numba_cuda"]
    made = points(**{name: lambda n=name: Found((candidate(f"{n}:0"),)) for name in names})
    assert [id.split(":")[0] for id in of_points(made).devices] == [
        "torch", "numba_cuda", "opencl", "simulated", "ant", "zebra",
    ]  # fmt: skip


def listing_of(*kinds: str) -> Listing:
    made = [candidate(f"{kind}:{i}", kind) for i, kind in enumerate(kinds)]
    return Listing({each.id: each for each in made}, (("torch", Absent("CUDA", "no CUDA here")),))


@pytest.mark.parametrize(
    ("kinds", "first"),
    [
        (("cpu", "simulated", "gpu", "accelerator"), "gpu:2"),
        (("cpu", "accelerator", "gpu"), "accelerator:1"),
    ],
)
def test_an_accelerator_is_chosen_before_what_plays_one(kinds: tuple[str, ...], first: str) -> None:
    assert listing_of(*kinds).default().id == first


@pytest.mark.parametrize("kinds", [(), ("cpu",), ("simulated",), ("cpu", "simulated")])
def test_what_plays_one_is_never_chosen_by_itself(kinds: tuple[str, ...]) -> None:
    with pytest.raises(Unsupported) as why:
        listing_of(*kinds).default()
    assert str(why.value) == (
        "no accelerator found (torch: no CUDA here). 'hwperf devices' lists what was looked for; "
        "HWPERF_DEVICE=ID measures another device"
    )


def test_without_any_back_end_it_says_so() -> None:
    with pytest.raises(Unsupported, match=r"\(no back end is installed\)"):
        Listing({}).default()


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("cpu:9", "'cpu:9' is no device here. Did you mean cpu:0? There are: cpu:0, simulated:1."),
        ("simulated", "Did you mean simulated:1?"),
        ("torch:cuda:0", "There are: cpu:0, simulated:1. torch: no CUDA here. 'hwperf devices'"),
        ("", "'' is no device here. There are"),
        ("🦄", "'🦄' is no device here. There are"),
    ],
)
def test_an_id_that_is_not_there_gets_near_ones(id: str, says: str) -> None:
    with pytest.raises(UsageError) as why:
        listing_of("cpu", "simulated").find(id)
    assert says in str(why.value)


def test_where_there_are_none_it_says_none() -> None:
    with pytest.raises(UsageError, match="There are: none"):
        Listing({}).find("x")


def test_the_environment_names_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = listing_of("gpu", "cpu")
    monkeypatch.setattr(found, "listing", lambda: listing)
    monkeypatch.setattr(found, "_of_back_end", lambda name: listing)
    assert chosen({}).id == "gpu:0"
    assert chosen({DEVICE: ""}).id == "gpu:0"
    assert chosen({DEVICE: "cpu:1"}).id == "cpu:1"
    monkeypatch.setenv(DEVICE, "cpu:1")
    assert chosen().id == "cpu:1"
    assert lacking() is None
    monkeypatch.setenv(DEVICE, "cpu:7")
    assert (lacking() or "").startswith("'cpu:7' is no device here. Did you mean cpu:1?")
    with pytest.raises(Unsupported, match="'cpu:7' is no device here"), opened():
        pass


@pytest.mark.parametrize(
    ("opens", "says"),
    [
        (raising(OSError("the driver\nis gone")), "gpu:0 cannot be opened: the driver is gone"),
        (raising(RuntimeError()), "gpu:0 cannot be opened: RuntimeError"),
        (raising(SystemExit("bye")), "gpu:0 cannot be opened: bye"),
        (raising(Unsupported("it is busy")), "it is busy"),
        (lambda: None, "gpu:0 cannot be opened: its open() returned None, no device"),
        (lambda: 7, "gpu:0 cannot be opened: its open() returned 7, no device"),
        (7, "gpu:0 cannot be opened: 'int' object is not callable"),
    ],
)
def test_what_cannot_be_opened_says_why(opens: Any, says: str) -> None:
    with pytest.raises(Unsupported) as why, opened(candidate("gpu:0", opens=opens)):
        pass
    assert str(why.value) == says


class Closing:
    """A device that is closed."""

    info = simulate(Settings())[0].info
    n_closed = 0

    def close(self) -> None:
        self.n_closed += 1
        raise RuntimeError("closing failed")


def test_what_went_wrong_is_not_hidden_by_what_goes_wrong_at_the_end() -> None:
    device = Closing()
    opens = Candidate("simulated:0", "x", "simulated", lambda: device)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="first"), opened(opens):
        raise ValueError("first")
    assert device.n_closed == 1
    with pytest.raises(RuntimeError, match="closing failed"), opened(opens):
        pass
    assert device.n_closed == 2


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"id": "gpu:1"}, "the device calls itself 'gpu:1'"),
        ({"kind": "cpu"}, "the device is of kind 'cpu', and 'gpu' was announced"),
        ({"name": None}, "its name is None, which is no text"),
        ({"runtime": 7}, "its runtime is 7, which is no text"),
        (
            {"memory_bytes": "lots"},
            "its memory_bytes is 'lots': expected a number above 0, or None",
        ),
        ({"cache_bytes": -1}, "its cache_bytes is -1: expected"),
        ({"link_bandwidth": float("nan")}, "its link_bandwidth is nan: expected"),
        ({"memory_bandwidth": float("inf")}, "its memory_bandwidth is inf: expected"),
        ({"memory_bandwidth": 0}, "its memory_bandwidth is 0: expected"),
        ({"units": True}, "its units is True: expected"),
        ({"pci": 3}, "its pci is 3: expected an address, or None"),
    ],
)
def test_a_device_that_says_nonsense_of_itself_is_not_used(
    told: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Closing()
    known = {"id": "gpu:0", "name": "x", "backend": "gpu", "kind": "gpu"}
    monkeypatch.setattr(device, "info", DeviceInfo(**{**known, **told}), raising=False)
    with pytest.raises(Unsupported) as refused, opened(candidate("gpu:0", opens=lambda: device)):
        pass
    assert str(refused.value).startswith(f"gpu:0 cannot be used: {why}")
    assert device.n_closed == 1


def test_a_driver_that_knows_no_count_may_say_none() -> None:
    device = Closing()
    device.info = DeviceInfo("gpu:0", "x", "gpu", "gpu", cache_bytes=0, units=0, memory_bytes=None)
    with (
        pytest.raises(RuntimeError, match="closing failed"),
        opened(candidate("gpu:0", opens=lambda: device)),
    ):
        pass


def test_listing_and_choosing_imports_no_heavy_library() -> None:
    program = (
        "import os, sys\n"
        "from hwperf.devices import chosen, listing\n"
        "import hwperf.host.accelerator.found as accelerators\n"
        "os.environ['HWPERF_DEVICE'] = 'simulated:0'\n"
        "chosen()\n"
        "heavy = {'torch', 'pyopencl'} & set(sys.modules)\n"
        "print('ok' if accelerators.present() else sorted(heavy - {'pyopencl'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("ok", "[]")
