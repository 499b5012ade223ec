"""A `/dev` with serial adapters of a test's own, as one command sees it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.programs import OWN_MOUNTS, Done

# The first argument is a folder in which the real /dev stays; the others are the command.
EMPTY = """
mount --rbind /dev "$1"
mount -t tmpfs tmpfs /dev
mkdir -p /dev/serial/by-id /dev/pts
touch /dev/null
mount --bind "$1/null" /dev/null
mount --rbind "$1/pts" /dev/pts
shift
"""


def run_with_adapters(adapters: Mapping[str, str], command: Sequence[object], home: Path) -> Done:
    """Run a command where just these adapters are plugged in, by name the device of each."""
    kept = home / "dev"
    kept.mkdir(exist_ok=True)
    links = [
        shlex.join(["ln", "-s", device, f"/dev/serial/by-id/{name}"])
        for name, device in adapters.items()
    ]
    script = "\n".join([EMPTY, *links, 'exec "$@"'])
    return subprocess.run(
        [*OWN_MOUNTS, script, "sh", str(kept), *map(str, command)],
        capture_output=True,
        check=False,
        env={"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        text=True,
        timeout=60,
    )
