"""Why a port can't be opened or was lost, in one sentence, and the command that helps."""

from __future__ import annotations

import errno
import os
import shlex

from slimmemeter.errors import PortError

URLS = ("socket://", "rfc2217://")
ERRNO = "[Errno "  # how Python prints an error's number; pyserial keeps nothing but the text


def opening_failed(name: str, error: Exception, adapters: list[str]) -> PortError:
    """The error for a port that can't be opened.

    :param adapters: the serial adapters that are plugged in.
    """
    if "://" in name:
        return _far_end_failed(name, error)
    number = _number(error)
    if number == errno.ENOENT:
        there = f"there is {', '.join(adapters)}" if adapters else "is the cable plugged in?"
        return PortError(f"there is no {name}: {there}")
    if number in (errno.EACCES, errno.EPERM):
        return _forbidden(name)
    if number in (errno.EAGAIN, errno.EBUSY):  # the lock of another pull, and of other programs
        who = ", ".join(holders(name))
        if who:
            return PortError(f"{name} is busy: {who} has it open")
        return PortError(f"{name} is busy: another program has it open", holders_command(name))
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return PortError(f"{name} is no serial port")
    return PortError(f"cannot open {name}: {error}")


def reading_failed(name: str, error: Exception) -> PortError:
    """The error for a port that failed while it was read."""
    if "://" in name:
        return PortError(f"{name} was lost while reading: the far end closed the connection")
    who = ", ".join(holders(name)) if os.path.exists(name) else ""
    if who:
        return PortError(f"{name} was lost while reading: it is also open in {who}")
    cause = "is the cable still in, and does no other program read it?"
    return PortError(f"{name} was lost while reading: {cause} ({error})", holders_command(name))


def holders_command(name: str) -> str:
    """The command that lists the programs that have a device open, also other users' programs."""
    return f"sudo fuser -v {shlex.quote(name)}"


def _far_end_failed(name: str, error: Exception) -> PortError:
    address = name.partition("://")[2]
    host, _, port = address.partition("?")[0].partition("/")[0].rpartition(":")
    numbered = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    text = str(error).removeprefix(f"Could not open port {name}: ")
    if not name.startswith(URLS) or not (host and numbered) or "?option" in text or "|" in text:
        form = "socket://HOST:PORT or rfc2217://HOST:PORT"
        return PortError(f"{name} is not a serial port: it must be {form}")
    if "RFC2217" in text:
        text = f"it doesn't speak RFC 2217; try socket://{host}:{port}"
    closed = "it closes the connection"
    reasons = {
        errno.ECONNREFUSED: f"nothing listens there; is ser2net running on {host}?",
        errno.EHOSTUNREACH: f"{host} can't be reached; is it on?",
        errno.ENETUNREACH: "this computer has no network",
        errno.EPIPE: closed,
        errno.ECONNRESET: closed,
        -2: f"no computer is called {host}",
        -3: f"no computer is called {host}, or the name server is silent",
        -5: f"no computer is called {host}",
    }
    return PortError(f"cannot open {name}: {reasons.get(_number(error) or 0, text)}")


def _number(error: Exception) -> int | None:
    """The errno of an error; pyserial's may have it only in the text."""
    number: int | None = getattr(error, "errno", None)
    if number is None:
        digits = str(error).partition(ERRNO)[2].partition("]")[0]
        digits = digits or str(error).partition("port: (")[2].partition(",")[0]
        plain = digits.removeprefix("-")  # it may as well be from the port's own name
        is_number = plain.isascii() and plain.isdigit() and len(plain) < 6
        number = int(digits) if is_number else None
    return number


def _forbidden(path: str) -> PortError:
    """The error for a device that this user may not open."""
    about = os.stat(path)
    user, owner, group = user_name(os.geteuid()), user_name(about.st_uid), _group(about.st_gid)
    refused, node = f"no permission to open {path}: ", shlex.quote(path)
    if about.st_gid == 0:
        return PortError(f"{refused}it belongs to root alone", f"sudo chgrp dialout {node}")
    if about.st_mode & 0o060 != 0o060:
        mode = f"its owner is {owner}, its group {group} and its mode {about.st_mode & 0o777:o}"
        return PortError(refused + mode, f"sudo chmod g+rw {node}")
    if user in _members(about.st_gid):
        cause = f"{user} is in the group {group} since the last login; log in again"
        return PortError(refused + cause)
    cause = f"{user} isn't in the group {group}; log in again after"
    return PortError(refused + cause, f"sudo usermod -aG {group} {user}")


def user_name(number: int) -> str:
    """A user's name, or the number if it has none."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _members(number: int) -> list[str]:
    import grp

    try:
        return grp.getgrgid(number).gr_mem
    except KeyError:
        return []


def holders(path: str) -> list[str]:
    """The programs that have a device open, as far as visible: `ser2net (process 512)`."""
    device = _device(path)
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        if int(process) != os.getpid() and device in _open_devices(process):
            try:
                with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
                    found.append(f"{file.read().strip()} (process {process})")
            except OSError:
                pass  # it has just ended
    return found


def _device(path: str) -> tuple[int, int]:
    """A device's number; for a pseudo-terminal also its filesystem, as each container has its own
    (Linux's devices.txt: majors 136 to 143)."""
    about = os.stat(path)
    is_pseudo = 136 <= os.major(about.st_rdev) <= 143
    return about.st_rdev, about.st_dev if is_pseudo else 0


def _open_devices(process: str) -> set[tuple[int, int]]:
    """The devices that a process has open; none if that may not be seen."""
    found = set()
    try:
        for number in os.listdir(f"/proc/{process}/fd"):
            try:
                found.add(_device(f"/proc/{process}/fd/{number}"))
            except OSError:
                pass  # just closed
    except OSError:
        pass
    return found
