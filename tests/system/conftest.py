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

from .inside import CHECKOUT, TESTERS, Installation, bring, install, kill_after, plug_meter_in
from .machine import Machine, base_root

CONTROL = ROOT / "debian/control"
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
    (depends,) = re.findall(r"^Depends: (.*)$", CONTROL.read_text(), re.MULTILINE)
    later = [re.split(r"[ |(]", each.strip())[0] for each in depends.split(",")]
    later.append("python3-venv")  # for who wants only p1-pull, and for version 1.0
    later += TESTERS
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
    """What builds a wheel of the project, and what Debian's Python lacks for it."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    subprocess.run([*pip, "--no-deps", f"--dest={folder}", "flit_core", "tzdata"], check=True)
    return folder


@pytest.fixture(scope="session")
def installation(
    base: Path, checkout: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Installed once, in a fresh Debian that speaks with a meter; at the second attempt, as the
    first is killed while apt is at work."""
    root = tmp_path_factory.mktemp("installed") / "root"
    with Machine(base) as machine:
        bring(machine, checkout, wheels)
        plug_meter_in(machine)
        print(f"the first is killed after: {(moment := f'sleep {random.uniform(1, 20):.2f}')}")
        kill_after(machine, moment, f"{CHECKOUT}/scripts/install.sh")
        output = install(machine)
        machine.run("systemctl", "stop", "appWebserver.socket", "appWebserver", "cron", "meter")
        machine.keep(root)
    yield Installation(root, output)
    shutil.rmtree(root)  # a gigabyte


@pytest.fixture(scope="module")
def machine(installation: Installation) -> Iterator[Machine]:
    """A machine of the module's own that was booted after the installation, with its meter; cron
    is stopped, as its pulls would come between the tests' own."""
    with Machine(installation.root) as booted:
        booted.run("systemctl", "stop", "cron")
        plug_meter_in(booted)
        yield booted
