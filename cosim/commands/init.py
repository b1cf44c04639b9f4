"""`crosschop init`: a starting point for a controller of the user's."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import click

from crosschop.cosim.output import install, require_writable, stderr
from crosschop.cosim.starting_point import starting_point
from crosschop.cosim.support import algorithms
from crosschop.model.chipspec import ChipSpec, find_chipspec, load_chipspec, shipped_chipspecs
from crosschop.model.errors import InputError

NAME = ChipSpec.model_fields["name"].metadata[0].pattern


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--algorithm", type=click.Choice(algorithms()), default="agad", show_default=True,
              help="What the controller computes.")  # fmt: skip
@click.option("--extends", metavar="CHIP", help="Chip to begin with.  [default: ALGORITHM_20]")
@click.option("--name", help="Name of the chip.  [default: the folder's]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, everything else on stderr.")
def init(folder: Path, algorithm: str, extends: str | None, name: str | None, as_json: bool) -> None:
    """Write a starting point for a controller of your own into FOLDER.

    A chipspec that names your sources, an adapter with every port explained, a Makefile and a pytest file. Files that
    exist are never overwritten. How to go on: cosim/README.md, "Check your own controller".
    """
    parent = find_chipspec(extends or f"{algorithm}_20")
    chip = load_chipspec(parent)
    name = name or folder.resolve().name
    if not re.match(NAME, name):
        raise InputError(f"{name!r} is no name for a chip (pattern {NAME}), choose one with --name")
    shipped = parent in shipped_chipspecs()
    files = starting_point(name, parent.stem if shipped else os.path.relpath(parent, folder), chip)
    there = [file for file in files if (folder / file).exists()]
    if there:
        raise InputError(f"{folder}: {', '.join(there)} exists, nothing was written")
    require_writable(folder)
    with tempfile.TemporaryDirectory(prefix="crosschop-") as scratch:
        made = {file: Path(scratch) / file for file in files}
        for file, path in made.items():
            path.write_text(files[file], encoding="utf-8")
        installed = install(made, folder)
    console = stderr()
    console.print(f"{name}: {chip.name} with a controller of your own", highlight=False, markup=False)
    for path in installed.values():
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    console.print(
        f"Instantiate your controller in {name}_adapter.v, name its sources in {name}.yaml, then make verify",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    if as_json:
        files_made = [str(path) for path in installed.values()]
        content = {"status": "pass", "chip": name, "extends": chip.name, "files": files_made}
        click.echo(json.dumps(content))
