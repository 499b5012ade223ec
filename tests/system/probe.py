"""What a process can do in the sandbox of the pages' service: tries, and prints as JSON.

Runs inside a machine, in the place of the service's program.
"""

import contextlib
import json
import os
import socket


def writable(top: str = "/") -> list[str]:
    """The folders in which a file can be made, and the files that can be opened for writing."""
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = [] if folder == "/proc" else folders
        with contextlib.suppress(OSError):
            os.close(os.open(f"{folder}/probe", os.O_CREAT | os.O_WRONLY))
            os.unlink(f"{folder}/probe")
            found.append(folder)
        for name in files:
            path = os.path.join(folder, name)
            if os.access(path, os.W_OK) and os.path.isfile(path):
                found.append(path)
    return found


def refused(what: object, *arguments: object) -> str:
    """The error that something gives, or nothing."""
    try:
        what(*arguments)  # type: ignore[operator]
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return ""


def main() -> None:
    """Print what could be done."""
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    told = {
        "writable": writable(),
        "connect": refused(stream.connect, ("127.0.0.1", 8765)),
        "datagram": refused(datagram.connect, ("127.0.0.1", 53)),
        "unix": refused(socket.socket, socket.AF_UNIX),
        "raw": refused(socket.socket, socket.AF_INET, socket.SOCK_RAW),
        "memory": refused(bytearray, 700_000_000),
        "home": refused(os.listdir, "/home/pi"),
        "others": [
            name
            for name in os.listdir("/proc")
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid != os.getuid()
        ],
    }
    print("PROBE " + json.dumps(told))


main()
