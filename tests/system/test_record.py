"""Packing and decoding of what crosses between Python and the simulator; no simulator needed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crosschop.cosim
from crosschop.cosim.kinds import kind_of
from crosschop.cosim.record import Decoder, Field, Record, UndefinedError, pack
from crosschop.cosim.transfer.hdl import PADDED_FIELDS
from crosschop.model.chipspec import ChipSpec, load_chipspec, p_bits, rtl_parameters, shipped_chipspecs

CHIPS = {path.stem: load_chipspec(path) for path in shipped_chipspecs()}
SMALL = [
    "agad_tiny",
    "agad_rect",
    "agad_wide",
    "agad_20",
    "agad_beta1",
    "in_memory_sgd_20",
    "mixed_precision_20",
]


def layout(spec: ChipSpec) -> tuple[Field, ...]:
    return kind_of(spec).hdl.layout(spec)


def decoder_of(spec: ChipSpec) -> Decoder:
    return Decoder(layout(spec))


def record_of(spec: ChipSpec, values: dict[str, list[int]]) -> tuple[Record, str]:
    """A record put together digit by digit from its documented order, and its text."""
    text = ""
    for field in layout(spec):
        numbers = values.get(field.name, [])
        numbers = numbers + [0] * (field.count - len(numbers))
        for number in numbers:
            text = format(number % (1 << field.width), f"0{field.width}b") + text
    return decoder_of(spec)(text), text


@settings(deadline=None)
@given(st.data(), st.integers(1, 40))
def test_pack_is_a_sum_of_shifted_numbers(data: st.DataObject, width: int) -> None:
    signed = st.integers(-(1 << (width - 1)), (1 << (width - 1)) - 1)
    values = data.draw(st.lists(signed, max_size=70))
    expected = sum((value % (1 << width)) << (width * place) for place, value in enumerate(values))
    assert pack(np.array(values, dtype=np.int64), width) == expected


@settings(deadline=None)
@given(st.data(), st.sampled_from(SMALL))
def test_record_round_trip(data: st.DataObject, chip: str) -> None:
    spec = CHIPS[chip]
    values = {}
    for field in layout(spec):
        low, high = (-(1 << (field.width - 1)), 1 << (field.width - 1)) if field.signed else (0, 1 << field.width)
        number = st.integers(low, high - 1)
        values[field.name] = data.draw(st.lists(number, min_size=field.count, max_size=field.count))
    record, _ = record_of(spec, values)
    for field in layout(spec):
        assert record.vector(field.name).tolist() == values[field.name][: field.keep]
        assert record[field.name] == values[field.name][0]
        assert record.beyond(field.name) == any(values[field.name][field.keep :])


@settings(deadline=None)
@given(st.data(), st.sampled_from(SMALL), st.sampled_from("xzXZ"))
def test_undefined_bit_is_found_in_its_field_alone(data: st.DataObject, chip: str, letter: str) -> None:
    spec = CHIPS[chip]
    broken = data.draw(st.sampled_from(layout(spec)))
    index = data.draw(st.integers(0, broken.keep - 1))
    bit = data.draw(st.integers(0, broken.width - 1))
    start = 0
    for field in layout(spec):
        if field.name == broken.name:
            break
        start += field.width * field.count
    _, text = record_of(spec, {})
    place = len(text) - 1 - (start + index * broken.width + bit)
    record = decoder_of(spec)(text[:place] + letter + text[place + 1 :])
    for field in layout(spec):
        if field.name != broken.name:
            assert not record.vector(field.name).any()
    with pytest.raises(UndefinedError, match=re.escape(f"{broken.name}[{index}] is undefined")) as caught:
        record.vector(broken.name)
    assert (caught.value.field, caught.value.index) == (broken.name, index)


def test_undefined_bit_past_the_last_row_is_no_zero() -> None:
    spec = CHIPS["agad_rect"]  # 13 rows in 4 beats of 4 lanes
    for name in PADDED_FIELDS:
        record, text = record_of(spec, {name: [0] * 13 + [-1]})
        assert record.beyond(name)
        assert not any(record.beyond(other) for other in PADDED_FIELDS if other != name)
        assert not record.vector(name).any()
        assert decoder_of(spec)(text.replace("1", "x")).beyond(name)


@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_length(change: int) -> None:
    decoder = decoder_of(CHIPS["agad_tiny"])
    with pytest.raises(ValueError, match=rf"record of {decoder.bits + change} bits, expected {decoder.bits}"):
        decoder("0" * (decoder.bits + change))


@pytest.mark.parametrize("chip", CHIPS)
def test_width_is_that_of_the_bench(chip: str) -> None:
    # RECORD_W in the Verilog, evaluated with the chip's numbers.
    spec = CHIPS[chip]
    text = (Path(crosschop.cosim.__file__).parent / "hdl" / f"{kind_of(spec).hdl.TOP}.v").read_text()
    (expression,) = re.findall(r"localparam RECORD_W = ([^;]+);", text)
    names = {name: int(value) for name, value in re.findall(r"localparam (\w+) += (\d+);", text)}
    if spec.device.a is not None:
        lanes = spec.controller.lanes
        names |= {
            "ROWS": spec.array.rows,
            "COLS": spec.array.cols,
            "PAD": -(-spec.array.rows // lanes) * lanes,
            "COL_W": max(1, (spec.array.cols - 1).bit_length()),
            "ADC_W": spec.converter.read_adc.bits,
            "H_W": spec.hidden.bits,
            "P_W": p_bits(spec),
            "STEP_W": spec.hidden.max_steps.bit_length() + 1,
        }
    if spec.hidden is not None and spec.device.a is None:
        names |= kind_of(spec).hdl.bench_parameters(spec) | rtl_parameters(spec)
        names |= {
            "PAD": -(-spec.array.rows // spec.controller.lanes) * spec.controller.lanes,
            "COL_W": max(1, (spec.array.cols - 1).bit_length()),
            "STEP_W": spec.hidden.max_steps.bit_length() + 1,
        }
        for name in ("SLOT_W", "SENT_W"):
            (width,) = re.findall(rf"localparam {name} += ([^;]+);", text)
            names[name] = eval(width, {}, names)
    assert decoder_of(spec).bits == eval(" ".join(expression.split()), {}, names)
