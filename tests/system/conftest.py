"""What the tests in a machine share: its base root, the wheels, a checkout, the machine."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, needs

from .inside import WHEELS
from .machine import Machine, base_root

SUITE, ITS_PYTHON, ITS_GLIBC = "bookworm", "3.11", 36
NEEDED = {"debootstrap": "debootstrap", "unshare": "util-linux", "nsenter": "util-linux"}


@pytest.fixture(scope="session", autouse=True)
def able_host() -> None:
    """Skip all where no machine can be booted, or fail if nothing may be skipped."""
    if os.geteuid() != 0:
        said = "only root can boot a machine"
        if "SLIMMEMETER_TESTS_SKIP_NOTHING" in os.environ:
            pytest.fail(said)
        pytest.skip(said)
    for program, package in NEEDED.items():
        needs(program, package)


@pytest.fixture(scope="session")
def base(able_host: None) -> Path:
    """The pristine Debian on which each machine puts its changes."""
    return base_root(SUITE, ROOT / ".cache" / "machines")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without what git ignores, as a visitor would have cloned it."""
    folder = tmp_path_factory.mktemp("checkout") / "slimmemeter"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    skip = shutil.ignore_patterns(".git", *(pattern.rstrip("/") for pattern in ignored))
    shutil.copytree(ROOT, folder, ignore=skip)
    return folder


@pytest.fixture(scope="session")
def wheels(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, what it needs and what builds it, for the machine's Python."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", f"--wheel-dir={folder}", checkout], check=True)
    (project,) = folder.glob("slimmemeter-*.whl")
    fits = ["--only-binary=:all:", f"--python-version={ITS_PYTHON}", *_platforms()]
    subprocess.run(
        [*pip, "download", *fits, f"--dest={folder}", project, "flit_core>=3.9"], check=True
    )
    return folder


def _platforms() -> list[str]:
    """Every platform whose wheels run with the machine's C library, as pip doesn't infer them."""
    names = [f"manylinux_2_{minor}" for minor in range(ITS_GLIBC, 16, -1)] + ["manylinux2014"]
    return [f"--platform={name}_{platform.machine()}" for name in names]


@pytest.fixture(scope="module")
def machine(base: Path, wheels: Path) -> Iterator[Machine]:
    """A machine of the module's own, in which pip finds the wheels."""
    with Machine(base) as booted:
        booted.copy_in(wheels, WHEELS)
        booted.run("chmod", "--recursive", "a+rX", WHEELS)
        yield booted
