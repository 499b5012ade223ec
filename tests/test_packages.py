"""The wheel and the sdist: what is in them, and that they bring a `p1-pull` that works."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from slimmemeter import __version__
from support.paths import EXAMPLE, ROOT

pytestmark = pytest.mark.system


def files(folder: str) -> set[str]:
    """The files of a folder, but for what Python compiles."""
    found = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds a kind of package of the checkout."""
    folder = tmp_path_factory.mktemp("packages")

    def made(kind: str) -> Path:
        code = f"import flit_core.buildapi as b; print(b.build_{kind}({str(folder)!r}))"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, cwd=ROOT, text=True, check=True)
        return folder / done.stdout.splitlines()[-1]

    return made


def test_wheel_has_the_package_and_its_programs(build: Callable[[str], Path]) -> None:
    """The wheel has every file of the package, both programs, and no test."""
    with zipfile.ZipFile(build("wheel")) as wheel:
        names = set(wheel.namelist())
        about = f"slimmemeter-{__version__}.dist-info"
        programs = wheel.read(f"{about}/entry_points.txt").decode()
    assert {name for name in names if not name.startswith(about)} == files("slimmemeter")
    assert "p1-pull=slimmemeter.pull:main" in programs
    assert "slimmemeter=slimmemeter.cli:main" in programs
    assert f"{about}/licenses/LICENSE" in names or f"{about}/LICENSE" in names


def test_sdist_builds_the_same(build: Callable[[str], Path]) -> None:
    """The sdist has the package, the scripts, the units and the tests, and what makes a .deb."""
    with tarfile.open(build("sdist")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert files("slimmemeter") <= names
    assert files("debian") | files("scripts") | files("systemd") | files("tests") <= names
    assert {"pyproject.toml", "LICENSE", "README.md", "test-telegram.txt"} <= names


def test_wheel_brings_a_p1_pull_that_works(build: Callable[[str], Path], tmp_path: Path) -> None:
    """A wheel in an environment of its own brings a `p1-pull` that works."""
    venv.create(tmp_path / "own", with_pip=True)
    python = tmp_path / "own/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", build("wheel")]
    subprocess.run(install, check=True)
    shown = subprocess.run(
        [tmp_path / "own/bin/p1-pull", "--dry-run", EXAMPLE],
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path)},
        text=True,
    )
    assert shown.stdout.endswith("CRC ok. Nothing was stored.\n")
    output = subprocess.run([python, "-m", "slimmemeter.pull", "--version"], capture_output=True)
    assert output.stdout == f"slimmemeter {__version__}\n".encode()


def test_package_is_a_program(tmp_path: Path) -> None:
    """`python -m slimmemeter` is `slimmemeter`."""
    command = [sys.executable, "-m", "slimmemeter", "--version"]
    output = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, text=True)
    assert output.stdout == f"slimmemeter {__version__}\n"
