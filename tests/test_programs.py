"""pull.sh as cron calls it, and what each program loads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.debian import needs
from support.house import telegram_now
from support.meter import Meter, Meters
from support.paths import EXAMPLE, ROOT
from support.processes import command_lines
from support.programs import PULL, Pull, free_port
from support.waiting import until

PULL_SH = ROOT / "scripts" / "pull.sh"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with its own `.venv`, somewhere else than this one."""
    scripts = tmp_path / "house with a blank" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "pull.sh").write_bytes(PULL_SH.read_bytes())
    (scripts / "pull.sh").chmod(0o755)
    scripts.parent.joinpath(".venv/bin").mkdir(parents=True)
    scripts.parent.joinpath(".venv/bin/python").symlink_to(sys.executable)
    scripts.parent.joinpath(".venv/pyvenv.cfg").write_bytes(
        Path(sys.prefix, "pyvenv.cfg").read_bytes()
    )
    scripts.parent.joinpath(".venv/lib").symlink_to(Path(sys.prefix, "lib"))
    scripts.parent.joinpath("slimmemeter").symlink_to(ROOT / "slimmemeter")
    return scripts.parent


def pull_sh(
    checkout: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run it as cron does, with next to no environment."""
    kept = {"PATH": "/usr/bin:/bin", "HOME": str(checkout), **environment}
    return subprocess.run(
        [str(checkout / "scripts/pull.sh"), *arguments],
        capture_output=True,
        check=False,
        env=kept,
        text=True,
        timeout=60,
    )


def test_pull_sh_is_silent_when_all_is_well(checkout: Path, meter: Meters, database: Path) -> None:
    """pull.sh finds its environment from anywhere, stores a reading, and prints nothing."""
    port = meter(telegram_now()).port
    done = pull_sh(checkout, SLIMMEMETER_PORT=port, SLIMMEMETER_DB=str(database))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert database.exists()
    assert Path(f"{database}.last-pull").read_text().split()[1:] == ["0"]


def test_pull_sh_hands_its_arguments_on(checkout: Path, database: Path) -> None:
    """pull.sh passes its arguments on, even paths with blanks."""
    copy = checkout / "a telegram.txt"
    copy.write_bytes(EXAMPLE.read_bytes())
    done = pull_sh(checkout, "-v", "--db", str(database), str(copy))
    assert done.returncode == 0
    assert done.stdout.startswith("the reading of 2017-01-08 16:11:07 is stored in ")


def test_pull_sh_reports_a_failure_and_keeps_its_code(checkout: Path, database: Path) -> None:
    """pull.sh prints a failed pull's sentence and ends with its exit code."""
    done = pull_sh(checkout, "--port", "/dev/ttyNOTHERE", "--db", str(database))
    assert done.returncode == 3
    assert done.stderr.startswith("p1-pull: there is no /dev/ttyNOTHERE")
    assert " 3 p1-pull: there is no " in Path(f"{database}.last-pull").read_text()


def test_pull_sh_without_its_environment_says_so(checkout: Path) -> None:
    """pull.sh without its environment names the place where it looked."""
    (checkout / ".venv/bin/python").unlink()
    done = pull_sh(checkout)
    assert done.returncode == 2
    assert "there is no" in done.stderr
    assert done.stderr.count("\n") == 1


def test_pull_sh_that_is_killed_leaves_word(checkout: Path, meter: Meters, database: Path) -> None:
    """A pull that is killed leaves its exit code for the pages."""
    silent = meter(b"").port
    command = [str(checkout / "scripts/pull.sh"), "--port", silent, "--db", str(database)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        pid = until(lambda: pid_of_pull(silent))
        os.kill(pid, signal.SIGKILL)
        output = process.communicate(timeout=120)[1]
    assert process.returncode == 128 + signal.SIGKILL
    assert "was killed" in output
    assert " 137 p1-pull was killed" in Path(f"{database}.last-pull").read_text()


def pid_of_pull(port: str) -> int | None:
    """The pull that pull.sh has started for a port: Python itself, and not what waits for it."""
    for pid, line in command_lines():
        if f"main()\0--port\0{port}" in line and not line.startswith(("timeout", "/bin/sh")):
            return pid
    return None


def notifications(checkout: Path) -> list[str]:
    """What the household's command received: a line of exit code and sentence each time."""
    answer = checkout / "notified"
    return answer.read_text().splitlines() if answer.exists() else []


COMMAND = 'echo "$SLIMMEMETER_EXIT_CODE $(cat)" >>"$HOME/notified"'


def test_third_failure_in_a_row_and_the_end_of_it_are_notified(
    checkout: Path, meter: Meters, database: Path
) -> None:
    """The household's command runs once at the third failure, and once at the end of it."""
    well = {"SLIMMEMETER_PORT": meter(telegram_now()).port, "SLIMMEMETER_DB": str(database)}
    well |= {"SLIMMEMETER_ON_TROUBLE": COMMAND}
    broken = well | {"SLIMMEMETER_PORT": "/dev/ttyNOTHERE"}
    for pull in (broken, broken, well, broken, broken):
        pull_sh(checkout, **pull)
    assert notifications(checkout) == []
    for pull in (broken, broken, broken):
        assert pull_sh(checkout, **pull).returncode == 3
    assert len(notifications(checkout)) == 1
    assert notifications(checkout)[0].startswith("3 p1-pull: there is no /dev/ttyNOTHERE")
    for _ in range(2):
        done = pull_sh(checkout, **well)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert notifications(checkout)[1:] == ["0 p1-pull: a reading is stored again"]
    assert not Path(f"{database}.failures").exists()


def test_command_that_fails_is_run_again(checkout: Path, database: Path) -> None:
    """A household's command that fails is logged, and runs again at the next failure."""
    kept = {"SLIMMEMETER_PORT": "/dev/ttyNOTHERE", "SLIMMEMETER_DB": str(database)}
    deaf = "echo no network >&2; exit 6"
    output = [pull_sh(checkout, SLIMMEMETER_ON_TROUBLE=deaf, **kept) for _ in range(4)]
    assert [done.returncode for done in output] == [3] * 4
    received = [
        "no network\np1-pull: SLIMMEMETER_ON_TROUBLE ended with exit code 6" in done.stderr
        for done in output
    ]
    assert received == [False, False, True, True]
    pull_sh(checkout, SLIMMEMETER_ON_TROUBLE=COMMAND, **kept)
    pull_sh(checkout, SLIMMEMETER_ON_TROUBLE=COMMAND, **kept)
    assert len(notifications(checkout)) == 1


def test_pull_that_is_killed_counts_as_failure(
    checkout: Path, meter: Meters, database: Path
) -> None:
    """A pull that is killed counts as a failure for the household's command."""
    kept = {"SLIMMEMETER_PORT": "/dev/ttyNOTHERE", "SLIMMEMETER_DB": str(database)}
    for _ in range(2):
        pull_sh(checkout, SLIMMEMETER_ON_TROUBLE=COMMAND, **kept)
    silent = meter(b"").port
    command = [str(checkout / "scripts/pull.sh"), "--port", silent, "--db", str(database)]
    kept = {"PATH": "/usr/bin:/bin", "HOME": str(checkout), "SLIMMEMETER_ON_TROUBLE": COMMAND}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=kept) as process:
        os.kill(until(lambda: pid_of_pull(silent)) or 0, signal.SIGKILL)
        process.wait(timeout=30)
    (notification,) = notifications(checkout)
    assert notification.startswith("137 p1-pull was killed after")


def test_pulls_do_not_pile_up(checkout: Path, meter: Meters, database: Path) -> None:
    """Two pull.sh at once both store a reading, one after the other."""
    speaking = meter(telegram_now(), pause_s=1)
    command = [str(checkout / "scripts/pull.sh"), "--port", speaking.port, "--db", str(database)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]


AWAY = "postgresql://house:s3cret@127.0.0.1:{}/power"  # where nobody listens


def test_publishing_comes_after_the_pull_and_is_none_of_its_failures(
    checkout: Path, meter: Meters, database: Path
) -> None:
    """With a target that is away the reading is stored, and the pull's exit code and status are
    those of a good one; the sentence about the target stands apart, without its password."""
    port, target = meter(telegram_now()).port, AWAY.format(free_port())
    kept = {"SLIMMEMETER_PORT": port, "SLIMMEMETER_DB": str(database)}
    done = pull_sh(checkout, SLIMMEMETER_PUBLISH=target, **kept)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("slimmemeter: postgresql://127.0.0.1:")
    assert "s3cret" not in done.stderr
    assert Path(f"{database}.last-pull").read_text().split()[1:] == ["0"]
    assert Path(f"{database}.last-publish").read_text().split()[1:4] == [
        "8",
        "slimmemeter",
        "publish:",
    ]
    failed = pull_sh(checkout, **kept | {"SLIMMEMETER_PORT": "/dev/ttyNOTHERE"})
    assert failed.returncode == 3
    failed = pull_sh(
        checkout, **kept | {"SLIMMEMETER_PORT": "/dev/ttyNOTHERE", "SLIMMEMETER_PUBLISH": target}
    )
    assert failed.returncode == 3
    assert failed.stderr.count("\n") == 2


def test_setting_that_publish_can_not_use_stops_no_pull(
    checkout: Path, meter: Meters, database: Path
) -> None:
    """The reading is stored, and the sentence is of publishing."""
    kept = {"SLIMMEMETER_PORT": meter(telegram_now()).port, "SLIMMEMETER_DB": str(database)}
    for wrong in ("broker.local", "gopher://host", "postgresql://h?house=a/b", "mqtt://h:x"):
        done = pull_sh(checkout, SLIMMEMETER_PUBLISH=wrong, **kept)
        assert done.returncode == 0
        assert "SLIMMEMETER_PUBLISH" in done.stderr
        assert done.stderr.count("\n") == 1
    assert database.exists()


BUDGET = """
import sys
{code}
heavy = {{"argparse", "babel", "datetime", "flask", "json", "logging", "matplotlib", "numpy", "re",
          "typing", "zoneinfo"}}
print(*sorted(heavy & set(sys.modules)))
"""


def loaded_by(code: str) -> list[str]:
    """Which of the heavy modules a fresh interpreter has loaded after some code."""
    command = [sys.executable, "-I", "-c", BUDGET.format(code=code)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


def test_pull_loads_next_to_nothing(meter: Meters, database: Path, pull: Pull) -> None:
    """A whole pull into a database that is there imports no flask, numpy, matplotlib or other heavy
    module but sqlite3's own datetime, and nothing of what publishes."""
    pull(EXAMPLE)
    code = f"""
import os, sys
from slimmemeter import pull
sys.argv = ["p1-pull"]
os.environ["SLIMMEMETER_PORT"] = {meter(telegram_now()).port!r}
os.environ["SLIMMEMETER_DB"] = {str(database)!r}
try:
    pull.main()
except SystemExit as end:
    assert end.code == 0
"""
    assert loaded_by(code) == ["datetime"]
    ours = 'print(*(each for each in sys.modules if each.startswith("slimmemeter.")))'
    command = [sys.executable, "-I", "-c", code + ours]
    loaded = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    assert "slimmemeter.store.writer" in loaded
    assert not [each for each in loaded if "publish" in each or "outbox" in each]


def test_web_loads_no_matplotlib_until_the_first_picture(house_database: Path) -> None:
    """A page imports no matplotlib; a picture does, and who asks whether there can be pictures."""
    code = f"""
from slimmemeter.settings import Settings
from slimmemeter.web.app import create_app
client = create_app(Settings({{"--db": {str(house_database)!r}}})).test_client()
assert client.get("/month/2026-10").status_code == 200
"""
    assert {"matplotlib", "numpy"}.isdisjoint(loaded_by(code))
    drawn = code + 'assert client.get("/month/2026-10/gas.png").status_code == 200'
    assert {"matplotlib", "numpy"} <= set(loaded_by(drawn))
    asked = code + 'assert client.get("/healthz?pictures").status_code == 200'
    assert {"matplotlib", "numpy"} <= set(loaded_by(asked))


def test_meter_is_left_alone_between_pulls(meter: Meters, database: Path) -> None:
    """After a pull no process has the port open."""
    speaking: Meter = meter(telegram_now())
    command = [*PULL, "--port", speaking.port, "--db", str(database)]
    subprocess.run(command, check=True, timeout=30)
    users = subprocess.run(
        [needs("fuser", "psmisc"), speaking.port], capture_output=True, check=False
    )
    assert users.stdout == b""
