"""What `--version` prints: the number, and the commit of which a package was built."""

from __future__ import annotations

import os

from slimmemeter import __version__

COMMIT_FILE = "commit"  # which scripts/build-deb.sh puts beside this module


def shown() -> str:
    """`slimmemeter 1.1.0 (9e603f7c)`; without the commit where it isn't known."""
    try:
        with open(f"{os.path.dirname(__file__)}/{COMMIT_FILE}", encoding="ascii") as file:
            return f"slimmemeter {__version__} ({file.read().strip()})"
    except FileNotFoundError:
        return f"slimmemeter {__version__}"
