"""What the documents say is what the programs do: the README and all of docs/."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from benchmarks import table as benchmark_table
from jinja2 import Template

from slimmemeter.demo import household
from slimmemeter.history import consumption
from slimmemeter.settings_table import SETTINGS
from slimmemeter.store.reader import Reader
from slimmemeter.store.snapshot import Snapshot
from support.contracts import DYNAMIC, with_contract
from support.debian import needs
from support.house_rule import PACKAGES
from support.pages import client_of
from support.paths import EXAMPLE, ROOT
from support.programs import Pull, Run

DOCUMENTS = {
    path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
TEXTS = {name: path.read_text() for name, path in DOCUMENTS.items()}
FOR_CONTRIBUTORS = sorted((ROOT / ".github").glob("*.md"))
BLOCKS = [
    (language, block)
    for text in TEXTS.values()
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
]
SHELL = [block for language, block in BLOCKS if language == "sh"]
LONGEST_README = 200  # lines
# Which test runs the commands of a block, by words in it; or why none does.
HERE, SERVICE = "tests/test_docs.py", "tests/system/test_service.py"
UPGRADE, HANDS = "tests/system/test_upgrade.py", "tests/system/test_hands.py"
RUN_BY = {
    "scripts/demo.sh": f"{HERE}::test_demo_check_sees_all_pages",
    "scripts/test.sh": "is the command that runs this test",
    "p1-pull --dry-run test-telegram.txt": f"{HERE}::test_first_look_is_what_is_printed",
    "p1-pull --dry-run -": f"{HERE}::test_commands_do_what_they_should",
    "p1-pull --dry-run --json -": f"{HERE}::test_commands_do_what_they_should",
    "slimmemeter contract check": "tests/money/test_bill_command.py"
    "::test_bill_of_a_contract_year_has_a_name",
    "slimmemeter battery": "tests/money/test_battery.py::test_command_prints_and_keeps_the_result",
    "slimmemeter import": f"{HERE}::test_commands_do_what_they_should",
    "slimmemeter export": f"{HERE}::test_commands_do_what_they_should",
    "sqlite3 -readonly": f"{HERE}::test_queries_answer",
    "-aG dialout": "tests/system/test_home.py::test_port_may_be_read_after_one_command",
    "-aG slimmemeter": f"{SERVICE}::test_visitor_may_look_into_the_database_after_one_command",
    "slimmemeter doctor": f"{SERVICE}::test_doctor_finds_all_well",
    "slimmemeter publish --init": "tests/publish/test_postgresql.py"
    "::test_history_comes_if_it_is_asked_for",
    "slimmemeter backup": f"{SERVICE}::test_backup_and_restore_as_documented",
    "systemctl restart appWebserver": "is what the package does, too",
    "apt remove": f"{UPGRADE}::test_remove_leaves_the_readings_alone",
    "git pull": f"{UPGRADE}::test_upgrade_keeps_readings_and_settings",
    "scripts/build-deb.sh\n": "tests/test_deb.py::test_same_files_give_the_same_bytes",
    "slimmemeter listen": f"{HANDS}::test_pages_move_to_another_port",
    "slimmemeter password": f"{HANDS}::test_password_is_set_changed_and_removed",
    "second.sqlite3": "tests/system/test_second.py::test_second_meter_as_documented",
    "scripts/install.sh\n": "tests/system/test_install.py"
    "::test_installation_ends_with_a_reading_and_an_address",
    "tests/benchmarks/run.py": "needs other programs, and minutes",
    "tests/benchmarks/fleet.py": "needs other programs, and minutes",
}


def table_of(head: str) -> list[list[str]]:
    """The cells of each row of the table that begins with this line, in whichever document."""
    (text,) = [text for text in TEXTS.values() if f"{head}\n" in text]
    rows = text.partition(f"{head}\n")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def codes(text: str) -> list[str]:
    """What stands between backquotes."""
    return re.findall(r"`([^`]+)`", text)


def test_readme_is_short() -> None:
    """What a person with a meter needs; the rest is in docs/, and each of these is linked."""
    assert len(TEXTS["README.md"].splitlines()) <= LONGEST_README
    for name in set(TEXTS) - {"README.md"}:
        assert f"](docs/{name})" in TEXTS["README.md"], name


def anchors(text: str) -> set[str]:
    """What can stand behind the `#` of a link to a document: its headings, as GitHub has it."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", bare, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "path", [*DOCUMENTS.values(), *FOR_CONTRIBUTORS], ids=lambda each: each.name
)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link: to a file that is there, and in a document to a heading of it."""
    text = path.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)
    for link in (one or other for one, other in links):
        if "://" not in link:
            target, _, anchor = link.partition("#")
            file = path.parent / target if target else path
            assert file.exists(), link
            assert not anchor or anchor in anchors(file.read_text()), link


def test_every_command_is_run_by_a_test() -> None:
    """A new block of commands needs a test that runs it."""
    for block in SHELL:
        assert any(words in block for words in RUN_BY), block
    for words, by in RUN_BY.items():
        assert any(words in block for block in SHELL), words
        path, _, name = by.partition("::")
        assert not name or f"\ndef {name}(" in (ROOT / path).read_text(), by


def test_commands_do_what_they_should(database: Path, house_database: Path, tmp_path: Path) -> None:
    """Those that need nothing but a database, each in a folder with what it reads; none fails."""
    database.write_bytes(house_database.read_bytes())
    (tmp_path / EXAMPLE.name).write_bytes(EXAMPLE.read_bytes())
    (notebook,) = [block for language, block in BLOCKS if language == "csv"]
    (tmp_path / "notebook.csv").write_text(notebook)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(tmp_path), "SLIMMEMETER_DB": str(database)}
    output = ""
    for block in SHELL:
        words = next(words for words in RUN_BY if words in block)
        if RUN_BY[words].endswith("::test_commands_do_what_they_should"):
            command = ["sh", "-euc", block]
            done = subprocess.run(
                command, capture_output=True, check=True, cwd=tmp_path, env=environ, text=True
            )
            output += done.stdout
    assert "CRC ok. Nothing was stored.\n" in output
    assert output.count("(CSV): 5 new readings") == 2  # as it says with --dry-run, and then does
    readings = (tmp_path / "readings.csv").read_text().splitlines()
    assert len(readings) == len((tmp_path / "readings.jsonl").read_text().splitlines()) + 1
    assert (tmp_path / "day.csv").read_text().count("\n") == 25


def sentences() -> set[str]:
    """What the modules that look for faults can say; `…` stands for what they fill in."""
    found = set()
    for name in (
        *("doctor/port_check", "doctor/checks", "doctor/pages_check", "doctor/readings_check"),
        *("line/port_errors", "line/foreign"),
    ):
        for node in ast.walk(ast.parse((ROOT / f"slimmemeter/{name}.py").read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value if isinstance(part, ast.Constant) else "…" for part in parts]
            found.add("".join(map(str, texts)))
    return found


@pytest.mark.parametrize("head", ["| it says | what it is |", "| it says | what helps |"])
def test_doctor_s_findings_are_what_it_says(head: str) -> None:
    """Each finding is named by words that stand in the program."""
    phrases = [phrase for row in table_of(head) for phrase in codes(row[0])]
    assert len(phrases) >= 10
    for phrase in phrases:
        pieces = [piece for piece in phrase.split("…") if piece.strip()]
        assert any(all(piece in text for piece in pieces) for text in sentences()), phrase


def test_first_look_is_what_is_printed(pull: Pull) -> None:
    """The page of the example telegram stands there as it comes."""
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


def part_of(part: object, whole: object) -> bool:
    """Whether an object has all that the other one has, and perhaps more keys."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and part_of(part[name], whole[name]) for name in part)
    return part == whole


def test_json_is_what_is_printed(pull: Pull) -> None:
    """Shortened, of the example telegram."""
    (shown,) = [json.loads(block) for language, block in BLOCKS if language == "json"]
    printed = json.loads(pull("--dry-run", "--json", EXAMPLE).stdout)
    assert set(shown) == set(printed)
    assert part_of(shown, printed)


def test_keys_of_a_table_as_json_are_all_named(house_database: Path) -> None:
    """No more, and no less."""
    named = {key for row in table_of("| key | what |") for key in codes(row[0])}
    day = client_of(house_database).get("/day/2026-10-25/electricity.json").json
    assert day is not None
    assert set(day) == named


def test_every_setting_is_documented() -> None:
    """Its name, its flag if a command has it, and its default; no other one is."""
    rows = {codes(row[0])[0]: row for row in table_of("| variable | flag | default | meaning |")}
    assert set(rows) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        _, flag, default, _ = rows[setting.name]
        assert flag in (f"`{setting.flag}`", "–")
        assert setting.default in default


def test_status_of_the_service_is_of_this_unit() -> None:
    """The first line of what systemctl says has the unit's description."""
    unit = (ROOT / "systemd/appWebserver.service").read_text()
    (description,) = re.findall(r"^Description=(.*)$", unit, re.MULTILINE)
    assert f"● appWebserver.service - {description}\n" in TEXTS["install.md"]


def test_every_promise_has_its_test() -> None:
    """A file of tests for each row."""
    for row in table_of("| | promise | test | seen |"):
        named = codes(row[2])
        assert named, row
        assert all((ROOT / path).exists() for path in named), row


def test_every_address_answers(house_database: Path, tmp_path: Path, run: Run) -> None:
    """The table of addresses, each as it stands there; and no route of ours is left out."""
    database = with_contract(house_database, tmp_path, DYNAMIC)
    run("battery", SLIMMEMETER_DB=str(database))
    client = client_of(database)
    named = [
        address
        for row in table_of("| address | what |")
        for address in codes(row[0])
        if address.startswith("/")
    ]
    for address in named:
        assert client.get(address).status_code in (200, 303, 503), address
    assert client.get("/healthz?readings").status_code == 503  # these readings are old
    rules = {rule.endpoint for rule in client.application.url_map.iter_rules()}
    adapter = client.application.url_map.bind("localhost")
    reached = {adapter.match(address.partition("?")[0])[0] for address in named}
    assert rules - reached == {"static", "views.between_form", "views.compare_form"}


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


def modules_named(text: str) -> Iterator[tuple[str, str]]:
    """Names of tables in capitals, each with the module in which a document says that it is."""
    for names, path in re.findall(r"((?:`[A-Z_]+`(?: and )?)+)[^`]{1,20}`([\w/]+\.py)`", text):
        yield from ((name, path) for name in codes(names))


def test_files_and_tables_for_contributors_are_there() -> None:
    """What CONTRIBUTING, SECURITY and the notes name: paths, modules, and tables in modules."""
    texts = [path.read_text() for path in FOR_CONTRIBUTORS] + [TEXTS["design.md"]]
    for text in texts:
        for path in re.findall(r"`((?:\.ci|scripts|slimmemeter|systemd|tests)/[\w./]+)[` ]", text):
            assert (ROOT / path).exists(), path
        for module in re.findall(r"`([\w/]+\.py)`", text):
            assert any((ROOT / top / module).exists() for top in ("", "slimmemeter")), module
        for name, path in modules_named(text):
            module = ROOT / ("" if path.startswith(("slimmemeter", "tests")) else "slimmemeter")
            assert re.search(rf"^{name}\b", (module / path).read_text(), re.MULTILINE), name


def test_packages_are_those_of_the_house() -> None:
    """The table for contributors has each package and what it may import."""
    text = (ROOT / ".github/CONTRIBUTING.md").read_text()
    rows = text.partition("| package | its one job | may import |\n|---|---|---|\n")[2]
    cells = [row.split("|") for row in rows.partition("\n\n")[0].splitlines()]
    found = {codes(row[1])[0]: set(row[3].replace("–", "").split()) for row in cells}
    assert found == {name: set(used.split()) for name, used in PACKAGES.items()}


def test_benchmark_writes_its_row_and_leaves_the_others() -> None:
    """A row is replaced, a new one comes in its place, one that is no more goes."""
    text = TEXTS["benchmarks.md"]
    first, *others = names = list(benchmark_table.lines(text))
    assert len(names) > 30
    measured = benchmark_table.line(
        first, ("work", "1 ms", "2 ms", "0.5", "≤ 1"), date(2026, 12, 1)
    )
    written = benchmark_table.with_line(text, measured, names)
    old = benchmark_table.lines(text)[first]
    assert old != measured
    assert written == text.replace(old, measured)
    assert benchmark_table.with_line(written, old, names) == text
    new = benchmark_table.line("new", ("work", "1 ms", "–", "", "–"), date(2026, 12, 1))
    fewer = benchmark_table.with_line(text, new, [*others, "new"])
    assert list(benchmark_table.lines(fewer)) == [*others, "new"]


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
    midnights = [
        int(datetime(2026, 10, day, tzinfo=household.ZONE).timestamp()) for day in (24, 25)
    ]
    with Reader(str(house_database)) as reader:
        table = consumption.energy(Snapshot(reader), "electricity", midnights)
    total = sum(value or 0 for column, value in table.totals.items() if column.quantity == "import")
    output = next(day for day in days if day.startswith("2026-10-24|"))
    assert float(output.partition("|")[2]) == pytest.approx(total / 1000, abs=0.02)


def test_tables_are_those_of_the_file(house_database: Path) -> None:
    """Each table and each column that is named is there, and no table is left out."""
    cells = table_of("| table | a row is | its columns |")
    tables = {row[0].strip("`"): set(re.findall(r"`([a-z]\w+)`", row[2])) for row in cells}
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
