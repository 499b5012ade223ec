"""Packages of the project and of its variants."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

AT = "1790000000"  # the time of the commit, where git doesn't know it
Change = tuple[str, str]  # a pattern, and what replaces its first match


def build(checkout: Path, to: Path) -> Path:
    """Build the package of a checkout, as a person does."""
    command = [checkout / "scripts/build-deb.sh", to]
    environ = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": AT}
    done = subprocess.run(command, capture_output=True, check=True, env=environ, text=True)
    return Path(done.stdout.strip())


def variant(
    checkout: Path, folder: Path, number: str, changes: Mapping[str, Change] | None = None
) -> Path:
    """Copy a checkout, with another version number and other changes in its files."""
    shutil.copytree(checkout, folder)
    numbered = {"slimmemeter/__init__.py": (r'__version__ = ".*"', f'__version__ = "{number}"')}
    for name, (pattern, text) in (numbered | dict(changes or {})).items():
        file = folder / name
        changed = re.sub(pattern, text, file.read_text(), count=1)
        assert changed != file.read_text(), name
        file.write_text(changed)
    return folder
