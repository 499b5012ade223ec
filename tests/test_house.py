"""The rule of imports: which package may use which, and which library has which one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.house_rule import DOORS, GROUND, PACKAGES
from support.paths import ROOT


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
    """A package uses its own modules, the ground, and the packages below it."""
    for module, imported in imports():
        package, used = module.partition(".")[0], imported.partition(".")[0]
        if used in PACKAGES and package in PACKAGES:
            assert used in {package, *PACKAGES[package].split()}, f"{module} imports {imported}"
        assert not (module in GROUND and used in PACKAGES), f"{module} imports {imported}"


def test_each_library_has_one_door() -> None:
    """The module or the package behind which a library stands; nothing else imports it."""
    for module, imported in imports():
        doors = DOORS.get(imported.partition(".")[0])
        is_door = doors is None or any(
            f"{module}.".startswith(f"{door}.") for door in doors.split()
        )
        assert is_door, f"{module} imports {imported}"
