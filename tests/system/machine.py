"""Boot a throw-away Debian with its own systemd, for tests that a mock cannot give.

It is a set of namespaces: what it mounts and writes is gone when its first process ends.
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import re
import shlex
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

_PACKAGES = "dbus,faketime,iproute2,procps,python3,sqlite3,sudo,systemd,systemd-sysv"

_DOWNLOAD = "install --yes --no-install-recommends --download-only"

# Nothing of the host's environment may leak into the machine.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = ["env", "-i", f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8"]


def poll_until(what: str, holds: Callable[[], bool], within_s: float) -> None:
    """Wait for what nobody reports; the error has a name for it."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s:g} s in vain until {what}")
        time.sleep(0.1)


def base_root(suite: str, cache: Path, later: Sequence[str]) -> Path:
    """Return a pristine root, kept because it takes a minute, and never a half-made one.

    :param later: packages that wait in its cache, as a machine's apt has no network.
    """
    recipe = hashlib.sha256(" ".join([_PACKAGES, *later]).encode()).hexdigest()[:8]
    base = cache.resolve() / f"{suite}-{recipe}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of the same run may need it too
        if not base.exists():
            with tempfile.TemporaryDirectory(prefix=f"{suite}-new-", dir=cache) as unfinished:
                root = Path(unfinished) / "root"
                _bootstrap(suite, root, later)
                _make_generic(root)
                root.rename(base)
    return base


def _bootstrap(suite: str, root: Path, later: Sequence[str]) -> None:
    """Fill the root, in namespaces so that an interrupted run leaves no process and no mount."""
    requested = ["http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy"]
    proxies = shlex.split(_captured(["apt-config", "shell", *requested]).stdout)
    enclosed = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "env", *proxies]
    debootstrap = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}"]
    _captured([*enclosed, *debootstrap, suite, str(root), _mirror()])
    for asked_of_apt in (["update"], [*shlex.split(_DOWNLOAD), *later]):
        _captured([*enclosed, "chroot", str(root), "apt-get", "--quiet", *asked_of_apt])


def _mirror() -> str:
    """Ask apt for this host's mirror of Debian: it knows every format that sources may have."""
    uris = _captured(["apt-get", "update", "--print-uris"]).stdout
    found = re.search(r"^'(https?://\S+/debian)/dists/", uris, re.MULTILINE)
    if found is None:
        raise LookupError("no apt source of this host is a mirror of Debian")
    return found[1]


def _captured(
    command: Sequence[str], stdin: str = "", check: bool = True, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; if it fails, the error has its output."""
    done = subprocess.run(
        command, check=False, input=stdin, capture_output=True, encoding="utf-8", timeout=timeout_s
    )
    if check and done.returncode:
        error = subprocess.CalledProcessError(done.returncode, command)
        error.add_note(done.stdout + done.stderr)
        raise error
    return done


def _make_generic(root: Path) -> None:
    """Forget the host, whose names debootstrap copies, and let each boot draw a machine id."""
    (root / "etc/hostname").write_text("debian\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost debian\n::1 localhost\n")
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/machine-id").write_text("")
    _captured(["rm", "-rf", f"{root}/var/lib/dbus/machine-id"])


@contextlib.contextmanager
def _cgroup() -> Iterator[Path]:
    """Give the machine a cgroup; that it can be removed proves that no process is left in it."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    hierarchy = next(fields[1] for fields in mounts if fields[2] == "cgroup2")
    group = Path(hierarchy) / f"machine-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    try:
        yield group
    finally:
        poll_until("the processes of the machine had ended", lambda: _removed(group), 120)


def _removed(group: Path) -> bool:
    """Remove a cgroup and what systemd made below it; the kernel refuses while one is in use."""
    _captured(["find", str(group), "-depth", "-type", "d", "-delete"], check=False)
    return not group.exists()


@dataclasses.dataclass
class Machine:
    """A running Debian, gone without a trace at the end of its `with` block."""

    base: Path
    boot_within_s: float = 60

    def __enter__(self) -> Self:
        """Boot, and stack what undoes it; nothing in a machine has to shut down in order."""
        with contextlib.ExitStack() as cleanup:
            where = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="machine-"))
            group = cleanup.enter_context(_cgroup())
            self._process = cleanup.enter_context(self._start(group, where))
            cleanup.callback(self._pull_plug)
            self._wait_for_namespaces()
            self._wait_for_systemd()
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _start(self, group: Path, where: str) -> subprocess.Popen[str]:
        script = Path(__file__).with_name("machine_boot.sh")
        command = ["sh", str(script), "enclose", str(group), where, str(self.base)]
        return subprocess.Popen(
            _ENVIRONMENT + command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _pull_plug(self) -> None:
        """Kill the machine's first process, so that its parent reaps it, or else the parent."""
        children = ["pkill", "--signal=KILL", f"--parent={self._process.pid}"]
        if self._process.poll() is None and _captured(children, check=False).returncode:
            self._process.kill()

    def _wait_for_namespaces(self) -> None:
        """Let no command in before the root is the machine's: it would run on the host."""
        output = ""
        while not output.endswith("booting\n"):
            line = self._process.stdout.readline() if self._process.stdout else ""
            if not line:
                raise RuntimeError(f"the machine did not get as far as systemd:\n{output}")
            output += line

    def _wait_for_systemd(self) -> None:
        try:
            poll_until("systemd had booted", self._is_up, self.boot_within_s)
        except TimeoutError as error:
            error.add_note(self.shell("systemctl list-jobs; journalctl -n 50", check=False).stdout)
            raise

    def _is_up(self) -> bool:
        state = self.run("systemctl", "is-system-running", check=False).stdout
        return state.strip() in {"running", "degraded"}

    @property
    def root(self) -> Path:
        """The machine's `/` for the host. Absolute symbolic links below it lead to the host's."""
        return Path(f"/proc/{self._process.pid}/root")

    def copy_in(self, src: Path, dst: str) -> None:
        """Copy a file or a directory to that path, readable where a test's own one is private."""
        target = self.root / dst.lstrip("/")
        (target if src.is_dir() else target.parent).mkdir(parents=True, exist_ok=True)
        _captured(["cp", "-r", "--no-target-directory", str(src), str(target)])

    def keep(self, where: Path) -> None:
        """Copy all that is on its disk, so that other machines can boot from it."""
        where.mkdir(parents=True)
        _captured(["cp", "-a", "--one-file-system", f"{self.root}/.", str(where)])

    def run(
        self,
        *command: str,
        stdin: str | None = None,
        user: str | None = None,
        check: bool = True,
        timeout_s: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root in `/` or as a user who has just logged in."""
        if self._process.poll() is not None:
            raise RuntimeError("the machine is not running any more")
        runuser = ["runuser", "--login", "--shell=/bin/sh", '--command=exec "$@"']
        login = [*runuser, user, "--", "sh"] if user else []
        inside = [*self._enter(timeout_s), *login, *command]
        return _captured(inside, stdin or "", check, timeout_s)

    # Runs a script that ends at its first error; takes what `run` takes.
    shell = functools.partialmethod(run, "sh", "-euc")

    def _enter(self, timeout_s: float) -> list[str]:
        """Build the way in; `timeout` ends inside what a killed nsenter would leave running."""
        pid = self._process.pid
        spaces = ["--mount", "--uts", "--ipc", "--net", "--cgroup"]
        nsenter = ["nsenter", f"--target={pid}", f"--pid=/proc/{pid}/ns/pid_for_children", *spaces]
        return [*nsenter, *_ENVIRONMENT, "timeout", "--signal=KILL", f"{timeout_s + 1:g}"]
