"""The sync's surroundings fail in the middle of a run: the directory, the disks, a second run."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from congvu.directory.settings import Provider
from congvu.errors import SystemFailure
from congvu.fleet.lab import Lab
from congvu.sync.job import Outcome, Progress, Status
from tests.faults.scene import SECOND, Scene
from tests.slapd import Slapd, scratch

FINISHED = (Status.FINE, Status.PENDING)
SOON = 2.0
"""Seconds until a server that was broken is mended; a run waits longer than that."""
PAUSE = 20.0


@pytest.fixture(scope="module")
def province(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, dict[str, object]]]:
    """The province before its second night, and what the directory must hold after it."""
    with scratch(lab) as server:
        folder = tmp_path_factory.mktemp("sync") / "province"
        folder.mkdir()
        scene = Scene.set_up(server, folder)
        scene.settle()
        assert scene.run().status in FINISHED
        yield scene, dict(scene.tree())


@pytest.fixture
def scene(province: tuple[Scene, dict[str, object]]) -> Scene:
    """The province, before its second night."""
    province[0].restore()
    return province[0]


@pytest.fixture
def wanted(province: tuple[Scene, dict[str, object]]) -> dict[str, object]:
    """What the directory must hold after the second night."""
    return province[1]


def after(number: int, act: Callable[[], object]) -> Progress:
    """Do `act` once: when so many operations are answered."""
    left = [act]

    def progress(_: str, done: int, __: int) -> None:
        if done == number and left:
            left.pop()()

    return progress


def complete(scene: Scene, wanted: dict[str, object], outcome: Outcome) -> None:
    """The run ended well, and the directory and the log are as if nothing had happened."""
    assert outcome.status in FINISHED
    assert not outcome.failures
    as_if_nothing(scene, wanted)


def as_if_nothing(scene: Scene, wanted: dict[str, object]) -> None:
    """The directory is as it must be, the log is whole, and the next run finds nothing to do."""
    assert scene.tree() == wanted
    assert scene.broken() is None
    assert not any(plan.operations for plan in scene.run().plans)


@contextmanager
def mended(seconds: float, act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Gives what starts a clock; `act` is done when it has run out, and has ended when this has."""
    clock = threading.Timer(seconds, act)
    yield clock.start
    if clock.ident:
        clock.join()


# --- the directory


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (Slapd.kill, Slapd.start),
        (Slapd.stop, Slapd.start),
        (Slapd.readonly, lambda server: server.readonly(on=False)),
    ],
    ids=["killed", "stopped", "read-only"],
)
def test_a_run_waits_for_a_directory_that_comes_back(
    breaks: Callable[[Slapd], None],
    mends: Callable[[Slapd], None],
    scene: Scene,
    wanted: dict[str, object],
) -> None:
    with mended(SOON, lambda: mends(scene.server)) as clock:

        def fail() -> None:
            breaks(scene.server)
            clock()

        outcome = scene.run(progress=after(5, fail))
    complete(scene, wanted, outcome)


def test_a_run_waits_for_a_directory_that_hangs(scene: Scene, wanted: dict[str, object]) -> None:
    with mended(PAUSE, scene.server.resume) as clock:

        def hang() -> None:
            scene.server.pause()
            clock()

        outcome = scene.run(progress=after(5, hang))
    complete(scene, wanted, outcome)


def test_a_directory_that_stays_away_ends_the_run_and_the_next_goes_on(
    scene: Scene, wanted: dict[str, object]
) -> None:
    with pytest.raises(SystemFailure) as told:
        scene.run(progress=after(5, scene.server.kill))
    assert told.value.exit_code == Status.FAILED
    assert "ldap://" in str(told.value)
    scene.server.start()
    complete(scene, wanted, scene.run())


def test_a_directory_without_room_ends_the_run_and_the_next_goes_on(
    scene: Scene, wanted: dict[str, object]
) -> None:
    database = "olcDatabase={1}mdb,cn=config"
    size = scene.server.root("ldapsearch", "-LLL", "-b", database, "-s", "base", "olcDbMaxSize")
    normal = size.split("olcDbMaxSize: ")[1].split()[0]
    used = scene.server.shell(f"stat -c %s {scene.server.folder}/db/data.mdb").strip()
    scene.server.configure(database, olcDbMaxSize=used)
    scene.server.stop()
    scene.server.start()
    failed: SystemFailure | None = None
    try:
        outcome = scene.run()
    except SystemFailure as fault:
        failed = fault
    else:
        assert outcome.failures
    finally:
        scene.server.configure(database, olcDbMaxSize=normal)
        scene.server.stop()
        scene.server.start()
    assert failed is None or failed.exit_code == Status.FAILED
    complete(scene, wanted, scene.run())


def test_a_provider_that_swallows_everything_is_passed_over(scene: Scene, wanted: dict[str, object]) -> None:
    with socket.socket() as silent:  # takes the connection and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hole = Provider(f"ldaps://127.0.0.1:{silent.getsockname()[1]}")
        directory = replace(scene.settings.directory, providers=(hole, *scene.settings.directory.providers))
        outcome = scene.run(at=replace(scene.settings, directory=directory))
    complete(scene, wanted, outcome)


# --- the disks


@pytest.fixture
def small_disk(scene: Scene, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of its own, nearly full, under one of the folders; it has room again afterwards."""
    folder = scene.folder / str(request.param)
    kept = {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        for name, content in kept.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("small_disk", ["audit", "state", "feed", "sheets"], indirect=True)
def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    small_disk: Path, scene: Scene, wanted: dict[str, object]
) -> None:
    ballast = small_disk / "ballast"
    fill = ["dd", "if=/dev/zero", f"of={ballast}", "bs=4k"]
    assert subprocess.run(fill, capture_output=True, check=False).returncode  # no space left on device
    with pytest.raises(SystemFailure) as told:
        scene.run()
    assert told.value.exit_code == Status.FAILED
    assert str(small_disk) in str(told.value)
    ballast.unlink()
    assert scene.run().status in FINISHED
    as_if_nothing(scene, wanted)


# --- two at once, and an end in good order


def test_of_two_runs_the_second_is_turned_away(scene: Scene, wanted: dict[str, object]) -> None:
    told: list[SystemFailure] = []

    def second() -> None:
        with pytest.raises(SystemFailure) as caught:
            scene.run()
        told.append(caught.value)

    outcome = scene.run(progress=after(5, second))
    assert "fault test" in str(told[0])
    complete(scene, wanted, outcome)


def test_a_run_that_is_told_to_end_does_so_between_two_operations(
    scene: Scene, wanted: dict[str, object]
) -> None:
    stop = threading.Event()
    outcome = scene.run(progress=after(5, stop.set), stop=stop)
    assert outcome.status is Status.FAILED
    assert 0 < len(outcome.done) < sum(len(plan.operations) for plan in outcome.plans)
    complete(scene, wanted, scene.run(SECOND))
