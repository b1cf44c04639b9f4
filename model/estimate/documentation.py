"""The generated parts of model/estimate/README.md: options, constants, tables, sources, closures.

`python -m crosschop.model.estimate.documentation model/estimate/README.md` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from crosschop.model.chipspec.keys import keys_of
from crosschop.model.estimate.area.closure import closures
from crosschop.model.estimate.assumptions import Assumptions
from crosschop.model.estimate.constants import Constant, Constants, load_constants
from crosschop.model.estimate.quantity import Range
from crosschop.model.markdown import table, with_parts


def option_reference() -> str:
    """The table of the options of an estimate of area."""
    rows = (
        (f"`{key.name}`", key.limits or key.type_name, f"`{key.default}`", key.field.description or "")
        for key in keys_of(Assumptions).values()
    )
    return table(("option", "range", "default", "meaning"), rows)


def _values(constant: Constant) -> tuple[str, str, str]:
    return f"{constant.low:g}", f"{constant.nominal:g}", f"{constant.high:g}"


def constant_reference(constants: Constants) -> str:
    """The table of constants with a range."""
    header = ("name", "low", "nominal", "high", "unit", "node, nm", "scaling", "source", "meaning")
    rows = (
        (
            f"`{name}`",
            *_values(constant),
            constant.unit,
            "" if constant.node_nm is None else str(constant.node_nm),
            constant.scaling,
            f"`{constant.source}`",
            constant.meaning,
        )
        for name, constant in constants.constants.items()
    )
    return table(header, rows)


def table_reference(constants: Constants) -> str:
    """The tables by node in one table, the largest node first."""
    nodes = sorted({node for each in constants.tables.values() for node in each.nodes}, reverse=True)
    header = ("name", "unit", *(f"{node:g} nm" for node in nodes), "source", "meaning")
    rows = (
        (
            f"`{name}`",
            each.unit,
            *(f"{each.nodes[node]:g}" if node in each.nodes else "" for node in nodes),
            f"`{each.source}`",
            each.meaning,
        )
        for name, each in constants.tables.items()
    )
    return table(header, rows)


def formula_reference(constants: Constants) -> str:
    """The formulas with their coefficients."""

    def lines() -> Iterator[str]:
        for name, formula in constants.formulas.items():
            values = ", ".join(f"{key} = {value:g}" for key, value in formula.coefficients.items())
            yield f"`{name}` [`{formula.source}`]: {formula.meaning}. Coefficients: {values}."

    return "\n\n".join(lines())


def source_reference(constants: Constants) -> str:
    """The table of sources."""
    rows = (
        (f"`{name}`", source.citation + (f", <{source.url}>" if source.url else ""), source.note or "")
        for name, source in constants.sources.items()
    )
    return table(("id", "citation", "note"), rows)


def closure_reference(constants: Constants) -> str:
    """The table of closures."""

    def show(value: Range) -> str:
        return f"{value.nominal:.4g}" if value.low == value.high else str(value)

    words = {True: "yes", False: "no", None: ""}
    rows = (
        (each.what, show(each.model), f"{each.published:g}", each.unit, f"{each.ratio:.2f}", words[each.inside])
        for each in closures(constants)
    )
    return table(("what", "model", "published", "unit", "ratio", "in the range"), rows)


def update(text: str) -> str:
    """A README with its generated parts written anew.

    Raises:
        ValueError: the text lacks a pair of markers.
    """
    constants = load_constants()
    parts = {
        "assumptions": option_reference(),
        "constants": constant_reference(constants),
        "tables by node": table_reference(constants),
        "formulas": formula_reference(constants),
        "sources": source_reference(constants),
        "closures": closure_reference(constants),
    }
    return with_parts(text, parts)


if __name__ == "__main__":
    _readme = Path(sys.argv[1])
    _readme.write_text(update(_readme.read_text(encoding="utf-8")), encoding="utf-8")
