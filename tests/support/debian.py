"""Programs of Debian's packages."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(program: str, package: str) -> str:
    """The path of a program of a Debian package; without it the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        missing = f"{program} isn't here: apt install {package}"
        if "TESTS_SKIP_NOTHING" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return found
