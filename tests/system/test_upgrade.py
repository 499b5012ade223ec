"""From one version to the next and back, with kills on the way, and out again without a trace."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    METER_PORT,
    PI,
    PROGRAM,
    bring,
    check_out,
    files_of,
    get,
    install,
    kill_installer_after,
    plug_meter_in,
    pull,
    pull_meter_out,
)
from .machine import Machine

pytestmark = pytest.mark.system

# Runs a command at a terminal, and types a password when it is asked for.
TERMINAL = """
import contextlib, os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
output, typed = b"", False
with contextlib.suppress(OSError):
    while piece := os.read(terminal, 4096):
        output += piece
        if output.endswith(b"else Enter: ") and not typed:
            typed = os.write(terminal, b"sesame\\n")
print(output.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def version(machine: Machine) -> str:
    """Which version is in place."""
    return machine.run("readlink", PROGRAM).stdout.strip()


@pytest.fixture(scope="module")
def before(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of the commit before, or, where git knows of none that can install itself, of
    this one with another number."""
    folder = tmp_path_factory.mktemp("before") / "slimmemeter"
    folder.mkdir()
    archive = f"git -C {ROOT} archive HEAD^ | tar -x -C {folder}"
    subprocess.run(["sh", "-c", archive], capture_output=True, check=False)
    if not (folder / "scripts/install.sh").exists():
        shutil.rmtree(folder)
        shutil.copytree(checkout, folder)
    elsewise(folder, r'__version__ = ".*"', '__version__ = "0.0.9"')
    return folder


def elsewise(folder: Path, pattern: str, text: str, name: str = "__init__.py") -> None:
    """Change a module of a checkout."""
    module = folder / "slimmemeter" / name
    changed = re.sub(pattern, text, module.read_text(), count=1)
    assert changed != module.read_text()
    module.write_text(changed)


@pytest.fixture(scope="module")
def old(machine: Machine, before: Path) -> Machine:
    """A machine with the version before, a few readings, and a setting that somebody made."""
    install(machine, "--purge", "--yes")
    check_out(machine, before)
    install(machine)
    assert "0.0.9" in version(machine)
    machine.shell("echo SLIMMEMETER_LANG=nl >>/etc/default/slimmemeter")
    assert pull(machine) == ""
    return machine


def readings(machine: Machine) -> list[str]:
    """Every reading, as a person sees it."""
    output = machine.run("sqlite3", "-readonly", DATABASE, "SELECT * FROM readings ORDER BY id")
    return output.stdout.splitlines()


def test_upgrade_keeps_readings_and_settings(old: Machine, checkout: Path) -> None:
    """An upgrade keeps readings and settings, makes a backup, and keeps the old version."""
    kept, was = readings(old), version(old)
    check_out(old, checkout)
    output = install(old)
    assert version(old) != was
    assert old.run("readlink", "/opt/slimmemeter/previous").stdout.strip() == was
    assert re.search(
        rf"^{FOLDER}/before-upgrades/slimmemeter-\S+\.sqlite3\.gz$", output, re.MULTILINE
    )
    assert readings(old)[: len(kept)] == kept
    assert "SLIMMEMETER_LANG=nl\n" in old.run("cat", "/etc/default/slimmemeter").stdout
    assert 'lang="nl"' in get(old, "/").body.decode()
    assert pull(old) == ""


def test_same_version_again_changes_nothing(old: Machine) -> None:
    """Installing the same version again changes nothing but adds a backup."""
    was = version(old)
    files = files_of(old)
    install(old)
    assert version(old) == was
    assert {path for path in files ^ files_of(old) if "/before-upgrades/" not in path} == set()


def test_version_whose_pages_fail_comes_with_the_way_back(
    old: Machine, checkout: Path, tmp_path: Path
) -> None:
    """If the new pages fail, the installer prints the command that goes back."""
    kept, worked = readings(old), version(old)
    broken = tmp_path / "slimmemeter"
    shutil.copytree(checkout, broken)
    elsewise(broken, r'__version__ = ".*"', '__version__ = "9.9.9"')
    elsewise(
        broken,
        "def serve",
        "def serve(_: object) -> None:\n    raise SystemExit(7)\n\n\ndef _",
        "web/server.py",
    )
    elsewise(broken, r"\nVERSION = (\d+)", r"\nVERSION = \1 + 1", "store/schema.py")
    step = 'MIGRATIONS[schema.VERSION - 1] = ("ALTER TABLE readings ADD COLUMN made_up",)'
    elsewise(broken, "\ndef run", f"\n{step}\n\n\ndef run", "store/upgrade.py")
    check_out(old, broken)
    command = ["sudo", f"{CHECKOUT}/scripts/install.sh"]
    done = old.run(*command, user=PI, check=False, timeout_s=300)
    assert done.returncode == 1
    assert "the pages of version 9.9.9-" in done.stderr
    old.run("slimmemeter", "backup")  # as in the night after
    back = done.stdout.partition("this goes back to the version before: ")[2].splitlines()[0]
    old.shell(back, user=PI, timeout_s=300)
    assert version(old) == worked
    assert readings(old)[: len(kept)] == kept
    assert get(old, "/healthz").status == 200
    assert pull(old) == ""


def test_killed_upgrade_is_repeated(
    old: Machine, checkout: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """A killed upgrade can be repeated, and no reading is lost."""
    chance = random.Random(8)
    for number in range(12 if pytestconfig.getoption("--long") else 2):
        new = tmp_path / str(number)
        shutil.copytree(checkout, new)
        elsewise(new, r'__version__ = ".*"', f'__version__ = "1.{number}"')
        check_out(old, new)
        kill_installer_after(old, chance.uniform(0.2, 9))
        assert pull(old) == ""
        kept = readings(old)
        install(old)
        assert version(old).startswith(f"1.{number}-")
        assert readings(old)[: len(kept)] == kept
        assert json_version(old) == f"1.{number}"
    assert len(old.shell("ls -A /opt/slimmemeter").stdout.split()) == 4


def json_version(machine: Machine) -> str:
    """The version that the pages report."""
    return str(re.findall(rb'"version":\s*"([^"]+)"', get(machine, "/healthz").body)[0].decode())


def test_uninstall_leaves_the_readings_alone(old: Machine, checkout: Path) -> None:
    """An uninstallation keeps readings and settings for the next installation."""
    kept = readings(old)
    output = install(old, "--uninstall")
    assert f"stay in {FOLDER}" in output
    assert old.run("stat", "-c", "%U %a", FOLDER).stdout == "root 750\n"
    assert get(old, "/").status == 0
    check_out(old, checkout)
    install(old)
    assert readings(old)[: len(kept)] == kept
    assert "SLIMMEMETER_LANG=nl\n" in old.run("cat", "/etc/default/slimmemeter").stdout


def test_password_is_asked_once_and_a_meter_may_come_later(old: Machine, checkout: Path) -> None:
    """The installer asks for a password once, stores its hash, and needs no meter."""
    install(old, "--purge", "--yes")
    check_out(old, checkout)
    pull_meter_out(old)
    at_a_terminal = ["python3", "-c", TERMINAL, f"{CHECKOUT}/scripts/install.sh"]
    output = old.run(*at_a_terminal, timeout_s=120).stdout
    assert "A password for the pages" in output
    assert f"there is no {METER_PORT}: is the cable plugged in?" in output
    assert " a hand" in output
    assert "sesame" not in output
    settings = old.run("cat", "/etc/default/slimmemeter").stdout
    assert "\nSLIMMEMETER_PASSWORD=scrypt:" in settings
    assert "sesame" not in settings
    assert get(old, "/").status == 401
    assert get(old, "/healthz").status == 200
    assert "A password" not in old.run(*at_a_terminal, timeout_s=120).stdout
    plug_meter_in(old)
    assert pull(old) == ""


@pytest.fixture(scope="module")
def files_of_debian(base: Path, checkout: Path, wheels: Path) -> set[str]:
    """What there is where the same packages were installed, and nothing else was."""
    with Machine(base) as other:
        bring(other, checkout, wheels)
        lines = other.run(f"{CHECKOUT}/scripts/install.sh", "--dry-run").stdout.splitlines()
        (apt,) = [line for line in lines if "apt-get" in line]
        other.shell(f"export DEBIAN_FRONTEND=noninteractive\n{apt.partition('would run: ')[2]}")
        return files_of(other)


def test_purge_leaves_nothing_behind(old: Machine, files_of_debian: set[str]) -> None:
    """A confirmed purge removes everything but Debian's packages."""
    refused = old.run("sudo", f"{CHECKOUT}/scripts/install.sh", "--purge", user=PI, check=False)
    assert refused.returncode == 2
    assert readings(old) != []
    install(old, "--purge", "--yes")
    assert files_of(old) - files_of_debian == set()
    assert files_of_debian - files_of(old) == set()
    for table in ("passwd", "group", "shadow", "gshadow"):
        assert "slimmemeter" not in old.run("cat", f"/etc/{table}").stdout
    assert "appWebserver" not in old.run("systemctl", "list-unit-files").stdout
