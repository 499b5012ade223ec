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


def _cgroups() -> set[str]:
    return {str(group) for group in Path("/sys/fs/cgroup").glob("**/machine-*")}


def test_machine_leaves_nothing_behind(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of processes, mounts, control groups and files none outlives the `with` block."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mounts, groups = Path("/proc/self/mounts").read_text(), _cgroups()
    with Machine(base) as machine:
        assert machine.run("systemctl", "is-system-running").stdout == "running\n"
        namespace = _mount_namespace(machine.root.parent)
        machine.shell("touch /usr/changed; sleep 4243 >/dev/null 2>&1 &")
        assert len(_processes_in(namespace)) > 3
        assert len(_cgroups() - groups) == 1
        assert list(tmp_path.iterdir()) != []
    assert _processes_in(namespace) == []
    assert _cgroups() == groups
    assert list(tmp_path.iterdir()) == []
    assert Path("/proc/self/mounts").read_text() == mounts
    assert not (base / "usr/changed").exists()
