"""The service that the installation leaves: what it serves, to whom, and what it may do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .inside import (
    CHECKOUT,
    DATABASE,
    FOLDER,
    PI,
    SOCKET,
    UNIT,
    commands,
    get,
    get_from,
    journal,
    pull,
    stored,
    wait_for_pages,
)
from .machine import Machine, poll_until

pytestmark = pytest.mark.system

TROUBLE = re.compile("warning|traceback|error|exception", re.IGNORECASE)
# What systemd says of the test that kills it, and where a kernel has no memory controller.
EXPECTED = re.compile("status=9/KILL|with result 'signal'")


def enter(machine: Machine, heading: str) -> str:
    """Enter the commands under a heading in the owner's checkout, and return what they print."""
    entered = f"export USER={PI}\ncd {CHECKOUT}\n{commands(heading)}"
    return machine.shell(entered, user=PI, timeout_s=180).stdout


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Machine:
    """The machine after a boot, with the service up."""
    wait_for_pages(machine)
    return machine


def _main_pid(machine: Machine) -> str:
    shown = machine.run("systemctl", "show", "--value", "--property=MainPID", UNIT)
    return shown.stdout.strip()


def test_service_runs_now_and_after_a_boot(installed: Machine) -> None:
    """The unit is active after a boot, and enabled."""
    for unit in (SOCKET, UNIT):
        assert installed.run("systemctl", "is-active", unit, check=False).stdout == "active\n"
        assert installed.run("systemctl", "is-enabled", unit, check=False).stdout == "enabled\n"
    status = installed.run("systemctl", "status", "--no-pager", "slimmemeter").stdout
    assert status.startswith(f"● {UNIT} - slimmemeter: the pages")


def test_pages_answer_before_any_reading(installed: Machine) -> None:
    """Before any reading the first page names the command that makes one."""
    installed.run("mv", DATABASE, "/srv/aside.sqlite3")
    answer = get(installed, "/")
    installed.run("mv", "/srv/aside.sqlite3", DATABASE)
    page = answer.body.decode()
    assert answer.status == 200
    assert "No reading yet" in page
    assert "<code>p1-pull -v</code>" in page
    assert DATABASE in page


def test_script_of_cron_stores_a_reading(installed: Machine) -> None:
    """The script of cron stores a reading silently, and the pages show it."""
    before = stored(installed)
    assert pull(installed) == ""
    assert stored(installed) > before
    for path in ("/", "/years", "/meter", "/now.json", "/healthz?readings"):
        assert get(installed, path).status == 200, path
    assert b"No reading yet" not in get(installed, "/").body


def test_doctor_finds_all_well(installed: Machine) -> None:
    """On a fresh installation the doctor finds nothing wrong."""
    output, report = re.split("(?<=all is well\n)", enter(installed, "When it does not work"))
    assert "WRONG" not in output
    assert f"{DATABASE} is sound" in output
    assert report.startswith("/ISK5")
    assert b"E0052000000008765".hex().upper() not in report


def test_visitor_may_look_into_the_database_after_one_command(installed: Machine) -> None:
    """The documented command lets another user run its queries."""
    join, sqlite3, rest = commands("What is in the file").partition("sqlite3")
    queries = sqlite3 + rest
    assert installed.shell(queries, user=PI, check=False).returncode != 0
    installed.shell(f"export USER={PI}\n{join}", user=PI)
    answer = installed.shell(queries, user=PI).stdout
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|\d+\|\d+\n", answer)


def test_service_runs_as_a_user_of_its_own(installed: Machine) -> None:
    """The service runs neither as root nor as the collecting user."""
    owner = installed.run("stat", "--format=%U %G", f"/proc/{_main_pid(installed)}").stdout
    assert owner == "slimmemeter-web slimmemeter\n"


@pytest.mark.parametrize(
    "attempt",
    [
        f"sqlite3 {DATABASE} 'UPDATE readings SET tariff = 9'",
        f"echo >>{DATABASE}",
        f"touch {FOLDER}/other",
        f"rm --force {DATABASE}",
    ],
)
def test_user_of_the_pages_can_read_only(installed: Machine, attempt: str) -> None:
    """The pages' user can read the database, and neither change nor remove it."""
    count = f"sqlite3 -readonly {DATABASE} 'SELECT count(*) FROM readings'"
    assert int(installed.shell(count, user="slimmemeter-web").stdout) >= 1
    tried = installed.shell(attempt, user="slimmemeter-web", check=False)
    assert tried.returncode != 0
    assert re.search("readonly database|Permission denied", tried.stderr)


def test_backup_and_restore_as_documented(installed: Machine) -> None:
    """The documented commands for backup and restore work, and keep the permissions."""
    assert "was verified" in enter(installed, "Back it up")
    made = installed.shell(f"ls {FOLDER}/backups/*.gz | tail -n 1").stdout.strip()
    before = stored(installed)
    output = installed.run("slimmemeter", "restore", "--yes", made).stdout
    assert f"{DATABASE} now has {before} readings" in output
    assert pull(installed) == ""
    assert stored(installed) > before
    assert b"The last verified backup was made" in get(installed, "/").body


def test_picture_is_drawn(installed: Machine) -> None:
    """A picture is drawn with what the unit allows."""
    answer = get(installed, "/years/electricity.png")
    assert answer.status == 200
    assert answer.body.startswith(b"\x89PNG\r\n")
    assert "fontlist" in installed.run("ls", "/var/cache/slimmemeter").stdout


def test_unit_is_as_systemd_wants_it(installed: Machine) -> None:
    """`systemd-analyze verify` finds nothing in the unit."""
    output = installed.run("systemd-analyze", "verify", "--man=no", UNIT, SOCKET, check=False)
    assert (output.returncode, output.stdout + output.stderr) == (0, "")


def test_service_is_restarted_after_a_kill(installed: Machine) -> None:
    """A service that is killed soon serves the pages again."""
    killed = _main_pid(installed)
    installed.run("systemctl", "kill", "--signal=KILL", UNIT)
    poll_until("another process ran", lambda: _main_pid(installed) not in {"0", killed}, 20)
    wait_for_pages(installed)


def test_journal_has_no_trouble_of_the_service(installed: Machine) -> None:
    """Pages and pictures leave no warning and no traceback in the journal."""
    for path in ("/", "/years", "/years/electricity.png"):
        assert get(installed, path).status == 200, path
    output = journal(installed, f"_SYSTEMD_UNIT={UNIT}")
    assert any("serving the pages" in line for line in output)
    assert [line for line in output if TROUBLE.search(line)] == []
    warnings = journal(installed, f"--unit={UNIT}", "--priority=warning")
    assert [line for line in warnings if not EXPECTED.search(line)] == []


def test_exposure_is_low(installed: Machine) -> None:
    """`systemd-analyze security` rates the unit at most 0.5."""
    output = installed.run("systemd-analyze", "security", "--no-pager", UNIT).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", output)
    assert exposure is not None
    assert float(exposure[1]) <= 0.5


VISIT = """
import socket
with socket.create_connection(("127.0.0.1", 8766), timeout=50) as visitor:
    print(b"".join(iter(lambda: visitor.recv(65536), b"")).decode())
"""


@pytest.fixture(scope="module")
def probed(installed: Machine) -> dict[str, Any]:
    """What a program can do that runs in the service's place, on a socket like its own."""
    installed.copy_in(Path(__file__).with_name("probe.py"), "/srv/probe.py")
    for unit in (UNIT, SOCKET):
        text = installed.run("cat", f"/usr/lib/systemd/system/{unit}").stdout
        text = re.sub("ExecStart=.*", "ExecStart=/usr/bin/python3 /srv/probe.py", text)
        text = text.replace("appWebserver", "probe").replace("8765", "8766")
        text = text.replace("Restart=on-failure", "Restart=no")
        installed.run("tee", f"/run/systemd/system/probe.{unit.partition('.')[2]}", stdin=text)
    installed.shell("systemctl daemon-reload; systemctl start probe.socket")
    result: dict[str, Any] = json.loads(installed.run("python3", "-c", VISIT).stdout)
    installed.run("systemctl", "stop", "probe.socket", "probe.service")
    return result


def test_service_writes_only_where_its_fonts_are(probed: dict[str, Any]) -> None:
    """The service can write to its cache and its own /tmp only."""
    writable = probed["writable"]
    allowed = ("/var/cache/slimmemeter", "/sys/fs/cgroup")  # its own memory.pressure, if anything
    places = {path for path in writable if not path.startswith(allowed)}
    assert places <= {"/tmp", "/var/tmp"}
    assert "/var/cache/slimmemeter" in writable


def test_service_calls_nobody(probed: dict[str, Any]) -> None:
    """The service can reach nobody but who has come, and doesn't see other processes."""
    assert [way for way, error in probed["ways out"].items() if not error] == []
    for way in ("connect with the port", "sendto", "fast open", "a visitor turned round"):
        assert probed["ways out"][way] == "EPERM", way
    assert probed["ways out"]["io_uring"] == "EPERM"  # which could do all of these unseen
    assert probed["interfaces"] == ["lo"]
    assert probed["home"] != ""
    assert probed["others"] == []


def test_service_that_takes_too_much_memory_gets_none(probed: dict[str, Any]) -> None:
    """The service cannot get 700 MB of memory."""
    assert probed["memory"] == "MemoryError"


def test_service_lives_within_its_limits(installed: Machine) -> None:
    """After many pictures the service stays well below its memory limits."""
    for kind in ("day/2026-01-01", "month/2026-01", "year/2026", "years"):
        for table in ("electricity", "power", "gas"):
            for scale in (1, 2):
                url = f"/{kind}/{table}.png?scale={scale}"
                assert get(installed, url).status == 200, url
    status = installed.run("cat", f"/proc/{_main_pid(installed)}/status").stdout
    held = dict(re.findall(r"(\w+):\s+(\d+) kB", status))
    assert int(held["VmHWM"]) < 200_000
    assert int(held["VmData"]) < 400_000  # OpenBLAS maps 130 MB that it never touches


def test_collector_writes_only_its_data(installed: Machine) -> None:
    """Pulls and backups write to their own two folders only."""
    installed.shell("touch /srv/before; sleep 0.1")
    assert pull(installed) == ""
    installed.run("p1-pull", "--port", "/dev/none", check=False)
    installed.run("slimmemeter", "backup")
    newer = "find / /run /dev/shm -xdev -newer /srv/before -user slimmemeter ! -path '/proc/*'"
    changed = installed.shell(newer).stdout.splitlines()
    assert len(changed) > 3
    assert all(path.startswith((FOLDER, "/run/slimmemeter")) for path in changed), changed


@pytest.fixture(scope="module")
def phone(installed: Machine) -> str:
    """Another network namespace, on a cable to the machine, with several addresses."""
    installed.shell("""
ip link set lo up
ip netns add phone
ip link add home type veth peer name phone netns phone
ip address add 192.168.77.1/24 dev home
ip address add 2a02:a450:1:2::1/64 dev home nodad
ip address add 82.94.7.1/29 dev home
ip link set home up
ip netns exec phone sh -euc '
ip link set lo up
ip address add 192.168.77.2/24 dev phone
ip address add 2a02:a450:1:2::9/64 dev phone nodad
ip address add 82.94.7.2/29 dev phone
ip address add 8.8.8.8/32 dev phone
ip address add 2a02:a450:1:3::9/128 dev phone nodad
ip link set phone up'
ip route add 8.8.8.8/32 via 192.168.77.2
ip route add 2a02:a450:1:3::9/128 via 2a02:a450:1:2::9
""")
    return "phone"


@pytest.mark.parametrize("host", ["192.168.77.1", "[2a02:a450:1:2::1]", "82.94.7.1"])
def test_phone_in_the_house_sees_the_pages(installed: Machine, phone: str, host: str) -> None:
    """A phone on the same network sees the pages at each address."""
    page = get_from(installed, phone, f"http://{host}:8765/")
    assert page.status == 200
    assert b"slimmemeter" in page.body
    picture = get_from(installed, phone, f"http://{host}:8765/years/electricity.png")
    assert picture.body.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("route", "host"),
    [
        ("192.168.77.1/32 src 8.8.8.8", "192.168.77.1"),
        ("2a02:a450:1:2::1/128 src 2a02:a450:1:3::9", "[2a02:a450:1:2::1]"),
    ],
)
def test_who_comes_from_elsewhere_sees_nothing(
    installed: Machine, phone: str, route: str, host: str
) -> None:
    """A visitor with an address of another network gets only a refusal."""
    installed.shell(f"ip -n {phone} route add {route.replace(' src', ' dev phone src')}")
    try:
        refused = get_from(installed, phone, f"http://{host}:8765/")
    finally:
        installed.shell(f"ip -n {phone} route del {route.split()[0]} dev phone")
    assert (refused.status, refused.body) == (
        403,
        b"these pages answer addresses of the house only\n",
    )


def set_ipv6(machine: Machine, is_off: int) -> None:
    """Switch IPv6 of the machine's network off or on, which only the host can, and boot its socket
    anew."""
    pid = machine.root.parts[2]
    switch = f"echo {is_off} >/proc/sys/net/ipv6/conf/all/disable_ipv6"
    subprocess.run(["nsenter", f"--target={pid}", "--net", "sh", "-c", switch], check=True)
    machine.run("systemctl", "stop", UNIT, SOCKET)
    machine.run("systemctl", "start", SOCKET, UNIT)


def test_computer_without_ipv6(installed: Machine) -> None:
    """It serves the pages by IPv4."""
    set_ipv6(installed, 1)
    try:
        assert get(installed, "/", "http://[::1]:8765").status == 0
        assert get(installed, "/", "http://127.0.0.1:8765").status == 200
    finally:
        set_ipv6(installed, 0)
    assert get(installed, "/", "http://[::1]:8765").status == 200
