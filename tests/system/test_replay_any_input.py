"""Whatever the file of a retire trace holds, the answer is a verdict or a sentence. Needs no simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replay_traces import BEATS, FORMS, check, chip, text_of

from crosschop.cosim.replay.wave import decode
from crosschop.model.chipspec import ChipSpec
from crosschop.model.errors import InputError

NUMBERS = st.integers(1, 40).flatmap(
    lambda width: st.tuples(
        st.just(width),
        st.lists(st.lists(st.integers(-(1 << width - 1), (1 << width - 1) - 1), min_size=3, max_size=3), min_size=1),
    )
)


@given(NUMBERS)
def test_decode(drawn: tuple[int, list[list[int]]]) -> None:
    width, vectors = drawn
    packed = [
        sum((number & (1 << width) - 1) << width * place for place, number in enumerate(each)) for each in vectors
    ]
    numbers, undefined = decode(packed, 3, width, True)
    assert (numbers.tolist(), undefined) == (vectors, {})
    # The same as text, the second number undefined
    texts = [f"{value:0{3 * width}b}" for value in packed]
    texts = [text[:width] + "x" * width + text[2 * width :] for text in texts]
    numbers, undefined = decode(texts, 3, width, True)
    assert numbers.tolist() == [[each[0], 0, each[2]] for each in vectors]
    assert undefined == dict.fromkeys(range(len(vectors)), 1)


FUZZED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["x", "retire"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [*BEATS[0], "cfg_chop", "cfg_lr_h", "signal", "parameters", "configuration", "format", "version"]
)


def survives(folder: Path, name: str, content: bytes, spec: ChipSpec) -> None:
    try:
        result = check(folder, content, name, spec)
    except InputError as error:
        assert len(error.messages) == 1
    else:
        assert result.transfers or result.mismatch


@FUZZED
@given(st.lists(st.tuples(st.integers(0, len(BEATS) - 1), KEYS, JSON_VALUES), min_size=1, max_size=3))
def test_any_values(tmp_path: Path, changes: list[tuple[int, str, Any]]) -> None:
    beats = [dict(beat) for beat in BEATS]
    for index, key, value in changes:
        beats[index][key] = value
    survives(tmp_path, "trace.jsonl", text_of(beats), chip())


@FUZZED
@given(st.sampled_from(sorted(FORMS)), st.data())
def test_any_bytes(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray(FORMS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 40))
        content[start : start + length] = data.draw(st.binary(max_size=20))
    survives(tmp_path, name, bytes(content), chip())


@FUZZED
@given(st.sampled_from(["trace.jsonl", "trace.csv", "trace.vcd", "trace.fst"]), st.binary(max_size=200))
def test_any_file(tmp_path: Path, name: str, content: bytes) -> None:
    survives(tmp_path, name, content, chip())
