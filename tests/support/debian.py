"""Programs of Debian's packages."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needs(program: str, package: str) -> str:
    """The path of a program of a Debian package; without it the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    return missing(package) if found is None else found


def missing(package: str) -> NoReturn:
    """A Debian package isn't installed: the test is skipped."""
    sentence = f"{package} isn't here: apt install {package}"
    if "TESTS_SKIP_NOTHING" in os.environ:
        pytest.fail(sentence)
    pytest.skip(sentence)
