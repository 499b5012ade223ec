"""The options of a test run, and the fixtures that all tests may use."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.house import fill
from support.meter import Meter
from support.paths import ROOT
from support.programs import PULL, SLIMMEMETER, Done, Pull, Run
from support.readings import DAY, HOUR, MONDAY
from support.serving import Server
from support.telegrams import telegram

# Files that wait more than they work, or take longest: the others fill the time beside them.
FIRST = (
    "web/test_access.py",
    "line/test_port.py",
    "store/test_backup.py",
    "test_pull.py",
    "test_ten_years.py",
    "web/test_lifetime.py",
    "store/test_durable.py",
)
SHORT, LONG = 100, 10_000  # examples of a property
ASKED_FOR = {
    "long": "also the tests that take minutes",
    "servers": "also the tests with a browser, servers and large programs of Debian's packages",
    "system": "also the tests that build packages, and those that boot a Debian (root)",
}


def pytest_configure(config: pytest.Config) -> None:
    """As many examples as there is time for; how long one takes proves nothing."""
    settings.register_profile("short", max_examples=SHORT, deadline=None)
    settings.register_profile("long", max_examples=LONG, deadline=None)
    settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that take long, or more than Python, run only where they are asked for."""
    for kind, text in ASKED_FOR.items():
        parser.addoption(f"--{kind}", action="store_true", help=text)
    parser.addoption("--years", type=int, help="of the long simulation; without it a short one")
    parser.addoption("--suite", default="bookworm", help="which Debian: bookworm or trixie")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with its reason, what wasn't asked for; begin with what takes longest."""
    first = [ROOT / "tests" / name for name in FIRST]
    items.sort(key=lambda item: ("system" not in item.keywords, item.path not in first))
    for kind in ASKED_FOR:
        if not config.getoption(f"--{kind}"):
            reason = pytest.mark.skip(reason=f"only with --{kind}")
            for item in items:
                if kind in item.keywords:
                    item.add_marker(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let one process have all tests that boot a Debian, as each process installs again."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "system" if nodeid.startswith("tests/system/") else super()._split_scope(nodeid)

    return Scheduling(config, log) if config.getoption("--system") else None


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
def captured(tmp_path: Path) -> Callable[[str], Path]:
    """Puts a telegram of `tests/telegrams` into a file."""

    def capture(name: str) -> Path:
        path = tmp_path / f"{name}.telegram"
        path.write_bytes(telegram(name))
        return path

    return capture


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a test's database is, or will be."""
    return tmp_path / "slimmemeter.sqlite3"


@pytest.fixture
def pull(database: Path, tmp_path: Path) -> Pull:
    """Runs the real `p1-pull` on the test's database, in an environment that has nothing else."""

    def run(*arguments: object, stdin: str | None = None, **environ: object) -> Done:
        environment = {"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)}
        environment |= {name: str(value) for name, value in environ.items()}
        return subprocess.run(
            [*PULL, *map(str, arguments)],
            capture_output=True,
            check=False,
            env=environment,
            input=stdin,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def run(database: Path, tmp_path: Path) -> Run:
    """Runs the real `slimmemeter` on the test's database."""

    def command(*arguments: object, **environ: str) -> Done:
        return subprocess.run(
            [*SLIMMEMETER, *map(str, arguments)],
            capture_output=True,
            check=False,
            env={"HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)} | environ,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )

    return command


@pytest.fixture(scope="session")
def house_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of the simulated house around the end of summer time, and a gap of a day in it."""
    path = tmp_path_factory.mktemp("house") / "slimmemeter.sqlite3"
    gap = range(MONDAY + DAY + 2 * HOUR, MONDAY + DAY + 9 * HOUR)
    fill(path, MONDAY - 4 * DAY, MONDAY + 3 * DAY, gap)
    return path


@pytest.fixture(scope="session")
def server(house_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages of the simulated house, served by a real process."""
    with Server(house_database, tmp_path_factory.mktemp("served")) as made:
        yield made
