"""How the real programs are started."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable

PULL = [sys.executable, "-I", "-m", "slimmemeter.pull"]
SLIMMEMETER = [sys.executable, "-I", "-m", "slimmemeter.cli"]
# A shell with mounts (or a network) of its own, which end with it.
OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-euc"]
OWN_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "sh", "-euc"]
Done = subprocess.CompletedProcess[str]
Pull = Callable[..., Done]
Run = Callable[..., Done]


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        return number
