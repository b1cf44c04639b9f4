"""Replay of aihwkit traces: recorded ones, made ones of other shapes and options, wrong ones, broken files."""

from __future__ import annotations

import copy
import gzip
import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aihwkit_rules import make_trace, run_rules
from hypothesis import given, settings
from hypothesis import strategies as st

from crosschop.model.aihwkit import AihwkitCompatibility, check_trace, load_trace, parse_trace, replay
from crosschop.model.aihwkit.trace import MATRICES, NAMES
from crosschop.model.errors import InputError

TRACES = sorted((Path(__file__).parents[1] / "data" / "aihwkit").glob("*.json.gz"))
OFF = {**{item.name: False for item in fields(AihwkitCompatibility)}, "first_column": 1}


def content_of(path: Path) -> dict[str, Any]:
    content = json.loads(gzip.decompress(path.read_bytes()))
    assert isinstance(content, dict)
    return content


AGAD, C_TTV2, TTV2 = (content_of(path) for path in TRACES)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_recorded_traces(path: Path) -> None:
    """Every matrix at every step, to far better than asked for: nine digits is what the files have."""
    result = check_trace(path)
    assert result.passed
    assert result.divergence is None
    assert (result.steps, result.transfers) == (120, 120)
    names = MATRICES[result.trace.settings.algorithm]
    assert result.compared == 120 * len(names)
    assert tuple(result.deviation) == names
    assert max(result.deviation.values()) < 1e-8
    assert result.trace.ignored == ()
    for name in names:  # the comparison is no triviality: all of it moves
        assert (np.abs(result.trace.matrices[name]).max(axis=(1, 2)) > 0).sum() > 60


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_recorded_traces_in_64_bits(path: Path) -> None:
    """No threshold is met exactly in these; the rounding of 32 bits stays below the tolerance."""
    result = check_trace(path, AihwkitCompatibility(single_precision=False))
    assert result.passed
    assert 1e-8 < max(result.deviation.values()) < 1e-4


@pytest.mark.parametrize("trace", [AGAD, C_TTV2, TTV2], ids=["agad", "c_ttv2", "ttv2"])
@pytest.mark.parametrize("relative", [3e-4, -1.0])
def test_each_corrupted_number_is_found(trace: dict[str, Any], relative: float) -> None:
    """One number of each matrix, at steps all over the trace; relative to it or to one pulse."""
    good = parse_trace(trace)
    draw = np.random.default_rng(4)
    for name, recorded in good.matrices.items():
        for step in (0, 1, 57, 119):
            row, column = int(draw.integers(3)), int(draw.integers(5))
            one_pulse = 1.0 if name == "H" else 0.01
            expected = recorded[step, row, column]
            expected += relative * max(abs(expected), one_pulse)
            wrong = recorded.copy()
            wrong[step, row, column] = expected
            result = replay(replace(good, matrices={**good.matrices, name: wrong}))
            assert not result.passed
            found = result.divergence
            assert found is not None
            assert (found.step, found.matrix, found.row, found.column) == (step + 1, name, row, column)
            assert found.expected == expected
            assert found.got == pytest.approx(recorded[step, row, column], rel=1e-6)
            assert result.steps == step + 1


def test_deviation_below_the_tolerance_passes() -> None:
    good = parse_trace(AGAD)
    near = {name: matrix * (1 + 5e-5) for name, matrix in good.matrices.items()}
    result = replay(replace(good, matrices=near))
    assert result.passed
    assert max(result.deviation.values()) == pytest.approx(5e-5, rel=1e-3)
    assert not replay(replace(good, matrices=near), rtol=1e-5).passed


# A trace for every option that turns wrong without it. Empty changes: the recorded one of the algorithm.
SHORTEST: dict[str, Any] = {"in_chop_prob": 1, "tail_weightening": 1}
KEPT = {"forget_buffer": 0, "momentum": 0.5}
NEEDING: list[tuple[str, str, dict[str, Any]]] = [
    ("warm_up", "agad", {}),
    ("forget_buffer", "agad", {}),
    ("forget_buffer", "cttv2", {}),
    ("forget_buffer", "ttv2", {}),
    ("momentum", "ttv2", {}),
    ("momentum", "agad", KEPT),
    ("momentum", "cttv2", {"momentum": 0.3}),
    ("clamp", "agad", {"lr_scale": 500}),
    ("clamp", "cttv2", {"lr_scale": 500}),
    ("clamp", "ttv2", {"lr_scale": 500}),
    ("buffer_cap", "agad", {"lr_scale": 500, "forget_buffer": 0}),
    ("lazy_reference", "agad", {}),
    ("two_reads", "agad", SHORTEST),
    ("two_reads", "cttv2", SHORTEST),
    ("against_gradient", "agad", {}),
    ("against_gradient", "cttv2", {}),
    ("against_gradient", "ttv2", {}),
    ("first_column", "agad", {}),
    ("first_column", "cttv2", {}),
    ("first_column", "ttv2", {}),
]
RECORDED = {"agad": AGAD, "cttv2": C_TTV2, "ttv2": TTV2}


@pytest.mark.parametrize(("option", "algorithm", "changes"), NEEDING)
def test_each_option_is_needed(option: str, algorithm: str, changes: dict[str, Any]) -> None:
    trace = RECORDED[algorithm]
    if changes:
        trace = make_trace(200, 2, algorithm=algorithm, **changes)
        if algorithm == "ttv2":
            trace["in_chop_prob"] = 0
    assert replay(parse_trace(trace)).passed
    assert not replay(parse_trace(trace), AihwkitCompatibility(**{option: OFF[option]})).passed


def test_every_option_is_covered() -> None:
    """Each option is shown to be needed by each algorithm that it names, but for the precision (below)."""
    names = {"agad": "agad", "cttv2": "c_ttv2", "ttv2": "ttv2"}
    shown = {(option, names[algorithm]) for option, algorithm, _ in NEEDING}
    named = {(item.name, name) for item in fields(AihwkitCompatibility) for name in item.metadata["algorithms"]}
    assert shown == {pair for pair in named if pair[0] != "single_precision"}


@pytest.mark.parametrize("algorithm", RECORDED)
def test_other_options_are_irrelevant(algorithm: str) -> None:
    """What does not name an algorithm changes nothing of it, whatever the settings."""
    trace = make_trace(150, 3, algorithm=algorithm, **KEPT, lr_scale=300)
    if algorithm == "ttv2":
        trace["in_chop_prob"] = 0
    parsed = parse_trace(trace)
    for item in fields(AihwkitCompatibility):
        if parsed.settings.algorithm not in item.metadata["algorithms"]:
            assert replay(parsed, AihwkitCompatibility(**{item.name: OFF[item.name]})).passed, item.name


def test_precision_decides_at_the_threshold() -> None:
    """0.01 * 100 is 1 in 32 bits and above 1 or below it in 64, as the reference falls: H crosses in one alone."""
    outcomes = []
    for reference in np.linspace(-0.5, 0.5, 21):
        # The first pulse moves A by dw_min (1 -+ reference): a gain of its inverse puts H on the threshold.
        gain = 1 / (0.01 * (1 - reference))
        trace = parse_trace(make_trace(20, 1, algorithm="cttv2", reference=float(reference), lr_scale=gain))
        assert replay(trace).passed
        outcomes.append(replay(trace, AihwkitCompatibility(single_precision=False)).passed)
    assert not all(outcomes)
    assert any(outcomes)


# Row 0 of an AGAD run of aihwkit: 1 x 3, one pulse c_j per sample, in_chop_prob 0.5, tail 1, lr_scale 50, forget_buffer
# with momentum 0, devices with constant steps. After sample t: A, H, P, P^ref, W. P has three digits from t = 9 on.
TABLE: dict[int, tuple[list[float], ...]] = {
    1: ([0.01, 0.01, 0.01], [0.5, 0, 0], [0.005, 0, 0], [0, 0, 0], [0, 0, 0]),
    2: ([0.02, 0.02, 0.02], [0.5, 0, 0], [0.005, 0.01, 0], [0, 0, 0], [0, 0, 0]),
    4: ([0.04, 0.04, 0.04], [0, 0, 0], [0.0225, 0.01, 0.015], [0, 0, 0], [0, 0, 0]),
    5: ([0.03, 0.05, 0.05], [0, 0, 0], [0.0225, 0.03, 0.015], [0, 0, 0], [0, 0, 0]),
    7: ([0.01, 0.03, 0.05], [0.625, 0, 0], [0.01625, 0.03, 0.0375], [0.0225, 0, 0], [0, 0, 0]),
    9: ([-0.01, 0.01, 0.03], [0.625, 0.5, 0.375], [0.016, 0.025, 0.034], [0.0225, 0.03, 0.0375], [0, 0, 0]),
    10: ([-0.02, 0, 0.02], [0, 0.5, 0.375], [-0.002, 0.025, 0.034], [0.0225, 0.03, 0.0375], [0.01, 0, 0]),
}


def test_table_of_constant_steps() -> None:
    """With bounds far away the steps are constant. The table has gaps: the rules fill them and must agree with it."""
    settings_of_table = {"in_size": 3, "out_size": 1, "in_chop_prob": 0.5, "tail_weightening": 1, "reference": 0.0}
    trace = run_rules([([1.0, 1.0, 1.0], [-1.0])] * 10, **settings_of_table, w_max=1e9, w_min=-1e9)
    for t, (a, h, p, pref, w) in TABLE.items():
        step = trace["steps"][t - 1]
        np.testing.assert_allclose(step["hidden_weights_0"], a, atol=1e-7)
        np.testing.assert_allclose(step["buffered_FP_weight"], h, atol=1e-6)
        np.testing.assert_allclose(step["running_mean_weight"], p, atol=1e-7 if t < 9 else 5.1e-4)
        np.testing.assert_allclose(step["past_mean_weight"], pref, atol=1e-7)
        np.testing.assert_allclose(step["W"], w, atol=1e-7)
    assert replay(parse_trace(trace)).passed


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_the_rules_make_the_recorded_traces(path: Path) -> None:
    """So they are aihwkit's, and the traces made with them below are worth something."""
    recorded = content_of(path)
    head = {key: value for key, value in recorded.items() if key != "steps"}
    made = run_rules([(step["x"], step["d"]) for step in recorded["steps"]], **head)
    for t, (got, expected) in enumerate(zip(made["steps"], recorded["steps"], strict=True), 1):
        assert got.keys() == expected.keys()
        for key in got:
            np.testing.assert_allclose(got[key], expected[key], rtol=1e-8, err_msg=f"{key} after step {t}")


shapes = st.integers(1, 7)
heads = st.fixed_dictionaries(
    {
        "algorithm": st.sampled_from(["agad", "cttv2", "ttv2"]),
        "in_size": shapes,
        "out_size": shapes,
        "transfer_every": st.integers(1, 4),
        "lr_scale": st.sampled_from([1, 10, 50, 100, 125, 500, 1000]),
        "in_chop_prob": st.sampled_from([0.05, 0.1, 0.25, 0.3, 0.33333334, 0.5, 0.7, 1, 3]),
        "tail_weightening": st.sampled_from([0, 0.5, 1, 2, 5, 50]),
        "reference": st.sampled_from([0, 0.2, -0.2, 0.5, -0.8, 1, 1.3]),
        "forget_buffer": st.integers(0, 1),
        "momentum": st.sampled_from([0, 0.1, 0.5, 0.9, 1]),
        "dw_min": st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.4]),
    },
    optional={
        "no_buffer": st.booleans(),
        "buffer_cap": st.sampled_from([0, 1, 2.5]),
        "experimental_correct_accumulation": st.booleans(),
        "desired_bl": st.integers(2, 4),
        "w_max": st.sampled_from([0.6, 1.5]),
        "w_min": st.sampled_from([-0.6, -1.5]),
    },
)


@settings(max_examples=80, deadline=None)
@given(
    heads,
    st.integers(0, 10**6),
    st.sampled_from([(-1, 1), (-1, 0, 1), (-2.5, -0.1, 0.0, 0.3, 4)]),
)
def test_made_traces_of_other_shapes_and_options(head: dict[str, Any], seed: int, levels: tuple[float, ...]) -> None:
    if head["algorithm"] == "ttv2":
        head = {**head, "in_chop_prob": 0}
    if head["algorithm"] == "agad":  # no such option there
        head = {key: value for key, value in head.items() if key != "no_buffer"}
    result = replay(parse_trace(make_trace(90, seed, levels, **head)))
    assert result.passed, result.divergence
    assert max(result.deviation.values()) < 1e-8


def test_column_without_choppers() -> None:
    """c-TTv2 with in_chop_prob 0 is TTv2."""
    trace = make_trace(40, 5, algorithm="cttv2", in_chop_prob=0)
    assert replay(parse_trace(trace)).passed
    assert replay(parse_trace({**trace, "algorithm": "ttv2"})).passed


def test_formats_of_files(tmp_path: Path) -> None:
    """Plain or gzipped, H under either name, t left out, further keys named."""
    trace = copy.deepcopy(TTV2)
    trace["units_in_mbatch"] = False
    for step in trace["steps"]:
        step["buffered_FP_weight"] = step.pop("buffered_FP_weight_0")
        del step["t"]
        step["seconds"] = 1
    plain, packed = tmp_path / "plain.json", tmp_path / "packed"
    plain.write_text(json.dumps(trace))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        result = check_trace(path)
        assert result.passed
        assert result.trace.ignored == ("seconds", "units_in_mbatch")


def _head(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**AGAD, **changes}.items() if value != "without"}


def _step(**changes: Any) -> dict[str, Any]:
    step = {**AGAD["steps"][1], **changes}
    return _head(steps=[AGAD["steps"][0], {key: value for key, value in step.items() if value != "without"}])


H_LIST = AGAD["steps"][1]["buffered_FP_weight"]
BROKEN: list[tuple[Any, str]] = [
    ([], "a trace is a JSON object, this is a list"),
    (_head(algorithm="sgd"), 'algorithm = "sgd", allowed: agad, c_ttv2, cttv2, ttv2'),
    (_head(algorithm="without"), "algorithm is missing, allowed: agad, c_ttv2, cttv2, ttv2"),
    (_head(algorithm=["agad"]), 'algorithm = ["agad"], allowed: agad, c_ttv2, cttv2, ttv2'),
    (_head(lr_scale="without"), "lr_scale is missing, expected a number from 1e-06 to 1e+09"),
    (_head(in_size="without"), "in_size is missing, expected a whole number from 1 to 4096"),
    (_head(in_size=2.5), "in_size = 2.5, allowed: a whole number from 1 to 4096"),
    (_head(in_size=True), "in_size = true, allowed: a whole number from 1 to 4096"),
    (_head(dw_min="0.01"), 'dw_min = "0.01", allowed: a number from 1e-06 to 100'),
    (_head(dw_min=0), "dw_min = 0, allowed: a number from 1e-06 to 100"),
    (_head(momentum=math.nan), "momentum = NaN, allowed: a number from 0 to 1"),
    (_head(reference=10**400), f"reference = {10**400}, allowed: a number from -100 to 100"),
    (_head(forget_buffer=2), "forget_buffer = 2, allowed: a whole number from 0 to 1"),
    (_head(transfer_every=0), "transfer_every = 0, allowed: a whole number from 1 to 1e+09"),
    (_head(tail_weightening="without"), "tail_weightening is missing, expected a number from 0 to 1e+09"),
    (_head(in_chop_prob=0), "in_chop_prob = 0, expected at least 1e-06"),
    ({**C_TTV2, "in_chop_prob": 1e-9}, "in_chop_prob = 1e-09, expected at least 1e-06"),
    ({**C_TTV2, "algorithm": "ttv2"}, "in_chop_prob = 0.25, but ttv2 has no choppers, expected 0"),
    (
        _head(in_chop_random=1),
        "in_chop_random is on, and a trace does not hold the random flips; record it with regular ones",
    ),
    (
        {**C_TTV2, "out_chop_prob": 0.1},
        "out_chop_prob = 0.1, and a trace does not hold the random flips; record it with 0",
    ),
    (_head(steps="without"), "steps must be a list of updates that is not empty"),
    (_head(steps=[]), "steps must be a list of updates that is not empty"),
    (_head(steps=[1]), "step 1 is a number, expected an object"),
    (_step(t=3), "step 2 has t = 3: a trace begins with t = 1 and leaves out no update"),
    (_step(x=[1, 1, 1, 1]), "step 2: x has 4 numbers, expected 5"),
    (_step(d=[1, 1, 1, 1]), "step 2: d has 4 numbers, expected 3"),
    (_step(x="without"), "step 2: x is missing, expected a list of 5 numbers"),
    (_step(x=1), "step 2: x must be a list of finite numbers"),
    (_step(W="without"), "step 2: W is missing, expected a list of 15 numbers"),
    (_step(buffered_FP_weight="without"), "step 2: buffered_FP_weight is missing, expected a list of 15 numbers"),
    (_step(past_mean_weight=H_LIST[:-1]), "step 2: past_mean_weight has 14 numbers, expected 15"),
    (_step(W=[*H_LIST[:-1], math.nan]), "step 2: W must be a list of finite numbers"),
    (_step(W=[*H_LIST[:-1], None]), "step 2: W must be a list of finite numbers"),
    (_step(W=[*H_LIST[:-1], True]), "step 2: W must be a list of finite numbers"),
    (_step(W=[*H_LIST[:-1], [1]]), "step 2: W must be a list of finite numbers"),
    (_step(W=[*H_LIST[:-1], 10**400]), "step 2: W must be a list of finite numbers"),
]


@pytest.mark.parametrize(("content", "sentence"), BROKEN, ids=range(len(BROKEN)))
def test_broken_traces_give_one_sentence(content: Any, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_trace(content, "file")
    assert error.value.messages == [f"file: {sentence}"]
    assert error.value.exit_code == 2


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_matrix_of_agad_has_to_be_there(name: str) -> None:
    step = {key: value for key, value in AGAD["steps"][0].items() if key not in NAMES[name]}
    with pytest.raises(InputError, match="is missing, expected a list of 15 numbers"):
        parse_trace(_head(steps=[step]))


def test_irrelevant_keys_may_be_missing() -> None:
    without = {key: value for key, value in TTV2.items() if key not in {"in_chop_prob", "tail_weightening"}}
    assert replay(parse_trace(without)).passed


def test_random_choppers_that_never_flip_are_accepted() -> None:
    """TTv2 has none; the output choppers of AGAD stand still on the CPU."""
    assert replay(parse_trace({**TTV2, "in_chop_random": 1})).passed
    assert replay(parse_trace({**AGAD, "out_chop_prob": 0.1})).passed


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a JSON file"),
        (b"{", "not a JSON file"),
        (b"\xff\xfe\x00", "not a JSON file"),
        (b"[" * 100_000, "not a JSON file"),
        (gzip.compress(b"{}", mtime=0)[:-9], "damaged gzip file"),
        (gzip.compress(b"{}" * 999, mtime=0)[:20] + b"\x00" * 20, "damaged gzip file"),
        (b"\x1f\x8b", "damaged gzip file"),
        (b"\x1f\x8bxx", "damaged gzip file"),
        (gzip.compress(b"{", mtime=0), "not a JSON file"),
    ],
)
def test_files_that_are_no_traces(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json.gz"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        load_trace(path)
    assert error.value.messages == [f"{path}: {sentence}"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: cannot be read: No such file or directory"):
        load_trace(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("in_chop_prob", "period"),
    [(1, 2), (3, 2), (0.5, 2), (0.3, 4), (0.1, 10), (0.05, 20), (1 / 3, 3), (1 / 49, 49)],
)
def test_chop_period(in_chop_prob: float, period: int) -> None:
    """In 32 bits 1 / (1 / 49) is 49; in 64 it is just above, and would be rounded up to 50."""
    trace = parse_trace({**AGAD, "in_chop_prob": in_chop_prob})
    assert AihwkitCompatibility().period(trace.settings) == period
    assert AihwkitCompatibility().beta(trace.settings) == pytest.approx(min(2 / period, 1.0))
