"""What the README says is what the programs do."""

from __future__ import annotations

import ast
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from jinja2 import Template

from slimmemeter.demo import household
from slimmemeter.history import consumption
from slimmemeter.store.reader import Reader
from support.debian import needs
from support.pages import client_of
from support.paths import EXAMPLE, ROOT
from support.programs import Pull

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [block for language, block in BLOCKS if language == "sh"]
# Which tests run the commands of each block, by a word in it.
RUN_BY = {
    "scripts/demo.sh": "test_demo_check_sees_all_pages",
    "scripts/test.sh": "the command that runs this test",
    "--dry-run test-telegram.txt": "test_first_look_is_what_is_printed",
    "usermod": "tests/system",
    "scripts/install.sh": "tests/system",
    "slimmemeter doctor": "tests/system",
    "slimmemeter backup": "tests/system",
    "sqlite3 -readonly": "test_queries_answer",
}


def test_every_command_is_run_by_a_test() -> None:
    """A new block of commands needs a test that runs it."""
    for block in SHELL:
        assert any(word in block for word in RUN_BY), block


def sentences() -> set[str]:
    """What the modules that look for faults can say; `…` stands for what they fill in."""
    found = set()
    for name in ("doctor/port_check", "doctor/checks", "line/port_errors", "p1/framing"):
        for node in ast.walk(ast.parse((ROOT / f"slimmemeter/{name}.py").read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value if isinstance(part, ast.Constant) else "…" for part in parts]
            found.add("".join(map(str, texts)))
    return found


def test_doctor_s_findings_are_what_it_says() -> None:
    """The README names each finding by words that stand in the program."""
    table = README.partition("| it says | what it is |")[2].partition("\n\n")[0]
    told = " ".join(row.split("|")[1] for row in table.splitlines()[2:])
    phrases = re.findall(r"`([^`]+)`", told)
    assert len(phrases) > 15
    for phrase in phrases:
        pieces = [piece for piece in phrase.split("…") if piece.strip()]
        assert any(all(piece in text for piece in pieces) for text in sentences()), phrase


def test_first_look_is_what_is_printed(pull: Pull) -> None:
    """The page of the example telegram stands in the README as it comes."""
    assert pull("--dry-run", EXAMPLE).stdout in [block for _, block in BLOCKS]


def test_example_telegram_is_the_file() -> None:
    """Line by line, but for its CRs."""
    assert EXAMPLE.read_bytes().decode().replace("\r\n", "\n") in [block for _, block in BLOCKS]


def test_help_is_what_is_printed(pull: Pull) -> None:
    """The current --help."""
    assert pull("--help", COLUMNS="80").stdout in [block for _, block in BLOCKS]


def test_example_telegram_has_crlf_and_git_keeps_them() -> None:
    """Its CRC counts the carriage returns."""
    content = EXAMPLE.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 25
    attributes = subprocess.run(
        ["git", "check-attr", "text", EXAMPLE.name], cwd=ROOT, capture_output=True, text=True
    )
    if attributes.returncode == 0:
        assert attributes.stdout.endswith("text: unset\n")


def test_every_promise_has_its_test() -> None:
    """A file of tests for each row."""
    table = README.partition("| | promise | test | seen |")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        named = re.findall(r"`(tests/\w+\.py)`", row.split("|")[3])
        assert named, row
        assert all((ROOT / path).exists() for path in named), row


def test_every_address_answers(house_database: Path) -> None:
    """The table of addresses, each as it stands there; and no route of ours is left out."""
    table = README.partition("| address | what |")[2].partition("\n\n")[0]
    client = client_of(house_database)
    told = [
        address
        for row in table.splitlines()[2:]
        for address in re.findall(r"`(/[^`]*)`", row.split("|")[1])
    ]
    for address in told:
        assert client.get(address).status_code in (200, 503), address
    assert client.get("/healthz?readings").status_code == 503  # these readings are old
    rules = {rule.endpoint for rule in client.application.url_map.iter_rules()}
    adapter = client.application.url_map.bind("localhost")
    reached = {adapter.match(address.partition("?")[0])[0] for address in told}
    assert rules - reached == {"static", "routes.between_form"}


def test_sensors_of_home_assistant_find_their_values(house_database: Path) -> None:
    """Each template gives a number from what `/now.json` says; counters only rise."""
    (block,) = [block for language, block in BLOCKS if language == "yaml"]
    now = client_of(house_database).get("/now.json").json
    sensors = re.findall(
        r'name: ([^,]+), value_template: "(.*?)", unit_of_measurement: (\S+),'
        r" device_class: (\w+), state_class: (\w+)",
        block,
    )
    assert len(block.splitlines()) == 10
    for name, template, unit, kind, state in sensors:
        value = float(Template(template).render(value_json=now))
        assert (kind == "power") == (state == "measurement") == (value < 10_000 and unit == "W"), (
            name
        )
    assert len(sensors) == 6


def test_files_and_tables_for_contributors_are_there() -> None:
    """What CONTRIBUTING and SECURITY name: paths, modules, and tables in modules."""
    for document in ("CONTRIBUTING", "SECURITY"):
        text = (ROOT / f".github/{document}.md").read_text()
        for path in re.findall(r"`((?:\.ci|scripts|slimmemeter|systemd|tests)/[\w./]+)[` ]", text):
            assert (ROOT / path).exists(), path
        for module in re.findall(r"`(\w+\.py)`", text):
            assert (ROOT / "slimmemeter" / module).exists(), module
        for name, path, _ in re.findall(r"`([A-Z]+)`[^`]{1,20}`((?:\w+/)*(\w+)\.py)`", text):
            module = ROOT / ("" if "/" in path else "slimmemeter") / path
            assert re.search(rf"^{name}\b", module.read_text(), re.MULTILINE), name


def test_queries_answer(house_database: Path) -> None:
    """The three queries for `sqlite3` give rows: of a week that has a gap of a day in it."""
    (block,) = [block for block in SHELL if "sqlite3 -readonly" in block]
    needs("sqlite3", "sqlite3")
    here = block.replace("/var/lib/slimmemeter/slimmemeter.sqlite3", str(house_database))
    done = subprocess.run(
        ["sh", "-euc", here],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "TZ": "Europe/Amsterdam"},
        text=True,
    )
    first, *days = done.stdout.splitlines()
    assert re.fullmatch(r"2026-10-22 \d\d:\d\d:03\|\d+\|\d+", first)
    assert len(days) == 2 * 7
    assert all(re.fullmatch(r"2026-10-2\d\|(\d+\.\d+)?", day) for day in days)
    assert days[0].startswith("2026-10-28|")
    reader = Reader(str(house_database))
    midnights = [
        int(datetime(2026, 10, day, tzinfo=household.ZONE).timestamp()) for day in (24, 25)
    ]
    total = sum(
        column.total or 0 for column in consumption.electricity(reader, midnights).columns[:2]
    )
    reader.close()
    said = next(day for day in days if day.startswith("2026-10-24|"))
    assert float(said.partition("|")[2]) == pytest.approx(total / 1000, abs=0.02)


def test_tables_are_those_of_the_file(house_database: Path) -> None:
    """Each table and each column that the README names is there, and no table is left out."""
    told = README.partition("| table | a row is |")[2].partition("\n\n")[0]
    cells = [line.split("|") for line in told.splitlines()[2:]]
    tables = {row[1].strip(" `"): set(re.findall(r"`(\w+)`", row[3])) for row in cells}
    with closing(sqlite3.connect(house_database)) as db:
        found = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        assert set(tables) == {name for (name,) in db.execute(found)}
        for table, names in tables.items():
            columns = {row[1] for row in db.execute(f"PRAGMA table_xinfo({table})")}
            assert names - {"source"} <= columns, table


def test_demo_leaves_a_real_house_alone(pull: Pull, database: Path) -> None:
    """A database with readings of a meter is no place for simulated ones."""
    pull(EXAMPLE)
    command = [sys.executable, "-m", "slimmemeter.cli", "demo", "--check", "--db", str(database)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=30)
    assert done.returncode == 5
    assert "of a real meter" in done.stderr


def test_demo_check_sees_all_pages(tmp_path: Path) -> None:
    """`scripts/demo.sh --check`, with a database and a port of the test's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [ROOT / "scripts/demo.sh", "--check", "--listen", f"localhost:{port}"]
    done = subprocess.run(
        [*command, "--db", tmp_path / "demo.sqlite3"],
        capture_output=True,
        check=False,
        env={name: os.environ[name] for name in ("PATH", "HOME")},
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/day/" in done.stdout
    assert "totals of" in done.stdout
    assert done.stdout.endswith("all is well\n")
