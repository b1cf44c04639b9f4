"""Modules import one way: no circles, nothing imports upwards, the golden model stands alone."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = "crosschop."


def module_name(path: Path) -> str:
    """The package name of a file in model/ or cosim/."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return OWN + ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str) -> set[str]:
    """Modules and names that a source imports, with every name after `from` joined to its module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


SOURCES = {
    module_name(path): path.read_text() for folder in ("model", "cosim") for path in (ROOT / folder).rglob("*.py")
}


def graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Which of our modules each of them imports."""
    return {name: (imported(text) & sources.keys()) - {name} for name, text in sources.items()}


def order(sources: dict[str, str]) -> list[str]:
    """Modules, lower ones first."""
    return list(TopologicalSorter(graph(sources)).static_order())


def test_there_is_an_order() -> None:
    assert len(order(SOURCES)) == len(SOURCES) > 40


def test_a_circle_is_seen() -> None:
    circle = {**SOURCES, "crosschop.model.errors": "from crosschop.cosim.cli import main"}
    with pytest.raises(CycleError):
        order(circle)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("crosschop.model", "crosschop.cosim"),
        ("crosschop.model", "cocotb"),
        ("crosschop.model.analog", "crosschop.model.golden"),
        ("crosschop.model.algorithms", "crosschop.model.golden"),
        ("crosschop.model.chipspec", "crosschop.model.analog"),
    ],
)
def test_nothing_imports_upwards(folder: str, forbidden: str) -> None:
    inside = [name for name in SOURCES if name == folder or name.startswith(folder + ".")]
    assert inside
    found = {
        (name, used)
        for name in inside
        for used in imported(SOURCES[name])
        if used == forbidden or used.startswith(forbidden + ".")
    }
    assert not found


def test_golden_model_stands_alone() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "numba"}
    for name, text in SOURCES.items():
        if not name.startswith("crosschop.model.golden"):
            continue
        for used in imported(text):
            own = used.startswith("crosschop.model.golden")
            assert own or used.split(".")[0] in allowed, f"{name} imports {used}"
