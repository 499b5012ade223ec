"""The real programs, and those of Debian's packages that tests need."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

PULL = [sys.executable, "-I", "-m", "slimmemeter.pull"]
SLIMMEMETER = [sys.executable, "-I", "-m", "slimmemeter.cli"]
# A shell with mounts (or a network) of its own, which end with it.
OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-euc"]
OWN_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "sh", "-euc"]
Done = subprocess.CompletedProcess[str]
Pull = Callable[..., Done]
Run = Callable[..., Done]


def needs(program: str, package: str) -> str:
    """The path of a program of a Debian package; without it the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        missing = f"{program} isn't here: apt install {package}"
        if "SLIMMEMETER_TESTS_SKIP_NOTHING" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number
