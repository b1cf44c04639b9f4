"""Retire traces of a small chip, computed by hand, in every form that a file may have."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crosschop.cosim.replay.check import RetireCheck, check_retire_trace
from crosschop.model.chipspec import ChipSpec, load_chipspec, rtl_configuration, rtl_parameters

ROWS = 2


def chip() -> ChipSpec:
    """Small, two beats per record."""
    return load_chipspec("agad_tiny", ("array.rows=2", "array.cols=2", "controller.lanes=1"))


def by_hand(spec: ChipSpec, codes: list[list[int]]) -> list[dict[str, Any]]:
    """Records of these codes by the formulas of rtl/README.md, in plain Python: P_EN = 1, H_DECAY = 0, no warm-up."""
    p, cfg = rtl_parameters(spec), rtl_configuration(spec)
    assert (p["REF_EN"], p["P_EN"], p["H_DECAY"], p["H_ROUND"], p["P_ROUND"], p["CHOP_MODE"]) == (1, 1, 0, 0, 0, 1)
    assert (p["CORRECTION"], p["COL_RANDOM"], cfg["cfg_warmup"]) == (0, 0, 0)
    cols, rows = p["COLS"], p["ROWS"]
    h, mean, pref = ([[0] * rows for _ in range(cols)] for _ in range(3))
    chop, reads = [0] * cols, [0] * cols
    records = []
    for number, omegas in enumerate(codes):
        k = number % cols
        reads[k] += 1
        flip = reads[k] == cfg["cfg_chop"]
        used, pulses = chop[k], []
        for i, omega in enumerate(omegas):
            wide = omega << p["P_FRAC"]
            z = (wide - pref[k][i]) * (-1 if used else 1)
            limit = 1 << p["H_W"] - 1
            raised = h[k][i] + (z * cfg["cfg_lr_h"] + (1 << p["LR_SHIFT"] - 1) >> p["LR_SHIFT"])
            raised = max(-limit, min(limit - 1, raised))
            whole = abs(raised) >> p["H_FRAC"]
            steps = max(-p["MAX_STEPS"], min(p["MAX_STEPS"], whole if raised >= 0 else -whole))
            h[k][i] = raised - (steps << p["H_FRAC"])
            pulses.append(steps)
            mean[k][i] += (wide - mean[k][i]) * p["BETA"] + (1 << p["BETA_W"] - 1) >> p["BETA_W"]
        if flip:
            pref[k], chop[k], reads[k] = list(mean[k]), 1 - used, 0
        heads = {"event": "retire", "col": k, "chop": used, "flip": int(flip)}
        stores = {"h": list(h[k]), "p": list(mean[k]), "pref": list(pref[k]), "pulses": pulses}
        records.append({**heads, "codes": omegas, **stores})
    return records


CODES = [[251, -7], [-90, 33], [120, 255], [-256, 1], [77, -128], [3, 3], [255, -256], [9, 200], [-1, 0], [60, 61]]


def in_beats(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One record for each row, as a controller with one lane shows them."""
    beats = []
    for cycle, record in enumerate(records):
        for i in range(ROWS):
            lanes = {name: [value[i]] for name, value in record.items() if isinstance(value, list)}
            beats.append({**record, **lanes, "beat": i, "last": int(i == ROWS - 1), "cycle": 10 * cycle + i})
    return beats


def text_of(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def csv_of(records: list[dict[str, Any]]) -> bytes:
    names = list(records[0])

    def cell(value: Any) -> str:
        return " ".join(map(str, value)) if isinstance(value, list) else str(value)

    lines = [",".join(names), *(",".join(cell(record[name]) for name in names) for record in records)]
    return "".join(f"{line}\n" for line in lines).encode()


def vcd_of(records: list[dict[str, Any]], spec: ChipSpec, **changed: int | str | None) -> bytes:
    """The beats as a value change dump: a cycle of 10 time units each, two of reset in front.

    `changed`: width of a signal by name, None to leave it out.
    """
    p = rtl_parameters(spec)
    p_w = p["ADC_W"] + p["P_FRAC"]
    widths: dict[str, int | str | None] = {"clk": 1, "rst": 1, "trc_valid": 1, "trc_last": 1, "trc_beat": 1}
    widths |= {"trc_col": 1, "trc_chop": 1, "trc_flip": 1, "trc_codes": p["ADC_W"], "trc_h": p["H_W"]}
    widths |= {"trc_p": p_w, "trc_pref": p_w, "trc_pulses": p["MAX_STEPS"].bit_length() + 1, **changed}
    ids = {name: chr(40 + place) for place, name in enumerate(widths) if widths[name] is not None}
    lines = ["$timescale 1ns $end", "$scope module tb $end", "$scope module dut $end"]
    lines += [f"$var wire {widths[name]} {code} {name} $end" for name, code in ids.items()]
    lines += ["$upscope $end", "$upscope $end", "$enddefinitions $end"]

    def value(name: str, number: Any) -> list[str]:
        if name not in ids:
            return []
        width = widths[name]
        assert isinstance(width, int)
        if isinstance(number, str):
            return [f"b{number.lower()} {ids[name]}"]
        return [f"b{number & (1 << width) - 1:b} {ids[name]}"]

    def scalar(number: Any) -> Any:
        return number[0] if isinstance(number, list) else number

    states: list[dict[str, Any]] = [{"rst": 1, "trc_valid": 0}, {}, {"rst": 0}]
    states += [{"trc_valid": 1, **{f"trc_{name}": scalar(each) for name, each in record.items()}} for record in records]
    states += [{"trc_valid": 0}, {}]
    for cycle, state in enumerate(states):
        lines += [f"#{10 * cycle}", *value("clk", 0)]
        for name, number in state.items():
            lines += value(name, number)
        lines += [f"#{10 * cycle + 5}", *value("clk", 1)]
    return "".join(f"{line}\n" for line in lines).encode()


def check(folder: Path, content: bytes, name: str = "trace.jsonl", spec: ChipSpec | None = None) -> RetireCheck:
    (folder / name).write_bytes(content)
    return check_retire_trace(folder / name, spec or chip())


RECORDS = by_hand(chip(), CODES)
BEATS = in_beats(RECORDS)
FORMS = {
    "whole.jsonl": text_of(RECORDS),
    "beats.jsonl": text_of(BEATS),
    "whole.csv": csv_of(RECORDS),
    "beats.csv": csv_of(BEATS),
    "beats.vcd": vcd_of(BEATS, chip()),
    "whole.jsonl.gz": gzip.compress(text_of(RECORDS), mtime=0),
    "beats.csv.gz": gzip.compress(csv_of(BEATS), mtime=0),
    "no_end.jsonl": text_of(RECORDS).rstrip(b"\n"),
    "bom.csv": b"\xef\xbb\xbf" + csv_of(RECORDS),
    "dos.csv": csv_of(RECORDS).replace(b"\n", b"\r\n"),
}
