"""The rules of the house: what may import what, each library's one door, what tests may use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from support.house_rule import DOORS, GROUND, MONEY, PACKAGES
from support.paths import ROOT


@cache
def imports() -> list[tuple[str, str]]:
    """Each import of the program as (module, what it imports), ours without `slimmemeter.`."""
    return list(_imports())


def _imports() -> Iterator[tuple[str, str]]:
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
    programs = {path.stem for path in (ROOT / "slimmemeter").glob("*.py")} - GROUND
    for module, imported in imports():
        package, used = module.partition(".")[0], imported.partition(".")[0]
        assert package in programs or used not in programs, f"{module} imports {imported}"
        if used in PACKAGES and package in PACKAGES:
            assert used in {package, *PACKAGES[package].split()}, f"{module} imports {imported}"
        assert not (module in GROUND and used in PACKAGES), f"{module} imports {imported}"


def test_money_imports_one_way() -> None:
    """Inside of `money` a package imports the packages below it, and only programs its commands."""
    for module, imported in imports():
        package, _, inner = module.partition(".")
        used, _, inner_used = (part.partition(".")[0] for part in imported.partition("."))
        inner = inner.partition(".")[0]
        if used == "money" and package == "money":
            assert inner_used in {inner, *MONEY[inner].split()}, f"{module} imports {imported}"
        elif used == "money" and package in PACKAGES:
            assert inner_used != "commands", f"{module} imports {imported}"


def test_each_library_has_one_door() -> None:
    """Each library is imported by its one module or package only."""
    for module, imported in imports():
        doors = DOORS.get(imported.partition(".")[0])
        is_door = doors is None or any(
            f"{module}.".startswith(f"{door}.") for door in doors.split()
        )
        assert is_door, f"{module} imports {imported}"


@cache
def nodes_of_tests() -> list[tuple[str, ast.AST]]:
    """Everything that stands in the tests and in what they share, with the file's name."""
    return [
        (f"{path.relative_to(ROOT)}", node)
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    ]


def test_no_test_imports_another() -> None:
    """What tests share is in `tests/support`, and not in a test or a conftest."""
    for path, node in nodes_of_tests():
        if isinstance(node, ast.ImportFrom):
            last = str(node.module).rpartition(".")[2]
            assert not last.startswith(("conftest", "test_")), f"{path} imports {node.module}"


def test_no_test_uses_a_private_name() -> None:
    """A test uses no private attribute but those of its own classes."""
    for path, node in nodes_of_tests():
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
            owner = ast.unparse(node.value)
            assert owner in ("self", "super()"), f"{path} uses {owner}.{node.attr}"
