"""Why a port can't be opened or was lost, in one sentence, and the command that helps."""

from __future__ import annotations

import errno
import os
import shlex

from slimmemeter.errors import PortError

FAR = ("socket://", "rfc2217://")  # the URLs that a port may have
ERRNO = "[Errno "  # how Python prints an error's number; pyserial keeps only the text


def why(name: str, error: Exception, adapters: list[str]) -> PortError:
    """What to say of a port whose opening failed.

    :param adapters: the serial adapters that are plugged in.
    """
    if "://" in name:
        return _why_far(name, error)
    number = _number(error)
    if number == errno.ENOENT:
        there = f"there is {', '.join(adapters)}" if adapters else "is the cable plugged in?"
        return PortError(f"there is no {name}: {there}")
    if number in (errno.EACCES, errno.EPERM):
        return _forbidden(name)
    if number in (errno.EAGAIN, errno.EBUSY):  # our own kind's lock, and another's
        who = ", ".join(holders(name))
        if who:
            return PortError(f"{name} is busy: {who} has it open")
        return PortError(f"{name} is busy: another program has it open", who_has(name))
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return PortError(f"{name} is no serial port")
    return PortError(f"cannot open {name}: {error}")


def why_lost(name: str, error: Exception) -> PortError:
    """What to say of a port that failed while it was read."""
    if "://" in name:
        return PortError(f"{name} was lost while reading: the far end closed the connection")
    who = ", ".join(holders(name)) if os.path.exists(name) else ""
    if who:
        return PortError(f"{name} was lost while reading: it is also open in {who}")
    cause = "is the cable still in, and does no other program read it?"
    return PortError(f"{name} was lost while reading: {cause} ({error})", who_has(name))


def who_has(name: str) -> str:
    """The command that names the programs that have a device open, also other users'."""
    return f"sudo fuser -v {shlex.quote(name)}"


def _why_far(name: str, error: Exception) -> PortError:
    address = name.partition("://")[2]
    host, _, port = address.partition("?")[0].partition("/")[0].rpartition(":")
    numbered = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    text = str(error).removeprefix(f"Could not open port {name}: ")
    if not name.startswith(FAR) or not (host and numbered) or "?option" in text or "|" in text:
        form = "socket://HOST:PORT or rfc2217://HOST:PORT"
        return PortError(f"{name} is no port: it must be {form}")
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
    """The system's number of an error, which pyserial's may have in the text only."""
    number: int | None = getattr(error, "errno", None)
    if number is None:
        digits = str(error).partition(ERRNO)[2].partition("]")[0]
        digits = digits or str(error).partition("port: (")[2].partition(",")[0]
        number = int(digits) if digits.lstrip("-").isdigit() else None
    return number


def _forbidden(path: str) -> PortError:
    """Whose a device is, and what lets this user open it."""
    about = os.stat(path)
    user, owner, group = user_name(os.geteuid()), user_name(about.st_uid), _group(about.st_gid)
    refused, node = f"no permission to open {path}: ", shlex.quote(path)
    if about.st_gid == 0:
        return PortError(f"{refused}it is root's alone", f"sudo chgrp dialout {node}")
    if about.st_mode & 0o060 != 0o060:
        mode = f"its owner is {owner}, its group {group} and its mode {about.st_mode & 0o777:o}"
        return PortError(refused + mode, f"sudo chmod g+rw {node}")
    if user in _members(about.st_gid):
        cause = f"{user} is in the group {group} since the last login; log in again"
        return PortError(refused + cause)
    cause = f"{user} isn't in the group {group}; log in again after"
    return PortError(refused + cause, f"sudo usermod -aG {group} {user}")


def user_name(number: int) -> str:
    """A user's name, or the number of one who has none here."""
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
    """The programs that have a device open, as far as one may see: `ser2net (process 512)`."""
    device = _device(path)
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        if int(process) != os.getpid() and device in _open_devices(process):
            try:
                with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
                    found.append(f"{file.read().strip()} (process {process})")
            except OSError:
                pass  # it has ended meanwhile
    return found


def _device(path: str) -> tuple[int, int]:
    """Which device a path is, by its number; of a pseudo-terminal also by its filesystem, as each
    container has some of its own (Linux's devices.txt: majors 136 to 143)."""
    about = os.stat(path)
    is_pseudo = 136 <= os.major(about.st_rdev) <= 143
    return about.st_rdev, about.st_dev if is_pseudo else 0


def _open_devices(process: str) -> set[tuple[int, int]]:
    """The devices that a process has open; none where it may not be asked."""
    found = set()
    try:
        for number in os.listdir(f"/proc/{process}/fd"):
            try:
                found.add(_device(f"/proc/{process}/fd/{number}"))
            except OSError:
                pass  # closed meanwhile
    except OSError:
        pass
    return found
