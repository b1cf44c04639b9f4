"""What `crosschop init` writes: a chipspec, an adapter, a Makefile and a pytest file for a controller of the user's."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crosschop.model.chipspec import OBSERVABLE, ChipSpec

TEMPLATES = Path(__file__).parent / "templates" / "init"
# An adapter sees these at the streams; all else may lie inside the controller.
SEEN_AT_THE_PINS = ("column", "chop")


def starting_point(name: str, extends: str, chip: ChipSpec) -> dict[str, str]:
    """The files by their names.

    Args:
        name: of the new chip.
        extends: what its chipspec extends, as it stands there.
        chip: that chip.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Verilog has double braces of its own.
        variable_start_string="@{",
        variable_end_string="}",
    )
    values = {
        "name": name,
        "extends": extends,
        "lanes": chip.controller.lanes,
        "unobserved": ", ".join(field for field in OBSERVABLE[chip.kind] if field not in SEEN_AT_THE_PINS),
    }
    templates = {
        f"{name}.yaml": "chipspec.yaml.j2",
        f"{name}_adapter.v": f"adapter_{chip.kind}.v.j2",
        "Makefile": "Makefile.j2",
        f"test_{name}.py": "test.py.j2",
    }
    return {file: environment.get_template(template).render(values) for file, template in templates.items()}
