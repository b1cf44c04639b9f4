"""Action counts: each against counting in an event-by-event run of the same seed."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import numpy as np
import pytest

from crosschop.model.chipspec import ChipSpec, beats, load_chipspec, rtl_configuration, rtl_parameters, transfers_in
from crosschop.model.engines import run_float, run_golden
from crosschop.model.estimate.counts.actions import actions_of, as_csv, as_json, operations
from crosschop.model.golden import mixed_precision as golden_mixed
from crosschop.model.golden.in_memory_sgd import reset_state as reset_sgd
from crosschop.model.golden.state import (
    COUNTER,
    HEAD_FLIP,
    HEAD_WRITE,
    Transfer,
    controller_config,
    new_transfer,
    reset_state,
)
from crosschop.model.results import RunResult, load_run, save_run
from crosschop.model.training import in_memory_sgd, mixed_precision, transfer

TRANSFERS = 300
CHIPS: list[tuple[str, tuple[str, ...]]] = [
    ("agad_20", ()),
    ("agad_rect", ("algorithm.read_correction=16", "algorithm.column_order=random")),
    ("agad_beta1", ()),
    ("c_ttv2_rect", ()),
    ("ttv2_20", ("driver.pulse_train_management=false",)),
]


def counted(result: RunResult) -> dict[tuple[str, str], int]:
    return {(action.component, action.action): action.count for action in actions_of(result)}


def golden(spec: ChipSpec, transfers: int) -> RunResult:
    return run_golden(spec, 5, transfers, lambda done: None)


def count_lines(seen: Counter[tuple[str, str]], array: str, trains: object, length: int) -> None:
    """Pulses on lines, from the trains of one update, slot by slot in plain Python."""
    if length:
        seen[array, "column_pulse"] += sum(int(slots).bit_count() for slots in trains.column_slots)  # type: ignore[attr-defined]
        seen[array, "row_pulse"] += sum(int(slots).bit_count() for slots in trains.row_slots)  # type: ignore[attr-defined]


def watch_transfers(spec: ChipSpec, transfers: int) -> Counter[tuple[str, str]]:
    """The same run with every event counted as it happens."""
    seen: Counter[tuple[str, str]] = Counter()
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    state, record = reset_state(config), new_transfer(config)
    session = transfer.new_session(spec, 5, transfers)
    tile, group = session.tile, session.group
    analog = transfer.analog
    for _ in range(transfers):
        column = state.counters[COUNTER.column]
        for i in range(group.length.size):
            plan = transfer.Plan(group.length[i], group.scale[i, 0], group.scale[i, 1])
            before = tile.a.pulses.sum()
            analog.accumulate(tile, plan, group.x[i], group.d[i], state.chop)
            analog.pass_sample(tile)
            analog.settle(tile)
            seen["array_a", "update"] += 1
            seen["array_a", "pulse"] += int(tile.a.pulses.sum() - before)
            seen["chop", "read"] += 1
            seen["pulse_driver", "draw"] += plan.length * (spec.array.rows + spec.array.cols)
            count_lines(seen, "array_a", tile.trains, plan.length)
            for product in ("forward_product", "backward_product"):
                seen["array_w", product] += 1
            seen["dac", "convert"] += group.x[i].size + group.d[i].size
            seen["adc", "convert"] += group.x[i].size + group.d[i].size
        session.sample[0] += group.length.size
        analog.read_column(tile, column, session.codes)
        seen["array_a", "read_column"] += 1
        seen["read_adc", "convert"] += session.codes.size
        before = tile.w.pulses.sum()
        transfer.write_and_prepare(session, record)
        seen["array_w", "pulse"] += int(tile.w.pulses.sum() - before)
        transfer.step_golden(session, config, state, session.codes, record)
        seen["array_w", "write_column"] += int(record.pulses.any())
        seen["chop", "write"] += int(record.head[HEAD_FLIP])
        assert record.head[HEAD_WRITE] == record.pulses.any()
        for _ in range(beats(spec)):
            for store in ("h", "p", "pref"):
                seen[f"store_{store}", "read"] += 1
                seen[f"store_{store}", "write"] += int(store != "pref" or record.head[HEAD_FLIP])
    seen["array_w", "pulse"] += int(np.abs(record.pulses).sum())
    return seen


@pytest.mark.parametrize(("chip", "overrides"), CHIPS, ids=[chip for chip, _ in CHIPS])
def test_transfers_event_by_event(chip: str, overrides: tuple[str, ...]) -> None:
    spec = load_chipspec(chip, overrides)
    seen, found = watch_transfers(spec, TRANSFERS), counted(golden(spec, TRANSFERS))
    absent = {"store_p": not chip.startswith("agad") or chip == "agad_beta1", "store_pref": "ttv2" in chip}
    absent["chop"] = chip == "ttv2_20"
    for key, count in seen.items():
        assert found.get(key, 0) == (0 if absent.get(key[0]) else count), key
    # What the run above does not see: clear sweep, arithmetic, LFSRs, the array R that is read with A.
    rest = {key for key in found if key not in seen}
    assert {component for component, _ in rest} <= {
        "array_r", "lanes", "chop_lfsr", "column_lfsr", "read_gain", "store_h", "store_p", "store_pref", "store_count",
    }  # fmt: skip
    assert {action for component, action in rest if component in ("store_h", "store_p", "store_pref")} == {"clear"}
    assert found["store_h", "clear"] == spec.array.cols * beats(spec)
    assert (("array_r", "read_column") in found) == ("ttv2" in chip)
    if chip == "agad_rect":
        for component in ("chop_lfsr", "column_lfsr"):
            assert found[component, "draw"] == TRANSFERS
        assert found["read_gain", "multiply"] == TRANSFERS
        assert found["store_count", "write"] == TRANSFERS
        assert found["store_count", "clear"] == spec.array.cols
        # polarities in turn: every slot takes 2 * 5 cycles, in each of them the count is read
        slots = seen["pulse_driver", "draw"] // 20
        assert found["store_count", "read"] == 10 * slots


def test_in_memory_sgd_event_by_event() -> None:
    spec = load_chipspec("in_memory_sgd_20")
    session, state = in_memory_sgd.new_session(spec, 5, TRANSFERS), reset_sgd()
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(TRANSFERS):
        length = int(session.length[0])
        tile = session.tile
        before, trains = tile.w.pulses.sum(), tile.trains
        in_memory_sgd.step_golden(session, state)
        seen["array_w", "pulse"] += int(tile.w.pulses.sum() - before)
        seen["array_w", "update"] += 1
        seen["pulse_driver", "draw"] += 40 * length
        count_lines(seen, "array_w", trains, length)
    found = counted(golden(spec, TRANSFERS))
    products = {("array_w", "forward_product"): 300, ("array_w", "backward_product"): 300}
    assert found == {**seen, **products, ("dac", "convert"): 40 * 300, ("adc", "convert"): 40 * 300}


def test_mixed_precision_event_by_event() -> None:
    spec = load_chipspec("mixed_precision_20", ["algorithm.batch=10", "algorithm.learning_rate=0.5"])
    samples = 40
    config = golden_mixed.mixed_config(rtl_parameters(spec), rtl_configuration(spec))
    state, record = (
        golden_mixed.reset_mixed(config),
        Transfer(np.zeros(4, dtype=np.int64), np.zeros(20, dtype=np.int64)),
    )
    session = mixed_precision.new_session(spec, 5, samples * 20)
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(samples):
        mixed_precision.request_sample(session)
        for store in ("d", "x"):
            seen[f"store_{store}", "write"] += 4  # 20 codes in words of 5
        for column in range(20):
            codes = session.operands.x_codes[column], session.operands.d_codes
            mixed_precision.step_golden(session, config, state, *codes, record)
            seen["array_w", "write_column"] += int(record.pulses.any())
            seen["array_w", "pulse"] += int(np.abs(record.pulses).sum())
            for store in ("chi", "d", "x"):
                seen[f"store_{store}", "read"] += 4
            seen["store_chi", "write"] += 4
            for action in ("multiply", "add"):
                seen["lanes", action] += 2 * 20
            seen["lanes", "round"] += 20
    seen["store_chi", "clear"] = 80
    found = counted(golden(spec, samples * 20))
    assert seen["array_w", "write_column"] > 0
    assert {key: count for key, count in found.items() if key[0] not in ("dac", "adc")} == {
        **seen, ("array_w", "forward_product"): samples, ("array_w", "backward_product"): samples,
    }  # fmt: skip


def test_operations_of_a_lane() -> None:
    """Operators of the formulas of rtl/README.md, counted by hand."""
    hand = {
        # e, sat(H + ..), H - s, omega - P, P + ..; gain, beta; c; two rounded shifts
        ("agad_20", ()): (2, 5, 1, 2),
        ("agad_20", ("algorithm.chop={mode: off, period: null}",)): (2, 5, 0, 2),
        ("agad_beta1", ()): (1, 3, 1, 1),
        ("agad_rect", ()): (2, 4, 1, 2),  # decay: a shift
        ("agad_wide", ()): (2, 5, 1, 1),  # H by floor
        ("c_ttv2_20", ()): (1, 2, 1, 1),
        ("ttv2_20", ()): (1, 2, 0, 1),
        ("mixed_precision_20", ()): (2, 2, 0, 1),
    }
    for (chip, overrides), expected in hand.items():
        found = operations(load_chipspec(chip, overrides))
        assert tuple(found[name] for name in ("multiply", "add", "negate", "round")) == expected, chip
    assert operations(load_chipspec("in_memory_sgd_20")) == {}


def test_lanes_work_on_rows_that_exist() -> None:
    spec = load_chipspec("agad_rect")  # 13 rows in 4 beats of 4 lanes
    assert counted(golden(spec, TRANSFERS))["lanes", "multiply"] == 2 * 13 * TRANSFERS


def test_files() -> None:
    spec = load_chipspec("agad_20")
    result = golden(spec, transfers_in(spec, 500))
    actions = actions_of(result)
    data = json.loads(as_json(result, actions))
    rows = list(csv.DictReader(io.StringIO(as_csv(result, actions))))
    assert (data["chip"], data["samples"], data["transfers"]) == ("agad_20", 500, 100)
    assert len(data["actions"]) == len(rows) == len(actions)
    for entry, row in zip(data["actions"], rows, strict=True):
        assert {name: "" if value is None else str(value) for name, value in entry.items()} == row
        assert entry["count"] > 0
        assert isinstance(entry["count"], int)
    word = next(entry for entry in data["actions"] if (entry["component"], entry["action"]) == ("store_p", "read"))
    assert word == {"component": "store_p", "action": "read", "count": 400, "per_sample": 0.8, "bits": 5 * 13}


def test_counts_survive_the_simulator_s_files(tmp_path: object) -> None:
    spec = load_chipspec("agad_20")
    result = golden(spec, 100)
    save_run(result, tmp_path)  # type: ignore[arg-type]
    assert actions_of(load_run(spec, tmp_path)) == actions_of(result)  # type: ignore[arg-type]


def test_floats_count_too() -> None:
    spec = load_chipspec("agad_20")
    found = counted(run_float(spec, 1, 100, lambda done: None))
    assert found["array_a", "read_column"] == 100
    assert found["array_a", "pulse"] > 0
