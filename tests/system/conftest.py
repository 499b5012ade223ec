"""What the tests in a machine share: its base root, the wheels, a checkout, an installation."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.debian import needs
from support.paths import ROOT

from .inside import Installation, bring, files_of, install, kill_installer_after, plug_meter_in
from .machine import Machine, base_root

INSTALL = ROOT / "scripts/install.sh"
LOCK = ROOT / "scripts/requirements.lock"
NEEDED = {"debootstrap": "debootstrap", "unshare": "util-linux", "nsenter": "util-linux"}


@pytest.fixture(scope="session", autouse=True)
def able_host() -> None:
    """Skip all where no machine can be booted, or fail if nothing may be skipped."""
    if os.geteuid() != 0:
        output = "only root can boot a machine"
        if "TESTS_SKIP_NOTHING" in os.environ:
            pytest.fail(output)
        pytest.skip(output)
    for program, package in NEEDED.items():
        needs(program, package)


@pytest.fixture(scope="session")
def base(able_host: None, pytestconfig: pytest.Config) -> Path:
    """The pristine Debian on which each machine puts its changes."""
    later = re.findall(r'^PACKAGES="(.*)"$', INSTALL.read_text(), re.MULTILINE)[0].split()
    return base_root(pytestconfig.getoption("--suite"), ROOT / ".cache" / "machines", later)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without what git ignores, as a visitor would have cloned it."""
    folder = tmp_path_factory.mktemp("checkout") / "slimmemeter"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    skip = shutil.ignore_patterns(".git", *(pattern.rstrip("/") for pattern in ignored))
    shutil.copytree(ROOT, folder, ignore=skip)
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the lock file names; all of it is pure Python, so it fits every machine."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    fits = ["--no-deps", "--only-binary=:all:", "--require-hashes", f"--requirement={LOCK}"]
    subprocess.run([*pip, *fits, f"--dest={folder}"], check=True)
    assert {wheel.name.rpartition("-")[2] for wheel in folder.iterdir()} == {"any.whl"}
    return folder


@pytest.fixture(scope="session")
def installation(
    base: Path, checkout: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Installed once, in a fresh Debian that speaks with a meter; at the second attempt, as the
    first is killed while apt or pip is at work."""
    root = tmp_path_factory.mktemp("installed") / "root"
    with Machine(base) as machine:
        bring(machine, checkout, wheels)
        plug_meter_in(machine)
        before = files_of(machine)
        would = install(machine, "--dry-run")
        between = files_of(machine)
        print(f"the first is killed after {(seconds := random.uniform(1, 20)):.2f} s")
        kill_installer_after(machine, seconds)
        output = install(machine)
        machine.run("systemctl", "stop", "appWebserver", "cron", "meter")
        machine.keep(root)
    yield Installation(root, output, would, before, between)
    shutil.rmtree(root)  # a gigabyte


@pytest.fixture(scope="module")
def machine(installation: Installation) -> Iterator[Machine]:
    """A machine of the module's own that was booted after the installation, with its meter; cron
    is stopped, as its pulls would come between the tests' own."""
    with Machine(installation.root) as booted:
        booted.run("systemctl", "stop", "cron")
        plug_meter_in(booted)
        yield booted
