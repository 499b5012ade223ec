"""What a process can do in the sandbox of the pages' service: tries, and prints as JSON.

Runs inside a machine, in the place of the service's program.
"""

import contextlib
import ctypes
import errno
import json
import os
import socket

MSG_FASTOPEN = 0x20000000  # connects by sending
SYS_IO_URING_SETUP = 425  # on every architecture


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


def refused_call(number: int, *arguments: object) -> str:
    """The error that the kernel gives, or nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.syscall(number, *arguments) == -1
    return errno.errorcode[ctypes.get_errno()] if failed else ""


def main() -> None:
    """Print what could be done."""
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answer = {
        "writable": writable(),
        "connect": refused(stream.connect, ("127.0.0.1", 8765)),
        "datagram": refused(datagram.connect, ("127.0.0.1", 53)),
        "sent": refused(datagram.sendto, b"x", ("127.0.0.1", 53)),
        "sent_message": refused(datagram.sendmsg, [b"x"], [], 0, ("127.0.0.1", 53)),
        "sent_at_once": refused(stream.sendto, b"x", MSG_FASTOPEN, ("127.0.0.1", 8765)),
        "io_uring": refused_call(SYS_IO_URING_SETUP, 1, bytes(120)),
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
    print("PROBE " + json.dumps(answer))


main()
