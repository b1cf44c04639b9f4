"""Proofs by reachability: IC3 of ABC, which finds the inductive invariant by itself."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
from pathlib import Path

from crosschop.cosim.formal.model import Model
from crosschop.model.errors import MissingToolError, ToolError

# Latches that always agree become one, then the invariant is searched for. Where nothing is left of the model but a
# constant, pdr is undecided and iprove is not
SCRIPT = "read_aiger {file}; fold; scorr; pdr; iprove"
PROVED = re.compile(r"Property proved|Networks are equivalent|UNSATISFIABLE")
FRAME = re.compile(r"in frame (\d+)|Invariant F\[(\d+)\]")


def abc() -> Path:
    """The ABC that comes with Yosys.

    Raises:
        MissingToolError: there is none.
    """
    spec = importlib.util.find_spec("pyosys")
    program = Path(spec.origin).with_name("yosys-abc") if spec and spec.origin else None
    if program is None or not program.exists():
        raise MissingToolError(
            "proofs need Yosys and its ABC, which are not installed: pip install 'crosschop[formal]'"
        )
    return program


def alone(aiger: bytes, number: int) -> bytes:
    """A model in AIGER with one of its properties, the assumptions all kept.

    Args:
        aiger: binary, header `aig M I L O A B C ...`, then a line for each latch, output, property and assumption.
        number: of the property.
    """
    header, rest = aiger.split(b"\n", 1)
    kind, *counts = header.split()
    m, i, latches, outputs, a, properties, c = map(int, counts[:7])
    lines = rest.split(b"\n", latches + outputs + properties)
    before = latches + outputs
    kept = [*lines[:before], lines[before + number], lines[-1]]
    return b"%s %d %d %d %d %d 1 %d\n" % (kind, m, i, latches, outputs, a, c) + b"\n".join(kept)


def proves(model: Model, name: str, seconds: float) -> tuple[bool, int]:
    """Whether IC3 proves a property within so much processor time, and the number of its last frame."""
    number = model.properties.index(name)
    file = model.aiger.with_name(f"property{number}.aig")
    file.write_bytes(alone(model.aiger.read_bytes(), number))
    script = SCRIPT.format(file=file.name)
    limit = max(1, math.ceil(seconds))
    done = subprocess.run(
        ["sh", "-c", 'ulimit -t "$0" && exec "$@"', str(limit), str(abc()), "-q", script],
        cwd=model.aiger.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode > 0 and not done.stdout:
        raise ToolError(f"ABC cannot be run: {done.stderr.strip() or f'exit code {done.returncode}'}")
    frames = [int(one or other) for one, other in FRAME.findall(done.stdout)]
    return bool(PROVED.search(done.stdout)), max(frames, default=0)
