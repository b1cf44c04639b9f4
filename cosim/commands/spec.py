"""`crosschop spec`: check chipspecs and show what follows from one."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table

from crosschop.cosim.output import set_option, stdout
from crosschop.model.chipspec import SpecError, load_chipspec
from crosschop.model.chipspec.documentation import derived_values, describe, resolved

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")


@click.group()
def spec() -> None:
    """Check and show chipspecs."""


@spec.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Check chipspecs: files, or names of shipped ones."""
    results: list[dict[str, Any]] = []
    problems: list[str] = []
    for file in files:
        try:
            chip = load_chipspec(file)
            results.append({"file": file, "ok": True, "name": chip.name, "errors": []})
        except SpecError as error:
            results.append({"file": file, "ok": False, "name": None, "errors": error.messages})
            problems += error.messages
    if as_json:
        click.echo(json.dumps({"ok": not problems, "files": results}))
    else:
        for result in results:
            if result["ok"]:
                click.echo(f"ok  {result['file']}")
    if problems:
        failure = SpecError(*problems)
        failure.in_json = as_json
        raise failure


@spec.command()
@click.argument("file", metavar="FILE")
@set_option
@json_option
def show(file: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show a chipspec with every key, and the values derived from it."""
    chip = load_chipspec(file, overrides)
    description = describe(chip)
    if as_json:
        click.echo(json.dumps(description))
        return
    click.echo(resolved(chip), nl=False)  # not through rich, which wraps and pads: this text can be saved as a chipspec
    console = stdout()
    derived = Table("derived value", "", "unit", "meaning", box=None, header_style="bold")
    for item, value in derived_values(chip):
        text = str(value) if isinstance(value, int) else f"{value:.6g}"
        derived.add_row(item.name, text, item.unit, item.meaning.replace("`", ""))
    console.print()
    console.print(derived)
    for title, key in (("RTL parameter", "rtl_parameters"), ("configuration input", "rtl_configuration")):
        table = Table(title, "", box=None, header_style="bold")
        for name, value in description[key].items():
            table.add_row(name, str(value))
        console.print()
        console.print(table)
