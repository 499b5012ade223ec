"""The machine in which the other tests run: it is a Debian that is well, and it leaves nothing."""

import tempfile
from pathlib import Path

import pytest

from .machine import Machine

pytestmark = pytest.mark.system


def _mount_namespace(process: Path) -> str:
    try:
        return str((process / "ns/mnt").readlink())
    except OSError:  # it ended meanwhile
        return ""


def _processes_in(namespace: str) -> list[str]:
    return [pid.name for pid in Path("/proc").glob("[0-9]*") if _mount_namespace(pid) == namespace]


def _cgroup(process: Path) -> Path:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    hierarchy = next(fields[1] for fields in mounts if fields[2] == "cgroup2")
    entries = (process / "cgroup").read_text().splitlines()
    path = next(entry.removeprefix("0::/") for entry in entries if entry.startswith("0::"))
    return Path(hierarchy, path)


def test_machine_leaves_nothing_behind(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process, mount, control group or file outlives the machine."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mounts = Path("/proc/self/mounts").read_text()
    with Machine(base) as machine:
        assert machine.run("systemctl", "is-system-running").stdout == "running\n"
        process = machine.root.parent
        namespace, group = _mount_namespace(process), _cgroup(process)
        machine.shell("touch /usr/changed; sleep 4243 >/dev/null 2>&1 &")
        assert len(_processes_in(namespace)) > 3
        assert group.name.startswith("machine-")
        assert list(tmp_path.iterdir()) != []
    assert _processes_in(namespace) == []
    assert not group.exists()
    assert list(tmp_path.iterdir()) == []
    assert Path("/proc/self/mounts").read_text() == mounts
    assert not (base / "usr/changed").exists()
