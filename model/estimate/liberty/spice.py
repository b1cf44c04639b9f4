"""Runs ngspice, and takes delays, transitions and charges out of its waveforms.

Times in ns, capacitances in pF, voltages in V.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosschop.model.errors import ToolError

Wave = NDArray[np.float64]

SUPPLY = 1.8
TEMPERATURE = 25.0
# Thresholds of the library, as fractions of the supply
DELAY_AT = 0.5
SLEW_FROM, SLEW_TO = 0.2, 0.8
# Steps of 5 ps at the most: delays of 60 ps are 0.1 % off those of steps of 1 ps
STEP = 0.005
TIMEOUT_S = 600

# Levels of the supply pins, and where they are tied to
SUPPLIES = {"VGND": "0", "VNB": "0", "VPWR": "vdd", "VPB": "vdd"}


def ngspice() -> str:
    """Path of ngspice.

    Raises:
        ToolError: it is not installed.
    """
    path = shutil.which("ngspice")
    if path is None:
        raise ToolError("ngspice is missing: sudo apt-get install ngspice")
    return path


def ngspice_version() -> str:
    """What ngspice calls itself, such as ngspice-39.

    Raises:
        ToolError: it is not installed.
    """
    done = subprocess.run([ngspice(), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"ngspice-[\w.]+", done.stdout)
    return match[0] if match else "ngspice of unknown version"


def ramp_time(slew: float) -> float:
    """Time from rail to rail of a straight ramp whose transition (20 % to 80 %) is `slew`."""
    return slew / (SLEW_TO - SLEW_FROM)


def piecewise(name: str, node: str, start: bool, edges: Sequence[tuple[float, float]]) -> str:
    """A source that toggles.

    Args:
        name: of the source, without its v.
        node: what it drives.
        start: level at first.
        edges: of each the time at which it is half way, and its slew.
    """
    level = start
    points = [f"0 {level * SUPPLY:g}"]
    for middle, slew in edges:
        half = ramp_time(slew) / 2
        points.append(f"{middle - half:.6f}n {level * SUPPLY:g}")
        level = not level
        points.append(f"{middle + half:.6f}n {level * SUPPLY:g}")
    return f"v{name} {node} 0 pwl({' '.join(points)})"


def instance(name: str, ports: Sequence[str], subcircuit: str, nets: dict[str, str]) -> str:
    """A subcircuit's call; a pin without a net is a supply."""
    return f"x{name} {' '.join(nets.get(port) or SUPPLIES[port] for port in ports)} {subcircuit}"


def level_net(level: bool) -> str:
    """The net that holds a pin at a level."""
    return "vdd" if level else "0"


@dataclass(frozen=True)
class Waves:
    """What a transient analysis gave.

    Attributes:
        time: ns.
        of: voltage of each saved node, V, by v(node); current into each saved source, A, by i(source).
    """

    time: Wave
    of: dict[str, Wave]

    def level(self, node: str, when: float) -> float:
        """Voltage of a node as a fraction of the supply."""
        return float(np.interp(when, self.time, self.of[f"v({node})"])) / SUPPLY

    def crossing(self, node: str, fraction: float, rising: bool, begin: float, end: float) -> float | None:
        """Last time between two times at which a node passes a fraction of the supply, if it does."""
        inside = slice(*np.searchsorted(self.time, [begin, end]))
        time, wave = self.time[inside], self.of[f"v({node})"][inside] / SUPPLY - fraction
        before, after = wave[:-1], wave[1:]
        passes = np.flatnonzero((before < 0) & (after >= 0) if rising else (before > 0) & (after <= 0))
        if not passes.size:
            return None
        last = passes[-1]
        part = before[last] / (before[last] - after[last])
        return float(time[last] + part * (time[last + 1] - time[last]))

    def transition(self, node: str, rising: bool, begin: float, end: float) -> float | None:
        """Time that a node takes from 20 % to 80 % or back."""
        low = self.crossing(node, SLEW_FROM, rising, begin, end)
        high = self.crossing(node, SLEW_TO, rising, begin, end)
        return None if low is None or high is None else abs(high - low)

    def capacitance(self, source: str, begin: float, end: float) -> float:
        """Charge through a source over the supply, pF: what its pin stores between two times."""
        inside = slice(*np.searchsorted(self.time, [begin, end]))
        charge = np.trapezoid(self.of[f"i({source})"][inside], self.time[inside])  # ns times A: nC
        return abs(float(charge)) / SUPPLY * 1e3


def simulate(globals_: str, subcircuit: str, circuit: Sequence[str], save: Sequence[str], until: float) -> Waves:
    """A transient analysis.

    Args:
        globals_: parameters of the process.
        subcircuit: the cell.
        circuit: its instances, sources and loads; vdd is there.
        save: v(node) and i(source).
        until: ns.

    Raises:
        ToolError: ngspice is missing, or fails.
    """
    program = ngspice()
    with tempfile.TemporaryDirectory(prefix="crosschop-ngspice-") as folder:
        deck, raw = Path(folder, "deck.sp"), Path(folder, "waves.raw")
        lines = ["* characterisation", globals_, subcircuit, f"vdd vdd 0 {SUPPLY}", *circuit]
        lines += [f".temp {TEMPERATURE}", f".tran {STEP}n {until:.4f}n 0 {STEP}n", f".save {' '.join(save)}", ".end"]
        deck.write_text("\n".join(lines) + "\n")
        # Its threads wait for each other at every iteration: on busy cores that is a hundred times slower than one
        Path(folder, ".spiceinit").write_text("set num_threads=1\n")
        command = [program, "-b", "-r", raw.name, deck.name]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise ToolError(f"ngspice was not done after {TIMEOUT_S} s") from None
        if done.returncode != 0 or not raw.exists():
            complaint = [line for line in (done.stdout + done.stderr).splitlines() if "rror" in line]
            raise ToolError(f"ngspice failed: {complaint[0] if complaint else f'exit code {done.returncode}'}")
        waves = _read_raw(raw)
    if waves.time[-1] < until - STEP:
        raise ToolError(f"ngspice stopped at {waves.time[-1]:.3f} of {until:.3f} ns")
    return waves


def _read_raw(raw: Path) -> Waves:
    """The first plot of a binary rawfile."""
    header, _, data = raw.read_bytes().partition(b"Binary:\n")
    text = header.decode(errors="replace")
    fields: dict[str, Any] = dict(re.findall(r"^(No\. Variables|No\. Points):\s*(\d+)", text, re.MULTILINE))
    count, points = int(fields["No. Variables"]), int(fields["No. Points"])
    names = [line.split()[1] for line in text.split("Variables:\n")[1].splitlines()[:count]]
    table = np.frombuffer(data, dtype=np.float64, count=count * points).reshape(points, count)
    columns = {name: table[:, number] for number, name in enumerate(names)}
    return Waves(columns.pop("time") * 1e9, columns)
