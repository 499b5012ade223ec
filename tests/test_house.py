"""The rule of imports: which package may use which, and which library has which one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.paths import ROOT

# What each package may import of the others; a program may import any of them.
PACKAGES = {
    "p1": "",
    "line": "p1",
    "store": "p1",
    "history": "store p1",
    "i18n": "history store p1",
    "charts": "i18n history store",
    "web": "charts i18n history store p1",
    "transfer": "history store p1",
    "doctor": "line store p1",
    "demo": "web store p1",
}
GROUND = {"errors", "settings", "clock", "status", "process"}  # may be imported by every package
DOORS = {
    "serial": "line.port",
    "_sqlite3": "store.connection",
    "matplotlib": "charts.canvas charts.draw",
    "numpy": "charts",
    "PIL": "charts.canvas",
    "flask": "web",
    "babel": "i18n.language",
    "waitress": "web.server",
}


def imports() -> Iterator[tuple[str, str]]:
    """Each import of the program as (module, what it imports), ours without `slimmemeter.`."""
    for path in (ROOT / "slimmemeter").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT / "slimmemeter").with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import) or (
                isinstance(node, ast.ImportFrom) and node.module == "slimmemeter"
            ):
                yield from ((module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield module, str(node.module).removeprefix("slimmemeter.")


def test_packages_import_one_way() -> None:
    """A package imports its own modules, the common ones, and the packages below it."""
    for module, imported in imports():
        package, used = module.partition(".")[0], imported.partition(".")[0]
        if used in PACKAGES and package in PACKAGES:
            assert used in {package, *PACKAGES[package].split()}, f"{module} imports {imported}"
        assert not (module in GROUND and used in PACKAGES), f"{module} imports {imported}"


def test_each_library_has_one_door() -> None:
    """Each library is imported by its one module or package only."""
    for module, imported in imports():
        doors = DOORS.get(imported.partition(".")[0])
        is_door = doors is None or any(
            f"{module}.".startswith(f"{door}.") for door in doors.split()
        )
        assert is_door, f"{module} imports {imported}"
