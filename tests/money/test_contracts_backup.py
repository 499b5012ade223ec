"""The file of contracts is a part of every backup and restore, and stays when one starts over."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.database import rows
from support.programs import Run
from support.readings import counted, store

TEXT = "# my contracts: gas € 0,70\n[home]\n"


@pytest.fixture
def contracts(database: Path) -> Path:
    store(database, *counted(0, 5))
    path = database.with_name("contracts.toml")
    path.write_text(TEXT)
    return path


def newest_backup(database: Path) -> Path:
    (found,) = database.with_name("backups").glob("*.gz")
    return found


def test_contracts_come_back_with_the_database(run: Run, database: Path, contracts: Path) -> None:
    """Whether the file is gone or another one by then; that one is kept."""
    assert run("backup").returncode == 0
    backup = newest_backup(database)
    contracts.unlink()
    done = run("restore", "--yes", backup)
    assert (done.returncode, done.stderr) == (0, "")
    assert contracts.read_text() == TEXT
    contracts.write_text("# other ones\n")
    done = run("restore", "--yes", backup)
    (aside,) = contracts.parent.glob("contracts-replaced-*.toml")
    assert f"the contracts that were there are in {aside}\n" in done.stdout
    assert (aside.read_text(), contracts.read_text()) == ("# other ones\n", TEXT)
    tables = rows(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'contracts'")
    assert tables == [(0,)]


def test_backup_without_contracts_leaves_those_alone(
    run: Run, database: Path, contracts: Path
) -> None:
    """One that was made before there was such a file, or of an older program."""
    contracts.unlink()
    run("backup")
    contracts.write_text(TEXT)
    assert run("restore", "--yes", newest_backup(database)).returncode == 0
    assert contracts.read_text() == TEXT


def test_backup_with_contracts_can_be_imported(
    run: Run, database: Path, contracts: Path, tmp_path: Path
) -> None:
    """Its readings come in as those of any database."""
    run("backup")
    done = run("import", "--db", tmp_path / "new.sqlite3", newest_backup(database))
    assert "2 new readings" in done.stdout


def test_contracts_elsewhere_are_backed_up_too(
    run: Run, database: Path, contracts: Path, tmp_path: Path
) -> None:
    """Where the setting has them."""
    elsewhere = tmp_path / "elsewhere.toml"
    contracts.rename(elsewhere)
    environ = {"SLIMMEMETER_CONTRACTS": str(elsewhere)}
    run("backup", **environ)
    elsewhere.unlink()
    run("restore", "--yes", newest_backup(database), **environ)
    assert elsewhere.read_text() == TEXT


def test_contracts_stay_when_one_starts_over(run: Run, database: Path, contracts: Path) -> None:
    """They are of the house's suppliers, and not of the readings."""
    assert run("start-over", "--yes").returncode == 0
    assert contracts.read_text() == TEXT
