"""Why a port can't be opened, in one sentence: what is wrong, and what helps."""

from __future__ import annotations

import errno
import os

ERRNO = "[Errno "  # how Python prints an error's number; pyserial keeps only the text


def why(name: str, error: Exception, adapters: list[str]) -> str:
    """What to say of a port whose opening failed.

    :param adapters: the serial adapters that are plugged in.
    """
    if "://" in name:
        return _why_far(name, error)
    number = _number(error)
    if number == errno.ENOENT:
        there = f"there is {', '.join(adapters)}" if adapters else "is the cable plugged in?"
        return f"there is no {name}: {there}"
    if number in (errno.EACCES, errno.EPERM):
        return f"no permission to open {name}: {permission(name)}"
    if number in (errno.EAGAIN, errno.EBUSY):  # our own kind's lock, and another's
        who = ", ".join(holders(name)) or f"another program (`sudo fuser -v {name}` names it)"
        return f"{name} is busy: {who} has it open"
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return f"{name} is no serial port"
    return f"cannot open {name}: {error}"


def _why_far(name: str, error: Exception) -> str:
    scheme, _, address = name.partition("://")
    host, _, port = address.partition("?")[0].partition("/")[0].rpartition(":")
    numbered = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    if scheme not in ("socket", "rfc2217") or not (host and numbered):
        return f"{name} is no port: it must be socket://HOST:PORT or rfc2217://HOST:PORT"
    reasons = {
        errno.ECONNREFUSED: f"nothing listens there; is ser2net running on {host}?",
        errno.EHOSTUNREACH: f"{host} can't be reached; is it on?",
        errno.ENETUNREACH: "this computer has no network",
        -2: f"no computer is called {host}",
        -3: f"no computer is called {host}, or the name server is silent",
        -5: f"no computer is called {host}",
    }
    text = str(error).removeprefix(f"Could not open port {name}: ")
    return f"cannot open {name}: {reasons.get(_number(error) or 0, text)}"


def _number(error: Exception) -> int | None:
    """The system's number of an error, which pyserial's may have in the text only."""
    number: int | None = getattr(error, "errno", None)
    if number is None:
        digits = str(error).partition(ERRNO)[2].partition("]")[0]
        digits = digits or str(error).partition("port: (")[2].partition(",")[0]
        number = int(digits) if digits.lstrip("-").isdigit() else None
    return number


def permission(path: str) -> str:
    """What lets this user open a device: a command, or what else stands in the way."""
    import grp
    import pwd

    about = os.stat(path)
    try:
        group = grp.getgrgid(about.st_gid)
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"it is of user {about.st_uid} and group {about.st_gid}"
    if about.st_mode & 0o060 != 0o060 or about.st_gid in os.getgroups():
        owner = pwd.getpwuid(about.st_uid).pw_name
        mode = f"{about.st_mode & 0o777:o}"
        return f"its owner is {owner} and its mode {mode}; `sudo chmod g+rw {path}`"
    if user in group.gr_mem:
        return f"{user} is in the group {group.gr_name} since the last login; log in again"
    command = f"sudo usermod -aG {group.gr_name} {user}"
    return f"{user} isn't in the group {group.gr_name}; `{command}`, then log in again"


def holders(path: str) -> list[str]:
    """The programs that have a device open, as far as one may see: `ser2net (process 512)`."""
    device = os.stat(path).st_rdev
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        if int(process) != os.getpid() and device in _open_devices(process):
            try:
                with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
                    found.append(f"{file.read().strip()} (process {process})")
            except OSError:
                pass  # it has ended meanwhile
    return found


def _open_devices(process: str) -> set[int]:
    """The numbers of the devices that a process has open; none where it may not be asked."""
    found = set()
    try:
        for number in os.listdir(f"/proc/{process}/fd"):
            try:
                found.add(os.stat(f"/proc/{process}/fd/{number}").st_rdev)
            except OSError:
                pass  # closed meanwhile
    except OSError:
        pass
    return found
