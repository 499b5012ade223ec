"""From one package to the next and back, with kills on the way, and out again without a trace."""

import json
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support import deb
from support.paths import ROOT

from .inside import (
    DATABASE,
    FOLDER,
    OWN,
    bring,
    files_of,
    get,
    kill_after,
    pull,
)
from .machine import Machine

pytestmark = pytest.mark.system

SETTINGS = "/etc/default/slimmemeter"
COPIES = "/var/backups/slimmemeter"
APT = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
CONTROL = ROOT / "debian/control"
VISITORS = Path(__file__).with_name("visitors.py")
# A step of the schema that works, and one that doesn't.
NEXT_SCHEMA = {"slimmemeter/store/schema.py": (r"\nVERSION = (\d+)", r"\nVERSION = \1 + 1")}
STEP = "\n\nMIGRATIONS[schema.VERSION - 1] = ({!r},)\n\n\ndef run"
GOOD, BAD = (
    {"slimmemeter/store/upgrade.py": ("\ndef run", STEP.format(statement))}
    for statement in ("ALTER TABLE readings ADD COLUMN made_up", "DROP TABLE nothing")
)
NO_PAGES = {
    "slimmemeter/web/server.py": (
        "def serve",
        "def serve(_: object) -> None:\n    raise SystemExit(7)\n\n\ndef _serve",
    )
}
Made = Callable[..., str]


@pytest.fixture(scope="module")
def made(machine: Machine, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Builds the package of a variant, and returns its path in the machine."""

    def make(number: str, *changes: dict[str, deb.Change], source: Path = checkout) -> str:
        folder = tmp_path_factory.mktemp("variant")
        every = {name: change for each in changes for name, change in each.items()}
        package = deb.build(deb.variant(source, folder / "slimmemeter", number, every), folder)
        machine.copy_in(package, f"/srv/{package.name}")
        machine.run("chmod", "a+r", f"/srv/{package.name}")
        return f"/srv/{package.name}"

    return make


@pytest.fixture(scope="module")
def before(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of the commit before, or, where git knows of none with a package, this one."""
    folder = tmp_path_factory.mktemp("before") / "slimmemeter"
    folder.mkdir()
    archive = f"git -C '{ROOT}' archive HEAD^ | tar -x -C '{folder}'"
    subprocess.run(["sh", "-c", archive], capture_output=True, check=False)
    return folder if (folder / "scripts/build-deb.sh").exists() else checkout


@pytest.fixture(scope="module")
def old(machine: Machine, made: Made, before: Path) -> Machine:
    """A machine with the version before, a few readings, and a setting that somebody made."""
    purge(machine)
    install(machine, made("0.0.9", source=before))
    assert version(machine) == "0.0.9"
    machine.shell(f"echo SLIMMEMETER_LANG=nl >>{SETTINGS}")
    assert pull(machine) == ""
    return machine


def install(machine: Machine, package: str) -> str:
    """Install a package as the documents have it, with apt; its output."""
    return machine.shell(f"{APT} --allow-downgrades {package}", timeout_s=300).stdout


def purge(machine: Machine) -> str:
    """Remove the package with its settings, and then the readings as it says."""
    output = machine.shell("apt-get purge --yes slimmemeter").stdout
    machine.shell(re.findall(r"removes them for ever: sudo (rm -r \S+)", output)[0])
    return output


def version(machine: Machine) -> str:
    """Which version the pages report."""
    return str(json.loads(get(machine, "/healthz").body)["version"])


def readings(machine: Machine) -> list[str]:
    """Every reading, as a person sees it."""
    query = "SELECT id, import_t1_wh, import_t2_wh FROM readings ORDER BY id"
    return machine.run("sqlite3", "-readonly", DATABASE, query).stdout.splitlines()


def test_upgrade_keeps_readings_and_settings(old: Machine, made: Made) -> None:
    """An upgrade keeps readings and settings, makes a backup, and keeps the old package."""
    kept = readings(old)
    output = install(old, made("1.1"))
    assert "slimmemeter went from 0.0.9 to 1.1; what is new is in\n" in output
    assert re.search(rf"^{FOLDER}/before-upgrades/slimmemeter-\S+\.gz$", output, re.MULTILINE)
    assert version(old) == "1.1"
    copies = old.run("ls", COPIES).stdout.split()
    assert copies == ["slimmemeter_0.0.9_all.deb", "slimmemeter_1.1_all.deb"]
    assert readings(old)[: len(kept)] == kept
    assert "SLIMMEMETER_LANG=nl\n" in old.run("cat", SETTINGS).stdout
    assert 'lang="nl"' in get(old, "/").body.decode()
    assert pull(old) == ""


def test_upgrade_refuses_no_visitor(old: Machine, made: Made) -> None:
    """Whoever comes meanwhile, by IPv4 or IPv6, for a page or a picture, gets a whole answer."""
    old.copy_in(VISITORS, "/srv/visitors.py")
    start = ["systemd-run", "--quiet", "--unit=visitors", "python3", "/srv/visitors.py"]
    old.run(*start, "/run/seen")
    install(old, made("1.2"))
    assert version(old) == "1.2"
    old.run("systemctl", "stop", "visitors")
    seen = [line.split() for line in old.run("cat", "/run/seen").stdout.splitlines()]
    print(f"{len(seen)} answers, the longest in {max(float(line[1]) for line in seen):.2f} s")
    assert {version for _, _, version in seen} == {"1.1", "1.2", "-"}
    assert {status for status, _, _ in seen} == {"200"}


def test_same_version_again_changes_nothing(old: Machine, made: Made) -> None:
    """Installing the same version again changes nothing but adds a backup."""
    files = files_of(old)
    install(old, f"--reinstall {made('1.2')}")
    changed = {path for path in files ^ files_of(old) if "/before-upgrades/" not in path}
    assert changed == set()


def test_pages_that_were_switched_off_stay_off(old: Machine, made: Made) -> None:
    """Who wants only the readings gets no pages with an upgrade."""
    units = ("appWebserver.socket", "appWebserver.service")
    old.run("systemctl", "disable", "--quiet", "--now", *units)
    install(old, f"--reinstall {made('1.2')}")
    assert get(old, "/").status == 0
    assert pull(old) == ""
    old.run("systemctl", "enable", "--quiet", "--now", *units)
    assert version(old) == "1.2"


def fails(machine: Machine, package: str) -> str:
    """Install a package that fails; the command that goes back."""
    done = machine.shell(f"{APT} {package}", check=False, timeout_s=300)
    assert done.returncode != 0
    output = done.stdout + done.stderr
    return re.findall(r"this goes back to version \S+:\n +(sudo .*)\n", output)[0]


def test_failed_migration_leaves_the_old_file(old: Machine, made: Made) -> None:
    """The database stays as it was, and the printed command goes back."""
    kept = readings(old)
    content = old.run("sha256sum", DATABASE).stdout
    back = fails(old, made("9.1", NEXT_SCHEMA, BAD))
    assert old.run("sha256sum", DATABASE).stdout == content
    old.shell(back, timeout_s=300)
    assert version(old) == "1.2"
    assert pull(old) == ""
    assert readings(old)[: len(kept)] == kept


def test_version_whose_pages_fail_comes_with_the_way_back(old: Machine, made: Made) -> None:
    """If the new pages fail, the printed command goes back, to the old schema too."""
    kept = readings(old)
    broken = made("9.2", NEXT_SCHEMA, GOOD, NO_PAGES)
    fails(old, broken)
    back = fails(old, broken)  # as if that could help
    old.run("slimmemeter", "backup")  # as in the night after
    old.shell(back, timeout_s=300)
    assert version(old) == "1.2"
    assert readings(old)[: len(kept)] == kept
    assert pull(old) == ""


def test_older_package_says_that_the_database_is_newer(old: Machine, made: Made) -> None:
    """A downgrade over a step of the schema is installed, and says what helps."""
    kept = readings(old)
    install(old, made("9.3", NEXT_SCHEMA, GOOD))
    assert "go back to a backup: slimmemeter restore" in install(old, made("1.2"))
    backups = old.shell(f"ls -t {FOLDER}/before-upgrades/*.gz").stdout.split()
    old.run("slimmemeter", "restore", "--yes", backups[0])
    assert pull(old) == ""
    assert readings(old)[: len(kept)] == kept


def test_killed_upgrade_is_repeated(old: Machine, made: Made, pytestconfig: pytest.Config) -> None:
    """Whenever an upgrade is killed there is a whole program, and the same command finishes it."""
    chance = random.Random(8)
    for number in range(12 if pytestconfig.getoption("--long") else 3):
        package = made(f"1.3.{number}")
        print(f"killed after: {(moment := f'sleep {chance.uniform(0.3, 5):.2f}')}")
        kill_after(old, moment, f"env {APT} {package}")
        assert old.run(*OWN, "--version").stdout.startswith("slimmemeter 1.")
        assert pull(old) == ""
        assert get(old, "/").status == 200
        kept = readings(old)
        again = old.shell(f"{APT} {package}", check=False, timeout_s=300)
        if again.returncode:
            assert "dpkg --configure -a" in again.stderr  # as apt says
            old.shell(f"dpkg --configure -a || true; {APT} {package}", timeout_s=300)
        assert version(old) == f"1.3.{number}"
        assert readings(old)[: len(kept)] == kept
    assert len(old.shell("ls /usr/share/slimmemeter").stdout.split()) == 2


def test_remove_leaves_the_readings_alone(old: Machine, made: Made) -> None:
    """A removal keeps readings and settings for the next installation, and cron stays silent."""
    kept = readings(old)
    old.run("apt-get", "remove", "--yes", "slimmemeter")
    assert get(old, "/").status == 0
    lines = old.run("cat", "/etc/cron.d/slimmemeter").stdout.splitlines()
    for line in (each for each in lines if not each.startswith("#")):
        command = line.replace("\\%", "%").split(maxsplit=6)[6]  # as cron reads it
        done = old.shell(command, user="slimmemeter")
        assert done.stdout + done.stderr == ""
    install(old, made("1.2"))
    assert readings(old)[: len(kept)] == kept
    assert "SLIMMEMETER_LANG=nl\n" in old.run("cat", SETTINGS).stdout


@pytest.fixture(scope="module")
def files_of_debian(base: Path, checkout: Path, wheels: Path) -> set[str]:
    """What there is where the same packages were installed, and nothing else was."""
    with Machine(base) as other:
        bring(other, checkout, wheels)
        (depends,) = re.findall(r"^Depends: (.*)$", CONTROL.read_text(), re.MULTILINE)
        satisfy = "DEBIAN_FRONTEND=noninteractive apt-get satisfy --yes --no-install-recommends"
        other.shell(f"{satisfy} '{depends}'", timeout_s=300)
        return files_of(other)


def test_purge_leaves_the_readings_and_nothing_else(
    old: Machine, files_of_debian: set[str]
) -> None:
    """A purge removes everything but the readings, says what removes these, and it does."""
    old.run("slimmemeter", "listen", ":8080")
    kept = readings(old)
    old.run("apt-get", "purge", "--yes", "slimmemeter")
    assert readings(old) == kept
    left = files_of(old) - files_of_debian
    assert {path for path in left if not path.startswith(FOLDER)} == set()
    old.run("rm", "-r", FOLDER)
    assert files_of(old) ^ files_of_debian == set()
    assert "appWebserver" not in old.run("systemctl", "list-unit-files").stdout
