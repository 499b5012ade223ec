"""The Debian package, as `scripts/build-deb.sh` builds it anywhere: its content and its name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from slimmemeter import __version__
from support import deb
from support.debian import needs
from support.paths import ROOT

pytestmark = pytest.mark.system
GIT = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "init.defaultBranch=main"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in a path with blanks and quotes, without its history."""
    needs("dpkg-deb", "dpkg")
    folder = tmp_path_factory.mktemp('it\'s a "clone"') / "slimmemeter"
    skip = shutil.ignore_patterns(".*", "__pycache__", "tests", "build", "dist")
    shutil.copytree(ROOT, folder, ignore=skip)
    return folder


@pytest.fixture(scope="module")
def package(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package."""
    return deb.build(checkout, tmp_path_factory.mktemp("built"))


def output(*command: object) -> str:
    """What a command prints."""
    return subprocess.run(
        list(map(str, command)), capture_output=True, check=True, text=True
    ).stdout


def test_same_files_give_the_same_bytes(checkout: Path, package: Path, tmp_path: Path) -> None:
    """Whatever umask, time zone, language and PYTHONPATH are set, and where the clone is."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(checkout, elsewhere)
    (tmp_path / "babel.py").write_text("raise SystemExit('not this one')\n")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "LANG": "nl_NL.UTF-8",
        "TZ": "Asia/Tokyo",
        "SOURCE_DATE_EPOCH": deb.AT,
    }
    build = [str(elsewhere / "scripts/build-deb.sh"), str(tmp_path)]
    subprocess.run(build, check=True, env=environ, stdout=subprocess.DEVNULL, umask=0o077)
    assert (tmp_path / package.name).read_bytes() == package.read_bytes()


def test_package_has_the_program_and_its_documents(package: Path) -> None:
    """Every module, the scripts of a person, the units, the manual and the documents."""
    names = {line.split()[5].lstrip(".") for line in output("dpkg-deb", "-c", package).splitlines()}
    place = f"/usr/share/slimmemeter/{__version__}"
    for path in (ROOT / "slimmemeter").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert f"{place}/{path.relative_to(ROOT)}" in names
    assert {
        "/usr/lib/python3/dist-packages/slimmemeter",
        "/usr/share/slimmemeter/scripts/pull.sh",
        "/usr/bin/p1-pull",
        "/usr/bin/slimmemeter",
        "/usr/lib/systemd/system/appWebserver.socket",
        "/usr/lib/systemd/system/appWebserver.service",
        "/usr/lib/systemd/system/slimmemeter.service",
        "/usr/share/man/man1/p1-pull.1.gz",
        "/usr/share/man/man1/slimmemeter.1.gz",
        "/usr/share/doc/slimmemeter/README.md",
        "/usr/share/doc/slimmemeter/docs/changelog.md",
    } <= names
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_links_are_the_last_that_dpkg_unpacks(package: Path) -> None:
    """So that Python finds a new version only when all of it is there."""
    kinds = [line[0] for line in output("dpkg-deb", "-c", package).splitlines()]
    assert "".join(kinds).rstrip("l").count("l") == 0


def test_dependencies_are_those_of_the_project(package: Path) -> None:
    """Each library of pyproject.toml, no older than it wants, is a package of Debian's."""
    depends = output("dpkg-deb", "-f", package, "Depends")
    names = {"pyserial": "serial"}
    (listed,) = re.findall(r"^dependencies = \[\n(.*?)^\]", _project(), re.MULTILINE | re.DOTALL)
    for name, least in re.findall(r'"(\w+)(?:>=([\d.]+))?"', listed):
        wanted = f"python3-{names.get(name, name)} (>= {least})" if least else name
        assert wanted in depends
    munkres, matplotlib = (depends.index(f"python3-{each}") for each in ("munkres", "matplotlib"))
    assert munkres < matplotlib  # else Debian 12 takes scipy, and with it its compilers


def _project() -> str:
    return (ROOT / "pyproject.toml").read_text()


def test_version_tells_the_commit(checkout: Path, tmp_path: Path) -> None:
    """Of a release it is the number; later commits have the time behind it, and sort after it."""
    clone = tmp_path / "clone"
    shutil.copytree(checkout, clone)

    def git(*arguments: str) -> str:
        environ = {"PATH": os.environ["PATH"], "GIT_COMMITTER_DATE": "2026-11-23T12:00:00Z"}
        command = [*GIT, "-C", str(clone), *arguments]
        done = subprocess.run(command, capture_output=True, check=True, env=environ, text=True)
        return done.stdout.strip()

    def built() -> tuple[str, str]:
        name = output(clone / "scripts/build-deb.sh", tmp_path).strip()
        output("dpkg-deb", "-x", name, tmp_path / "root")
        version = output("dpkg-deb", "-f", name, "Version").strip()
        code = "import sys; sys.path.insert(0, sys.argv.pop()); from slimmemeter import version;"
        folder = tmp_path / "root/usr/share/slimmemeter" / version
        return version, output("python3", "-I", "-c", f"{code} print(version.shown())", folder)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    commit = git("rev-parse", "--short=8", "HEAD")
    later = f"{__version__}+20261123120000.{commit}"
    assert built() == (later, f"slimmemeter {__version__} ({commit})\n")
    git("tag", f"v{__version__}")
    assert built() == (__version__, f"slimmemeter {__version__} ({commit})\n")
    output("dpkg", "--compare-versions", __version__, "lt", later)


def test_lintian_finds_nothing(package: Path) -> None:
    """Debian's own checks, but for what debian/slimmemeter.lintian-overrides gives reasons for."""
    lintian = needs("lintian", "lintian")
    tags = ["--fail-on=error,warning", "--allow-root", "--tag-display-limit=0"]
    done = subprocess.run([lintian, *tags, package], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "")
