"""The oldest libraries that the pages know: as Debian 12 has them, or pyproject.toml allows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

# As Debian 12 has them.
OLDEST = (
    *("matplotlib==3.6.3", "numpy==1.24.2", "pillow==9.4.0", "pyparsing==3.0.9"),
    *("contourpy==1.0.7", "flask==2.2.2", "werkzeug==2.2.2", "babel==2.10.3", "waitress==2.1.2"),
    *("pyserial==3.5", "tqdm==4.64.1", "tzdata", "pytest", "hypothesis"),
)
# Babel 2.10 itself imports a module that Python 3.13 lacks.
IGNORED = ("-W", "ignore:'cgi' is deprecated:DeprecationWarning")
TESTS = ("charts/test_draw.py", "i18n/test_translations.py", "web/test_pages.py", "web/test_web.py")


@pytest.mark.system
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="these have no wheels for newer Pythons")
def test_pages_and_pictures_of_debian_12(tmp_path: Path) -> None:
    """The tests of pages and pictures pass with the libraries of Debian 12."""
    python = tmp_path / "venv/bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([*pip, *OLDEST], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", ROOT], check=True)
    chosen = [ROOT / "tests" / name for name in TESTS]
    requested = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *IGNORED, *chosen]
    done = subprocess.run(requested, capture_output=True, check=False, cwd=ROOT, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
