"""What the tests share: meters that speak on a pseudo-terminal, the real programs, a database."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from slimmemeter.demo import household
from slimmemeter.demo import run as demo
from slimmemeter.p1.framing import crc16
from slimmemeter.store.reader import Reader
from slimmemeter.store.writer import Writer

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "test-telegram.txt"
PULL = [sys.executable, "-I", "-m", "slimmemeter.pull"]
MONDAY = 1_792_969_200  # 2026-10-26 00:00 in Amsterdam, the day after summer time ended

Found = TypeVar("Found")
Pull = Run = Callable[..., subprocess.CompletedProcess[str]]


SHORT, LONG = 500, 10_000  # examples of a property


def pytest_configure(config: pytest.Config) -> None:
    """As many examples as there is time for; how long one takes proves nothing."""
    settings.register_profile("short", max_examples=SHORT, deadline=None)
    settings.register_profile("long", max_examples=LONG, deadline=None)
    settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that take long, or root, are asked for."""
    parser.addoption("--long", action="store_true", help="also the tests that take minutes")
    parser.addoption("--years", type=int, help="of the long simulation; without it a short one")
    parser.addoption("--system", action="store_true", help="also those that boot a Debian (root)")
    parser.addoption("--suite", default="bookworm", help="which Debian: bookworm or trixie")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with its reason, what wasn't asked for; begin with what boots a Debian, as that takes
    longest."""
    items.sort(key=lambda item: "system" not in item.keywords)
    for kind in ("long", "system"):
        if not config.getoption(f"--{kind}"):
            reason = pytest.mark.skip(reason=f"only with --{kind}")
            for item in items:
                if kind in item.keywords:
                    item.add_marker(reason)


def needs(program: str, package: str) -> str:
    """The path of a program of a Debian package; without it the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        said = f"{program} isn't here: apt install {package}"
        if "SLIMMEMETER_TESTS_SKIP_NOTHING" in os.environ:
            pytest.fail(said)
        pytest.skip(said)
    return found


def until(look: Callable[[], Found], within_s: float = 20) -> Found:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing in {within_s} s"
        time.sleep(0.02)
    return found


def with_crc(*lines: str) -> bytes:
    """A telegram of these lines, with the closing line and its right CRC."""
    body = "\r\n".join([*lines, "!"]).encode("latin-1")
    return body + b"%04X\r\n" % crc16(body)


def simple(*lines: str, meter: str = "31", stamp: str = "261123120000W") -> bytes:
    """A small telegram of DSMR 5 with one register and the given lines."""
    return with_crc(
        "/TST5\\2METER",
        "",
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({stamp})",
        f"0-0:96.1.1({meter})",
        *(lines or ("1-0:1.8.1(000001.000*kWh)",)),
    )


class Meter(threading.Thread):
    """Says the same pieces again and again on a pseudo-terminal, while somebody has it open."""

    def __init__(self, pieces: Sequence[bytes], pause_s: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.pieces = pieces
        self._pause_s = pause_s
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.port = os.ttyname(theirs)
        os.close(theirs)
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(self._pause_s):
            for piece in self.pieces:
                self._say(piece)

    def _say(self, piece: bytes) -> None:
        poll = select.poll()
        poll.register(self._ours, select.POLLOUT)
        while piece and not self._over.is_set():
            ((_, state),) = poll.poll(200) or ((0, 0),)
            if state & select.POLLHUP:  # nobody has it open
                self._over.wait(0.01)
            elif state & select.POLLOUT:
                piece = piece[os.write(self._ours, piece) :]

    def stop(self) -> None:
        """Be silent for ever, as after the cable was pulled out."""
        self._over.set()
        self.join()
        os.close(self._ours)


@pytest.fixture
def meter() -> Iterator[Callable[..., Meter]]:
    """Makes meters that fall silent at the end of the test."""
    made: list[Meter] = []

    def make(*pieces: bytes, pause_s: float = 0.05) -> Meter:
        made.append(Meter(pieces, pause_s))
        return made[-1]

    yield make
    for each in made:
        if each.is_alive():
            each.stop()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a test's database is, or will be."""
    return tmp_path / "slimmemeter.sqlite3"


@pytest.fixture
def pull(database: Path, tmp_path: Path) -> Pull:
    """Runs the real `p1-pull` on the test's database, in an environment that has nothing else."""

    def run(*arguments: object, **kept: object) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)}
        environment |= {name: str(value) for name, value in kept.items() if name.isupper()}
        return subprocess.run(
            [*PULL, *map(str, arguments)],
            capture_output=True,
            check=False,
            env=environment,
            input=kept.get("said"),  # type: ignore[arg-type]
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def run(database: Path, tmp_path: Path) -> Run:
    """Runs the real `slimmemeter` on the test's database."""

    def command(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "slimmemeter.cli", *map(str, arguments)],
            capture_output=True,
            check=False,
            env={"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)} | environ,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )

    return command


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    """What a person with `sqlite3` would see."""
    reader = Reader(str(database))
    try:
        return [tuple(row) for row in reader._rows(sql)]
    finally:
        reader.close()


def kill_in_a_transaction(database: Path) -> None:
    """What a pull leaves that was killed while it wrote."""
    killed = (
        "import os, sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "d.execute('PRAGMA cache_size = 1'); d.execute('BEGIN');"
        "d.execute('CREATE TABLE t (x)'); [d.execute('INSERT INTO t VALUES (zeroblob(9000))')"
        " for _ in range(50)]; os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed, str(database)], check=False)
    assert Path(f"{database}-journal").stat().st_size > 0


@pytest.fixture(scope="session")
def house_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of the simulated house around the end of summer time, and a gap of a day in it."""
    path = tmp_path_factory.mktemp("house") / "slimmemeter.sqlite3"
    house = household.House(MONDAY - 4 * 86400, household.START_WH, household.START_GAS_DM3)
    writer = Writer(str(path))
    week = demo._readings(house, MONDAY + 3 * 86400, print)
    gap = range(MONDAY + 86400 + 7200, MONDAY + 86400 + 9 * 3600)
    writer.add_many((pair for pair in week if pair[1] not in gap), demo.SIMULATED)
    writer.close()
    return path
