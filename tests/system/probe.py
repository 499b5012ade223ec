"""What a process can do in the sandbox of the pages' service: tries, and answers with JSON.

Runs inside a machine, in the place of the service's program: on its socket, for one visitor.
"""

import contextlib
import ctypes
import errno
import json
import os
import socket
import struct

MSG_FASTOPEN = 0x20000000  # connects by sending
SYS_IO_URING_SETUP = 425  # on every architecture
HANDED = 3  # the first file that systemd hands over
THERE = ("127.0.0.1", 8765)
LIBC = ctypes.CDLL(None, use_errno=True)


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
        return errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
    return ""


def refused_call(name: str, *arguments: object) -> str:
    """The error that a function of the C library gives, or nothing."""
    failed = getattr(LIBC, name)(*arguments) == -1
    return errno.errorcode[ctypes.get_errno()] if failed else ""


def turned_round(accepted: socket.socket) -> str:
    """The error when a visitor's connection is made one to somebody else, or nothing."""
    no_peer = struct.pack("H14x", socket.AF_UNSPEC)  # which ends the connection, connect(2)
    return refused_call("connect", accepted.fileno(), no_peer, len(no_peer))


def ways_out(listening: socket.socket, accepted: socket.socket) -> dict[str, str]:
    """Each way to somebody who didn't ask, with the error that it gives."""
    found = {
        f"connect {name}": refused(each.connect, THERE)
        for name, each in {"with the port": listening, "with a visitor": accepted}.items()
    }
    for kind in ("INET", "INET6", "UNIX", "NETLINK", "PACKET", "VSOCK"):
        found[f"a socket of {kind}"] = refused(socket.socket, getattr(socket, f"AF_{kind}"), 1)
    found["a datagram's socket"] = refused(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    found["a raw socket"] = refused(socket.socket, socket.AF_INET, socket.SOCK_RAW)
    found["sendto"] = refused(accepted.sendto, b"x", THERE)
    found["send"] = refused(accepted.send, b"x")
    found["sendmsg"] = refused(accepted.sendmsg, [b"x"], [], 0, THERE)
    found["sendmmsg"] = refused_call("sendmmsg", accepted.fileno(), bytes(64), 1, 0)
    found["fast open"] = refused(listening.sendto, b"x", MSG_FASTOPEN, THERE)
    found["io_uring"] = refused_call("syscall", SYS_IO_URING_SETUP, 1, bytes(120))
    found["a visitor turned round"] = turned_round(accepted)
    return found


def main() -> None:
    """Tell the first visitor what could be done."""
    listening = socket.socket(fileno=HANDED)
    accepted, _ = listening.accept()
    with open("/proc/self/net/dev", encoding="ascii") as file:
        interfaces = [line.split(":")[0].strip() for line in file][2:]
    answer = {
        "writable": writable(),
        "ways out": ways_out(listening, accepted),
        "interfaces": interfaces,
        "memory": refused(bytearray, 700_000_000),
        "home": refused(os.listdir, "/home/pi"),
        "others": [
            name
            for name in os.listdir("/proc")
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid != os.getuid()
        ],
    }
    os.write(accepted.fileno(), json.dumps(answer).encode())


main()
