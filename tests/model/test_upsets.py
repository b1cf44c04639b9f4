"""A flipped bit in the golden engine: that bit, at that transfer, and nothing else.

Expected values: two's complement by numpy's own integers; what a second flip of the same bit undoes; hand arithmetic.
"""

from __future__ import annotations

import numpy as np
import pytest

from crosschop.model.chipspec import load_chipspec, rtl_configuration, rtl_parameters, transfers_in, transfers_together
from crosschop.model.engines import run_golden
from crosschop.model.engines.common import in_chunks
from crosschop.model.faults.draw import Strikes, draw_upsets
from crosschop.model.faults.fields import field_of, fields_of
from crosschop.model.faults.upset import Upset
from crosschop.model.golden.controller import step_transfer
from crosschop.model.golden.state import COUNTER, HEAD_FLIP, controller_config, new_transfer, reset_state
from crosschop.model.golden.upset import flip_transfer, flipped_signed

CHIPS = ["agad_tiny", "agad_rect", "mixed_precision_20", "in_memory_sgd_20"]
SAMPLES = 200


def quiet(done: int) -> None:
    """Progress that nobody watches."""


@pytest.mark.parametrize("bit", range(8))
def test_a_flip_is_twos_complement(bit: int) -> None:
    every = np.arange(-128, 128)
    wanted = (every.astype(np.int8) ^ np.uint8(1 << bit).view(np.int8)).astype(int)
    assert [flipped_signed(int(value), bit, 8) for value in every] == wanted.tolist()


@pytest.mark.parametrize("name", ["h", "p", "pref"])
def test_exactly_that_bit_at_exactly_that_transfer(name: str) -> None:
    spec = load_chipspec("agad_rect")
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    field, strike = field_of(spec, name), 11
    clean, struck = reset_state(config), reset_state(config)
    records = new_transfer(config), new_transfer(config)
    generator = np.random.default_rng(3)
    place, bit = int(generator.integers(field.places)), field.bits - 2
    for number in range(30):
        same = all((one == other).all() for one, other in zip(clean, struck, strict=True))
        if number < strike:
            assert same
        if number == strike:
            assert flip_transfer(config, struck, name, place, bit, field.bits, spec.lanes)
            different = np.flatnonzero(getattr(clean, name) != getattr(struck, name))
            assert different.tolist() == [place]
            before, after = getattr(clean, name).flat[place], getattr(struck, name).flat[place]
            assert (int(before) ^ int(after)) & ((1 << field.bits) - 1) == 1 << bit
            others = [other for other in clean._fields if other != name]
            assert all((getattr(clean, other) == getattr(struck, other)).all() for other in others)
        codes = generator.integers(-100, 100, spec.array.rows)
        for state, record in zip((clean, struck), records, strict=True):
            step_transfer(config, state, codes, record)


@pytest.mark.parametrize("chip", CHIPS)
def test_without_upsets_and_with_each_flipped_back_the_run_is_the_normal_one(chip: str) -> None:
    spec = load_chipspec(chip)
    transfers = transfers_in(spec, SAMPLES)
    normal = run_golden(spec, 1, transfers, quiet)
    assert run_golden(spec, 1, transfers, quiet, upsets=()).digest == normal.digest
    strike = transfers // 2 // spec.array.cols * spec.array.cols  # at column 0, whose bit 0 leads to a column
    for field in fields_of(spec).values():
        if field.name in ("address", "column") and (chip.startswith("mixed") or field.name == "address"):
            continue  # the golden model has no such counter to flip back: it takes the two to be in step
        bit = 0 if field.name in ("column", "samples") else field.bits - 1
        upset = Upset(field.name, field.places - 1, bit, strike)
        found = run_golden(spec, 1, transfers, quiet, upsets=(upset, upset))
        assert (found.digest, found.weight_error) == (normal.digest, normal.weight_error), field.name


@pytest.mark.parametrize(("chip", "name"), [("agad_tiny", "h"), ("agad_tiny", "adc"), ("mixed_precision_20", "chi")])
def test_an_upset_changes_the_run_from_its_transfer_on(chip: str, name: str) -> None:
    spec = load_chipspec(chip)
    field, together = field_of(spec, name), transfers_together(spec)
    transfers = transfers_in(spec, SAMPLES)
    normal = run_golden(spec, 1, transfers, quiet).digest
    last = transfers - together
    place = (last // together if together == 1 else spec.array.cols - 1) % spec.array.cols * spec.array.rows
    place = place if field.kind == "memory" else 0
    assert run_golden(spec, 1, transfers, quiet, upsets=(Upset(name, place, field.bits - 1, 0),)).digest != normal
    # One behind the end of the run is none.
    beyond = Upset(name, place, field.bits - 1, transfers)
    assert run_golden(spec, 1, transfers, quiet, upsets=(beyond,)).digest == normal


def test_the_loop_runs_in_the_same_pieces_where_nothing_is_struck() -> None:
    pieces: list[int] = []
    in_chunks(pieces.append, 1000, quiet)
    assert pieces == [0, *[5] * 200]  # 200 pieces, and the call that compiles
    struck: list[int] = []
    upsets = (Upset("h", 0, 0, 7), Upset("h", 1, 0, 7), Upset("h", 0, 0, 12))

    def strike(due: list[Upset], left: int) -> int:
        struck.extend(upset.place for upset in due)
        assert left in (993, 988)
        return 0

    pieces.clear()
    in_chunks(pieces.append, 1000, quiet, upsets, strike)  # type: ignore[arg-type]  # a narrower list
    assert sum(pieces) == 1000
    assert pieces[:5] == [0, 5, 2, 3, 2]
    assert struck == [0, 1, 0]


def test_a_sample_counter_that_is_thrown_ahead_reads_nothing_for_the_rest_of_its_range() -> None:
    spec = load_chipspec("agad_tiny")
    config = controller_config(rtl_parameters(spec), rtl_configuration(spec))
    state = reset_state(config)
    assert flip_transfer(config, state, "samples", 0, 15, 16, spec.lanes)
    # 2^15 is beyond the group: the counter runs to 2^16 and over before it counts the group.
    assert state.counters[COUNTER.samples] == 2**15 - 2**16


def test_a_count_of_reads_beyond_the_chop_period_ends_it_and_leaves_the_columns_in_step() -> None:
    """rtl/README.md: a read flips where the count has reached cfg_chop - 1 or more, and the count is 0 behind it."""
    spec = load_chipspec("agad_tiny")
    configuration = {**rtl_configuration(spec), "cfg_chop": 2}
    config = controller_config(rtl_parameters(spec), configuration)
    state, record = reset_state(config), new_transfer(config)
    codes = np.zeros(config.rows, dtype=np.int64)
    step_transfer(config, state, codes, record)  # column 0 has been read in this sweep, columns 1 and 2 have not
    assert flip_transfer(config, state, "reads", 0, 15, 16, spec.lanes)
    # The counter holds 2^15 for the rest of the sweep; at its end it goes to 0, with column 0 as one of all.
    assert state.reads.tolist() == [0, 2**15, 2**15]
    for flips in (1, 1, 0, 0, 0):
        step_transfer(config, state, codes, record)
        assert record.head[HEAD_FLIP] == flips
    assert state.reads.tolist() == [1, 1, 1]


def test_upsets_are_drawn_anew_the_same_and_in_different_entries() -> None:
    spec = load_chipspec("agad_20")
    strikes = Strikes("p", 3, 50, None, 0.0)
    drawn = draw_upsets(spec, strikes, 7, 1000)
    assert drawn == draw_upsets(spec, strikes, 7, 1000)
    assert drawn != draw_upsets(spec, strikes, 8, 1000)
    assert len({upset.place for upset in drawn}) == 50
    assert {upset.bit for upset in drawn} == {3}
    assert [upset.transfer for upset in drawn] == sorted(upset.transfer for upset in drawn)
    moment = draw_upsets(spec, Strikes("p", None, 50, 0.5, 0.0), 7, 1000)
    assert {upset.transfer for upset in moment} == {500}
    # 400 entries of 13 bits over 5,000 samples at 1e-5: 260 on average.
    rated = draw_upsets(spec, Strikes("p", None, 0, None, 1e-5), 7, 1000)
    assert 180 < len(rated) < 340


def test_fields_are_the_stores_and_counters_of_the_controller() -> None:
    # rtl/README.md: 20 x 20, 5 lanes, so 80 words; H of 16 bits, P and P^ref of 13, codes of 9.
    fields = fields_of(load_chipspec("agad_20"))
    sizes = {name: (field.places, field.bits, field.words) for name, field in fields.items()}
    assert sizes == {
        "h": (400, 16, 80), "p": (400, 13, 80), "pref": (400, 13, 80), "chop": (20, 1, 1), "column": (1, 5, 1),
        "address": (1, 7, 1), "samples": (1, 16, 1), "sweep": (1, 16, 1), "reads": (1, 16, 1), "adc": (20, 9, 0),
    }  # fmt: skip
    assert "p" not in fields_of(load_chipspec("agad_beta1"))
    assert not {"p", "pref", "chop"} & fields_of(load_chipspec("ttv2_20")).keys()
    assert "lfsr" in fields_of(load_chipspec("agad_rect"))
