"""Over version 1.0, whose own installer had put it into /opt: everything goes on, or comes back."""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.paths import ROOT

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    PI,
    bring,
    check_out,
    get,
    install,
    kill_after,
    plug_meter_in,
    pull,
    stored,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

SETTINGS = "/etc/default/slimmemeter"
AT = "http://x:sesame@localhost:8081"
ITS_UNIT = "/etc/systemd/system/appWebserver.service"
ITS = (
    *("/opt/slimmemeter", "/usr/local/bin/p1-pull", "/usr/local/bin/slimmemeter"),
    *(ITS_UNIT, "/etc/tmpfiles.d/slimmemeter.conf"),
)


def git(*arguments: str) -> str:
    """What git says of the project; nothing where it knows none."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout.strip()


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of version 1.0.0."""
    commit = git("log", "--format=%H", "--max-count=1", "--grep=^Call it 1.0.0$")
    if not commit:
        pytest.skip("git doesn't know version 1.0.0 here")
    folder = tmp_path_factory.mktemp("former") / "slimmemeter"
    folder.mkdir()
    subprocess.run(
        ["sh", "-c", f"git -C '{ROOT}' archive {commit} | tar -x -C '{folder}'"], check=True
    )
    return folder


@pytest.fixture(scope="module")
def its_wheels(former: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its lock file names."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    lock = former / "scripts/requirements.lock"
    subprocess.run([*pip, "--no-deps", "--require-hashes", f"-r{lock}", f"-d{folder}"], check=True)
    return folder


@pytest.fixture(scope="module")
def installed_once(
    base: Path, former: Path, its_wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A root with version 1.0.0, a reading, a backup, a password, and a port of its own."""
    root = tmp_path_factory.mktemp("former-installed") / "root"
    with Machine(base) as machine:
        bring(machine, former, its_wheels)
        plug_meter_in(machine)
        # Without munkres, matplotlib takes scipy, which no package of this version needs.
        libraries = ["python3-munkres", "python3-matplotlib"]
        apt = ["apt-get", "install", "--yes", "--no-install-recommends"]
        machine.run(*apt, *libraries, timeout_s=300)
        install(machine)
        hashing = "/opt/slimmemeter/current/.venv/bin/python -m slimmemeter.installation hash"
        password = machine.shell(hashing, stdin="sesame\n").stdout.strip()
        lines = f"SLIMMEMETER_PASSWORD={password}\nSLIMMEMETER_LISTEN=*:8081\n"
        machine.shell(f"cat >>{SETTINGS}", stdin=lines)
        machine.run("slimmemeter", "backup")
        machine.run("systemctl", "stop", "appWebserver", "cron", "meter")
        machine.keep(root)
    return root


@pytest.fixture
def house(installed_once: Path, checkout: Path) -> Iterator[Machine]:
    """A machine with version 1.0.0, and a clone of this one."""
    with Machine(installed_once) as machine:
        plug_meter_in(machine)
        check_out(machine, checkout)
        yield machine


def assert_all_goes_on(machine: Machine, count: int, settings: str) -> None:
    """The readings, the settings, the password, the port, the backups and cron's pulls."""
    assert stored(machine) >= count
    assert machine.run("cat", SETTINGS).stdout == settings
    assert get(machine, "/", AT).status == 200
    assert get(machine, "/", "http://localhost:8081").status == 401
    assert len(machine.shell(f"ls {FOLDER}/backups {FOLDER}/before-upgrades").stdout.split()) >= 4
    assert pull(machine) == ""
    assert stored(machine) > count


def test_package_takes_over(house: Machine) -> None:
    """Data, settings, password, port and backups go on, and nothing of version 1.0 stays."""
    count, settings = stored(house), house.run("cat", SETTINGS).stdout
    output = install(house)
    assert "slimmemeter went from 1.0 to this" in output
    assert "the pages stay at *:8081: `slimmemeter listen` moves them" in output
    assert re.search(r"\n    http://\S+:8081\n", output)
    assert_all_goes_on(house, count, settings)
    for path in (*ITS, "/opt/slimmemeter-1.0"):
        assert house.run("test", "-e", path, check=False).returncode != 0, path
    assert house.run("slimmemeter", "--version", user=PI).stdout.startswith("slimmemeter ")
    assert "/usr/share/slimmemeter/" in house.run("cat", "/etc/cron.d/slimmemeter").stdout


def test_version_1_comes_back_if_the_package_fails(house: Machine) -> None:
    """A package that can't be installed leaves version 1.0 as it was; the next one takes over."""
    count, settings = stored(house), house.run("cat", SETTINGS).stdout
    house.shell(f"sed -i.good 's/^main() {{/main() {{ exit 1/' {CHECKOUT}/debian/postinst")
    done = house.run(f"{CHECKOUT}/scripts/install.sh", check=False, timeout_s=300)
    assert done.returncode == 1
    assert "the package could not be installed: version 1.0 goes on" in done.stderr
    assert house.run("cat", SETTINGS).stdout == settings
    poll_until("its pages answered", lambda: get(house, "/", AT).status == 200, 60)
    house.run("/opt/slimmemeter/current/scripts/pull.sh", user="slimmemeter")
    assert stored(house) > count
    house.run("mv", f"{CHECKOUT}/debian/postinst.good", f"{CHECKOUT}/debian/postinst")
    install(house)
    assert_all_goes_on(house, count, settings)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"sleep {random.uniform(1, 15):.2f}", id="any"),
        # Version 1.0's unit is moved aside, and the package's own isn't there yet.
        pytest.param(f"while [ -e {ITS_UNIT} ]; do sleep 0.01; done", id="between-the-units"),
    ],
)
def test_killed_take_over_is_repeated(house: Machine, moment: str) -> None:
    """Whenever it is killed, the same command finishes it."""
    count, settings = stored(house), house.run("cat", SETTINGS).stdout
    print(f"killed after: {moment}")
    kill_after(house, moment, f"{CHECKOUT}/scripts/install.sh")
    install(house)
    assert_all_goes_on(house, count, settings)
    assert house.run("test", "-e", "/opt/slimmemeter-1.0", check=False).returncode != 0
    assert house.run("sqlite3", DATABASE, "PRAGMA integrity_check").stdout == "ok\n"
