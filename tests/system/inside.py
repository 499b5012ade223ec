"""What the tests do inside a machine: install, plug in a meter, look at the pages, and so on."""

import base64
import re
import time
from pathlib import Path
from typing import NamedTuple

from support.paths import ROOT

from .machine import Machine, poll_until

PI = "pi"  # who owns the machine: may do nothing special, but has sudo
CHECKOUT = f"/home/{PI}/slimmemeter"
WHEELS = "/srv/wheels"
PIP_CONF = f"[global]\nno-index = true\nfind-links = {WHEELS}\n"
METER_PORT = "/dev/ttyUSB0"
PULL_SH = "/usr/share/slimmemeter/scripts/pull.sh"
# The programs as whoever starts them, without the wrapper that makes it the collecting user.
OWN_PULL = ("/usr/bin/python3", "-I", "-m", "slimmemeter.pull")
OWN = ("/usr/bin/python3", "-I", "-m", "slimmemeter")
FOLDER = "/var/lib/slimmemeter"
DATABASE = f"{FOLDER}/slimmemeter.sqlite3"
UNIT = "appWebserver.service"
SOCKET = "appWebserver.socket"
USER = "slimmemeter"
TESTERS = ("python3-pytest", "python3-hypothesis", "psmisc")  # Debian's, to run tests inside
SINCE = str(int(time.time()))
# What changes by itself, and what apt and Python keep of what they do.
VOLATILE = (
    "/dev /etc/alternatives /home /proc /root /run /srv /sys /tmp /usr/lib/python3 /var/cache/apt"
    " /var/cache/debconf /var/cache/ldconfig /var/lib/apt /var/lib/dpkg /var/lib/systemd /var/log"
    " /var/tmp"
).split()

# A code block, so that a comment in it isn't taken for a heading; or a heading.
BLOCK_OR_HEADING = re.compile(r"^```(\w*)\n(.*?)^```$|^#+ ([^\n]+)$", re.MULTILINE | re.DOTALL)

_FETCH = """
import base64, sys, urllib.error, urllib.parse, urllib.request
scheme, _, rest = sys.argv[1].partition("://")
login, _, place = rest.rpartition("@")
request = urllib.request.Request(f"{scheme}://{place}")
if login:
    coded = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
    request.add_header("Authorization", f"Basic {coded}")
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, base64.b64encode(answer.read()).decode())
"""


class Answer(NamedTuple):
    """A page as it came; status 0 where nobody answered."""

    status: int
    body: bytes


class Installation(NamedTuple):
    """A root after `install.sh`, and the output of that."""

    root: Path
    output: str


def commands(heading: str) -> str:
    """The documents' `sh` blocks between a heading and the next one."""
    blocks = []
    for path in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        here = ""
        for language, block, title in BLOCK_OR_HEADING.findall(path.read_text()):
            here = title or here
            if here == heading and language == "sh":
                blocks.append(block)
    if not blocks:
        raise LookupError(f"no document has commands under the heading {heading}")
    return "".join(blocks)


def bring(machine: Machine, checkout: Path, wheels: Path) -> None:
    """Let the owner have a checkout, and pip find the wheels, as a machine has no network."""
    machine.run("useradd", "--create-home", "--shell=/bin/bash", PI)
    machine.run("tee", "/etc/sudoers.d/pi", stdin=f"{PI} ALL=(ALL) NOPASSWD: ALL\n")
    machine.run("tee", "/etc/pip.conf", stdin=PIP_CONF)
    machine.copy_in(wheels, WHEELS)
    machine.run("chmod", "--recursive", "a+rX", WHEELS)
    check_out(machine, checkout)


def check_out(machine: Machine, checkout: Path) -> None:
    """Replace the owner's checkout, as `git pull` does."""
    machine.run("rm", "-rf", CHECKOUT)
    machine.copy_in(checkout, CHECKOUT)
    machine.run("chown", "--recursive", f"{PI}:", CHECKOUT)


def install(machine: Machine, *arguments: str) -> str:
    """Run the installer as in the README, and return its output."""
    command = ["sudo", f"{CHECKOUT}/scripts/install.sh", *arguments]
    return machine.run(*command, user=PI, timeout_s=300).stdout


def kill_after(machine: Machine, moment: str, command: str) -> None:
    """Start a command as a group of processes, and kill all of it, and dpkg wherever it is.

    The moment is a shell command that ends when it has come.
    """
    machine.shell(
        f"setsid {command} >/dev/null 2>&1 </dev/null & pid=$!; {moment}"
        "; kill -KILL -$pid 2>/dev/null || true"
        "; for name in dpkg dpkg-deb apt-get; do pkill -KILL -x $name || true; done; wait"
    )


def files_of(machine: Machine) -> set[str]:
    """Every path that stays when nothing is done, but for what belongs to no program of ours."""
    prune = " -o ".join(f"-path {place}" for place in VOLATILE)
    found = machine.shell(f"find / -xdev \\( {prune} -o -name __pycache__ \\) -prune -o -print")
    return set(found.stdout.splitlines())


def get(machine: Machine, path: str, origin: str = "http://localhost:8765") -> Answer:
    """Fetch a page from inside the machine."""
    fetched = machine.run("python3", "-c", _FETCH, f"{origin}{path}", check=False).stdout
    return _answer(fetched)


def get_from(machine: Machine, namespace: str, url: str) -> Answer:
    """Fetch a page from another network namespace of the machine."""
    inside = ["ip", "netns", "exec", namespace, "python3", "-c", _FETCH, url]
    return _answer(machine.run(*inside, check=False).stdout)


def _answer(fetched: str) -> Answer:
    status, _, body = fetched.partition(" ")
    return Answer(int(status or 0), base64.b64decode(body))


def wait_for_pages(machine: Machine) -> None:
    """Wait until somebody serves the pages."""
    poll_until("the pages were served", lambda: get(machine, "/healthz").status == 200, 120)


def plug_meter_in(machine: Machine) -> None:
    """Let a meter speak at the port where the programs look first."""
    machine.copy_in(ROOT / "slimmemeter", "/srv/slimmemeter")
    machine.copy_in(Path(__file__).with_name("speaking_meter.py"), "/srv/speaking_meter.py")
    unit = ["systemd-run", "--quiet", "--collect", "--unit=meter"]
    machine.run("rm", "-f", METER_PORT)
    machine.run(*unit, "python3", "/srv/speaking_meter.py", METER_PORT, SINCE)
    is_there = ["test", "-c", METER_PORT]
    poll_until("the meter spoke", lambda: machine.run(*is_there, check=False).returncode == 0, 120)


def pull_meter_out(machine: Machine) -> None:
    """Take the meter away, as if its cable was pulled out."""
    machine.run("systemctl", "stop", "meter")
    machine.run("rm", "-f", METER_PORT)


def pull(machine: Machine) -> str:
    """Pull as cron does, and return the output."""
    done = machine.run(PULL_SH, user=USER, check=False)
    return done.stdout + done.stderr


def stored(machine: Machine, database: str = DATABASE) -> int:
    """How many readings there are; none where there is no database yet."""
    counted = ["sqlite3", "-readonly", database, "SELECT count(*) FROM readings"]
    return int(machine.run(*counted, check=False).stdout or 0)


def journal(machine: Machine, *selection: str) -> list[str]:
    """The messages that journalctl selects, oldest first."""
    machine.run("journalctl", "--sync")
    output = machine.run("journalctl", "--quiet", "--output=cat", *selection, check=False)
    return output.stdout.splitlines()
